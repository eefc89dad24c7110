/* Server-side paging of every AG Grid: blocks are fetched from /rows/<listing> with the cursor that ended the block
   before; a refresh fetches the blocks on the screen again and keeps what is shown until they are there. What the server
   refuses, and why, is said over the list. */
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-acknowledge]");
    if (!button) return;
    button.disabled = true;
    const answer = await fetch(`/api/v1/alerts/${button.dataset.acknowledge}/acknowledge`, { method: "POST" }).catch(() => null);
    if (!answer?.ok) {
      const problem = answer ? await answer.json().catch(() => ({})) : { detail: "The server does not answer. Try again." };
      button.textContent = button.title = problem.detail || `The server answered ${answer.status}.`;
      button.disabled = false;
      return;
    }
    const grid = document.querySelector(".grid [id]");
    if (grid) window.throughline.refresh({ id: JSON.parse(grid.id) });
  });
  const cursors = new Map();
  function gridOf(place) {  // none yet, or none any more
    try { return dash_ag_grid.getApi(place.id); } catch { return undefined; }
  }
  async function block(address) {
    const answer = await fetch(address).catch(() => { throw new Error("The server does not answer."); });
    if (answer.redirected) throw new Error("Nobody is signed in here any more: reload the page.");
    if (answer.ok) return answer.json();
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || `The server answered ${answer.status}.`);
  }
  function say(api, text) {
    if (!api) return;
    api.setGridOption("noRowsOverlayComponentParams", { text });
    api.hideOverlay();
    api.showNoRowsOverlay();
  }
  window.throughline = Object.assign(window.throughline || {}, {
    async rows(request, place) {
      const view = JSON.stringify(place.id);
      if (!cursors.has(view)) cursors.clear();
      const known = cursors.get(view) || cursors.set(view, {}).get(view);
      // The list has become shorter: without a cursor the server would answer with its first rows.
      if (request.startRow && !known[request.startRow]) return { rowData: [], rowCount: request.startRow };
      const query = new URLSearchParams(place.search);
      query.set("of", place.of);
      query.set("_zone", place.zone);
      query.set("_limit", request.endRow - request.startRow);
      if (known[request.startRow]) query.set("_cursor", known[request.startRow]);
      try {
        const page = await block(`/rows/${place.listing}?${query}`);
        known[request.endRow] = page.next_cursor;
        window.throughline.answered();
        if (request.startRow > 0 || page.rows.length) gridOf(place)?.hideOverlay();
        else say(gridOf(place), place.empty);
        return { rowData: page.rows, rowCount: page.next_cursor ? null : request.startRow + page.rows.length };
      } catch (error) {
        say(gridOf(place), error.message);
        if (!(request.endRow in known)) return { rowData: [], rowCount: request.startRow };
        request.failCallback?.();
        return dash_clientside.no_update;
      }
    },
    refresh(place) {
      if (place && !document.hidden) gridOf(place)?.refreshInfiniteCache();
    },
  });
})();
