// Figures that run: ages of the tiles, the run's clock, countdowns, time unanswered, time to the next due item.
//   <span data-runs-from="1390">23:10</span> <span data-runs-down="300">5:00</span>
//   <span data-runs-since="2026-..">0:40</span> <span data-due-at="2026-..">in 1:20</span> <time datetime=".." data-tile-age>

import { describeAge, serverNow } from "../ages";
import { describeSpan } from "./live";

interface Base {
  text: string;
  at: number;
}

const bases = new WeakMap<Element, Base>();

function sinceBase(element: Element, text: string): number {
  let base = bases.get(element);
  if (!base || base.text !== text) {
    base = { text, at: serverNow().getTime() };
    bases.set(element, base);
  }
  return (serverNow().getTime() - base.at) / 1000;
}

function write(element: Element, words: string): void {
  if (element.textContent !== words) element.textContent = words;
}

function describeDue(at: number, until: number): string {
  const now = serverNow().getTime();
  const left = (at - now) / 1000;
  // inside its window a reading is due, not late
  if (Math.abs(left) < 1 || (left < 0 && now < until)) return "now";
  return left > 0 ? `in ${describeSpan(left)}` : `${describeSpan(-left)} late`;
}

function tick(zone: string | undefined): void {
  const now = serverNow().getTime();
  for (const element of document.querySelectorAll<HTMLElement>("[data-runs-from]")) {
    const from = element.dataset.runsFrom ?? "";
    if (from) write(element, describeSpan(Number(from) + sinceBase(element, from)));
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-runs-down]")) {
    const from = element.dataset.runsDown ?? "";
    if (from) write(element, describeSpan(Number(from) - sinceBase(element, from)));
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-runs-since]")) {
    const at = Date.parse(element.dataset.runsSince ?? "");
    if (!Number.isNaN(at)) write(element, describeSpan((now - at) / 1000));
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-due-at]")) {
    const at = Date.parse(element.dataset.dueAt ?? "");
    const until = Date.parse(element.dataset.dueUntil ?? "");
    if (!Number.isNaN(at)) write(element, describeDue(at, until));
  }
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-tile-age]")) {
    const at = new Date(element.dateTime);
    if (!Number.isNaN(at.getTime())) write(element, describeAge((now - at.getTime()) / 1000, at, zone));
  }
}

export function attachTimers(zone: string | undefined): void {
  tick(zone);
  window.setInterval(() => tick(zone), 1000);
  document.addEventListener("session:parts", () => tick(zone));
}
