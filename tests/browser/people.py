"""A person at a screen: signs in, fills forms by their labels and names, records acts of a session."""

import re
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

DESKTOP = {"width": 1366, "height": 1000}
# the account that gets a passkey: from then on its password alone opens nothing
WITH_PASSKEY = "nurse3"
SEQ = "n => Number(document.querySelector('[data-session]').dataset.seq) > n"


class Watched:
    """What a context saw that it should not have: messages on the console, requests that leave the host."""

    def __init__(self, context: BrowserContext, host: str) -> None:
        """Listen to every page of the context."""
        self.host, self.complaints = host, list[str]()
        # a test that ends the server, or asks for what is not there, says so here
        self.is_down = self.is_lost = False
        context.on("console", lambda message: self._hear(message.type, f"{message.text} {message.location['url']}"))
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("request", self._look)

    def _hear(self, kind: str, text: str) -> None:
        is_expected = "status of 422" in text or (self.is_down and "ERR_" in text)
        is_expected |= self.is_lost and any(f"status of {n}" in text for n in (401, 403, 404))
        if kind in {"error", "warning"} and not is_expected:
            self.complaints.append(f"{kind}: {text}")

    def _look(self, request: Request) -> None:
        if not request.url.startswith((self.host, "data:", "blob:", "about:")):
            self.complaints.append(f"left the host: {request.url}")


class Person:
    """One person signed in at one screen."""

    def __init__(self, context: BrowserContext, url: str, password: str, name: str) -> None:
        """Keep the screen."""
        self.context, self.url, self.password, self.name = context, url, password, name
        self.watched = Watched(context, url)
        self.page: Page = context.new_page()

    def sign_in(self) -> "Person":
        """Sign in as a person would."""
        assert self.name != WITH_PASSKEY, f"{WITH_PASSKEY} may have a passkey by now: another account"
        self.page.goto(self.url + "/")
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Password").fill(self.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(re.compile(r"^(?!.*/accounts/).*$"))
        return self

    def go(self, path: str) -> Page:
        """Open an address of the clinic."""
        answer = self.page.goto(path if path.startswith("http") else self.url + path)
        assert answer is not None
        assert answer.status < 400, f"{path} answered {answer.status}"
        return self.page

    def search(self, words: str) -> Page:
        """Search the list of patients."""
        page = self.go("/patients/")
        page.locator("#search").fill(words)
        self.press("Search")
        return page

    # ---- server pages ---------------------------------------------------------------------------

    def fill(self, values: Mapping[str, Any], within: Locator | None = None, prefix: str = "") -> None:
        """Fill controls by their names: text, choice, or several ticks."""
        place = within or self.page.locator("main")
        for name, value in values.items():
            control = place.locator(f'[name="{prefix}{name}"]:not([type=hidden])')
            if isinstance(value, list | tuple):
                for item in value:
                    place.locator(f'[name="{prefix}{name}"][value="{item}"]').check()
                continue
            kind = control.first.evaluate("field => field.type")
            if kind in {"radio", "checkbox"}:
                place.locator(f'[name="{prefix}{name}"][value="{value}"]').check()
            elif kind == "select-one":
                control.select_option(str(value))
            else:
                control.fill(str(value))

    def press(self, words: str, within: Locator | None = None) -> None:
        """Press a button and wait for the next page; a page of problems fails here with its words."""
        place = within or self.page.locator("main")
        button = place.get_by_role("button", name=re.compile(f"^{re.escape(words)}")).first
        with self.page.expect_navigation():
            button.click()
        problems = self.page.locator(".problems, .s-problem")
        if problems.count():
            raise AssertionError(f"{words}: {problems.first.inner_text()}")

    # ---- the session page -----------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """Return the number of the newest entry this screen knows."""
        return int(self.page.locator("[data-session]").get_attribute("data-seq") or 0)

    def open_sheet(self, sheet: str) -> Locator:
        """Open one of the longer forms by a button that is seen."""
        self.page.locator(f'[popovertarget="sheet-{sheet}"]:visible').first.click()
        form = self.page.locator(f"#sheet-{sheet}")
        expect(form).to_be_visible()
        return form

    def record(self, sheet: str, second: str = "", at: str = "", **fields: Any) -> None:
        """Record one act through its form and wait until the server has stored it."""
        before, form = self.seq, self.open_sheet(sheet)
        values = {f"data.{name.replace('__', '.')}": value for name, value in fields.items()}
        if second:
            values |= {"second.username": second, "second.secret": self.password}
        if at:
            values["occurred_time"] = at
        self.fill(values, form)
        self.submit(form)
        self.wait_stored(form, before)

    def submit(self, form: Locator) -> None:
        """Press the form's own button; a guarded one is pressed, then confirmed."""
        button = form.locator(".s-foot button").first
        if button.get_attribute("data-guard") is None:
            button.click()
            return
        button.press("Enter")
        form.locator(".hold__confirm button").first.click()

    def wait_stored(self, form: Locator, before: int) -> None:
        """Wait until a form is closed and a newer entry is shown; a refusal fails with its words."""
        state = form.locator("[data-form-state]")
        self.page.wait_for_function(
            "([id, n]) => Number(document.querySelector('[data-session]').dataset.seq) > n"
            " || document.querySelector('#' + id + ' [data-form-state]')?.dataset.state === 'refused'",
            arg=[form.get_attribute("id"), before],
        )
        if state.get_attribute("data-state") == "refused":
            raise AssertionError(f"{form.get_attribute('id')}: {form.inner_text()}")
        expect(form).to_be_hidden()

    def tap(self, button: Locator) -> None:
        """Press an act of one tap and wait until it is stored."""
        before = self.seq
        button.click()
        self.page.wait_for_function(SEQ, arg=before)

    def vitals(self, at: str = "", **values: Any) -> None:
        """Type a set of vitals on the pad and save it."""
        before, form = self.seq, self.page.locator("form[data-vitals]")
        for name, value in values.items():
            form.locator(f'[name="data.{name}"]').fill(str(value))
        if at:
            form.locator('[name="occurred_time"]').fill(at)
        self.save_vitals(form, before)

    def vitals_line(self, line: str) -> None:
        """Type a set of vitals as one line and save it."""
        before, form = self.seq, self.page.locator("form[data-vitals]")
        form.locator("[data-line]").fill(line)
        self.save_vitals(form, before)

    def save_vitals(self, form: Locator, before: int) -> None:
        """Save the pad."""
        form.get_by_role("button", name="Save vitals").click()
        self.page.wait_for_function(SEQ, arg=before)
        expect(self.page.locator("[data-stored]")).to_have_attribute("data-state", "stored")

    def expect_met(self, kind: str) -> None:
        """Wait until every check or gate of a kind is met; name those that are not."""
        open_rows = self.page.locator(f'[data-key^="{kind}-"]:not(.s-item-met)')
        try:
            expect(open_rows).to_have_count(0)
        except AssertionError:
            log = self.page.locator('[data-part="log"]').inner_text()
            raise AssertionError(f"{self.list_unmet(kind)} in {log}") from None

    def list_unmet(self, kind: str) -> list[str]:
        """Return the keys of checks or gates that are not met yet."""
        # in one look: the page may change between two
        script = "rows => rows.map(row => [row.dataset.key, row.classList.contains('s-item-met')])"
        rows = self.page.locator(f'[data-key^="{kind}-"]').evaluate_all(script)
        return [key.removeprefix(f"{kind}-") for key, is_met in rows if not is_met]
