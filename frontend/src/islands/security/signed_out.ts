// A sign-in that was ended elsewhere: the page covers itself, says so, and keeps what was typed below. The person signs in
// beside it; the page notices, takes the new security token and goes on. Somebody else gets the page anew, without it.
//   <body data-user="01ABC"> .. <template data-signed-out><h1>..</h1><a data-sign-in>..</a><p data-other hidden>..</p></template>

const OUT = "afterglow:signed-out";
const BACK = "afterglow:signed-in";
const LOOK_MS = 3000;
const TOUCHED = "afterglow-touched";

/** Whether the server sent a request to the sign-in page, or answered that nobody is signed in. */
export function isSignIn(answer: Response): boolean {
  return answer.status === 401 || (answer.redirected && new URL(answer.url).pathname.startsWith("/accounts/"));
}

export function tellSignedOut(): void {
  document.dispatchEvent(new Event(OUT));
}

export function isSignedOut(): boolean {
  return document.documentElement.dataset.signedOut === "true";
}

class Cover {
  private timer: number | undefined;
  private isAsking = false;
  private readonly dialog = document.createElement("dialog");

  constructor(template: HTMLTemplateElement) {
    this.dialog.className = "lock-cover signed-out";
    this.dialog.append(template.content.cloneNode(true));
    this.dialog.setAttribute("aria-labelledby", "signed-out-title");
    this.dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.dialog.addEventListener("close", () => {
      if (isSignedOut()) this.dialog.showModal();
    });
    this.dialog.querySelector("[data-anew]")?.addEventListener("click", () => window.location.reload());
    window.addEventListener("focus", () => void this.look());
  }

  lower(): void {
    if (isSignedOut()) return;
    document.documentElement.dataset.signedOut = "true";
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.timer = window.setInterval(() => void this.look(), LOOK_MS);
  }

  /** Ask for this page again: it comes once somebody is signed in, and says who. */
  private async look(): Promise<void> {
    if (!isSignedOut() || this.isAsking) return;
    this.isAsking = true;
    // a covered page needs no second cover
    localStorage.setItem(TOUCHED, String(Date.now()));
    try {
      const answer = await fetch(window.location.href, { headers: { Accept: "text/html", "X-Afterglow-Background": "1" }, cache: "no-store" });
      // who was here in between has left again: the way back stands open as before
      if (isSignIn(answer)) this.offer(true);
      else if (answer.status < 500) this.meet(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // No link to the server: the cover stays, and it is asked again.
    } finally {
      this.isAsking = false;
    }
  }

  private meet(page: Document): void {
    const user = page.body.dataset.user;
    if (!user) return;
    const isSame = user === document.body.dataset.user;
    const token = page.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value;
    this.offer(isSame);
    if (isSame && token) this.lift(token);
  }

  /** Offer to sign in, or, where somebody else did, to go on without what was typed. */
  private offer(isFree: boolean): void {
    for (const part of this.dialog.querySelectorAll<HTMLElement>("[data-other]")) part.hidden = isFree;
    for (const part of this.dialog.querySelectorAll<HTMLElement>("[data-same]")) part.hidden = !isFree;
  }

  private lift(token: string): void {
    renewToken(document, token);
    window.clearInterval(this.timer);
    delete document.documentElement.dataset.signedOut;
    this.dialog.close();
    this.dialog.remove();
    document.dispatchEvent(new Event(BACK));
  }
}

/** The forms of the page carry the token of the sign-in that ended: give each the new one. */
function renewToken(root: ParentNode, token: string): void {
  for (const field of root.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]")) field.value = token;
  for (const template of root.querySelectorAll("template")) renewToken(template.content, token);
  for (const name of ["hx-headers", "hx-headers:inherited"]) {
    if (document.body.hasAttribute(name)) document.body.setAttribute(name, JSON.stringify({ "X-CSRFToken": token }));
  }
}

export function attachSignedOut(): void {
  const template = document.querySelector<HTMLTemplateElement>("template[data-signed-out]");
  if (!template) return;
  const cover = new Cover(template);
  document.addEventListener(OUT, () => cover.lower());
}
