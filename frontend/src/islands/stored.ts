// Stored note: its undo is offered for as long as the server allows it (10 s), then the words change.
//   <div class="card stored" data-stored-until="2026-11-17T10:25:28+00:00"> .. <span data-undo>..</span><span data-later hidden>..</span></div>

import { serverNow } from "./ages";
import { attachOnce } from "./attach";

export function attachStoredNotes(root: ParentNode): void {
  attachOnce<HTMLElement>(root, "[data-stored-until]", "stored", (note) => {
    const until = Date.parse(note.dataset.storedUntil ?? "");
    const end = (): void => {
      for (const element of note.querySelectorAll<HTMLElement>("[data-undo]")) element.hidden = true;
      for (const element of note.querySelectorAll<HTMLElement>("[data-later]")) element.hidden = false;
    };
    const left = until - serverNow().getTime();
    if (Number.isNaN(until) || left <= 0) end();
    else window.setTimeout(end, left);
  });
}
