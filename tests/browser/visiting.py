"""What every dosing visit needs before the dose and before leaving, recorded on the session page."""

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.charting import Case
from tests.browser.people import Person

FINE = {"systolic": 124, "diastolic": 78, "resp_rate": 14, "heart_rate": 70, "spo2": 98}
READ_ALOUD = ["patient", "drug", "dose", "route", "pump", "allergies"]
DETAILS: dict[str, dict[str, Any]] = {
    "fasting": {"solids_h": "10", "solids_kind": "light", "fluids_h": "3"},
    "escort": {"escort": "Sample, Fern", "where": "here"},
}


def arrive(nurse: Person, case: Case, session: str) -> None:
    """Record arrival, identity, every check of the protocol, the suicide screen and today's yes."""
    page = nurse.go(session)
    nurse.record("record-arrival", escort=case.escort)
    nurse.record("confirm-identity", identifiers=["name", "birth-date"])
    nurse.record("record-suicide-screen", level="0", behaviour="no")
    nurse.record("confirm-consent", agrees="yes")
    for check in nurse.list_unmet("check"):
        if page.locator(f"#sheet-record-check-{check}").count():
            nurse.record(f"record-check-{check}", passed="yes", **DETAILS.get(check, {}))


def measure(nurse: Person, sedation: int = 5, **changes: int) -> None:
    """Type a set of vitals on the pad, then tap the sedation."""
    nurse.vitals(**{**FINE, **changes})
    tap_sedation(nurse, sedation)


def score_cadss(nurse: Person, total: int) -> None:
    """Record the six items' total."""
    nurse.record("record-score", total=str(total))


def find_alarm(nurse: Person, words: str) -> Locator:
    """Return the alarm strip that holds these words, once it is there."""
    strip = nurse.page.locator("[data-alarm]", has_text=words)
    expect(strip).to_be_visible()
    return strip


def list_gates(nurse: Person) -> dict[str, str]:
    """Return the gates of leaving and where each stands."""
    script = "rows => rows.map(row => [row.dataset.key.slice(5), row.className.replace(/.*s-item-/, '')])"
    return dict(nurse.page.locator("[data-key^=gate-]").evaluate_all(script))


def see_gates(nurse: Person) -> None:
    """Tap `Seen` at each gate that is seen by looking."""
    script = "buttons => buttons.map(button => button.closest('[data-key]').dataset.key)"
    for key in nurse.page.locator("[data-key^=gate-] form button").evaluate_all(script):
        row = nurse.page.locator(f'[data-key="{key}"]')
        nurse.tap(row.get_by_role("button"))
        expect(row).to_have_class(re.compile("s-item-met"))


def tap_sedation(nurse: Person, level: int) -> None:
    """Tap how the person answers."""
    nurse.tap(nurse.page.locator(".s-seg-moaas button", has_text=re.compile(rf"^\s*{level}")))
