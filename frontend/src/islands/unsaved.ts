// Leaving a page with changed fields asks first; sending the form ends that.
//   <form method="post" data-warn-unsaved>

import { attachOnce } from "./attach";

export function attachUnsavedWarning(root: ParentNode): void {
  attachOnce<HTMLFormElement>(root, "form[data-warn-unsaved]", "unsaved", (form) => {
    let changed = false;
    form.addEventListener("input", () => {
      changed = true;
    });
    form.addEventListener("submit", () => {
      changed = false;
    });
    window.addEventListener("beforeunload", (event) => {
      if (changed) event.preventDefault();
    });
  });
}
