// Entries: every `form[data-entry]` is sent in the background and says what became of it: sending, stored HH:MM:SS,
// kept on this tablet, or refused with the words under their fields. Without script the same form posts.
//   <form method="post" action=".." data-entry><input type="hidden" name="type" value="record-pause">..</form>

import { serverNow } from "../ages";
import { isSignedOut, isSignIn, tellSignedOut } from "../security/signed_out";
import { zoned } from "./live";
import { type Kept, Outbox } from "./outbox";
import type { Answer, Problem, SessionPage } from "./page";

const NOT_SENT = "not-sent";
const NEAR_MS = 20_000;

type State = "sending" | "stored" | "kept" | "refused";

export class Entries {
  private readonly outbox: Outbox;
  private undoTimer: number | undefined;
  private nearTimer: number | undefined;
  private readonly sent = new WeakMap<HTMLFormElement, string>();

  constructor(private readonly page: SessionPage) {
    this.outbox = new Outbox(
      `${page.user}:${page.id}`,
      (entry) => this.deliver(entry),
      (count) => {
        page.root.dataset.kept = String(count);
        if (count) this.say("kept", `${count} kept on this tablet, will be sent.`);
      },
    );
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || !form.matches("[data-entry]") || event.defaultPrevented) return;
      event.preventDefault();
      void this.submit(form, event.submitter);
    });
  }

  private async submit(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
    if (form.dataset.state === "sending") return;
    const entry = this.pack(form, submitter);
    this.sent.set(form, list(new FormData(form)));
    this.clearProblems(form);
    this.clearNear();
    form.dataset.state = "sending";
    this.say("sending", "Sending.", form);
    const answer = await this.post(entry);
    delete form.dataset.state;
    if (answer === undefined) {
      if (form.querySelector("[name='second.secret']")) {
        this.say("refused", "Not sent: a second signature needs the connection. Nothing was stored.", form);
        return;
      }
      this.outbox.keep(entry);
      this.finish(form);
      return;
    }
    this.settle(answer, form);
  }

  private pack(form: HTMLFormElement, submitter: HTMLElement | null): Kept {
    const content = new FormData(form, submitter instanceof HTMLButtonElement ? submitter : null);
    const body = new URLSearchParams();
    for (const [name, value] of content) if (typeof value === "string") body.append(name, value);
    const key = crypto.randomUUID();
    body.set("request_key", key);
    if (!body.get("occurred_time")) body.set("occurred_at", serverNow().toISOString());
    const words = submitter?.textContent?.trim() ?? body.get("type") ?? "entry";
    return { key, body: body.toString(), words };
  }

  /** Returns the server's answer, or nothing when it could not be reached. */
  private async post(entry: Kept): Promise<(Answer & { ok: boolean }) | undefined> {
    const body = new URLSearchParams(entry.body);
    body.set("csrfmiddlewaretoken", this.page.token);
    try {
      const response = await fetch(`${this.page.commandsUrl}?parts=1`, {
        method: "POST",
        body,
        headers: { Accept: "application/json", "X-CSRFToken": this.page.token },
      });
      if (isSignIn(response)) {
        tellSignedOut();
        return undefined;
      }
      if (response.status === 423 || response.status === 429) return undefined;
      if (response.redirected || !response.headers.get("Content-Type")?.includes("json")) {
        return response.status >= 500 || response.redirected ? undefined : { ok: false, refusal: { code: NOT_SENT, message: "This sign-in may not send; reload the page." } };
      }
      return { ok: response.ok, ...((await response.json()) as Answer) };
    } catch {
      return undefined;
    }
  }

  private async deliver(entry: Kept): Promise<"stored" | "refused" | "later"> {
    // what one person kept is sent as that person alone
    if (isSignedOut()) return "later";
    // it has happened by now: nothing is asked before it is stored
    const kept = new URLSearchParams(entry.body);
    kept.set("kept", "1");
    const answer = await this.post({ ...entry, body: kept.toString() });
    if (answer === undefined || answer.refusal?.code === NOT_SENT) return "later";
    this.settle(answer, undefined, entry.words);
    return answer.ok ? "stored" : "refused";
  }

  private settle(answer: Answer & { ok: boolean }, form: HTMLFormElement | undefined, words = ""): void {
    if (!answer.ok) {
      const message = answer.refusal?.message ?? answer.problems?.map((problem) => problem.message).join(" ") ?? "Not stored.";
      // what stands under its field is not said a second time
      const isMarked = form !== undefined && this.showProblems(form, answer.problems ?? []) && answer.problems?.length;
      const marked = document.querySelector<HTMLElement>("[data-stored]")?.dataset.marked ?? message;
      this.say("refused", words ? `${words}: ${message}` : isMarked ? marked : message, form);
      this.sayNear(form, message);
      if (answer.parts) document.dispatchEvent(new CustomEvent("session:answer", { detail: answer }));
      return;
    }
    const at = answer.stored ? new Date(answer.stored.recorded_at) : serverNow();
    const time = at.toLocaleTimeString("en-GB", zoned(this.page.zone));
    const asks = (answer.findings ?? []).map((finding) => `${finding.seen}. ${finding.asks}`).join(" ");
    this.say("stored", `Stored ${time}. ${asks}`.trim(), form);
    if (answer.undo) this.offerUndo(answer.undo);
    document.dispatchEvent(new CustomEvent("session:answer", { detail: answer }));
    if (form) this.finish(form);
  }

  private finish(form: HTMLFormElement): void {
    // what was typed while the entry was on its way is the next entry: it stays where it is
    const isTouched = list(new FormData(form)) !== this.sent.get(form);
    if (isTouched) {
      clearSent(form, this.sent.get(form) ?? "[]");
      return;
    }
    form.reset();
    this.leaveOnce(form);
    const sheet = form.closest<HTMLElement>("[popover]");
    if (sheet?.matches(":popover-open")) sheet.hidePopover();
    form.dispatchEvent(new CustomEvent("session:entered", { bubbles: true }));
  }

  /** A form for one entry alone, such as a correction, goes once it was sent: what it holds is as it was before. */
  private leaveOnce(form: HTMLFormElement): void {
    const place = form.closest<HTMLElement>("[data-once]");
    if (!place) return;
    place.remove();
    history.replaceState(null, "", this.page.viewUrl.replace(/view$/, ""));
  }

  private say(state: State, words: string, form?: HTMLFormElement): void {
    const places = [document.querySelector<HTMLElement>("[data-stored]"), form?.querySelector<HTMLElement>("[data-form-state]")];
    for (const place of places) {
      if (!place) continue;
      place.dataset.state = state;
      place.replaceChildren(mark(state), words);
    }
  }

  /** Says under the acts of one tap why one was refused: the line of the entries may stand off the screen. */
  private sayNear(form: HTMLFormElement | undefined, words: string): void {
    const place = form?.closest(".s-acts")?.querySelector<HTMLElement>(".s-hands");
    if (!place) return;
    place.dataset.said = place.textContent ?? "";
    place.replaceChildren(mark("refused"), words);
    this.nearTimer = window.setTimeout(() => this.clearNear(), NEAR_MS);
  }

  private clearNear(): void {
    window.clearTimeout(this.nearTimer);
    for (const place of document.querySelectorAll<HTMLElement>(".s-hands[data-said]")) {
      place.textContent = place.dataset.said ?? "";
      delete place.dataset.said;
    }
  }

  private offerUndo(undo: { seq: number; until: string }): void {
    const place = document.querySelector<HTMLElement>("[data-stored]");
    const template = document.querySelector<HTMLTemplateElement>("template[data-undo-form]");
    if (!place || !template) return;
    const form = template.content.firstElementChild?.cloneNode(true);
    if (!(form instanceof HTMLFormElement)) return;
    form.querySelector<HTMLInputElement>("[name='data.seq']")?.setAttribute("value", String(undo.seq));
    place.append(" ", form);
    window.clearTimeout(this.undoTimer);
    this.undoTimer = window.setTimeout(() => form.remove(), Math.max(0, Date.parse(undo.until) - serverNow().getTime()));
  }

  private clearProblems(form: HTMLFormElement): void {
    for (const note of form.querySelectorAll("[data-problem]")) note.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const box of form.querySelectorAll("[data-bad]")) box.removeAttribute("data-bad");
  }

  /** Marks the fields the problems name; returns whether every problem has found its field. */
  private showProblems(form: HTMLFormElement, problems: Problem[]): boolean {
    const fields = problems.map((problem) => this.showProblem(form, problem));
    fields.find((field) => field !== undefined)?.focus();
    return fields.every((field) => field !== undefined);
  }

  private showProblem(form: HTMLFormElement, problem: Problem): HTMLElement | undefined {
    const line = form.querySelector<HTMLInputElement>("[data-line]");
    const named = findField(form, problem.path);
    // a value that was typed in the line is mended in the line
    const isInLine = line?.value && (!named || named === line || (named instanceof HTMLInputElement && !named.value));
    const field = isInLine ? line : named;
    if (!field) return undefined;
    field.setAttribute("aria-invalid", "true");
    const preview = isInLine ? form.querySelector<HTMLElement>("[data-line-preview]") : null;
    if (preview) {
      if (preview.dataset.state !== "bad") preview.textContent = "";
      preview.dataset.state = "bad";
      if (!preview.textContent) preview.textContent = problem.message;
      return field;
    }
    field.closest("[data-bad], .s-field-box")?.setAttribute("data-bad", "true");
    const note = document.createElement("p");
    note.className = "s-error";
    note.setAttribute("data-problem", "");
    note.textContent = problem.message;
    (field.closest("[data-field], .s-field-box") ?? field).insertAdjacentElement("afterend", note);
    return field;
  }
}

function list(content: FormData): string {
  return JSON.stringify([...content].filter(([, value]) => typeof value === "string"));
}

/** Empties the readings that were sent and not typed over: what is stored once is not sent again with the next. */
function clearSent(form: HTMLFormElement, sent: string): void {
  const known = new Map(JSON.parse(sent) as [string, string][]);
  for (const field of form.querySelectorAll<HTMLInputElement>("input[data-max]")) {
    if (field.value && field.value === known.get(field.name)) field.value = field.defaultValue;
  }
}

function findField(form: HTMLFormElement, path: string): HTMLElement | undefined {
  const wanted = [path, `data.${path}`];
  return [...form.querySelectorAll<HTMLElement>("[name]")].find((field) => wanted.includes(field.getAttribute("name") ?? ""));
}

function mark(state: State): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const shapes: Record<State, string> = {
    sending: "M10 3a7 7 0 100 14 7 7 0 000-14z",
    stored: "M3.5 10.5l4 4 9-9",
    kept: "M10 5.8V10l3 2M10 2.8a7.2 7.2 0 100 14.4 7.2 7.2 0 000-14.4z",
    refused: "M10 2.8L18 17H2zM10 8v4.2M10 14.4v.2",
  };
  svg.setAttribute("class", "icon");
  svg.setAttribute("width", "15");
  svg.setAttribute("height", "15");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shapes[state]);
  svg.append(path);
  return svg;
}
