// When to ask the server: after a finished sentence, on leaving, after a pause; never inside a composition; one request at a time;
// with growing pauses while the server is away.

import { Refused } from "./client.js";

export const PAUSE_MS = 700;
const SOON_MS = 60;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;

export class Checker {
  /** `ask(signal)` makes the request and takes in its answer; `report(status, error?)` shows where things stand; `dirty()`: is anything unchecked? */
  constructor({ ask, report, dirty }) {
    Object.assign(this, { ask, report, dirty });
    this.composing = false;
    this.failures = 0;
    this.least = 0;
    this.timer = null;
    this.controller = null;
    this.online = () => this.failures && this.now();
    addEventListener("online", this.online);
  }

  /** The text changed. While the server is away the next attempt is planned already. */
  edited(finished) {
    if (this.failures) return this.resume();
    this.report("unchecked");
    if (!this.composing) this.plan(finished ? SOON_MS : PAUSE_MS);
  }

  left() {
    if (!this.composing && !this.failures && this.dirty()) this.plan(0);
  }

  compositionStarted() {
    this.composing = true;
    this.cancel();
  }

  compositionEnded(finished) {
    this.composing = false;
    if (this.failures) this.resume();
    else if (this.dirty()) this.edited(finished);
  }

  resume() {
    if (!this.composing && !this.timer && !this.controller) this.plan(this.wait());
  }

  plan(wait) {
    this.cancel();
    this.timer = setTimeout(() => this.now(), wait);
  }

  cancel() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** Asks at once; the answer is the promise of the end of this attempt. */
  async now() {
    this.cancel();
    if (this.composing || this.stopped) return;
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    // While the server is away it stays so until it answers: a chip that flickers is no help.
    if (!this.failures) this.report("checking");
    try {
      await this.ask(controller.signal);
      if (this.controller !== controller) return;
      this.failures = 0;
      this.report(this.dirty() ? "unchecked" : "done");
    } catch (error) {
      if (this.controller !== controller) return;
      this.failures++;
      // A refusal does not pass by itself as a lost connection does; a fresh token may come, so it is asked again now and then.
      this.least = error instanceof Refused ? (error.retry ? error.retryAfter * 1000 : LONGEST_WAIT_MS) : 0;
      this.report("unavailable", error);
      this.plan(this.wait());
    } finally {
      if (this.controller === controller) this.controller = null;
    }
  }

  /** Twice as long each time, a little uneven so that a ward does not call all at once. */
  wait() {
    const grown = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, this.failures - 1));
    return Math.max(this.least, grown * (0.8 + Math.random() * 0.4));
  }

  stop() {
    this.stopped = true;
    this.cancel();
    this.controller?.abort();
    this.controller = null;
    removeEventListener("online", this.online);
  }
}
