// Alarm sound of this screen: off until someone turns it on, and the bar always says which. High is five pulses, medium
// three, low one. The bedside monitor's own alarm comes first.
//   <button data-sound data-unready><span data-sound-words data-on="Sound on" data-off="Sound off"></span></button>

const PATTERNS: Record<string, { pulses: number; everyMs: number; hertz: number }> = {
  high: { pulses: 5, everyMs: 5000, hertz: 880 },
  medium: { pulses: 3, everyMs: 12000, hertz: 660 },
  low: { pulses: 1, everyMs: 30000, hertz: 520 },
};

export class AlarmSound {
  private context: AudioContext | undefined;
  private lastAt = 0;

  constructor(private readonly button: HTMLButtonElement) {
    button.removeAttribute("data-unready");
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => void this.toggle());
    window.setInterval(() => this.check(), 500);
  }

  private async toggle(): Promise<void> {
    if (this.context) {
      await this.context.close();
      this.context = undefined;
    } else {
      this.context = new AudioContext();
      this.pulse(1, 660);
    }
    this.button.setAttribute("aria-pressed", String(Boolean(this.context)));
    const words = this.button.querySelector<HTMLElement>("[data-sound-words]");
    if (words) words.textContent = (this.context ? words.dataset.on : words.dataset.off) ?? "";
  }

  private check(): void {
    if (!this.context) return;
    const loudest = ["high", "medium", "low"].find((level) => document.querySelector(`.s-alarm-${level}:not(.s-alarm-seen)`));
    const pattern = loudest ? PATTERNS[loudest] : undefined;
    if (!pattern || Date.now() - this.lastAt < pattern.everyMs) return;
    this.lastAt = Date.now();
    this.pulse(pattern.pulses, pattern.hertz);
  }

  private pulse(count: number, hertz: number): void {
    const context = this.context;
    if (!context) return;
    for (let index = 0; index < count; index += 1) {
      const at = context.currentTime + index * 0.3;
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = hertz;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.4, at + 0.02);
      gain.gain.linearRampToValueAtTime(0, at + 0.18);
      tone.connect(gain).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.2);
    }
  }
}
