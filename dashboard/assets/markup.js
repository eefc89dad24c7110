/* Draws what the server wrote as HTML, texts escaped, into an element of its own (dashboard/pages/markup.py). What is
   there already is mended where it differs: what has the focus keeps it, what is open or marked stays so. */
(() => {
  const isKept = (name) => name === "open";
  function mendAttributes(there, wanted) {
    for (const { name, value } of wanted.attributes) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
    for (const { name } of [...there.attributes]) if (!wanted.hasAttribute(name) && !isKept(name)) there.removeAttribute(name);
  }
  function mend(place, wanted) {
    const before = [...place.childNodes];
    const after = [...wanted.childNodes];
    after.forEach((node, number) => {
      const there = before[number];
      if (!there) place.append(node);
      else if (there.nodeName !== node.nodeName || there.id !== node.id) there.replaceWith(node);
      else if (node.nodeType === Node.TEXT_NODE) { if (there.data !== node.data) there.data = node.data; }
      else { mendAttributes(there, node); mend(there, node); }
    });
    before.slice(after.length).forEach((node) => node.remove());
  }
  window.throughline_dashboard = {
    Markup({ tag, attributes, inner }) {
      const place = React.useRef(null);
      React.useLayoutEffect(() => {
        const wanted = place.current.cloneNode(false);
        wanted.innerHTML = inner;
        mend(place.current, wanted);
      }, [tag, inner]);
      return React.createElement(tag, { ...attributes, ref: place });
    },
  };
})();
