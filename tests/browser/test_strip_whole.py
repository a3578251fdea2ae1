"""Help and an acute risk at once: the strip shows both whole, says that no ambulance comes, and moves nothing."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.measuring import judge
from tests.browser.servers import Served
from tests.browser.test_live_link import find_running

SIZES = ((1024, 768), (1180, 820), (1366, 1024), (1440, 900))
# both tiles as the server writes them, with the longest words of a person at risk
TILES = """() => {
  const [strip] = document.querySelectorAll('.fl-strip'), place = strip.querySelector('div');
  strip.querySelectorAll('.fl-call, .fl-elsewhere, .fl-rest').forEach(each => each.remove());
  place.innerHTML = '<div class="fl-call" data-made="1"><svg class="icon" width="20" height="20">'
    + '</svg><span><b>Help: Room 2</b> '
    + '<span class="fl-call__short">No ambulance.</span> <span class="fl-call__by">called by J. Exemplar, for 0:10. '
    + '<span class="fl-call__limit">This does not call an ambulance.</span></span></span>'
    + '<a class="button button--dense" href="#">Answer</a></div>'
    + '<div class="fl-call"><svg class="icon" width="20" height="20"></svg>'
    + '<span><b>Acute risk: A.Be., in the waiting area.</b> '
    + '<span class="fl-call__by">Nobody could be told. Call the person now, for 12:40.</span></span>'
    + '<a class="button button--dense" href="#">Open the task</a></div>';
}"""
CUT = """() => [...document.querySelectorAll('.fl-strip .fl-call > span')].filter(words => {
  const place = words.closest('.fl-kept, .fl-call').getBoundingClientRect(), box = words.getBoundingClientRect();
  return words.scrollHeight > words.clientHeight + 1 && getComputedStyle(words).overflow === 'hidden'
    || box.bottom > place.bottom + 1 || box.top < place.top - 1;
}).map(words => words.innerText)"""
SAID = "() => document.querySelector('.fl-strip .fl-call').innerText"
STANDS = "() => document.querySelector('.s-main, .fl-places').getBoundingClientRect().top + scrollY"


def look(page: Page) -> list[float]:
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        found.append(page.evaluate(STANDS))
    return found


@pytest.mark.parametrize("where", ["board", "session"])
def test_two_calls_stand_whole_in_the_place_that_is_kept_for_them(demo: Served, enter: Enter, where: str) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go("/" if where == "board" else find_running(nurse))
    before = look(page)
    # the strip is not asked for again while its tiles are measured
    nurse.watched.is_down = True
    page.route("**/floor/strip*", lambda route: route.abort())
    page.evaluate(TILES)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(CUT) == [], (where, width)
        assert "ambulance" in page.evaluate(SAID), (where, width)
    assert look(page) == before
    page.unroute_all(behavior="ignoreErrors")


def test_the_tile_of_a_call_says_it_in_few_words_too(demo: Served, enter: Enter) -> None:
    nurse, colleague = enter(demo, "nurse"), enter(demo, "nurse2")
    page = nurse.go("/")
    colleague.go("/")
    colleague.press("Help", colleague.page.locator("body"))
    called = colleague.page.url
    try:
        call = page.locator(".fl-strip .fl-call", has_text="called by J. Exemplar")
        expect(call.locator(".fl-call__short")).to_have_text("No ambulance.")
        expect(call).to_contain_text("This does not call an ambulance.")
        assert judge(page, "the board with a call") == []
    finally:
        colleague.go(called)
        colleague.page.locator('button[name="act"][value="close"]').first.click()
