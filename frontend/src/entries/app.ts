// Every staff page: the style sheet, htmx for partial answers, and the small behaviours attached by data attributes.
import "../css/app.css";
import "htmx.org";

import { attachAges, attachClock } from "../islands/ages";
import { attachDialogs } from "../islands/dialogs";
import { attachCurves } from "../islands/expect";
import { attachHelp } from "../islands/floor/help";
import { attachGuards } from "../islands/guard";
import { attachRows } from "../islands/rows";
import { attachShortcuts } from "../islands/shortcuts";
import { attachIdleLock } from "../islands/security/lock";
import { attachPasskeys } from "../islands/security/passkey";
import { attachSignatures } from "../islands/security/signature";
import { attachSignedOut } from "../islands/security/signed_out";
import { attachStoredNotes } from "../islands/stored";
import { attachThemeSwitch } from "../islands/theme";
import { attachUnsavedWarning } from "../islands/unsaved";

function attachAll(root: ParentNode): void {
  attachCurves(root);
  attachGuards(root);
  attachStoredNotes(root);
  attachDialogs(root);
  attachUnsavedWarning(root);
  attachPasskeys(root);
  attachSignatures(root);
}

document.documentElement.dataset.script = "on";
attachAll(document);
attachAges();
attachClock();
attachThemeSwitch();
attachRows(document);
attachShortcuts();
attachIdleLock();
attachSignedOut();
attachHelp();
document.addEventListener("htmx:after:swap", () => attachAll(document));

const problems = document.getElementById("problems");
if (problems) problems.focus();
