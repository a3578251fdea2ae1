"""Orders of single sessions: today's weight, within the plan, against allergies; and what opens a session."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from afterglow.chairside.commands import parse_command
from afterglow.clinic.consents import actions as consents
from afterglow.clinic.dosing_sessions.actions import get_view, open_session, submit_command
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.people import actions as people
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.plans.headers import build_session_header
from afterglow.clinic.plans.models import Plan, SessionOrder
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, draft, make_plan, make_ready, sign, weigh

MINUTE = timedelta(minutes=1)


def order(cast: Cast, plan: Plan, **changes: Any) -> SessionOrder:
    return plans.sign_order(plan=plan, **{"by": cast.owner, "now": NOW, **changes})


def list_blockers(session: Any, now: Any) -> list[str]:
    return [blocker["code"] for blocker in get_view(session, now)["blockers"]]


def test_an_order_works_the_dose_out_from_the_weight(cast: Cast) -> None:
    made = order(cast, make_plan(cast))
    assert (made.dose_mg, made.weight_kg, made.weighed_at) == (Decimal("36.20"), Decimal("72.4"), NOW)
    assert {"label": "Dose", "formula": "0.5 mg/kg × 72.4 kg", "result": "36.2 mg"} in made.arithmetic


def test_the_vial_in_hand_adds_volumes(cast: Cast) -> None:
    supply = {"vial_mg_per_ml": 50, "diluent_ml": 100, "line_ml": 10, "flush_ml": 10}
    made = order(cast, make_plan(cast), supply=supply)
    assert "Pump rate" in {step["label"] for step in made.arithmetic}
    with pytest.raises(InvalidInput) as caught:
        order(cast, made.plan, supply={**supply, "vial_mg_per_ml": 0})
    assert caught.value.problems[0].path == "vial_mg_per_ml"


def test_the_cap_ends_the_dose_by_weight(cast: Cast) -> None:
    plan = make_plan(cast)
    weigh(cast, plan.patient, "119", now=NOW + timedelta(minutes=1))
    made = order(cast, plan, now=NOW + timedelta(minutes=2))
    assert made.dose_mg == Decimal(50)


@pytest.mark.parametrize(("days", "is_signed"), [(30, True), (31, False)])
def test_a_weight_older_than_the_protocol_allows_is_refused(cast: Cast, days: int, is_signed: bool) -> None:
    plan = make_plan(cast)
    if is_signed:
        assert order(cast, plan, now=NOW + days * DAY).weight_kg == Decimal("72.4")
    else:
        with pytest.raises(InvalidInput) as caught:
            order(cast, plan, now=NOW + days * DAY)
        assert caught.value.problems[0].code == "weight-too-old"
        assert not SessionOrder.objects.exists()


def test_no_dose_by_weight_without_a_weight(cast: Cast) -> None:
    plan = make_plan(cast)
    people.end_entry(entry=plan.patient.measurement_set.get(kind="weight"), by=cast.nurse, now=NOW)
    with pytest.raises(InvalidInput) as caught:
        order(cast, plan)
    assert caught.value.problems[0].code == "weight-missing"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dose_mg_per_kg": "0.51"}, "beyond-plan"),
        ({"cap_mg": "51"}, "beyond-plan"),
        ({"over_min": "39"}, "faster-than-plan"),
        ({"dose_mg_per_kg": "-1"}, "number-out-of-range"),
    ],
)
def test_an_order_stays_within_the_plan(cast: Cast, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        order(cast, make_plan(cast), **changes)
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [(next(iter(changes)), code)]
    assert not SessionOrder.objects.exists()


def test_less_and_slower_than_the_plan_is_an_order(cast: Cast) -> None:
    made = order(cast, make_plan(cast), dose_mg_per_kg="0.4", over_min="60")
    assert (made.dose_mg, made.over_min) == (Decimal("29.0"), Decimal(60))


@pytest.mark.parametrize("who", ["nurse", "desk", "stranger"])
def test_only_those_who_prescribe_here_order(cast: Cast, who: str) -> None:
    plan = make_plan(cast)
    with pytest.raises(Denied):
        order(cast, plan, by=getattr(cast, who))
    assert not SessionOrder.objects.exists()


def test_a_draft_carries_no_order(cast: Cast) -> None:
    with pytest.raises(Refused) as caught:
        order(cast, draft(cast, make_ready(cast)))
    assert caught.value.code == "plan-not-in-force"


def test_a_withdrawn_consent_ends_ordering(cast: Cast) -> None:
    plan = make_plan(cast)
    consents.withdraw_consent(consent=plan.patient.consents.get(), by=cast.nurse, now=NOW)
    with pytest.raises(Refused) as caught:
        order(cast, plan)
    assert [finding.rule for finding in caught.value.findings] == ["CONSENT-2"]


@pytest.mark.parametrize("part", ["premedication", "rescue", "standing"])
def test_what_the_chart_names_as_allergy_is_not_ordered(cast: Cast, part: str) -> None:
    plan = make_plan(cast)
    people.record_allergy(patient=plan.patient, substance="Ondansetron", by=cast.nurse, now=NOW)
    with pytest.raises(Refused) as caught:
        order(cast, plan, **{part: [{"text": "ondansetron 4 mg by mouth"}]})
    assert caught.value.code == "allergy"


def test_premedication_is_kept_with_the_order(cast: Cast) -> None:
    made = order(cast, make_plan(cast), premedication=["Ondansetron 4 mg"], rescue=[{"text": "Labetalol 10 mg"}])
    assert (made.premedication, made.rescue) == ([{"text": "Ondansetron 4 mg"}], [{"text": "Labetalol 10 mg"}])


@pytest.mark.parametrize("protocol_id", ["iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"])
def test_a_session_opens_with_the_chart_and_takes_its_order(cast: Cast, protocol_id: str) -> None:
    plan = make_plan(cast, protocol_id)
    made = order(cast, plan)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, place="Room 1", by=cast.nurse, now=NOW)
    plans.attach_order(order=made, session=session, by=cast.owner, now=NOW)
    assert SessionOrder.objects.get(pk=made.pk).session == session
    assert len(get_view(session, NOW)["orders"]) == 1
    with pytest.raises(Refused) as caught:
        plans.attach_order(order=made, session=session, by=cast.owner, now=NOW)
    assert caught.value.code == "order-used"


def test_a_header_is_a_command_that_names_nobody(cast: Cast) -> None:
    plan = make_plan(cast, "nasal-esketamine-us")
    people.record_allergy(patient=plan.patient, substance="Penicillin", by=cast.nurse, now=NOW)
    header = build_session_header(patient=plan.patient, plan=plan, order=None, now=NOW, place="Room 1")
    text = json.dumps(header)
    assert parse_command("open-session", header).data["patient"] == plan.patient_id
    assert "Alder" not in text
    assert "Demo" not in text
    assert header["consent"]["is_valid"] is True
    assert header["allergies"] == ["penicillin"]
    assert header["medicines"] == [{"name": "venlafaxine", "classes": ["snri"]}]
    assert {"scale": "phq9", "total": 18, "on": "2026-03-02"} in header["scores"]
    assert header["rems"]["patient.birth_date"] is True
    assert "setting.city" not in header["rems"]
    assert (header["number"], header["is_first"], header["last"]) == (1, True, {})


def test_a_header_says_why_no_consent_covers(cast: Cast) -> None:
    plan = make_plan(cast)
    consents.withdraw_consent(consent=plan.patient.consents.get(), by=cast.nurse, now=NOW)
    header = build_session_header(patient=plan.patient, plan=plan, order=None, now=NOW)
    assert header["consent"]["is_valid"] is False
    assert "withdrawn" in header["consent"]["reason"]


def test_an_order_signed_in_the_session_stays_within_the_consent(cast: Cast) -> None:
    """The text for infusions covers 0.75 mg/kg: the same order above it is refused whichever page signs it."""
    plan = make_plan(cast)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    given = {"session": session, "type": "sign-order", "by": cast.owner, "now": NOW}
    with pytest.raises(Refused) as caught:
        submit_command(data={"dose_mg_per_kg": "0.8", "duration_min": "60"}, second=cast.colleague, **given)
    assert caught.value.code == "dose-beyond-consent"
    submit_command(data={"dose_mg_per_kg": "0.5", "duration_min": "40"}, **given)


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        ({"dose_mg_per_kg": "0.51", "duration_min": "40"}, "dose_mg_per_kg", "beyond-plan"),
        ({"dose_mg": "36.9", "duration_min": "40"}, "dose_mg_per_kg", "beyond-plan"),
        ({"dose_mg_per_kg": "0.5", "duration_min": "39"}, "duration_min", "faster-than-plan"),
    ],
)
def test_an_order_signed_in_the_session_stays_within_the_plan(
    cast: Cast, typed: dict[str, str], field: str, code: str
) -> None:
    """The plan signs 0.5 mg/kg over 40 min; 36.2 mg at 72.4 kg are as much by whichever page, and no more."""
    plan = make_plan(cast)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    given = {"session": session, "type": "sign-order", "by": cast.owner, "now": NOW}
    with pytest.raises(InvalidInput) as caught:
        submit_command(data=typed, **given)
    assert [(each.path, each.code) for each in caught.value.problems] == [(field, code)]
    submit_command(data={"dose_mg": "36.2", "duration_min": "40"}, **given)
    assert get_view(session, NOW)["dose"]["ordered_mg"] == "36.2"


def test_an_order_signed_in_the_session_names_no_allergy(cast: Cast) -> None:
    plan = make_plan(cast)
    people.record_allergy(patient=plan.patient, substance="Ondansetron", by=cast.nurse, now=NOW)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    given = {"session": session, "type": "sign-order", "by": cast.owner, "now": NOW}
    typed = {"dose_mg_per_kg": "0.5", "duration_min": "40"}
    with pytest.raises(Refused) as caught:
        submit_command(data={**typed, "rescue": ["ondansetron 4 mg IV"]}, **given)
    assert caught.value.code == "allergy"
    submit_command(data={**typed, "rescue": ["paracetamol 1 g"]}, **given)


def test_a_consent_signed_after_the_session_was_opened_counts_once_the_person_is_asked_again(cast: Cast) -> None:
    plan = make_plan(cast)
    consents.withdraw_consent(consent=plan.patient.consents.get(), by=cast.nurse, now=NOW)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    given = {"session": session, "type": "confirm-consent", "by": cast.nurse}
    submit_command(data={"agrees": True, "consent": "made-up"}, now=NOW + MINUTE, **given)
    assert "consent-not-valid" in list_blockers(session, NOW + MINUTE)
    sign(cast, plan.patient, now=NOW + 2 * MINUTE)
    assert "consent-not-valid" in list_blockers(session, NOW + 2 * MINUTE)
    submit_command(data={"agrees": True}, now=NOW + 3 * MINUTE, **given)
    assert not {"consent-not-valid", "consent-not-confirmed"} & set(list_blockers(session, NOW + 3 * MINUTE))


def test_which_consent_stands_is_not_corrected_by_hand(cast: Cast) -> None:
    plan = make_plan(cast)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    made = submit_command(session=session, type="confirm-consent", data={"agrees": True}, by=cast.nurse, now=NOW)
    change = {"seq": made.events[0].seq, "data": {"consent": "another"}, "reason": "the other text"}
    with pytest.raises(InvalidInput) as caught:
        submit_command(session=session, type="correct-entry", data=change, by=cast.nurse, now=NOW)
    assert caught.value.problems[0].code == "field-not-corrected"


def test_a_weight_of_the_chart_that_is_newer_than_the_session_is_the_orders(cast: Cast) -> None:
    """Weighed on the order's page after the session was opened: page, session and record name the same milligrams."""
    plan = make_plan(cast)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    weigh(cast, plan.patient, "50", now=NOW + MINUTE)
    made = order(cast, plan, now=NOW + 2 * MINUTE, session=session)
    assert made.dose_mg == Decimal("25.0")
    view = get_view(session, NOW + 2 * MINUTE)
    assert (view["dose"]["ordered_mg"], view["orders"][-1]["kind"]) == ("25.0", "signed")


def test_an_order_that_the_session_works_out_differently_is_not_attached(cast: Cast) -> None:
    plan = make_plan(cast)
    made = order(cast, plan)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW + MINUTE)
    submit_command(session=session, type="record-weight", data={"weight_kg": "60"}, by=cast.nurse, now=NOW + 2 * MINUTE)
    with pytest.raises(Refused) as caught:
        plans.attach_order(order=made, session=session, by=cast.owner, now=NOW + 3 * MINUTE)
    assert caught.value.code == "order-changed"
    assert SessionOrder.objects.get(pk=made.pk).session is None
    assert not get_view(session, NOW + 3 * MINUTE)["orders"]


def test_a_larger_step_asks_a_second_clinician_on_either_page(cast: Cast) -> None:
    """0.65 after 0.4 mg/kg: L-STEP of the site asks a second clinician from 50 % on."""
    plan = make_plan(cast, dose_mg_per_kg="0.65")
    order(cast, plan, dose_mg_per_kg="0.4")
    later = NOW + 4 * DAY
    with pytest.raises(Refused) as caught:
        order(cast, plan, dose_mg_per_kg="0.65", now=later)
    assert caught.value.code == "second-clinician-needed"
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=later)
    earlier = SessionOrder.objects.get()
    first = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    plans.attach_order(order=earlier, session=first, by=cast.owner, now=NOW)
    given = {"session": session, "type": "sign-order", "by": cast.owner, "now": later}
    typed = {"dose_mg_per_kg": "0.65", "duration_min": "60"}
    with pytest.raises(Refused) as caught:
        submit_command(data=typed, **given)
    assert caught.value.code == "second-clinician-needed"
    submit_command(data=typed, second=cast.colleague, **given)


@pytest.mark.parametrize("who", ["nobody", "nurse", "stranger"])
def test_a_verbal_order_names_a_prescriber_of_the_site(cast: Cast, who: str) -> None:
    plan = make_plan(cast)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    named = getattr(cast, who).pk if who != "nobody" else who
    given = {"session": session, "type": "record-verbal-order", "by": cast.nurse, "now": NOW}
    with pytest.raises(InvalidInput) as caught:
        submit_command(data={"prescriber": named, "order": "slower", "read_back": True}, **given)
    assert caught.value.problems[0].path == "prescriber"
    submit_command(data={"prescriber": cast.owner.pk, "order": "slower", "read_back": True}, **given)


def test_no_dose_is_given_under_a_plan_that_was_stopped(cast: Cast) -> None:
    plan = make_plan(cast)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.owner, now=NOW)
    assert "plan-not-in-force" not in list_blockers(session, NOW)
    plans.stop_plan(plan=plan, reason="a psychosis has begun", by=cast.owner, now=NOW)
    # the page says so before somebody tries
    assert "plan-not-in-force" in list_blockers(session, NOW)
    assert {row["is_allowed"] for row in get_view(session, NOW)["allowed"] if row["command"] == "start"} == {False}
    with pytest.raises(Refused) as caught:
        submit_command(session=session, type="start", data={}, by=cast.nurse, second=cast.owner, now=NOW)
    assert caught.value.code == "plan-not-in-force"


def test_a_session_without_a_plan_takes_no_order(cast: Cast) -> None:
    patient = make_ready(cast)
    session = open_session(patient=patient, plan=None, site=cast.site, by=cast.owner, now=NOW, protocol_id="iv-racemic")
    with pytest.raises(Refused) as caught:
        submit_command(
            session=session,
            type="sign-order",
            data={"dose_mg_per_kg": "0.5", "duration_min": "40"},
            by=cast.owner,
            now=NOW,
        )
    assert caught.value.code == "plan-missing"


def test_a_sedative_before_the_dose_is_said_on_the_order(cast: Cast) -> None:
    made = order(cast, make_plan(cast), premedication=["diazepam 10 mg by mouth"])
    assert "D-01" in {finding["rule"] for finding in made.findings}


def test_a_number_that_the_protocol_does_not_use_is_not_dropped_in_silence(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as caught:
        order(cast, make_plan(cast), dose_mg="50")
    assert [(each.path, each.code) for each in caught.value.problems] == [("dose_mg", "not-ordered-so")]
