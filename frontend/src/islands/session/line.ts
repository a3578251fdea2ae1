// The vitals line: `128/76 p84 s97 r14` shown as it is understood before it is sent, judged as saving judges it: the
// limits and the words come from the server. A number without a label that could be two things asks for its name.
//   <input data-line data-rules='{"limits": {"systolic": {"label": "Systolic", "low": 40, ..}}, "words": {..}}'>
//   <div data-line-preview></div>

const LABELS: Record<string, string> = {
  p: "heart_rate", hr: "heart_rate", pulse: "heart_rate",
  s: "spo2", sat: "spo2", spo2: "spo2",
  o2: "oxygen_l_per_min", o: "oxygen_l_per_min",
  r: "resp_rate", rr: "resp_rate", resp: "resp_rate",
  t: "temperature_cel", m: "moaas",
};
const NAMES = Object.keys(LABELS).sort((a, b) => b.length - a.length).join("|");
const LABELLED = new RegExp(`^(${NAMES})[:=]?(\\d{1,3}(?:\\.\\d)?)$`);
const PRESSURE = /^(?:bp)?(\d{2,3})\/(\d{2,3})$/;
const BARE = /^\d{1,3}(?:\.\d)?$/;
// `o22` is oxygen 22, or O2 at 2
const TWO_OXYGENS = /^o2(\d+(?:\.\d)?)$/;

export interface Limit {
  label: string;
  low: number;
  high: number;
  unit: string;
  is_whole: boolean;
}

export interface Rules {
  limits: Record<string, Limit>;
  words: Record<string, string>;
}

export interface Parsed {
  words: string[];
  asks: string[];
}

class Reader {
  readonly parsed: Parsed = { words: [], asks: [] };
  private readonly seen = new Set<string>();

  constructor(private readonly rules: Rules) {}

  read(token: string): void {
    const pressure = PRESSURE.exec(token);
    const oxygens = TWO_OXYGENS.exec(token);
    const labelled = LABELLED.exec(token);
    if (pressure) this.takePressure(pressure[1] ?? "", pressure[2] ?? "");
    else if (oxygens) this.ask("oxygens", { token, rest: oxygens[1] ?? "" });
    else if (labelled) this.take(LABELS[labelled[1] ?? ""] ?? "", labelled[2] ?? "");
    else if (BARE.test(token)) this.ask("bare", { token });
    else this.ask("unknown", { token });
  }

  private takePressure(systolic: string, diastolic: string): void {
    const fits = [this.fits("systolic", systolic), this.fits("diastolic", diastolic)].every(Boolean);
    if (fits && Number(systolic) <= Number(diastolic)) this.ask("inverted", { systolic, diastolic });
    else if (fits) this.parsed.words.push(`BP ${systolic}/${diastolic}`);
  }

  private take(name: string, value: string): void {
    if (this.fits(name, value)) this.parsed.words.push(`${this.rules.limits[name]?.label ?? name} ${value}`);
  }

  /** Returns whether saving would take the value; says why when it would not. */
  private fits(name: string, value: string): boolean {
    const limit = this.rules.limits[name];
    const said = { label: limit?.label ?? name, value, low: String(limit?.low), high: String(limit?.high), unit: limit?.unit ?? "" };
    const known = this.seen.has(name);
    this.seen.add(name);
    if (known) this.ask("twice", said);
    else if (limit?.is_whole && !Number.isInteger(Number(value))) this.ask("whole", said);
    else if (limit && (Number(value) < limit.low || Number(value) > limit.high)) this.ask("range", said);
    else return true;
    return false;
  }

  private ask(key: string, values: Record<string, string>): void {
    this.parsed.asks.push((this.rules.words[key] ?? "").replace(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? ""));
  }
}

export function parseLine(line: string, rules: Rules): Parsed {
  const reader = new Reader(rules);
  for (const token of line.trim().toLowerCase().split(/[\s,]+/).filter(Boolean)) reader.read(token);
  return reader.parsed;
}

export class VitalsLine {
  private readonly rules: Rules;

  constructor(
    private readonly field: HTMLInputElement,
    private readonly preview: HTMLElement,
  ) {
    this.rules = JSON.parse(field.dataset.rules ?? '{"limits": {}, "words": {}}') as Rules;
    field.addEventListener("input", () => this.show());
    field.form?.addEventListener("reset", () => window.setTimeout(() => this.show()));
  }

  private show(): void {
    const { words, asks } = parseLine(this.field.value, this.rules);
    this.preview.dataset.state = asks.length ? "bad" : "read";
    this.preview.textContent = asks.length ? asks.join(" ") : words.join(", ");
  }
}
