"""Grades, findings, problems, claim ids and instants: what every room hands to the next."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from afterglow.terms import (
    Finding,
    Grade,
    InvalidInput,
    Override,
    Severity,
    Verdict,
    build_error,
    calculate_verdict,
    parse_claim_id,
    parse_instant,
    render_instant,
)

FINDING = Finding("C-01", Severity.STOP, "seen", "threshold", "asks", Override.NONE, "SPR-US, section 4", Grade.V)


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        ([], Verdict.CLEAR),
        (["info"], Verdict.CLEAR),
        (["info", "caution"], Verdict.CAUTION),
        (["caution", "missing"], Verdict.INCOMPLETE),
        (["missing", "stop", "caution"], Verdict.STOP),
    ],
)
def test_verdict_of_a_list(severities: list[str], verdict: Verdict) -> None:
    findings = [replace(FINDING, severity=Severity(severity)) for severity in severities]
    assert calculate_verdict(findings) is verdict


def test_finding_has_the_published_keys_and_says_its_grade() -> None:
    content = FINDING.to_json()
    assert list(content)[:8] == ["rule", "severity", "seen", "threshold", "asks", "override", "source", "grade"]
    assert content["grade_label"] == "checked against the source"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), Decimal("NaN"), {"a": float("nan")}, [1]])
def test_a_problem_is_json_whatever_the_value_was(value: object) -> None:
    content = build_error("data.weight", "number-malformed", value, "a number", "no number").to_json()
    assert json.loads(json.dumps(content, allow_nan=False))["value"] == str(value)


@pytest.mark.parametrize("value", [1.5, 3, "x", None, True])
def test_a_problem_keeps_a_value_that_json_has(value: object) -> None:
    assert build_error("data.weight", "odd", value, "another", "odd").to_json()["value"] == value


@pytest.mark.parametrize("grade", list(Grade))
def test_every_grade_has_words(grade: Grade) -> None:
    assert grade.label
    assert grade.is_provisional == grade.label.startswith(("provisional", "site policy"))


def test_problems_travel_together_and_as_json() -> None:
    problem = build_error("weight", "too-heavy", Decimal(700), "20 to 350 kg", "700 kg is outside 20 to 350 kg")
    error = InvalidInput([problem, replace(problem, path="height")])
    assert [item.path for item in error.problems] == ["weight", "height"]
    assert problem.to_json()["value"] == "700"


@pytest.mark.parametrize("text", ["claim:trd-iv-response-24h", "claim:a"])
def test_claim_id_is_read(text: str) -> None:
    assert parse_claim_id(text) == text


@pytest.mark.parametrize("text", ["trd", "claim:", "claim:A", "claim:a--b", "claim:a ", "claim:a\n"])
def test_malformed_claim_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_claim_id(text)


def test_instants_are_utc_and_survive_the_round_trip() -> None:
    instant = parse_instant("2026-11-17T10:25:00+02:00")
    assert instant == datetime(2026, 11, 17, 8, 25, tzinfo=UTC)
    assert parse_instant(render_instant(instant)) == instant


@pytest.mark.parametrize("text", ["2026-11-17T10:25:00", "noon", "", None])
def test_an_instant_without_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_instant(text)


def test_a_naive_instant_is_not_written() -> None:
    with pytest.raises(ValueError, match="aware"):
        render_instant(datetime(2026, 11, 17))
