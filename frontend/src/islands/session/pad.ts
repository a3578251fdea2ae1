// The quick-entry pad: keypad types into the field last touched, and full fields hand the focus on in reading order.
//   <section data-pad><input id="vitals-systolic" data-max="3">..<button data-digit="7">7</button></section>

export class Pad {
  private current: HTMLInputElement | undefined;
  private walkedTo: HTMLInputElement | undefined;
  private waiting: HTMLInputElement | undefined;

  constructor(private readonly pad: HTMLElement) {
    pad.addEventListener("focusin", (event) => {
      if (event.target instanceof HTMLInputElement && event.target.dataset.max) this.current = event.target;
    });
    pad.addEventListener("click", (event) => {
      const key = (event.target as Element).closest<HTMLElement>("[data-digit]")?.dataset.digit;
      if (key) this.press(key);
    });
    pad.addEventListener("input", (event) => {
      if (!(event.target instanceof HTMLInputElement)) return;
      this.walkedTo = undefined;
      this.walk(event.target);
    });
    pad.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || !event.target.dataset.max) return;
      const next = this.fields[this.fields.indexOf(event.target) + 1];
      if (next && event.target.value) {
        event.preventDefault();
        next.focus();
      } else if (event.target === this.walkedTo && event.target.name === "data.diastolic") {
        // the Enter of a hand that did not see the focus walk on by itself: half a pressure is not sent by it
        event.preventDefault();
      }
      this.walkedTo = undefined;
    });
    pad.addEventListener("submit", () => {
      const active = document.activeElement;
      this.waiting = active instanceof HTMLInputElement && this.fields.includes(active) && !active.value ? active : undefined;
    });
    pad.addEventListener("session:entered", () => {
      this.walkedTo = undefined;
      // a pressure was sent from the empty field behind it: the next number is that field's, not a new pressure
      if (this.waiting === undefined || this.waiting !== document.activeElement) this.fields[0]?.focus({ preventScroll: true });
    });
    document.addEventListener("session:parts", () => this.showPast());
    document.addEventListener("click", (event) => this.go(event));
    this.showPast();
  }

  private get fields(): HTMLInputElement[] {
    return [...this.pad.querySelectorAll<HTMLInputElement>("input[data-max]")];
  }

  private press(key: string): void {
    const field = this.current ?? this.fields[0];
    if (!field) return;
    if (key === "next") {
      // the focus has walked on by itself: the "next" of a hand that did not see it skips no field
      if (field === this.walkedTo && !field.value) {
        this.walkedTo = undefined;
        field.focus({ preventScroll: true });
        return;
      }
      this.fields[(this.fields.indexOf(field) + 1) % this.fields.length]?.focus();
      return;
    }
    field.focus({ preventScroll: true });
    field.value = key === "delete" ? field.value.slice(0, -1) : field.value + key;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private walk(field: HTMLInputElement): void {
    const digits = field.value.replace(/\D/g, "");
    if (!field.dataset.max || field !== document.activeElement || !digits) return;
    const full = digits.length >= Number(field.dataset.max) || (field.dataset.max === "3" && digits.length === 2 && /^[4-9]/.test(digits));
    const next = this.fields[this.fields.indexOf(field) + 1];
    if (!full || !next || next.value) return;
    next.focus();
    this.walkedTo = next;
  }

  private showPast(): void {
    for (const note of document.querySelectorAll<HTMLElement>("[data-past-of]")) {
      const source = document.querySelector<HTMLElement>(`[data-past="${note.dataset.pastOf ?? ""}"]`);
      if (source && note.textContent !== source.textContent) note.textContent = source.textContent;
    }
  }

  private go(event: Event): void {
    const link = (event.target as Element).closest<HTMLElement>("[data-goes]");
    const field = link && document.getElementById(link.dataset.goes ?? "");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.scrollIntoView({ block: "nearest" });
  }
}
