// The vitals line: `128/76 p84 s97 r14` shown as it is understood before it is sent. A number without a label
// that could be two things asks for its name; nothing is guessed.
//   <input data-line> <div data-line-preview></div>

const LABELS: Record<string, string> = {
  p: "HR", hr: "HR", pulse: "HR",
  s: "SpO₂", sat: "SpO₂", spo2: "SpO₂", o2: "oxygen L/min", o: "oxygen L/min",
  r: "RR", rr: "RR", resp: "RR",
  t: "temperature", m: "MOAA/S",
};

export interface Parsed {
  words: string[];
  asks: string[];
}

export function parseLine(line: string): Parsed {
  const parsed: Parsed = { words: [], asks: [] };
  for (const token of line.trim().toLowerCase().split(/[\s,]+/).filter(Boolean)) {
    const pressure = /^(?:bp)?(\d{2,3})\/(\d{2,3})$/.exec(token);
    const labelled = /^([a-z]+(?:o2)?)[:=]?(\d{1,3}(?:\.\d)?)$/.exec(token);
    if (pressure) {
      parsed.words.push(`BP ${pressure[1]}/${pressure[2]}`);
      if (Number(pressure[1]) <= Number(pressure[2])) parsed.asks.push(`${token}: the first figure is the systolic and is the higher one.`);
    } else if (labelled && LABELS[labelled[1] ?? ""]) {
      parsed.words.push(`${LABELS[labelled[1] ?? ""]} ${labelled[2]}`);
    } else if (/^\d{1,3}(?:\.\d)?$/.test(token)) {
      parsed.asks.push(`${token}: name it, p${token} is the pulse, s${token} the saturation, r${token} the respiration.`);
    } else {
      parsed.asks.push(`${token} is not understood.`);
    }
  }
  return parsed;
}

export class VitalsLine {
  constructor(
    private readonly field: HTMLInputElement,
    private readonly preview: HTMLElement,
  ) {
    field.addEventListener("input", () => this.show());
    field.form?.addEventListener("reset", () => window.setTimeout(() => this.show()));
  }

  private show(): void {
    const { words, asks } = parseLine(this.field.value);
    this.preview.dataset.state = asks.length ? "ask" : "read";
    this.preview.textContent = [words.join(", "), ...asks].filter(Boolean).join(". ");
  }
}
