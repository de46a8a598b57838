/** Types of /bingli.js. Formats of visit and report: `bingli schema visit`, `bingli schema report`. */

export type Severity = "S1" | "S2" | "S3" | "S4";

/** Words of a document; offsets count UTF-16 units in the section's text, or in the document's where it has no sections. */
export interface Quotation {
  document: string;
  title: string;
  section: string | null;
  quote: string;
  role: "this" | "against" | "context";
  start: number;
  end: number;
  start_utf16: number;
  end_utf16: number;
}

export interface Finding {
  /** Fingerprint of the words it rests on. */
  id: string;
  rule: string;
  defect: string;
  severity: Severity;
  status: "stable" | "preview";
  title: string;
  message: string;
  suggestion: string;
  basis: string[];
  found_by: "rule" | "model" | "both";
  confidence: number;
  group: string;
  evidence: Quotation[];
  data?: { path: string; label: string }[];
  searched?: { document: string; section: string | null }[];
}

/** `bingli.visit/1`; only what the widget itself reads is named. */
export interface Visit {
  visit_id: string;
  documents: { id: string; title?: string; event_at?: string; text?: string; sections?: { name: string; text: string }[] }[];
  [field: string]: unknown;
}

export type VisitSource = Visit | (() => Visit | Promise<Visit>) | string;
export type TokenSource = string | (() => string | Promise<string>);
export type Target = Pick<Quotation, "document" | "section" | "quote" | "start_utf16" | "end_utf16">;

/** `unchecked`: nothing is known of the present text. `clean`: it was checked and nothing was found. */
export type Status = "unchecked" | "checking" | "clean" | "found" | "unavailable";

export interface State {
  status: Status;
  /** Findings in sight in this editor. */
  findings: Finding[];
  /** Further findings in this editor, one click away. */
  more: number;
}

interface Where {
  document: string;
  section: string | null;
}

export type WidgetEvent = Where &
  (
    | ({ type: "status" } & State)
    | { type: "error"; error: unknown }
    | { type: "open" | "accept" | "later"; finding: Finding }
    | { type: "dismiss"; finding: Finding; reason: string; note?: string }
    | { type: "appeal"; finding: Finding; note: string }
    /** `handled`: the place is in another attached editor, and its words are selected there already. */
    | { type: "jump"; finding: Finding; target: Target; handled: boolean }
  );

export interface Options {
  /** Address of the service; empty for the page's own origin. */
  server: string;
  /** The whole visit, a function that gives it as it is now, or the id of a visit that the service stores. */
  visit: VisitSource;
  /** Id of the document in the visit. */
  document: string;
  /** Name of the section; without one the editor holds the whole text of the document. */
  section?: string | null;
  token?: TokenSource;
  /** On the service's own pages: `csrf` of the session, which every change must send back. */
  csrf?: TokenSource;
  /** `zh` or `en`; default: the page's `lang`, else `zh`. */
  language?: string;
  /** Findings of a document in sight at once; default 3. */
  visible?: number;
  onEvent?(event: WidgetEvent): void;
}

export interface Handle {
  /** Checks now; during a composition nothing is asked. */
  check(): Promise<State>;
  /** Takes everything of the widget away; the editor and its text stay as they are. */
  detach(): void;
  readonly state: State;
}

/** Watches a `contenteditable` element or a `textarea`. */
export function attach(element: HTMLElement, options: Options): Handle;

/**
 * `<bingli-panel server visit language>`: findings of a visit by document.
 * Events, all bubbling: `bingli-jump`, `bingli-accept`, `bingli-dismiss`, `bingli-appeal`, `bingli-later`, `bingli-status`.
 */
export class BingliPanel extends HTMLElement {
  visit: VisitSource | null;
  set token(token: TokenSource | null);
  /** On the service's own pages: `csrf` of the session, which every change must send back. */
  set csrf(csrf: TokenSource | null);
  refresh(): Promise<void>;
}

export const bingli: { attach: typeof attach };
export default bingli;

declare global {
  interface HTMLElementTagNameMap {
    "bingli-panel": BingliPanel;
  }
}
