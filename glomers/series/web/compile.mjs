// Imports what a page imports, and keeps what Python compiled of it: a browser then starts sooner.
//
//     node compile.mjs FOLDER-OF-PYODIDE SOURCES.zip COMPILED.zip

import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, sources, compiled] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0", HOME: "/home/learner" } });
python.FS.writeFile("/sources.zip", fs.readFileSync(sources));
python.runPython(`
import os, py_compile, sys, zipfile

zipfile.ZipFile("/sources.zip").extractall("/lab")
os.chdir("/lab")
sys.path.insert(0, "/lab")
sys.dont_write_bytecode = True
import glomers.workshop.in_browser

mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] == "glomers":
        py_compile.compile(module.__file__, doraise=True, invalidation_mode=mode)
with zipfile.ZipFile("/compiled.zip", "w", zipfile.ZIP_STORED) as archive:
    for place, _, names in sorted(os.walk("glomers")):
        for name in sorted(names):
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), file.read())
`);
fs.writeFileSync(compiled, python.FS.readFile("/compiled.zip"));
process.exit(0);
