// The parts of a patient's page that are shown anew: none is taken from under somebody's hands.
"use strict";

function touched(part) {
  const typed = (field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT" ? Array.from(field.options).some((each) => each.selected !== each.defaultSelected)
        : field.value !== field.defaultValue;
  return part.contains(document.activeElement) ||
    Array.from(part.querySelectorAll("input:not([type=hidden]), select, textarea")).some(typed);
}

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (touched(event.detail.target)) event.detail.shouldSwap = false;
});
// What was shown is news no longer.
document.addEventListener("htmx:afterRequest", (event) => {
  const notice = event.target.closest(".changed");
  if (notice && event.detail.successful) notice.remove();
});
