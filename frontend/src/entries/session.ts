// The session page: one link to the server, entries that say what became of them, figures that age.
import "../css/session.css";

import { attachDim } from "../islands/session/dim";
import { Entries } from "../islands/session/entry";
import { attachKeys } from "../islands/session/keys";
import { VitalsLine } from "../islands/session/line";
import { LiveLink } from "../islands/session/live";
import { Pad } from "../islands/session/pad";
import { SessionPage } from "../islands/session/page";
import { attachParts } from "../islands/session/parts";
import { attachSheets } from "../islands/session/sheets";
import { AlarmSound } from "../islands/session/sound";
import { attachTimers } from "../islands/session/timers";

const root = document.querySelector<HTMLElement>("[data-session]");
if (root) {
  const page = new SessionPage(root);
  attachParts();
  attachSheets();
  attachDim();
  attachKeys();
  attachTimers(page.zone);
  new Entries(page);
  const pad = document.querySelector<HTMLElement>("[data-pad]");
  if (pad) new Pad(pad);
  const line = document.querySelector<HTMLInputElement>("[data-line]");
  const preview = document.querySelector<HTMLElement>("[data-line-preview]");
  if (line && preview) new VitalsLine(line, preview);
  const sound = document.querySelector<HTMLButtonElement>("[data-sound]");
  if (sound) new AlarmSound(sound);
  new LiveLink(page);
}
