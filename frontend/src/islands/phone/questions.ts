// The questions of a form while the network is away: the page goes on from what it carries, and help is shown at once.
//   <div data-unsent="NAME" data-field="SIGNED" data-one=".." ..></div>
//   <form data-form-question>.. <div data-question>..</div> <a data-back>..</form>
//   <template data-item="9" data-said="Question 9 of 10" data-number="9" data-depends>..</template>
//   <template data-crisis><div data-crisis-shown>.. <button data-go-on></div></template>
// With the network every answer leads to the next page as it does without this script.

import { Outbox, type Sent } from "./outbox";

const AGAIN_MS = 10_000;

export function attachForm(box: HTMLElement): void {
  const form = document.querySelector<HTMLFormElement>("form[data-form-question]");
  const root = /^.*\/form\/[^/]+\//.exec(location.pathname)?.[0];
  if (root === undefined || !Outbox.isPossible()) return;
  const outbox = new Outbox(box.dataset.unsent ?? "", box.dataset.field ?? "", root);
  const questions = form === null ? null : new Questions(form, box, outbox);
  const round = (): void => {
    if (outbox.list().length === 0) return;
    say(box, outbox);
    void outbox.send().then((sent) => {
      say(box, outbox, sent);
      if (sent.left > 0) return;
      if (sent.crisis) location.assign(sent.crisis);
      else if (sent.refused > 0) return;
      else if (questions === null) location.reload();
      else questions.goOn(sent);
    });
  };
  window.addEventListener("online", round);
  document.addEventListener("visibilitychange", round);
  window.setInterval(round, AGAIN_MS);
  round();
}

function say(box: HTMLElement, outbox: Outbox, sent?: Sent): void {
  const count = outbox.list().length;
  const words = box.dataset;
  let text = "";
  if (count > 0) text = (count === 1 ? words.one : words.many)?.replace("{count}", String(count)) ?? "";
  else if (sent?.refused) text = words.refused ?? "";
  else if (sent && box.textContent) text = words.all ?? "";
  box.className = count > 0 || sent?.refused ? "calm-box" : "note";
  if (box.textContent !== text) box.textContent = text;
  const stored = document.querySelector<HTMLElement>("[data-stored]");
  if (stored) stored.hidden = count > 0;
}

class Questions {
  private item: string;
  private isAtEnd = false;
  private declined = false;
  private readonly order: HTMLTemplateElement[];

  constructor(
    private readonly form: HTMLFormElement,
    private readonly box: HTMLElement,
    private readonly outbox: Outbox,
  ) {
    this.order = [...document.querySelectorAll<HTMLTemplateElement>("template[data-item]")];
    this.item = form.querySelector<HTMLInputElement>('[name="item"]')?.value ?? "";
    form.addEventListener("submit", (event) => this.take(event));
    form.querySelector("[data-back]")?.addEventListener("click", (event) => this.goBack(event));
    document.querySelector(".help-now")?.addEventListener("click", (event) => {
      if (navigator.onLine && this.outbox.list().length === 0) return;
      event.preventDefault();
      this.showHelp(false);
    });
  }

  // everything was sent by a round of its own
  goOn(sent: Sent): void {
    if (this.isAtEnd && sent.next) location.assign(sent.next);
  }

  private take(event: SubmitEvent): void {
    const chosen = this.form.querySelector<HTMLInputElement>('input[name="choice"]:checked, input[name="choice"][type="text"]');
    const declined = (event.submitter as HTMLButtonElement | null)?.name === "declined";
    const value = chosen?.value.trim() ?? "";
    // an empty answer is the server's to speak of; without a network it has to wait
    if (!value && !declined) {
      if (!navigator.onLine) event.preventDefault();
      return;
    }
    event.preventDefault();
    this.declined = declined;
    const from = this.form.querySelector<HTMLInputElement>('[name="from"]')?.value ?? "";
    this.outbox.add({ item: this.item, value, declined, from });
    const alerts = !declined && chosen?.hasAttribute("data-alerts") === true;
    if (alerts) this.showHelp(true);
    void this.send(alerts);
  }

  private async send(alerts: boolean): Promise<void> {
    const button = this.form.querySelector<HTMLButtonElement>('button[type="submit"]');
    if (button) button.disabled = true;
    const slow = window.setTimeout(() => {
      this.box.textContent = this.box.dataset.sending ?? "";
    }, 800);
    const sent = await this.outbox.send();
    window.clearTimeout(slow);
    if (button) button.disabled = false;
    say(this.box, this.outbox, sent);
    if (sent.crisis && sent.left === 0) location.assign(sent.crisis);
    // the form was closed meanwhile: what was refused stands above, and help that is shown stays
    else if (sent.late > 0 && sent.left === 0) this.form.hidden = true;
    else if (sent.refused > 0 && sent.left === 0) this.sendPlainly();
    else if (sent.left === 0) location.assign(sent.next);
    else if (!alerts && sent.left > 0) this.show(this.order[this.find() + 1]);
  }

  // what the server does not take is shown as it shows it without this script: the question with its error, or the end
  private sendPlainly(): void {
    if (this.declined) {
      const field = Object.assign(document.createElement("input"), { type: "hidden", name: "declined", value: "yes" });
      this.form.append(field);
    }
    this.form.submit();
  }

  private find(): number {
    return this.order.findIndex((each) => each.dataset.item === this.item);
  }

  private show(template: HTMLTemplateElement | undefined): void {
    document.querySelector("[data-crisis-shown]")?.remove();
    const waits = template?.hasAttribute("data-depends") === true;
    this.isAtEnd = template === undefined || waits;
    this.form.hidden = this.isAtEnd;
    if (template === undefined || waits) {
      const note = document.createElement("p");
      note.className = "sub";
      note.dataset.crisisShown = "";
      note.textContent = (waits ? this.box.dataset.waits : this.box.dataset.last) ?? "";
      this.form.before(note);
      return;
    }
    this.item = template.dataset.item ?? "";
    const place = this.form.querySelector("[data-question]");
    place?.replaceChildren(template.content.cloneNode(true));
    const said = document.querySelector("[data-place]");
    if (said) said.textContent = template.dataset.said ?? "";
    const bar = document.querySelector<HTMLProgressElement>("progress");
    if (bar) bar.value = Number(template.dataset.number);
    bar?.setAttribute("aria-label", template.dataset.said ?? "");
    this.fill();
    const heading = this.form.querySelector<HTMLElement>(".asked, h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus();
  }

  // an answer that waits to be sent is the one that counts
  private fill(): void {
    const kept = this.outbox.list().filter((each) => each.item === this.item && !each.declined);
    const value = kept[kept.length - 1]?.value;
    if (value === undefined) return;
    for (const input of this.form.querySelectorAll<HTMLInputElement>('input[name="choice"]')) {
      if (input.type === "radio") input.checked = input.value === value;
      else input.value = value;
    }
  }

  private goBack(event: Event): void {
    if (navigator.onLine && this.outbox.list().length === 0) return;
    event.preventDefault();
    const before = this.order[this.find() - 1];
    if (before) this.show(before);
  }

  // the numbers stand in the page: no network is needed to read them
  private showHelp(isAnswer: boolean): void {
    const template = document.querySelector<HTMLTemplateElement>("template[data-crisis]");
    if (!template) return;
    document.querySelector("[data-crisis-shown]")?.remove();
    this.form.before(template.content.cloneNode(true));
    const shown = document.querySelector<HTMLElement>("[data-crisis-shown]");
    const told = shown?.querySelector<HTMLElement>('[role="alert"]');
    if (told) told.hidden = !isAnswer;
    const lead = shown?.querySelector<HTMLElement>("[data-lead]");
    if (lead) lead.hidden = isAnswer;
    const stored = document.querySelector<HTMLElement>("[data-stored]");
    if (stored) stored.hidden = true;
    this.form.hidden = true;
    shown?.querySelector("[data-go-on]")?.addEventListener("click", () => {
      if (this.outbox.list().length === 0 && navigator.onLine) location.reload();
      else this.show(this.order[this.find() + (isAnswer ? 1 : 0)]);
    });
    shown?.querySelector<HTMLElement>("h1")?.focus();
    window.scrollTo(0, 0);
  }
}
