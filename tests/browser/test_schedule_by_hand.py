"""Moving a visit on the day's picture: by keys and by drag; nothing is stored before the panel's button is pressed."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Enter
from tests.browser.people import Person
from tests.browser.servers import Served

MOVABLE = "a.visit[data-movable]"
BOXES = """all => all.filter(each => !each.hasAttribute('data-moving')).map(each => {
  const box = each.querySelector('rect').getBoundingClientRect();
  return [each.dataset.visit, Math.round(box.x), Math.round(box.y)];
})"""


def open_day(demo: Served, enter: Enter) -> tuple[Person, Locator]:
    """Return the desk before the day, and the last visit that can be moved."""
    desk = enter(demo, "frontdesk")
    page = desk.go("/schedule/")
    visit = page.locator(MOVABLE).last
    visit.scroll_into_view_if_needed()
    return desk, visit


def read_asked(page: Page) -> dict[str, str]:
    """Return what the address asks to be judged."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def read_start(visit: Locator) -> tuple[int, int]:
    """Return where a visit stands: minutes since the picture begins, and its row."""
    data: dict[str, Any] = visit.evaluate("each => ({...each.dataset})")
    return int(data["startMin"]), int(data["row"])


def tell_clock(page: Page, minutes: int) -> str:
    """Return the clock of the picture so many minutes after it begins."""
    whole = int(str(page.locator("svg[data-grid]").get_attribute("data-begins-min"))) + minutes
    return f"{whole // 60:02d}:{whole % 60:02d}"


def test_arrow_keys_move_a_visit_escape_puts_it_back_enter_asks(demo: Served, enter: Enter) -> None:
    desk, visit = open_day(demo, enter)
    page, key = desk.page, str(visit.get_attribute("data-visit"))
    start, row = read_start(visit)
    places = str(page.locator("svg[data-grid]").get_attribute("data-places")).split(" ")
    up = row - 1 if row else row + 1
    said = page.locator("svg[data-grid] + p[role=status]")
    visit.focus()
    page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text(tell_clock(page, start - 5))
    page.keyboard.press("Escape")
    expect(said).to_have_text("")
    assert visit.get_attribute("transform") is None
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp" if row else "ArrowDown")
    expect(said).to_contain_text(tell_clock(page, start - 25))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    asked = read_asked(page)
    assert (asked["move"], asked["at"]) == (key, tell_clock(page, start - 25))
    assert asked["place"] == places[up]
    expect(page.locator("#booking")).to_have_text("Move a visit")
    # asked, not stored
    desk.go("/schedule/")
    assert read_start(page.locator(f'[data-visit="{key}"]')) == (start, row)


def test_a_drag_moves_one_visit_and_leaves_all_others_where_they_are(demo: Served, enter: Enter) -> None:
    desk, visit = open_day(demo, enter)
    page, key = desk.page, str(visit.get_attribute("data-visit"))
    start, row = read_start(visit)
    box = visit.locator("rect").first.bounding_box()
    assert box is not None
    others = page.locator(f'{MOVABLE}:not([data-visit="{key}"])')
    before, scrolled = others.evaluate_all(BOXES), page.evaluate("scrollY")
    x, y = box["x"] + 10, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 30, y, steps=4)
    page.mouse.move(x - 60, y, steps=4)
    assert visit.get_attribute("data-moving") is not None
    assert others.evaluate_all(BOXES) == before
    assert page.evaluate("scrollY") == scrolled
    with page.expect_navigation():
        page.mouse.up()
    asked = read_asked(page)
    assert asked["move"] == key
    assert asked["at"] < tell_clock(page, start)
    expect(page.locator("#booking")).to_have_text("Move a visit")
    desk.go("/schedule/")
    assert read_start(page.locator(f'[data-visit="{key}"]')) == (start, row)


def test_a_click_opens_the_visit_and_moves_nothing(demo: Served, enter: Enter) -> None:
    desk, visit = open_day(demo, enter)
    address = str(visit.get_attribute("href"))
    with desk.page.expect_navigation():
        visit.locator("rect").first.click()
    assert desk.page.url == desk.url + address
