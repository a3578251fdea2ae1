"""One person's way through an infusion, from the front desk to the printed record, by the roles that would do it.

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

SUPPLY = {"vial_mg_per_ml": "50", "diluent_ml": "100", "line_ml": "1.5"}


def test_an_infusion_from_the_front_desk_to_the_printed_record(clinic: ClockedClinic, enter: Enter) -> None:
    case = Case("Sample", "Rowan", "iv-racemic", "infusion", "72.0")
    desk, nurse, prescriber = (enter(clinic, name) for name in ("frontdesk", "nurse", "prescriber"))
    charting.register(desk, case)
    charting.write_history(nurse, case)
    charting.write_entries(nurse, case)
    charting.screen(prescriber, case)
    charting.consent(prescriber, nurse, case)
    charting.plan(prescriber, case)
    session = charting.order(prescriber, nurse, case, "Room 1", **SUPPLY)
    get_ready(nurse, case, session)
    infuse(clinic, nurse)
    recover(clinic, nurse)
    leave(clinic, nurse, prescriber, session)
    check_record(nurse, session)


def get_ready(nurse: Person, case: Case, session: str) -> None:
    """Arrive, measure a baseline by pad and by line, prepare, sign the time-out with a second nurse, start."""
    visiting.arrive(nurse, case, session)
    nurse.vitals(systolic=126, diastolic=78, heart_rate=72)
    visiting.tap_sedation(nurse, 5)
    nurse.vitals_line("124/78 p70 s98 r14")
    visiting.score_cadss(nurse, 0)
    nurse.expect_met("check")
    nurse.record("record-access", site="left forearm", gauge="22", state="placed")
    prepared = {"vial_mg_per_ml": "50", "lot": "DEMO-0417", "expires_on": "2031-08-31", "drawn_ml": "0.72"}
    nurse.record("record-preparation", **prepared, diluent_ml="100", line_ml="1.5")
    nurse.record("sign-time-out", second="nurse2", confirmed=visiting.READ_ALOUD)
    nurse.record("start")
    expect(nurse.page.locator('[data-part="stepper"] [aria-current="step"]')).to_contain_text("Dosing")


def infuse(clinic: ClockedClinic, nurse: Person) -> None:
    """Watch the run: the pressure passes its limit, the pump is paused by the alarm's first act, and runs again."""
    page = nurse.page
    clinic.advance(10)
    nurse.vitals_line("138/84 p78 s97 r14")
    visiting.tap_sedation(nurse, 5)
    visiting.score_cadss(nurse, 4)
    clinic.advance(10)
    nurse.vitals(systolic=163, diastolic=96, resp_rate=15, heart_rate=88, spo2=97)
    alarm = visiting.find_alarm(nurse, "BP 163/96, above 160/100")
    nurse.tap(alarm.get_by_role("button", name="Record: pump paused"))
    expect(page.locator('[data-part="dose"]')).to_contain_text("Paused")
    clinic.advance(5)
    nurse.vitals(systolic=146, diastolic=88, resp_rate=14, heart_rate=80, spo2=98)
    expect(page.locator("[data-alarm]", has_text="above 160/100")).to_have_count(0)
    nurse.record("record-pump-reading", pump_ml="53.4")
    nurse.tap(page.get_by_role("button", name="Record: pump running again"))
    expect(page.locator('[data-part="dose"]')).to_contain_text("Running")
    for systolic in (140, 136):
        clinic.advance(9.5)
        visiting.measure(nurse, systolic=systolic, diastolic=84)
        visiting.score_cadss(nurse, 4)
    nurse.record("record-complete", pump_ml="100.7")
    expect(page.locator('[data-part="stepper"] [aria-current="step"]')).to_contain_text("Observing")


def recover(clinic: ClockedClinic, nurse: Person) -> None:
    """Read every quarter of an hour until the minimum stay is over, score, ask again, see each gate."""
    for systolic in (134, 130, 128):
        clinic.advance(15)
        visiting.measure(nurse, systolic=systolic, diastolic=80)
    assert visiting.list_gates(nurse)["G-2"] != "met"
    clinic.advance(15.5)
    visiting.measure(nurse, systolic=126, diastolic=78)
    visiting.score_cadss(nurse, 0)
    items = ("activity", "breathing", "circulation", "consciousness", "oxygen")
    nurse.record("record-score-aldrete", **{f"answers__{item}": "2" for item in items})
    nurse.record("record-suicide-screen", level="0", behaviour="no")
    visiting.see_gates(nurse)
    nurse.record("record-access", state="removed")
    waiting = nurse.page.locator("[data-key^=gate-]:not(.s-item-met)")
    expect(waiting).to_have_count(1)
    expect(waiting).to_contain_text("Prescriber's release")


def leave(clinic: ClockedClinic, nurse: Person, prescriber: Person, session: str) -> None:
    """The prescriber releases; the nurse sees the person off, reconciles with a witness; the record is closed."""
    prescriber.go(session)
    prescriber.record("sign-release")
    expect(nurse.page.locator('[data-part="stepper"] [aria-current="step"]')).to_contain_text("Released")
    clinic.advance(3)
    nurse.record("record-left", company="other", **{"with": "Sample, Fern"})
    amounts = {"prepared_mg": "36", "given_mg": "36", "left_in_line_mg": "0", "returned_mg": "0", "wasted_mg": "0"}
    nurse.record("record-reconciliation", second="nurse2", **amounts)
    prescriber.go(session)
    prescriber.record("close-record")


def check_record(nurse: Person, session: str) -> None:
    """Download the record: it names the person and the dose, carries its hash, and is tagged for screen readers."""
    answer = nurse.context.request.get(f"{nurse.url}{session}record.pdf")
    assert answer.status == 200
    reader = PdfReader(io.BytesIO(answer.body()))
    words = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))
    for wanted in ("Sample", "Rowan", "36 mg", "163/96"):
        assert wanted in words, wanted
    assert re.search(r"[0-9a-f]{16}", words.replace(" ", ""))
    assert "/StructTreeRoot" in reader.trailer["/Root"]
