// The strip on every staff page: calls for help and the top alarm of one's other chairs, asked for again by itself. It
// neither counts as a person's act nor moves the focus; when it cannot ask, it says so.
//   <div data-floor-strip data-url="/floor/strip">..</div>

import { tellSignedOut } from "../security/signed_out";
import { tick } from "./running";

const EVERY_MS = 4000;
const LOST_AFTER = 3;

export class Strip {
  private failed = 0;
  private words = "";

  constructor(private root: HTMLElement) {
    this.words = this.read(root);
    window.setInterval(() => void this.ask(), EVERY_MS);
    window.setInterval(() => tick(this.root, undefined), 1000);
    document.addEventListener("floor:calls", () => void this.ask());
    for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, (event) => this.fold(event));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.ask();
    });
  }

  private async ask(): Promise<void> {
    try {
      const answer = await fetch(this.root.dataset.url ?? "/floor/strip", {
        headers: { "X-Afterglow-Background": "1", Accept: "text/html" },
        redirect: "manual",
      });
      // a locked screen gets its strip; only who is not signed in is sent elsewhere
      if (answer.type === "opaqueredirect" || answer.status === 401) tellSignedOut();
      if (!answer.ok) throw new Error(String(answer.status));
      this.take(await answer.text());
      this.failed = 0;
    } catch {
      this.failed += 1;
    }
    this.root.dataset.unasked = String(this.failed >= LOST_AFTER);
  }

  private take(html: string): void {
    const box = document.createElement("template");
    box.innerHTML = html;
    const fresh = box.content.querySelector<HTMLElement>("[data-floor-strip]");
    if (!fresh) return;
    const words = this.read(fresh);
    if (words === this.words) return;
    this.words = words;
    // the live regions stay the same elements, so that what is new in them is read out
    const old = [...this.root.children];
    [...fresh.children].forEach((part, place) => {
      const region = old[place];
      if (region && this.read(region) !== this.read(part)) {
        this.renew(region, part);
      } else if (!region) {
        this.root.append(part);
      }
    });
  }

  /** What is new always comes in; what was unfolded stays so, and the focus where it was. */
  private renew(region: Element, part: Element): void {
    const isOpen = region.querySelector("details")?.open ?? false;
    const held = region.contains(document.activeElement) ? document.activeElement : null;
    const href = held?.getAttribute("href");
    region.replaceChildren(...part.childNodes);
    const rest = region.querySelector("details");
    if (rest) rest.open = isOpen;
    if (!held) return;
    const same = href ? region.querySelector<HTMLElement>(`a[href="${CSS.escape(href)}"]`) : null;
    (same ?? region.querySelector<HTMLElement>("summary, a"))?.focus({ preventScroll: true });
  }

  /** The folded rest closes as a menu does: by Escape, and by a touch beside it. */
  private fold(event: Event): void {
    const rest = this.root.querySelector<HTMLDetailsElement>("details[open]");
    if (!rest) return;
    if (event instanceof KeyboardEvent) {
      if (event.key !== "Escape") return;
      rest.querySelector<HTMLElement>("summary")?.focus();
    } else if (rest.contains(event.target as Node)) return;
    rest.open = false;
  }

  /** What stands in a region, without the times that run. */
  private read(region: Element): string {
    const copy = region.cloneNode(true) as Element;
    for (const time of copy.querySelectorAll("time")) time.textContent = "";
    return copy.innerHTML.replace(/\s+/g, " ");
  }
}
