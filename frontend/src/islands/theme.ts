// Theme switch: changes the page at once and stores the choice in the background; without script the form posts.
//   <form method="post" action="/theme/" data-theme-switch><button name="theme" value="dim">Dim</button></form>

export function attachThemeSwitch(): void {
  const form = document.querySelector<HTMLFormElement>("[data-theme-switch]");
  const button = form?.querySelector<HTMLButtonElement>("button[name=theme]");
  if (!form || !button) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const theme = button.value;
    const content = new FormData(form);
    content.set("theme", theme);
    const send = fetch(form.action, { method: "POST", body: content, redirect: "manual" });
    send.then(() => window.location.reload()).catch(() => {
      document.documentElement.dataset.theme = theme;
    });
    document.documentElement.dataset.theme = theme;
  });
}
