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
