"""Response times and clinic hours, what raises a referral, what is asked, and the figures of how well we answer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterglow.clinicday.quiet import Hours
from afterglow.clinicday.triage import (
    calculate_due,
    calculate_median,
    choose_protocol,
    count_open_minutes,
    judge_urgency,
    list_asked,
    list_steps,
    load_urgencies,
    measure_clock,
)

ZONE = ZoneInfo("Europe/Berlin")
WEEK = Hours(ZONE, dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "18:00"),)))
TODAY = date(2026, 11, 17)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def test_every_level_is_cited_as_the_sites_own_policy() -> None:
    levels = load_urgencies()
    assert [(level.name, level.minutes) for level in levels.values()] == [
        ("crisis", 15),
        ("urgent", 600),
        ("soon", 1800),
        ("routine", 6000),
    ]
    assert {(level.citation.source, str(level.citation.grade)) for level in levels.values()} == {("SITE", "P")}


@pytest.mark.parametrize(
    ("urgency", "came", "due"),
    [
        ("crisis", at(14, 23, 50), at(15, 0, 5)),
        ("urgent", at(13, 17), at(16, 17)),
        ("urgent", at(14, 12), at(16, 18)),
        ("soon", at(15, 12, 40), at(18, 18)),
        ("routine", at(17, 9), at(1, 9, month=12)),
    ],
)
def test_a_crisis_counts_every_minute_and_the_rest_clinic_hours(urgency: str, came: datetime, due: datetime) -> None:
    assert calculate_due(urgency, came, WEEK) == due


def test_the_day_of_a_clock_change_changes_no_open_hour() -> None:
    # clocks go back on Sunday 25 October 2026
    due = calculate_due("urgent", datetime(2026, 10, 23, 15, tzinfo=ZONE), WEEK)
    assert due.astimezone(ZONE) == datetime(2026, 10, 26, 15, tzinfo=ZONE)
    everyday = Hours(ZONE, {"sun": (("00:00", "24:00"),)})
    midnight = datetime(2026, 10, 25, tzinfo=ZONE)
    next_day = datetime(2026, 10, 26, tzinfo=ZONE)
    assert count_open_minutes(midnight, next_day, everyday) == 25 * 60


def test_the_clock_counts_down_turns_amber_and_then_counts_what_is_late() -> None:
    due = at(17, 12)
    assert measure_clock("urgent", due, at(17, 9), WEEK).split() == (0, 3, 0)
    assert not measure_clock("urgent", due, at(16, 14), WEEK).is_warning
    assert measure_clock("urgent", due, at(17, 10, 30), WEEK).is_warning
    late = measure_clock("urgent", due, at(18, 13), WEEK)
    assert (late.is_late, late.split(), late.part_used) == (True, (1, 1, 0), 1.0)
    # late on a closed day is late, though no open minute has passed
    assert measure_clock("urgent", at(13, 18), at(14, 9), WEEK).is_late


@pytest.mark.parametrize(
    ("answers", "urgency"),
    [
        ({}, "routine"),
        ({"crisis_today": "yes", "left_hospital_on": "2026-11-15"}, "crisis"),
        ({"crisis_thoughts": "yes"}, "urgent"),
        ({"left_hospital_on": "2026-11-03"}, "urgent"),
        ({"left_hospital_on": "2026-11-02"}, "routine"),
        ({"indication": "mdd-si"}, "urgent"),
        ({"phq9_item9": 1}, "soon"),
        ({"phq9_item9": 0, "phq9_total": 19}, "routine"),
        ({"phq9_total": 20}, "soon"),
    ],
)
def test_what_raises_a_referral(answers: dict[str, Any], urgency: str) -> None:
    found, reasons = judge_urgency(answers, TODAY)
    assert found == urgency
    assert bool(reasons) == (urgency != "routine")


def test_an_old_pressure_a_dose_not_told_and_an_answer_not_known_are_missing() -> None:
    def missing(answers: dict[str, Any]) -> set[str]:
        return {item.key for item in list_asked(answers, TODAY) if item.is_missing}

    fresh = {"bp_systolic": 120, "bp_diastolic": 80, "bp_on": "2026-10-18"}
    assert "blood-pressure" not in missing(fresh)
    assert "blood-pressure" in missing({**fresh, "bp_on": "2026-10-17"})
    assert "blood-pressure" in missing({"bp_systolic": 120, "bp_diastolic": 80})
    assert "trial-doses" in missing({"trial_1_drug": "Sertraline", "trial_1_dose_mg": 100})
    assert "trial-doses" not in missing({"trial_1_drug": "Sertraline", "trial_1_dose_mg": 100, "trial_1_weeks": 8})
    assert "trial-doses" not in {item.key for item in list_asked({}, TODAY)}
    assert "trials" in missing({"has_no_trials": "no"})
    asked = dict.fromkeys(("aneurysm", "arteriovenous_malformation", "brain_bleeding", "heart_event"), "no")
    assert "conditions" in missing({**asked, "psychosis": "unknown"})
    assert "conditions" not in missing({**asked, "psychosis": "no"})


def test_an_ecg_is_asked_only_because_of_pressure_or_heart() -> None:
    def keys(answers: dict[str, Any]) -> set[str]:
        return {item.key for item in list_asked(answers, TODAY)}

    assert "ecg" not in keys({"bp_systolic": 139})
    assert "ecg" in keys({"bp_systolic": 140})
    assert "ecg" in keys({"heart_risk": "yes"})


def test_item_nine_above_zero_asks_the_cssrs_once() -> None:
    assert [step.rule for step in list_steps({"phq9_item9": 1, "crisis_thoughts": "yes"})] == ["I-6"]
    assert list_steps({"phq9_item9": 0}) == []


def test_the_wished_way_and_the_region_choose_the_rules() -> None:
    assert choose_protocol({"wished_way": "nasal"}, "us") == "nasal-esketamine-us"
    assert choose_protocol({"wished_way": "nasal"}, "eu") == "nasal-esketamine-eu"
    assert choose_protocol({"indication": "chronic-pain"}, "us") == "iv-racemic-pain"
    assert choose_protocol({}, "us") == "iv-racemic"


def test_the_median_of_nothing_is_none() -> None:
    assert calculate_median([]) is None
    assert calculate_median([3, 1, 2]) == 2
    assert calculate_median([4, 1, 2, 3]) == 2.5


def test_open_minutes_backwards_are_none() -> None:
    assert count_open_minutes(at(17, 12), at(17, 9), WEEK) == 0
    assert count_open_minutes(at(17, 9), at(17, 9) + timedelta(days=7), WEEK) == 5 * 600
