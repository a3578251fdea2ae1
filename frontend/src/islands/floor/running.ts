// Times that run on the screen, from the server's time: ages, clocks, countdowns, bars, and readings that grow too old.
//   <time datetime="2026-11-17T10:24:36+00:00" data-run="up|for|stay|min|in">0:40</time>
//   <progress max="2400" data-run-bar="2026-11-17T10:02:00+00:00"></progress>   <span data-old-at="..">

import { describeAge, serverNow } from "../ages";

function clock(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function describeRunning(form: string, seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  if (form === "in") {
    if (seconds < 0) return whole < 5400 ? `in ${clock(seconds)}` : `in ${Math.floor(whole / 60)} min`;
    return `${clock(seconds)} late`;
  }
  // beside clock times a length says that it is one
  if (form === "for") return whole >= 5400 ? `for ${Math.floor(whole / 60)} min` : `for ${clock(seconds)}`;
  if (form === "min" || (form === "up" && whole >= 5400)) return `${Math.floor(whole / 60)} min`;
  return clock(seconds);
}

function say(element: HTMLElement, words: string): void {
  if (element.textContent !== words) element.textContent = words;
}

export function tick(root: ParentNode, zone: string | undefined): void {
  const now = serverNow().getTime();
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-run]")) {
    const seconds = (now - Date.parse(element.dateTime)) / 1000;
    say(element, describeRunning(element.dataset.run ?? "up", seconds));
    if (element.dataset.run === "in") element.closest(".fl-next")?.classList.toggle("fl-next--late", seconds >= 0);
  }
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    const at = new Date(element.dateTime);
    say(element, describeAge((now - at.getTime()) / 1000, at, zone));
  }
  for (const bar of root.querySelectorAll<HTMLProgressElement>("progress[data-run-bar]")) {
    const seconds = (now - Date.parse(bar.dataset.runBar ?? "")) / 1000;
    bar.value = Math.max(0, Math.min(bar.max, seconds));
  }
  for (const vital of root.querySelectorAll<HTMLElement>("[data-old-at]")) {
    vital.classList.toggle("fl-vital--old", now > Date.parse(vital.dataset.oldAt ?? ""));
  }
}
