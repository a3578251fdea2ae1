"""Screening through the chart: frozen findings, overrides by the role the rule names, the decision."""

from datetime import date, timedelta
from typing import Any

import pytest

from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import Patient
from afterglow.clinic.screening import actions as screening
from afterglow.clinic.screening.models import FindingOverride, ScreeningDecision, ScreeningRun
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, decide, fill_chart, make_patient, run

LATER = date(2026, 6, 1)
REASON = "Seen by the cardiologist on Friday, letter is in the chart."


def make(cast: Cast, protocol_id: str = "iv-racemic", **facts: Any) -> ScreeningRun:
    return run(cast, fill_chart(cast, make_patient(cast), **facts), protocol_id)


def override(made: ScreeningRun, rule: str, by: Any, **changes: Any) -> FindingOverride:
    fields = {"cause": "specialist-agreed", "mitigation": "monitor", "reason": REASON, "expires_on": LATER, **changes}
    return screening.override_finding(run=made, rule=rule, by=by, now=NOW, **fields)


def list_open(made: ScreeningRun, now: Any = NOW) -> set[str]:
    return {item["rule"] for item in screening.list_open_findings(made, now=now)}


def test_an_empty_chart_is_incomplete_and_never_eligible(cast: Cast) -> None:
    made = run(cast, make_patient(cast))
    assert made.verdict == "incomplete"
    with pytest.raises(Refused) as caught:
        screening.decide_screening(run=made, decision="eligible", by=cast.owner, now=NOW)
    assert caught.value.code == "findings-open"
    assert "C-01" in str(caught.value)
    assert not ScreeningDecision.objects.exists()


@pytest.mark.parametrize("protocol_id", ["iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"])
def test_a_clean_chart_is_decided_eligible(cast: Cast, protocol_id: str) -> None:
    patient = fill_chart(cast, make_patient(cast))
    made = decide(cast, patient, protocol_id)
    assert made.decision == "eligible"
    found, reason = screening.find_eligibility(patient, protocol_id=protocol_id, indication="trd", now=NOW)
    assert (found, reason) == (made, "")
    other, reason = screening.find_eligibility(patient, protocol_id=protocol_id, indication="ptsd", now=NOW)
    assert other is None
    assert reason


def test_a_run_stays_as_it_was_seen(cast: Cast) -> None:
    made = make(cast, history__aneurysm=True)
    people.record_history(patient=made.patient, facts={"history.aneurysm": False}, by=cast.owner, now=NOW + DAY)
    kept = ScreeningRun.objects.get(pk=made.pk)
    assert "C-01" in {item["rule"] for item in kept.findings if item["severity"] == "stop"}
    assert kept.case["history"]["aneurysm"] is True


def test_a_decision_on_a_chart_that_changed_is_refused(cast: Cast) -> None:
    made = make(cast)
    people.record_history(patient=made.patient, facts={"history.psychosis": True}, by=cast.owner, now=NOW + DAY)
    with pytest.raises(Refused) as caught:
        screening.decide_screening(run=made, decision="eligible", by=cast.owner, now=NOW + DAY)
    assert caught.value.code == "screening-outdated"
    run(cast, made.patient, now=NOW + DAY)
    with pytest.raises(Refused) as caught:
        screening.decide_screening(run=made, decision="eligible", by=cast.owner, now=NOW + DAY)
    assert caught.value.code == "screening-superseded"


@pytest.mark.parametrize("who", ["nurse", "desk", "therapist", "stranger"])
def test_only_those_who_prescribe_here_decide(cast: Cast, who: str) -> None:
    made = make(cast)
    with pytest.raises(Denied):
        screening.decide_screening(run=made, decision="eligible", by=getattr(cast, who), now=NOW)
    assert not ScreeningDecision.objects.exists()


@pytest.mark.parametrize("decision", ["defer", "decline"])
def test_defer_and_decline_say_why_and_ask_nothing_else(cast: Cast, decision: str) -> None:
    made = make(cast, history__aneurysm=True)
    with pytest.raises(InvalidInput) as caught:
        screening.decide_screening(run=made, decision=decision, by=cast.owner, now=NOW)
    assert caught.value.problems[0].path == "reason"
    row = screening.decide_screening(run=made, decision=decision, reason="wait for imaging", by=cast.owner, now=NOW)
    assert {"rule": "C-01", "severity": "stop"} in row.open_rules
    assert screening.find_eligibility(made.patient, protocol_id="iv-racemic", indication="trd", now=NOW)[0] is None


def test_nobody_overrides_the_labelled_contraindication_of_esketamine(cast: Cast) -> None:
    made = make(cast, "nasal-esketamine-us", history__aneurysm=True)
    for by in (cast.colleague, cast.director):
        with pytest.raises(Refused) as caught:
            override(made, "C-01", by)
        assert caught.value.code == "override-none"


def test_what_is_the_directors_only_the_director_overrides(cast: Cast) -> None:
    made = make(cast, history__aneurysm=True)
    with pytest.raises(Denied):
        override(made, "C-01", cast.colleague)
    assert "C-01" in list_open(made)
    override(made, "C-01", cast.director)
    assert "C-01" not in list_open(made)


def test_a_second_clinician_is_one_who_did_not_order(cast: Cast) -> None:
    patient = fill_chart(cast, make_patient(cast), history__psychosis=True)
    made = run(cast, patient, by=cast.owner)
    with pytest.raises(Refused) as caught:
        override(made, "C-10", cast.owner)
    assert caught.value.code == "second-clinician-ordered"
    assert override(made, "C-10", cast.colleague).recorded_by == cast.colleague
    assert "C-10" not in list_open(made)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"cause": ""}, "cause"),
        ({"cause": "because"}, "cause"),
        ({"mitigation": " "}, "mitigation"),
        ({"reason": "x" * 19}, "reason"),
        ({"expires_on": None}, "expires_on"),
        ({"expires_on": date(2026, 3, 1)}, "expires_on"),
        ({"expires_on": date(2027, 3, 3)}, "expires_on"),
    ],
)
def test_an_override_needs_cause_mitigation_reason_and_expiry(cast: Cast, changes: dict[str, Any], path: str) -> None:
    made = make(cast, history__psychosis=True)
    with pytest.raises(InvalidInput) as caught:
        override(made, "C-10", cast.colleague, **changes)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert not FindingOverride.objects.exists()


@pytest.mark.parametrize("expires_on", [date(2026, 3, 2), date(2027, 3, 2)])
def test_an_override_lasts_to_its_last_day(cast: Cast, expires_on: date) -> None:
    made = make(cast, history__psychosis=True)
    override(made, "C-10", cast.colleague, expires_on=expires_on)
    days = (expires_on - date(2026, 3, 2)).days
    assert "C-10" not in list_open(made, NOW + days * DAY)
    assert "C-10" in list_open(made, NOW + (days + 1) * DAY)


def test_eligibility_ends_with_its_override(cast: Cast) -> None:
    made = make(cast, history__psychosis=True)
    row = override(made, "C-10", cast.colleague)
    screening.decide_screening(run=made, decision="eligible", by=cast.owner, now=NOW)
    ask = {"protocol_id": "iv-racemic", "indication": "trd"}
    assert screening.find_eligibility(made.patient, now=NOW, **ask)[0] is not None
    assert screening.find_eligibility(made.patient, now=NOW + 200 * DAY, **ask)[0] is None
    screening.withdraw_override(override=row, by=cast.colleague, now=NOW)
    assert "C-10" in screening.find_eligibility(made.patient, now=NOW, **ask)[1]
    with pytest.raises(Conflict):
        screening.withdraw_override(override=row, by=cast.colleague, now=NOW)
    kept = FindingOverride.objects.get(pk=row.pk)
    assert (kept.withdrawn_by, kept.reason) == (cast.colleague, REASON)


def test_missing_answers_are_not_overridden(cast: Cast) -> None:
    made = run(cast, make_patient(cast))
    with pytest.raises(Refused) as caught:
        override(made, "C-01", cast.director)
    assert caught.value.code == "finding-absent"


def test_a_caution_is_accepted_with_a_plan_only(cast: Cast) -> None:
    made = make(cast, history__porphyria=True)
    assert "C-26" in list_open(made)
    with pytest.raises(InvalidInput):
        screening.accept_caution(run=made, rule="C-26", mitigation="  ", by=cast.owner, now=NOW)
    with pytest.raises(Denied):
        screening.accept_caution(run=made, rule="C-26", mitigation="ask haematology", by=cast.nurse, now=NOW)
    screening.accept_caution(run=made, rule="C-26", mitigation="ask haematology", by=cast.owner, now=NOW)
    assert "C-26" not in list_open(made)


def test_an_allergy_to_ketamine_stops(cast: Cast) -> None:
    patient = fill_chart(cast, make_patient(cast))
    people.record_allergy(patient=patient, substance="Ketamine", by=cast.nurse, now=NOW + timedelta(minutes=1))
    made = run(cast, patient, "nasal-esketamine-us", now=NOW + timedelta(minutes=1))
    assert ("C-04", "stop") in {(item["rule"], item["severity"]) for item in made.findings}


def test_medicines_asked_and_none_taken_differ_from_not_asked(cast: Cast) -> None:
    patient = make_patient(cast)
    assert "D-00" in list_open(run(cast, patient))
    people.record_no_medicines(patient=patient, by=cast.nurse, now=NOW)
    again = run(cast, Patient.objects.get(pk=patient.pk), now=NOW + DAY)
    assert "D-00" not in list_open(again)
    assert again.case["medications"] == []
