// Guarded acts: held for 2 s by pointer; by keyboard, pressed and then confirmed below a written consequence.
//   <button class="button button--guarded" name="act" value="override" data-guard
//           data-consequence="The stop is overridden in your name and shown at every later session.">Override</button>
// Without script the button posts at once; what the act needs (cause, reason, expiry) is asked by its form either way.

import { attachOnce } from "./attach";

const HOLD_MS = 2000;
const RING =
  '<svg class="hold__ring" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="7"/><circle cx="10" cy="10" r="7"/></svg>';

export class Guard {
  private timer: number | undefined;
  private confirmed = false;
  private panel: HTMLElement | undefined;
  private byPointer = false;

  constructor(private readonly button: HTMLButtonElement) {
    button.querySelector(".icon")?.remove();
    button.insertAdjacentHTML("afterbegin", RING);
    button.addEventListener("pointerdown", (event) => this.begin(event));
    for (const name of ["pointerup", "pointerleave", "pointercancel"]) button.addEventListener(name, () => this.end());
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    button.addEventListener("click", (event) => this.click(event));
  }

  private begin(event: PointerEvent): void {
    if (event.button !== 0 || this.button.disabled || this.button.getAttribute("aria-disabled") === "true") return;
    this.byPointer = true;
    this.button.dataset.holding = "";
    this.timer = window.setTimeout(() => this.send(), HOLD_MS);
  }

  private end(): void {
    window.clearTimeout(this.timer);
    delete this.button.dataset.holding;
  }

  private click(event: MouseEvent): void {
    if (this.confirmed) return;
    event.preventDefault();
    // A short press of the pointer is not a hold; assistive tools and keys send a click with detail 0.
    if (this.byPointer && event.detail !== 0) {
      this.byPointer = false;
      return;
    }
    this.ask();
  }

  private ask(): void {
    if (this.panel) {
      this.panel.hidden = false;
      this.panel.querySelector<HTMLButtonElement>("button")?.focus();
      return;
    }
    const panel = document.createElement("div");
    panel.className = "hold__confirm";
    panel.setAttribute("role", "group");
    const words = document.createElement("p");
    words.textContent = this.button.dataset.consequence ?? "";
    const confirm = document.createElement("button");
    confirm.type = "button";
    confirm.className = "button button--guarded button--dense";
    confirm.textContent = this.button.dataset.confirm ?? "Confirm";
    confirm.addEventListener("click", () => this.send());
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.className = "button button--dense";
    cancel.textContent = this.button.dataset.cancel ?? "Go back";
    cancel.addEventListener("click", () => {
      panel.hidden = true;
      this.button.focus();
    });
    const row = document.createElement("div");
    row.className = "button-row";
    row.append(confirm, cancel);
    panel.append(words, row);
    this.button.insertAdjacentElement("afterend", panel);
    this.panel = panel;
    confirm.focus();
  }

  private send(): void {
    this.end();
    this.confirmed = true;
    const form = this.button.form;
    if (form) {
      form.querySelector("[data-held]")?.remove();
      const held = document.createElement("input");
      held.type = "hidden";
      held.name = "held";
      held.value = "1";
      held.setAttribute("data-held", "");
      form.append(held);
      form.requestSubmit(this.button);
    }
    this.confirmed = false;
  }
}

export function attachGuards(root: ParentNode): void {
  attachOnce<HTMLButtonElement>(root, "button[data-guard]", "guard", (button) => new Guard(button));
}
