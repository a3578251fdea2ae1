// Ages tick locally from the server's time; the bar's clock follows it too.
//   <time datetime="2026-11-17T10:24:36+00:00" data-age>34 s ago</time>
//   <span class="bar__clock" data-clock="2026-11-17T10:25:10+00:00" data-zone="Europe/Berlin">10:25</span>

let offsetMs = 0;

export function serverNow(): Date {
  return new Date(Date.now() + offsetMs);
}

export function setServerTime(instant: string): number {
  const parsed = Date.parse(instant);
  if (!Number.isNaN(parsed)) offsetMs = parsed - Date.now();
  return offsetMs;
}

export function describeAge(seconds: number, at: Date, zone: string | undefined): string {
  if (seconds < 0) return describeHour(at, zone);
  if (seconds <= 90) return `${Math.floor(seconds)} s ago`;
  if (seconds <= 90 * 60) return `${Math.floor(seconds / 60)} min ago`;
  if (describeDay(at, zone) === describeDay(serverNow(), zone)) return describeHour(at, zone);
  return describeDay(at, zone);
}

export function describeHour(at: Date, zone: string | undefined): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", ...zoned(zone) }).format(at);
}

export function describeDay(at: Date, zone: string | undefined): string {
  const parts = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", ...zoned(zone) });
  return parts.format(at).replace("Sept", "Sep");
}

function zoned(zone: string | undefined): { timeZone?: string } {
  return zone ? { timeZone: zone } : {};
}

function tickAges(zone: string | undefined): void {
  const now = serverNow().getTime();
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    const at = new Date(element.dateTime);
    const words = describeAge((now - at.getTime()) / 1000, at, zone);
    if (element.textContent !== words) element.textContent = words;
  }
}

export function attachClock(): void {
  const clock = document.querySelector<HTMLElement>("[data-clock]");
  if (!clock) return;
  setServerTime(clock.dataset.clock ?? "");
  const withSeconds = clock.dataset.seconds !== undefined;
  const format = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    ...(withSeconds ? { second: "2-digit" as const } : {}),
    ...zoned(clock.dataset.zone),
  });
  const tick = (): void => {
    const words = format.format(serverNow());
    if (clock.textContent !== words) clock.textContent = words;
  };
  tick();
  window.setInterval(tick, 1000);
}

export function attachAges(): void {
  const zone = document.querySelector<HTMLElement>("[data-zone]")?.dataset.zone;
  if (!document.querySelector("time[data-age]")) return;
  window.setInterval(() => tickAges(zone), 1000);
}
