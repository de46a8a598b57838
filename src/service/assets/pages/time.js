// Times as they stand in a record: the hospital's local time, never the browser's zone. Countdowns say in words what colour says too.

import { get } from "/pages/api.js";
import { words } from "/pages/words.js";

const milliseconds = (local) => Date.parse(`${local.slice(0, 19)}Z`);
let ahead = 0;

/** Sets the clock by the service's. */
export async function setClock() {
  const { now } = await get("/v1/clock");
  ahead = milliseconds(now) - Date.now();
}

const present = () => Date.now() + ahead;

export function shown(local) {
  const [, date, clock] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}))?/.exec(local ?? "") ?? [];
  return date ? (clock ? `${date} ${clock}` : date) : "";
}

/** A moment of the service, which is UTC, as this browser's zone has it: `2026-03-05 10:00`. */
export function stamp(utc) {
  if (!utc) return "";
  const at = new Date(utc);
  const two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The day of the service's clock, once it is set. */
export const today = () => new Date(present()).toISOString().slice(0, 10);

/** Milliseconds until a local moment; negative once it has passed. */
export const until = (local) => milliseconds(local) - present();

export function countdown(local) {
  const rest = until(local);
  const minutes = Math.floor(Math.abs(rest) / 60_000);
  const text = minutes < 60 ? words.minutes(minutes) : minutes < 48 * 60 ? words.hours(Math.floor(minutes / 60)) : words.days(Math.floor(minutes / 1440));
  const level = rest < 0 ? "over" : rest < 4 * 3_600_000 ? "soon" : "calm";
  return { level, text: rest < 0 ? words.over(text) : minutes < 1 ? words.dueNow : words.left(text) };
}

/** Writes the countdown into an element, and again whenever `refreshCountdowns` is called. */
export function countTo(element, local) {
  element.dataset.due = local;
  const { level, text } = countdown(local);
  element.classList.remove("over", "soon", "calm");
  element.classList.add(level);
  if (element.textContent !== text) element.textContent = text;
  return element;
}

export function refreshCountdowns(root) {
  for (const element of root.querySelectorAll("[data-due]")) countTo(element, element.dataset.due);
}
