"use strict";
// A button beside each cell of code copies it. Without this script a page lacks nothing else.
const told = document.body.appendChild(document.createElement("p"));
told.className = "unseen";
told.setAttribute("role", "status");

async function copy(pre) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(pre.textContent);
    return;
  }
  getSelection().selectAllChildren(pre);
  document.execCommand("copy");
}

for (const pre of document.querySelectorAll(".input_area .highlight pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    let said = "Copied";
    await copy(pre).catch(() => { said = "Not copied"; });
    button.textContent = told.textContent = said;
    setTimeout(() => { button.textContent = "Copy"; told.textContent = ""; }, 2000);
  });
  pre.before(button);
}
