// A board says when it is no longer current: one that stands still must not pass for one on which nothing happens.
"use strict";

(() => {
  const live = document.getElementById("live");
  const stale = document.getElementById("stale");
  if (!live || !stale) return;
  let fetched = Date.now(), failed = false;

  const show = (old) => {
    if (stale.hidden === !old) return;
    stale.hidden = !old;
    document.body.classList.toggle("old", old);
  };
  const look = () => show(failed || Date.now() - fetched > 1000 * Number(live.dataset.longest));
  const fail = () => { failed = true; look(); };

  // What comes instead of a board (a page to sign in, an error) does not take its place.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.requestConfig && event.detail.requestConfig.elt !== live) return;
    if (event.detail.xhr.status === 200 && event.detail.serverResponse.includes('id="board"')) {
      fetched = Date.now();
      failed = false;
      look();
    } else {
      event.detail.shouldSwap = false;
      fail();
    }
  });
  document.addEventListener("htmx:sendError", fail);
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", look);
})();
