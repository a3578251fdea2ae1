"""Same-day rows S-2 to S-4: what changed, C-SSRS, and a PHQ-9 of the last 7 days."""

from typing import Any

import pytest

from afterglow.protocols.model import Stage
from tests.spec.protocols.asking import RACEMIC, ask

CAUTION = "caution/prescriber"
QUIET = {
    f"visit.{name}": False
    for name in (
        "new_diagnosis",
        "new_medicine",
        "may_be_pregnant",
        "urinary_symptoms",
        "fall",
        "misuse",
        "mood_worse",
        "fever_or_blocked_nose",
    )
}


def ask_today(row: str, facts: dict[str, Any]) -> str:
    """Return the answer of a row before a session."""
    return ask(row, facts, RACEMIC, Stage.PRE_SESSION)


@pytest.mark.parametrize("question", sorted(QUIET))
def test_each_change_since_the_last_session_row_s2(question: str) -> None:
    expected = "stop/prescriber" if question == "visit.may_be_pregnant" else CAUTION
    assert ask_today("S-2", QUIET | {question: True}) == expected
    assert ask_today("S-2", QUIET) == "cleared"
    assert ask_today("S-2", QUIET | {question: None}) == "missing"


@pytest.mark.parametrize(
    ("ideation", "behaviour", "assessed", "expected"),
    [
        (0, "none", None, "cleared"),
        (1, "none", None, "info"),
        (2, "none", None, "info"),
        (3, "none", None, CAUTION),
        (0, "older", None, CAUTION),
        (4, "none", None, "stop/none"),
        (4, "none", False, "stop/none"),
        (4, "none", True, CAUTION),
        (5, "recent", None, "stop/none"),
        (0, "recent", None, "stop/none"),
        (None, "none", None, "missing"),
        (2, None, None, "missing"),
        (4, None, None, "stop/none"),
        (None, None, True, "missing"),
    ],
)
def test_suicide_screen_row_s3(
    ideation: int | None, behaviour: str | None, assessed: bool | None, expected: str
) -> None:
    facts = {"suicide.ideation": ideation, "suicide.behaviour": behaviour, "suicide.is_assessed": assessed}
    assert ask_today("S-3", facts) == expected


@pytest.mark.parametrize(("age_d", "expected"), [(7, "cleared"), (8, "missing"), (None, "missing")])
def test_phq9_within_7_days_row_s4(age_d: int | None, expected: str) -> None:
    assert ask_today("S-4", {"scales.phq9.age_d": age_d, "scales.phq9.total": 12}) == expected
