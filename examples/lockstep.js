#!/usr/bin/env node
// A broadcast node in JavaScript for `--clock lockstep`: a small runtime for virtual time, and a node
// that tells its neighbours every 0.2 s what they have not acknowledged.  See docs/lockstep.md.

"use strict";

// The runtime: time, timers and requests, all of which only the bench's lines make go on.

let nowNs = 0;
let id = null;
let isPaused = false;
let kept = []; // what came while the node stood still
let order = 0;
let timers = []; // {atNs, order, act}
let lastMessageId = 0;
const pending = new Map(); // msg_id -> {resolve, reject}
const answer = []; // the lines to write

const compare = (a, b) => a.atNs - b.atNs || a.order - b.order;

function after(seconds, act) {
  const timer = { atNs: nowNs + Math.round(seconds * 1e9), order: order++, act };
  timers.push(timer);
  timers.sort(compare);
  return () => (timers = timers.filter((other) => other !== timer));
}

const every = (seconds, act) => after(seconds, () => (every(seconds, act), act()));

const send = (dest, body) => answer.push(JSON.stringify({ src: id, dest, body }));

function rpc(dest, body, timeoutS = 1) {
  const msg_id = ++lastMessageId;
  send(dest, { ...body, msg_id });
  return new Promise((resolve, reject) => {
    const cancel = after(timeoutS, () => (pending.delete(msg_id), reject(new Error("time-out"))));
    pending.set(msg_id, (reply) => (cancel(), pending.delete(msg_id), resolve(reply)));
  });
}

async function receive({ src, body }) {
  if (body.in_reply_to !== undefined) {
    pending.get(body.in_reply_to)?.(body);
    return;
  }
  const reply = await handlers[body.type]?.(body, src);
  if (reply) send(src, { ...reply, in_reply_to: body.msg_id });
}

function doNow(act) {
  if (isPaused) kept.push(act);
  else act();
}

const commands = {
  start() {},
  wake: () => doNow(timers.shift().act),
  pause() {
    isPaused = true;
  },
  resume() {
    isPaused = false;
    for (const act of kept.splice(0)) act();
  },
  skew() {}, // this node looks at no wall clock
  end() {},
};

function take(line) {
  const { at, message, do: command } = JSON.parse(line);
  nowNs = at;
  if (message) doNow(() => receive(message));
  else commands[command]();
  // What awaits goes on first: only then the answer is whole.
  setImmediate(() => {
    answer.push(JSON.stringify({ wake: timers.length ? timers[0].atNs : null }));
    process.stdout.write(answer.splice(0).join("\n") + "\n");
  });
}

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", take);
lines.on("close", () => process.exit(0));

// The node.

const INTERVAL_S = 0.2;

let neighbours = [];
const values = new Set();
const unknownTo = new Map(); // neighbour -> values that it may not have

function learn(news, from) {
  for (const value of news.filter((each) => !values.has(each))) {
    values.add(value);
    for (const name of neighbours) if (name !== from) unknownTo.get(name).add(value);
  }
}

async function tell(neighbour) {
  const news = [...unknownTo.get(neighbour)];
  if (!news.length) return;
  try {
    await rpc(neighbour, { type: "news", values: news }, 2 * INTERVAL_S);
    for (const value of news) unknownTo.get(neighbour).delete(value);
  } catch {
    // It did not answer in time: the values are still among those to be told.
  }
}

const handlers = {
  init(body) {
    id = body.node_id;
    every(INTERVAL_S, () => neighbours.forEach(tell));
    return { type: "init_ok" };
  },
  topology(body) {
    neighbours = body.topology[id];
    for (const name of neighbours) unknownTo.set(name, new Set(values));
    return { type: "topology_ok" };
  },
  broadcast(body) {
    learn([body.message], null);
    return { type: "broadcast_ok" };
  },
  news(body, src) {
    learn(body.values, src);
    return { type: "news_ok" };
  },
  read: () => ({ type: "read_ok", messages: [...values] }),
};
