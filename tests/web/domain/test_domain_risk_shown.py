"""What is shown of answers about suicide: the newest of any source, the worst first, what was assessed on them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.dosing_sessions.actions import get_view, open_session, submit_command
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.floor.crises import list_crises
from afterglow.clinic.measures import actions, late, risk
from afterglow.clinic.measures.assessed import list_in_sessions, list_seen
from afterglow.clinic.measures.models import RiskAlert, RiskAssessment
from afterglow.clinic.people.actions import record_history
from afterglow.web.measures.answered import describe_alert
from afterglow.web.measures.risk import list_past
from afterglow.web.present.head import build_head
from afterglow.web.sessions.assessed import describe_assessed
from tests.factories import DAY, NOW, Cast, make_patient, make_plan
from tests.support.measuring import CALM, CSSRS_LOW, CSSRS_METHOD, ask, enter

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SINCE = "c-ssrs-since-contact"
QUIET = {"1": 0, "2": 0, "6": 0}
READY = {
    "is_in_person": True,
    "has_gone_through_plan": True,
    "has_made_means_safe": True,
    "told": "the sister",
    "emergency_path": "ward 4, with her sister",
}


def show(patient: Any, cast: Cast, now: Any = NOW) -> list[tuple[str, str]]:
    """Return the tags of a chart's head that speak of suicide: kind and words."""
    tags = build_head(patient, cast.nurse, "glance", now).tags
    return [(tag.kind, tag.words) for tag in tags if "C-SSRS" in tag.words or "suicide" in tag.words]


def screen(session: Session, by: Any, minute: int, level: int, *, behaviour: bool = False) -> Any:
    data = {"level": level, "behaviour": behaviour}
    at = NOW + minute * MINUTE
    return submit_command(session=session, type="record-suicide-screen", data=data, by=by, now=at)


def assess(patient: Any, by: Any, decision: str, minute: int, **more: Any) -> RiskAssessment:
    alerts = [alert.pk for alert in risk.list_open(patient)]
    given = {"alerts": alerts, "decision": decision, "note": "Spoke for half an hour.", **more}
    return risk.assess_risk(patient=patient, by=by, now=NOW + minute * MINUTE, **given)


@pytest.fixture
def session(cast: Cast) -> Session:
    plan = make_plan(cast)
    found = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.nurse, now=NOW, place="Room 1")
    submit_command(session=found, type="record-arrival", data={}, by=cast.nurse, now=NOW)
    return found


# ---- the badge of the chart's head


def test_who_was_never_asked_looks_unknown(cast: Cast) -> None:
    assert show(make_patient(cast), cast) == [("low", "C-SSRS never asked")]


def test_a_calm_answer_is_green_for_the_visit_then_without_a_colour_then_not_known(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, SINCE, QUIET, "c-1")
    assert show(patient, cast, NOW + 4 * HOUR) == [("ok", "C-SSRS none, today 09:00, form")]
    assert show(patient, cast, NOW + 5 * HOUR) == [("", "C-SSRS none, today 09:00, form")]
    ((kind, words),) = show(patient, cast, NOW + 31 * DAY)
    assert (kind, words.endswith("31 days ago, form")) == ("", True)
    ((kind, words),) = show(patient, cast, NOW + 32 * DAY)
    assert (kind, words.startswith("C-SSRS not known now: none, 2 Mar")) == ("low", True)


def test_a_yes_never_fades_and_behaviour_alone_is_one(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1")
    ((kind, words),) = show(patient, cast, NOW + 90 * DAY)
    assert (kind, words.startswith("C-SSRS ideation 1, 2 Mar")) == ("caution", True)
    record_history(
        patient=patient, facts={"suicide.ideation": 0, "suicide.behaviour": "recent"}, by=cast.nurse, now=NOW + DAY
    )
    ((kind, words),) = show(patient, cast, NOW + DAY)
    assert (kind, words) == ("caution", "C-SSRS ideation 0, recent behaviour, today 09:00, chart entry")


def test_what_was_not_answered_is_not_none(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, SINCE, {"1": 0, "2": 0}, "c-1")
    assert show(patient, cast) == [("low", "C-SSRS not whole: ideation 0, behaviour not known, today 09:00, form")]


def test_a_screen_inside_a_session_is_the_newest_and_an_open_alert_wins_over_a_calm_one(
    cast: Cast, session: Session
) -> None:
    patient = session.patient
    # the chart says none at 09:00; the session asked later
    screen(session, cast.nurse, 10, 2)
    assert show(patient, cast, NOW + 11 * MINUTE) == [("caution", "C-SSRS ideation 2, today 09:10, in the session")]
    screen(session, cast.nurse, 20, 0)
    assert show(patient, cast, NOW + 21 * MINUTE) == [("ok", "C-SSRS none, today 09:20, in the session")]
    screen(session, cast.nurse, 30, 5)
    screen(session, cast.nurse, 40, 0)
    shown = show(patient, cast, NOW + 41 * MINUTE)
    assert shown[0] == ("caution", "Answer about suicide not assessed")
    assert [kind for kind, _words in shown] == ["caution", "caution"]
    assess(patient, cast.owner, "hold", 45)
    assert show(patient, cast, NOW + 46 * MINUTE)[0][1] == "Dose held: answer about suicide, assessed"
    risk.write_safety_plan(patient=patient, parts={"means": "Locked away."}, by=cast.owner, now=NOW)
    assess(patient, cast.owner, "may-go-on", 47, **READY)
    # released: one calm answer does not make the yes of the same day green
    words = "C-SSRS none, today 09:40, in the session; a yes earlier today"
    assert show(patient, cast, NOW + 48 * MINUTE) == [("caution", words)]


def test_one_asked_before_the_newest_answer_says_to_ask_again(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, SINCE, QUIET, "c-1")
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1", now=NOW + MINUTE)
    assert show(patient, cast, NOW + MINUTE)[1] == ("caution", "C-SSRS none, today 09:00, form: ask again")


# ---- what was answered before


def say_before(patient: Any, cast: Cast) -> str:
    alert = RiskAlert.objects.filter(patient=patient).latest("raised_at")
    return str(describe_alert(alert, cast.nurse)["seen"][0]["before"])


def test_what_the_same_closed_form_held_is_an_earlier_answer(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    for item, value in CALM.items():
        actions.save_answer(form=form, item=item, value=value, now=NOW)
    actions.submit_form(form=form, submission_id="s-1", now=NOW)
    late.save_late(form=form, item="9", value=3, now=NOW + MINUTE)
    assert RiskAlert.objects.get().before == {"9": "0"}
    assert say_before(patient, cast) == "earlier in the same form: 0 of 3, none"


def test_a_late_answer_and_the_charts_own_entry_are_earlier_answers_too(cast: Cast) -> None:
    patient = make_patient(cast)
    record_history(patient=patient, facts={"scales.phq9.item9": 1}, by=cast.nurse, now=NOW - 9 * DAY)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 2}, "p-1", now=NOW)
    assert say_before(patient, cast) == "the time before: 1 of 3, some days, 21 Feb 2026, chart entry"
    form = RiskAlert.objects.get().form
    assert form is not None
    late.save_late(form=form, item="9", value=3, now=NOW + MINUTE)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 3}, "p-2", now=NOW + DAY)
    assert RiskAlert.objects.latest("raised_at").before == {"9": "3"}
    assert "after a form was closed" in say_before(patient, cast)


def test_another_instrument_is_named_and_compared_with_nothing(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "madrs", {"10": 1}, "m-1", now=NOW - DAY)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1", now=NOW)
    alert = RiskAlert.objects.get(instrument="phq9")
    assert alert.before == {}
    words = say_before(patient, cast)
    assert words.startswith("no earlier answer to this question; another instrument, not compared: MADRS, 10. ")
    assert "1 of 6" in words
    standing = risk.find_standing(patient, now=NOW)
    assert standing is not None
    assert "new" in standing.release.reasons


def test_the_same_again_after_an_assessment_is_compared_with_what_was_assessed(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    actions.save_answer(form=form, item="9", value=1, now=NOW)
    enter(patient, cast.nurse, SINCE, QUIET, "c-1", now=NOW + MINUTE)
    assess(patient, cast.owner, "may-go-on", 2, is_in_person=True)
    actions.save_answer(form=form, item="9", value=2, now=NOW + 3 * MINUTE)
    assert RiskAlert.objects.latest("raised_at").before == {"9": "1"}, "it rose"


# ---- the answers of each assessment


@pytest.mark.parametrize("decision", ["may-go-on", "hold"])
def test_each_assessment_lists_the_answers_it_was_made_on(cast: Cast, decision: str) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1")
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW + MINUTE)
    assess(patient, cast.owner, decision, 2, is_in_person=True)
    enter(patient, cast.nurse, "madrs", {"10": 4}, "m-1", now=NOW + 3 * MINUTE)
    page = Client()
    page.force_login(cast.owner)
    shown = page.get(reverse("web:patient-risk", args=[patient.pk])).content.decode()
    past = shown[shown.index('id="past"') :]
    assert "9. thoughts of death: <b>1 of 3, some days</b>, 2 Mar 2026, 10:00, from paper" in past
    assert "MADRS" not in past, "it came after the assessment"


def test_an_answer_released_before_is_not_of_a_later_assessment(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1")
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW + MINUTE)
    first = assess(patient, cast.owner, "hold", 2)
    second = assess(patient, cast.owner, "may-go-on", 3, is_in_person=True)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 2}, "p-2", now=NOW + DAY)
    third = assess(patient, cast.owner, "hold", 24 * 60 + 1)
    seen = list_seen(patient, [first, second, third])
    values = {key: [alert.seen for alert in alerts] for key, alerts in seen.items()}
    assert values == {first.pk: [{"9": "1"}], second.pk: [{"9": "1"}], third.pk: [{"9": "2"}]}


# ---- one assessment in a visit


def list_blockers(session: Session, minute: int) -> set[str]:
    session.refresh_from_db()
    return {each["code"] for each in get_view(session, NOW + minute * MINUTE)["blockers"]}


def test_an_assessment_on_the_page_counts_in_the_session_and_is_shown_in_both(cast: Cast, session: Session) -> None:
    patient = session.patient
    risk.write_safety_plan(patient=patient, parts={"means": "Locked away."}, by=cast.owner, now=NOW)
    screen(session, cast.nurse, 1, 5)
    assert {"suicide-assessment-missing", risk.STOP} <= list_blockers(session, 2)
    row = assess(patient, cast.owner, "may-go-on", 3, **READY)
    assert not {"suicide-assessment-missing", "suicide-assessment-holds", risk.STOP} & list_blockers(session, 4)
    (carried,) = list_in_sessions(patient)
    assert (carried.outcome, carried.at, carried.by) == ("may-proceed", row.made_at, str(cast.owner.pk))
    assert (carried.is_carried, carried.reason) == (True, row.note)
    (shown,) = list_past(patient, cast.nurse)
    assert (shown["is_carried"], shown["by"]) == (True, "Petra")
    assert shown["session_url"] == reverse("web:session", args=[session.pk])
    about = describe_assessed(session, cast.nurse)
    assert about is not None
    assert [(each["by"], each["note"]) for each in about["rows"]] == [("Petra", row.note)]
    assert about["url"] == reverse("web:patient-risk", args=[patient.pk])


@pytest.mark.parametrize(
    ("decision", "in_person", "outcome"),
    [
        ("hold", True, "no-dose-today"),
        ("emergency", True, "emergency"),
        # an emergency always counts; what was not in person answers nothing that the session asks
        ("emergency", False, "emergency"),
        ("hold", False, None),
    ],
)
def test_what_was_decided_on_the_page_is_what_the_session_keeps(
    cast: Cast, session: Session, decision: str, in_person: bool, outcome: str | None
) -> None:
    screen(session, cast.nurse, 1, 5)
    assess(session.patient, cast.owner, decision, 2, is_in_person=in_person)
    assert [each.outcome for each in list_in_sessions(session.patient)] == ([outcome] if outcome else [])
    assert ("suicide-assessment-holds" in list_blockers(session, 3)) is bool(outcome)
    assert ("suicide-assessment-missing" in list_blockers(session, 3)) is not bool(outcome)


def test_an_assessment_in_the_session_is_shown_on_the_page_and_releases_nothing_there(
    cast: Cast, session: Session
) -> None:
    screen(session, cast.nurse, 1, 5)
    data = {"outcome": "may-proceed", "reason": "No intent today, a plan for the way home."}
    submit_command(session=session, type="record-suicide-assessment", data=data, by=cast.nurse, now=NOW + 2 * MINUTE)
    assert risk.find_stop(session.patient, now=NOW + 3 * MINUTE) is not None
    client = Client()
    client.force_login(cast.owner)
    page = client.get(reverse("web:patient-risk", args=[session.patient.pk])).content.decode()
    past = page[page.index('id="past"') :]
    for words in ("May proceed today", "No intent today", "Nora", reverse("web:session", args=[session.pk])):
        assert words in past
    assert "it releases no hold" in past
    assert "One assessment is enough in a visit" in page
    # an emergency on the page replaces what the session was told
    assess(session.patient, cast.owner, "emergency", 4)
    assert "suicide-assessment-holds" in list_blockers(session, 5)


def test_a_session_that_asks_for_none_keeps_none(cast: Cast, session: Session) -> None:
    screen(session, cast.nurse, 1, 0)
    enter(session.patient, cast.nurse, "phq9", {**CALM, "9": 2}, "p-1", now=NOW + 2 * MINUTE)
    assess(session.patient, cast.owner, "hold", 3, is_in_person=True)
    assert list_in_sessions(session.patient) == []
    about = describe_assessed(session, cast.nurse)
    assert about is not None
    assert (len(about["rows"]), about["is_held"]) == (1, True)
    assert describe_assessed(session, cast.desk) is None


# ---- the row of the board


def test_the_board_names_the_worst_answer_and_how_many_more_there_are(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1")
    (line,) = list_crises(cast.site, NOW)
    assert "item 9 = 1" in line["detail"]
    assert "more" not in line["detail"]
    enter(patient, cast.nurse, SINCE, {**CSSRS_METHOD, "4": 1}, "c-1", now=NOW + 5 * MINUTE)
    enter(patient, cast.nurse, "madrs", {"10": 3}, "m-1", now=NOW + 6 * MINUTE)
    (line,) = list_crises(cast.site, NOW + 6 * MINUTE)
    assert "item 4 = 1" in line["detail"]
    assert line["detail"].endswith("And 2 more answers.")
    # the wait is that of the first
    assert line["at"] == NOW.isoformat()
