// Compiles a package with the Python that is going to import it: a browser then starts sooner.
//
//     node compile.mjs FOLDER-OF-PYODIDE SOURCES.zip COMPILED.zip

import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, sources, compiled] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0", HOME: "/home/learner" } });
python.FS.writeFile("/sources.zip", fs.readFileSync(sources));
python.runPython(`
import compileall, os, py_compile, zipfile

zipfile.ZipFile("/sources.zip").extractall("/lab")
os.chdir("/lab")
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
assert compileall.compile_dir("glomers", quiet=1, stripdir="", invalidation_mode=mode)
with zipfile.ZipFile("/compiled.zip", "w", zipfile.ZIP_STORED) as archive:
    for place, _, names in sorted(os.walk("glomers")):
        for name in sorted(names):
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), file.read())
`);
fs.writeFileSync(compiled, python.FS.readFile("/compiled.zip"));
process.exit(0);
