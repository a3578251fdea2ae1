// What the page knows about itself: addresses, the session's sequence number, the security token of its forms.
//   <div data-session data-view-url=".." data-stream-url=".." data-commands-url=".." data-seq="12">

export class SessionPage {
  constructor(readonly root: HTMLElement) {}

  get viewUrl(): string {
    return this.root.dataset.viewUrl ?? "";
  }

  get streamUrl(): string {
    return this.root.dataset.streamUrl ?? "";
  }

  get commandsUrl(): string {
    return this.root.dataset.commandsUrl ?? "";
  }

  get id(): string {
    return this.root.dataset.sessionId ?? "";
  }

  get user(): string {
    return this.root.dataset.user ?? "";
  }

  get zone(): string | undefined {
    return this.root.dataset.zone || undefined;
  }

  get seq(): number {
    return Number(this.root.dataset.seq ?? 0);
  }

  set seq(value: number) {
    if (value > this.seq) this.root.dataset.seq = String(value);
  }

  get token(): string {
    return this.root.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
  }
}

export interface Problem {
  path: string;
  message: string;
}

export interface Answer {
  stored?: { seq: number; recorded_at: string };
  seq?: number;
  now?: string;
  parts?: Record<string, string>;
  refusal?: { code: string; message: string };
  problems?: Problem[];
  findings?: { seen: string; asks: string; severity: string }[];
  undo?: { seq: number; until: string };
}
