// The curves of a plan follow what is typed: the card asks the server for its parts, a moment after the last key.
//   <div data-expect data-expect-url="..">.. <div data-expect-part="chart">..</div> <div data-expect-again> ..</div>

import { attachOnce } from "./attach";

const PAUSE_MS = 600;
const AGAIN_MS = 2500;
const MOST_LOOKS = 12;

class Curves {
  private waiting: number | undefined;
  private asking: AbortController | undefined;
  private looks = 0;

  constructor(
    private readonly card: HTMLElement,
    private readonly form: HTMLFormElement,
  ) {
    for (const name of ["input", "change"]) document.addEventListener(name, (event) => this.hear(event));
    card.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLButtonElement>("button[value=expect]");
      if (!button) return;
      event.preventDefault();
      button.closest<HTMLElement>("[popover]")?.hidePopover();
      this.looks = 0;
      void this.ask();
    });
    card.addEventListener("keydown", (event) => {
      const field = event.target as Element;
      if (event.key !== "Enter" || !field.matches("[popover] input, .find__fields input")) return;
      // Enter would store the draft, whose form the fields of B and of a goal belong to
      event.preventDefault();
      field.closest("[popover], .find__fields")?.querySelector<HTMLButtonElement>("button[value=expect]")?.click();
    });
    this.lookAgain();
  }

  private hear(event: Event): void {
    const field = event.target as HTMLInputElement;
    if (field.form !== this.form) return;
    this.looks = 0;
    this.after(PAUSE_MS);
  }

  private after(pause: number): void {
    window.clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => void this.ask(), pause);
  }

  private lookAgain(): void {
    if (this.card.querySelector("[data-expect-again]") && this.looks++ < MOST_LOOKS) this.after(AGAIN_MS);
  }

  private async ask(): Promise<void> {
    window.clearTimeout(this.waiting);
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.mark(true);
    try {
      const response = await fetch(this.card.dataset.expectUrl ?? "", { method: "POST", body: new FormData(this.form), signal: asking.signal, cache: "no-store" });
      if (response.ok && !response.redirected) this.take(await response.text());
    } catch {
      // A lost link leaves the curves that are there; the next change asks again.
    } finally {
      if (this.asking === asking) this.mark(false);
    }
  }

  private mark(busy: boolean): void {
    this.card.querySelector("[data-expect-part=chart]")?.setAttribute("aria-busy", String(busy));
  }

  private take(html: string): void {
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const part of template.content.querySelectorAll<HTMLElement>("[data-expect-part]")) {
      const place = this.card.querySelector(`[data-expect-part="${CSS.escape(part.dataset.expectPart ?? "")}"]`);
      place?.replaceChildren(...part.childNodes);
    }
    this.lookAgain();
  }
}

export function attachCurves(root: ParentNode): void {
  attachOnce<HTMLElement>(root, "[data-expect]", "expect", (card) => {
    const form = document.getElementById("plan-form");
    if (form instanceof HTMLFormElement) new Curves(card, form);
  });
}
