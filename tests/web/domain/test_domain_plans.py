"""Plans: drafts that meet, what refuses a signature, what a signature freezes, what follows it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.consents import actions as consents
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.plans.calendar import build_calendar
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.screening import actions as screening
from afterglow.protocols.catalogue import parse_protocol
from afterglow.terms import InvalidInput
from tests.factories import (
    DAY,
    NOW,
    Cast,
    decide,
    draft,
    fill_chart,
    get_text,
    make_patient,
    make_plan,
    make_ready,
    run,
    sign,
    talk,
)


def try_to_sign(cast: Cast, plan: Plan, **changes: Any) -> str:
    """Return the code of the refusal; fail when the plan was signed."""
    with pytest.raises(Refused) as caught:
        plans.sign_plan(plan=plan, now=NOW, **{"by": cast.owner, **changes})
    assert Plan.objects.get(pk=plan.pk).state == "draft"
    return caught.value.code


@pytest.mark.parametrize(
    ("protocol_id", "expected"),
    [
        ("iv-racemic", {"dose_mg_per_kg": Decimal("0.5"), "over_min": Decimal(40), "dose_mg": None}),
        ("im-racemic", {"dose_mg_per_kg": Decimal("0.5"), "over_min": None}),
        ("nasal-esketamine-us", {"dose_mg": Decimal(56), "dose_mg_per_kg": None, "cap_mg": None}),
    ],
)
def test_a_draft_begins_with_the_protocols_values(cast: Cast, protocol_id: str, expected: dict[str, Any]) -> None:
    plan = draft(cast, make_patient(cast), protocol_id)
    assert {name: getattr(plan, name) for name in expected} == expected


@pytest.mark.parametrize(("birth_on", "mg"), [(date(1961, 3, 2), 28), (date(1961, 3, 3), 56)])
def test_the_eu_start_dose_follows_age(cast: Cast, birth_on: date, mg: int) -> None:
    plan = draft(cast, make_patient(cast, birth_on=birth_on), "nasal-esketamine-eu")
    assert plan.dose_mg == mg


def test_one_draft_at_a_time_and_only_by_those_who_draft(cast: Cast) -> None:
    patient = make_patient(cast)
    for by in (cast.nurse, cast.stranger):
        with pytest.raises(Denied):
            plans.draft_plan(patient=patient, protocol_id="iv-racemic", indication="trd", by=by, now=NOW)
    draft(cast, patient)
    with pytest.raises(Refused) as caught:
        draft(cast, patient)
    assert caught.value.code == "draft-exists"


def test_two_who_change_a_draft_lose_nothing(cast: Cast) -> None:
    plan = draft(cast, make_patient(cast))
    plans.update_draft(plan=plan, values={"over_min": 60}, version=1, by=cast.owner, now=NOW)
    with pytest.raises(Conflict):
        plans.update_draft(plan=plan, values={"over_min": 50}, version=1, by=cast.colleague, now=NOW)
    assert Plan.objects.get(pk=plan.pk).over_min == 60


@pytest.mark.parametrize(
    "values",
    [
        {"dose_mg_per_kg": "-0.5"},
        {"dose_mg_per_kg": "half"},
        {"cap_mg": 0},
        {"over_min": 0},
        {"sessions_per_week": 8},
        {"induction_sessions": "2.5"},
        {"notes": "x" * 1001},
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_field(cast: Cast, values: dict[str, Any]) -> None:
    plan = draft(cast, make_patient(cast))
    with pytest.raises(InvalidInput) as caught:
        plans.update_draft(plan=plan, values=values, by=cast.owner, now=NOW)
    assert [problem.path for problem in caught.value.problems] == list(values)
    assert Plan.objects.get(pk=plan.pk).version == plan.version


@pytest.mark.parametrize("protocol_id", ["iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"])
def test_a_signed_plan_keeps_its_whole_protocol(cast: Cast, protocol_id: str) -> None:
    plan = make_plan(cast, protocol_id)
    kept = Plan.objects.get(pk=plan.pk)
    assert (kept.state, kept.signed_by, kept.signed_at) == ("signed", cast.owner, NOW)
    assert parse_protocol(kept.protocol_content).content_hash == kept.protocol_hash
    assert AuditEvent.objects.filter(action="plan.signed", by=cast.owner.pk, subject_id=plan.pk).count() == 1


def test_a_signed_plan_is_not_changed(cast: Cast) -> None:
    plan = make_plan(cast)
    with pytest.raises(Refused) as caught:
        plans.update_draft(plan=plan, values={"over_min": 60}, by=cast.owner, now=NOW)
    assert caught.value.code == "plan-signed"
    with pytest.raises(Refused) as caught:
        plans.sign_plan(plan=plan, by=cast.owner, now=NOW)
    assert caught.value.code == "plan-signed"
    note = plans.add_addendum(plan=plan, text="talked with the family", by=cast.owner, now=NOW)
    assert list(plan.addenda.all()) == [note]
    with pytest.raises(InvalidInput):
        plans.add_addendum(plan=plan, text=" ", by=cast.owner, now=NOW)


def test_a_new_version_supersedes_the_old_one(cast: Cast) -> None:
    first = make_plan(cast, over_min=50)
    second = draft(cast, first.patient)
    assert (second.number, second.over_min) == (2, 50)
    plans.sign_plan(plan=second, by=cast.owner, now=NOW + DAY)
    old = Plan.objects.get(pk=first.pk)
    assert (old.state, old.superseded_at) == ("superseded", NOW + DAY)


@pytest.mark.parametrize("who", ["nurse", "therapist", "stranger"])
def test_only_those_who_prescribe_here_sign(cast: Cast, who: str) -> None:
    plan = draft(cast, make_ready(cast))
    with pytest.raises(Denied):
        plans.sign_plan(plan=plan, by=getattr(cast, who), now=NOW)
    assert Plan.objects.get(pk=plan.pk).state == "draft"


def test_without_a_decision_nothing_is_signed(cast: Cast) -> None:
    patient = fill_chart(cast, make_patient(cast))
    sign(cast, patient)
    plan = draft(cast, patient)
    assert try_to_sign(cast, plan) == "not-eligible"
    screening.decide_screening(
        run=run(cast, patient), decision="defer", reason="wait for the ECG", by=cast.owner, now=NOW
    )
    assert try_to_sign(cast, plan) == "not-eligible"


def test_eligible_for_one_protocol_is_not_eligible_for_another(cast: Cast) -> None:
    patient = fill_chart(cast, make_patient(cast))
    decide(cast, patient, "nasal-esketamine-us")
    sign(cast, patient)
    assert try_to_sign(cast, draft(cast, patient)) == "not-eligible"


def test_without_a_consent_that_covers_it_nothing_is_signed(cast: Cast) -> None:
    patient = fill_chart(cast, make_patient(cast))
    decide(cast, patient)
    plan = draft(cast, patient)
    assert try_to_sign(cast, plan) == "limit-passed"
    consent = sign(cast, patient)
    consents.withdraw_consent(consent=consent, by=cast.nurse, now=NOW)
    assert try_to_sign(cast, plan) == "limit-passed"
    sign(cast, patient, "im-racemic", now=NOW)
    with pytest.raises(Refused) as caught:
        plans.sign_plan(plan=plan, by=cast.owner, now=NOW)
    assert "CONSENT" in {finding.rule.split("-")[0] for finding in caught.value.findings}


def test_a_plan_without_a_dose_is_a_problem_with_its_field(cast: Cast) -> None:
    plan = draft(cast, make_ready(cast), dose_mg_per_kg=None)
    with pytest.raises(InvalidInput) as caught:
        plans.sign_plan(plan=plan, by=cast.owner, now=NOW)
    assert caught.value.problems[0].path == "dose_mg_per_kg"


def make_im(cast: Cast, dose: str) -> Plan:
    """Return a draft for injection under a consent that reaches far, so that only the protocol's limits speak."""
    patient = fill_chart(cast, make_patient(cast))
    decide(cast, patient, "im-racemic")
    text = get_text("ketamine-injection")
    text.pk, text.key, text.max_dose_mg_per_kg = None, "wide", Decimal(9)
    text.id = "wide0000000000000000"
    text.save(force_insert=True)
    held = talk(cast, patient)
    consents.sign_consent(patient=patient, text=text, talk=held, typed_name="Alder Demo", by=cast.nurse, now=NOW)
    return draft(cast, patient, "im-racemic", dose_mg_per_kg=dose, cap_mg=200)


@pytest.mark.parametrize(("dose", "needs_second"), [("1", False), ("1.5", False), ("1.51", True), ("1.99", True)])
def test_a_limit_of_the_second_clinician_asks_for_one(cast: Cast, dose: str, needs_second: bool) -> None:
    plan = make_im(cast, dose)
    if needs_second:
        assert try_to_sign(cast, plan) == "second-clinician-needed"
        assert try_to_sign(cast, plan, second=cast.owner) == "second-signer-same-person"
        assert try_to_sign(cast, plan, second=cast.therapist) == "second-signer-not-licensed"
        assert try_to_sign(cast, plan, second=cast.stranger) == "second-signer-not-licensed"
    signed = plans.sign_plan(plan=plan, by=cast.owner, second=cast.colleague, now=NOW)
    assert signed.second_signed_by == (cast.colleague if needs_second else None)


def test_a_hard_limit_is_refused_whoever_agrees(cast: Cast) -> None:
    plan = make_im(cast, "2")
    assert try_to_sign(cast, plan, second=cast.colleague) == "limit-passed"
    assert try_to_sign(cast, plan, by=cast.director, second=cast.owner) == "limit-passed"


def test_who_overrode_as_the_second_clinician_does_not_order(cast: Cast) -> None:
    patient = fill_chart(cast, make_patient(cast), history__psychosis=True)
    made = run(cast, patient)
    screening.override_finding(
        run=made,
        rule="C-10",
        cause="specialist-agreed",
        mitigation="seen weekly",
        reason="Remitted for a year, psychiatrist agrees in writing.",
        expires_on=date(2026, 9, 1),
        by=cast.colleague,
        now=NOW,
    )
    screening.decide_screening(run=made, decision="eligible", by=cast.owner, now=NOW)
    sign(cast, patient)
    plan = draft(cast, patient)
    assert try_to_sign(cast, plan, by=cast.colleague) == "own-override"
    assert plans.sign_plan(plan=plan, by=cast.owner, now=NOW).state == "signed"


def test_a_stopped_plan_carries_no_order(cast: Cast) -> None:
    plan = make_plan(cast)
    with pytest.raises(InvalidInput):
        plans.stop_plan(plan=plan, reason="", by=cast.owner, now=NOW)
    plans.stop_plan(plan=plan, reason="moved away", by=cast.owner, now=NOW)
    with pytest.raises(Refused) as caught:
        plans.sign_order(plan=plan, by=cast.owner, now=NOW)
    assert caught.value.code == "plan-not-in-force"


@pytest.mark.parametrize(
    ("per_week", "days"),
    [
        (1, ["2026-03-03", "2026-03-10", "2026-03-17"]),
        (2, ["2026-03-03", "2026-03-06", "2026-03-10"]),
        (3, ["2026-03-03", "2026-03-06", "2026-03-09"]),
    ],
)
def test_the_calendar_proposes_the_rhythm_of_the_induction(cast: Cast, per_week: int, days: list[str]) -> None:
    plan = draft(
        cast,
        make_patient(cast),
        starts_on=date(2026, 3, 3),
        induction_sessions=3,
        sessions_per_week=per_week,
        maintenance_every_wk=2,
    )
    found = build_calendar(plan)
    assert [item.on.isoformat() for item in found if item.phase == "induction"] == days
    upkeep = [item for item in found if item.phase == "maintenance"]
    assert (upkeep[0].on - found[2].on).days == 14
    assert [item.number for item in found] == list(range(1, len(found) + 1))


def test_a_calendar_without_a_start_proposes_nothing(cast: Cast) -> None:
    plan = draft(cast, make_patient(cast))
    assert build_calendar(plan) == ()
    assert build_calendar(plan, today=date(2026, 3, 3))[0].on == date(2026, 3, 3)
