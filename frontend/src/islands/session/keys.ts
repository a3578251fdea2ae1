// Single keys: each visible key presses its button (`data-hotkey="p"`), `v` goes to the vitals. They do nothing inside
// fields or with a sheet open, and can be turned off on this device.
//   <button data-hotkey="p">Record: pump paused <span class="s-key">P</span></button>

const STORE = "afterglow:keys";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null;
}

function isOff(): boolean {
  return document.body.dataset.shortcuts === "off" || window.localStorage.getItem(STORE) === "off";
}

function show(): void {
  document.documentElement.dataset.keys = isOff() ? "off" : "on";
  for (const button of document.querySelectorAll<HTMLElement>("[data-toggle-keys]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(!isOff()));
    button.textContent = isOff() ? "Single keys off" : "Single keys on";
  }
}

export function attachKeys(): void {
  show();
  document.addEventListener("session:parts", show);
  document.addEventListener("click", (event) => {
    if (!(event.target as Element).closest("[data-toggle-keys]")) return;
    window.localStorage.setItem(STORE, isOff() ? "on" : "off");
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (isOff() || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    if (document.querySelector("[popover]:popover-open, dialog[open]")) return;
    if (event.key === "v") {
      event.preventDefault();
      document.getElementById("vitals-systolic")?.focus();
      return;
    }
    if (!/^[a-z]$/.test(event.key)) return;
    const button = document.querySelector<HTMLButtonElement>(`[data-hotkey="${event.key}"]:not([disabled])`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
