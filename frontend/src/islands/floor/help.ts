// The one tap that calls for help is sent from the page: where it does not arrive, the page stays, says so aloud with the
// number to telephone, and tries again by itself. A call from one room is one call, however often it is sent. Without
// script the form posts.
//   <form class="fl-help" method="post" action="/floor/help/"><button>..</button><div data-help-unsent hidden>..</div>
//   <div data-help-sent hidden><a>..</a></div></form>

import { isSignIn, tellSignedOut } from "../security/signed_out";

const AGAIN_MS = 3000;
const PATIENCE_MS = 6000;

export class HelpButton {
  private isSending = false;
  private hasFailed = false;
  private again: number | undefined;

  constructor(private readonly form: HTMLFormElement) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
  }

  private async send(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    window.clearTimeout(this.again);
    const arrived = await this.post();
    this.isSending = false;
    if (arrived === undefined) this.fail();
    else if (this.hasFailed) this.tell(arrived);
    else window.location.assign(arrived);
  }

  /** Returns the address of the call, or nothing when it did not arrive. */
  private async post(): Promise<string | undefined> {
    try {
      const answer = await fetch(this.form.action, {
        method: "POST",
        body: new FormData(this.form),
        headers: { Accept: "text/html" },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (isSignIn(answer)) {
        tellSignedOut();
        return undefined;
      }
      return answer.ok && answer.redirected ? answer.url : undefined;
    } catch {
      return undefined;
    }
  }

  private fail(): void {
    this.hasFailed = true;
    this.show("[data-help-sent]", false);
    this.show("[data-help-unsent]", true);
    this.again = window.setTimeout(() => void this.send(), AGAIN_MS);
  }

  private tell(address: string): void {
    this.hasFailed = false;
    this.show("[data-help-unsent]", false);
    this.show("[data-help-sent]", true);
    this.form.querySelector("[data-help-sent] a")?.setAttribute("href", address);
    document.dispatchEvent(new Event("floor:calls"));
  }

  private show(selector: string, isShown: boolean): void {
    const place = this.form.querySelector<HTMLElement>(selector);
    if (place && place.hidden === isShown) place.hidden = !isShown;
  }
}

export function attachHelp(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form.fl-help")) new HelpButton(form);
}
