"use strict";
// Unpacks the script of the page, which is what makes up most of a small one, and lets it run.  The
// page's policy names the hashes of both: whatever is not exactly these does not run.

async function unpacked({ textContent }) {
  const binary = atob(textContent.trim().replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function fail(error) {
  const wait = document.getElementById("wait");
  wait.hidden = false;
  wait.textContent = "This page cannot be shown: it needs a browser of 2023 or later " +
    `(${error.message}).`;
  throw error;
}

unpacked(document.getElementById("script")).then((text) => {
  const script = document.createElement("script");
  script.textContent = text;
  document.body.append(script);
}).catch(fail);
