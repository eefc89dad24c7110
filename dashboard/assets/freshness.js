/* How old what is on the screen is: called with every answer of the server, watched every second. Twenty seconds
   without an answer make the page stale: it says so, and fades. */
(() => {
  let answered = null;
  window.throughline = Object.assign(window.throughline || {}, { answered: () => { answered = Date.now(); show(); } });
  function show() {
    const place = document.getElementById("freshness");
    if (!place || answered === null) return;
    const seconds = Math.round((Date.now() - answered) / 1000);
    const stale = seconds > 20;
    place.textContent = stale ? `No answer for ${seconds} s · showing the last known state` : seconds < 8 ? "Live" : `Updated ${seconds} s ago`;
    place.classList.toggle("stale", stale);
    document.body.classList.toggle("stale-page", stale);
  }
  setInterval(show, 1000);
})();
