"""Two people at one session, and a server that dies under them: entries are seen by both, and none is lost."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.browser.people import Person
from tests.browser.servers import Served


def find_running(person: Person, place: str = "Room 2") -> str:
    """Return the address of the session that runs in a room."""
    page = person.go("/")
    return str(page.locator(".today__card", has_text=place).get_attribute("href"))


def test_two_people_see_each_others_entries(demo: Served, enter: Enter) -> None:
    nurse, colleague = enter(demo, "nurse"), enter(demo, "nurse2")
    session = find_running(nurse)
    nurse.go(session)
    colleague.go(session)
    # what the colleague is typing stays while the nurse's entry arrives
    colleague.page.locator("#vitals-systolic").fill("12")
    nurse.vitals(systolic=141, diastolic=83, heart_rate=77)
    expect(colleague.page.locator('[data-key="bp"] .s-figure')).to_have_text(re.compile(r"141\s*/\s*83"))
    assert colleague.page.locator("#vitals-systolic").input_value() == "12"
    colleague.page.locator("#vitals-systolic").fill("")
    colleague.record("record-note", note="Asked for a blanket.")
    expect(nurse.page.locator('[data-part="log"]')).to_contain_text("Asked for a blanket.")
    expect(nurse.page.locator('[data-part="log"]')).to_contain_text("J. Exemplar")


def test_a_killed_server_loses_nothing_that_was_shown_as_stored(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    nurse.vitals(systolic=137, diastolic=81)
    stored = page.locator("[data-stored]").inner_text()
    assert re.search(r"Stored \d\d:\d\d:\d\d", stored), stored
    nurse.watched.is_down = True
    demo.kill()
    lost = page.locator("[data-lost]")
    expect(lost).to_be_visible(timeout=6500)
    expect(lost).to_contain_text("Not connected for")
    # who cannot be reached by the page is called by the button above it
    strip, call = lost.bounding_box(), page.locator(".fl-help__button").bounding_box()
    assert strip is not None
    assert call is not None
    assert strip["y"] >= call["y"] + call["height"]
    form = page.locator("form[data-vitals]")
    form.locator('[name="data.systolic"]').fill("133")
    form.locator('[name="data.diastolic"]').fill("79")
    form.get_by_role("button", name="Save vitals").click()
    expect(page.locator("[data-stored]")).to_have_attribute("data-state", "kept")
    expect(page.locator("[data-session]")).to_have_attribute("data-kept", "1")
    expect(lost).to_contain_text("1 entry is kept on this tablet")
    demo.start()
    expect(page.locator("[data-session]")).to_have_attribute("data-kept", "0", timeout=15_000)
    nurse.watched.is_down = False
    expect(lost).to_be_hidden()
    page.reload()
    log = page.locator('[data-part="log"]')
    expect(log).to_contain_text("133/79")
    expect(log).to_contain_text("137/81")
