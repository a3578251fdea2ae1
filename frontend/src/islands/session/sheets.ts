// Sheets: popovers that hold the longer forms. A button may fill a field of the sheet it opens; a sheet opens on its first
// field. Which fields a choice needs is shown by `data-when`.
//   <button popovertarget="sheet-correct-entry" data-fills="data.seq" data-value="14">Correct</button>

export function attachSheets(): void {
  document.addEventListener("click", (event) => {
    const opener = (event.target as Element).closest<HTMLElement>("[popovertarget][data-fills]");
    if (!opener) return;
    const sheet = document.getElementById(opener.getAttribute("popovertarget") ?? "");
    const field = sheet?.querySelector<HTMLInputElement>(`[name="${CSS.escape(opener.dataset.fills ?? "")}"]`);
    if (field) field.value = opener.dataset.value ?? "";
  });
  document.addEventListener(
    "toggle",
    (event) => {
      const sheet = event.target;
      if (!(sheet instanceof HTMLElement) || !sheet.matches("[popover]:popover-open")) return;
      sheet.querySelector<HTMLElement>("form :is(input:not([type=hidden]), select, textarea)")?.focus();
    },
    { capture: true },
  );
}
