// Passkeys in the browser: adding one, signing in by one, and a proof that stands in for a password or PIN on a screen.
//   <form data-passkey-add data-options='{..}'>   <form data-passkey-get data-options-url="..">
//   <input type="password" data-passkey="own"> gets a button beside it; "second" also fills in the second person's name

import { attachOnce } from "../attach";

type Json = Record<string, unknown>;
const ASK = "/account/passkey/ask/";
const PROVE = "/account/passkey/prove/";

function canUse(): boolean {
  return window.isSecureContext && "PublicKeyCredential" in window;
}

function decode(text: string): ArrayBuffer {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
}

function encode(bytes: ArrayBuffer | null): string | undefined {
  if (!bytes) return undefined;
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function decodeIds(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list as Json[] | undefined) ?? []).map((item) => ({ ...item, type: "public-key", id: decode(item.id as string) }));
}

/** Make a passkey that can sign in alone: kept on the device, its owner verified by it. */
async function make(options: Json): Promise<Json> {
  const given = options.publicKey as Json;
  const user = given.user as Json;
  const made = (await navigator.credentials.create({
    publicKey: {
      ...given,
      challenge: decode(given.challenge as string),
      user: { ...user, id: decode(user.id as string) },
      excludeCredentials: decodeIds(given.excludeCredentials),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    } as unknown as PublicKeyCredentialCreationOptions,
  })) as PublicKeyCredential | null;
  if (!made) throw new Error("none");
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    type: made.type,
    id: made.id,
    rawId: encode(made.rawId),
    response: { clientDataJSON: encode(response.clientDataJSON), attestationObject: encode(response.attestationObject) },
    clientExtensionResults: made.getClientExtensionResults(),
  };
}

/** Answer a challenge by a passkey. */
async function answer(options: Json): Promise<Json> {
  const given = options.publicKey as Json;
  const found = (await navigator.credentials.get({
    publicKey: {
      ...given,
      challenge: decode(given.challenge as string),
      allowCredentials: decodeIds(given.allowCredentials),
    } as unknown as PublicKeyCredentialRequestOptions,
  })) as PublicKeyCredential | null;
  if (!found) throw new Error("none");
  const response = found.response as AuthenticatorAssertionResponse;
  return {
    type: found.type,
    id: found.id,
    rawId: encode(found.rawId),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      authenticatorData: encode(response.authenticatorData),
      signature: encode(response.signature),
      userHandle: encode(response.userHandle),
    },
    clientExtensionResults: found.getClientExtensionResults(),
  };
}

function say(place: HTMLElement | null | undefined, words: string): void {
  if (!place) return;
  place.textContent = words;
  place.hidden = !words;
}

async function readOptions(form: HTMLFormElement): Promise<Json> {
  if (form.dataset.options) return JSON.parse(form.dataset.options) as Json;
  const answered = await fetch(form.dataset.optionsUrl ?? "", { headers: { "X-Requested-With": "XMLHttpRequest", Accept: "application/json" } });
  return ((await answered.json()) as { request_options: Json }).request_options;
}

/** A form whose answer is a passkey: the ceremony runs first, then the form is sent. */
function attachForm(form: HTMLFormElement): void {
  if (!canUse()) {
    say(form.querySelector<HTMLElement>("[data-passkey-words]"), form.dataset.failed ?? "");
    if (form.hasAttribute("data-passkey-add")) form.querySelector("button")?.setAttribute("disabled", "");
    return;
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = form.querySelector<HTMLElement>("[data-passkey-words]");
    say(words, "");
    const run = async (): Promise<void> => {
      const options = await readOptions(form);
      const credential = form.hasAttribute("data-passkey-add") ? await make(options) : await answer(options);
      const field = form.querySelector<HTMLInputElement>("[name=credential]");
      if (!field) return;
      field.value = JSON.stringify(credential);
      form.submit();
    };
    run().catch(() => say(words, form.dataset.failed ?? ""));
  });
}

async function post(url: string, form: HTMLFormElement, fields: Record<string, string>): Promise<Json> {
  const token = form.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "";
  const answered = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "X-CSRFToken": token, Accept: "application/json" },
  });
  const content = (await answered.json()) as Json;
  if (!answered.ok) throw new Error(String(content.message ?? ""));
  return content;
}

/** A secret's field: the proof by passkey is put where the password or PIN would stand. */
function attachSecret(field: HTMLInputElement): void {
  const form = field.form;
  if (!form || !canUse()) return;
  const row = document.createElement("div");
  row.className = "passkey";
  const button = document.createElement("button");
  button.type = "button";
  button.className = field.closest("[data-session]") ? "s-btn s-btn-quiet" : "button button--dense";
  const whose = field.dataset.passkey ?? "own";
  button.textContent = whose === "second" ? "Their passkey instead" : "Passkey instead";
  const words = document.createElement("span");
  words.setAttribute("role", "status");
  words.className = "small";
  row.append(button, words);
  (field.closest(".field__box") ?? field).insertAdjacentElement("afterend", row);
  field.addEventListener("input", () => say(words, ""));
  button.addEventListener("click", () => {
    const run = async (): Promise<void> => {
      const asked = await post(ASK, form, { whose });
      const credential = await answer(asked.options as Json);
      const proved = await post(PROVE, form, { credential: JSON.stringify(credential) });
      field.value = String(proved.secret);
      field.dispatchEvent(new Event("change", { bubbles: true }));
      const name = form.querySelector<HTMLInputElement>("[name$='second_name'], [name='second.username']");
      if (whose === "second" && name) name.value = String(proved.name);
      say(words, `${String(proved.shown)}: passkey accepted, holds for 2 minutes.`);
      if (form.hasAttribute("data-unlock")) form.requestSubmit();
    };
    run().catch((error: unknown) => say(words, (error instanceof Error && error.name === "Error" && error.message) || "The passkey was not given. Try again, or type password or PIN."));
  });
}

export function attachPasskeys(root: ParentNode): void {
  attachOnce<HTMLFormElement>(root, "form[data-passkey-add], form[data-passkey-get]", "passkey-form", attachForm);
  attachOnce<HTMLInputElement>(root, "input[data-passkey]", "passkey", attachSecret);
}
