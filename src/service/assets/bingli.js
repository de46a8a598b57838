// bingli inside an EMR's editor. One module, no dependency:
//
//   import { attach } from "https://bingli.example/bingli.js";
//   const handle = attach(editor, { server: "https://bingli.example", visit, document: "doc-04", section: "现病史" });
//
// It never changes the text of an editor, and never holds up typing. Typed in bingli.d.ts; shown at work on /example.

import { Field } from "./bingli/field.js";
import { BingliPanel } from "./bingli/panel.js";

const attached = new WeakMap();

/** Watches a `contenteditable` element or a `textarea`. Attaching again replaces what was attached before. */
export function attach(element, options) {
  attached.get(element)?.detach();
  const field = new Field(element, options);
  const handle = {
    /** Checks now, also text that was checked already; settles when the answer is taken in. */
    check: () => field.checkNow(),
    detach() {
      if (attached.get(element) === handle) attached.delete(element);
      field.remove();
    },
    get state() {
      return field.state;
    },
  };
  attached.set(element, handle);
  return handle;
}

if (!customElements.get("bingli-panel")) customElements.define("bingli-panel", BingliPanel);

export { BingliPanel };
export const bingli = { attach };
export default bingli;
