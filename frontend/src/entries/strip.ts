// Every staff page: calls for help and the top alarm of one's other chairs.
import { Strip } from "../islands/floor/strip";

const strip = document.querySelector<HTMLElement>("[data-floor-strip]");
if (strip) new Strip(strip);
