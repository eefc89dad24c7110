/* Cell renderers; what they show is put together in Python, they only give it a shape. */
(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const e = (...parts) => React.createElement(...parts);
  cells.Pill = ({ value }) =>
    value ? e("span", { className: `pill is-${value.is}` }, e("span", { className: "icon" }), value.word) : null;
  cells.Pills = ({ value }) =>
    e("span", { style: { display: "inline-flex", gap: 4 } },
      (value || []).map((each) => e("span", { key: each.is, className: `pill is-${each.is}`, title: each.title },
        e("span", { className: "icon" }), each.word)));
  cells.Link = ({ value }) => (value ? e("a", { href: value.href, className: value.mono ? "key" : undefined }, value.text) : null);
  cells.TwoLines = ({ value }) =>
    value ? e("span", { className: "two-lines" }, e("span", { className: value.tone ? `tone is-${value.tone}` : undefined, title: value.title }, value.first), e("span", { className: "second" }, value.second)) : null;
  cells.When = ({ value }) =>
    value ? e("span", { title: value.exact, className: "nowrap" }, value.relative, e("span", { className: "faint" }, " · " + value.local)) : e("span", { className: "faint" }, "–");
  cells.NoRows = ({ text }) => e("div", { className: "grid-state" }, text);
  cells.Mono = ({ value }) => e("span", { className: "mono" }, value);
  cells.Acknowledged = ({ value }) => (value?.id ? e("button", { className: "button", "data-acknowledge": value.id }, "Acknowledge") : cells.TwoLines({ value }));
})();
