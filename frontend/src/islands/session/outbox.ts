// The outbox: entries that could not be sent stay in this tab's storage under their own key and are sent in order
// once the server answers. The same key twice is stored once, so sending again is safe. They belong to the person who
// entered them: `owner` names the person and the session.

export interface Kept {
  key: string;
  body: string;
  words: string;
}

const RETRY_MS = 3000;

export class Outbox {
  private readonly name: string;
  private busy = false;

  constructor(
    owner: string,
    private readonly send: (entry: Kept) => Promise<"stored" | "refused" | "later">,
    private readonly changed: (count: number) => void,
  ) {
    this.name = `afterglow:outbox:${owner}`;
    window.setInterval(() => void this.flush(), RETRY_MS);
    window.addEventListener("online", () => void this.flush());
    window.addEventListener("beforeunload", (event) => {
      if (this.list().length) event.preventDefault();
    });
    this.changed(this.list().length);
  }

  list(): Kept[] {
    try {
      return JSON.parse(window.sessionStorage.getItem(this.name) ?? "[]") as Kept[];
    } catch {
      return [];
    }
  }

  keep(entry: Kept): void {
    this.store([...this.list().filter((other) => other.key !== entry.key), entry]);
  }

  async flush(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (const entry of this.list()) {
        const outcome = await this.send(entry);
        if (outcome === "later") return;
        this.store(this.list().filter((other) => other.key !== entry.key));
      }
    } finally {
      this.busy = false;
    }
  }

  private store(entries: Kept[]): void {
    window.sessionStorage.setItem(this.name, JSON.stringify(entries));
    this.changed(entries.length);
  }
}
