"""Help that cannot be sent, and a sign-in that ends elsewhere: the page stays, says so, and loses nothing."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.people import Person
from tests.browser.servers import Served
from tests.browser.test_live_link import find_running


def type_pressure(page: Page, systolic: str, diastolic: str) -> None:
    page.locator('form[data-vitals] [name="data.systolic"]').fill(systolic)
    page.locator('form[data-vitals] [name="data.diastolic"]').fill(diastolic)


def sign_in_again(person: Person, page: Page, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(r"^(?!.*/accounts/).*$"))


def sign_out(page: Page) -> None:
    """Sign out; the nurse of an occupied chair is asked first."""
    page.get_by_role("button", name="Sign out", exact=True).click()
    answer = page.get_by_role("button", name="Sign out all the same")
    expect(answer.or_(page.get_by_label("Username"))).to_be_visible()
    if answer.count():
        answer.click()
    expect(page.get_by_label("Username")).to_be_visible()


def test_help_that_cannot_be_sent_keeps_the_page_says_so_and_is_sent_later(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    type_pressure(page, "136", "82")
    nurse.watched.is_down = True
    demo.kill()
    page.locator(".fl-help__button").click()
    unsent = page.locator("[data-help-unsent]")
    expect(unsent).to_be_visible()
    expect(unsent).to_contain_text("Help was not sent. Call out, or telephone 911.")
    expect(page.locator('form[data-vitals] [name="data.systolic"]')).to_have_value("136")
    demo.start()
    sent = page.locator("[data-help-sent]")
    expect(sent).to_be_visible(timeout=30_000)
    expect(unsent).to_be_hidden()
    nurse.watched.is_down = False
    type_pressure(page, "", "")
    sent.get_by_role("link", name="Open the call").click()
    page.wait_for_url(re.compile("/floor/help/"))
    nurse.press("No help needed any more")


def test_a_sign_in_that_ends_elsewhere_covers_the_page_and_keeps_what_was_typed(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    type_pressure(page, "134", "80")
    nurse.watched.is_lost = True
    other = nurse.context.new_page()
    other.goto(nurse.url + "/account/")
    sign_out(other)
    cover = page.locator("dialog.signed-out")
    expect(cover).to_be_visible()
    expect(cover).to_contain_text("Signed out elsewhere")
    assert cover.evaluate("e => getComputedStyle(e).backgroundColor").startswith("rgb("), "nothing shows through"
    # somebody else who signs in here gets nothing of what was typed
    other.goto(nurse.url + "/accounts/login/")
    sign_in_again(nurse, other, "nurse2")
    expect(cover.get_by_text("Somebody else is signed in now.")).to_be_visible()
    expect(cover.get_by_role("link", name="Sign in")).to_be_hidden()
    # and once they have left, the way back is there again
    sign_out(other)
    expect(cover.get_by_role("link", name="Sign in")).to_be_visible()
    with nurse.context.expect_page() as opened:
        cover.get_by_role("link", name="Sign in").click()
    sign_in_again(nurse, opened.value, "nurse")
    expect(cover).to_have_count(0)
    expect(page.locator('form[data-vitals] [name="data.systolic"]')).to_have_value("134")
    page.locator("form[data-vitals]").get_by_role("button", name="Save vitals").click()
    expect(page.locator("[data-stored]")).to_contain_text("Stored")
    nurse.watched.is_lost = False


def test_what_was_kept_goes_out_once_the_same_person_has_signed_in_again(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    nurse.watched.is_lost = True
    type_pressure(page, "132", "78")
    nurse.context.clear_cookies(name=re.compile("session"))
    # sent in the moment before the page covers itself
    page.locator("form[data-vitals]").evaluate("form => form.requestSubmit()")
    expect(page.locator("dialog.signed-out")).to_be_visible()
    expect(page.locator("[data-session]")).to_have_attribute("data-kept", "1")
    with nurse.context.expect_page() as opened:
        page.locator("dialog.signed-out").get_by_role("link", name="Sign in").click()
    sign_in_again(nurse, opened.value, "nurse")
    expect(page.locator("[data-session]")).to_have_attribute("data-kept", "0")
    expect(page.locator('[data-key="bp"] .s-figure')).to_have_text(re.compile(r"132\s*/\s*78"))
    nurse.watched.is_lost = False
