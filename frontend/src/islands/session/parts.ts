// Live parts: `<div data-part="tiles">` takes new HTML from the server in place. Elements that stay the same stay the
// same nodes, so focus, scroll and open sheets survive; nothing changes while a finger is down.
//   applyParts({tiles: "<div data-key=...>"})

const QUIET_MS = 400;

let busyUntil = 0;
let waiting: Record<string, string> | undefined;

function keyOf(node: Node): string | null {
  if (!(node instanceof Element)) return null;
  return node.getAttribute("data-key") ?? (node.id || null);
}

function isAlike(a: Node, b: Node): boolean {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

function isSpace(node: Node): boolean {
  return node.nodeType === Node.TEXT_NODE && !node.nodeValue?.trim();
}

function matchAttributes(from: Element, to: Element): void {
  // what a person has unfolded stays unfolded
  const isKept = (name: string): boolean => name === "open" && from instanceof HTMLDetailsElement;
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !isKept(name)) from.removeAttribute(name);
  for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
}

function isTyping(element: Node): boolean {
  const field = element instanceof HTMLInputElement && element.type !== "hidden";
  return (field || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) && element === document.activeElement;
}

function matchChildren(from: Element, to: Element): void {
  const keyed = new Map<string, Element>();
  for (const child of from.children) {
    const key = keyOf(child);
    if (key !== null) keyed.set(key, child);
  }
  let at: ChildNode | null = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    // space between tags, as the page has it and a part may not, would put every node after it beside its own
    while (at && isSpace(at) && !isSpace(wanted)) {
      const next: ChildNode | null = at.nextSibling;
      at.remove();
      at = next;
    }
    const key = keyOf(wanted);
    const known = key === null ? undefined : keyed.get(key);
    if (known && known.nodeName === wanted.nodeName) {
      if (known === at) at = at.nextSibling;
      else from.insertBefore(known, at);
      matchNode(known, wanted);
    } else if (key === null && at && isAlike(at, wanted)) {
      const next: ChildNode | null = at.nextSibling;
      matchNode(at, wanted);
      at = next;
    } else {
      from.insertBefore(wanted.cloneNode(true), at);
    }
  }
  while (at) {
    const next: ChildNode | null = at.nextSibling;
    at.remove();
    at = next;
  }
}

export function matchNode(from: Node, to: Node): void {
  // what an act was refused for stands until the next one, whatever the server sends meanwhile
  if (isTyping(from) || (from instanceof HTMLElement && from.dataset.said !== undefined)) return;
  if (from instanceof Element && to instanceof Element) {
    if (from.outerHTML === to.outerHTML) return;
    matchAttributes(from, to);
    matchChildren(from, to);
  } else if (from.nodeValue !== to.nodeValue) {
    from.nodeValue = to.nodeValue;
  }
}

function applyNow(parts: Record<string, string>): void {
  for (const [name, html] of Object.entries(parts)) {
    for (const place of document.querySelectorAll<HTMLElement>(`[data-part="${CSS.escape(name)}"]`)) {
      const wanted = place.cloneNode(false) as HTMLElement;
      const template = document.createElement("template");
      template.innerHTML = html;
      wanted.append(template.content);
      matchChildren(place, wanted);
    }
  }
  document.dispatchEvent(new CustomEvent("session:parts"));
}

export function applyParts(parts: Record<string, string>): void {
  if (Date.now() < busyUntil) {
    waiting = { ...waiting, ...parts };
    return;
  }
  applyNow(parts);
}

export function attachParts(): void {
  const hold = (): void => {
    busyUntil = Number.POSITIVE_INFINITY;
  };
  const release = (): void => {
    busyUntil = Date.now() + QUIET_MS;
    window.setTimeout(() => {
      if (Date.now() < busyUntil || !waiting) return;
      const parts = waiting;
      waiting = undefined;
      applyNow(parts);
    }, QUIET_MS + 20);
  };
  document.addEventListener("pointerdown", hold, { capture: true });
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, release, { capture: true });
}
