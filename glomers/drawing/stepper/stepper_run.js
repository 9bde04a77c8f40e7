"use strict";
// A run to step through. Whatever a node has said is shown as text (textContent), never as markup.

const SEND = 0, RECV = 1, DROP = 2, FAULT_BEGINS = 3, FAULT_ENDS = 4, FAILS = 5, TURN = 6;
const ROW = 22, ROWS = 48, EDGE = 15, MOST_COLUMNS = 6, WIDE = 12, PLAY_MS = 700;
const SHOWN_MEMBERS = 30, SHOWN_VARIABLES = 24, SHOWN_LINES = 4, SHOWN_FLYING = 6, SHOWN_LACKING = 6;
const MOST_MARKS = 200, NODES_BESIDE = 6, LOOK_BACK = 3000;
const FIELDS = ["node", "type", "text", "value"];
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

/** An element that is nothing but a text. */
function worded(tag, textContent, className = "") {
  return element(tag, { textContent, className });
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

/** Let exactly the children of these keys be there; those that were there stay as they are. */
function keep(parent, children, keys, make) {
  for (const [key, child] of children) {
    if (keys.has(key)) continue;
    child.remove();
    children.delete(key);
  }
  for (const key of keys) {
    if (children.has(key)) continue;
    children.set(key, make(key));
    parent.append(children.get(key));
  }
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
    this.holderPath = turns.paths.indexOf(this.holder);
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

/**
 * What one node knows at a moment: the changes up to it, folded.  As long as there are no more
 * losses, containers have got members only.
 */
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
    this.losses = (this.losses ?? 0) + 1;
    this.variables = new Map();
    for (const change of this.before) this.apply(change, -1);
  }

  goTo(step) {
    const wanted = placeOf(this.steps, step + 1);
    if (wanted < this.done) this.forget();
    while (this.done < wanted) {
      const turn = this.turns[this.done], { kinds, kind, changes } = this.run.turns;
      if (kinds[kind[turn]] === "start") {
        this.variables.clear();
        this.losses++;
      }
      for (const change of changes[turn]) this.apply(change, this.steps[this.done]);
      this.done++;
    }
  }

  apply([path, change], step) {
    if (change === 0 || change.is || change["-"]) this.losses++;
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
