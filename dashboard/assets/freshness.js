/* Puts what the server drew into its places, and only what differs: a section that is the same stays untouched, and one
   that differs in figures and texts alone hands these over, so that nothing blinks, closes or loses focus or zoom.

   How old what is on the screen is: set by every answer of the server, watched every second. Twenty seconds
   without an answer make the page stale: it says so, and fades. */
(() => {
  let answered = null;
  let shown = [];
  let pending = 0;
  const CHANGING = { Graph: ["figure"], Markup: ["attributes", "inner"] };
  const bare = (section, parts) =>
    JSON.stringify(section, (name, part) => {
      const names = CHANGING[part?.type];
      if (!names || !part.props.id) return part;
      const props = Object.fromEntries(names.map((each) => [each, part.props[each]]));
      parts.push({ id: part.props.id, props, text: JSON.stringify(props) });
      return { ...part, type: `bare ${part.type}`, props: { ...part.props, ...Object.fromEntries(names.map((each) => [each, null])) } };
    });
  function placed(section, index) {
    if (section === null) return dash_clientside.no_update;
    const parts = [];
    const now = { text: bare(section, parts), parts };
    const before = shown[index];
    shown[index] = now;
    if (!before || before.text !== now.text) return section;
    parts.forEach(({ id, props, text }, number) => {
      if (before.parts[number].text !== text) dash_clientside.set_props(id, props);
    });
    return dash_clientside.no_update;
  }
  window.throughline = Object.assign(window.throughline || {}, {
    answered() { answered = Date.now(); show(); },
    asked() { pending = Date.now(); },
    /* Dash drops an answer that is on its way when it asks again: a beat waits for it, half a minute at most. */
    mayAsk() {
      if (document.hidden || Date.now() - pending < 30000) return false;
      pending = Date.now();
      return true;
    },
    place({ sections }) {
      pending = 0;
      window.throughline.answered();
      return sections.map(placed);
    },
  });
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
