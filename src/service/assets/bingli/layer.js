// The widget's own layer over an editor. It lies beside the editor, moves and is cut off with it, and takes no pointer events but on the chip.

import { chrome, h, takeTheme } from "./dom.js";
import { LAYER } from "./style.js";

export class Layer {
  constructor(element) {
    this.element = element;
    const { host, root } = chrome(element, LAYER, "absolute");
    Object.assign(host.style, { width: "0", height: "0", zIndex: "1" });
    this.host = host;
    this.root = root;
    this.at = { x: 0, y: 0 };
    this.lines = h("div.lines");
    this.chip = h("button.chip.face", { type: "button", "aria-haspopup": "dialog" });
    this.news = h("p.quiet", { role: "status" });
    root.append(this.lines, this.chip, this.news);
    this.followers = new Set();
    element.after(host);
    this.controller = new AbortController();
    const { signal } = this.controller;
    const view = element.ownerDocument.defaultView;
    const soon = () => {
      this.frame ??= view.requestAnimationFrame(() => {
        this.frame = null;
        this.place();
      });
    };
    this.observer = new view.ResizeObserver(soon);
    this.observer.observe(element);
    view.addEventListener("scroll", soon, { capture: true, passive: true, signal });
    view.addEventListener("resize", soon, { passive: true, signal });
    this.place();
  }

  /** Puts the layer's origin on the editor's corner, whatever its containing block is, and cuts it where the editor is cut. */
  place() {
    if (!this.element.isConnected) return;
    if (this.host.previousSibling !== this.element) this.element.after(this.host);
    takeTheme(this.host, this.element);
    const [mine, editor] = [this.host.getBoundingClientRect(), this.element.getBoundingClientRect()];
    this.at = { x: this.at.x + editor.left - mine.left, y: this.at.y + editor.top - mine.top };
    this.host.style.left = `${this.at.x}px`;
    this.host.style.top = `${this.at.y}px`;
    const seen = visiblePart(this.element, editor);
    this.lines.style.clipPath = seen.whole ? "" : `polygon(${corners(seen).map(([x, y]) => `${x - editor.left}px ${y - editor.top}px`).join(",")})`;
    // The chip sits on the upper edge of what can be seen of the editor, where it covers no words.
    const top = Math.max(seen.top, 14);
    this.chip.hidden = seen.bottom - top < 12 || seen.right - seen.left < 60;
    this.chip.style.transform = `translate(-100%, ${top > editor.top ? "2px" : "-50%"})`;
    this.chip.style.left = `${seen.right - editor.left - 12}px`;
    this.chip.style.top = `${top > editor.top + 14 ? top - editor.top : 0}px`;
    for (const follow of this.followers) follow();
  }

  remove() {
    this.controller.abort();
    this.observer.disconnect();
    this.host.remove();
  }
}

const corners = ({ left, top, right, bottom }) => [[left, top], [right, top], [right, bottom], [left, bottom]];

/** The part of the editor that its scrolling ancestors show. */
function visiblePart(element, editor) {
  const seen = { left: editor.left, top: editor.top, right: editor.right, bottom: editor.bottom, whole: true };
  for (let node = element.parentElement; node && node !== node.ownerDocument.body; node = node.parentElement) {
    if (getComputedStyle(node).overflow === "visible") continue;
    const box = node.getBoundingClientRect();
    const [left, top] = [Math.max(seen.left, box.left), Math.max(seen.top, box.top)];
    const [right, bottom] = [Math.min(seen.right, box.right), Math.min(seen.bottom, box.bottom)];
    if (left > seen.left || top > seen.top || right < seen.right || bottom < seen.bottom) {
      Object.assign(seen, { left, top, right, bottom, whole: false });
    }
  }
  return seen;
}
