"""One person's way through esketamine under the US label, from the front desk to the printed record.

The server's clock jumps ahead where a clinic would wait (`ClockedClinic.advance`); every entry goes through a page.
"""

import io
import re

from playwright.sync_api import expect
from pypdf import PdfReader

from tests.browser import charting, visiting
from tests.browser.charting import Case
from tests.browser.conftest import Enter
from tests.browser.people import Person
from tests.browser.servers import ClockedClinic


def test_esketamine_from_the_front_desk_to_the_printed_record(clinic: ClockedClinic, enter: Enter) -> None:
    case = Case("Mock", "Hazel", "nasal-esketamine-us", "Esketamine", "81.0")
    desk, nurse, prescriber = (enter(clinic, name) for name in ("frontdesk", "nurse", "prescriber"))
    charting.register(desk, case)
    charting.write_history(nurse, case)
    nurse.go(f"{case.chart}history/facts/course/")
    charting.enrol(nurse)
    charting.write_entries(nurse, case)
    charting.screen(prescriber, case)
    charting.consent(prescriber, nurse, case)
    charting.plan(prescriber, case)
    session = charting.order(prescriber, nurse, case, "Room 2")
    get_ready(nurse, case, session)
    give_devices(clinic, nurse)
    observe(clinic, nurse)
    leave(clinic, nurse, prescriber, session)
    check_record(nurse, session)


def get_ready(nurse: Person, case: Case, session: str) -> None:
    """Arrive, measure a baseline, and sign the time-out alone: the label asks for one nurse."""
    visiting.arrive(nurse, case, session)
    visiting.measure(nurse)
    visiting.score_cadss(nurse, 0)
    nurse.expect_met("check")
    nurse.record("sign-time-out", confirmed=["patient", "drug", "dose", "route", "allergies"])


def give_devices(clinic: ClockedClinic, nurse: Person) -> None:
    """Give the first device, see the five minutes count down, give the second."""
    nurse.record("give-device", lot="DEMO-SP77", outcome="given")
    countdown = nurse.page.locator(".s-countdown")
    expect(countdown).to_have_text(re.compile(r"^[45]:[0-5]\d$"))
    before = countdown.inner_text()
    expect(countdown).not_to_have_text(before)
    clinic.advance(5.2)
    expect(countdown).to_have_count(0, timeout=25_000)
    nurse.record("give-device", lot="DEMO-SP78", outcome="given")
    expect(nurse.page.locator('[data-part="stepper"] [aria-current="step"]')).to_contain_text("Observing")


def observe(clinic: ClockedClinic, nurse: Person) -> None:
    """Take the forty-minute reading and the rest of two hours after the last device; the form's gaps are named."""
    page = nurse.page
    rems = page.locator('[data-key="rems"]')
    expect(rems).to_contain_text("Missing before the patient leaves")
    clinic.advance(40)
    visiting.measure(nurse, systolic=142, diastolic=88)
    visiting.score_cadss(nurse, 8)
    for systolic in (136, 130):
        clinic.advance(30)
        visiting.measure(nurse, systolic=systolic, diastolic=82)
    assert visiting.list_gates(nurse)["G-1"] != "met"
    clinic.advance(20.5)
    visiting.measure(nurse, systolic=126, diastolic=78)
    visiting.score_cadss(nurse, 1)
    items = ("activity", "breathing", "circulation", "consciousness", "oxygen")
    nurse.record("record-score-aldrete", **{f"answers__{item}": "2" for item in items})
    nurse.record("record-suicide-screen", level="0", behaviour="no")
    visiting.see_gates(nurse)


def leave(clinic: ClockedClinic, nurse: Person, prescriber: Person, session: str) -> None:
    """A licensed clinician, here the prescriber, releases; the person leaves with an escort; the record is closed."""
    waiting = nurse.page.locator("[data-key^=gate-]:not(.s-item-met)")
    expect(waiting).to_have_count(1)
    prescriber.go(session)
    prescriber.record("sign-release")
    expect(nurse.page.locator('[data-part="stepper"] [aria-current="step"]')).to_contain_text("Released")
    clinic.advance(2)
    nurse.record("record-left", company="other", **{"with": "Sample, Fern"})
    counted = {"prepared_devices": "2", "given_devices": "2", "returned_devices": "0", "wasted_devices": "0"}
    nurse.record("record-reconciliation-devices", second="nurse2", **counted)
    nurse.go(session)
    nurse.record("close-record")


def check_record(nurse: Person, session: str) -> None:
    """The record names the person, the dose and both devices, and is tagged for screen readers."""
    answer = nurse.context.request.get(f"{nurse.url}{session}record.pdf")
    assert answer.status == 200
    reader = PdfReader(io.BytesIO(answer.body()))
    words = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))
    for wanted in ("Mock", "Hazel", "56 mg", "DEMO-SP77", "DEMO-SP78", "142/88"):
        assert wanted in words, wanted
    assert re.search(r"[0-9a-f]{16}", words.replace(" ", ""))
    assert "/StructTreeRoot" in reader.trailer["/Root"]
