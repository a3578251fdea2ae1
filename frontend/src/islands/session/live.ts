// The live link: one EventSource per tab. An event says that the session moved on; the page then asks for its parts.
// Heartbeats come every 2 s; after 5 s without one the page says so in words and its values grey.

import { setServerTime } from "../ages";
import { isSignIn, tellSignedOut } from "../security/signed_out";
import type { Answer, SessionPage } from "./page";
import { applyParts } from "./parts";

const LOST_MS = 5000;
const REFRESH_MS = 15000;
const SKEW_MS = 30000;
const LATE_MS = 2000;
const MOST_LOOKS = 6;

export class LiveLink {
  private source: EventSource | undefined;
  private heardAt = Date.now();
  private freshAt = Date.now();
  private asking = false;
  private askAgain = false;
  private looks = 0;

  constructor(private readonly page: SessionPage) {
    this.open();
    window.setInterval(() => this.watch(), 500);
    window.setInterval(() => void this.refresh(), REFRESH_MS);
    window.addEventListener("pagehide", () => this.source?.close());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.open();
    });
    this.lookAgain();
    document.addEventListener("afterglow:unlocked", () => void this.refresh());
    document.addEventListener("afterglow:signed-in", () => void this.refresh());
    document.addEventListener("session:answer", (event) => this.take((event as CustomEvent<Answer>).detail));
  }

  private open(): void {
    this.source?.close();
    this.source = new EventSource(`${this.page.streamUrl}?after=${this.page.seq}`);
    this.source.addEventListener("beat", (event) => this.hear((event as MessageEvent<string>).data));
    this.source.addEventListener("event", (event) => {
      this.heardAt = Date.now();
      const seq = Number((event as MessageEvent<string>).lastEventId || 0);
      if (seq === 0 || seq > this.page.seq) void this.refresh();
    });
    this.source.addEventListener("error", () => {
      if (this.source?.readyState !== EventSource.CLOSED) return;
      // the stream does not say why it was refused; asking for the parts does
      void this.refresh();
      window.setTimeout(() => this.open(), 3000);
    });
  }

  private hear(data: string): void {
    this.heardAt = Date.now();
    try {
      const beat = JSON.parse(data) as { now?: string; seq?: number };
      if (beat.now) this.follow(beat.now);
      if ((beat.seq ?? 0) > this.page.seq) void this.refresh();
    } catch {
      // A beat that cannot be read still proves the link.
    }
  }

  private follow(now: string): void {
    const server = Date.parse(now);
    const skew = Math.abs(server - Date.now());
    setServerTime(now);
    const strip = document.querySelector<HTMLElement>("[data-skew]");
    if (!strip) return;
    strip.hidden = skew < SKEW_MS;
    const words = strip.querySelector("[data-skew-by]");
    if (words) words.textContent = describeSpan(skew / 1000);
  }

  private watch(): void {
    const silent = Date.now() - this.heardAt;
    const lost = silent > LOST_MS;
    this.page.root.classList.toggle("s-lost-page", lost);
    const words = document.querySelector<HTMLElement>("[data-link-words]");
    if (words) words.textContent = lost ? "Not live" : "Live";
    const strip = document.querySelector<HTMLElement>("[data-lost]");
    if (!strip) return;
    strip.hidden = !lost;
    if (!lost) return;
    const span = strip.querySelector("[data-lost-for]");
    if (span) span.textContent = describeSpan(silent / 1000);
    const at = strip.querySelector("[data-lost-at]");
    if (at) at.textContent = new Date(this.freshAt).toLocaleTimeString("en-GB", zoned(this.page.zone));
    const kept = strip.querySelector("[data-lost-kept]");
    const count = Number(this.page.root.dataset.kept ?? 0);
    if (kept) kept.textContent = count ? `${count} ${count === 1 ? "entry is" : "entries are"} kept on this tablet and will be sent.` : "";
  }

  async refresh(): Promise<void> {
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    this.asking = true;
    try {
      const response = await fetch(`${this.page.viewUrl}?parts=1`, { headers: { Accept: "application/json", "X-Afterglow-Background": "1" }, cache: "no-store" });
      if (isSignIn(response)) tellSignedOut();
      if (response.ok && !response.redirected) this.take((await response.json()) as Answer);
    } catch {
      // The watch says that the link is lost; the next beat or event asks again.
    } finally {
      this.asking = false;
      if (this.askAgain) {
        this.askAgain = false;
        void this.refresh();
      }
    }
  }

  private take(answer: Answer): void {
    const seq = answer.seq ?? answer.stored?.seq ?? 0;
    if (seq && seq < this.page.seq) return;
    if (seq > this.page.seq) this.looks = 0;
    if (seq) this.page.seq = seq;
    this.freshAt = Date.now();
    if (answer.now) setServerTime(answer.now);
    if (answer.parts) applyParts(answer.parts);
    this.lookAgain();
  }

  // What is being worked out elsewhere is asked for again, a few times for each event.
  private lookAgain(): void {
    if (document.querySelector("[data-look-again]") && this.looks++ < MOST_LOOKS) window.setTimeout(() => void this.refresh(), LATE_MS);
  }
}

export function describeSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function zoned(zone: string | undefined): Intl.DateTimeFormatOptions {
  return zone ? { timeZone: zone } : {};
}
