// The parts of a patient's page that are shown anew: none is taken from under somebody's hands.
"use strict";

function touched(part) {
  const typed = (field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT" ? field.selectedIndex !== Math.max(0, Array.from(field.options).findIndex((each) => each.defaultSelected))
        : field.value !== field.defaultValue;
  const fields = Array.from(part.querySelectorAll("input:not([type=hidden]), select, textarea"));
  return fields.some((field) => field === document.activeElement || typed(field));
}

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (touched(event.detail.target)) event.detail.shouldSwap = false;
});

// The place where the patient stands is in sight, however narrow the screen.
function showPlace() {
  const region = document.querySelector(".picture"), place = region && region.querySelector(".box.now");
  if (!place) return;
  const at = place.getBoundingClientRect(), frame = region.getBoundingClientRect();
  region.scrollLeft += at.left + at.width / 2 - frame.left - frame.width / 2;
}
showPlace();
document.addEventListener("htmx:oobAfterSwap", showPlace);

// Nobody answers: what was typed is not sent into the void, where a browser would lose it.
const unreached = document.getElementById("unreached");
if (unreached) {
  document.addEventListener("htmx:sseError", () => { unreached.hidden = false; });
  document.addEventListener("htmx:sseOpen", () => { unreached.hidden = true; });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (unreached.hidden || event.defaultPrevented || form.method !== "post") return;
    event.preventDefault();
    try {
      await fetch(document.querySelector("link[rel=icon]").href, { cache: "no-store" });
      unreached.hidden = true;
    } catch { unreached.scrollIntoView({ block: "center" }); }
    delete form.dataset.sent;
    if (unreached.hidden) form.requestSubmit(event.submitter);
  });
}

// The patient has left the wards of whoever looks: the page would stand there as if it were true.
document.addEventListener("htmx:responseError", (event) => {
  const gone = document.getElementById("gone");
  if (gone && event.detail.xhr.status === 404) gone.hidden = false;
});
