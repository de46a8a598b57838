// Elements without markup: text enters only as text nodes, so no word of a record can become an element.

/** `h("button.primary", { type: "button", onclick }, "采纳")` */
export function h(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const sheets = new WeakMap();

/** A constructed sheet, which a page's content security policy does not stop, made once a document and text. */
function sheetFor(view, css) {
  const known = sheets.get(view.document) ?? new Map();
  sheets.set(view.document, known);
  if (!known.has(css)) {
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(css);
    known.set(css, sheet);
  }
  return known.get(css);
}

/** Adds the sheet to a document or shadow root that lacks it. */
export function adopt(root, css) {
  const sheet = sheetFor((root.ownerDocument ?? root).defaultView, css);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** An element of the widget with a shadow root of its own. It takes its theme from the nearest `data-theme` around `near`. */
export function chrome(near, css, position) {
  const host = near.ownerDocument.createElement("div");
  host.setAttribute("data-bingli", "");
  const root = host.attachShadow({ mode: "open" });
  adopt(root, css);
  // Whatever the page says about a `div` ends here.
  Object.assign(host.style, { all: "initial", position, left: "0", top: "0", zIndex: "2147483000" });
  return { host, root };
}

export function takeTheme(host, near) {
  let node = near;
  while (node) {
    const theme = node.closest?.("[data-theme]")?.getAttribute("data-theme");
    if (theme === "dark" || theme === "light") return host.setAttribute("data-theme", theme);
    node = node.getRootNode().host;
  }
  host.removeAttribute("data-theme");
}
