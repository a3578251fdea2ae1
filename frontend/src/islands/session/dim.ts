// Dim and light without leaving the page, so that typed values stay; the choice is stored in the background.
//   <form method="post" action="/theme/" data-dim><button name="theme" value="dim"><span data-dim-words>Dim</span></button></form>

export function attachDim(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-dim]");
  const button = form?.querySelector<HTMLButtonElement>("button[name=theme]");
  const words = form?.querySelector<HTMLElement>("[data-dim-words]");
  if (!form || !button || !words) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const theme = button.value;
    const content = new FormData(form);
    content.set("theme", theme);
    void fetch(form.action, { method: "POST", body: content, redirect: "manual" }).catch(() => undefined);
    document.documentElement.dataset.theme = theme;
    button.value = theme === "dim" ? "light" : "dim";
    words.textContent = (button.value === "dim" ? words.dataset.dim : words.dataset.light) ?? button.value;
  });
}
