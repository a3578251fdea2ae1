// The idle lock: a page that nobody touches covers itself, with everything typed kept below, and asks who is there. The
// cover shows the alarms of one's chairs and calls for help. Another tab of the same browser counts; a touch is told to
// the server.
//   <div hidden data-idle data-minutes="10" data-lock-url=".." data-locked-url=".." data-awake-url="..">

import htmx from "htmx.org";

import { attachPasskeys } from "./passkey";

const SEEN = "afterglow-touched";
const LOOK_MS = 5000;
const TELL_MS = 60_000;

export class IdleLock {
  private told = Date.now();
  private cover: HTMLDialogElement | undefined;

  constructor(private readonly root: HTMLElement) {
    this.touch();
    for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) {
      document.addEventListener(name, () => this.touch(), { capture: true, passive: true });
    }
    window.setInterval(() => void this.look(), LOOK_MS);
  }

  private get token(): string {
    return document.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "";
  }

  private touch(): void {
    if (this.cover) return;
    localStorage.setItem(SEEN, String(Date.now()));
  }

  private async look(): Promise<void> {
    if (this.cover) return;
    const seen = Number(localStorage.getItem(SEEN) ?? 0);
    if (Date.now() - seen > Number(this.root.dataset.minutes ?? 10) * 60_000) return this.lock();
    if (seen <= this.told || Date.now() - this.told < TELL_MS) return;
    this.told = Date.now();
    await this.post(this.root.dataset.awakeUrl ?? "").catch(() => undefined);
  }

  private post(url: string, body?: FormData): Promise<Response> {
    return fetch(url, { method: "POST", body: body ?? null, redirect: "manual", headers: { "X-CSRFToken": this.token, Accept: "text/html" } });
  }

  /** Cover the page first, so that it is hidden even when the server cannot be asked. */
  private async lock(): Promise<void> {
    const cover = document.createElement("dialog");
    cover.className = "lock-cover";
    cover.setAttribute("aria-labelledby", "locked-title");
    this.cover = cover;
    document.body.append(cover);
    cover.addEventListener("cancel", (event) => event.preventDefault());
    cover.addEventListener("close", () => {
      if (this.cover === cover) cover.showModal();
    });
    cover.showModal();
    await this.fill();
  }

  private async fill(): Promise<void> {
    const here = `${location.pathname}${location.search}`;
    try {
      await this.post(this.root.dataset.lockUrl ?? "");
      const page = await fetch(`${this.root.dataset.lockedUrl ?? ""}?${new URLSearchParams({ next: here }).toString()}`, { headers: { Accept: "text/html" } });
      this.show(await page.text());
    } catch {
      // No link to the server: the cover stays, and the way back is asked for again.
      window.setTimeout(() => void this.fill(), LOOK_MS);
    }
  }

  private show(html: string): void {
    const main = new DOMParser().parseFromString(html, "text/html").querySelector("main");
    const form = main?.querySelector<HTMLFormElement>("form[data-unlock]");
    if (!this.cover || !main || !form) {
      // signed out meanwhile
      location.reload();
      return;
    }
    this.cover.replaceChildren(...main.childNodes);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.unlock(form);
    });
    for (const help of this.cover.querySelectorAll<HTMLFormElement>("form[data-help]")) {
      help.addEventListener("submit", (event) => {
        event.preventDefault();
        void this.callHelp(help, event.submitter);
      });
    }
    htmx.process(this.cover);
    attachPasskeys(this.cover);
    form.querySelector<HTMLInputElement>("input:not([type=hidden])")?.focus();
  }

  private async unlock(form: HTMLFormElement): Promise<void> {
    try {
      const answer = await this.post(form.action, new FormData(form));
      if (answer.type === "opaqueredirect") this.open();
      else this.show(await answer.text());
    } catch {
      // The form stays as it is; it can be sent again once the link is back.
    }
  }

  /** Call for help without leaving the page below: what is typed there stays. A call that did not arrive is said. */
  private async callHelp(form: HTMLFormElement, tapped: HTMLElement | null): Promise<void> {
    const body = new FormData(form);
    if (tapped instanceof HTMLButtonElement && tapped.name) body.append(tapped.name, tapped.value);
    const failed = this.cover?.querySelector<HTMLElement>("[data-help-failed]");
    try {
      const answer = await this.post(form.action, body);
      if (answer.type !== "opaqueredirect") throw new Error(`help: ${String(answer.status)}`);
    } catch {
      if (failed) failed.hidden = false;
      return;
    }
    await this.fill();
  }

  private open(): void {
    const cover = this.cover;
    this.cover = undefined;
    cover?.close();
    cover?.remove();
    // what came meanwhile was kept from a locked screen: the page asks for it now, not with its next look
    document.dispatchEvent(new CustomEvent("afterglow:unlocked"));
    this.told = Date.now();
    this.touch();
  }
}

export function attachIdleLock(): void {
  const root = document.querySelector<HTMLElement>("[data-idle]");
  if (root) new IdleLock(root);
}
