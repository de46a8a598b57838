// A contenteditable element as a text with places: the words of its text nodes, with a line break between blocks and for each <br>.
// Lines under words are highlights of the CSS Custom Highlight API, which touch no node of the editor; where it is missing, boxes are drawn.

import { adopt, h } from "./dom.js";
import { HIGHLIGHTS } from "./style.js";

const BLOCK = /^(block|flex|grid|list-item|table|table-row|table-caption|flow-root)$/;
const LEFT_OUT = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT"]);

/** Text of the element, and which node holds which part of it. */
export function read(root) {
  const view = root.ownerDocument.defaultView;
  const parts = [];
  let text = "";
  let owed = false;
  const breakLine = () => {
    if (text && !text.endsWith("\n")) text += "\n";
  };
  const walk = (node) => {
    for (const child of node.childNodes) {
      if (child.nodeType === 3) {
        if (!child.data) continue;
        if (owed) breakLine();
        owed = false;
        parts.push({ node: child, start: text.length, end: text.length + child.data.length });
        text += shown(child, view);
      } else if (child.nodeType === 1 && !LEFT_OUT.has(child.tagName)) {
        if (child.tagName === "BR") {
          if (owed) breakLine();
          owed = false;
          text += "\n";
          continue;
        }
        const block = BLOCK.test(view.getComputedStyle(child).display);
        if (block) breakLine();
        walk(child);
        if (block) owed = true;
      }
    }
  };
  walk(root);
  return { text, parts };
}

/** Line breaks of the page's source are no line breaks of the record; each character keeps its place. */
function shown(node, view) {
  if (!/[\n\t]/.test(node.data)) return node.data;
  const kept = view.getComputedStyle(node.parentElement).whiteSpace;
  return /^(pre|break-spaces)/.test(kept) ? node.data : node.data.replace(/[\n\t]/g, " ");
}

export class EditableSurface {
  constructor(element, layer) {
    this.element = element;
    this.layer = layer;
    this.view = element.ownerDocument.defaultView;
    this.highlights = this.view.CSS.highlights ? registry(this.view) : null;
    if (this.highlights) {
      adopt(element.getRootNode(), HIGHLIGHTS);
    } else {
      this.follow = () => this.draw();
      layer.followers.add(this.follow);
    }
    this.marks = [];
    this.ranges = new Map();
  }

  /** Calls back on every change of the content, also by the page's own code. */
  watch(changed) {
    this.observer = new this.view.MutationObserver(changed);
    this.observer.observe(this.element, { childList: true, characterData: true, subtree: true });
  }

  text() {
    this.content = read(this.element);
    return this.content.text;
  }

  caret() {
    const selection = (this.element.getRootNode().getSelection?.() ?? this.view.getSelection());
    if (!selection?.rangeCount || !this.element.contains(selection.focusNode)) return null;
    const { focusNode, focusOffset } = selection;
    const part = this.content.parts.find(({ node }) => node === focusNode);
    return part ? part.start + focusOffset : null;
  }

  range(span) {
    const parts = this.content.parts;
    const first = parts.find(({ end }) => end > span.start);
    const last = parts.find(({ start, end }) => start < span.end && end >= span.end) ?? parts.findLast(({ start }) => start < span.end);
    if (!first || !last || !first.node.isConnected || !last.node.isConnected) return null;
    const range = this.element.ownerDocument.createRange();
    range.setStart(first.node, Math.min(Math.max(0, span.start - first.start), first.node.length));
    range.setEnd(last.node, Math.min(span.end - last.start, last.node.length));
    return range;
  }

  paint(marks) {
    this.marks = marks;
    this.erase();
    for (const mark of marks) {
      const range = this.range(mark.span);
      if (!range) continue;
      this.ranges.set(mark.id, [...(this.ranges.get(mark.id) ?? []), range]);
      this.highlights?.add(`bingli-${mark.severity}`, range);
      if (mark.active) this.highlights?.add("bingli-active", range);
    }
    if (!this.highlights) this.draw();
  }

  erase() {
    for (const range of [...this.ranges.values()].flat()) this.highlights?.delete(range);
    this.ranges.clear();
  }

  /** Without the highlight API: a line of boxes. */
  draw() {
    const origin = this.layer.host.getBoundingClientRect();
    const lines = this.marks.flatMap((mark) =>
      this.boxes(mark.id).map((box) => {
        const line = h(`div.box.${mark.severity}`);
        Object.assign(line.style, { left: `${box.left - origin.left}px`, top: `${box.bottom - origin.top - 2}px`, width: `${box.width}px` });
        return line;
      }),
    );
    this.layer.lines.querySelectorAll(".box").forEach((old) => old.remove());
    this.layer.lines.prepend(...lines);
  }

  boxes(id) {
    const frame = this.element.getBoundingClientRect();
    const boxes = (this.ranges.get(id) ?? []).flatMap((range) => [...range.getClientRects()]);
    return boxes.filter((box) => box.width > 0 && box.bottom > frame.top && box.top < frame.bottom);
  }

  select(span) {
    const range = this.range(span);
    if (!range) return;
    this.element.focus({ preventScroll: true });
    const selection = this.view.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    this.reveal(span);
  }

  reveal(span, block = "nearest") {
    this.range(span)?.startContainer.parentElement.scrollIntoView({ block });
  }

  remember() {
    const selection = this.view.getSelection();
    const range = selection.rangeCount && this.element.contains(selection.focusNode) ? selection.getRangeAt(0).cloneRange() : null;
    return () => {
      this.element.focus({ preventScroll: true });
      if (!range) return;
      selection.removeAllRanges();
      selection.addRange(range);
    };
  }

  remove() {
    this.observer?.disconnect();
    this.erase();
    if (this.follow) this.layer.followers.delete(this.follow);
    this.layer.lines.querySelectorAll(".box").forEach((old) => old.remove());
  }
}

const registries = new WeakMap();

/** The page has one highlight a name, and several editors share it. */
function registry(view) {
  if (!registries.has(view)) {
    registries.set(view, {
      add(name, range) {
        if (!view.CSS.highlights.has(name)) view.CSS.highlights.set(name, new view.Highlight());
        view.CSS.highlights.get(name).add(range);
      },
      delete(range) {
        for (const [name, highlight] of view.CSS.highlights) if (name.startsWith("bingli-")) highlight.delete(range);
      },
    });
  }
  return registries.get(view);
}
