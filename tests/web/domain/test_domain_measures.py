"""Forms and their answers: stored as given, once, by whom, in which words; nothing half-stored."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from afterglow.clinic import policy
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.care.facts import gather_scores
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.measures import actions
from afterglow.clinic.measures.courses import load_calendar
from afterglow.clinic.measures.models import (
    MeasureAnswer,
    MeasureForm,
    MeasureResult,
    RiskAlert,
    RiskAssessment,
    SafetyPlan,
    Wording,
)
from afterglow.clinic.measures.wordings import accept_wording, find_offer, find_wording, list_languages
from afterglow.clinic.people.actions import record_history
from afterglow.clinic.tasks.actions import open_task
from afterglow.clinic.tasks.models import Task
from afterglow.clinic.tasks.surveillance import list_surveillance
from afterglow.clinicday.asking import get_link_time
from afterglow.instruments import get_instrument
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, make_patient
from tests.support.measuring import CALM, ask, enter, install_wording, make_pack

pytestmark = pytest.mark.django_db


def save(form: MeasureForm, item: str, value: Any, now: datetime = NOW, **more: Any) -> MeasureAnswer:
    return actions.save_answer(form=form, item=item, value=value, now=now, **more)


def test_an_answered_form_keeps_who_how_when_in_which_words_and_with_which_settings(cast: Cast) -> None:
    patient = make_patient(cast)
    form, token = ask(patient, cast.nurse)
    for item, value in {**CALM, "1": 2}.items():
        save(form, item, value)
    later = NOW + timedelta(minutes=4)
    result = actions.submit_form(form=form, submission_id="s-1", now=later)
    assert (result.total, result.band, result.is_complete, result.reason) == (Decimal(2), "minimal", True, "")
    assert (result.recorded_by, result.observed_at, result.number) == (None, later, 1)
    assert result.settings == {"suicide_item": "1", "relapse": "10"}
    assert form.wording is not None
    assert form.wording.accepted_by == "Ann Operator"
    stored = [
        str(row) for model in (MeasureForm, MeasureAnswer, MeasureResult, AuditEvent) for row in model.objects.values()
    ]
    assert all(token not in row for row in stored)
    acts = list(AuditEvent.objects.filter(action__startswith="measure.").values_list("action", flat=True))
    assert acts.count("measure.answered") == 9
    assert acts[-1] == "measure.submitted"


def test_without_enough_answers_there_is_no_total_but_a_reason(cast: Cast) -> None:
    form, _ = ask(make_patient(cast), cast.nurse)
    save(form, "1", 3)
    result = actions.submit_form(form=form, submission_id="s-1", now=NOW)
    assert (result.total, result.is_complete) == (None, False)
    assert result.reason
    assert result.result["missing"] == ["2", "3", "4", "5", "6", "7", "8", "9"]


def test_a_skipped_suicide_item_is_asked_in_person(cast: Cast) -> None:
    form, _ = ask(make_patient(cast), cast.nurse)
    for item in "12345678":
        save(form, item, 0)
    save(form, "9", None)
    result = actions.submit_form(form=form, submission_id="s-1", now=NOW)
    assert result.result["not_screened"] == ["phq9-item9"]
    assert list(Task.objects.values_list("kind", flat=True)) == ["risk-not-screened"]
    assert RiskAlert.objects.count() == 0


@pytest.mark.parametrize(
    ("item", "value", "code"),
    [
        ("9", 4, "answer-not-accepted"),
        ("9", -1, "answer-not-accepted"),
        ("9", 1.5, "answer-not-accepted"),
        ("11", 0, "item-unknown"),
        ("11", None, "item-unknown"),
        ("total", 3, "item-unknown"),
    ],
)
def test_an_answer_that_is_not_the_instruments_leaves_nothing(cast: Cast, item: str, value: Any, code: str) -> None:
    form, _ = ask(make_patient(cast), cast.nurse)
    before = AuditEvent.objects.count()
    with pytest.raises(InvalidInput) as refused:
        save(form, item, value)
    assert refused.value.problems[0].code == code
    assert refused.value.problems[0].accepted
    assert (MeasureAnswer.objects.count(), Task.objects.count()) == (0, 0)
    assert AuditEvent.objects.count() == before


def test_answers_of_another_edition_are_named_as_such(cast: Cast) -> None:
    patient = make_patient(cast)
    with pytest.raises(InvalidInput) as refused:
        enter(patient, cast.nurse, "ybocs", {"1": 5, "2": 2}, "s-1")
    assert refused.value.problems[0].code == "other-edition"
    assert "Y-BOCS-II" in refused.value.problems[0].message
    assert MeasureForm.objects.count() == 0
    with pytest.raises(InvalidInput):
        enter(patient, cast.nurse, "ybocs2", {"1": 5}, "s-2")


def test_another_version_is_refused_on_both_ways(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    with pytest.raises(InvalidInput) as refused:
        save(form, "1", 1, version="2")
    assert refused.value.problems[0].code == "version-other"
    with pytest.raises(InvalidInput):
        enter(patient, cast.nurse, "phq9", CALM, "s-1", version="2")
    assert MeasureResult.objects.count() == 0


def test_what_was_answered_before_birth_or_tomorrow_is_refused_whole(cast: Cast) -> None:
    patient = make_patient(cast)
    born = datetime.combine(patient.birth_on, datetime.min.time(), NOW.tzinfo)
    for at, code in ((born - 2 * DAY, "before-birth"), (NOW + DAY, "instant-in-future")):
        with pytest.raises(InvalidInput) as refused:
            enter(patient, cast.nurse, "phq9", CALM, f"s-{code}", observed_at=at)
        assert refused.value.problems[0].code == code
    assert (MeasureForm.objects.count(), MeasureAnswer.objects.count()) == (0, 0)


def test_the_same_submission_is_stored_once_and_another_content_is_a_conflict(cast: Cast) -> None:
    patient = make_patient(cast)
    first = enter(patient, cast.nurse, "phq9", CALM, "s-1")
    assert [enter(patient, cast.nurse, "phq9", CALM, "s-1").pk for _ in range(3)] == [first.pk] * 3
    assert (MeasureForm.objects.count(), MeasureAnswer.objects.count()) == (1, 9)
    with pytest.raises(Conflict):
        enter(patient, cast.nurse, "phq9", {**CALM, "1": 1}, "s-1")
    with pytest.raises(Conflict):
        enter(make_patient(cast, family_name="Other"), cast.nurse, "phq9", CALM, "s-1")


def test_an_answer_sent_again_by_a_device_is_stored_once(cast: Cast) -> None:
    form, _ = ask(make_patient(cast), cast.nurse)
    first = save(form, "1", 2, key="d-1")
    save(form, "1", 1, key="d-2")
    # the first arrives again after the second: it changes nothing
    assert save(form, "1", 2, key="d-1").pk == first.pk
    assert list(form.answers.values_list("value", flat=True)) == [Decimal(2), Decimal(1)]
    with pytest.raises(Conflict):
        save(form, "2", 2, key="d-1")
    result = actions.submit_form(form=form, submission_id="d-3", now=NOW)
    # what arrives after the form was sent is known, not stored twice and not an error
    assert save(form, "1", 2, key="d-1").pk == first.pk
    assert actions.submit_form(form=form, submission_id="d-3", now=NOW).pk == result.pk


def test_an_answer_that_rules_out_another_takes_it_back_and_one_that_is_ruled_out_is_refused(cast: Cast) -> None:
    patient, since = make_patient(cast), "c-ssrs-since-contact"
    form, _ = actions.ask_form(patient=patient, instrument=since, by=cast.nurse, now=NOW, way="clinician")
    for item, value in (("2", 1), ("3", 1), ("2", 0)):
        save(form, item, value, by=cast.nurse)
    assert list(form.answers.values_list("item", "value")) == [("2", 1), ("3", 1), ("2", 0), ("3", None)]
    # what the answer raised stays
    assert RiskAlert.objects.filter(code="cssrs-moderate").count() == 1
    with pytest.raises(InvalidInput) as refused:
        save(form, "4", 1, by=cast.nurse)
    assert refused.value.problems[0].code == "answer-contradicts"
    assert form.answers.count() == 4
    with pytest.raises(InvalidInput):
        enter(patient, cast.nurse, since, {"1": 0, "2": 0, "3": 1, "6": 0}, "s-1")


def test_a_link_is_used_once_and_ends(cast: Cast) -> None:
    patient = make_patient(cast)
    form, token = ask(patient, cast.nurse)
    assert actions.find_form(token) == form
    with pytest.raises(Refused) as late:
        save(form, "1", 0, now=NOW + get_link_time())
    assert late.value.code == actions.LINK_ENDED
    save(form, "1", 0)
    actions.submit_form(form=form, submission_id="s-1", now=NOW)
    with pytest.raises(Refused) as used:
        save(form, "2", 0)
    assert used.value.code == "form-submitted"
    again, _ = actions.ask_form(patient=patient, instrument="phq9", by=cast.nurse, now=NOW)
    newest, _ = actions.ask_form(patient=patient, instrument="phq9", by=cast.desk, now=NOW)
    assert not actions.is_usable(MeasureForm.objects.get(pk=again.pk), NOW)
    assert actions.is_usable(newest, NOW)


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "\x00" * 43, "ü" * 43, "../" * 14])
def test_a_forged_token_leads_nowhere(cast: Cast, token: str) -> None:
    ask(make_patient(cast), cast.nurse)
    assert actions.find_form(token) is None


def test_a_correction_is_a_further_version_with_its_reason(cast: Cast) -> None:
    patient = make_patient(cast)
    first = enter(patient, cast.nurse, "phq9", {**CALM, "1": 3}, "s-1")
    form = first.form
    with pytest.raises(InvalidInput):
        actions.correct_form(form=form, answers={"1": 1}, reason=" ", submission_id="c-1", by=cast.nurse, now=NOW)
    second = actions.correct_form(
        form=form, answers={"1": 1}, reason="misread the paper", submission_id="c-1", by=cast.nurse, now=NOW + DAY
    )
    assert (first.number, second.number) == (1, 2)
    assert (MeasureResult.objects.get(pk=first.pk).total, second.total) == (Decimal(3), Decimal(1))
    assert (second.correction_reason, second.observed_at) == ("misread the paper", first.observed_at)
    assert form.answers.filter(item="1").count() == 2
    with pytest.raises(Refused) as same:
        actions.correct_form(form=form, answers={"1": 1}, reason="x", submission_id="c-2", by=cast.nurse, now=NOW)
    assert same.value.code == "nothing-changed"


def test_the_database_refuses_to_change_or_remove_what_was_given(cast: Cast) -> None:
    result = enter(make_patient(cast), cast.nurse, "phq9", {**CALM, "9": 1}, "s-1")
    for model in (MeasureAnswer, MeasureResult, RiskAlert):
        for change in (lambda rows: rows.delete(), lambda rows: rows.update(form_id=result.form_id)):
            with pytest.raises(DatabaseError), transaction.atomic():
                change(model.objects.all())
    assert RiskAlert.objects.count() == 1


def test_a_total_typed_in_is_marked_and_says_what_was_not_screened(cast: Cast) -> None:
    patient = make_patient(cast)
    result = enter(patient, cast.owner, "bdi2", {}, "s-1", total=24)
    assert (result.total, result.is_total_only) == (Decimal(24), True)
    assert result.result["not_screened"] == ["bdi2-item9"]
    assert Task.objects.get().kind == "risk-not-screened"
    enter(patient, cast.owner, "bdi2", {"9": 1}, "s-2", total=24)
    assert RiskAlert.objects.get().seen == {"9": "1"}


def test_who_may_ask_enter_and_read(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.desk)
    for who in (cast.manager, cast.stranger):
        with pytest.raises(Denied):
            actions.ask_form(patient=patient, instrument="phq9", by=who, now=NOW)
    with pytest.raises(Denied):
        enter(patient, cast.desk, "phq9", CALM, "s-1")
    seen = {
        who.username: policy.scope(who, MeasureForm.objects.all()).count()
        for who in (cast.nurse, cast.desk, cast.stranger)
    }
    assert seen == {"nora": 1, "fred": 0, "stan": 0}
    with pytest.raises(Denied):
        save(form, "1", 1, by=cast.stranger)
    for model in (MeasureAnswer, MeasureResult, RiskAlert, RiskAssessment, SafetyPlan):
        assert policy.scope(cast.nurse, model.objects.all()).count() == 0


def test_a_self_report_form_needs_its_accepted_wording(cast: Cast) -> None:
    patient = make_patient(cast)
    definition = get_instrument("gad7")
    with pytest.raises(Refused) as refused:
        actions.ask_form(patient=patient, instrument="gad7", by=cast.nurse, now=NOW)
    assert refused.value.code == "wording-missing"
    # from the clinic's own paper it is entered all the same, and a clinician rates beside it
    assert enter(patient, cast.nurse, "gad7", {str(n): 0 for n in range(1, 8)}, "s-1").form.wording is None
    assert enter(patient, cast.nurse, "madrs", {str(n): 0 for n in range(1, 11)}, "s-2").rater == cast.nurse
    cast.site.is_demonstration = True
    assert find_offer(definition, language="es", site=cast.site).wording is None
    spanish, english = install_wording("gad7", "es"), install_wording("gad7", "en-US")
    assert find_offer(definition, language="es", site=cast.site).wording == spanish
    assert find_wording(definition, "en") == english
    with pytest.raises(Refused):
        actions.ask_form(patient=patient, instrument="madrs", by=cast.nurse, now=NOW)


def test_a_wording_is_accepted_by_name_once_and_a_new_text_stands_beside_it(cast: Cast) -> None:
    first = install_wording()
    with pytest.raises(InvalidInput):
        accept_wording(pack=make_pack(), accepted_by=" ", by=None, now=NOW, accepted_at=NOW)
    with pytest.raises(Denied):
        accept_wording(pack=make_pack(), accepted_by="Nora", by=cast.nurse, now=NOW, accepted_at=NOW)
    again = accept_wording(pack=make_pack(), accepted_by="Mona", by=cast.manager, now=NOW, accepted_at=NOW)
    assert (again.pk, again.accepted_by) == (first.pk, "Ann Operator")
    other = accept_wording(
        pack=make_pack(word="another"), accepted_by="Mona", by=cast.manager, now=NOW + DAY, accepted_at=NOW + DAY
    )
    assert find_wording(get_instrument("phq9"), "en") == other
    # a language without an accepted wording is not offered to a person, and not taken
    assert list_languages(get_instrument("phq9"), site=cast.site) == ["en"]
    form, _ = actions.ask_form(patient=make_patient(cast), instrument="phq9", by=cast.nurse, now=NOW)
    assert actions.choose_language(form=form, language="es", now=NOW).language == "en"
    spanish = install_wording("phq9", "es", word="pregunta inventada")
    chosen = actions.choose_language(form=form, language="es", now=NOW)
    assert (chosen.language, chosen.wording) == ("es", spanish)
    assert Wording.objects.count() == 3


def test_why_an_answer_is_missing_is_recorded(cast: Cast) -> None:
    patient = make_patient(cast)
    row = actions.excuse_measure(patient=patient, instrument="phq9", reason="declined", by=cast.nurse, now=NOW)
    assert (row.reason, row.on.isoformat()) == ("declined", "2026-03-02")
    with pytest.raises(InvalidInput):
        actions.excuse_measure(patient=patient, instrument="phq9", reason="lazy", by=cast.nurse, now=NOW)


def test_a_total_that_stands_in_the_chart_without_a_form_counts_as_answered(cast: Cast) -> None:
    patient = make_patient(cast)
    before = load_calendar(patient, now=NOW)
    record_history(patient=patient, facts={"scales.phq9.total": 14, "scales.luts.total": 3}, by=cast.nurse, now=NOW)
    after = load_calendar(patient, now=NOW)
    assert after.completeness.answered == before.completeness.answered + 2
    standing = [{due.measure: due.standing for due in each.dues} for each in (before, after)]
    changed = {name for name in standing[0] if standing[0][name] != standing[1][name]}
    # a total alone does not tell what was said about suicide; a bladder score is that of either form
    assert changed == {"intake-mood", "intake-bladder"}


def test_letters_and_the_calendar_of_screens_read_forms_beside_the_chart(cast: Cast) -> None:
    patient = make_patient(cast)
    record_history(patient=patient, facts={"scales.phq9.total": 20}, by=cast.nurse, now=NOW - 30 * DAY)
    first = enter(patient, cast.nurse, "phq9", {**CALM, "1": 3, "2": 3}, "p-1", now=NOW - DAY)
    enter(patient, cast.nurse, "icsi", {}, "b-1", total=5, now=NOW - 2 * DAY)
    about = {"patient": patient, "site": cast.site, "subject": ("surveillance", "moca"), "by": None}
    task = open_task(kind="screen-cognition", now=NOW - 3 * DAY, **about)
    enter(patient, cast.nurse, "moca", {}, "m-1", total=27, now=NOW - DAY)
    task.refresh_from_db()
    assert task.state == "done"
    scores = {score.label: (score.first, score.last) for score in gather_scores(patient, ("phq9",))}
    assert next(iter(scores.values())) == (20, 6)

    def find_last(item: str) -> Any:
        return next(due.last_on for due in list_surveillance(patient=patient, now=NOW) if due.item == item)

    assert (find_last("bladder-score"), find_last("moca")) == (None, (NOW - DAY).date())
    record_history(patient=patient, facts={"course.has_haematuria_or_pain": False}, by=cast.nurse, now=NOW)
    assert find_last("bladder-score") == (NOW - 2 * DAY).date(), "a score alone says nothing of blood"
    changed = {"answers": {"1": 1}, "reason": "misread", "submission_id": "p-2"}
    actions.correct_form(form=first.form, by=cast.nurse, now=NOW, **changed)
    assert {score.last for score in gather_scores(patient, ("phq9",))[:1]} == {4}
