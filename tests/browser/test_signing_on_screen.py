"""Signatures that only a browser can give: the second person's passkey on the first one's screen, and a drawn name."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.charting import TOPICS, read_minute
from tests.browser.conftest import PATIENCE_MS, Enter
from tests.browser.people import DESKTOP, Person
from tests.browser.servers import Served
from tests.browser.test_pages_accessible import find_chart
from tests.browser.test_passkeys import KEY, check

# an account that no other test signs in to: from now on its password alone does not open it
SECOND = "nurse4"
# a name as a hand draws it, in parts of the box
STROKES = (((0.10, 0.80), (0.20, 0.20), (0.30, 0.75), (0.42, 0.30)), ((0.55, 0.60), (0.75, 0.40), (0.90, 0.65)))


@pytest.fixture
def shared_screen(browser: Browser, demo: Served) -> Iterator[Person]:
    """One tablet with one authenticator, at which two people work; passkeys need `localhost`, not its number."""
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(PATIENCE_MS)
    person = Person(context, demo.url.replace("127.0.0.1", "localhost"), demo.password, SECOND)
    session = context.new_cdp_session(person.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    yield person
    context.close()
    assert person.watched.complaints == []


def test_the_second_person_signs_by_passkey_on_the_first_ones_screen(shared_screen: Person) -> None:
    person = shared_screen
    add_passkey(person.sign_in())
    sign_out(person)
    person.name = "nurse"
    board = person.sign_in().go("/")
    chair = board.locator(".today__card", has=board.locator(".fl-band", has_text="Chair 6"))
    page = person.go(str(chair.get_attribute("href")))
    expect(page.locator("[data-link-words]")).to_have_text("Live")
    before, form = person.seq, person.open_sheet("confirm-identity")
    person.fill({"data.identifiers": ["name", "birth-date"]}, form)
    # nobody has typed whose passkey it is
    expect(form.locator('[name="second.username"]')).to_have_value("")
    form.get_by_role("button", name="Their passkey instead").click()
    expect(form.get_by_role("status").filter(has_text="passkey accepted")).to_contain_text("W. Pretence")
    expect(form.locator('[name="second.username"]')).to_have_value(SECOND)
    assert form.locator('[name="second.secret"]').input_value() not in {"", person.password}
    person.submit(form)
    person.wait_stored(form, before)
    signed = page.locator('[data-part="log"] tr', has_text="W. Pretence").first
    expect(signed).to_contain_text("P. Nadkarni")


def add_passkey(person: Person) -> None:
    """Add a passkey to the account that is signed in."""
    page = person.go("/accounts/2fa/webauthn/add/")
    if page.get_by_label("Password").count():
        page.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/webauthn/add/**")
    page.get_by_label("Name").fill("Key on the lanyard")
    with page.expect_navigation():
        page.get_by_role("button", name="Add the passkey").click()


def sign_out(person: Person) -> None:
    """Leave by the button of the bar."""
    person.page.get_by_role("button", name="Sign out").click()
    # the nurse of occupied chairs is asked first
    answer = person.page.get_by_role("button", name="Sign out all the same")
    expect(answer.or_(person.page.get_by_label("Username"))).to_be_visible()
    if answer.count():
        answer.click()
    person.page.wait_for_url("**/accounts/login/**")


def test_a_signature_is_drawn_cleared_drawn_again_and_kept_with_the_consent(demo: Served, enter: Enter) -> None:
    prescriber, nurse = enter(demo, "prescriber"), enter(demo, "nurse")
    chart = find_chart(prescriber, "Willow")
    prescriber.go(f"{chart}consents/")
    talk = {"topics": TOPICS, "goals": "To sleep again", "has_capacity": "yes", "held_at": read_minute(prescriber)}
    prescriber.fill(talk, prefix="talk-")
    prescriber.press("Store the talk")
    page = nurse.go(f"{chart}consents/")
    place, kept = page.locator("[data-signature]"), page.locator("[data-signature] input[type=hidden]")
    box = place.locator("svg")
    draw(nurse, box)
    expect(kept).to_have_value(re.compile(r"^M\d+ \d+L"))
    place.get_by_role("button", name="Clear").click()
    expect(kept).to_have_value("")
    draw(nurse, box)
    drawn = kept.input_value()
    # two strokes, and the line on the screen is the line that is sent
    assert drawn.count("M") == len(STROKES)
    assert box.locator("path").get_attribute("d") == drawn
    check(page)
    form = {"typed_name": "Willow Mock", "identifiers": ["name", "birth-date"], "secret": nurse.password}
    option = page.locator('[name="sign-text"] option', has_text="infusion").first
    nurse.fill({"text": option.get_attribute("value"), **form}, prefix="sign-")
    nurse.press("Sign with the typed name")
    expect(page.locator("main")).to_contain_text("The consent is signed")
    page.get_by_role("link", name="Read the text").first.click()
    stored = page.get_by_role("img", name="Drawn signature").locator("path")
    expect(stored).to_have_attribute("d", drawn)


def draw(person: Person, box: Locator) -> None:
    """Draw with the pointer, stroke by stroke."""
    box.scroll_into_view_if_needed()
    frame = box.bounding_box()
    assert frame is not None
    mouse = person.page.mouse
    for stroke in STROKES:
        points = [(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in stroke]
        mouse.move(*points[0])
        mouse.down()
        for x, y in points[1:]:
            mouse.move(x, y, steps=6)
        mouse.up()
