// What pages do better with a script; each works without. No page's data is kept in the browser.
"use strict";

// A part that is fetched anew keeps the place where the keyboard was.
document.addEventListener("htmx:beforeSwap", (event) => {
  const focused = document.activeElement;
  event.detail.target.dataset.focus = focused && event.detail.target.contains(focused) ? focused.id : "";
});
document.addEventListener("htmx:afterSwap", (event) => {
  const id = event.detail.target.dataset.focus;
  if (id && document.getElementById(id)) document.getElementById(id).focus({ preventScroll: true });
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post" && !form.hasAttribute("hx-post")) form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
