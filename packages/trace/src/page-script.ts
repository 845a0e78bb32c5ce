/**
 * The page's one script: hides what does not match, and opens a bundle that a link leads to. It reads
 * text and sets `hidden` and `open`, so that no name can become markup.
 */
export const SCRIPT = `
"use strict";
const input = document.getElementById("find");
const found = document.getElementById("found");
const items = [...document.querySelectorAll("[data-item]")];
const texts = items.map((item) => item.textContent.toLowerCase());
function search() {
  const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  items.forEach((item, i) => {
    item.hidden = !words.every((word) => texts[i].includes(word));
    if (!item.hidden) shown += 1;
  });
  found.textContent = words.length === 0 ? "" : shown + " of " + items.length + " entries";
}
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.hidden) { input.value = ""; search(); }
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView({ block: "start" });
}
input.addEventListener("input", search);
addEventListener("hashchange", reveal);
addEventListener("keydown", (event) => {
  const typing = document.activeElement === input;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); input.focus(); }
  if (event.key === "Escape" && typing) { input.value = ""; search(); input.blur(); }
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
document.getElementById("finder").hidden = false;
reveal();
`;
