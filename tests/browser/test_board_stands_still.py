"""The places of the board never move: not when somebody calls for help, not when the list above them grows."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.measuring import judge
from tests.browser.servers import Served

WIDTHS = ((1366, 1024), (1440, 900), (1024, 768), (390, 844), (320, 640))
PLACES = """() => [...document.querySelectorAll('.fl-places, .fl-place:first-child, .fl-gridhead')]
  .map(place => place.getBoundingClientRect().top + window.scrollY)"""
BELOW = """() => {
  const list = document.querySelector('.fl-needs'), edge = list.getBoundingClientRect().bottom;
  const rows = [...list.children].map(row => row.getBoundingClientRect());
  return rows.filter(box => (box.top + box.bottom) / 2 >= edge).length;
}"""


def measure(page: Page) -> list[list[float]]:
    """Return in every width where the places stand."""
    found = []
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        found.append(page.evaluate(PLACES))
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), width
    page.set_viewport_size({"width": 1366, "height": 1024})
    return found


def test_a_call_and_its_line_move_no_place(demo: Served, enter: Enter) -> None:
    nurse, colleague = enter(demo, "nurse"), enter(demo, "nurse2")
    page = nurse.go("/")
    rows = page.locator(".fl-need")
    expect(rows.first).to_be_visible()
    before, stood = measure(page), rows.count()
    colleague.go("/")
    colleague.press("Help", colleague.page.locator("body"))
    called = colleague.page.url
    try:
        expect(rows).to_have_count(stood + 1)
        expect(page.locator(".fl-call", has_text="called by J. Exemplar")).to_have_count(1)
        assert measure(page) == before
        # what does not fit is counted, and reached by scrolling the list
        below = page.evaluate(BELOW)
        assert below > 0
        expect(page.locator("[data-needs-more]")).to_have_text(f"{below} more below")
        rows.last.scroll_into_view_if_needed()
        expect(page.locator("[data-needs-more]")).to_be_hidden()
        faults = judge(page, "the board with calls")
    finally:
        colleague.go(called)
        colleague.page.locator('button[name="act"][value="close"]').first.click()
    expect(page.locator(".fl-call", has_text="called by J. Exemplar")).to_have_count(0)
    # on a phone the head of the list may still wrap otherwise with other numbers in it
    assert measure(page)[:3] == before[:3]
    assert faults == []
