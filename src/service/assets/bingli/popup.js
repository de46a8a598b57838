// The one popup of an editor: a finding's card, or the list of findings. Opens by pointer or keyboard; Escape gives the caret back.

import { chrome, h, takeTheme } from "./dom.js";
import { POPUP } from "./style.js";

const GAP = 6;
const FORM_PX = 150;
const LEAST_PX = 240;
const MOST_PX = 560;
const LEAVE_MS = 300;
const SAID_MS = 1_600;

export class Popup {
  /** `closed()` is told when it goes. */
  constructor(element, words, closed) {
    this.element = element;
    this.words = words;
    this.closed = closed;
    const { host, root } = chrome(element, POPUP, "fixed");
    this.host = host;
    this.box = h("div.popup.face", { role: "dialog", tabindex: "-1", lang: words.lang });
    root.append(this.box);
    this.view = element.ownerDocument.defaultView;
  }

  get isOpen() {
    return this.host.isConnected;
  }

  get hasFocus() {
    return this.isOpen && this.host.getRootNode().activeElement === this.host;
  }

  /** Shows `content` at what `anchor()` answers, a box on the screen. With `focus` it takes the keyboard. */
  open({ content, label, anchor, focus }) {
    clearTimeout(this.timer);
    this.speaking = false;
    this.anchor = anchor;
    this.side = null;
    this.box.setAttribute("aria-label", label);
    this.box.replaceChildren(content);
    if (!this.isOpen) {
      // A modal dialog hides whatever lies outside of it.
      (this.element.closest("dialog") ?? this.element.ownerDocument.body).append(this.host);
      this.listen();
    }
    takeTheme(this.host, this.element);
    this.box.scrollTop = 0;
    this.place();
    if (focus) (this.box.querySelector("[data-first]") ?? this.box).focus({ preventScroll: true });
  }

  /** Stays on the side where it opened, also when a form makes it taller: a card that jumps is hard to aim at. */
  place() {
    const box = this.anchor();
    if (!box) return this.close();
    const { innerWidth, innerHeight } = this.view;
    const rooms = { below: innerHeight - box.bottom - 2 * GAP, above: box.top - 2 * GAP };
    this.side ??= this.box.offsetHeight + FORM_PX <= rooms.below || rooms.below >= rooms.above ? "below" : "above";
    this.box.style.maxHeight = `${Math.min(Math.max(LEAST_PX, rooms[this.side]), MOST_PX, innerHeight - 2 * GAP)}px`;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const wanted = this.side === "below" ? box.bottom + GAP : box.top - GAP - height;
    this.box.style.left = `${Math.max(12, Math.min(box.left, innerWidth - width - 12))}px`;
    this.box.style.top = `${Math.max(GAP, Math.min(wanted, innerHeight - height - GAP))}px`;
  }

  /** Whether it lies over the box, as it does on a narrow screen. */
  covers(box) {
    const mine = this.box.getBoundingClientRect();
    return box.bottom > mine.top && box.top < mine.bottom && box.right > mine.left && box.left < mine.right;
  }

  listen() {
    this.controller = new AbortController();
    const { signal } = this.controller;
    const outside = (event) => {
      if (!event.composedPath().includes(this.host)) this.close();
    };
    this.element.ownerDocument.addEventListener("pointerdown", outside, { capture: true, signal });
    this.view.addEventListener("scroll", (event) => event.target !== this.host && this.place(), { capture: true, passive: true, signal });
    this.view.addEventListener("resize", () => this.place(), { passive: true, signal });
    // It grows when a form opens in it.
    this.observer = new this.view.ResizeObserver(() => this.place());
    this.observer.observe(this.box);
    this.box.addEventListener("keydown", (event) => this.key(event), { signal });
    this.box.addEventListener("pointerenter", () => this.speaking || clearTimeout(this.timer), { signal });
    this.box.addEventListener("pointerleave", () => this.leave(), { signal });
    this.box.addEventListener("focusout", () => this.leave(), { signal });
  }

  key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close({ back: true });
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const items = [...this.box.querySelectorAll(".item, .more")];
      const at = items.indexOf(event.target);
      if (at < 0 && event.target !== this.box) return;
      if (!items.length) return;
      event.preventDefault();
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      items.at(next % items.length).focus();
    }
  }

  /** The pointer or the keyboard went away: a card that nobody works in goes after a moment. */
  leave() {
    if (this.speaking) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hasFocus || this.box.matches(":hover") || this.close(), LEAVE_MS);
  }

  /** A last word, then it goes. */
  say(text) {
    this.speaking = true;
    clearTimeout(this.timer);
    this.box.replaceChildren(h("p.said", {}, text));
    this.place();
    this.timer = setTimeout(() => this.close(), SAID_MS);
  }

  /** Adds to the last word, if it is still there, and time to read it. */
  add(text) {
    if (!this.speaking || !this.isOpen) return;
    this.box.querySelector(".said").append(text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close(), 2 * SAID_MS);
  }

  close({ back = false } = {}) {
    clearTimeout(this.timer);
    if (!this.isOpen) return;
    this.controller.abort();
    this.observer.disconnect();
    this.host.remove();
    this.closed({ back });
  }
}
