// Answers of a form that are not sent yet: kept on this device under a key of their own, sent in their order, removed
// once they are stored. The server stores one key once, so that sending again does no harm.

export interface Kept {
  item: string;
  value: string;
  declined: boolean;
  from: string;
  key: string;
}

export interface Sent {
  left: number;
  refused: number;
  // refused because the form is closed: the page has nothing more to show for it
  late: number;
  next: string;
  crisis: string;
}

interface Reply {
  outcome: "stored" | "away" | "refused" | "late";
  next: string;
  isCrisis: boolean;
}

const PATIENCE_MS = 8000;
const SERVER_FAULT = 500;
const TOO_MANY = 429;
const NOT_OURS = 403;
const GONE = 410;
const AWAY: Reply = { outcome: "away", next: "", isCrisis: false };
const REFUSED: Reply = { outcome: "refused", next: "", isCrisis: false };
const LATE: Reply = { outcome: "late", next: "", isCrisis: false };

export class Outbox {
  private running: Promise<Sent> | null = null;

  constructor(
    private readonly name: string,
    private field: string,
    private readonly root: string,
  ) {}

  // a browser that keeps nothing leaves the page to work without this script
  static isPossible(): boolean {
    try {
      localStorage.setItem("afterglow-form-try", "1");
      localStorage.removeItem("afterglow-form-try");
      return true;
    } catch {
      return false;
    }
  }

  list(): Kept[] {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(this.name) ?? "[]");
      return Array.isArray(found) ? (found as Kept[]) : [];
    } catch {
      return [];
    }
  }

  add(kept: Omit<Kept, "key">): void {
    this.write([...this.list(), { ...kept, key: makeKey() }]);
  }

  // one round at a time; what is added meanwhile is sent by the same round
  send(): Promise<Sent> {
    this.running ??= this.sendAll().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async sendAll(): Promise<Sent> {
    const told: Sent = { left: 0, refused: 0, late: 0, next: "", crisis: "" };
    for (let kept = this.list()[0]; kept !== undefined; kept = this.list()[0]) {
      const reply = await this.sendOne(kept, true);
      if (reply.outcome === "away") break;
      const key = kept.key;
      this.write(this.list().filter((each) => each.key !== key));
      if (reply.outcome === "refused" || reply.outcome === "late") told.refused += 1;
      else told.next = reply.next;
      if (reply.outcome === "late") told.late += 1;
      if (reply.isCrisis) told.crisis = reply.next;
    }
    told.left = this.list().length;
    return told;
  }

  private async sendOne(kept: Kept, mayRenew: boolean): Promise<Reply> {
    const body = new URLSearchParams({ form: this.field, by: "script", key: kept.key, from: kept.from });
    if (kept.declined) body.set("declined", "yes");
    else body.set("choice", kept.value);
    const address = `${this.root}ask/${kept.item}/`;
    try {
      const answer = await fetch(address, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.status === NOT_OURS && mayRenew && (await this.renew(address))) return await this.sendOne(kept, false);
      if (answer.status >= SERVER_FAULT || answer.status === TOO_MANY) return AWAY;
      // the server leads a script nowhere: whoever does is another network's sign-in page, and the answer is kept
      if (answer.redirected) return AWAY;
      if (answer.status === GONE) return LATE;
      if (!answer.ok) return REFUSED;
      const said = (await answer.json()) as { crisis: boolean; next: string };
      return { outcome: "stored", next: said.next, isCrisis: said.crisis };
    } catch {
      return AWAY;
    }
  }

  // the field of a page that was open too long is no longer taken; a fresh page brings a new one, that of an ended link too
  private async renew(address: string): Promise<boolean> {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const field = page.querySelector<HTMLElement>("[data-unsent]")?.dataset.field;
    if (field === undefined) return false;
    this.field = field;
    return true;
  }

  private write(rows: Kept[]): void {
    if (rows.length) localStorage.setItem(this.name, JSON.stringify(rows));
    else localStorage.removeItem(this.name);
  }
}

function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
