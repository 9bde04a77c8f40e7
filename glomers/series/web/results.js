"use strict";
// What a desk replies, as elements. All of it is text or an image: a node may have written it.

{
  const { element } = glomers;
  const MARKS = { true: ["✓", "good"], false: ["✗", "bad"], null: ["·", "soft"] };

  // Text in which code stands between backticks.
  function prose(text) {
    return String(text).split(/(`[^`]+`)/).map((part) =>
      /^`[^`]+`$/.test(part) ? element("code", {}, part.slice(1, -1)) : part);
  }

  function paragraph(text, style) {
    return element("p", { class: style }, ...prose(text));
  }

  function picture(drawn) {
    if (!drawn) return [];
    const address = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(drawn.svg);
    const image = element("img", { alt: drawn.alt, src: address });
    const box = element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Picture" }, image);
    return [element("figure", {}, box, element("figcaption", {}, ...prose(drawn.caption)))];
  }

  // A line of the node is marked, and can be gone to.
  function place([name, line], editor, file) {
    if (!editor || name !== file.split("/").pop()) return ` (${name}:${line})`;
    editor.mark(line);
    const go = element("button", { type: "button", class: "place" }, `line ${line}`);
    go.addEventListener("click", () => editor.goTo(line));
    return go;
  }

  // The same in a sentence that has the place in it.
  function placed(text, editor, file) {
    const [, before, name, line, after] = /^(.*?) \(([\w-]+\.py):(\d+)\)(.*)$/s.exec(text) ?? [];
    if (!name) return prose(text);
    return [...prose(before + after), " ", place([name, Number(line)], editor, file)];
  }

  function finding(told, editor, file) {
    const item = element("li", {}, ...prose(told.sentence));
    if (told.place) item.append(" ", place(told.place, editor, file));
    const shown = told.evidence.join(" ").slice(0, 200);
    if (shown) item.append(element("br"), element("code", { class: "soft" }, shown));
    return item;
  }

  function findings(told, editor, file) {
    if (!told.length) return [];
    const items = told.map((each) => finding(each, editor, file));
    return [element("h4", {}, "What went wrong:"), element("ol", {}, ...items)];
  }

  function table({ title, heads, rows, note }) {
    const head = heads.map((text) => element("th", { scope: "col" }, text || "\u00a0"));
    const body = rows.map(([name, ...cells]) => element("tr", {},
      element("th", { scope: "row" }, name), ...cells.map((text) => element("td", {}, text))));
    const made = element("table", {}, element("caption", {}, title),
      element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
    return [element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": title }, made), ...(note ? [paragraph(note, "soft")] : [])];
  }

  function folded(summary, text) {
    return text.trim() ? [element("details", {}, element("summary", {}, summary),
      element("pre", { tabindex: "0" }, text))] : [];
  }

  function logs(told) {
    const text = Object.entries(told).sort().filter(([, log]) => log.trim())
      .map(([name, log]) => `${name}\n${log}`).join("\n");
    return folded("What the nodes wrote on stderr", text);
  }

  glomers.results = {
    prose,

    run(reply, editor, file) {
      const [mark, style] = MARKS[reply.valid === "unknown" ? null : reply.valid ?? false];
      const isBroken = reply.valid === null;
      const verdict = element("p", { class: "verdict" },
        element("b", { class: style }, `${mark} ${reply.verdict}`), " ",
        element("code", {}, reply.command));
      const untold = !reply.findings.length && reply.explanation;
      return [
        verdict,
        ...(reply.note ? [paragraph(reply.note, "soft")] : []),
        ...reply.lines.map((line) => paragraph(line)),
        ...(isBroken && untold ? [element("pre", { tabindex: "0" }, reply.explanation)] : []),
        ...findings(reply.findings, editor, file),
        ...(reply.table ? table(reply.table) : []),
        ...picture(reply.picture),
        ...logs(reply.logs),
        ...folded("What the bench printed", reply.printed),
      ];
    },

    check({ told, picture: drawn }, editor, file) {
      const items = told.stages.map(({ name, passed, why }) => {
        const [mark, style] = MARKS[passed];
        const isTold = passed === false && told.findings.length;
        return element("li", {}, element("b", { class: style }, `${mark} ${name}`),
          ...(isTold ? [] : [" ", element("small", {}, ...prose(why))]));
      });
      const broken = told.findings.map((text) => element("li", {}, ...placed(text, editor, file)));
      const remarks = told.remarks.map((text) => element("li", {}, ...prose(text)));
      return [
        element("ul", { class: "stages" }, ...items),
        ...(broken.length ? [element("h4", {}, "What went wrong:"), element("ol", {}, ...broken)] : []),
        ...(remarks.length ? [paragraph(told.yet), element("ol", {}, ...remarks)] : []),
        ...[told.relies_on, told.advice].filter(Boolean).map((text) => paragraph(text)),
        ...picture(drawn),
        ...told.proof.map((text) => paragraph(text, "soft")),
        paragraph("On a page stages have fewer runs than those of `glomers assess`.", "soft"),
      ];
    },

    explore({ rows, note, picture: drawn, findings: told }, editor, file) {
      const failed = rows.filter((row) => row.outcome === "fail");
      const items = failed.map((row) => element("li", {},
        `seed ${row.seed}: ${row.broken ?? row.anomalies.join(", ")}`, element("br"),
        element("code", { class: "soft" }, row.command)));
      const list = items.length ? [element("details", {}, element("summary", {}, "The seeds that fail"),
        element("ul", {}, ...items))] : [];
      return [
        paragraph(glomers.results.explored(rows), "verdict"),
        ...(note ? [paragraph(note, "soft")] : []),
        ...findings(told, editor, file),
        ...(drawn ? [element("h4", {}, "The smallest failure that was found:"), ...picture(drawn)] : []),
        ...list,
      ];
    },

    explored(rows) {
      const failed = rows.filter((row) => row.outcome === "fail");
      const names = [...new Set(failed.flatMap((row) => row.anomalies))];
      const which = names.length ? `: ${names.join(", ")}` : "";
      const vacuous = rows.filter((row) => row.vacuous.length);
      const reasons = [...new Set(vacuous.flatMap((row) => row.vacuous))].join(", ");
      const mark = failed.length ? "✗" : vacuous.length === rows.length ? "·" : "✓";
      const passes = failed.length === rows.length ? "" : " Passes in which nothing worth checking "
        + `happened: ${vacuous.length}${reasons && ` (${reasons})`}.`;
      return `${mark} ${failed.length} of ${rows.length} seeds fail${which}.${passes}`;
    },

    help(text) {
      return [element("pre", { tabindex: "0" }, text)];
    },

    refused(sentence) {
      return [paragraph(sentence, "note bad")];
    },
  };
}
