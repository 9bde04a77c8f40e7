"use strict";
// An editor for Python: a text area over the same text in colours, with line numbers.

const glomers = {};

glomers.element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
};

{
  const KEYWORDS = new Set(("and as assert async await break case class continue def del elif else "
    + "except finally for from global if import in is lambda match nonlocal not or pass raise "
    + "return try while with yield").split(" "));
  const CONSTANTS = new Set(["True", "False", "None"]);
  const TOKEN = new RegExp([
    /(?<comment>#[^\n]*)/,
    /(?<text>[rbfuRBFU]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?))/,
    /(?<decorator>(?<=^|\n)[ \t]*@[\w.]+)/,
    /(?<number>\b(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?)\b)/,
    /(?<name>[^\W\d]\w*)/,
  ].map((part) => part.source).join("|"), "gu");
  // The classes are those of the pages' own highlighting.
  const CLASSES = { comment: "c1", text: "s2", decorator: "nd", number: "mi" };

  function coloured(text) {
    const parts = [];
    let end = 0;
    let before = "";
    for (const found of text.matchAll(TOKEN)) {
      const [kind] = Object.entries(found.groups).find(([, value]) => value !== undefined);
      let style = CLASSES[kind];
      if (kind === "name") {
        if (KEYWORDS.has(found[0])) style = "k";
        else if (CONSTANTS.has(found[0])) style = "kc";
        else if (before === "def") style = "nf";
        else if (before === "class") style = "nc";
      }
      before = found[0];
      if (!style) continue;
      parts.push(text.slice(end, found.index));
      parts.push(glomers.element("span", { class: style }, found[0]));
      end = found.index + found[0].length;
    }
    parts.push(text.slice(end));
    return parts;
  }

  const INDENT = "    ";

  glomers.Editor = class {
    constructor(text, { hint, run, changed }) {
      this.run = run;
      this.changed = changed;
      this.numbers = glomers.element("div", { class: "numbers", "aria-hidden": "true" });
      this.colours = glomers.element("code");
      const shown = glomers.element("pre", { class: "colours", "aria-hidden": "true" }, this.colours);
      this.area = glomers.element("textarea", {
        "aria-label": "Node program", "aria-describedby": hint, spellcheck: "false",
        autocapitalize: "off", autocomplete: "off", autocorrect: "off", wrap: "off", rows: "1",
      });
      const inner = glomers.element("div", { class: "code" }, shown, this.area);
      this.root = glomers.element("div", { class: "editor highlight" }, this.numbers, inner);
      this.area.addEventListener("input", () => this.show(true));
      this.area.addEventListener("keydown", (event) => this.press(event));
      this.text = text;
    }

    get text() { return this.area.value; }

    set text(text) {
      this.area.value = text;
      this.show(false);
    }

    show(isChange) {
      const text = this.area.value;
      this.colours.replaceChildren(...coloured(text), "\n");
      const count = text.split("\n").length;
      this.numbers.replaceChildren(...Array.from({ length: count }, (_, index) =>
        glomers.element("span", {}, String(index + 1))));
      this.area.removeAttribute("aria-invalid");
      if (isChange) this.changed(text);
    }

    // The line of an error.
    mark(line) {
      const number = this.numbers.children[line - 1];
      if (!number) return;
      number.className = "bad";
      this.area.setAttribute("aria-invalid", "true");
    }

    goTo(line) {
      const lines = this.text.split("\n");
      const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      this.area.focus();
      this.area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    }

    // Tab is left alone, so that nobody is caught in here.
    press(event) {
      const { key } = event;
      const isCommand = event.ctrlKey || event.metaKey;
      if (isCommand && key === "Enter") this.run();
      else if (isCommand && key === "]") this.shift((line) => INDENT + line);
      else if (isCommand && key === "[") this.shift((line) => line.replace(/^ {1,4}/, ""));
      else if (key === "Enter" && !event.isComposing) this.breakLine();
      else if (key === "Backspace" && this.isInIndentation()) this.eraseIndentation();
      else return;
      event.preventDefault();
    }

    before() {
      const { value, selectionStart } = this.area;
      return value.slice(value.lastIndexOf("\n", selectionStart - 1) + 1, selectionStart);
    }

    // As if it had been typed, so that it can be undone.
    insert(text) {
      if (!document.execCommand("insertText", false, text)) {
        const { selectionStart, selectionEnd } = this.area;
        this.area.setRangeText(text, selectionStart, selectionEnd, "end");
        this.show(true);
      }
    }

    breakLine() {
      const line = this.before();
      const indent = /^ */.exec(line)[0];
      this.insert("\n" + indent + (/:\s*(#.*)?$/.test(line) ? INDENT : ""));
    }

    isInIndentation() {
      const { selectionStart, selectionEnd } = this.area;
      return selectionStart === selectionEnd && /^ +$/.test(this.before());
    }

    eraseIndentation() {
      const { selectionStart } = this.area;
      const count = (this.before().length - 1) % 4 + 1;
      this.area.setSelectionRange(selectionStart - count, selectionStart);
      document.execCommand("delete");
      this.show(true);
    }

    shift(change) {
      const { value, selectionStart, selectionEnd } = this.area;
      const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
      const lineEnd = value.indexOf("\n", Math.max(selectionEnd - 1, start));
      const end = lineEnd < 0 ? value.length : lineEnd;
      const text = value.slice(start, end).split("\n").map(change).join("\n");
      this.area.setSelectionRange(start, end);
      this.insert(text);
      this.area.setSelectionRange(start, start + text.length);
    }
  };
}
