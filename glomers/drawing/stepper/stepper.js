// Controls, filters, the address

class App {
  constructor(runs) {
    this.difference = -1;
    this.back = [];
    this.views = runs.map((run, place) => new View(run, this,
      runs.length > 1 ? `, run ${"AB"[place]}` : ""));
    this.lead = this.views[0];
    if (runs.length > 1) this.difference = this.firstDifference(...runs);
    const stage = byId("stage");
    stage.classList.toggle("both", runs.length > 1);
    runs.forEach((run, place) => this.introduce(run, place, runs.length > 1));
    stage.append(...this.views.map((view) => view.root));
    this.fillFilters(runs);
    this.bind();
    this.marks();
    this.readAddress();
    this.render();
  }

  firstDifference(one, other) {
    const count = Math.min(one.count, other.count);
    for (let step = 0; step < count; step++) if (!one.equals(step, other)) return step;
    return one.count === other.count ? -1 : count;
  }

  introduce(run, place, isOneOfTwo) {
    const parts = [];
    if (isOneOfTwo) parts.push(worded("h2", `Run ${"AB"[place]}`));
    parts.push(element("p", {}, worded("b", run.verdict), " ",
      worded("code", run.command)));
    const notes = [...run.notes];
    if (run.count < run.total) {
      notes.push(`The run has ${plural(run.total, "event")}; this page holds those from ` +
        `${number(run.first + 1)} to ${number(run.first + run.count)}, around what went wrong, ` +
        "since all of them would make it too large.");
    }
    if (!run.hasState) notes.push("What the nodes' variables held was not recorded.");
    parts.push(...notes.map((note) => worded("p", note, "faint")));
    if (run.flaws.length) {
      const items = run.flaws.map(([text, step]) => element("li", {}, step < 0 ? text
        : this.views[place].jumpTo(step, text)));
      const { suffix } = this.views[place];
      parts.push(element("section", { "aria-label": `What went wrong${suffix}` },
        worded("h2", "What went wrong"), element("ol", {}, ...items)));
    }
    byId("facts").append(...parts);
  }

  // Moving

  go(step, view = this.lead, isJump = false) {
    if (step === undefined || step < 0 || step >= view.run.count) return;
    if (isJump && step !== this.lead.step) this.remember();
    this.lead = view;
    view.step = step;
    this.views.filter((other) => other !== view).forEach((other) => this.follow(view, other));
    this.render();
  }

  follow(view, other) {
    const same = this.difference < 0 || view.step <= this.difference;
    const time = view.run.us[view.step];
    const step = same ? view.step : Math.max(this.difference, placeOf(other.run.us, time + 1) - 1);
    other.step = Math.max(0, Math.min(step, other.run.count - 1));
  }

  by(offset) {
    const { lead } = this, place = lead.place();
    const isThere = lead.visible[place] === lead.step;
    const wanted = offset > 0 ? place + (isThere ? offset : offset - 1) : place + offset;
    this.go(lead.visible[wanted] ?? -1);
  }

  ofNode(offset) {
    const { run, visible, step } = this.lead, node = run.at[step];
    if (node < 0) return this.by(offset);
    for (let place = this.lead.place() + offset; place >= 0 && place < visible.length;
      place += offset) {
      if (run.at[visible[place]] === node && visible[place] !== step) {
        return this.go(visible[place]);
      }
    }
  }

  /** The run in which something went wrong, first of all the one that is stepped through. */
  failed() { return [this.lead, ...this.views].find(({ run }) => run.failure >= 0); }

  toFailure() { this.go(this.failed()?.run.failure, this.failed(), true); }

  toTime(s) {
    const { run } = this.lead;
    if (!Number.isFinite(s)) return;
    this.go(Math.max(0, placeOf(run.us, s * 1e6 + 0.5) - 1), this.lead, true);
  }

  play(on = !this.playing) {
    clearInterval(this.playing);
    this.playing = on ? setInterval(() => {
      const { visible, step } = this.lead;
      if (step >= visible[visible.length - 1] || !visible.length) this.play(false);
      else this.by(1);
    }, PLAY_MS) : null;
    byId("play").textContent = on ? "Pause" : "Play";
  }

  /** Keep the place that a jump leaves; the browser's own Back goes there as well. */
  remember() {
    this.back.push([this.lead, this.lead.step]);
    if (framed) return;
    this.writeAddress();
    try { history.pushState(null, "", location.href); } catch { /* an address that cannot change */ }
  }

  undo() {
    const before = this.back.pop();
    if (!before) return;
    if (framed) return this.go(before[1], before[0]);
    history.back();
  }

  // The address

  writeAddress() {
    clearTimeout(this.writing);
    const found = new URLSearchParams();
    found.set("event", this.lead.run.first + this.lead.step + 1);
    if (this.lead !== this.views[0]) found.set("run", "B");
    for (const id of FIELDS) if (byId(id).value) found.set(id, byId(id).value);
    if (!byId("clients").checked) found.set("clients", "no");
    this.address = `#${found}`;
    try { history.replaceState(null, "", this.address); } catch { /* as above */ }
  }

  readAddress() {
    const found = new URLSearchParams(location.hash.slice(1));
    for (const id of FIELDS) byId(id).value = found.get(id) ?? "";
    byId("clients").checked = found.get("clients") !== "no";
    this.applyFilters();
    const view = found.get("run") === "B" && this.views[1] || this.views[0];
    const step = Number.parseInt(found.get("event") ?? "", 10) - 1 - view.run.first;
    this.lead = view;
    if (step >= 0 && step < view.run.count) view.step = step;
    this.views.filter((other) => other !== view).forEach((other) => this.follow(view, other));
  }

  // Filters

  fillFilters(runs) {
    const fill = (id, names) => byId(id).append(...names.map((name) => element("option", {
      value: name, textContent: name })));
    const all = (list) => [...new Set(runs.flatMap(list))];
    fill("node", all((run) => run.names));
    fill("type", all((run) => run.messages.types).filter(Boolean).sort());
  }

  applyFilters() {
    const wanted = { clients: byId("clients").checked };
    for (const id of FIELDS) wanted[id] = byId(id).value.trim();
    const isAll = wanted.clients && !wanted.node && !wanted.type && !wanted.text && !wanted.value;
    for (const view of this.views) view.filter(isAll ? null : fitting(view.run, wanted));
    const count = this.lead.visible.length;
    byId("count").textContent = isAll ? "" : `${plural(count, "event")} fit${count === 1 ? "s" : ""}`;
  }

  refilter() {
    this.applyFilters();
    this.render();
  }

  showAll() {
    for (const id of FIELDS) byId(id).value = "";
    byId("clients").checked = true;
    this.refilter();
  }

  // Showing

  render() {
    this.views.forEach((view) => view.render());
    const { run, step, visible } = this.lead, slider = byId("time");
    byId("now").textContent = this.lead.told();
    slider.max = run.count - 1;
    slider.value = step;
    slider.setAttribute("aria-valuetext", `${seconds(run.us[step])}, ${run.label(step)}`);
    const enable = (id, can) => { byId(id).disabled = !can; };
    enable("previous", visible.length && visible[0] < step);
    enable("next", visible.length && visible[visible.length - 1] > step);
    enable("cause", run.causeOf(step) >= 0);
    enable("effect", run.effects[step] >= 0);
    enable("failure", this.failed());
    enable("back", this.back.length);
    enable("difference", this.difference >= 0);
    enable("previous-of-node", run.at[step] >= 0);
    enable("next-of-node", run.at[step] >= 0);
    this.views.forEach((view) => view.scroll());
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.writeAddress(), 250);
  }

  marks() {
    const { run } = this.views[0], box = byId("marks"), most = Math.max(1, run.count - 1);
    const put = (className, from, to, text) => {
      const mark = element("span", { className, title: text });
      mark.style.left = `${(100 * Math.max(0, from)) / most}%`;
      if (to > from) mark.style.width = `${(100 * (Math.min(to, most) - Math.max(0, from))) / most}%`;
      box.append(mark);
    };
    run.faults.slice(0, MOST_MARKS).forEach(({ begins, ends, label }) =>
      put("fault", begins, ends, label));
    const failed = this.views[0].all.filter((step) => run.deed[step] === FAILS);
    const every = Math.ceil(failed.length / MOST_MARKS);
    failed.filter((_, place) => place % every === 0)
      .forEach((step) => put("failed", step, step, run.sentence(step)));
    if (run.failure >= 0) put("flaw", run.failure, run.failure, "what went wrong");
    const words = [run.faults.length && "shaded: faults", failed.length && "bars: failed operations",
      run.failure >= 0 && "diamond: what went wrong"].filter(Boolean);
    byId("marks-words").textContent = words.join("; ");
  }

  copy() {
    const { run, step } = this.lead, box = byId("copied");
    this.writeAddress();
    const address = framed ? this.address : location.href;
    box.value = [run.command, `${run.seed === null ? "" : `seed ${run.seed}, `}` +
      byId("now").textContent, address].join("\n");
    box.hidden = false;
    box.select();
    const done = document.execCommand("copy");
    byId("copy-words").textContent = done ? "Copied." : "Copy it with Ctrl+C (on a Mac ⌘C).";
    if (done) byId("copy").focus();
  }

  /** What buttons do, by their ids, and the keys that do the same. */
  actions() {
    return {
      previous: [() => this.by(-1), "p", "ArrowLeft"],
      next: [() => this.by(1), "n", "ArrowRight"],
      "previous-of-node": [() => this.ofNode(-1), "ArrowUp"],
      "next-of-node": [() => this.ofNode(1), "ArrowDown"],
      play: [() => this.play(), " "],
      failure: [() => this.toFailure(), "f"],
      difference: [() => this.go(this.difference, this.lead, true), "d"],
      cause: [() => this.go(this.lead.run.causeOf(this.lead.step), this.lead, true), "c"],
      effect: [() => this.go(this.lead.run.effects[this.lead.step], this.lead, true), "e"],
      back: [() => this.undo(), "b"],
      copy: [() => this.copy()],
      all: [() => this.showAll()],
    };
  }

  bind() {
    this.keys = { "?": () => { byId("help").open = !byId("help").open; } };
    for (const [id, [act, ...keys]] of Object.entries(this.actions())) {
      byId(id).addEventListener("click", act);
      for (const key of keys) this.keys[key] = act;
    }
    byId("difference").hidden = this.views.length < 2;
    byId("go").addEventListener("submit", (event) => {
      event.preventDefault();
      this.toTime(Number.parseFloat(byId("moment").value));
    });
    byId("time").addEventListener("input", (event) => {
      const { visible } = this.lead, wanted = placeOf(visible, +event.target.value);
      this.go(visible[Math.min(wanted, visible.length - 1)] ?? -1);
    });
    byId("filters").addEventListener("input", () => this.refilter());
    byId("stepper").addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("popstate", () => {
      clearTimeout(this.writing);
      this.back.pop();
      this.readAddress();
      this.render();
    });
  }

  key(event) {
    const { target } = event, isRange = target.type === "range";
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (/^(SELECT|TEXTAREA)$/.test(target.tagName)) return;
    if (target.tagName === "INPUT" && !isRange && target.type !== "checkbox") return;
    if (event.key === " " && /^(BUTTON|SUMMARY|INPUT)$/.test(target.tagName) && !isRange) return;
    if (!Object.hasOwn(this.keys, event.key)) return;
    event.preventDefault();
    this.keys[event.key]();
  }
}

/** A function that tells whether a step of a run fits the filters. */
function fitting(run, { node, type, text, value, clients }) {
  const { messages } = run, lower = text.toLowerCase();
  const escaped = value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const as = new RegExp(`(^|[\\[,:{' ])"?${escaped}"?(?=[\\],:}' ]|$)`);
  const has = (given) => (!lower || given.toLowerCase().includes(lower)) && (!value || as.test(given));
  const fits = messages.bodies.map(has), fitsType = messages.types.map((name) => !value && has(name));
  const ofTurn = (step) => {
    const turn = run.turnAt[step], held = turn < 0 ? [] : run.turns.changes[turn];
    const texts = held.flatMap(([path, change]) => typeof change === "string" ? [change]
      : change === 0 ? [] : [...(change["+"] ?? []), ...(change["-"] ?? [])]
        .concat(value ? [] : [run.turns.paths[path]]));
    return texts.some(has);
  };
  return (step) => {
    const about = run.about[step];
    if (!run.isMessage(step)) {
      if (type || (node && run.at[step] >= 0 && run.name(run.at[step]) !== node)) return false;
      return (!text && !value) || has(run.short(step)) || ofTurn(step);
    }
    const src = messages.src[about], dest = messages.dest[about];
    if (!clients && (run.isClient(src) || run.isClient(dest))) return false;
    if (node && run.name(src) !== node && run.name(dest) !== node) return false;
    if (type && messages.types[messages.type[about]] !== type) return false;
    if (!text && !value) return true;
    return fits[messages.body[about]] || fitsType[messages.type[about]] || ofTurn(step);
  };
}

async function begin() {
  const packed = await Promise.all([...document.querySelectorAll("script.run")].map(unpacked));
  const runs = packed.map((text) => new Run(JSON.parse(text)));
  byId("stepper").hidden = false;
  // Where the page has the focus, as its frame gets it, its keys work at once.
  if (document.hasFocus() && document.activeElement === document.body) {
    byId("stepper").focus({ preventScroll: true });
  }
  byId("wait").hidden = true;
  new App(runs);
  performance.mark("shown");
}
begin().catch(fail);
