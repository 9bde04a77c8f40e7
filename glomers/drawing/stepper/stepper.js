"use strict";
// A run to step through. Whatever a node has said is shown as text (textContent), never as markup.
(() => {
const SEND = 0, RECV = 1, DROP = 2, FAULT_BEGINS = 3, FAULT_ENDS = 4, FAILS = 5, TURN = 6;
const ROW = 22, ROWS = 48, EDGE = 12, MOST_ARROWS = 300, MOST_COLUMNS = 6, WIDE = 12, PLAY_MS = 700;
const SHOWN_MEMBERS = 30, SHOWN_VARIABLES = 24, SHOWN_LINES = 4, SHOWN_FLYING = 6, MOST_MARKS = 200, NODES_BESIDE = 6, LOOK_BACK = 3000;
const SVG = "http://www.w3.org/2000/svg";
const framed = window.parent !== window;

// Small tools

function element(tag, fields = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(fields)) {
    if (name.includes("-") || name === "role" || name === "scope") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function drawn(tag, fields, text) {
  const made = document.createElementNS(SVG, tag);
  for (const name in fields) made.setAttribute(name, fields[name]);
  if (text !== undefined) made.textContent = text;
  return made;
}

const byId = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en-GB");
const seconds = (us) => `${(us / 1e6).toFixed(6)} s`;
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

function sums(differences, Kind = Float64Array) {
  const made = new Kind(differences.length);
  let sum = 0;
  for (let i = 0; i < made.length; i++) made[i] = sum += differences[i];
  return made;
}

/** The first place in a rising list whose value is not below `value`. */
function placeOf(list, value) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// What is known of a run

class Run {
  constructor(data) {
    Object.assign(this, data);
    const { steps, messages } = data;
    this.count = steps.deed.length;
    this.us = sums(steps.us);
    this.deed = Uint8Array.from(steps.deed);
    this.about = Int32Array.from(steps.about);
    this.byId = sums(messages.id);
    this.msgId = sums(messages.msg);
    this.replyTo = sums(messages.re);
    this.quiet = new Set(messages.quiet);
    this.lines = data.logs.map(([node, us, texts, more]) => ({ node, us: sums(us), texts, more }));
    this.decisive = new Set(data.flaws.flatMap((flaw) => flaw[2]));
    this.failure = data.flaws.map((flaw) => flaw[1]).find((step) => step >= 0) ?? -1;
    this.readMessages(messages);
    this.readTurns(data.turns);
    this.readOperations(data.operations);
    this.effects = new Int32Array(this.count).fill(-1);
    for (let step = this.count - 1; step >= 0; step--) {
      if (this.causeOf(step) >= 0) this.effects[this.causeOf(step)] = step;
    }
    this.colour();
  }

  readMessages({ src, dest }) {
    const count = src.length;
    this.sent = new Int32Array(count).fill(-1);
    this.ended = new Int32Array(count).fill(-1);
    this.at = new Int32Array(this.count).fill(-1);
    this.faults = this.faults.map((label) => ({ label, begins: 0, ends: this.count }));
    for (let step = 0; step < this.count; step++) {
      const about = this.about[step], deed = this.deed[step];
      if (deed === SEND) [this.sent[about], this.at[step]] = [step, src[about]];
      else if (deed <= DROP) [this.ended[about], this.at[step]] = [step, dest[about]];
      else if (deed === FAULT_BEGINS) this.faults[about].begins = step;
      else if (deed === FAULT_ENDS) this.faults[about].ends = step;
    }
  }

  readTurns(turns) {
    this.turnAt = new Int32Array(this.count).fill(-1);
    this.turnsOf = new Map();
    turns.step = sums(turns.step, Int32Array);
    turns.step.forEach((step, turn) => {
      this.turnAt[step] = turn;
      this.at[step] = turns.node[turn];
      if (!this.turnsOf.has(turns.node[turn])) this.turnsOf.set(turns.node[turn], []);
      this.turnsOf.get(turns.node[turn]).push(turn);
    });
    this.hasState = turns.step.length > 0;
    this.known = new Map(this.nodes.map((node) => [node, new Known(this, node)]));
  }

  readOperations(operations) {
    this.operationOf = new Map();
    this.acknowledged = [];
    this.operations = new Map();
    for (const [place, process, node, asked, outcome, answer, messages, value] of operations) {
      const operation = { process, node, asked, outcome, answer, messages };
      this.operations.set(place, operation);
      for (const message of messages) this.operationOf.set(message, operation);
      const step = messages.length > 1 ? this.ended[messages[1]] : -1;
      if (value !== null && step >= 0) this.acknowledged.push({ step, value, node });
    }
    this.acknowledged.sort((one, other) => one.step - other.step);
    this.acknowledgedAt = this.acknowledged.map(({ step }) => step);
  }

  /** Colours by type, as in the pictures: replies share that of their requests. */
  colour() {
    const base = (type) => type.replace(/_ok$/, "") || type;
    const { types, type, body } = this.messages, used = new Set();
    type.forEach((kind, message) => { if (!this.quiet.has(body[message])) used.add(kind); });
    const bases = [...new Set([...used].map((kind) => base(types[kind])))]
      .filter((name) => name !== "error").sort();
    this.colours = types.map((name) => {
      const place = bases.indexOf(base(name));
      return name === "error" ? "refused" : place >= 0 && place < 5 ? `c${place}` : "quiet";
    });
  }

  colourOf(message) {
    const { type, body } = this.messages;
    return this.quiet.has(body[message]) ? "quiet" : this.colours[type[message]];
  }

  causeOf(step) { return this.steps.by[step] ? step - this.steps.by[step] : -1; }
  name(party) { return this.names[party] ?? "somebody"; }
  isClient(party) { return this.name(party).startsWith("c"); }
  isMessage(step) { return this.deed[step] <= DROP; }
  label(step) { return `event ${number(this.first + step + 1)}`; }

  says(message) {
    const { types, type, says, body } = this.messages;
    return `${types[type[message]]} ${says[body[message]]}`.trim() || "a message";
  }

  fields(message) {
    const { types, type, bodies, body } = this.messages;
    const found = [["type", types[type[message]]]];
    const rest = bodies[body[message]];
    try {
      const parsed = rest ? JSON.parse(rest) : {};
      for (const name of Object.keys(parsed)) found.push([name, JSON.stringify(parsed[name])]);
    } catch { found.push(["body", rest]); }
    if (this.msgId[message] >= 0) found.push(["msg_id", String(this.msgId[message])]);
    if (this.replyTo[message] >= 0) found.push(["in_reply_to", String(this.replyTo[message])]);
    return found;
  }

  place(step) {
    const turn = this.turnAt[step];
    if (turn >= 0 && this.turns.place[turn] >= 0) return this.turns.places[this.turns.place[turn]];
    const cause = this.deed[step] === SEND ? this.causeOf(step) : -1;
    if (cause >= 0 && this.deed[cause] !== SEND) return this.place(cause);
    if (this.deed[step] !== RECV) return null;
    const { types, type } = this.messages;
    return Object.hasOwn(this.handlers, types[type[this.about[step]]])
      ? this.handlers[types[type[this.about[step]]]] : null;
  }

  /** What happens in a step, in a few words and without saying where. */
  short(step) {
    const about = this.about[step], { src, dest } = this.messages;
    switch (this.deed[step]) {
      case SEND: return `→ ${this.name(dest[about])}: ${this.says(about)}`;
      case RECV: return `← ${this.name(src[about])}: ${this.says(about)}`;
      case DROP: return `✗ lost, from ${this.name(src[about])}: ${this.says(about)}`;
      case FAULT_BEGINS: return `fault begins: ${this.faults[about].label}`;
      case FAULT_ENDS: return `fault ends: ${this.faults[about].label}`;
      case FAILS: {
        const { asked, outcome } = this.operations.get(about);
        return `${outcome === "fail" ? "failed" : "nobody knows"}: ${asked}`;
      }
      default: return this.work(step);
    }
  }

  work(step) {
    const turn = this.turnAt[step], place = this.turns.places[this.turns.place[turn]];
    const kind = this.turns.kinds[this.turns.kind[turn]];
    return place && kind !== "start" ? `${kind}: ${place[2]}, line ${place[1]}` : kind;
  }

  sentence(step) {
    const about = this.about[step], { src, dest } = this.messages, where = this.name(this.at[step]);
    switch (this.deed[step]) {
      case SEND: return `${where} sends ${this.says(about)} to ${this.name(dest[about])}.`;
      case RECV: {
        const sent = this.sent[about], ms = sent < 0 ? 0 : (this.us[step] - this.us[sent]) / 1e3;
        const after = sent < 0 ? "" : `, ${+ms.toFixed(3)} ms after it was sent`;
        return `${where} receives ${this.says(about)} from ${this.name(src[about])}${after}.`;
      }
      case DROP:
        return `${this.says(about)} from ${this.name(src[about])} to ${where} is lost.`;
      case FAULT_BEGINS: return `A fault begins: ${this.faults[about].label}.`;
      case FAULT_ENDS: return `A fault ends: ${this.faults[about].label}.`;
      case FAILS: {
        const { process, node, asked, outcome, answer } = this.operations.get(about);
        const end = outcome === "fail" ? "failed" : "came to an unknown end";
        return `${asked}, which client process ${process} asked of ${this.name(node)}, ${end}` +
          `${answer ? `: ${answer}` : ""}.`;
      }
      default: return `${where} is at work (${this.work(step)}).`;
    }
  }

  /** Whether two runs do the same in a step. */
  equals(step, other) {
    const one = (run) => run.isMessage(step)
      ? [run.names[run.messages.src[run.about[step]]], run.fields(run.about[step])]
      : run.short(step);
    return this.deed[step] === other.deed[step] && this.us[step] === other.us[step] &&
      this.name(this.at[step]) === other.name(other.at[step]) &&
      JSON.stringify(one(this)) === JSON.stringify(one(other));
  }
}

/** What one node knows at a moment: the changes up to it, folded. */
class Known {
  constructor(run, node) {
    this.run = run;
    this.turns = run.turnsOf.get(node) ?? [];
    this.steps = Int32Array.from(this.turns, (turn) => run.turns.step[turn]);
    this.before = (run.turns.before.find(([whose]) => whose === node) ?? [0, []])[1];
    this.forget();
  }

  forget() {
    this.done = 0;
    this.variables = new Map();
    for (const change of this.before) this.apply(change, -1);
  }

  goTo(step) {
    const wanted = placeOf(this.steps, step + 1);
    if (wanted < this.done) this.forget();
    while (this.done < wanted) {
      const turn = this.turns[this.done], { kinds, kind, changes } = this.run.turns;
      if (kinds[kind[turn]] === "start") this.variables.clear();
      for (const change of changes[turn]) this.apply(change, this.steps[this.done]);
      this.done++;
    }
  }

  apply([path, change], step) {
    if (change === 0) return void this.variables.delete(path);
    if (typeof change === "string") {
      const before = this.variables.get(path)?.text;
      return void this.variables.set(path, { text: change, before, since: step });
    }
    const found = this.variables.get(path), plus = change["+"] ?? [], minus = change["-"] ?? [];
    const held = change.is || !found?.members ? { kind: change.is ?? "set", members: null } : found;
    if (change.is === "list") held.members = [];
    else held.members ??= new Set();
    if (Array.isArray(held.members)) {
      held.members.splice(change.at ?? held.members.length, minus.length, ...plus);
    } else {
      for (const item of minus) held.members.delete(item);
      for (const item of plus) held.members.add(item);
    }
    const count = held.members.size ?? held.members.length;
    Object.assign(held, { plus, minus, since: step, of: change.of ?? count });
    this.variables.set(path, held);
  }
}

// What is seen of a run

class View {
  constructor(run, app, suffix) {
    Object.assign(this, { run, app, suffix, step: 0, drawnFrom: -1, drawnTo: -1 });
    this.all = Int32Array.from({ length: run.count }, (_, step) => step);
    this.visible = this.all;
    this.cards = new Map();
    this.columns();
    this.build();
  }

  columns() {
    const { names } = this.run, merge = names.length > MOST_COLUMNS;
    this.heads = [];
    this.column = names.map((name, party) => {
      const head = merge && this.run.isClient(party) ? "clients" : name;
      if (!this.heads.includes(head)) this.heads.push(head);
      return this.heads.indexOf(head);
    });
    this.gap = this.heads.length > WIDE ? 44 : Math.min(96, Math.max(54, 330 / this.heads.length));
    this.width = this.heads.length * this.gap + 24;
  }

  x(party) { return 12 + (this.column[party] + 0.5) * this.gap; }

  build() {
    const heads = element("div", { className: "heads", ariaHidden: "true" });
    heads.style.width = `${this.width}px`;
    this.heads.forEach((name, place) => {
      const head = element("span", { textContent: name, title: name });
      head.style.left = `${12 + place * this.gap}px`;
      head.style.width = `${this.gap}px`;
      heads.append(head);
    });
    this.svg = drawn("svg", { role: "img", width: this.width });
    this.cursor = drawn("rect", { class: "cursor", x: 0, width: this.width, height: ROW });
    this.body = element("tbody");
    const columns = ["event", "time (s)", "at", "what"];
    const head = element("thead", {}, element("tr", {},
      ...columns.map((name) => element("th", { scope: "col", textContent: name }))));
    this.table = element("table", { "aria-label": `Events${this.suffix}` }, head, this.body);
    this.tableBox = element("div", { className: "rows" }, this.table);
    this.picture = element("div", { className: "picture", tabIndex: 0, role: "group",
      "aria-label": `Picture of the events${this.suffix}` }, heads, this.svg);
    this.board = element("div", { className: "board" }, this.tableBox, this.picture);
    this.limits = element("p", { className: "faint" });
    this.moment = element("section", { className: "moment", "aria-label": `Moment${this.suffix}` });
    this.nodes = element("div", { className: "nodes" });
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-step]");
      if (row) this.app.go(+row.dataset.step, this, true);
    });
    this.svg.addEventListener("click", (event) => {
      const y = event.clientY - this.svg.getBoundingClientRect().top;
      const step = this.visible[this.drawnFrom + Math.floor(y / ROW)];
      if (step !== undefined) this.app.go(step, this, true);
    });
    const left = element("div", { className: "left" }, this.limits, this.board);
    const isBeside = this.run.nodes.length <= NODES_BESIDE;
    const right = element("div", {}, this.moment, isBeside ? this.nodes : "");
    this.root = element("div", { className: "view" }, left, right, isBeside ? "" : this.nodes);
    this.boxes = [this.board, this.tableBox, this.picture];
    const resized = new ResizeObserver(() => {
      for (const box of this.boxes) box.half = [box.clientWidth / 2, box.clientHeight / 2];
      this.board.half[0] -= this.tableBox.clientWidth / 2;
      this.scroll();
    });
    this.boxes.forEach((box) => resized.observe(box));
  }

  /** Keep only the steps that fit. */
  filter(fits) {
    this.visible = fits ? this.all.filter(fits) : this.all;
    this.drawnFrom = -1;
  }

  place() { return placeOf(this.visible, this.step); }

  render() {
    const place = Math.min(this.place(), Math.max(0, this.visible.length - 1));
    const { length } = this.visible;
    const near = this.drawnFrom >= 0 &&
      (place >= this.drawnFrom + EDGE || this.drawnFrom === 0) &&
      (place < this.drawnTo - EDGE || this.drawnTo === length) &&
      place >= this.drawnFrom && place < this.drawnTo;
    if (!near) this.redraw(place);
    this.mark(place);
    this.showMoment();
    for (const node of this.run.nodes) this.showNode(node);
  }

  redraw(place) {
    const { length } = this.visible;
    this.drawnFrom = Math.max(0, Math.min(place - (ROWS >> 1), length - ROWS));
    this.drawnTo = Math.min(length, this.drawnFrom + ROWS);
    const steps = [...this.visible.subarray(this.drawnFrom, this.drawnTo)];
    const kept = new Map([...this.body.rows].map((row) => [Number(row.dataset.step), row]));
    this.body.replaceChildren(...steps.map((step) => kept.get(step) ?? this.row(step)));
    if (!steps.length) {
      const empty = element("td", { colSpan: 4, textContent: "No event fits the filters." });
      this.body.append(element("tr", {}, empty));
    }
    const before = this.drawnFrom, after = length - this.drawnTo;
    const around = before || after
      ? `Events around the cursor: ${plural(before, "event")} before and ` +
        `${plural(after, "event")} after these are not drawn.` : "";
    this.limits.textContent = around;
    this.draw(steps);
  }

  row(step) {
    const { run } = this;
    const button = element("button", {
      textContent: number(run.first + step + 1), tabIndex: -1,
      ariaLabel: `Go to ${run.label(step)}`,
    });
    const what = element("td", { textContent: run.short(step), title: run.sentence(step) });
    if (run.isMessage(step)) what.className = run.colourOf(run.about[step]);
    const row = element("tr", {}, element("td", {}, button),
      element("td", { textContent: (run.us[step] / 1e6).toFixed(6) }),
      element("td", { textContent: run.at[step] < 0 ? "" : run.name(run.at[step]) }), what);
    row.dataset.step = step;
    if (step === run.failure) row.classList.add("failure");
    if (step === this.app.difference) row.classList.add("difference");
    return row;
  }

  draw(steps) {
    const { run, svg } = this, height = Math.max(ROW, steps.length * ROW);
    const rowOf = new Map(steps.map((step, row) => [step, row]));
    const parts = [], labels = [];
    for (const { begins, ends, label } of run.faults) this.band(begins, ends, label, steps, parts);
    parts.push(this.cursor);
    this.heads.forEach((_, place) => {
      const x = 12 + (place + 0.5) * this.gap;
      parts.push(drawn("path", { class: "line", d: `M${x} 0V${height}` }));
    });
    const messages = new Set();
    for (const step of steps) if (run.isMessage(step)) messages.add(run.about[step]);
    let count = 0;
    this.arrows = new Map();
    for (const message of messages) {
      if (count++ === MOST_ARROWS) break;
      const arrow = this.arrow(message, rowOf, steps, height, labels);
      this.arrows.set(message, arrow);
      parts.push(arrow);
    }
    for (const step of steps) {
      if (run.deed[step] !== TURN || run.at[step] < 0) continue;
      const y = (rowOf.get(step) + 0.5) * ROW;
      parts.push(drawn("rect", { class: "turn", x: this.x(run.at[step]) - 4, y: y - 4, width: 8,
        height: 8 }));
    }
    svg.setAttribute("height", height);
    svg.setAttribute("aria-label", `Space-time diagram of ${plural(steps.length, "event")}; ` +
      "the table of events says the same.");
    svg.replaceChildren(...parts, ...labels);
    this.current = null;
  }

  band(begins, ends, label, steps, parts) {
    const from = placeOf(steps, begins), to = placeOf(steps, ends + 1);
    if (from >= to) return;
    const box = { class: "fault", x: 0, y: from * ROW, width: this.width, height: (to - from) * ROW };
    const band = drawn("rect", box);
    band.append(drawn("title", {}, label));
    parts.push(band);
  }

  arrow(message, rowOf, steps, height, labels) {
    const { run } = this, { src, dest, says, body } = run.messages;
    const sent = run.sent[message], ended = run.ended[message];
    const x1 = this.x(src[message]), x2 = this.x(dest[message]);
    const y1 = rowOf.has(sent) ? (rowOf.get(sent) + 0.5) * ROW : 0;
    const isOver = ended >= 0, lost = isOver && run.deed[ended] === DROP;
    let y2 = rowOf.has(ended) ? (rowOf.get(ended) + 0.5) * ROW : height, to = x2;
    if (!isOver) [to, y2] = [x1 + (x2 - x1) * 0.3, y1 + 12];
    else if (lost && rowOf.has(ended)) to = x1 + (x2 - x1) * 0.85;
    const decisive = run.decisive.has(message) ? " decisive" : "";
    const way = lost ? " lost" : isOver ? "" : " open";
    const reply = run.replyTo[message] >= 0 ? " reply" : "";
    const colour = isOver && ended === run.failure ? "broken" : run.colourOf(message);
    const group = drawn("g", { class: `arrow ${colour}${decisive}${way}${reply}` });
    const bow = x1 === x2 ? `C${x1 + 30} ${y1} ${x1 + 30} ${y2} ${x2} ${y2}` : `L${to} ${y2}`;
    group.append(drawn("path", { class: "shaft", d: `M${x1} ${y1}${bow}` }));
    if (lost && rowOf.has(ended)) {
      group.append(drawn("path", { class: "cross", d: `M${to - 4} ${y2 - 4}l8 8m0-8l-8 8` }));
    } else if (isOver && rowOf.has(ended)) {
      const slope = x1 === x2 ? Math.PI : Math.atan2(y2 - y1, x2 - x1);
      const [cos, sin] = [Math.cos(slope), Math.sin(slope)];
      const corner = (back, side) => `${(x2 - back * cos - side * sin).toFixed(1)} ` +
        `${(y2 - back * sin + side * cos).toFixed(1)}`;
      group.append(drawn("path", { class: "head", d: `M${x2} ${y2}L${corner(8, 3.5)}` +
        `L${corner(8, -3.5)}Z` }));
    }
    if (rowOf.has(sent)) {
      group.append(drawn("circle", { class: "dot", cx: x1, cy: y1, r: 2.5 }));
      const right = x2 >= x1, text = says[body[message]];
      if (text) {
        labels.push(drawn("text", { class: `says ${run.colourOf(message)}`, x: x1 + (right ? 7 : -7),
          y: y1 - 3, "text-anchor": right ? "start" : "end" }, text));
      }
    }
    return group;
  }

  /** Move the cursor, which is cheap, as nothing is drawn anew. */
  mark(place) {
    const { run } = this, row = this.body.children[place - this.drawnFrom];
    const isThere = this.visible[place] === this.step;
    const old = this.body.querySelector("[aria-current]");
    if (old) {
      old.removeAttribute("aria-current");
      old.querySelector("button").tabIndex = -1;
    }
    this.current?.classList.remove("now");
    this.current = run.isMessage(this.step) ? this.arrows.get(run.about[this.step]) : null;
    this.current?.classList.add("now");
    if (isThere && row) {
      row.setAttribute("aria-current", "step");
      const button = row.querySelector("button");
      button.tabIndex = 0;
      if (this.body.contains(document.activeElement)) button.focus({ preventScroll: true });
    }
    const y = (place - this.drawnFrom + (isThere ? 0 : -0.5)) * ROW;
    this.cursor.setAttribute("y", y);
    this.cursor.setAttribute("height", isThere ? ROW : 2);
    this.y = y;
    this.scroll();
  }

  /** Show the cursor in the middle, and of a picture that is too wide the node. */
  scroll() {
    const node = this.run.at[this.step];
    for (const box of this.boxes) {
      const [across, down] = box.half ?? [0, 0];
      box.scrollTop = this.y - down + 2 * ROW;
      if (node >= 0) box.scrollLeft = this.x(node) - across;
    }
  }

  jumpTo(step, text) {
    const button = element("button", { className: "link", textContent: text });
    button.addEventListener("click", () => this.app.go(step, this, true));
    return button;
  }

  showMoment() {
    const { run, step } = this, about = run.about[step];
    const parts = [];
    if (this.suffix) parts.push(element("p", { textContent: this.told() }));
    if (run.isMessage(step)) parts.push(this.message(about));
    const operation = run.isMessage(step) ? run.operationOf.get(about) : run.deed[step] === FAILS
      ? run.operations.get(about) : null;
    if (operation) parts.push(this.operation(operation));
    parts.push(this.flying(), this.source());
    this.moment.replaceChildren(...parts.filter(Boolean));
  }

  told() {
    const { run, step } = this;
    return `Event ${number(run.first + step + 1)} of ${number(run.total)}, ` +
      `${seconds(run.us[step])}: ${run.sentence(step)}`;
  }

  message(message) {
    const { run } = this, sent = run.sent[message], ended = run.ended[message];
    const list = element("dl");
    const add = (name, ...values) => list.append(element("dt", { textContent: name }),
      element("dd", {}, ...values));
    add("message", `${run.name(run.messages.src[message])} → ` +
      `${run.name(run.messages.dest[message])}, id ${run.byId[message]}`);
    for (const [name, value] of run.fields(message)) add(name, value);
    const when = (step) => `${run.label(step)}, ${seconds(run.us[step])}`;
    if (sent < 0) add("sent", "before what this page shows");
    else add("sent", this.jumpTo(sent, when(sent)));
    if (ended >= 0) {
      add(run.deed[ended] === DROP ? "lost" : "received", this.jumpTo(ended, when(ended)));
    } else add("received", run.first + run.count < run.total ? "not in what this page shows"
      : "never: it was still under way at the end");
    return list;
  }

  operation({ process, node, asked, outcome, answer }) {
    const words = { ok: "succeeded", fail: "failed", info: "came to an unknown end" };
    const end = `${words[outcome] ?? outcome}${answer ? `: ${answer}` : ""}`;
    return element("p", { className: outcome === "ok" ? "" : "wrong", textContent:
      `Operation: client process ${process} asks ${this.run.name(node)} for ${asked}; it ${end}.` });
  }

  flying() {
    const { run, step } = this, found = [];
    let count = 0;
    const last = placeOf(run.sent, step + 1) || run.sent.length;
    for (let message = Math.min(last, run.sent.length) - 1;
      message >= Math.max(0, last - LOOK_BACK); message--) {
      if (run.sent[message] > step || (run.ended[message] >= 0 && run.ended[message] <= step)) {
        continue;
      }
      if (count++ < SHOWN_FLYING) found.push(message);
    }
    if (!count) return element("p", { className: "faint", textContent: "No message is under way." });
    const items = found.map((message) => {
      const { src, dest } = run.messages, ended = run.ended[message];
      const text = `${run.name(src[message])} → ${run.name(dest[message])}: ${run.says(message)}`;
      return element("li", {}, this.jumpTo(ended < 0 ? run.sent[message] : ended, text));
    });
    const more = count > SHOWN_FLYING ? `, of which the newest ${SHOWN_FLYING}` : "";
    return element("details", { open: this.flyingOpen ?? false,
      ontoggle: (event) => { this.flyingOpen = event.target.open; } },
      element("summary", { textContent: `${plural(count, "message")} under way${more}` }),
      element("ul", {}, ...items));
  }

  source() {
    const place = this.run.place(this.step);
    if (!place) return null;
    if (this.listed === String(place)) return this.listing;
    this.listed = String(place);
    const [file, line] = place, lines = Object.hasOwn(this.run.files, file)
      ? this.run.files[file] : [];
    const from = Math.max(0, line - 3), listing = element("pre", {
      className: "source", tabIndex: 0, "aria-label": "Source" });
    lines.slice(from, line + 11).forEach((text, offset) => {
      const here = from + offset + 1 === line;
      const shown = `${here ? "▶" : " "}${String(from + offset + 1).padStart(4)}  ${text}\n`;
      listing.append(element(here ? "mark" : "span", { textContent: shown }));
    });
    this.listing = element("div", {}, element("h3", { textContent: `${file}, line ${line}` }),
      lines.length ? listing : null);
    return this.listing;
  }

  showNode(node) {
    const { run, step } = this, known = run.known.get(node);
    known.goTo(step);
    const lines = this.logLines(node), missing = this.missing(known);
    const key = [known.done, known.steps[known.done - 1] === step, run.at[step] === node, lines.key,
      missing].join("|");
    const card = this.cards.get(node) ?? this.card(node);
    if (card.key === key) return;
    card.key = key;
    card.classList.toggle("acts", run.at[step] === node);
    const parts = [element("h3", { textContent: run.name(node) })];
    const paths = [...known.variables.keys()].sort((a, b) => a - b);
    const first = paths.filter((path, place) => place < SHOWN_VARIABLES ||
      known.variables.get(path).since === step).slice(0, 2 * SHOWN_VARIABLES);
    const rows = first.map((path) => this.variable(run.turns.paths[path], known.variables.get(path)));
    if (rows.length) {
      const columns = ["variable", "value", "since"].map((name) => element("th", {
        scope: "col", textContent: name }));
      parts.push(element("table", { "aria-label": `Variables of ${run.name(node)}` },
        element("thead", {}, element("tr", {}, ...columns)), element("tbody", {}, ...rows)));
      if (paths.length > first.length) {
        parts.push(element("p", { className: "faint", textContent:
          `and ${plural(paths.length - first.length, "other variable")}` }));
      }
    } else if (run.hasState) {
      parts.push(element("p", { className: "faint", textContent: "no variables" }));
    }
    if (missing) parts.push(element("p", { className: "wrong", textContent: missing }));
    parts.push(...lines.parts);
    card.replaceChildren(...parts);
  }

  card(node) {
    const card = element("section", { className: "node", role: "region",
      "aria-label": `State of ${this.run.name(node)}${this.suffix}` });
    this.cards.set(node, card);
    this.nodes.append(card);
    return card;
  }

  variable(path, { text, before, members, kind, plus, minus, since, of }) {
    const isNew = since === this.step, cell = element("td");
    if (members) {
      const fresh = new Set(isNew ? plus : []);
      const rest = Array.isArray(members) ? members : [...members].filter((item) => !fresh.has(item));
      const add = (tag, items) => items.forEach((item) => cell.append(
        element(tag, { textContent: item }), " "));
      cell.append(element("span", { className: "faint", textContent: `${kind} of ${number(of)} ` }));
      if (isNew) add("del", minus.slice(0, SHOWN_MEMBERS));
      if (!Array.isArray(members)) add("ins", [...fresh].slice(0, SHOWN_MEMBERS));
      const shown = rest.slice(-SHOWN_MEMBERS);
      if (rest.length > shown.length) cell.append("… ");
      for (const item of shown) add(Array.isArray(members) && fresh.has(item) ? "ins" : "span", [item]);
    } else {
      if (isNew && before !== undefined) cell.append(element("del", { textContent: before }), " ");
      cell.append(element(isNew ? "ins" : "span", { textContent: text }));
    }
    const origin = since < 0 ? "before" : isNew ? "now"
      : this.jumpTo(since, number(this.run.first + since + 1));
    if (origin.tagName) origin.ariaLabel = `Go to ${this.run.label(since)}, which set ${path}`;
    return element("tr", { className: isNew ? "changed" : "" },
      element("th", { scope: "row", textContent: path }), cell, element("td", {}, origin));
  }

  /** What has been acknowledged elsewhere by now, and this node does not have. */
  missing(known) {
    const { run } = this;
    if (run.holder === null || !run.acknowledged.length) return "";
    const path = run.turns.paths.indexOf(run.holder), held = known.variables.get(path);
    if (!held?.members) return "";
    const count = placeOf(run.acknowledgedAt, this.step + 1), key = `${count} ${known.done}`;
    if (known.missingKey === key) return known.missing;
    const has = Array.isArray(held.members) ? new Set(held.members) : held.members;
    const lacking = run.acknowledged.slice(0, count).filter(({ value }) => !has.has(value))
      .map(({ value, node }) => `${value} (${run.name(node)})`);
    known.missingKey = key;
    known.missing = this.lacking(lacking);
    return known.missing;
  }

  lacking(lacking) {
    if (!lacking.length) return "";
    const more = lacking.length > 6 ? ` and ${lacking.length - 6} more` : "";
    return `Missing here, acknowledged by: ${lacking.slice(-6).join(", ")}${more}`;
  }

  logLines(node) {
    const { run, step } = this, log = run.lines.find((each) => each.node === node);
    if (!log) return { key: "", parts: [] };
    const end = placeOf(log.us, run.us[step] + 1), parts = [];
    const texts = log.texts.slice(Math.max(0, end - SHOWN_LINES), end);
    if (texts.length) {
      const lines = texts.map((text, place) => {
        const us = log.us[end - texts.length + place], now = us === run.us[step];
        return element(now ? "mark" : "span", { textContent: `${(us / 1e6).toFixed(3)}  ${text}\n` });
      });
      parts.push(element("h4", { textContent: "log" }), element("pre", {}, ...lines));
    }
    if (log.more) {
      parts.push(element("p", { className: "faint", textContent:
        `${plural(log.more, "line")} of its log ${log.more === 1 ? "is" : "are"} not here.` }));
    }
    return { key: `${end} ${texts.length && log.us[end - 1] === run.us[step]}`, parts };
  }
}

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
    if (isOneOfTwo) parts.push(element("h2", { textContent: `Run ${"AB"[place]}` }));
    parts.push(element("p", {}, element("b", { textContent: run.verdict }), " ",
      element("code", { textContent: run.command })));
    const notes = [...run.notes];
    if (run.count < run.total) {
      notes.push(`The run has ${plural(run.total, "event")}; this page holds those from ` +
        `${number(run.first + 1)} to ${number(run.first + run.count)}, around what went wrong, ` +
        "since all of them would make it too large.");
    }
    if (!run.hasState) notes.push("What the nodes' variables held was not recorded.");
    parts.push(...notes.map((note) => element("p", { className: "faint", textContent: note })));
    if (run.flaws.length) {
      const items = run.flaws.map(([text, step]) => element("li", {}, step < 0 ? text
        : this.views[place].jumpTo(step, text)));
      const { suffix } = this.views[place];
      parts.push(element("section", { "aria-label": `What went wrong${suffix}` },
        element("h2", { textContent: "What went wrong" }), element("ol", {}, ...items)));
    }
    byId("facts").append(...parts);
  }

  // Moving

  go(step, view = this.lead, isJump = false) {
    if (step < 0 || step >= view.run.count || step === undefined) return;
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

  cause() { this.go(this.lead.run.causeOf(this.lead.step), this.lead, true); }
  effect() { this.go(this.lead.run.effects[this.lead.step], this.lead, true); }
  toFailure() { this.go(this.lead.run.failure, this.lead, true); }
  toDifference() { this.go(this.difference, this.lead, true); }

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
    for (const id of ["node", "type", "text", "value"]) if (byId(id).value) found.set(id, byId(id).value);
    if (!byId("clients").checked) found.set("clients", "no");
    this.address = `#${found}`;
    try { history.replaceState(null, "", this.address); } catch { /* as above */ }
  }

  readAddress() {
    const found = new URLSearchParams(location.hash.slice(1));
    for (const id of ["node", "type", "text", "value"]) byId(id).value = found.get(id) ?? "";
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
    for (const id of ["node", "type", "text", "value"]) wanted[id] = byId(id).value.trim();
    const isAll = wanted.clients && !wanted.node && !wanted.type && !wanted.text && !wanted.value;
    for (const view of this.views) view.filter(isAll ? null : fitting(view.run, wanted));
    const count = this.lead.visible.length;
    byId("count").textContent = isAll ? "" : `${plural(count, "event")} fit${count === 1 ? "s" : ""}`;
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
    enable("failure", run.failure >= 0);
    enable("back", this.back.length);
    enable("difference", this.difference >= 0);
    enable("previous-of-node", run.at[step] >= 0);
    enable("next-of-node", run.at[step] >= 0);
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

  bind() {
    const press = (id, act) => byId(id).addEventListener("click", act);
    press("previous", () => this.by(-1));
    press("next", () => this.by(1));
    press("previous-of-node", () => this.ofNode(-1));
    press("next-of-node", () => this.ofNode(1));
    press("cause", () => this.cause());
    press("effect", () => this.effect());
    press("failure", () => this.toFailure());
    press("difference", () => this.toDifference());
    press("back", () => this.undo());
    press("play", () => this.play());
    press("copy", () => this.copy());
    byId("difference").hidden = this.views.length < 2;
    byId("go").addEventListener("submit", (event) => {
      event.preventDefault();
      this.toTime(Number.parseFloat(byId("moment").value));
    });
    byId("time").addEventListener("input", (event) => {
      const { visible } = this.lead, wanted = placeOf(visible, +event.target.value);
      this.go(visible[Math.min(wanted, visible.length - 1)] ?? -1);
    });
    for (const id of ["node", "type", "text", "value", "clients"]) {
      byId(id).addEventListener("input", () => { this.applyFilters(); this.render(); });
    }
    press("all", () => {
      for (const id of ["node", "type", "text", "value"]) byId(id).value = "";
      byId("clients").checked = true;
      this.applyFilters();
      this.render();
    });
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
    const act = this.keys()[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  keys() {
    return {
      n: () => this.by(1), p: () => this.by(-1),
      ArrowRight: () => this.by(1), ArrowLeft: () => this.by(-1),
      ArrowDown: () => this.ofNode(1), ArrowUp: () => this.ofNode(-1),
      " ": () => this.play(), f: () => this.toFailure(), d: () => this.toDifference(),
      c: () => this.cause(), e: () => this.effect(), b: () => this.undo(),
      "?": () => { byId("help").open = !byId("help").open; },
    };
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
  try {
    const packed = [...document.querySelectorAll("script.run")].map((each) => each.textContent.trim());
    const runs = (await Promise.all(packed.map(unpacked))).map((data) => new Run(data));
    byId("stepper").hidden = false;
    byId("wait").hidden = true;
    new App(runs);
    performance.mark("shown");
  } catch (error) {
    byId("wait").hidden = false;
    byId("wait").textContent = "This page cannot be shown: it needs a browser of 2023 or later " +
      `(${error.message}).`;
    throw error;
  }
}
begin();
})();
