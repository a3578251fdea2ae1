// A signature drawn beside the typed name, as lines of whole numbers in a box of 600 by 200. The typed name is the way
// without a pointer; what is drawn can be cleared.
//   <div data-signature><input type="hidden" name="drawn"></div>

import { attachOnce } from "../attach";

const WIDTH = 600;
const HEIGHT = 200;
const LONGEST = 12_000;
const STEP = 2;
const SPACE = "http://www.w3.org/2000/svg";

class Signature {
  private path = "";
  private last: [number, number] | undefined;
  private readonly line: SVGPathElement;

  constructor(
    root: HTMLElement,
    private readonly field: HTMLInputElement,
  ) {
    const box = document.createElementNS(SPACE, "svg");
    box.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    box.setAttribute("class", "signature__box");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", root.dataset.label ?? "");
    this.line = document.createElementNS(SPACE, "path");
    box.append(this.line);
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "button button--dense";
    clear.textContent = root.dataset.clear ?? "Clear";
    clear.addEventListener("click", () => this.set(""));
    root.append(box, clear);
    root.hidden = false;
    this.set(field.value);
    box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      box.setPointerCapture(event.pointerId);
      this.last = undefined;
      this.draw(box, event, "M");
    });
    box.addEventListener("pointermove", (event) => {
      if (!box.hasPointerCapture(event.pointerId)) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) this.draw(box, each, "L");
    });
  }

  private draw(box: SVGSVGElement, event: PointerEvent, verb: "M" | "L"): void {
    const frame = box.getBoundingClientRect();
    const x = Math.round(Math.min(1, Math.max(0, (event.clientX - frame.left) / frame.width)) * WIDTH);
    const y = Math.round(Math.min(1, Math.max(0, (event.clientY - frame.top) / frame.height)) * HEIGHT);
    if (this.last && Math.hypot(x - this.last[0], y - this.last[1]) < STEP) return;
    this.last = [x, y];
    const next = `${this.path}${verb}${x} ${y}`;
    if (next.length <= LONGEST) this.set(next);
  }

  private set(path: string): void {
    this.path = path;
    this.field.value = path;
    this.line.setAttribute("d", path);
  }
}

export function attachSignatures(root: ParentNode): void {
  attachOnce<HTMLElement>(root, "[data-signature]", "signature", (box) => {
    const field = box.querySelector<HTMLInputElement>("input[type=hidden]");
    if (field) new Signature(box, field);
  });
}
