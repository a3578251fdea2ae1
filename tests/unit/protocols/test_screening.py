"""Screening a whole case: the verdict, the published shape, and the working of treatment resistance."""

import pytest

from afterglow.protocols.screening import screen
from tests.unit.protocols.example_cases import load_example


def test_the_case_of_the_screening_page() -> None:
    screening = screen(load_example("stop-blood-pressure"))
    by_severity: dict[str, list[str]] = {}
    for finding in screening.findings:
        by_severity.setdefault(str(finding.severity), []).append(finding.rule)
    assert by_severity["stop"] == ["B-5"]
    assert by_severity["caution"] == ["C-07", "C-09", "C-25", "D-01"]
    assert by_severity["missing"] == ["W-3", "W-7"]
    resistance = screening.treatment_resistance
    assert resistance is not None
    assert [(a.rule.id, a.is_met, a.counted) for a in resistance.definitions] == [
        ("two-trials", True, 2),
        ("payer-classes", True, 2),
        ("four-trials", False, 2),
    ]
    assert resistance.chosen == "two-trials"


def test_the_published_keys_are_there() -> None:
    content = screen(load_example("stop-aneurysm-esketamine")).to_json()
    assert content["verdict"] == "stop"
    first = content["findings"][0]
    published = {"rule", "severity", "seen", "threshold", "asks", "override", "source", "grade"}
    assert published <= set(first)
    assert (first["rule"], first["override"], first["grade"]) == ("C-01", "none", "V")


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("clear-iv", "clear"),
        ("caution-esketamine-eu", "caution"),
        ("incomplete-minimal", "incomplete"),
        ("stop-blood-pressure", "stop"),
    ],
)
def test_verdicts_of_the_examples(name: str, verdict: str) -> None:
    assert screen(load_example(name)).verdict == verdict


def test_a_trial_without_weeks_is_named_in_the_missing_finding() -> None:
    case = load_example("clear-iv")
    del case["trials"][0]["weeks"]
    (missing,) = [found for found in screen(case).findings if found.severity == "missing"]
    assert missing.rule == "TR-1"
    assert missing.seen == "Not known: Escitalopram: weeks not recorded, at least 6 needed"


def test_the_region_of_an_esketamine_protocol_is_its_own() -> None:
    case = load_example("clear-iv")
    case["history"] |= {"cardiovascular_event": True, "cardiovascular_event_on": "2026-10-20"}
    case["context"] = {"protocol": "nasal-esketamine-eu", "indication": "trd", "can_resuscitate": True}
    stops = [(f.rule, f.override) for f in screen(case).findings if f.severity == "stop"]
    assert stops == [("C-06", "none")]
    case["context"]["protocol"] = "nasal-esketamine-us"
    assert [f.rule for f in screen(case).findings if f.severity == "caution"] == ["C-06"]


def test_the_stage_of_a_case_selects_its_rules() -> None:
    rules = {finding.rule for finding in screen(load_example("pre-session-headroom")).findings}
    assert rules == {"B-1", "B-5"}
