// What tells a page that something changed: one stream while the page is seen, none while it is hidden.
// The page's own element with data-live names the address; `live-changed` is then fired at the body.
"use strict";
(() => {
  const place = document.querySelector("[data-live]");
  if (!place || !window.EventSource) return;
  const address = place.dataset.live, stale = document.getElementById("stale");
  let source = null, later = 0, missed = false;

  const tell = () => document.body.dispatchEvent(new CustomEvent("live-changed"));
  const show = (gone) => { missed = missed || gone; if (stale) stale.hidden = !gone; };
  const doubt = (after) => { if (!later) later = setTimeout(() => { later = 0; show(true); retry(); }, after); };
  const close = () => { if (source) source.close(); source = null; clearTimeout(later); later = 0; };
  const retry = () => { if (!document.hidden && (!source || source.readyState === EventSource.CLOSED)) open(); };

  function open() {
    close();
    source = new EventSource(address);
    source.onopen = () => { clearTimeout(later); later = 0; if (missed) tell(); missed = false; show(false); };
    source.onerror = () => doubt(source.readyState === EventSource.CLOSED ? 15000 : 8000);
    source.addEventListener("changed", tell);
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); missed = true; } else open();
  });
  // a list that cannot be had anew is not shown as if it were of now
  document.addEventListener("htmx:responseError", () => show(true));
  document.addEventListener("htmx:sendError", () => show(true));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful && source && source.readyState === EventSource.OPEN) { missed = false; show(false); } });
  if (!document.hidden) open();
})();
