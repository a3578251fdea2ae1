"""One day by the people of a clinic at once: desk, nurse, prescriber, a patient on a phone, a therapist at the end.

It plays in the demonstration, whose floor is in full swing: Room 4 is about to be free, and who comes there next is on
the way. What is not the point (plans, orders, the whole stay) stands there already.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import charting, visiting
from tests.browser.conftest import PATIENCE_MS, Enter
from tests.browser.measuring import judge
from tests.browser.people import Person, Watched
from tests.browser.servers import Served

PHONE = {"width": 390, "height": 844}
PLACE = "Room 4"
# what the form from outside is told, as it is typed there
TOLD = {
    "family_name": "Exampleworth",
    "given_name": "Sorrel",
    "birth_on": "1977-05-08",
    "phone": "555-0177",
    "email": "sorrel@example.org",
    "asks": "Low for years, two tablets did nothing",
    "medicine_1_name": "Venlafaxine",
    "allergies": "Penicillin",
}
# answers by which nothing is found, but for the tablets
ANSWERS = {
    "mood": "same",
    "last-day": "none",
    "food": "yesterday",
    "meal": "light",
    "drink": "yesterday",
    "pressure-tablets": "left-out",
    "diabetes": "none",
    "pregnancy": "not-me",
    "escort": "named",
}


@pytest.fixture
def phone(browser: Browser, demo: Served) -> Iterator[Page]:
    """A phone at the patients' own listener."""
    found = re.search(r"patients ready at (\S+)/\s", demo.log.read_text())
    assert found, demo.log.read_text()
    with browser.new_context(viewport=PHONE, has_touch=True, base_url=found[1]) as context:  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        watched = Watched(context, found[1])
        yield context.new_page()
    assert watched.complaints == []


def test_who_asks_from_outside_is_a_patient_with_nothing_typed_twice(demo: Served, enter: Enter, phone: Page) -> None:
    desk, nurse = enter(demo, "frontdesk"), enter(demo, "nurse")
    fill_intake(phone)
    page = desk.go("/referrals/")
    page.locator(".referral-row__name", has_text=TOLD["family_name"]).click()
    panel = page.locator(".referral-panel")
    expect(panel).to_contain_text(TOLD["asks"])
    desk.press("I take it", panel)
    expect(page.locator(".referral-panel")).to_contain_text("Taken by F. Sample")
    assert page.get_by_role("button", name=re.compile("^Accept:")).count() == 0
    referral = page.url
    chart = accept(nurse, referral)
    page = desk.go(chart + "identity/")
    for name in ("family_name", "given_name", "birth_on", "phone"):
        expect(page.locator(f'main [name="{name}"]').first).to_have_value(TOLD[name])
    told = nurse.go(chart + "told/").locator("main")
    for name in ("medicine_1_name", "allergies"):
        expect(told).to_contain_text(TOLD[name])


def fill_intake(phone: Page) -> None:
    """Fill the public form on the phone: help before the first field, safety first, then the person."""
    phone.goto("/intake/")
    expect(phone.get_by_text("988").first).to_be_visible()
    for name in ("crisis_harm", "crisis_thoughts", "crisis_today"):
        phone.locator(f'[name="{name}"][value="no"]').check()
    for name in ("given_name", "family_name", "phone"):
        phone.locator(f'[name="{name}"]').fill(TOLD[name])
    phone.locator('[name="may_call"][value="yes"]').check()
    phone.locator("#main-form .act:not(.act--plain)").click()
    for name in ("birth_on", "email", "asks", "medicine_1_name", "allergies"):
        phone.locator(f'main [name="{name}"], #main-form [name="{name}"]').first.fill(TOLD[name])
    phone.locator("#main-form .act:not(.act--plain)").click()
    phone.wait_for_url("**/intake/done/**")


def accept(nurse: Person, referral: str) -> str:
    """Accept a referral as a nurse; return the address of the chart it became."""
    page = nurse.go(referral)
    form = page.locator(".decision__part--accept")
    expect(form).to_be_hidden()
    page.locator('[name="decision"][value="accept"]').check()
    expect(form.locator('[name="opening"]')).to_have_value("")
    nurse.press("Accept: make a patient of it", form)
    expect(page.locator("[role=status]:not([data-help-sent])").first).to_contain_text("Accepted")
    link = page.locator(".referral-panel__head").get_by_role("link", name=re.compile(TOLD["family_name"]))
    return str(link.get_attribute("href"))


def test_of_two_who_book_one_place_at_once_the_second_is_told(demo: Served, enter: Enter) -> None:
    desk, nurse = enter(demo, "frontdesk"), enter(demo, "nurse")
    ask_for(desk, "Alder")
    ask_for(nurse, "Willow")
    desk.press("Book the chosen time")
    expect(desk.page.locator("[role=status]:not([data-help-sent])").first).to_contain_text("Booked for")
    with nurse.page.expect_navigation():
        nurse.page.get_by_role("button", name="Book the chosen time").click()
    refused = nurse.page.locator(".booking__refused")
    expect(refused).to_be_visible()
    expect(nurse.page.locator(".booking")).to_contain_text(PLACE)
    expect(nurse.page.locator(".booking .tag--stop")).to_have_text("Not free")
    # the day and time asked for stand there still, the place is let go of and named, and another time is offered
    expect(nurse.page.locator('[name="at"]')).to_have_value("10:00")
    expect(nurse.page.locator('[name="place"]')).to_have_value("")
    expect(nurse.page.locator("#id_place_helptext")).to_contain_text(f"{PLACE} is taken")
    expect(nurse.page.locator('[name="slot"]').first).to_be_checked()


def ask_for(person: Person, name: str) -> None:
    """Find somebody at the booking panel, and have a time judged that no series has reached yet."""
    on = find_tuesday(date.today() + timedelta(days=60))
    page = person.go(f"/schedule/?on={on.isoformat()}")
    page.locator("#booking-q").fill(name)
    person.press("Find")
    page.locator(".booking .lines a", has_text=name).first.click()
    form = page.locator("[data-booking-form]")
    form.locator('[name="kind"]').select_option("assessment")
    form.locator('[name="at"]').fill("10:00")
    form.locator('[name="place"]').select_option(label=PLACE)
    person.press("Check this time", form)
    expect(page.locator(".booking__title .tag")).to_have_text("Free")


def find_tuesday(on: date) -> date:
    """Return the next Tuesday: the demonstration is open then."""
    return on + timedelta(days=(1 - on.weekday()) % 7)


def test_a_visit_from_the_link_to_the_call_two_days_later(demo: Served, enter: Enter, phone: Page) -> None:
    desk, nurse, prescriber = (enter(demo, name) for name in ("frontdesk", "nurse", "prescriber"))
    board, second = nurse.go("/"), prescriber.go("/")
    boards = (board, second, enter(demo, "frontdesk").go("/"))
    began = [find_beginning(each) for each in boards]
    places = [list_places(each) for each in boards]
    visit = str(find_arrival(board).get_attribute("href"))
    answer_on_the_phone(desk, phone, visit)
    for each in boards:
        expect(find_row(each, visit)).to_contain_text("Check-in answered, findings to look at")
    desk.go(visit)
    desk.press("Arrived")
    for each in boards:
        expect(find_row(each, visit)).to_contain_text("In waiting area since")
    left = see_off(enter(demo, "nurse2"), enter(demo, "prescriber"))
    for each in (board, second):
        expect(find_place(each)).to_contain_text("Free")
        expect(each.locator('[data-part="ended"]')).to_contain_text(PLACE)
    hand_over(demo, enter, nurse, board, second)
    assert [find_beginning(each) for each in boards] == began, "a board was loaded again and did not move by itself"
    assert [list_places(each) for each in boards] == places, "a place stands elsewhere than before"
    call_back(enter(demo, "nurse2"), left)
    note_talk(enter(demo, "therapist"), left)


def find_beginning(page: Page) -> float:
    """Return when the page was loaded."""
    return float(page.evaluate("performance.timeOrigin"))


def list_places(board: Page) -> list[list[object]]:
    """Return the places of a board in their order, each with its column."""
    script = "all => all.map(place => [place.dataset.part, Math.round(place.getBoundingClientRect().x)])"
    return list(board.locator(".fl-place[data-part]").evaluate_all(script))


def find_row(board: Page, visit: str) -> Locator:
    """Return the row of a visit among the arrivals."""
    return board.locator(".fl-arrival", has=board.locator(f'a[href="{visit}"]'))


def find_arrival(board: Page) -> Locator:
    """Return the link of the visit that is expected at the place and has not come."""
    return board.locator(".fl-arrival", has_text="Checklist sent, not answered").first.locator("a").first


def find_place(board: Page) -> Locator:
    """Return the place's card."""
    return board.locator(".fl-place", has_text=PLACE).first


def answer_on_the_phone(desk: Person, phone: Page, visit: str) -> None:
    """Send a new link and answer every question of it on the phone; the tablets were left out."""
    page = desk.go(visit + "check-in/")
    desk.press("Send a new link")
    phone.goto(str(page.locator("main code").inner_text()))
    phone.locator(".acts a.act").first.click()
    while "/ask/" in phone.url:
        question = phone.url.rstrip("/").rpartition("/ask/")[2]
        answer(phone, ANSWERS.get(question, "no"))
    phone.locator(".acts form .act").click()
    phone.wait_for_url("**/done/")
    assert judge(phone, "all is sent", least_px=44) == []
    expect(desk.go(visit + "check-in/").locator("main")).to_contain_text("All answered and sent.")


def answer(phone: Page, choice: str) -> None:
    """Answer the question that stands on the phone and go on."""
    before = phone.url
    phone.locator(f'[name="choice"][value="{choice}"]').check()
    if phone.locator('[name="clock"]').count():
        phone.locator('[name="clock"]').fill("20:00")
    for part in phone.locator(".field input[type=text], .field input[type=tel]").all():
        part.fill("555-0142" if part.get_attribute("type") == "tel" else "Demo, Moss")
    phone.locator("#main-form .act--wide").click()
    phone.wait_for_url(lambda url: url != before)


def see_off(nurse: Person, prescriber: Person) -> str:
    """Release who is ready to leave at the place, and see them off; return their chart."""
    session = str(find_place(nurse.go("/")).locator("a.today__card").get_attribute("href"))
    page = nurse.go(session)
    visiting.measure(nurse, systolic=121, diastolic=77)
    visiting.score_cadss(nurse, 0)
    items = ("activity", "breathing", "circulation", "consciousness", "oxygen")
    nurse.record("record-score-aldrete", **{f"answers__{item}": "2" for item in items})
    prescriber.go(session)
    prescriber.record("sign-release")
    nurse.record("record-left", company="other", **{"with": "Sample, Fern"})
    return str(page.locator(".s-who-link").get_attribute("href"))


def hand_over(demo: Served, enter: Enter, nurse: Person, board: Page, second: Page) -> None:
    """Clean and seat, name a nurse, offer the chair, and let the other nurse accept it; two boards follow."""
    helper = enter(demo, "nurse")
    find_place(helper.go("/")).get_by_role("link", name="Seat someone").click()
    helper.press("Record: cleaned", helper.page.locator("body"))
    helper.press("Open the session here")
    helper.page.wait_for_selector("[data-session]")
    session = helper.page.url.removeprefix(helper.url)
    for each in (board, second):
        expect(find_place(each)).to_contain_text("Name a nurse")
    helper.record("record-arrival", escort="Demo, Moss")
    for each in (board, second):
        expect(find_place(each)).to_contain_text("No named nurse")
    chair = str(find_place(board).locator(".fl-nurse").get_attribute("href"))
    name_nurse(helper, chair, "P. Nadkarni", "Name", "Offer a handover")
    for each in (board, second):
        expect(find_place(each)).to_contain_text("Nurse P. Nadkarni")
    name_nurse(helper, chair, "J. Exemplar", "Offer the handover", "Handover offered")
    expect(board.locator(".fl-need", has_text=PLACE)).to_contain_text("waits for J. Exemplar to accept")
    receiver = enter(demo, "nurse2")
    receiver.go(chair)
    receiver.press("I accept this chair")
    for each in (board, second):
        expect(find_place(each)).to_contain_text("Nurse J. Exemplar")
    log = helper.go(session).locator('[data-part="log"]')
    expect(log).to_contain_text("J. Exemplar")


def name_nurse(person: Person, chair: str, name: str, words: str, then: str) -> None:
    """Choose somebody on the page of a chair."""
    page = person.go(chair)
    form = page.locator("form", has=page.locator('[name="nurse"][type=radio]'))
    form.locator(".fl-person", has_text=name).locator("input").check()
    person.press(words, form)
    expect(page.get_by_role("heading", name=then)).to_be_visible()


def call_back(nurse: Person, chart: str) -> None:
    """Find the task that leaving opened, and do it."""
    given, family = read_name(nurse, chart)
    page = nurse.go("/tasks/?show=mine")
    page.get_by_role("link", name=re.compile(f"^48 h call-back, .*({family}|{given})")).first.click()
    form = page.locator("form", has=page.locator('[name="complete-outcome"]'))
    form.locator('[name="complete-answers.suicide"][value="no"]').check()
    form.locator('[name="complete-outcome"][value="well"]').check()
    nurse.press("Complete", form)
    expect(page.locator("main")).to_contain_text("Reached, doing well")


def read_name(person: Person, chart: str) -> tuple[str, str]:
    """Return the given and the family name at the head of a chart."""
    family, _, given = person.go(chart).locator("h1").first.inner_text().partition(", ")
    return given.strip(), family.strip()


def note_talk(therapist: Person, chart: str) -> None:
    """See the session in the chart and where its talk is due; keep a note that stays apart."""
    today = therapist.go(chart + "sessions/").locator("table tbody tr").first
    expect(today).to_contain_text(PLACE)
    page = therapist.go(chart + "care/")
    expect(page.locator('section[aria-labelledby="talks"]')).to_contain_text("not booked")
    page = therapist.go(chart + "care/notes/")
    form = page.locator("form", has=page.locator('[name$="text"]'))
    form.locator('[name$="talked_on"]').fill(charting.read_minute(therapist)[:10])
    form.locator('[name$="text"]').fill("Came out of it calm.")
    therapist.press("Store the note", form)
    expect(page.locator("main")).to_contain_text("L. Template")
