// Minutes and seconds since an instant, counted from the server's time that the bar's clock carries.
//   <b role="timer" data-elapsed-since="2026-11-17T10:17:48+00:00">4:12</b>
import { serverNow } from "../ages";

export function describeElapsed(milliseconds: number): string {
  const seconds = Math.max(Math.floor(milliseconds / 1000), 0);
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export function attachElapsed(root: ParentNode): void {
  const timers = [...root.querySelectorAll<HTMLElement>("[data-elapsed-since]")];
  if (timers.length === 0) return;
  const tick = (): void => {
    const now = serverNow().getTime();
    for (const timer of timers) {
      const since = Date.parse(timer.dataset.elapsedSince ?? "");
      if (Number.isNaN(since)) continue;
      const words = describeElapsed(now - since);
      if (timer.textContent !== words) timer.textContent = words;
    }
  };
  tick();
  window.setInterval(tick, 1000);
}
