#!/usr/bin/env node
// A broadcast node in JavaScript: what it hears for the first time it passes on to its neighbours,
// again and again until each has acknowledged it, so that no partition makes a value disappear.

"use strict";

const RESEND_MS = 500;

const values = new Set();
const unacknowledged = new Map(); // msg_id -> [neighbour, body]
let id = null;
let neighbours = [];
let lastMessageId = 0;

function send(dest, body) {
  process.stdout.write(JSON.stringify({ src: id, dest, body }) + "\n");
}

function learn(value, from) {
  if (values.has(value)) return;
  values.add(value);
  for (const neighbour of neighbours.filter((name) => name !== from)) {
    const body = { type: "share", value, msg_id: ++lastMessageId };
    unacknowledged.set(body.msg_id, [neighbour, body]);
    send(neighbour, body);
  }
}

const handlers = {
  init(src, body) {
    id = body.node_id;
    return { type: "init_ok" };
  },
  topology(src, body) {
    neighbours = body.topology[id];
    return { type: "topology_ok" };
  },
  broadcast(src, body) {
    learn(body.message, src);
    return { type: "broadcast_ok" };
  },
  share(src, body) {
    learn(body.value, src);
    return { type: "share_ok" };
  },
  share_ok(src, body) {
    unacknowledged.delete(body.in_reply_to);
  },
  read() {
    return { type: "read_ok", messages: [...values] };
  },
};

setInterval(() => {
  for (const [neighbour, body] of unacknowledged.values()) send(neighbour, body);
}, RESEND_MS);

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { src, body } = JSON.parse(line);
  const reply = handlers[body.type]?.(src, body);
  if (reply) send(src, { ...reply, in_reply_to: body.msg_id });
});
lines.on("close", () => process.exit(0));
