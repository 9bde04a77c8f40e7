"use strict";
// Python in a worker. Everything it needs comes in the first message: it loads nothing.

// The loader takes a worker with `importScripts` for one that cannot run it.
self.importScripts = () => { throw new Error("a node loads no scripts"); };
self.fetch = async () => { throw new Error("a node loads nothing"); };

const loadPyodide = (() => {
/*LOADER*/
})();
const createPyodideModule = (() => {
/*MODULE*/
})();

const post = self.postMessage.bind(self);
const SIGALRM = 14;
const MOST_LOOKS = 16;
const OFTEN_MS = 10;
const signals = new Int32Array(1);
let due_ms = Infinity;
let every_ms = 0;
let asked_ms = 0;
let pause = 1;
let looks = 0;

// Python looks for signals now and then while it runs, so that a timer of a system can be had
// without one: a node that hangs is interrupted, and its place can be told. It looks a million times
// in a long run, so that it is not told the time each time, but every few looks, and at each where
// they are far apart, as in a loop that does much in each turn. Without an array there is nothing
// more for it to look at.
function look() {
  if (signals[0]) return signals; // it reads this one, and sets it to 0
  looks += 1;
  if (looks < pause) return undefined;
  looks = 0;
  const now_ms = performance.now();
  pause = now_ms - asked_ms < OFTEN_MS ? Math.min(2 * pause, MOST_LOOKS) : 1;
  asked_ms = now_ms;
  if (now_ms < due_ms) return undefined;
  due_ms = now_ms + every_ms;
  signals[0] = SIGALRM;
  return signals;
}

function watch(python) {
  python.setInterruptBuffer(signals);
  Object.defineProperty(python._module, "Py_EmscriptenSignalBuffer", { get: look });
}

function setAlarm(seconds) {
  every_ms = seconds * 1000;
  due_ms = seconds ? performance.now() + every_ms : Infinity;
}

// What could be kept beyond a visit, be heard by pages or load something is no business of a node's.
// Most of it is found on what the worker inherits from.
const OUTSIDE = ["indexedDB", "caches", "BroadcastChannel", "Worker", "SharedWorker", "WebSocket",
  "WebSocketStream", "XMLHttpRequest", "EventSource", "WebTransport", "fetch", "importScripts",
  "FontFace", "postMessage", "close"];
const OF_NAVIGATOR = ["storage", "locks", "serviceWorker"];

function shut() {
  const close = (object, names) => {
    for (let each = object; each; each = Object.getPrototypeOf(each)) {
      for (const name of names) {
        if (Object.hasOwn(each, name)) Object.defineProperty(each, name, { value: undefined, configurable: false });
      }
    }
  };
  close(self, OUTSIDE);
  close(navigator, OF_NAVIGATOR);
}

async function open({ wasm, stdlib, lab, lock }) {
  const files = { "python_stdlib.zip": stdlib };
  self.fetch = async (address) => new Response(files[String(address).split("/").pop()]);
  WebAssembly.instantiateStreaming = async (response, imports) => ({
    module: wasm,
    instance: await WebAssembly.instantiate(wasm, imports),
  });
  const python = await loadPyodide({
    indexURL: "https://glomers.invalid/",
    createPyodideModule,
    lockFileContents: lock,
    env: { PYTHONHASHSEED: "0", HOME: "/home/learner" },
    stdout: () => {},
    stderr: () => {},
  });
  python.FS.writeFile("/lab.zip", lab);
  python.runPython("import sys, zipfile; zipfile.ZipFile('/lab.zip').extractall('/lab'); sys.path.insert(0, '/lab')");
  const tell = (text) => post({ told: text });
  const desk = python.pyimport("glomers.workshop.in_browser").open_desk(tell, setAlarm);
  const stepper = python.runPython("from glomers.drawing.stepper.document import page; page([], '')");
  watch(python);
  shut();
  return { desk, stepper };
}

let desk;
addEventListener("message", async ({ data }) => {
  try {
    if (data.parts) {
      const opened = await open(data.parts);
      desk = opened.desk;
      post({ ready: true, stepper: opened.stepper });
    } else {
      post({ id: data.id, reply: desk.answer(data.request) });
    }
  } catch (error) {
    post({ id: data.id, broken: String(error?.message ?? error).slice(-2000) });
  }
});
