"""The patients' pages in a browser: axe in light and dim at phone width, by keyboard alone, and without script."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.measuring import BUTTONS, SMALL, judge, run_axe
from tests.browser.servers import HERE, Served, find_port, find_root

PHONE = {"width": 390, "height": 844}
PLUM_DARK = "rgb(13, 10, 9)"


@dataclass(slots=True)
class Line:
    """A served clinic with a patients' door, and the address of one link."""

    served: Served
    root: str
    link: str


@pytest.fixture(scope="module")
def line(scratch: Path) -> Iterator[Line]:
    folder, port, second = scratch / "phone", find_port(), find_port()
    hidden = {"AFTERGLOW_SCRATCH", "AFTERGLOW_DATA", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONPATH": str(find_root()), "AFTERGLOW_AS_OWNER": "1"}
    made = subprocess.run(
        [sys.executable, str(HERE / "phone_clinic.py"), str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr
    command = [sys.executable, "-m", "afterglow", "serve", "--data", str(folder), "--port", str(port)]
    served = Served(folder, [*command, "--patient-port", str(second)], port)
    served.start()
    root = f"http://127.0.0.1:{second}"
    yield Line(served, root, f"{root}/checkin/{made.stdout.split()[-1]}/")
    served.stop()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport=PHONE, has_touch=True) as context:  # type: ignore[arg-type]
        yield context.new_page()


def test_every_page_is_clean_in_light_and_dim(line: Line, phone: Page) -> None:
    faults: list[str] = []
    paths = ["", "ask/thoughts/", "ask/last-day/", "ask/food/", "ask/escort/", "review/", "crisis/", "mine/", "help/"]
    addresses = [line.link + path for path in paths]
    addresses += [line.root + path for path in ("/intake/", "/intake/done/", "/help-now/", "/no-such/")]
    addresses.append(f"{line.root}/checkin/{'A' * 43}/")
    for address in addresses:
        phone.goto(address)
        faults += judge(phone, address[-22:], least_px=44, is_thorough=True)
        faults += find_small(phone)
    phone.goto(line.link + "ask/escort/")
    phone.get_by_label("I know who").check()
    phone.get_by_role("button", name="Next").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    faults += judge(phone, "question with errors", least_px=44)
    phone.goto(line.root + "/intake/")
    phone.get_by_role("button", name="Next").click()
    expect(phone.get_by_role("heading", name="About you")).to_be_visible()
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    faults += judge(phone, "form with errors", least_px=44)
    assert faults == []


def find_small(page: Page) -> list[str]:
    """Return what one taps and is smaller than 44 px: links that stand alone, answers, fields."""
    wanted = f"{BUTTONS}, .act, .switch, .help-now, .back, .call, .option, .item--link, summary, .field > input"
    return list(page.evaluate(SMALL, [wanted, 44]))


def test_the_pages_follow_a_phone_that_is_set_to_dark(line: Line, phone: Page) -> None:
    phone.emulate_media(color_scheme="dark")
    phone.goto(line.link)
    assert phone.evaluate("getComputedStyle(document.body).backgroundColor") == PLUM_DARK
    assert run_axe(phone) == []


def test_a_link_is_answered_by_keyboard_alone_and_without_script(line: Line, browser: Browser) -> None:
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(line.link + "ask/mood/")
        reach(page, page.get_by_label("Better"))
        page.keyboard.press("ArrowDown")
        expect(page.get_by_label("About the same")).to_be_checked()
        page.keyboard.press("Enter")
        page.wait_for_url("**/ask/fall/")
        expect(page.get_by_role("heading", name="have you had a fall")).to_be_visible()
        page.goto(line.link)
        reach(page, page.get_by_role("link", name="Help now"))
        page.keyboard.press("Enter")
        page.wait_for_url("**/help/")
        reach(page, page.get_by_role("button", name="Ver esta página en español"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("Emergencias, 911")).to_be_visible()
        reach(page, page.get_by_role("button", name="Show this page in English"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("Emergency, 911")).to_be_visible()


def reach(page: Page, wanted: Any) -> None:
    """Press the tabulator until something is focused that a person would reach."""
    expect(wanted).to_have_count(1)
    handle = wanted.element_handle()
    for _ in range(30):
        page.keyboard.press("Tab")
        if handle.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the keyboard never came there")


def test_what_is_only_for_the_person_opens_and_is_clean(line: Line, phone: Page) -> None:
    phone.goto(line.link + "mine/")
    phone.get_by_label("Your date of birth").fill("1983-04-12")
    phone.get_by_label("Your patient number").fill("000-101")
    phone.get_by_role("button", name="Show").click()
    expect(phone.get_by_text("Ivy Demo")).to_be_visible()
    expect(phone.get_by_role("img", name="From 22 down to 6").or_(phone.locator("svg.chart"))).to_be_visible()
    assert judge(phone, "private", least_px=44, is_thorough=True) == []


@pytest.mark.parametrize("has_script", [True, False])
def test_back_from_a_refused_step_shows_every_step_with_what_was_typed(
    line: Line, browser: Browser, has_script: bool
) -> None:
    with browser.new_context(viewport=PHONE, java_script_enabled=has_script) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(line.root + "/intake/?language=en")
        for name in ("crisis_harm", "crisis_thoughts", "crisis_today"):
            page.locator(f'[name="{name}"][value="no"]').check()
        page.locator('[name="given_name"]').fill("Linden")
        page.get_by_role("button", name="Next").click()
        page.locator('[name="birth_on"]').fill("2999-01-01")
        page.locator('[name="history"]').fill("Since 2019")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="About you")).to_be_visible()
        expect(page.locator('[name="history"]')).to_have_value("Since 2019")
        expect(page.locator('[name="birth_on"]')).to_have_value("2999-01-01")
        page.go_back()
        expect(page.locator('[name="given_name"]')).to_have_value("Linden")
        expect(page.locator('[name="crisis_harm"][value="no"]')).to_be_checked()
        assert "Linden" not in page.url
        page.go_forward()
        expect(page.locator('[name="history"]')).to_have_value("Since 2019")
