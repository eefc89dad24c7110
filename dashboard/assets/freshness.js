/* Puts what the server drew into its places, and only what differs: a section that is the same stays untouched, and one
   that differs in figures and texts alone hands these over, so that nothing blinks, closes or loses focus or zoom.

   How old what is on the screen is: set by every answer of the server, watched every second. Twenty seconds
   without an answer make the page stale: it says so, and fades. So does one whose reader is no longer signed in. */
(() => {
  let answered = null;
  let shown = [];
  let pending = 0;
  let signedOut = false;
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
  /* Dash keeps to itself what it was refused, and why. */
  const ask = window.fetch;
  window.fetch = (...request) => {
    const answer = ask(...request);
    if (!String(request[0]?.url ?? request[0]).includes("/_dash-update-component")) return answer;
    const heard = (status) => {
      signedOut = status === 401;
      if (status !== 200 && status !== 204) pending = 0;  // the next beat asks again
      show();
    };
    answer.then(({ status }) => heard(status), () => heard(0));
    return answer;
  };
  function show() {
    const place = document.getElementById("freshness");
    if (!place || answered === null) return;
    const seconds = Math.round((Date.now() - answered) / 1000);
    const stale = seconds > 20 || signedOut;
    const next = location.pathname + location.search;
    if (!signedOut) {
      place.textContent = stale ? `No answer for ${seconds} s · showing the last known state` : seconds < 8 ? "Live" : `Updated ${seconds} s ago`;
    } else if (place.firstElementChild?.dataset.next !== next) {  // a link drawn anew under the finger is never clicked
      const link = document.createElement("a");
      link.href = `/sign-in?next=${encodeURIComponent(next)}`;
      link.dataset.next = next;
      link.dataset.reload = "";
      link.textContent = "Sign in again";
      place.replaceChildren("Nobody is signed in here any more · ", link);
    }
    place.classList.toggle("stale", stale);
    document.body.classList.toggle("stale-page", stale);
  }
  setInterval(show, 1000);
})();
