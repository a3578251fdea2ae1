"""What a finger reaches and an eye reads on the session page: undo, first acts, the pad without scrolling, the line."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.measuring import judge
from tests.browser.people import Person
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
    # the server's own strip may come in between
    page.evaluate("() => document.querySelector('[data-part=alarms]').removeAttribute('data-part')")
    page.evaluate(LONG_STRIP)
    assert page.evaluate(CLIPPED) is False
    strip, row = page.locator(".s-alarm-high").bounding_box(), page.locator(".s-alarms").bounding_box()
    assert strip is not None
    assert row is not None
    assert strip["width"] >= row["width"] - 40


def test_vitals_and_undo_stand_on_the_first_screen_below_one_row_of_alarms(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse", viewport={"width": 1366, "height": 1024})
    page = nurse.go(find_running(nurse))
    more = ".s-alarm ~ .s-alarm, .s-alarm-more"
    page.evaluate("more => document.querySelectorAll(more).forEach(e => e.remove())", more)
    # the alarm of another chair of this nurse stands in the same row
    elsewhere = page.locator(".fl-elsewhere")
    expect(elsewhere).to_contain_text("Room 1")
    # more than two of them scroll inside their place
    assert find_bottom(page, ".fl-strip") <= find_bottom(page, ".s-alarms") + 1
    for selector in (".s-save", ".s-scales .s-btn", "[data-stored]"):
        assert find_bottom(page, selector) <= 1024, selector
    assert page.locator(".s-demonstration").is_visible()


TOPS = """() => ['.s-save', '.s-tiles', '.s-dose', '#vitals-systolic']
  .map(part => document.querySelector(part).getBoundingClientRect().top + window.scrollY)"""
WIDTHS = ((1366, 1024), (1440, 900), (1024, 768), (820, 1180), (390, 844), (320, 640))
# an alarm that nobody answered, as the server writes it: other journeys may have ended the room's own
PUT_ALARM = """() => {
  document.querySelector('.s-alarms').innerHTML = `<div class="s-alarm s-alarm-medium">
    <span class="s-mark">MEDIUM</span>
    <span class="s-alarm-text"><b>Blood pressure 168/98: above 160</b><span>10:24, limit 160. Repeat now.</span></span>
    <span class="s-since">0:09</span>
    <form><button class="s-btn s-btn-main">Repeat BP</button></form><form><button class="s-btn">Seen</button></form>
    </div>`;
}"""
SHOW_SINCE = """words => [...document.querySelectorAll('.s-since')].filter(since => {
  since.removeAttribute('data-runs-since');
  since.textContent = words;
  return since.offsetWidth > 0;
}).length"""
SAY_LINK = """([words, isUnready]) => {
  document.querySelector('[data-link-words]').textContent = words;
  document.querySelector('[data-sound]').toggleAttribute('data-unready', isUnready);
}"""
# tiles whose words do not fit into them
CUT_TILES = """() => [...document.querySelectorAll('.s-tile')]
  .filter(tile => [...tile.children].some(part => part.getBoundingClientRect().bottom
    > tile.getBoundingClientRect().bottom + 2))
  .map(tile => tile.innerText)"""
# on a phone several bars stand below one another, and a further one takes a row
TABLETS = 4


def measure_places(page: Page) -> list[list[float]]:
    """Return in every width where the parts of the page stand that a finger aims at."""
    found = []
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        found.append(page.evaluate(TOPS))
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), width
    return found


@pytest.mark.parametrize("size", [(1024, 768), (1180, 820), (1280, 800), (1366, 768), (1440, 900), (820, 1180)])
def test_entry_and_save_stand_on_the_first_screen_with_one_alarm(
    demo: Served, enter: Enter, size: tuple[int, int]
) -> None:
    nurse = enter(demo, "nurse", viewport={"width": size[0], "height": size[1]})
    page = nurse.go(find_running(nurse))
    page.wait_for_selector('[data-floor-strip][data-unasked="false"]', state="attached")
    page.evaluate("() => document.querySelector('[data-part=alarms]').removeAttribute('data-part')")
    page.evaluate(PUT_ALARM)
    # the strip of other chairs takes its row too
    expect(page.locator(".fl-elsewhere")).to_contain_text("Room 1")
    for selector in ("#vitals-systolic", "#vitals-spo2", ".s-keypad [data-digit='0']", ".s-save"):
        assert find_bottom(page, selector) <= size[1], selector
    assert page.evaluate(CUT_TILES) == []


def test_the_tab_key_reaches_the_pad_before_what_stands_below_it(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse", viewport={"width": 1024, "height": 768})
    page = nurse.go(find_running(nurse))
    if not page.evaluate("() => CSS.supports('reading-flow', 'grid-rows')"):
        pytest.skip("this Chromium follows the source alone: the pad is reached after the line of time")
    page.evaluate("() => document.querySelector('.s-tiles').setAttribute('tabindex', '-1')")
    page.locator(".s-tiles").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('.s-entry') !== null")


def test_a_time_that_grows_to_hours_moves_nothing(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    page.wait_for_selector('[data-floor-strip][data-unasked="false"]', state="attached")
    page.evaluate("() => document.querySelector('[data-part=alarms]').removeAttribute('data-part')")
    page.evaluate(PUT_ALARM)
    found = []
    for words in ("0:09", "9:59", "10:00", "100:00"):
        assert page.evaluate(SHOW_SINCE, words) > 0
        found.append(measure_places(page))
    assert found[1:] == found[:-1]


def test_the_words_of_the_link_and_the_sound_move_nothing(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    page.wait_for_selector('[data-floor-strip][data-unasked="false"]', state="attached")
    page.evaluate("() => document.querySelector('[data-part=alarms]').removeAttribute('data-part')")
    found = []
    for link, is_sound_unready in (("Not live: reload to update", True), ("Not live", False), ("Live", False)):
        page.evaluate(SAY_LINK, [link, is_sound_unready])
        found.append(measure_places(page))
    assert found[1:] == found[:-1]


# of the tiles beside the alarms: words that are cut, tiles outside their place of 64 px, and what a finger misses
MISSED = """() => {
  const place = document.querySelector('.fl-strip').getBoundingClientRect();
  const tiles = '.fl-strip > div > .fl-elsewhere, .fl-strip > div > .fl-call, .fl-rest > summary';
  return [...document.querySelectorAll(tiles)].filter(tile => {
    const box = tile.getBoundingClientRect();
    const isCut = [tile, ...tile.querySelectorAll(':scope > span, b')].some(part => {
      const own = part.getBoundingClientRect();
      return own.bottom > box.bottom + 1 || own.right > box.right + 1 || own.top < box.top - 1;
    });
    const aim = (tile.querySelector('.button') ?? tile).getBoundingClientRect();
    return isCut || box.bottom > place.bottom + 1 || box.right > place.right + 1 || aim.width < 44 || aim.height < 44;
  }).map(tile => tile.textContent.trim());
}"""


def call_help(person: Person) -> str:
    """Call for help from no room and return the page of the call."""
    person.go("/")
    person.press("Help", person.page.locator("body"))
    return person.page.url


def test_calls_from_other_rooms_move_nothing_and_hide_no_alarm_of_ones_own_chairs(demo: Served, enter: Enter) -> None:
    nurse, colleagues = enter(demo, "nurse"), [enter(demo, "nurse2"), enter(demo, "prescriber")]
    page = nurse.go(find_running(nurse))
    page.wait_for_selector('[data-floor-strip][data-unasked="false"]', state="attached")
    # alarms of this chair come and go by their own clock: here only the strip beside them may change
    page.evaluate("() => document.querySelector('[data-part=alarms]').removeAttribute('data-part')")
    before = measure_places(page)
    called = [call_help(colleague) for colleague in colleagues]
    try:
        rest, alarm = page.locator(".fl-rest"), page.locator(".fl-strip > div > .fl-elsewhere")
        call = rest.locator(".fl-call", has_text="called by J. Exemplar")
        summary = rest.locator("summary")
        expect(summary).to_contain_text("calls for help")
        expect(alarm).to_contain_text("Room 1")
        expect(call).to_be_hidden()
        assert measure_places(page)[:TABLETS] == before[:TABLETS]
        for width, height in WIDTHS[:-1]:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(MISSED) == [], width
            # the rest opens by a touch and by a key, over what stands below
            summary.click()
            expect(call).to_be_visible()
            page.keyboard.press("Escape")
            expect(call).to_be_hidden()
            page.keyboard.press("Enter")
            expect(call).to_be_visible()
            box = call.locator(".button").bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44, width
            assert box["x"] + box["width"] <= width
            page.keyboard.press("Escape")
        faults = judge(page, "calls from other rooms", least_px=44, is_thorough=True)
    finally:
        for colleague, url in zip(colleagues, called, strict=True):
            colleague.go(url)
            colleague.page.locator('button[name="act"][value="close"]').first.click()
    expect(page.locator(".fl-strip", has_text="called by J. Exemplar")).to_have_count(0)
    assert measure_places(page)[:TABLETS] == before[:TABLETS]
    assert faults == []


def test_enter_after_each_number_sends_no_half_of_a_pressure(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    expect(page.locator("[data-link-words]")).to_have_text("Live")
    page.keyboard.press("v")
    # the focus walks on by itself after three digits; the hand presses Enter all the same
    page.keyboard.type("138")
    page.keyboard.press("Enter")
    expect(page.locator('[name="data.diastolic"]')).to_be_focused()
    page.keyboard.type("81")
    page.keyboard.press("Enter")
    expect(page.locator("[data-stored]")).to_have_attribute("data-state", "stored")
    expect(page.locator('[data-part="log"]')).to_contain_text("138/81")


def list_stored(page: Page, words: str) -> int:
    """Return in how many rows of the log a reading stands."""
    return page.locator('[data-part="log"] [data-key]', has_text=words).count()


def test_what_is_stored_once_is_not_sent_again_with_the_next_number(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    expect(page.locator("[data-link-words]")).to_have_text("Live")
    page.route("**/commands*", lambda route: (page.wait_for_timeout(1500), route.continue_()))
    page.keyboard.press("v")
    page.keyboard.type("139")
    page.keyboard.type("83")
    page.keyboard.press("Enter")
    # the answer is still on its way
    page.keyboard.type("17")
    expect(page.locator("[data-stored]")).to_have_attribute("data-state", "stored", timeout=10_000)
    assert page.locator('[name="data.systolic"]').input_value() == ""
    page.get_by_role("button", name="Save vitals").click()
    expect(page.locator('[data-part="log"]')).to_contain_text("17")
    expect(page.locator('[name="data.resp_rate"]')).to_have_value("")
    assert list_stored(page, "139/83") == 1


def test_a_number_after_a_stored_pressure_is_that_of_the_next_field(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    expect(page.locator("[data-link-words]")).to_have_text("Live")
    page.keyboard.press("v")
    page.keyboard.type("137")
    page.keyboard.type("82")
    after = page.evaluate("document.activeElement.name")
    page.keyboard.press("Enter")
    expect(page.locator("[data-stored]")).to_have_attribute("data-state", "stored")
    assert page.evaluate("document.activeElement.name") == after
    assert after not in {"data.systolic", "data.diastolic"}


def test_next_field_on_the_keypad_skips_nothing(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    page.locator("#vitals-systolic").click()
    for key in ("1", "2", "0", "next", "7", "6"):
        page.locator(f".s-keypad [data-digit='{key}']").click()
    assert page.locator("#vitals-systolic").input_value() == "120"
    assert page.locator('[name="data.diastolic"]').input_value() == "76"


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
    # without a session behind it the cover shows the alarms of the chairs that one may see, and names nobody
    nurse.go("/locked/")
    assert "Demo" not in page.locator("#watched").inner_text()


def test_why_an_act_of_one_tap_was_refused_stands_beside_it_and_moves_nothing(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse", viewport={"width": 1024, "height": 768})
    page = nurse.go(find_running(nurse, "Room 1"))
    dose = page.locator('[data-part="dose"]')
    near, resume = dose.locator(".s-hands"), dose.get_by_role("button", name="pump running again")
    expect(near).to_have_text("Afterglow records; it does not move the pump.")
    resume.scroll_into_view_if_needed()
    before = near.evaluate("line => line.offsetHeight")
    resume.click()
    expect(near).to_contain_text("deal with it and measure again, then the dose")
    assert near.evaluate("line => line.offsetHeight") == before
    # the parts that come with the answer, once no finger is down, leave it; the next entry takes it away
    page.wait_for_timeout(1500)
    expect(near).to_contain_text("measure again")
    nurse.record("record-note", note="Feels well.")
    expect(near).to_have_text("Afterglow records; it does not move the pump.")
