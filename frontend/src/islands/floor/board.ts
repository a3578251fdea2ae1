// The live board: parts replace their own content when they changed, never the focus or the scroll. A beat comes every
// two seconds; after five without one the board greys out and says since when, and comes back by itself.
//   <div data-floor data-stream-url="/floor/stream" data-now=".." data-zone=".."><section data-part="needs" data-digest="..">

import { setServerTime } from "../ages";
import { tick } from "./running";

interface Part {
  digest: string;
  html: string;
}

interface Message {
  now: string;
  parts?: Record<string, Part>;
}

export class Board {
  private source: EventSource | undefined;
  private heardAt = Date.now();
  private stateAt: Date;
  private hasHeard = false;
  private readonly lostAfterMs: number;
  private readonly zone: string | undefined;

  constructor(private readonly root: HTMLElement) {
    this.lostAfterMs = Number(root.dataset.lostAfter ?? "5") * 1000;
    this.zone = root.dataset.zone;
    setServerTime(root.dataset.now ?? "");
    this.stateAt = new Date(root.dataset.now ?? Date.now());
    this.open();
    window.setInterval(() => this.watch(), 500);
    window.addEventListener("pagehide", () => this.source?.close());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.open();
    });
    document.addEventListener("keydown", (event) => this.followKey(event));
    window.addEventListener("resize", () => fitNeeds(this.root));
    fitNeeds(this.root);
  }

  private open(): void {
    this.source?.close();
    this.source = new EventSource(this.root.dataset.streamUrl ?? "/floor/stream");
    for (const name of ["parts", "beat"]) {
      this.source.addEventListener(name, (event) => this.take(JSON.parse((event as MessageEvent<string>).data) as Message));
    }
  }

  private take(message: Message): void {
    this.heardAt = Date.now();
    this.hasHeard = true;
    setServerTime(message.now);
    this.stateAt = new Date(message.now);
    for (const [name, part] of Object.entries(message.parts ?? {})) this.replace(name, part);
    if (message.parts?.["calls"]) document.dispatchEvent(new Event("floor:calls"));
    this.watch();
  }

  private replace(name: string, part: Part): void {
    const place = this.root.querySelector<HTMLElement>(`[data-part="${CSS.escape(name)}"]`);
    // a place that the page does not know was added since: only the whole page has it where it belongs
    if (!place) {
      if (name.startsWith("place-") && part.digest) window.location.reload();
      return;
    }
    if (place.dataset.digest === part.digest) return;
    const held = place.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.keep : undefined;
    const scrolled = place.querySelector("[data-needs-list]")?.scrollTop ?? 0;
    place.dataset.digest = part.digest;
    place.innerHTML = part.html;
    place.hidden = place.tagName === "SECTION" && place.textContent?.trim() === "" && name !== "needs";
    if (held) place.querySelector<HTMLElement>(`[data-keep="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    tick(place, this.zone);
    fitNeeds(this.root);
    if (scrolled) place.querySelector("[data-needs-list]")?.scrollTo({ top: scrolled });
  }

  private watch(): void {
    const silentMs = Date.now() - this.heardAt;
    const isLost = silentMs > this.lostAfterMs;
    this.root.dataset.live = isLost ? "lost" : this.hasHeard ? "live" : "waiting";
    const strip = this.root.querySelector<HTMLElement>("[data-floor-lost]");
    if (strip) {
      if (strip.hidden === isLost) strip.hidden = !isLost;
      say(strip.querySelector("[data-floor-lost-for]"), clock(silentMs));
      say(strip.querySelector("[data-floor-lost-at]"), this.hour());
    }
    const words = isLost ? `Not live. Board state ${this.hour()}.` : `Board state ${this.hour()}, live. Ages and countdowns run on this screen; if the link to the server drops, the board greys out and says so.`;
    if (this.hasHeard || isLost) say(document.querySelector("[data-floor-state]"), words);
    // what is not live does not count on as if it were
    if (!isLost) tick(this.root, this.zone);
    fitNeeds(this.root);
  }

  private hour(): string {
    return new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit", minute: "2-digit", second: "2-digit", ...(this.zone ? { timeZone: this.zone } : {}),
    }).format(this.stateAt);
  }

  /** `n`: the next person in need, from whatever is focused. */
  private followKey(event: KeyboardEvent): void {
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (document.body.dataset.shortcuts !== "on" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "n" || target?.closest("input, select, textarea, [contenteditable]")) return;
    const links = [...this.root.querySelectorAll<HTMLElement>(".fl-need a")];
    const next = links[links.indexOf(document.activeElement as HTMLElement) + 1] ?? links[0];
    next?.focus();
    event.preventDefault();
  }
}

/** The list of needs has a place of one height, so that nothing below it moves. It ends after the last row that stands
 *  there whole, counted from the row at its upper edge; how many follow is said above it. */
function fitNeeds(root: HTMLElement): void {
  const list = root.querySelector<HTMLElement>("[data-needs-list]");
  const said = root.querySelector<HTMLElement>("[data-needs-more]");
  const room = list?.parentElement?.clientHeight ?? 0;
  if (!list || !said || !room) return;
  const rows = [...list.children] as HTMLElement[];
  const heights = rows.map((row) => row.getBoundingClientRect().height);
  const edge = list.getBoundingClientRect().top - 1;
  const first = Math.max(0, rows.findIndex((row) => row.getBoundingClientRect().top >= edge));
  let used = 0;
  let end = first;
  while (end < rows.length && used + (heights[end] ?? 0) <= room + 0.5) used += heights[end++] ?? 0;
  // a row taller than the place is scrolled within it
  const height = end === first ? room : used;
  const wanted = end === rows.length && first === 0 ? "" : `${Math.round(height * 100) / 100}px`;
  if (list.style.maxHeight !== wanted) list.style.maxHeight = wanted;
  const n = rows.length - Math.max(end, first + 1);
  say(said, n === 1 ? (said.dataset.one ?? "1") : (said.dataset.many ?? "N").replace("N", String(n)));
  if (said.hidden === n > 0) said.hidden = n <= 0;
}

function say(place: HTMLElement | null, words: string): void {
  if (place && place.textContent !== words) place.textContent = words;
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

