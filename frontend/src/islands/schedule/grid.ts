// The day's grid: a visit is moved by drag or by arrow keys; letting go asks the server to judge the new time. Nothing is
// stored here: the booking panel shows what stands against it, and its button books. Without script the form does the same.
//   <svg data-grid data-on data-left data-top data-row data-width data-begins-min data-minutes data-places="id id" ..>
//     <a class="visit" data-visit="ID" data-movable data-row="0" data-start-min="65" href="..">

import { attachOnce } from "../attach";

const STEP_MIN = 5;
const STRIDE_MIN = 30;
const THRESHOLD = 4;

interface Shift {
  minutes: number;
  rows: number;
}

class Grid {
  private readonly left: number;
  private readonly row: number;
  private readonly perMinute: number;
  private readonly beginsMin: number;
  private readonly minutes: number;
  private readonly places: string[];
  private readonly status: HTMLElement;
  private readonly names: string[];
  private shift: Shift = { minutes: 0, rows: 0 };
  private moving: SVGAElement | null = null;

  constructor(private readonly svg: SVGSVGElement) {
    const read = (name: string): number => Number(svg.dataset[name] ?? "0");
    this.left = read("left");
    this.row = read("row");
    this.beginsMin = read("beginsMin");
    this.minutes = read("minutes");
    this.perMinute = (read("width") - this.left) / this.minutes;
    this.places = (svg.dataset.places ?? "").split(" ");
    this.names = [...svg.querySelectorAll("text.pl")].map((each) => each.textContent ?? "");
    this.status = document.createElement("p");
    this.status.className = "visually-hidden";
    this.status.setAttribute("role", "status");
    svg.after(this.status);
    for (const visit of svg.querySelectorAll<SVGAElement>("a.visit[data-movable]")) this.listen(visit);
  }

  private listen(visit: SVGAElement): void {
    visit.addEventListener("keydown", (event) => this.press(event, visit));
    visit.addEventListener("blur", () => {
      if (this.moving === visit) this.put(null);
    });
    visit.addEventListener("dragstart", (event) => event.preventDefault());
    visit.addEventListener("pointerdown", (event) => this.grab(event, visit));
  }

  private grab(event: PointerEvent, visit: SVGAElement): void {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const from = this.locate(event);
    let isDragged = false;
    const move = (next: PointerEvent): void => {
      const to = this.locate(next);
      if (!isDragged && Math.hypot(to.x - from.x, to.y - from.y) < THRESHOLD) return;
      if (!isDragged) visit.setPointerCapture(event.pointerId);
      isDragged = true;
      const minutes = Math.round((to.x - from.x) / this.perMinute / STEP_MIN) * STEP_MIN;
      this.draw(visit, { minutes, rows: Math.round((to.y - from.y) / this.row) });
    };
    const end = (): void => {
      visit.removeEventListener("pointermove", move);
      visit.removeEventListener("pointercancel", end);
      if (!isDragged) return;
      // the click that follows a drag must not open the visit
      visit.addEventListener("click", (click) => click.preventDefault(), { once: true });
      this.ask(visit);
    };
    visit.addEventListener("pointermove", move);
    visit.addEventListener("pointerup", end, { once: true });
    visit.addEventListener("pointercancel", end, { once: true });
  }

  private press(event: KeyboardEvent, visit: SVGAElement): void {
    const stride = event.shiftKey ? STRIDE_MIN : STEP_MIN;
    const shifts: Record<string, Shift> = {
      ArrowLeft: { minutes: -stride, rows: 0 },
      ArrowRight: { minutes: stride, rows: 0 },
      ArrowUp: { minutes: 0, rows: -1 },
      ArrowDown: { minutes: 0, rows: 1 },
    };
    const by = shifts[event.key];
    if (by) {
      event.preventDefault();
      const now = this.moving === visit ? this.shift : { minutes: 0, rows: 0 };
      this.draw(visit, { minutes: now.minutes + by.minutes, rows: now.rows + by.rows });
    } else if (event.key === "Escape" && this.moving === visit) {
      event.preventDefault();
      this.put(null);
    } else if (event.key === "Enter" && this.moving === visit) {
      event.preventDefault();
      this.ask(visit);
    }
  }

  private draw(visit: SVGAElement, wanted: Shift): void {
    if (this.moving !== visit) this.put(visit);
    const start = Number(visit.dataset.startMin ?? "0");
    const row = Number(visit.dataset.row ?? "0");
    const minutes = Math.min(Math.max(wanted.minutes, -start), this.minutes - start);
    const rows = Math.min(Math.max(wanted.rows, -row), this.places.length - 1 - row);
    this.shift = { minutes, rows };
    visit.setAttribute("transform", `translate(${minutes * this.perMinute} ${rows * this.row})`);
    this.status.textContent = `${this.clock(start + minutes)}, ${this.names[row + rows] ?? ""}`;
  }

  private put(visit: SVGAElement | null): void {
    if (this.moving) {
      this.moving.removeAttribute("transform");
      delete this.moving.dataset.moving;
      this.status.textContent = "";
    }
    this.moving = visit;
    this.shift = { minutes: 0, rows: 0 };
    if (visit) visit.dataset.moving = "";
  }

  private ask(visit: SVGAElement): void {
    const { minutes, rows } = this.shift;
    if (minutes === 0 && rows === 0) return this.put(null);
    const asked = new URLSearchParams({
      on: this.svg.dataset.on ?? "",
      move: visit.dataset.visit ?? "",
      at: this.clock(Number(visit.dataset.startMin ?? "0") + minutes),
      place: this.places[Number(visit.dataset.row ?? "0") + rows] ?? "",
    });
    window.location.assign(`${window.location.pathname}?${asked.toString()}`);
  }

  private clock(sinceBegin: number): string {
    const minutes = Math.round((this.beginsMin + sinceBegin) / STEP_MIN) * STEP_MIN;
    const two = (value: number): string => String(value).padStart(2, "0");
    return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  }

  private locate(event: PointerEvent): DOMPoint {
    const matrix = this.svg.getScreenCTM();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix ? matrix.inverse() : undefined);
  }
}

export function attachGrid(root: ParentNode): void {
  attachOnce<SVGSVGElement>(root, "svg[data-grid]", "grid", (svg) => {
    if (!svg.querySelector("a.visit[data-movable]")) return;
    new Grid(svg);
    const hint = document.querySelector<HTMLElement>("[data-drag-hint]");
    if (hint) hint.hidden = false;
  });
}
