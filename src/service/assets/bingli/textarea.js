// A textarea as a text with places. Its words cannot be marked, so a mirror with the same layout lies over it and carries the lines.

import { h } from "./dom.js";

const COPIED = [
  "font", "fontKerning", "fontFeatureSettings", "fontVariationSettings", "letterSpacing", "wordSpacing", "lineHeight", "textAlign", "textIndent", "textTransform",
  "direction", "tabSize", "whiteSpace", "wordBreak", "overflowWrap", "lineBreak", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "writingMode",
];

export class TextareaSurface {
  constructor(element, layer) {
    this.element = element;
    this.layer = layer;
    this.mirror = h("div.mirror", { "aria-hidden": "true" });
    this.mirror.style.boxSizing = "border-box";
    layer.lines.prepend(this.mirror);
    this.marks = [];
    this.follow = () => this.draw();
    layer.followers.add(this.follow);
    this.controller = new AbortController();
    element.addEventListener("scroll", () => this.scroll(), { passive: true, signal: this.controller.signal });
  }

  /** Calls back on edits that raise no input event; a textarea has none that can be seen. */
  watch() {}

  text() {
    return this.element.value;
  }

  caret() {
    return this.element.selectionEnd;
  }

  paint(marks) {
    this.marks = marks;
    this.draw();
  }

  draw() {
    this.mirror.hidden = this.marks.length === 0;
    if (this.mirror.hidden) return this.mirror.replaceChildren();
    const style = getComputedStyle(this.element);
    for (const name of COPIED) this.mirror.style[name] = style[name];
    // Without the scroll bar, which the mirror does not have.
    Object.assign(this.mirror.style, {
      left: `${this.element.clientLeft}px`,
      top: `${this.element.clientTop}px`,
      width: `${this.element.clientWidth}px`,
      height: `${this.element.clientHeight}px`,
    });
    const text = this.element.value;
    const pieces = [];
    let at = 0;
    for (const mark of [...this.marks].sort((a, b) => a.span.start - b.span.start)) {
      const start = Math.max(at, mark.span.start);
      if (mark.span.end <= start) continue;
      const element = h(`mark.${mark.severity}${mark.active ? ".active" : ""}`, { "data-id": mark.id }, text.slice(start, mark.span.end));
      pieces.push(text.slice(at, start), element);
      at = mark.span.end;
    }
    // A last line break has a height only if something follows it.
    pieces.push(text.slice(at), "\u200b");
    this.mirror.replaceChildren(...pieces);
    this.scroll();
  }

  scroll() {
    this.mirror.scrollTop = this.element.scrollTop;
    this.mirror.scrollLeft = this.element.scrollLeft;
  }

  /** Boxes of the marked words on the screen, as far as the textarea shows them. */
  boxes(id) {
    const frame = this.mirror.getBoundingClientRect();
    const marks = [...this.mirror.querySelectorAll("mark")].filter((mark) => mark.dataset.id === id);
    return marks.flatMap((mark) => [...mark.getClientRects()]).filter((box) => box.bottom > frame.top && box.top < frame.bottom);
  }

  select(span) {
    this.element.focus({ preventScroll: true });
    this.element.setSelectionRange(span.start, span.end);
    this.reveal(span);
  }

  /** Scrolls the words into sight. Only a mark in the mirror tells how far down they are. */
  reveal(span) {
    const shown = this.marks;
    this.paint([{ id: "", severity: "S4", span }]);
    const mark = this.mirror.querySelector("mark");
    const { scrollTop, clientHeight } = this.element;
    if (mark && (mark.offsetTop < scrollTop || mark.offsetTop + mark.offsetHeight > scrollTop + clientHeight)) {
      this.element.scrollTop = mark.offsetTop - clientHeight / 2;
    }
    this.paint(shown);
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** Remembers the place of the caret; the answer puts it back. */
  remember() {
    const { selectionStart, selectionEnd, selectionDirection } = this.element;
    return () => {
      this.element.focus({ preventScroll: true });
      this.element.setSelectionRange(selectionStart, selectionEnd, selectionDirection);
    };
  }

  remove() {
    this.controller.abort();
    this.layer.followers.delete(this.follow);
    this.mirror.remove();
  }
}
