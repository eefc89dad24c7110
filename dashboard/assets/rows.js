/* Server-side paging of every AG Grid: blocks are fetched from /rows/<listing> with the cursor that ended the block
   before; a refresh fetches the blocks on the screen again and keeps what is shown until they are there. */
(() => {
  function source(place) {
    const cursors = { 0: null };
    return {
      async getRows(params) {
        const query = new URLSearchParams(place.search);
        query.set("of", place.of);
        query.set("_zone", place.zone);
        query.set("_limit", params.endRow - params.startRow);
        if (cursors[params.startRow]) query.set("_cursor", cursors[params.startRow]);
        try {
          const answer = await fetch(`/rows/${place.listing}?${query}`);
          if (!answer.ok) throw new Error(`status ${answer.status}`);
          const page = await answer.json();
          if (page.next_cursor) cursors[params.endRow] = page.next_cursor;
          params.successCallback(page.rows, page.next_cursor ? undefined : params.startRow + page.rows.length);
          if (params.startRow === 0 && !page.rows.length) params.api?.showNoRowsOverlay?.();
          window.throughline.answered();
        } catch (error) {
          params.failCallback();
        }
      },
    };
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-acknowledge]");
    if (!button) return;
    button.disabled = true;
    const answer = await fetch(`/api/v1/alerts/${button.dataset.acknowledge}/acknowledge`, { method: "POST" });
    if (!answer.ok) button.textContent = (await answer.json()).detail || "Not possible";
    window.throughline.refresh();
  });
  const grids = new Map();
  window.throughline = Object.assign(window.throughline || {}, {
    async attach(id, place) {
      const api = await dash_ag_grid.getApiAsync(id);
      setTimeout(() => api.setGridOption("datasource", source(place)), 0);
      grids.clear();
      grids.set("grid", api);
    },
    refresh() {
      for (const api of grids.values()) if (!api.isDestroyed?.()) api.refreshInfiniteCache();
    },
  });
})();
