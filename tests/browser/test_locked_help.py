"""Help from the cover of a locked screen: one tap without a PIN, the page below stays, a call that failed is said."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.servers import Served
from tests.browser.test_live_link import find_running

# a screen that nobody has touched for long
FORGET = "() => localStorage.setItem('afterglow-touched', '1')"
COVERS_MS = 15_000


def cover(page: Page) -> None:
    """Leave the screen until it covers itself."""
    page.evaluate(FORGET)
    expect(page.locator(".lock-cover").get_by_role("button", name="Unlock")).to_be_visible(timeout=COVERS_MS)


def test_one_tap_on_the_cover_calls_from_the_room_and_the_page_below_stays(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    session = find_running(nurse)
    page = nurse.go(session)
    page.evaluate("() => { window.keptBelow = 'typed'; }")
    cover(page)
    cover_box = page.locator(".lock-cover")
    call = cover_box.get_by_role("button", name="Call for help: Room 2")
    expect(call).to_be_visible()
    box = call.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    nurse.watched.is_down = True
    nurse.context.set_offline(True)
    call.click()
    expect(cover_box.locator("[data-help-failed]")).to_be_visible()
    nurse.context.set_offline(False)
    call.click()
    expect(cover_box.locator("#help-called")).to_contain_text(re.compile(r"Help called at .*: Room 2"))
    expect(cover_box.locator("#help-called")).to_contain_text("Nobody has answered yet")
    assert "Demo" not in cover_box.inner_text()
    cover_box.get_by_label("Password or PIN").fill(nurse.password)
    cover_box.get_by_role("button", name="Unlock").click()
    expect(cover_box).to_have_count(0)
    assert page.evaluate("() => window.keptBelow") == "typed"
    # the call is over: later tests see a calm floor
    nurse.go("/")
    page.get_by_role("link", name=re.compile("Open call")).first.click()
    page.get_by_role("button", name="Over: take the call off the screens").click()
