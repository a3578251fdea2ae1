// The pages of a patient's form: an answer that cannot be sent is kept on the device and sent later.
import { attachForm } from "../islands/phone/questions";

const box = document.querySelector<HTMLElement>("[data-unsent]");
if (box) attachForm(box);
