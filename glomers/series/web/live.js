"use strict";
// Live cells: a node is edited where it stands, and run in a worker that holds Python.

{
  const { element, results } = glomers;
  const runtimeFile = document.currentScript.dataset.runtime;
  const CHECK_SEEDS = 20;
  const EXPLORE_SEEDS = 30;
  const SPARE_AFTER_MS = 300;
  const RUNTIME_MB = 9;
  const MOST_LINK_BYTES = 300_000;

  // The runtime: one file, and workers made of it.

  // How Python itself ends in a browser, by a piece of what is said then.
  const BREAKS = [
    ["Maximum call stack size", "The program goes deeper than a browser lets it: a function calls itself "
      + "too often, or a method such as __getattr__ or __repr__ uses what it is there for."],
    ["exit(255)", "A node hangs, and catches what is to interrupt it: an `except` without a type, or "
      + "for BaseException, is to raise it again."],
    ["null function", "Python came to an end, as it does when memory runs out."],
    ["out of memory", "There is no more memory for Python."],
  ];

  class Stopped extends Error {}

  // What a page does not do, with the sentence that says why.
  class Refused extends Error {}

  function script(address) {
    return new Promise((resolve, reject) => {
      glomers.take = resolve; // the file calls this with what is in it
      const made = element("script", { src: address });
      made.addEventListener("error", () =>
        reject(new Error(`Python could not be loaded: is ${address} beside this page?`)));
      document.head.append(made);
    });
  }

  async function unpacked(text) {
    const packed = atob(text);
    const bytes = new Uint8Array(packed.length);
    for (let index = 0; index < packed.length; index += 1) bytes[index] = packed.charCodeAt(index);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  const runtime = {
    parts: null,
    worker: null, // a promise, as is the spare
    spare: null,
    stepper: null, // the page to step through a run, without one
    say: () => {}, // hears how loading goes: whoever waits for it now
    interrupt: () => {}, // ends that waiting

    load() {
      this.parts ??= this.fetch((...step) => this.say(...step)).catch((error) => {
        this.parts = null;
        throw error;
      });
      return this.parts;
    },

    async fetch(say) {
      say(`Loading Python (${RUNTIME_MB} MB, once) …`, 0);
      const packed = await script(runtimeFile);
      say("Unpacking Python …", 1);
      const names = Object.keys(packed);
      const contents = await Promise.all(names.map((name) => unpacked(packed[name])));
      const parts = Object.fromEntries(names.map((name, index) => [name, contents[index]]));
      const text = new Blob([parts.worker], { type: "text/javascript" });
      say("Compiling Python …", 2);
      return {
        address: URL.createObjectURL(text),
        wasm: await WebAssembly.compile(parts.wasm),
        stdlib: new Uint8Array(parts.stdlib),
        lab: new Uint8Array(parts.lab),
        lock: JSON.parse(new TextDecoder().decode(parts.lock)),
      };
    },

    hire({ address, ...parts }) {
      const worker = new Worker(address);
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          this.stepper ??= data.stepper; // no node has run yet
          if (data.ready) resolve(worker);
          else reject(new Error(`Python did not start: ${data.broken}`));
        };
        worker.onerror = (event) => reject(new Error(`Python did not start: ${event.message}`));
        worker.postMessage({ parts });
      });
    },

    // One request at a time; `stop` ends the waiting for Python, which goes on loading, as well.
    async ask(request, say, tell = () => {}) {
      const stopped = new Promise((_, reject) => {
        this.interrupt = () => reject(new Stopped());
      });
      this.say = say;
      try {
        const parts = await Promise.race([this.load(), stopped]);
        const worker = await Promise.race([this.ready(parts), stopped]);
        say("", 4);
        const reply = await Promise.race([this.answer(worker, request, tell), stopped])
          .catch((error) => {
            this.end(worker); // nobody knows in which state it is
            throw error;
          });
        setTimeout(() => this.prepare(parts), SPARE_AFTER_MS);
        return reply;
      } finally {
        this.say = () => {};
      }
    },

    async ready(parts) {
      this.say("Starting Python …", 3);
      this.worker ??= this.spare ?? this.hire(parts);
      if (this.worker === this.spare) this.spare = null;
      try {
        return await this.worker;
      } catch (error) {
        this.worker = null;
        throw error;
      }
    },

    answer(worker, request, tell) {
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          if (data.told) tell(JSON.parse(data.told));
          else if (data.reply) resolve(JSON.parse(data.reply));
          else reject(new Error(data.broken));
        };
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage({ id: 1, request: JSON.stringify(request) });
      }).finally(() => { worker.onmessage = null; }); // what a node says later is no answer
    },

    // So that after a stop another one is ready at once.
    prepare(parts) {
      if (this.spare) return;
      this.spare = this.hire(parts);
      this.spare.catch(() => { this.spare = null; });
    },

    // Another Python for what follows: the one before may have been changed by a node.
    async renew() {
      const worker = await this.worker;
      if (worker) this.end(worker);
    },

    end(worker) {
      worker.terminate();
      this.worker = null;
    },
  };

  // The page to step through a run, made anew of the runs that are in the one that came: a node could
  // have written that one, and a frame with its words would be free to call other machines.
  function stepping(page) {
    const runs = String(page).match(/<script type="application\/json" class="run">[\w=-]*<\/script>/g) ?? [];
    const title = /<title>([^<>]*)<\/title>/.exec(page)?.[1] ?? "";
    return runtime.stepper.replace("<title></title>", () => `<title>${title}</title>`)
      .replace("<h1></h1>", () => `<h1>${title}</h1>`)
      .replace('<script type="application/gzip"', (begin) => `${runs.join("\n")}\n${begin}`);
  }

  // What is kept between visits, where a browser lets us.

  const drafts = {
    key: (file) => `glomers draft ${location.pathname.split("/").pop()} ${file}`,
    get(file) {
      try { return localStorage.getItem(this.key(file)); } catch { return null; }
    },
    set(file, text) {
      try {
        if (text === null) localStorage.removeItem(this.key(file));
        else localStorage.setItem(this.key(file), text);
      } catch { /* it is a convenience */ }
    },
  };

  function download(name, content, type) {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const link = element("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  let busy = null; // the panel at work: there is one at a time
  let panels = 0;

  // Buttons, status and result below an editor.
  glomers.Panel = class {
    constructor({ text, file, node, check, others = () => ({}), restore, changed }) {
      panels += 1;
      this.original = text;
      this.file = file;
      this.node = node; // gives command, seed and challenge
      this.check = check; // gives the id of a task, or null
      this.others = others; // gives the other files
      this.restore = restore;
      const hint = `editor-hint-${panels}`;
      this.hasDraft = !changed; // else somebody else keeps what is here
      const draft = this.hasDraft ? drafts.get(file) : null;
      this.editor = new glomers.Editor(draft ?? text, {
        hint,
        run: () => this.act("run"),
        changed: changed ?? ((now) => drafts.set(file, now === this.original ? null : now)),
      });
      this.buttons = {};
      const group = element("div", { class: "buttons", role: "group", "aria-label": `Actions for ${file}` });
      const actions = {
        Run: () => this.act("run"),
        Stop: () => this.stop(),
        Check: () => this.act("check"),
        Explore: () => this.act("explore"),
        Reset: () => this.reset(),
        Download: () => this.download(),
      };
      for (const [name, act] of Object.entries(actions)) {
        const button = element("button", { type: "button" }, name);
        button.addEventListener("click", act);
        this.buttons[name] = button;
        group.append(button);
      }
      this.status = element("p", { class: "status", role: "status" });
      this.progress = element("progress", { max: "4", "aria-label": "Loading Python", hidden: true });
      this.result = element("section", { class: "result", "aria-label": "Result", role: "region", hidden: true });
      const help = element("p", { class: "hint", id: hint },
        "Ctrl+Enter runs, Ctrl+] and Ctrl+[ indent, Tab leaves the editor."
        + (check() ? " Check does what lab.check does in a notebook." : ""));
      this.root = element("div", { class: "panel" }, this.editor.root, help, group, this.progress,
        this.status, this.result);
      this.settle();
      if (draft !== null) this.status.textContent = "This is your draft: Reset brings back what stood here.";
    }

    settle() {
      const isBusy = busy === this;
      this.buttons.Stop.disabled = !isBusy;
      for (const name of ["Run", "Check", "Explore", "Reset"]) this.buttons[name].disabled = isBusy;
      this.buttons.Check.hidden = !this.check();
      this.result.toggleAttribute("aria-busy", isBusy);
    }

    say(text, step) {
      this.status.textContent = text || "Running …";
      this.progress.hidden = step >= 4;
      this.progress.value = step;
    }

    show(elements) {
      this.result.replaceChildren(...elements);
      this.result.hidden = false;
    }

    request(kind) {
      const files = { ...this.others(), [this.file]: this.editor.text };
      const { command, seed, challenge, faults } = this.node();
      if (kind === "run") return { kind, files, command, seed, challenge };
      if (kind === "check") return { kind, files, node: this.file, challenge: this.check(), seeds: CHECK_SEEDS };
      return { kind, files, command, faults, seeds: EXPLORE_SEEDS };
    }

    async act(kind) {
      if (busy === this) return;
      if (busy) {
        this.status.textContent = "Another node is at work on this page: stop it first.";
        return;
      }
      busy = this;
      this.settle();
      const isTyping = this.editor.root.contains(document.activeElement);
      if (!isTyping) this.buttons.Stop.focus({ preventScroll: true });
      this.editor.show(false); // without the marks of the last run
      this.began = null;
      this.took = null;
      this.ran = this.editor.text;
      const rows = [];
      try {
        const request = this.request(kind);
        const reply = await runtime.ask(request, (text, step) => {
          if (step === 4) this.began = performance.now();
          this.say(text, step);
        }, ({ run, of, row }) => {
          if (run) { // its picture follows
            this.answered("run", run);
            return;
          }
          rows.push(row);
          this.status.textContent = `${rows.length} of ${of} seeds …`;
          if ((rows.length === of || row.broken) && rows.some((each) => each.outcome === "fail")) {
            this.status.textContent = "Making the first failure small …";
          }
        });
        this.answered(kind, reply);
        if (kind === "run" && !reply.refused) this.finished?.(reply);
        if (reply.picture) this.offer(reply.picture, request);
      } catch (error) {
        this.failed(error, rows);
      } finally {
        const hadFocus = document.activeElement === this.buttons.Stop;
        busy = null;
        this.progress.hidden = true;
        this.settle();
        if (hadFocus || document.activeElement === document.body) {
          this.buttons[{ run: "Run", check: "Check", explore: "Explore" }[kind]].focus({ preventScroll: true });
        }
      }
    }

    answered(kind, reply) {
      if (reply.refused) {
        this.show(results.refused(reply.refused));
        this.status.textContent = reply.refused;
        return;
      }
      if (reply.help) {
        this.show(results.help(reply.help));
        this.status.textContent = "These are the flags of a command.";
        return;
      }
      this.took ??= ((performance.now() - this.began) / 1000).toFixed(1);
      const seconds = this.took;
      const isOld = this.editor.text !== this.ran;
      const editor = isOld ? null : this.editor; // lines of another text are not marked in this one
      const whose = isOld ? " It is that of the program as it was then." : "";
      if (kind === "run") {
        this.show(results.run(reply, editor, this.file));
        const wrong = reply.valid ? "What it does wrong all the same" : "What went wrong";
        const more = reply.findings.length ? ` ${wrong} stands below.` : "";
        this.status.textContent = `The run is ${reply.verdict}, after ${seconds} s.${more}${whose}`;
      } else if (kind === "check") {
        this.show(results.check(reply, editor, this.file));
        const passed = reply.told.stages.filter((stage) => stage.passed).length;
        this.status.textContent = `${passed} of ${reply.told.stages.length} stages passed (after ${seconds} s).${whose}`;
      } else {
        this.show(results.explore(reply, editor, this.file));
        this.status.textContent = results.explored(reply.rows) + whose;
      }
    }

    // The page to step through what the picture shows comes with it, or of a run played once more.
    offer(picture, request) {
      const button = element("button", { type: "button" }, "Step through it");
      button.addEventListener("click", async () => {
        const page = picture.page ?? await this.steps(request);
        if (!page) return;
        // In a frame, where it can do nothing to this page.
        const frame = element("iframe", { sandbox: "allow-scripts", title: picture.alt, srcdoc: stepping(page) });
        button.replaceWith(frame);
        frame.focus();
      });
      this.result.querySelector("figure").after(button);
    }

    async steps(request) {
      const reply = await this.aside({ ...request, kind: "step" });
      if (reply) this.status.textContent = "The page to step through it stands below the picture.";
      return reply?.page;
    }

    // What is asked for beside runs; null when there is nothing.
    async aside(request) {
      if (busy) {
        this.status.textContent = "Something is at work on this page: stop it first.";
        return null;
      }
      busy = this;
      this.settle();
      try {
        const reply = await runtime.ask(request, (text, step) => this.say(text, step));
        this.status.textContent = reply.refused ?? "";
        return reply.refused ? null : reply;
      } catch (error) {
        this.status.textContent = error instanceof Stopped ? "Stopped." : `It broke: ${error.message}`;
        return null;
      } finally {
        busy = null;
        this.progress.hidden = true;
        this.settle();
      }
    }

    failed(error, rows) {
      const seconds = ((performance.now() - this.began) / 1000).toFixed(1);
      const why = BREAKS.find(([sign]) => error.message.includes(sign))?.[1];
      let sentence = why ?? `It broke: ${error.message}`;
      if (error instanceof Refused) sentence = error.message;
      if (error instanceof Stopped) {
        sentence = this.began === null ? "Stopped before it began: nothing has run."
          : `Stopped after ${seconds} s, before it had ended. If nothing else ends a node, it works `
            + "on in a single call, or sends without end.";
      }
      this.show([...results.refused(sentence), ...(rows.length ? results.explore({ rows, findings: [] }) : [])]);
      this.status.textContent = sentence;
    }

    stop() {
      if (busy === this) runtime.interrupt();
    }

    reset() {
      if (this.restore) {
        this.restore();
      } else {
        const before = this.editor.text;
        this.put(this.original);
        this.status.textContent = "This is the node as it stood here.";
        if (before !== this.original) this.offerBack(() => this.put(before));
      }
      this.editor.area.focus({ preventScroll: true });
    }

    // Another text in the editor, without the result of the one before.
    put(text) {
      this.editor.text = text;
      if (this.hasDraft) drafts.set(this.file, text === this.original ? null : text);
      this.result.hidden = true;
    }

    // What was there before an edited text went comes back with one click.
    offerBack(bringBack) {
      const button = element("button", { type: "button" }, "Bring mine back");
      button.addEventListener("click", () => {
        bringBack();
        this.status.textContent = "This is yours again.";
        this.editor.area.focus({ preventScroll: true });
      });
      this.status.append(" ", button);
    }

    download() {
      const text = this.editor.text;
      const head = text.startsWith("#!") ? "" : "#!/usr/bin/env python3\n";
      download(this.file.split("/").pop(), head + text, "text/x-python");
    }

    async downloadStore() {
      const reply = await this.aside({ kind: "store", files: {} });
      if (!reply) return;
      const bytes = Uint8Array.from(atob(reply.zip), (letter) => letter.charCodeAt(0));
      download(`${reply.name}.zip`, bytes, "application/zip");
    }
  };

  // The cells of a page.

  function enliven(cell) {
    const node = JSON.parse(cell.dataset.node);
    const still = cell.querySelector(".highlight pre"); // without its button
    const text = still.textContent.replace(/^\s*%%writefile[^\n]*\n/, "").replace(/\n*$/, "\n");
    const panel = new glomers.Panel({ text, file: node.file, node: () => node, check: () => node.check });
    const seed = node.seed ? `, seed ${node.seed}` : "";
    const line = element("p", { class: "command" }, element("code", {}, `maelstrom ${node.command}`), seed);
    const link = element("a", { href: "playground.html" }, "Open in the playground");
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      const files = { "node.py": panel.editor.text };
      const command = node.command.replace(node.file, "node.py");
      const { seed: number, challenge, check } = node;
      location.href = "playground.html#" + await glomers.packed({ files, command, seed: number, challenge, check });
    });
    panel.editor.root.after(line);
    panel.root.querySelector(".buttons").append(link);
    const name = element("p", { class: "file" }, node.file);
    cell.replaceChildren(name, panel.root);
  }

  // What a link holds, compressed: base64 of raw deflate, with letters that an address may have.

  async function through(bytes, stream) {
    return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  }

  Object.assign(glomers, { Refused, drafts, renew: () => (busy ? runtime.interrupt() : runtime.renew()) });

  glomers.packed = async (content) => {
    const bytes = await through(new TextEncoder().encode(JSON.stringify(content)), new CompressionStream("deflate-raw"));
    const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    return "n=" + btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  // A short link can hold very much: what is too long for a program is not unpacked.
  glomers.unpacked = async (text) => {
    const letters = atob(text.replace(/^n=/, "").replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const parts = [];
    let length = 0;
    for (const reader = stream.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MOST_LINK_BYTES) throw new Error("it is too long");
      parts.push(value);
    }
    return JSON.parse(await new Blob(parts).text());
  };

  // What scrolls can be reached with the keyboard.
  for (const box of document.querySelectorAll("main pre, main .output, main .wide, main [style*=overflow]")) {
    if (box.scrollWidth > box.clientWidth && !box.closest(".editor")) box.tabIndex = 0;
  }

  const isAble = "DecompressionStream" in self && "WebAssembly" in self && "Worker" in self;
  if (isAble) for (const cell of document.querySelectorAll(".live[data-node]")) enliven(cell);
}
