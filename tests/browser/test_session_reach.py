"""What a finger reaches and an eye reads on the session page: undo, first acts, the pad without scrolling, the line."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.servers import Served
from tests.browser.test_live_link import find_running

SIZES = ((1366, 1024), (1440, 900))
# a strip as the server writes it, with more words than one line holds
LONG_STRIP = """() => {
  const made = document.createElement('div');
  made.innerHTML = '<span class="s-alarm-text"><b></b><span></span></span>';
  const strip = document.querySelector('.s-alarm') ?? document.querySelector('.s-alarms').appendChild(made);
  strip.className = 's-alarm s-alarm-high';
  const text = strip.querySelector('.s-alarm-text');
  text.querySelector('b').textContent = 'Respiration 6, below 8, and MOAA/S 1, below 2, at the same time';
  text.querySelector('span').textContent = 'Stop the pump, open the airway, bag and mask with oxygen. '.repeat(6);
}"""
CLIPPED = """() => [...document.querySelectorAll('.s-alarm-text, .s-alarm-text *')].some(
  part => part.scrollHeight > part.clientHeight + 1 && getComputedStyle(part).overflow !== 'visible'
    || part.getBoundingClientRect().bottom > part.closest('.s-alarm').getBoundingClientRect().bottom + 1)"""


def find_bottom(page: Page, selector: str) -> float:
    """Return where an element ends on the screen."""
    box = page.locator(selector).last.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


@pytest.mark.parametrize("size", SIZES)
def test_an_entry_is_taken_back_with_a_pointer(demo: Served, enter: Enter, size: tuple[int, int]) -> None:
    nurse = enter(demo, "nurse", viewport={"width": size[0], "height": size[1]})
    page = nurse.go(find_running(nurse))
    nurse.vitals(systolic=139, diastolic=82)
    before = nurse.seq
    undo = page.locator("[data-stored] button")
    undo.scroll_into_view_if_needed()
    box = undo.bounding_box()
    assert box is not None
    # where a finger would press: whatever lies on top takes it
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("n => Number(document.querySelector('[data-session]').dataset.seq) > n", arg=before)
    expect(page.locator('[data-part="log"]')).to_contain_text("taken back")


@pytest.mark.parametrize("width", [390, 820, 1366])
def test_the_first_act_of_a_high_alarm_is_never_cut(demo: Served, enter: Enter, width: int) -> None:
    nurse = enter(demo, "nurse", viewport={"width": width, "height": 1024})
    page = nurse.go(find_running(nurse))
    page.evaluate(LONG_STRIP)
    assert page.evaluate(CLIPPED) is False
    strip, row = page.locator(".s-alarm-high").bounding_box(), page.locator(".s-alarms").bounding_box()
    assert strip is not None
    assert row is not None
    assert strip["width"] >= row["width"] - 40


def test_vitals_and_undo_stand_on_the_first_screen_beside_one_row_of_alarms(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse", viewport={"width": 1366, "height": 1024})
    page = nurse.go(find_running(nurse))
    page.evaluate("() => document.querySelectorAll('.s-alarm ~ .s-alarm, .s-alarm-more').forEach(e => e.remove())")
    for selector in (".s-save", ".s-scales .s-btn", "[data-stored]"):
        assert find_bottom(page, selector) <= 1024, selector
    assert page.locator(".s-demonstration").is_visible()


@pytest.mark.parametrize(
    ("line", "is_fine"),
    [
        ("128/76 p84 s97 r14", True),
        ("97/99", False),
        ("400/20", False),
        ("p84 p85", False),
        ("84", False),
        ("s101", False),
        ("o22", False),
        ("spo297", True),
        ("m4.5", False),
    ],
)
def test_the_preview_of_a_line_judges_as_saving_does(demo: Served, enter: Enter, line: str, is_fine: bool) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    page.locator("[data-line]").fill(line)
    preview = page.locator("[data-line-preview]")
    expect(preview).to_have_attribute("data-state", "read" if is_fine else "bad")
    said = preview.inner_text()
    assert ".." not in said
    page.get_by_role("button", name="Save vitals").click()
    stored = page.locator("[data-stored]")
    expect(stored).to_have_attribute("data-state", "stored" if is_fine else "refused")
    if not is_fine:
        # said once: at the line, not again beside the button
        expect(preview).to_have_text(said)
        expect(stored).to_have_text("Not stored. See the marked field.")


def test_open_gates_are_all_seen_and_met_ones_are_folded(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse", viewport={"width": 1366, "height": 1024})
    page = nurse.go(find_running(nurse, "Room 3"))
    gates = page.locator(".s-gates")
    assert gates.evaluate("box => box.scrollHeight <= box.clientHeight + 1") is True
    states = gates.locator("[data-key^=gate-]").evaluate_all("all => all.map(e => e.className)")
    met = ["s-item-met" in state for state in states]
    assert met == sorted(met)
    expect(page.locator('[data-part="dose"] h2')).to_contain_text(f"{sum(met)} of {len(met)} met")
    folded = page.locator(".s-gates-met")
    folded.locator("summary").click()
    # live parts leave it open
    nurse.record("record-note", note="Feels well.")
    expect(folded).to_have_attribute("open", "")


def test_a_locked_screen_names_the_alarm_of_the_session_it_showed(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    session = find_running(nurse)
    page = nurse.go(f"/locked/?next={session}")
    watched = page.locator("#watched")
    expect(watched).to_contain_text("Room 2")
    assert "Demo" not in watched.inner_text()
    nurse.go("/locked/")
    expect(page.locator("#watched")).to_have_count(0)
