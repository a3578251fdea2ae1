// The floor board: one live link, times that run, the next person in need by one key.
import { Board } from "../islands/floor/board";

const root = document.querySelector<HTMLElement>("[data-floor]");
if (root) new Board(root);
