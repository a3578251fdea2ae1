"""The places of the board never move: not when somebody calls for help, not when the list above them grows."""

import pytest
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
        expect(page.locator("[data-needs-more]")).to_have_text(f"and {below} more below")
        rows.last.scroll_into_view_if_needed()
        expect(page.locator("[data-needs-more]")).to_be_hidden()
        faults = judge(page, "the board with calls")
    finally:
        colleague.go(called)
        colleague.page.locator('button[name="act"][value="close"]').first.click()
    expect(page.locator(".fl-call", has_text="called by J. Exemplar")).to_have_count(0)
    assert measure(page) == before
    assert faults == []


# what the head of the list and of the places may say, from nothing to much; the strip beside it empty
SAY = """([count, more, staff]) => {
  document.querySelector('.fl-now__count').textContent = count;
  const below = document.querySelector('[data-needs-more]');
  below.textContent = more || 'and 1 more below';
  below.hidden = !more;
  document.querySelectorAll('.fl-staff > *').forEach(each => { each.textContent = staff; });
  document.querySelector('.fl-strip').replaceChildren();
}"""


@pytest.mark.parametrize("size", [(390, 844), (320, 640)])
def test_on_a_phone_no_words_above_the_places_move_them(demo: Served, enter: Enter, size: tuple[int, int]) -> None:
    nurse = enter(demo, "nurse", viewport={"width": size[0], "height": size[1]})
    page = nurse.go("/")
    expect(page.locator(".fl-need").first).to_be_visible()
    before = page.evaluate(PLACES)
    for said in (
        ["nobody waits", "", "K. Fictive 0 of 2"],
        ["1 place, most urgent first", "and 1 more below", "K. Fictive 1.5 of 2, pre-checks counted"],
        ["18 places, most urgent first", "and 17 more below", "Konstantina Fictive-Example can take one more"],
    ):
        page.evaluate(SAY, said)
        assert page.evaluate(PLACES) == before, said
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


CUT = """() => {
  const list = document.querySelector('.fl-needs'), box = list.getBoundingClientRect();
  return [...list.children].map(row => row.getBoundingClientRect())
    .filter(row => row.bottom > box.top + 1 && row.top < box.bottom - 1)
    .filter(row => row.bottom > box.bottom + 1 || row.top < box.top - 1).length;
}"""
# rows as the server writes them, of one line and of three
MORE_ROWS = """() => {
  const list = document.querySelector('.fl-needs');
  for (let n = 0; n < 6; n += 1) {
    const row = list.lastElementChild.cloneNode(true);
    row.querySelector('.fl-need__what b').textContent = 'Read what was told and decide. '.repeat(n % 3 * 4 + 1);
    list.append(row);
  }
  window.dispatchEvent(new Event('resize'));
}"""


def test_rows_of_the_list_are_whole_and_what_is_below_is_said(demo: Served, enter: Enter) -> None:
    page = enter(demo, "nurse").go("/")
    expect(page.locator(".fl-need").first).to_be_visible()
    # the server's own list may come in between
    page.evaluate("() => document.querySelector('[data-part=needs]').removeAttribute('data-part')")
    page.evaluate(MORE_ROWS)
    for width, height in ((1024, 768), *WIDTHS):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => document.querySelector('.fl-needs').scrollTo({top: 0})")
        page.evaluate("() => window.dispatchEvent(new Event('resize'))")
        assert page.evaluate(CUT) == 0, width
        below = page.evaluate(BELOW)
        assert below > 0
        expect(page.locator("[data-needs-more]")).to_have_text(f"and {below} more below")
