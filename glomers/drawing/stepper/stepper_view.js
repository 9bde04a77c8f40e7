// What is seen of a run

class View {
  constructor(run, app, suffix) {
    Object.assign(this, { run, app, suffix, step: 0 });
    this.all = Int32Array.from({ length: run.count }, (_, step) => step);
    this.visible = this.all;
    this.cards = new Map();
    this.columns();
    this.build();
    this.forget();
  }

  columns() {
    const { names } = this.run, merge = names.length > MOST_COLUMNS;
    this.heads = [];
    this.column = names.map((name, party) => {
      const head = merge && this.run.isClient(party) ? "clients" : name;
      if (!this.heads.includes(head)) this.heads.push(head);
      return this.heads.indexOf(head);
    });
    this.gap = this.heads.length > WIDE ? 44 : Math.min(96, Math.max(50, 300 / this.heads.length));
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
    this.drawing = drawn("g");
    this.cursor = drawn("rect", { class: "cursor", width: "100%" });
    this.svg = drawn("svg", { role: "img", width: this.width });
    this.svg.append(this.drawing);
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
    const right = element("div", { className: "right" }, this.moment, isBeside ? this.nodes : "");
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
    this.forget();
  }

  /** Forget what is drawn: all of it has another place now. */
  forget() {
    this.drawnFrom = this.drawnTo = -1;
    const height = this.visible.length * ROW;
    const lines = this.heads.map((_, place) => `M${12 + (place + 0.5) * this.gap} 0V${height}`);
    this.layers = ["band", "arrow", "turn", "label"].map((make) => {
      return { make, group: drawn("g"), children: new Map() };
    });
    const [bands, ...others] = this.layers.map(({ group }) => group);
    this.drawing.replaceChildren(bands, this.cursor, drawn("path", { class: "line", d: lines.join("") }),
      ...others);
  }

  place() { return placeOf(this.visible, this.step); }

  render() {
    const place = Math.min(this.place(), Math.max(0, this.visible.length - 1));
    const { length } = this.visible;
    const near = this.drawnFrom >= 0 &&
      (place >= this.drawnFrom + EDGE || this.drawnFrom === 0) &&
      (place < this.drawnTo - EDGE || this.drawnTo === length) &&
      place >= this.drawnFrom && place < this.drawnTo;
    this.hasFocus = this.body.contains(document.activeElement);
    if (!near) this.redraw(place);
    this.showMoment();
    for (const node of this.run.nodes) this.showNode(node);
    this.mark(place);
  }

  /** Draw what is around a place; of what is drawn already, nothing is touched. */
  redraw(place) {
    const { length } = this.visible;
    this.drawnFrom = Math.max(0, Math.min(place - (ROWS >> 1), length - ROWS));
    this.drawnTo = Math.min(length, this.drawnFrom + ROWS);
    const steps = [...this.visible.subarray(this.drawnFrom, this.drawnTo)];
    this.list(steps);
    this.draw(steps);
    const before = this.drawnFrom, after = length - this.drawnTo;
    this.limits.textContent = before || after
      ? `Events around the cursor: ${plural(before, "event")} before and ` +
        `${plural(after, "event")} after these are not drawn.` : "";
  }

  list(steps) {
    const wanted = new Set(steps), kept = new Map();
    for (const row of [...this.body.rows]) {
      if (wanted.has(+row.dataset.step)) kept.set(+row.dataset.step, row);
      else row.remove();
    }
    let next = this.body.firstChild;
    for (const step of steps) {
      if (kept.has(step)) next = kept.get(step).nextSibling;
      else this.body.insertBefore(this.row(step), next);
    }
    if (!steps.length) {
      const empty = element("td", { colSpan: 4, textContent: "No event fits the filters." });
      this.body.append(element("tr", {}, empty));
    }
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
      worded("td", (run.us[step] / 1e6).toFixed(6)),
      worded("td", run.at[step] < 0 ? "" : run.name(run.at[step])), what);
    row.dataset.step = step;
    if (step === run.failure) row.classList.add("failure");
    if (step === this.app.difference) row.classList.add("difference");
    return row;
  }

  draw(steps) {
    const { run, svg } = this, first = steps[0], last = steps[steps.length - 1];
    const messages = steps.filter((step) => run.isMessage(step)).map((step) => run.about[step]);
    const keys = {
      band: run.faults.flatMap(({ begins, ends }, fault) => begins <= last && ends >= first
        ? [fault] : []),
      arrow: messages,
      turn: steps.filter((step) => run.deed[step] === TURN && run.at[step] >= 0),
      label: messages,
    };
    for (const { make, group, children } of this.layers) {
      keep(group, children, new Set(keys[make]), (key) => this[make](key));
    }
    this.drawing.setAttribute("transform", `translate(0 ${-this.drawnFrom * ROW})`);
    svg.setAttribute("height", Math.max(1, steps.length) * ROW);
    svg.setAttribute("aria-label", `Space-time diagram of ${plural(steps.length, "event")}; ` +
      "the table of events says the same.");
  }

  /** Where a step is in the whole picture: in the middle of its row, or between two of others. */
  y(step) {
    const place = placeOf(this.visible, step);
    return (this.visible[place] === step ? place + 0.5 : place) * ROW;
  }

  band(fault) {
    const { begins, ends, label } = this.run.faults[fault];
    const y = placeOf(this.visible, begins) * ROW;
    const band = drawn("rect", { class: "fault", y, width: "100%",
      height: placeOf(this.visible, ends + 1) * ROW - y });
    band.append(drawn("title", {}, label));
    return band;
  }

  turn(step) {
    return drawn("rect", { class: "turn", x: this.x(this.run.at[step]) - 4, y: this.y(step) - 4,
      width: 8, height: 8 });
  }

  label(message) {
    const { src, dest, says, body } = this.run.messages, sent = this.run.sent[message];
    const x = this.x(src[message]), isRight = this.x(dest[message]) >= x;
    return drawn("text", { class: `says ${this.run.colourOf(message)}`, x: x + (isRight ? 7 : -7),
      y: this.y(sent) - 3, "text-anchor": isRight ? "start" : "end" },
    sent < 0 ? "" : says[body[message]]);
  }

  arrow(message) {
    const { run } = this, { src, dest } = run.messages;
    const sent = run.sent[message], ended = run.ended[message];
    const x1 = this.x(src[message]), y1 = sent < 0 ? -2 * ROW : this.y(sent);
    const isOver = ended >= 0, lost = isOver && run.deed[ended] === DROP;
    const part = lost ? 0.85 : isOver ? 1 : 0.3;
    const x2 = x1 + (this.x(dest[message]) - x1) * part, y2 = isOver ? this.y(ended) : y1 + 12;
    const decisive = run.decisive.has(message) ? " decisive" : "";
    const way = lost ? " lost" : isOver ? "" : " open";
    const reply = run.replyTo[message] >= 0 ? " reply" : "";
    const colour = isOver && ended === run.failure ? "broken" : run.colourOf(message);
    const group = drawn("g", { class: `arrow ${colour}${decisive}${way}${reply}` });
    // Of one that is too long to be seen as a whole, both ends point to where the other one is;
    // they stop between the lines of nodes.
    const isLong = y2 - y1 > ROWS * ROW, reach = (ROWS >> 2) * ROW, across = 0.42 * (x2 - x1);
    const shaft = x1 === x2 ? `C${x1 + 30} ${y1} ${x1 + 30} ${y2} ${x2} ${y2}`
      : isLong ? `L${x1 + across} ${y1 + reach}M${x2 - across} ${y2 - reach}L${x2} ${y2}` : `L${x2} ${y2}`;
    group.append(drawn("path", { class: "shaft", d: `M${x1} ${y1}${shaft}` }));
    if (lost) {
      group.append(drawn("path", { class: "cross", d: `M${x2 - 4} ${y2 - 4}l8 8m0-8l-8 8` }));
    } else if (isOver) {
      const slope = x1 === x2 ? 180 : Math.atan2(...isLong ? [reach, across] : [y2 - y1, x2 - x1]) * 180 / Math.PI;
      group.append(drawn("path", { class: "head", d: "M0 0L-8 3.5V-3.5Z",
        transform: `translate(${x2} ${y2}) rotate(${slope.toFixed(1)})` }));
    }
    if (sent >= 0) group.append(drawn("circle", { class: "dot", cx: x1, cy: y1, r: 2.5 }));
    return group;
  }

  /** Move the cursor, which is cheap, as nothing is drawn anew. */
  mark(place) {
    const { run } = this, row = this.body.rows[place - this.drawnFrom];
    const isThere = this.visible[place] === this.step;
    this.marked?.removeAttribute("aria-current");
    if (this.marked) this.button(this.marked).tabIndex = -1;
    this.marked = isThere ? row : null;
    if (isThere) {
      row.setAttribute("aria-current", "step");
      this.button(row).tabIndex = 0;
    }
    this.current?.classList.remove("now");
    const arrows = this.layers.find(({ make }) => make === "arrow").children;
    this.current = run.isMessage(this.step) ? arrows.get(run.about[this.step]) : null;
    this.current?.classList.add("now");
    const y = (place + (isThere ? 0 : -0.5)) * ROW;
    this.cursor.setAttribute("y", y);
    this.cursor.setAttribute("height", isThere ? ROW : 2);
    this.top = y - this.drawnFrom * ROW;
  }

  button(row) { return row.querySelector("button"); }

  /**
   * Show the cursor in the middle, and of a picture that is too wide the node.
   *
   * It comes last in a step, as the browser lays everything out for it.
   */
  scroll() {
    const node = this.run.at[this.step];
    if (this.hasFocus && this.marked) this.button(this.marked).focus({ preventScroll: true });
    this.hasFocus = false;
    for (const box of this.boxes) {
      const [across, down] = box.half ?? [0, 0];
      box.scrollTop = this.top - down + 2 * ROW;
      if (node >= 0) box.scrollLeft = this.x(node) - across;
    }
  }

  jumpTo(step, text) {
    const button = worded("button", text, "link");
    button.addEventListener("click", () => this.app.go(step, this, true));
    return button;
  }

  showMoment() {
    const { run, step } = this, about = run.about[step];
    const parts = [];
    if (this.suffix) parts.push(worded("p", this.told()));
    if (run.isMessage(step)) parts.push(this.message(about));
    const operation = run.isMessage(step) ? run.operationOf.get(about) : run.deed[step] === FAILS
      ? run.operations.get(about) : null;
    if (operation) parts.push(this.operation(operation));
    parts.push(this.flying(), this.source(), this.whatIf());
    this.moment.replaceChildren(...parts.filter(Boolean));
  }

  told() {
    const { run, step } = this;
    return `Event ${number(run.first + step + 1)} of ${number(run.total)}, ` +
      `${seconds(run.us[step])}: ${run.sentence(step)}`;
  }

  message(message) {
    const { run } = this, sent = run.sent[message], ended = run.ended[message];
    const list = element("dl", { tabIndex: 0 });
    const add = (name, ...values) => list.append(worded("dt", name),
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
    if (!count) return worded("p", "No message is under way.", "faint");
    const items = found.map((message) => {
      const { src, dest } = run.messages, ended = run.ended[message];
      const text = `${run.name(src[message])} → ${run.name(dest[message])}: ${run.says(message)}`;
      return element("li", {}, this.jumpTo(ended < 0 ? run.sent[message] : ended, text));
    });
    const more = count > SHOWN_FLYING ? `, of which the newest ${SHOWN_FLYING}` : "";
    return element("details", { open: this.flyingOpen ?? false,
      ontoggle: (event) => { this.flyingOpen = event.target.open; } },
      worded("summary", `${plural(count, "message")} under way${more}`),
      element("ul", {}, ...items));
  }

  /** The commands that give the same run with one thing changed from here on. */
  whatIf() {
    const { run, step } = this, node = run.at[step], changes = [];
    if (!run.changeable) return null;
    if (run.isMessage(step)) {
      const id = run.byId[run.about[step]];
      changes.push(["dropped", `drop:${id}`], ["500 ms later", `delay:${id}:500`],
        ["twice", `double:${id}`]);
    }
    if (run.nodes.includes(node)) {
      changes.push([`${run.name(node)} killed`, `kill:${run.name(node)}:${run.us[step] / 1e6}`]);
    }
    if (!changes.length) return null;
    const list = element("dl", { tabIndex: 0 });
    for (const [name, change] of changes) {
      list.append(worded("dt", name), worded("dd", `${run.changeable} --what-if ${change}`));
    }
    const found = element("details", { open: this.changesOpen ?? false,
      ontoggle: (event) => { this.changesOpen = event.target.open; } },
      worded("summary", "What if it went otherwise?"), list,
      worded("p", "glomers view STORE --beside STORE then shows both, stepping together. In a " +
        "notebook: lab.debugger(run, run.what_if(\"…\")).", "faint"));
    return found;
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
      listing.append(worded(here ? "mark" : "span", shown));
    });
    this.listing = element("div", {}, worded("h3", `${file}, line ${line}`),
      lines.length ? listing : null);
    return this.listing;
  }

  showNode(node) {
    const { run, step } = this, known = run.known.get(node);
    known.goTo(step);
    const lines = this.logLines(node), missing = this.missing(known);
    const key = [known.done, known.steps[known.done - 1] === step, run.at[step] === node, lines.key]
      .join("|");
    const card = this.cards.get(node) ?? this.card(node);
    if (card.lack.textContent !== missing) card.lack.textContent = missing;
    if (card.key === key) return;
    card.key = key;
    card.classList.toggle("acts", run.at[step] === node);
    const parts = [worded("h3", run.name(node))];
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
        const more = plural(paths.length - first.length, "other variable");
        parts.push(worded("p", `and ${more}`, "faint"));
      }
    } else if (run.hasState) {
      parts.push(worded("p", "no variables", "faint"));
    }
    parts.push(card.lack, ...lines.parts);
    card.replaceChildren(...parts);
  }

  card(node) {
    const card = element("section", { className: "node", role: "region",
      "aria-label": `State of ${this.run.name(node)}${this.suffix}` });
    card.lack = worded("p", "", "wrong");
    this.cards.set(node, card);
    this.nodes.append(card);
    return card;
  }

  variable(path, { text, before, members, kind, plus, minus, since, of }) {
    const isNew = since === this.step, cell = element("td");
    if (members) {
      const isList = Array.isArray(members), fresh = new Set(isNew ? plus : []);
      const rest = isList ? members : [...members].filter((item) => !fresh.has(item));
      const shown = rest.slice(-SHOWN_MEMBERS);
      const add = (tag, items) => items.slice(0, SHOWN_MEMBERS)
        .forEach((item) => cell.append(worded(tag, item), " "));
      cell.append(worded("span", `${kind} of ${number(of)} `, "faint"));
      if (isNew) add("del", minus);
      if (!isList) add("ins", [...fresh]);
      if (rest.length > shown.length) cell.append("… ");
      if (!isList || !isNew) cell.append(shown.join(" "));
      else shown.forEach((item) => cell.append(fresh.has(item) ? worded("ins", item) : item, " "));
    } else {
      if (isNew && before !== undefined) cell.append(worded("del", before), " ");
      cell.append(worded(isNew ? "ins" : "span", text));
    }
    const origin = since < 0 ? "before" : isNew ? "now"
      : this.jumpTo(since, number(this.run.first + since + 1));
    if (origin.tagName) origin.ariaLabel = `Go to ${this.run.label(since)}, which set ${path}`;
    return element("tr", { className: isNew ? "changed" : "" },
      element("th", { scope: "row", textContent: path }), cell, element("td", {}, origin));
  }

  /** What has been acknowledged elsewhere by now, and this node does not have. */
  missing(known) {
    const { run } = this, { acknowledged } = run;
    if (run.holder === null || !acknowledged.length) return "";
    const held = known.variables.get(run.holderPath)?.members;
    if (!held) return "";
    const count = placeOf(run.acknowledgedAt, this.step + 1);
    const before = known.losses === known.lacking?.losses ? known.lacking : { count: 0, places: [] };
    const places = before.places.filter((place) => place < count);
    for (let place = before.count; place < count; place++) places.push(place);
    const has = Array.isArray(held) && places.length ? new Set(held) : held;
    const lacking = places.filter((place) => !has.has(acknowledged[place].value));
    known.lacking = { losses: known.losses, count, places: lacking };
    if (!lacking.length) return "";
    const more = lacking.length > SHOWN_LACKING ? ` and ${lacking.length - SHOWN_LACKING} more` : "";
    const named = lacking.slice(-SHOWN_LACKING).map((place) => acknowledged[place])
      .map(({ value, node }) => `${value} (${run.name(node)})`);
    return `Missing here, acknowledged by: ${named.join(", ")}${more}`;
  }

  logLines(node) {
    const { run, step } = this, log = run.lines.find((each) => each.node === node);
    if (!log) return { key: "", parts: [] };
    const end = placeOf(log.us, run.us[step] + 1), parts = [];
    const texts = log.texts.slice(Math.max(0, end - SHOWN_LINES), end);
    if (texts.length) {
      const lines = texts.map((text, place) => {
        const us = log.us[end - texts.length + place], now = us === run.us[step];
        return worded(now ? "mark" : "span", `${(us / 1e6).toFixed(3)}  ${text}\n`);
      });
      parts.push(worded("h4", "log"), element("pre", {}, ...lines));
    }
    if (log.more) {
      const are = log.more === 1 ? "is" : "are";
      parts.push(worded("p", `${plural(log.more, "line")} of its log ${are} not here.`, "faint"));
    }
    return { key: `${end} ${texts.length && log.us[end - 1] === run.us[step]}`, parts };
  }
}
