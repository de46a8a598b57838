// How the widget looks. Every colour is here, once for light and once for dark.

const light = {
  scheme: "light", ink: "#1d2733", soft: "#5b6675", line: "#dfe4ea", paper: "#ffffff", ground: "#f5f7f9", accent: "#1e5f8f", onAccent: "#ffffff", good: "#2f7d57",
  S1: "#b3261e", S2: "#9a5b00", S3: "#1f5fa8", S4: "#5c6675", hole: "#fbf0d6", holeInk: "#6d4a00", shadow: "0 1px 2px rgb(16 24 40 / 8%), 0 8px 28px rgb(16 24 40 / 14%)",
};
const dark = {
  scheme: "dark", ink: "#e4e8ee", soft: "#9da8b6", line: "#38414d", paper: "#1f252d", ground: "#171c22", accent: "#7db7e3", onAccent: "#0d1a26", good: "#74c69d",
  S1: "#ff8078", S2: "#f0b458", S3: "#82b7f2", S4: "#a3adba", hole: "#453713", holeInk: "#f3d795", shadow: "0 1px 2px rgb(0 0 0 / 40%), 0 10px 32px rgb(0 0 0 / 50%)",
};
const SEVERITIES = ["S1", "S2", "S3", "S4"];

/** Tints are colours with an alpha of their own: Chromium knows color-mix() only since 111. */
const tint = (colour) => `${colour}22`;
const variables = (palette) =>
  Object.entries(palette).map(([name, value]) => `--${name}:${value};`).join("") + [...SEVERITIES, "accent"].map((name) => `--${name}-tint:${tint(palette[name])};`).join("");
const themed = `
:host { ${variables(light)} }
@media (prefers-color-scheme: dark) { :host { ${variables(dark)} } }
:host([data-theme="light"]) { ${variables(light)} }
:host([data-theme="dark"]) { ${variables(dark)} }`;

/** The line under words: the same for highlights, marks of the mirror and drawn boxes. */
const line = (colour) => `text-decoration: underline wavy ${colour} 1.25px; text-underline-offset: 3px;`;
const highlights = (scope, palette) =>
  SEVERITIES.map((level) => `${scope}::highlight(bingli-${level}) { ${line(palette[level])} }`).join("\n") +
  `\n${scope}::highlight(bingli-active) { background-color: ${tint(palette.accent)}; }`;

/** For the tree that holds an editor: the CSS Custom Highlight API. */
export const HIGHLIGHTS = `${highlights("", light)}
@media (prefers-color-scheme: dark) { ${highlights("", dark)} }
${highlights('[data-theme="light"] ', light)}
${highlights('[data-theme="dark"] ', dark)}`;

const base = `${themed}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.face { color-scheme: var(--scheme); font: 14px/1.65 system-ui, -apple-system, "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; color: var(--ink);
  text-align: start; -webkit-font-smoothing: antialiased; }
p, ul, ol, h2, h3, dl, dd, fieldset { margin: 0; padding: 0; border: 0; list-style: none; font: inherit; }
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }`;

/** Over an editor: the mirror of a textarea, drawn boxes, and the status chip. */
export const LAYER = `${base}
.mirror { position: absolute; overflow: hidden; color: transparent; background: none; pointer-events: none; }
.mirror mark { color: transparent; background: none; }
${SEVERITIES.map((level) => `.mirror mark.${level} { ${line(`var(--${level})`)} }`).join("\n")}
.mirror mark.active { background: var(--accent-tint); border-radius: 2px; }
.box { position: absolute; pointer-events: none; height: 4px; background: radial-gradient(circle at 2px 0, transparent 2px, var(--level) 2.2px, transparent 3.2px) 0 0 / 4px 4px repeat-x; }
${SEVERITIES.map((level) => `.box.${level} { --level: var(--${level}); }`).join("\n")}
.chip { position: absolute; pointer-events: auto; display: inline-flex; align-items: center; gap: 6px; height: 24px; padding: 0 9px; border-radius: 12px; white-space: nowrap;
  font-size: 12px; line-height: 24px; color: var(--soft); background: var(--paper); border: 1px solid var(--line); transition: color .2s, border-color .2s; }
.chip:hover { color: var(--ink); border-color: var(--soft); }
.chip.inline { position: static; }
.dot { width: 8px; height: 8px; border-radius: 50%; border: 1.5px solid var(--soft); flex: none; transition: background-color .2s, border-color .2s; }
.chip[data-status="checking"] .dot { border-style: dotted; }
.chip[data-status="clean"] { color: var(--good); }
.chip[data-status="clean"] .dot { background: var(--good); border-color: var(--good); }
.chip[data-status="unavailable"] .dot { border-radius: 1px; width: 9px; height: 0; border-width: 0 0 2px; border-color: var(--S2); }
.chip[data-level] { color: var(--ink); }
${SEVERITIES.map((level) => `.chip[data-level="${level}"] .dot { border-color: var(--${level}); } .chip[data-status="found"][data-level="${level}"] .dot { background: var(--${level}); }`).join("\n")}`;

const card = `
.card { display: grid; gap: 10px; padding: 14px 16px 12px; overflow-wrap: anywhere; text-wrap: pretty; }
.head { display: flex; align-items: flex-start; gap: 8px; }
.level { flex: none; font-size: 12px; line-height: 20px; padding: 0 7px; margin-top: 1.5px; border-radius: 4px; color: var(--level); background: var(--tint); font-weight: 600; }
${SEVERITIES.map((level) => `.${level} { --level: var(--${level}); --tint: var(--${level}-tint); }`).join("\n")}
.title { flex: 1; font-size: 15px; line-height: 1.5; font-weight: 600; }
.close { flex: none; width: 26px; height: 26px; margin: -2px -6px 0 0; border-radius: 6px; color: var(--soft); font-size: 17px; line-height: 1; }
.close:hover { background: var(--ground); color: var(--ink); }
.evidence { display: grid; gap: 2px; padding: 8px 11px; border-radius: 7px; background: var(--ground); }
.evidence + .evidence { margin-top: -4px; }
.where { display: flex; gap: 10px; align-items: baseline; font-size: 12px; color: var(--soft); }
.what { display: flex; flex-wrap: wrap; gap: 0 8px; flex: 1; }
.where time { font-variant-numeric: tabular-nums; }
.jump { margin-left: auto; color: var(--accent); font-size: 12px; border-radius: 3px; white-space: nowrap; }
.jump:hover { text-decoration: underline; text-underline-offset: 3px; }
.quote mark { color: inherit; background: var(--tint); border-radius: 2px; padding: 0 1px; }
.evidence:not([data-role="this"]) mark { background: var(--S3-tint); }
.suggestion .name { color: var(--soft); margin-right: .6em; }
.hole { color: var(--holeInk); background: var(--hole); border-radius: 3px; padding: 0 3px; }
.foot { font-size: 12px; color: var(--soft); display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; }
.foot dt { white-space: nowrap; }
.actions { display: flex; flex-wrap: wrap; gap: 6px; padding-top: 10px; border-top: 1px solid var(--line); }
.action { min-height: 30px; padding: 0 13px; border-radius: 6px; border: 1px solid var(--line); font-size: 13px; background: var(--paper); }
.action:hover { border-color: var(--soft); }
.action.primary { background: var(--accent); border-color: var(--accent); color: var(--onAccent); }
.action.primary:hover { filter: brightness(1.08); }
.action.plain { border-color: transparent; color: var(--soft); padding: 0 8px; }
.action.plain:hover { color: var(--ink); }
.action.end { margin-left: auto; }
form { display: grid; gap: 8px; padding-top: 10px; border-top: 1px solid var(--line); }
legend { font-size: 12px; color: var(--soft); padding: 0; margin-bottom: 6px; }
.reasons { display: flex; flex-wrap: wrap; gap: 6px; }
.reasons label { position: relative; cursor: pointer; }
.reasons input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
.reasons span { display: block; font-size: 13px; line-height: 28px; padding: 0 11px; border: 1px solid var(--line); border-radius: 14px; }
.reasons span:hover { border-color: var(--soft); }
.reasons input:checked + span { border-color: var(--accent); color: var(--accent); background: var(--accent-tint); }
.reasons input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 2px; }
textarea { width: 100%; min-height: 60px; resize: vertical; padding: 7px 9px; border: 1px solid var(--line); border-radius: 6px; background: var(--paper); }
.problem { font-size: 12px; color: var(--S1); }
.said { color: var(--soft); font-size: 13px; padding: 12px 16px; }`;

/** The card and the list over the page. */
export const POPUP = `${base}${card}
.popup { position: fixed; width: 372px; max-width: calc(100vw - 24px); overflow: auto; overscroll-behavior: contain; background: var(--paper);
  border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); animation: in .12s ease-out; }
@keyframes in { from { opacity: 0; transform: translateY(2px); } }
.popup:focus { outline: none; }
.list-head { display: flex; align-items: center; justify-content: space-between; padding: 10px 16px 6px; font-size: 12px; color: var(--soft); }
.item { display: flex; gap: 8px; align-items: flex-start; width: 100%; text-align: left; padding: 8px 16px; }
.item:hover, .item:focus-visible { background: var(--ground); outline-offset: -2px; }
.item .text { display: grid; flex: 1; min-width: 0; }
.item .message { color: var(--soft); font-size: 13px; line-height: 1.55; }
.item .name { font-weight: 600; }
.more { display: block; width: 100%; padding: 9px 16px 11px; color: var(--accent); text-align: left; font-size: 13px; border-top: 1px solid var(--line); }
@media (max-width: 480px) {
  .list-head span + span { display: none; }
  .popup { left: 8px !important; right: 8px; width: auto; top: auto !important; bottom: 8px !important; max-width: none; max-height: 62vh !important; }
  .action { min-height: 38px; flex: 1; } .action.end { margin-left: 0; } .reasons span { line-height: 34px; }
}`;

/** The side panel. */
export const PANEL = `${base}${card}
:host { display: block; overflow: auto; }
:host([hidden]) { display: none; }
.face { min-height: 100%; background: var(--ground); }
.bar { position: sticky; top: 0; z-index: 1; display: flex; align-items: center; gap: 10px; padding: 10px 14px; background: var(--ground); border-bottom: 1px solid var(--line); }
.bar h2 { font-size: 15px; font-weight: 600; flex: none; }
.state { flex: 1; min-width: 0; font-size: 12px; color: var(--soft); font-variant-numeric: tabular-nums; }
.state.clean { color: var(--good); } .state.unavailable { color: var(--S2); }
section { padding: 12px 14px 2px; }
section > h3 { display: flex; gap: 8px; align-items: baseline; font-size: 13px; font-weight: 600; color: var(--soft); margin-bottom: 8px; }
section > h3 time { font-weight: 400; font-size: 12px; font-variant-numeric: tabular-nums; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 9px; margin-bottom: 10px; }
.empty { padding: 28px 18px; text-align: center; color: var(--soft); text-wrap: balance; }
.more { display: block; margin: 0 0 12px; color: var(--accent); font-size: 13px; }`;
