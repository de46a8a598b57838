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
    this.lines = [];
    this.frame = null;
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

  /** Draws with the next frame, once, however often it was asked. */
  paint(marks) {
    this.marks = marks;
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.mirror.hidden = this.marks.length === 0;
    if (this.mirror.hidden) return this.replace([]);
    const style = getComputedStyle(this.element);
    for (const name of COPIED) if (this.mirror.style[name] !== style[name]) this.mirror.style[name] = style[name];
    // Without the scroll bar, which the mirror does not have.
    Object.assign(this.mirror.style, {
      left: `${this.element.clientLeft}px`,
      top: `${this.element.clientTop}px`,
      width: `${this.element.clientWidth}px`,
      height: `${this.element.clientHeight}px`,
    });
    this.replace(lines(this.element.value, this.marks));
    this.scroll();
  }

  /** Only lines that differ are made anew: the layout of a long note is most of a keystroke's cost. */
  replace(wanted) {
    const known = this.lines;
    const shorter = Math.min(known.length, wanted.length);
    const same = (a, b) => a.text === b.text && a.key === b.key;
    let head = 0;
    while (head < shorter && same(known[head], wanted[head])) head++;
    let tail = 0;
    while (tail < shorter - head && same(known[known.length - 1 - tail], wanted[wanted.length - 1 - tail])) tail++;
    const fresh = wanted.slice(head, wanted.length - tail).map(made);
    for (const old of known.slice(head, known.length - tail)) old.element.remove();
    const next = known[known.length - tail]?.element ?? null;
    for (const { element } of fresh) this.mirror.insertBefore(element, next);
    this.lines = [...known.slice(0, head), ...fresh, ...known.slice(known.length - tail)];
  }

  scroll() {
    this.mirror.scrollTop = this.element.scrollTop;
    this.mirror.scrollLeft = this.element.scrollLeft;
  }

  /** Boxes of the marked words on the screen, as far as the textarea shows them. */
  boxes(id) {
    if (this.frame !== null) this.draw();
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
  reveal(span, block = "nearest") {
    const shown = this.marks;
    this.marks = [{ id: "", severity: "S4", span }];
    this.draw();
    const mark = this.mirror.querySelector("mark");
    const { scrollTop, clientHeight } = this.element;
    if (mark && (mark.offsetTop < scrollTop || mark.offsetTop + mark.offsetHeight > scrollTop + clientHeight)) {
      this.element.scrollTop = mark.offsetTop - clientHeight / 2;
    }
    this.paint(shown);
    this.element.scrollIntoView({ block });
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
    cancelAnimationFrame(this.frame);
    this.layer.followers.delete(this.follow);
    this.mirror.remove();
  }
}

/** Lines of the text, each with the parts of marks that lie in it; of two marks on the same words the first keeps them. */
function lines(text, marks) {
  const sorted = [...marks].sort((a, b) => a.span.start - b.span.start);
  let from = 0;
  let taken = 0;
  return text.split("\n").map((line) => {
    const to = from + line.length;
    const parts = [];
    for (const { id, severity, active, span } of sorted) {
      const start = Math.max(from, taken, span.start);
      const end = Math.min(to, span.end);
      if (end <= start) continue;
      parts.push({ id, look: active ? `mark.${severity}.active` : `mark.${severity}`, start: start - from, end: end - from });
      taken = end;
    }
    from = to + 1;
    return { text: line, parts, key: JSON.stringify(parts) };
  });
}

function made(line) {
  const pieces = [];
  let at = 0;
  for (const { id, look, start, end } of line.parts) {
    pieces.push(line.text.slice(at, start), h(look, { "data-id": id }, line.text.slice(start, end)));
    at = end;
  }
  // An empty line has a height only if something is in it.
  pieces.push(line.text.slice(at) || "\u200b");
  return { ...line, element: h("div", {}, pieces) };
}
