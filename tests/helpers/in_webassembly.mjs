// Python in WebAssembly without a browser: requests to a desk, and its replies.
//
//     node in_webassembly.mjs FOLDER-OF-PYODIDE PACKAGE.zip REQUESTS.json REPLIES.json

import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, packageZip, asked, answered] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);

const signals = new Int32Array(1);
let due = Infinity;
let every = 0;
function look() {
  if (signals[0]) return signals;
  if (performance.now() < due) return undefined;
  due = performance.now() + every;
  signals[0] = 14;
  return signals;
}
function setAlarm(seconds) {
  every = seconds * 1000;
  due = seconds ? performance.now() + every : Infinity;
}

const python = await loadPyodide({ env: { PYTHONHASHSEED: "0", HOME: "/home/learner" } });
python.FS.writeFile("/lab.zip", fs.readFileSync(packageZip));
python.runPython("import sys, zipfile; zipfile.ZipFile('/lab.zip').extractall('/lab'); sys.path.insert(0, '/lab')");
const desk = python.pyimport("glomers.workshop.in_browser").open_desk(() => {}, setAlarm);
python.setInterruptBuffer(signals);
Object.defineProperty(python._module, "Py_EmscriptenSignalBuffer", { get: look }); // as the pages do
const requests = JSON.parse(fs.readFileSync(asked, "utf8"));
const replies = requests.map((request) => desk.answer(JSON.stringify(request)));
fs.writeFileSync(answered, JSON.stringify(replies));
process.exit(0);
