/* The theme toggle (system, light, dark; remembered), copying of keys, what the keyboard does, and quick
   navigation within the page. */
(() => {
  const order = ["system", "light", "dark"];
  const stored = () => localStorage.getItem("throughline-theme") || "system";
  const label = () => {
    const button = document.getElementById("theme-toggle");
    if (button) button.textContent = { system: "Theme: system", light: "Theme: light", dark: "Theme: dark" }[stored()];
  };
  const go = (href) => {
    history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("#theme-toggle")) {
      const next = order[(order.indexOf(stored()) + 1) % order.length];
      localStorage.setItem("throughline-theme", next);
      if (next === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = next;
      label();
      return;
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(copy.dataset.copy).then(() => {
        copy.classList.add("done");
        setTimeout(() => copy.classList.remove("done"), 1200);
      });
      return;
    }
    const link = event.target.closest("a[href^='/']");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link && plain && !link.target && !link.hasAttribute("data-reload")) {
      event.preventDefault();
      go(link.getAttribute("href"));
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.search");
    if (!form) return;
    event.preventDefault();
    const kept = new URLSearchParams(form.dataset.keep || "");
    const text = form.querySelector("input").value.trim();
    kept.delete("q");
    if (text) kept.set("q", text);
    const query = kept.toString();
    go(form.getAttribute("action") + (query ? "?" + query : ""));
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
    if (event.key === "Enter") event.target.closest(".ag-cell:focus")?.querySelector("a, button")?.click();
    if (event.key === "/" && !typing) {
      event.preventDefault();
      document.querySelector(".topbar .search input")?.focus();
    }
  });
  const waiting = setInterval(() => {
    if (document.getElementById("theme-toggle")) { label(); clearInterval(waiting); }
  }, 50);
})();
