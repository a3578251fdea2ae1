"""An answer about suicide after a release, and one that comes after its form was closed: both are answers of today."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.measures import actions, late, risk
from afterglow.clinic.measures.facts import list_totals
from afterglow.clinic.measures.models import FormerLink, LateAnswer, MeasureForm, RiskAlert
from afterglow.clinic.tasks.models import Task
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, make_patient
from tests.support.measuring import CALM, ask, enter

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
SINCE = "c-ssrs-since-contact"
QUIET = {"1": 0, "2": 0, "6": 0}


def save(form: MeasureForm, value: Any, minute: int, key: str = "", item: str = "9", by: Any = None) -> Any:
    return actions.save_answer(form=form, item=item, value=value, now=NOW + minute * MINUTE, key=key, by=by)


def release(patient: Any, cast: Cast, minute: int, decision: str = "may-go-on") -> None:
    """Ask a C-SSRS and record what was decided, a minute after each other."""
    at = NOW + minute * MINUTE
    enter(patient, cast.nurse, SINCE, QUIET, f"c-{minute}", now=at)
    alerts = [alert.pk for alert in risk.list_open(patient)]
    risk.assess_risk(
        patient=patient,
        alerts=alerts,
        decision=decision,
        note="Spoke.",
        by=cast.owner,
        now=at + MINUTE,
        is_in_person=True,
    )


def count(patient: Any, at: datetime = NOW + DAY) -> tuple[int, int, bool]:
    """Return alerts, open calls and whether the dose is held."""
    calls = Task.objects.filter(patient=patient, kind="risk-now", state="open").count()
    return RiskAlert.objects.filter(patient=patient).count(), calls, risk.find_stop(patient, now=at) is not None


def test_after_a_release_the_same_answer_on_the_same_link_is_a_new_alert(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    save(form, 2, 0, "k-1")
    # the same before anybody assessed it is the same alert, by its key or without one
    save(form, 2, 1, "k-1")
    save(form, 2, 1, "k-2")
    assert count(patient) == (1, 1, True)
    release(patient, cast, 2)
    assert count(patient) == (1, 0, False)
    # what was sent again is what was assessed; another item says nothing of it
    save(form, 2, 4, "k-1")
    save(form, 1, 4, item="1")
    save(form, None, 4)
    save(form, 0, 5)
    assert count(patient) == (1, 0, False)
    save(form, 2, 6, "k-3")
    assert count(patient) == (2, 1, True)
    save(form, 2, 7, "k-3")
    assert count(patient) == (2, 1, True)


def test_the_value_that_stands_is_kept_once_more_when_it_is_given_after_a_release(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-0", now=NOW - DAY)
    release(patient, cast, -60)
    form, _ = ask(patient, cast.nurse)
    save(form, 1, 0)
    release(patient, cast, 1)
    save(form, 1, 3)
    assert form.answers.count() == 2
    assert count(patient)[1:] == (1, True)
    assert RiskAlert.objects.latest("raised_at").before == {"9": "1"}
    release(patient, cast, 4)
    # a no between the assessment and this yes: it rose, whatever the form before said
    save(form, 0, 6)
    save(form, 1, 7)
    assert RiskAlert.objects.latest("raised_at").before == {"9": "0"}


def test_a_form_left_and_finished_after_the_release_holds_the_dose(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    save(form, 2, 0)
    release(patient, cast, 1)
    later = NOW + 5 * DAY
    result = actions.submit_form(form=form, submission_id="s-1", now=later)
    assert result.answers["9"] == "2"
    assert count(patient, later) == (2, 1, True)
    actions.submit_form(form=form, submission_id="s-1", now=later + MINUTE)
    assert RiskAlert.objects.count() == 2
    # one that nobody assessed yet is not raised again by the form being sent
    other = make_patient(cast, family_name="Other")
    waiting, _ = actions.ask_form(patient=other, instrument="phq9", by=cast.nurse, now=NOW)
    save(waiting, 2, 0)
    actions.submit_form(form=waiting, submission_id="s-2", now=later)
    assert count(other, later) == (1, 1, True)


def test_a_correction_back_to_yes_after_a_release_holds_and_one_of_another_item_does_not(cast: Cast) -> None:
    patient = make_patient(cast)
    form = enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1").form

    def correct(item: str, value: int, minute: int) -> None:
        actions.correct_form(
            form=form, answers={item: value}, reason="misread", submission_id=f"x-{minute}", by=cast.nurse,
            now=NOW + minute * MINUTE,
        )  # fmt: skip

    release(patient, cast, 1)
    correct("3", 1, 3)
    correct("9", 0, 4)
    assert count(patient) == (1, 0, False)
    correct("9", 1, 5)
    assert count(patient) == (2, 1, True)


def test_after_an_assessment_that_holds_the_next_answer_calls_again(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    save(form, 2, 0)
    release(patient, cast, 1, decision="hold")
    assert count(patient) == (1, 0, True)
    save(form, 2, 3)
    assert count(patient) == (2, 1, True)


def test_of_one_triage_the_strictest_row_calls_alone_until_it_is_assessed(cast: Cast) -> None:
    patient = make_patient(cast)
    answers = {"1": 1, "2": 1, "3": 0, "4": 1, "5": 0, "6": 0}
    enter(patient, cast.nurse, SINCE, answers, "c-1")
    assert list(RiskAlert.objects.values_list("code", flat=True)) == ["cssrs-high"]
    assert Task.objects.filter(patient=patient, kind__startswith="risk-", state="open").count() == 1
    form, _ = actions.ask_form(patient=patient, instrument=SINCE, by=cast.nurse, now=NOW, way="clinician")
    for minute, (item, value) in enumerate({"2": 1, "4": 1, "1": 1}.items()):
        save(form, value, minute, item=item, by=cast.nurse)
    # the milder row was met before the stricter one; what is said beside that adds no call of its own
    assert list(form.alerts.order_by("raised_at").values_list("code", flat=True)) == ["cssrs-low", "cssrs-high"]
    at, alerts = NOW + 5 * MINUTE, [alert.pk for alert in risk.list_open(patient)]
    risk.assess_risk(patient=patient, alerts=alerts, decision="hold", note="Spoke.", by=cast.owner, now=at)
    save(form, 0, 8, item="3", by=cast.nurse)
    assert form.alerts.count() == 2
    save(form, 1, 9, item="1", by=cast.nurse)
    assert list(form.alerts.order_by("raised_at").values_list("code", flat=True))[2:] == ["cssrs-low"]


def test_paper_of_last_week_is_compared_with_what_was_before_it(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1")
    release(patient, cast, 1)
    at = NOW - 7 * DAY
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-2", now=NOW + 3 * MINUTE, observed_at=at)
    assert count(patient) == (2, 1, True)
    assert RiskAlert.objects.latest("raised_at").before == {}, "nothing is known of the time before it"


def test_a_late_answer_about_suicide_is_kept_beside_the_form_and_holds_the_dose(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    for item, value in CALM.items():
        save(form, value, 0, item=item)
    result = actions.submit_form(form=form, submission_id="s-1", now=NOW + MINUTE)
    at = NOW + 2 * MINUTE

    def send(value: Any, key: str = "", item: str = "9", now: datetime = at) -> Any:
        return late.save_late(form=form, item=item, value=value, now=now, key=key)

    for value, item in ((0, "9"), (None, "9"), (3, "1")):
        with pytest.raises(Refused):
            send(value, item=item)
    with pytest.raises(InvalidInput):
        send("abc")
    assert LateAnswer.objects.count() == 0
    kept = send(3, "d-1")
    assert send(3, "d-1").pk == kept.pk
    with pytest.raises(Conflict):
        send(2, "d-1")
    assert (kept.value, kept.recorded_at, kept.alert.before) == (Decimal(3), at, {"9": "0"})
    assert count(patient) == (1, 1, True)
    assert "after the form was closed, not part of its total" in Task.objects.get(kind="risk-now").detail
    form.refresh_from_db()
    assert (form.results.count(), result.total, form.is_crisis) == (1, Decimal(0), True)
    assert [(row.value, stood) for row, stood in late.list_late(form)] == [(Decimal(3), Decimal(0))]
    # the same again before the assessment: kept, one alert; after it, a new one
    assert send(3, "d-2").alert is None
    release(patient, cast, 3)
    send(3, "d-2", now=NOW + 5 * MINUTE)
    assert count(patient) == (1, 0, False)
    send(3, "d-3", now=NOW + 5 * MINUTE)
    assert count(patient) == (2, 1, True)


def test_every_link_that_ever_led_to_a_form_is_known(cast: Cast) -> None:
    patient = make_patient(cast)
    form, token = ask(patient, cast.nurse)
    form, renewed = actions.renew_link(form=form, by=cast.nurse, now=NOW)
    assert late.find_known(token) == (form, True)
    assert late.find_known(renewed) == (form, False)
    assert late.find_known("a" * 43) == (None, False)
    assert token not in str(list(FormerLink.objects.values()))
    with pytest.raises(Refused):
        late.save_late(form=form, item="9", value=1, now=NOW)
    late.save_late(form=form, item="9", value=1, now=NOW, is_former=True)
    assert count(patient) == (1, 1, True)


def test_a_corrected_item_leaves_the_total_that_was_typed(cast: Cast) -> None:
    patient = make_patient(cast)
    typed = enter(patient, cast.nurse, "phq9", {"9": 0}, "p-1", total=15)
    given: dict[str, Any] = {"form": typed.form, "reason": "misread", "by": cast.nurse}
    row = actions.correct_form(answers={"9": 1}, submission_id="x-1", now=NOW + MINUTE, **given)
    assert (row.total, row.is_total_only, row.answers, row.band) == (Decimal(15), True, {"9": "1"}, typed.band)
    assert count(patient) == (1, 1, True)
    told = list_totals(patient, ["scales.phq9.total"])
    assert [total for _name, _day, total in told] == [Decimal(15)]


def test_a_corrected_item_that_rules_the_typed_total_out_is_stored_and_alerts(cast: Cast) -> None:
    patient = make_patient(cast)
    typed = enter(patient, cast.nurse, "phq9", {"9": 0}, "p-1", total=2)
    given: dict[str, Any] = {"form": typed.form, "reason": "misread", "by": cast.nurse}
    row = actions.correct_form(answers={"9": 3}, submission_id="x-1", now=NOW + MINUTE, **given)
    assert (row.total, row.is_total_only, row.answers) == (None, False, {"9": "3"})
    assert row.reason
    assert count(patient) == (1, 1, True)
    with pytest.raises(InvalidInput) as refused:
        enter(patient, cast.nurse, "phq9", {"9": 3}, "p-2", total=2)
    assert (refused.value.problems[0].path, refused.value.problems[0].accepted) == ("total", "3 to 27, whole numbers")


def test_what_cannot_be_an_answer_is_refused_before_a_known_key_is_looked_up(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    save(form, 1, 0, "kk", item="1")
    for value in ("abc", "１", "7"):
        with pytest.raises(InvalidInput) as refused:
            save(form, value, 1, "kk", item="1")
        assert (refused.value.problems[0].path, refused.value.problems[0].value) == ("answers.1", value)
        assert refused.value.problems[0].accepted
    enter(patient, cast.nurse, "phq9", {"9": 0}, "p-1", total=15)
    for total in ("abc", "１５", 99):
        with pytest.raises(InvalidInput) as wrong:
            enter(patient, cast.nurse, "phq9", {"9": 0}, "p-1", total=total)
        assert wrong.value.problems[0].path == "total"
    for other in (14, None):
        with pytest.raises(Conflict):
            enter(patient, cast.nurse, "phq9", {"9": 0}, "p-1", total=other)
