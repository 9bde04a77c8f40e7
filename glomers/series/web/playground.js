"use strict";
// The playground: a menu, a command, files, and a link that holds them all.

{
  const { element } = glomers;
  const place = document.getElementById("playground");
  const NODE = "node.py";
  const MOST_LETTERS = 200_000;
  const MOST_FILES = 20;
  const MOST_LINES = 3000;
  const IS_NAME = /^[\w-]+\.py$/;

  function field(label, input) {
    return element("label", {}, element("span", {}, label), input);
  }

  // What came by a link is anybody's: it is taken if it has the right shape, and only shown.
  function checked(content) {
    const { files, command, seed, challenge, check } = content;
    const isFile = ([name, text]) => IS_NAME.test(name) && typeof text === "string"
      && text.split("\n").length <= MOST_LINES;
    const isId = (id) => id === null || (typeof id === "string" && /^[\w-]{1,10}$/.test(id));
    const told = Object.entries(files);
    if (told.length > MOST_FILES || !told.every(isFile) || typeof files[NODE] !== "string"
      || typeof command !== "string" || !Number.isInteger(seed) || !isId(challenge) || !isId(check)) {
      throw new Error("it has another shape");
    }
    return { files, command, seed, challenge, check };
  }

  class Playground {
    constructor(menu) {
      this.menu = menu;
      this.command = element("input", { type: "text", spellcheck: "false", autocomplete: "off" });
      this.seed = element("input", { type: "number", min: "0", max: "2147483647", value: "0" });
      this.select = this.choices();
      this.files = element("div", { class: "files" });
      this.note = element("p", { class: "note", hidden: true });
      this.panel = new glomers.Panel({
        text: "", file: NODE,
        node: () => ({ command: this.line(), seed: this.seed.valueAsNumber || 0, challenge: this.challenge }),
        check: () => this.task,
        others: () => this.others(),
        restore: () => this.begin(this.chosen),
        changed: () => this.keep(),
      });
      const add = this.button("Add a file", () => this.addFile("helper.py", ""));
      const share = this.button("Copy a link", () => this.share());
      const store = this.button("Download the store", () => this.panel.downloadStore());
      this.panel.root.querySelector(".buttons").append(add, share, store);
      this.panel.editor.root.after(this.files);
      const form = element("div", { class: "fields" }, field("Begin with", this.select),
        field("Command", this.command), field("Seed", this.seed));
      place.append(form, this.note, element("p", { class: "file" }, NODE), this.panel.root);
      this.select.addEventListener("change", () => this.begin(this.menu[this.select.value] ?? this.linked));
      form.addEventListener("input", () => this.keep());
      this.files.addEventListener("input", () => this.keep());
    }

    // What is here is kept between visits once it has been changed.
    keep() {
      glomers.drafts.set(NODE, this.isChanged() ? JSON.stringify(this.content()) : null);
    }

    isChanged() {
      return this.shown !== undefined && JSON.stringify(this.content()) !== this.shown;
    }

    // Something else from the menu, or the same again; what was changed before comes back if asked.
    begin(content) {
      if (this.linked) glomers.renew();
      const before = this.isChanged() ? this.content() : null;
      this.show(content);
      this.panel.status.textContent = "This is the node as it stood here.";
      if (before) this.panel.offerBack(() => { this.show(before); this.shown = ""; this.keep(); });
      this.keep();
    }

    button(name, act) {
      const made = element("button", { type: "button" }, name);
      made.addEventListener("click", act);
      return made;
    }

    choices() {
      const select = element("select", {}, element("option", { value: "" }, "What came by the link"));
      const groups = new Map();
      this.menu.forEach(({ group, name }, index) => {
        if (!groups.has(group)) {
          groups.set(group, element("optgroup", { label: group }));
          select.append(groups.get(group));
        }
        groups.get(group).append(element("option", { value: index }, name));
      });
      return select;
    }

    // The node is always the file above.
    line() {
      const line = this.command.value.trim().replace(/^maelstrom\s+/, "");
      const begun = line.startsWith("test") ? line : `test ${line}`;
      if (/(^|\s)--bin\b/.test(begun)) return begun;
      return begun.replace(/\s--(\s|$)|$/, (end) => ` --bin ${NODE}${end}`);
    }

    // The files beside the node, by their names as they are typed.
    added() {
      return [...this.files.children].map((box) => [box.querySelector("input").value.trim(), box.editor.text]);
    }

    others() {
      const names = new Set([NODE]);
      for (const [name] of this.added()) {
        if (!IS_NAME.test(name)) {
          throw new glomers.Refused(`“${name}” is no name for a file beside the node: it has `
            + "letters, digits, - and _, and ends with .py.");
        }
        if (names.has(name)) throw new glomers.Refused(`There are two files called ${name}: rename one.`);
        names.add(name);
      }
      return Object.fromEntries(this.added());
    }

    content() {
      const files = { [NODE]: this.panel.editor.text, ...Object.fromEntries(this.added()) };
      return { files, command: this.line(), seed: this.seed.valueAsNumber || 0,
        challenge: this.challenge, check: this.task };
    }

    addFile(name, text) {
      const input = element("input", { type: "text", value: name, pattern: "[A-Za-z0-9_-]+\\.py" });
      const box = element("div", { class: "other" });
      box.editor = new glomers.Editor(text, { run: () => this.panel.act("run"), changed: () => this.keep() });
      box.editor.area.setAttribute("aria-label", "Other file");
      const remove = this.button("Remove", () => { box.remove(); this.keep(); });
      box.append(field("File", input), remove, box.editor.root);
      this.files.append(box);
    }

    show({ files, command, seed = 0, challenge, check }) {
      this.chosen = { files, command, seed, challenge, check };
      this.challenge = challenge;
      this.task = check;
      this.command.value = command.replace(/^test /, "").replace(` --bin ${NODE}`, "");
      this.seed.value = seed;
      this.panel.original = files[NODE];
      this.panel.editor.text = files[NODE];
      this.files.replaceChildren();
      for (const [name, text] of Object.entries(files)) if (name !== NODE) this.addFile(name, text);
      this.panel.result.hidden = true;
      this.panel.status.textContent = "";
      this.panel.settle();
      this.shown = JSON.stringify(this.content());
    }

    async share() {
      try {
        this.others(); // a link with other names is refused
      } catch (error) {
        this.panel.status.textContent = error.message;
        return;
      }
      const link = `${location.href.split("#")[0]}#${await glomers.packed(this.content())}`;
      history.replaceState(null, "", link);
      try {
        await navigator.clipboard.writeText(link);
        this.panel.status.textContent = "The link is copied: it holds the node and the command.";
      } catch {
        this.panel.status.textContent = "The link stands in the address bar: it holds the node and the command.";
      }
    }

    async open(fragment) {
      if (!fragment.startsWith("n=")) return this.goOn() || this.first();
      try {
        if (fragment.length > MOST_LETTERS) throw new Error("it is too long");
        this.linked = checked(await glomers.unpacked(fragment));
        this.show(this.linked);
        this.select.value = "";
        this.tell("This node came by a link. Nothing has run: read it, then run it if you like. It "
          + "runs in this page alone, and reaches no network.");
      } catch (error) {
        this.first();
        this.tell(`The link holds no node that can be read (${error.message}).`);
      }
    }

    tell(text) {
      this.note.textContent = text;
      this.note.hidden = false;
    }

    // What was changed here on an earlier visit.
    goOn() {
      try {
        const draft = JSON.parse(glomers.drafts.get(NODE)); // one's own, half a name included
        this.first();
        const begun = this.shown;
        this.show(draft);
        this.shown = begun;
        this.panel.status.textContent = "This is what you had here: choose from the menu to begin anew.";
        return true;
      } catch {
        return false; // there is none
      }
    }

    first() {
      this.select.firstElementChild.hidden = true;
      this.select.value = "0";
      this.show(this.menu[0]);
    }
  }

  if (place) {
    const menu = JSON.parse(document.getElementById("menu").textContent);
    new Playground(menu).open(location.hash.slice(1));
    addEventListener("hashchange", () => location.reload());
  }
}
