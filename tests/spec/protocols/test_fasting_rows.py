"""Fasting profiles F-ESK, F-ASA, F-ART, F-ICAPS and F-PO, both sides of each limit and unknown."""

import pytest

from afterglow.protocols.model import Stage
from tests.spec.protocols.asking import RACEMIC, ask

CAUTION, STOP = "caution/prescriber", "stop/prescriber"


@pytest.mark.parametrize(
    ("row", "profile", "solids_h", "kind", "liquids_h", "expected"),
    [
        ("F-ESK", "esketamine", 2, "light", 0.5, "cleared"),
        ("F-ESK", "esketamine", 1.9, "light", 0.5, CAUTION),
        ("F-ESK", "esketamine", 2, "light", 0.4, CAUTION),
        ("F-ESK", "esketamine", None, None, 2, "missing"),
        ("F-ESK", "esketamine", 4, None, None, "missing"),
        ("F-ASA", "sedation-standard", 6, "light", 2, "cleared"),
        ("F-ASA", "sedation-standard", 5.9, "light", 2, STOP),
        ("F-ASA", "sedation-standard", 7.9, "fatty", 2, STOP),
        ("F-ASA", "sedation-standard", 8, "fatty", 2, "cleared"),
        ("F-ASA", "sedation-standard", 8, None, 2, "cleared"),
        ("F-ASA", "sedation-standard", 7, None, 2, "missing"),
        ("F-ASA", "sedation-standard", 5, None, 2, STOP),
        ("F-ASA", "sedation-standard", 9, "light", 1.9, STOP),
        ("F-ASA", "sedation-standard", 9, "light", None, "missing"),
        ("F-ART", "clinic-article", 6, None, None, "cleared"),
        ("F-ART", "clinic-article", 5.9, None, None, CAUTION),
        ("F-ART", "clinic-article", 4, None, None, CAUTION),
        ("F-ART", "clinic-article", 3.9, None, None, STOP),
        ("F-ART", "clinic-article", None, None, None, "missing"),
        ("F-ICAPS", "graded-risk", 2, None, 0, "cleared"),
        ("F-ICAPS", "graded-risk", 1.9, None, 0, CAUTION),
        ("F-ICAPS", "graded-risk", None, None, 0, "missing"),
        ("F-PO", "oral", 2, "light", 0.5, "cleared"),
        ("F-PO", "oral", 1.9, "light", 0.5, CAUTION),
        ("F-PO", "oral", 2, "light", 0.4, CAUTION),
        ("F-PO", "oral", None, None, None, "missing"),
    ],
)
def test_fasting_row(
    row: str, profile: str, solids_h: float | None, kind: str | None, liquids_h: float | None, expected: str
) -> None:
    facts = {
        "fasting.solids_h": solids_h,
        "fasting.solids_kind": kind,
        "fasting.clear_liquids_h": liquids_h,
    }
    assert ask(row, facts, RACEMIC | {"profile.fasting": profile}, Stage.PRE_SESSION) == expected


def test_only_the_chosen_profile_speaks() -> None:
    facts = {"fasting.solids_h": 1, "fasting.solids_kind": "light", "fasting.clear_liquids_h": 1}
    assert ask("F-ASA", facts, RACEMIC | {"profile.fasting": "esketamine"}, Stage.PRE_SESSION) == "silent"
