// The list by keyboard; and a list that changes while somebody is in the middle of something waits for it.
"use strict";
(() => {
  const list = () => document.getElementById("list");
  const lines = () => [...document.querySelectorAll("#list .open")];
  const typing = (element) => /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName);
  let waiting = false, place = -1;

  // j, k and the arrows go from line to line while the focus is in the page's content
  document.addEventListener("keydown", (event) => {
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const main = document.getElementById("main");
    if (!step || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !main.contains(event.target)) return;
    const all = lines(), line = event.target.closest(".line");
    if (!all.length || (event.key.startsWith("Arrow") && !line)) return;
    const now = line ? all.indexOf(line.querySelector(".open")) : step > 0 ? -1 : all.length;
    const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });

  const busy = () => list() && (list().querySelector("details[open]") || (list().contains(document.activeElement) && typing(document.activeElement)));
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === list() && busy()) { event.preventDefault(); waiting = true; }
  });
  document.addEventListener("toggle", () => {
    if (waiting && !busy()) { waiting = false; document.body.dispatchEvent(new CustomEvent("live-changed")); }
  }, true);

  // where the line that had the focus has gone, the one that stands in its place has it
  document.addEventListener("htmx:beforeSwap", () => {
    const line = document.activeElement && document.activeElement.closest("#list .line");
    place = line ? [...document.querySelectorAll("#list .line")].indexOf(line) : -1;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const all = lines();
    if (place >= 0 && all.length && (!document.activeElement || document.activeElement === document.body)) all[Math.min(place, all.length - 1)].focus({ preventScroll: true });
    place = -1;
  });
})();
