/* Draws what the server wrote as HTML, texts escaped, into an element of its own (dashboard/pages/markup.py). */
window.throughline_dashboard = {
  Markup: ({ tag, attributes, inner }) =>
    React.createElement(tag, { ...attributes, dangerouslySetInnerHTML: { __html: inner } }),
};
