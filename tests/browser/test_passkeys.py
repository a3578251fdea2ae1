"""Passkeys with the browser's virtual authenticator: add one, sign in by it, unlock a covered page by it."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.people import DESKTOP, WITH_PASSKEY, Watched
from tests.browser.servers import Served

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
INSIDE = re.compile(r"^(?!.*/accounts/).*$")
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def screen(browser: Browser, demo: Served) -> Iterator[Page]:
    """A screen with an authenticator of its own; passkeys need `localhost`, not its number."""
    host = demo.url.replace("127.0.0.1", "localhost")
    context: BrowserContext = browser.new_context(viewport=DESKTOP, base_url=host)
    watched = Watched(context, host)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    page.clock.install()
    yield page
    context.close()
    assert watched.complaints == []


def check(page: Page) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == []


def add_passkey(page: Page, demo: Served) -> None:
    """Add one to an account that no other test signs in to by password alone: from now on it asks for the passkey."""
    page.goto("/account/")
    page.get_by_label("Username").fill(WITH_PASSKEY)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(INSIDE)
    for path in ("/account/", "/account/sign-ins/", "/emergency/", "/accounts/2fa/webauthn/"):
        page.goto(path)
        check(page)
    page.goto("/accounts/2fa/webauthn/add/")
    if page.get_by_label("Password").count():
        page.get_by_label("Password").fill(demo.password)
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/webauthn/add/**")
    check(page)
    page.get_by_label("Name").fill("Ring of keys")
    with page.expect_navigation():
        page.get_by_role("button", name="Add the passkey").click()
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_text("Ring of keys").first).to_be_visible()


def test_a_passkey_is_added_signs_in_and_unlocks(screen: Page, demo: Served) -> None:
    add_passkey(screen, demo)
    screen.goto("/account/")
    screen.locator("form[action='/sign-out/'] button").first.evaluate("button => button.form.submit()")
    # this nurse has chairs, and is asked first
    screen.get_by_role("button", name="Sign out all the same").click()
    screen.wait_for_url("**/accounts/login/**")
    screen.get_by_role("button", name="Sign in with a passkey").click()
    screen.wait_for_url(INSIDE)
    # a page that nobody touches covers itself; what was typed stays below
    screen.goto("/emergency/")
    screen.get_by_label("Family name").fill("Half typed")
    screen.clock.fast_forward(11 * 60 * 1000)
    cover = screen.locator("dialog.lock-cover")
    expect(cover.get_by_role("heading", name="This screen is locked")).to_be_visible()
    check(screen)
    screen.keyboard.press("Escape")
    expect(cover).to_be_visible()
    cover.get_by_role("button", name="Passkey instead").click()
    expect(cover).to_have_count(0)
    expect(screen.get_by_label("Family name")).to_have_value("Half typed")
    screen.goto("/account/sign-ins/")
    expect(screen.get_by_role("heading", name="Sign-ins")).to_be_visible()
