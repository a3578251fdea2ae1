"""Pictures of the pages that have a mock, under `build/screenshots/`, for a reviewer to lay beside the mock.

What a picture must show at all is asserted here; the rest stands in `docs/reviews/mock-checklist.md`.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.browser.measuring import set_look
from tests.browser.people import Person
from tests.browser.servers import Served
from tests.browser.test_live_link import find_running
from tests.browser.test_pages_accessible import find_chart, refuse_override

SIZE = (1366, 1024)
PICTURES = Path(__file__).resolve().parent.parent.parent / "build" / "screenshots"


@pytest.fixture(autouse=True)
def _folder() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)


def take(person: Person, name: str, theme: str = "light", *, is_whole: bool = False) -> None:
    """Take a picture at the mock's size."""
    set_look(person.page, theme, SIZE)
    person.page.screenshot(path=PICTURES / f"{name}.png", full_page=is_whole)


def test_pictures_of_a_running_session(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    expect(page.locator("[data-link-words]")).to_have_text("Live")
    for part in ("stepper", "alarms", "tiles", "middle", "dose", "due"):
        expect(page.locator(f'[data-part="{part}"]')).not_to_be_empty()
    take(nurse, "02-session")
    take(nurse, "02-session-dim", "dim")
    # the first screen holds what the mock holds: vitals are typed and saved without scrolling
    save = page.get_by_role("button", name="Save vitals").bounding_box()
    assert save is not None
    assert save["y"] + save["height"] <= SIZE[1]


def test_pictures_of_a_chart_a_screening_and_a_draft(demo: Served, enter: Enter) -> None:
    prescriber = enter(demo, "prescriber")
    prescriber.go(find_chart(prescriber, "Alder"))
    take(prescriber, "03-patient")
    take(prescriber, "03-patient-whole", is_whole=True)
    refuse_override(prescriber, find_chart(prescriber, "Willow"))
    take(prescriber, "04-screening")
    take(prescriber, "04-screening-whole", is_whole=True)
    prescriber.go(find_chart(prescriber, "Oleander") + "plan/")
    take(prescriber, "05-plan")
    assert {"03-patient", "04-screening", "05-plan"} <= {path.stem for path in PICTURES.glob("*.png")}


def test_a_picture_of_the_printed_record(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    chart = find_chart(nurse, "Rowan")
    session = str(nurse.go(chart + "sessions/").locator("table th a").first.get_attribute("href"))
    answer = nurse.context.request.get(f"{nurse.url}{session}record.pdf")
    assert answer.status == 200
    sheet = PICTURES / "08-record.pdf"
    sheet.write_bytes(answer.body())
    if renderer := shutil.which("pdftoppm"):
        command = [renderer, "-r", "96", "-png", "-f", "1", "-l", "1", "-singlefile", str(sheet), str(sheet)[:-4]]
        subprocess.run(command, check=True)
