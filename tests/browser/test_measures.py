"""An answer about suicide from the phone to the released dose: link, help at once, task, assessment, session."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.measuring import judge, run_axe
from tests.browser.people import DESKTOP
from tests.browser.servers import HERE, Served, find_port, find_root

PHONE = {"width": 390, "height": 844}


@dataclass(slots=True)
class House:
    """A served clinic, the patients' door, and what its script printed."""

    served: Served
    phone_root: str
    parts: dict[str, str]

    def open_screen(self, browser: Browser, who: str) -> Page:
        """Return a page of somebody who is signed in."""
        context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
        cookie = {"name": self.parts["cookie"], "value": self.parts[who], "url": self.served.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        return context.new_page()

    def at(self, path: str) -> str:
        """Return an address of the staff's listener with its parts filled."""
        return self.served.url + path.format(**self.parts)


@pytest.fixture(scope="module")
def house(scratch: Path) -> Iterator[House]:
    folder, port, second = scratch / "measures", find_port(), find_port()
    hidden = {"AFTERGLOW_SCRATCH", "AFTERGLOW_DATA", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONPATH": str(find_root()), "AFTERGLOW_AS_OWNER": "1"}
    script = [sys.executable, str(HERE / "measures_clinic.py"), str(folder)]
    made = subprocess.run(script, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert made.returncode == 0, made.stderr
    command = [sys.executable, "-m", "afterglow", "serve", "--data", str(folder), "--port", str(port)]
    served = Served(folder, [*command, "--patient-port", str(second)], port)
    served.start()
    yield House(served, f"http://127.0.0.1:{second}", json.loads(made.stdout.splitlines()[-1]))
    served.stop()


def test_from_the_phone_to_the_released_dose(house: House, browser: Browser) -> None:
    faults = answer_on_the_phone(house, browser)
    nurse, prescriber = (house.open_screen(browser, who) for who in ("nurse", "prescriber"))
    nurse.goto(house.at("/sessions/{session}/"))
    stop = nurse.get_by_text("No dose before a prescriber, in person").first
    expect(stop).to_be_visible()
    # the task leads to the answers; the C-SSRS is entered there, by the nurse
    nurse.goto(house.at("/tasks/?show=all"))
    nurse.get_by_role("link", name="Answer about suicide: assess now").first.click()
    nurse.get_by_role("link", name="Open the answers").click()
    expect(nurse.get_by_role("heading", name="A prescriber releases, in person")).to_be_visible()
    faults += judge(nurse, "risk")
    nurse.get_by_role("link", name="Enter the C-SSRS since last contact").click()
    faults += judge(nurse, "enter")
    for item, value in (("1", "1"), ("2", "0"), ("6", "0")):
        nurse.locator(f'[name="item-{item}"][value="{value}"]').check(force=True)
    nurse.get_by_role("button", name="Store").click()
    expect(nurse.get_by_text("C-SSRS since last contact stored")).to_be_visible()
    assess(house, prescriber)
    nurse.goto(house.at("/sessions/{session}/"))
    expect(nurse.locator("[data-session]")).to_be_visible()
    expect(stop).to_have_count(0)
    nurse.goto(house.at("/patients/{patient}/measures/"))
    faults += judge(nurse, "measures")
    nurse.get_by_role("link", name="PHQ-9").last.click()
    expect(nurse.get_by_role("heading", name="Versions")).to_be_visible()
    faults += judge(nurse, "result")
    assert faults == []


def answer_on_the_phone(house: House, browser: Browser) -> list[str]:
    """Answer the whole form without script; return what is wrong with the pages."""
    root = f"{house.phone_root}/form/{house.parts['token']}/"
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(root)
        page.get_by_role("link", name="Begin").click()
        for item in range(1, 9):
            page.wait_for_url(f"**/ask/{item}/")
            page.get_by_label("invented question answer 0").check()
            page.get_by_role("button", name="Next").click()
        page.get_by_label("invented question answer 1").check()
        page.get_by_role("button", name="Next").click()
        page.wait_for_url("**/crisis/")
        expect(page.get_by_role("link", name="988")).to_be_visible()
        expect(page.get_by_text("the team has a task to call you")).to_be_visible()
    with browser.new_context(viewport=PHONE, has_touch=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        faults: list[str] = []
        seen = (("", "form_start"), ("ask/9/", "question 9"), ("crisis/", "crisis"), ("review/", "review"))
        for path, where in seen:
            page.goto(root + path)
            faults += judge(page, where, least_px=44)
        page.goto(root + "ask/10/")
        page.get_by_role("button", name="I would rather not answer this").click()
        page.get_by_role("button", name="Send").click()
        page.wait_for_url("**/done/")
        expect(page.get_by_text("Your score is 1, of 27 at most.")).to_be_visible()
        # beside an answer that asks for help nothing is called better
        expect(page.get_by_text("Better than on")).to_have_count(0)
        return faults + judge(page, "done", least_px=44)


def test_answers_given_without_the_network_are_sent_later_and_stored_once(house: House, browser: Browser) -> None:
    root = f"{house.phone_root}/form/{house.parts['away_token']}/"
    with browser.new_context(viewport=PHONE, has_touch=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(root + "ask/6/")
        # stored, but the answer of the server is lost on its way
        page.route("**/ask/6/", lambda route: (route.fetch(), route.abort())[1])
        answer(page, 0)
        expect(page.get_by_text("1 answer is not sent yet")).to_be_visible()
        context.set_offline(True)
        page.unroute_all()
        for item in (7, 8):
            expect(page.locator("[data-place]")).to_have_text(f"Question {item} of 10")
            answer(page, 2)
        expect(page.get_by_text("3 answers are not sent yet")).to_be_visible()
        assert run_axe(page) == []
        answer(page, 1)
        # help from the page itself, and no claim that somebody knows
        expect(page.get_by_text("The clinic does not know of this answer yet")).to_be_visible()
        expect(page.get_by_role("link", name="988")).to_be_visible()
        assert run_axe(page) == []
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("[data-place]")).to_have_text("Question 10 of 10")
        assert read_answers(house) == [("6", 0)]
        context.set_offline(False)
        page.wait_for_url("**/crisis/")
        expect(page.get_by_text("the team has a task to call you")).to_be_visible()
        assert read_answers(house) == [("6", 0), ("7", 2), ("8", 2), ("9", 1)]
        assert page.evaluate("() => Object.keys(localStorage)") == []
        # with the network the same page leads on as without script, and says what is wrong with an answer
        page.goto(root + "ask/1/")
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("Please choose an answer").first).to_be_visible()
        answer(page, 0)
        page.wait_for_url("**/ask/2/")
        second = context.new_page()
        second.goto(root + "ask/9/")
        with browser.new_context(viewport=PHONE) as elsewhere:  # type: ignore[arg-type]
            send_the_rest(elsewhere.new_page(), root)
        # the form was sent on another device: what came after it is told as it is, and one about suicide is kept
        answer(page, 1)
        expect(page.get_by_text("An answer could not be stored any more")).to_be_visible()
        expect(page.get_by_role("button", name="Next")).to_be_hidden()
        answer(second, 3)
        second.wait_for_url("**/crisis/")
        expect(second.get_by_text("your answer is not part of the form")).to_be_visible()
        expect(second.get_by_role("link", name="988")).to_be_visible()
        assert read_answers(house)[-2:] == [("5", 0), ("10", 0)]
        assert second.evaluate("() => Object.keys(localStorage)") == []


def send_the_rest(page: Page, root: str) -> None:
    """Answer what is open and send the form."""
    for item in (2, 3, 4, 5, 10):
        page.goto(f"{root}ask/{item}/")
        answer(page, 0)
        page.wait_for_url(lambda url, item=item: f"/ask/{item}/" not in url)
    page.goto(root + "review/")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/done/")


def answer(page: Page, value: int) -> None:
    """Choose an answer of the question in view and go on."""
    page.get_by_label(f"invented question answer {value}").check()
    page.get_by_role("button", name="Next").click()


def read_answers(house: House) -> list[tuple[str, float]]:
    """Return item and value of every answer of the second form, as the clinic's own file holds them."""
    file = next(house.served.folder.rglob("*.sqlite3"))
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        rows = store.execute(
            "SELECT item, value FROM measures_measureanswer WHERE form_id = ? ORDER BY number", [house.parts["away"]]
        )
        return [(item, float(value)) for item, value in rows]


def assess(house: House, prescriber: Page) -> None:
    """Record the prescriber's assessment, which releases the dose."""
    prescriber.goto(house.at("/patients/{patient}/risk/"))
    prescriber.locator('[name="assess-decision"][value="may-go-on"]').check(force=True)
    prescriber.get_by_label("I have seen the person").check(force=True)
    prescriber.get_by_label("What was assessed, decided, and why").fill("Spoke for half an hour; no plan, no intent.")
    prescriber.get_by_role("button", name="Store the assessment").click()
    expect(prescriber.get_by_text("Stored. The dose is released.")).to_be_visible()
