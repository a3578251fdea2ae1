// Dialogs: a link that opens an existing <dialog> instead of following its address.
//   <a href="#arithmetic" data-opens="arithmetic">Show arithmetic</a> <dialog id="arithmetic" class="dialog">..</dialog>

import { attachOnce } from "./attach";

export function attachDialogs(root: ParentNode): void {
  attachOnce<HTMLElement>(root, "[data-opens]", "dialog", (opener) => {
    opener.addEventListener("click", (event) => {
      const dialog = document.getElementById(opener.dataset.opens ?? "");
      if (!(dialog instanceof HTMLDialogElement)) return;
      event.preventDefault();
      dialog.showModal();
    });
  });
  attachOnce<HTMLElement>(root, "[data-prints]", "prints", (button) => {
    button.addEventListener("click", () => window.print());
  });
}
