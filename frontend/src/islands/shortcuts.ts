// Single-key shortcuts: `/` search, `?` help, `g f` floor, `g p` patients. They do nothing inside fields and can be off.
//   <body data-shortcuts="on" data-home="/">

const WAIT_MS = 1200;

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  return Boolean(element?.closest("input, select, textarea, [contenteditable]"));
}

function go(selector: string): void {
  const link = document.querySelector<HTMLAnchorElement>(selector);
  if (link) window.location.assign(link.href);
}

function search(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  event.preventDefault();
  if (field) {
    field.focus();
    field.select();
  } else {
    const list = document.querySelector<HTMLAnchorElement>('[data-place="patients"]');
    if (list) window.location.assign(`${list.href}?focus=search`);
  }
}

export function attachShortcuts(): void {
  if (document.body.dataset.shortcuts !== "on") return;
  let went = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const follows = Date.now() - went < WAIT_MS;
    went = 0;
    if (follows && event.key === "f") window.location.assign(document.body.dataset.home ?? "/");
    else if (follows && event.key === "p") go('[data-place="patients"]');
    else if (event.key === "g") went = Date.now();
    else if (event.key === "/") search(event);
    else if (event.key === "?") go("[data-help]");
  });
}
