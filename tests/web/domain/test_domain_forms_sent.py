"""A form's link as a message: queued once with its reminders, called back by the answer, else telephoned."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from afterglow.clinic.errors import Denied, Refused, SetupError
from afterglow.clinic.measures import actions
from afterglow.clinic.measures.due import ADDRESS, send_due_forms
from afterglow.clinic.measures.messages import find_link_states, queue_link, tell_unsent_forms
from afterglow.clinic.measures.models import MeasureForm
from afterglow.clinic.notices import actions as notices
from afterglow.clinic.notices.channels import find_form_base
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.people.models import HistoryFact
from afterglow.clinic.tasks.models import Task
from afterglow.clinic.tasks.sweeping import sweep
from tests.factories import DAY, NOW, Cast, make_patient, make_plan
from tests.support.measuring import CALM, ask, enter, install_wording

pytestmark = pytest.mark.django_db
BASE = "https://checkin.example.org"
FIRST_DAY, LAST_DAY = timedelta(days=2), timedelta(days=5)


class Silent:
    """A sender that takes everything and keeps it."""

    def __init__(self) -> None:
        """Begin empty."""
        self.sent: list[Any] = []

    def send(self, delivery: Any) -> str:
        """Keep a delivery."""
        self.sent.append(delivery)
        return "ok"


@pytest.fixture
def patient(cast: Cast) -> Any:
    return make_patient(cast, phone="+43 660 1234567")


def send(cast: Cast, patient: Any, **more: Any) -> tuple[MeasureForm, str]:
    form, token = ask(patient, cast.nurse, **more)
    queue_link(form=form, link=BASE + ADDRESS.format(token=token), by=cast.nurse, now=more.get("now", NOW))
    return form, token


def list_waiting(patient: Any) -> list[str]:
    rows = Notice.objects.filter(patient=patient, state="waiting").order_by("send_after")
    return list(rows.values_list("template", flat=True))


def test_the_link_leaves_with_two_reminders_that_stop_with_the_answer(cast: Cast, patient: Any) -> None:
    form, token = send(cast, patient)
    assert ADDRESS.format(token=token) == reverse("phone:form", args=[token])
    assert list_waiting(patient) == ["form", "form-again", "form-again"]
    gate = Silent()
    for at in (NOW, NOW + DAY, NOW + FIRST_DAY):
        notices.send_due(now=at, senders={"sms": gate})
    assert len(gate.sent) == 2
    for each in gate.sent:
        assert token in each.message.text
        assert not {"PHQ", patient.family_name} & set(each.message.text.split())
    state = find_link_states([form])[form.pk]
    assert (state.word, state.reminder_at) == ("sent", NOW + LAST_DAY)
    for item in CALM:
        actions.save_answer(form=form, item=item, value=0, now=NOW + FIRST_DAY)
    actions.submit_form(form=form, submission_id="s-1", now=NOW + FIRST_DAY)
    assert list_waiting(patient) == []


def test_paper_an_ended_link_and_an_alert_call_the_reminders_back(cast: Cast, patient: Any) -> None:
    send(cast, patient)
    enter(patient, cast.nurse, "phq9", CALM, "paper", now=NOW + DAY)
    assert list_waiting(patient) == []
    form, _ = send(cast, patient, now=NOW + DAY)
    actions.end_form(form=form, by=cast.nurse, now=NOW + DAY)
    assert list_waiting(patient) == []
    form, _ = send(cast, patient, now=NOW + DAY)
    actions.save_answer(form=form, item="9", value=1, now=NOW + DAY)
    assert list_waiting(patient) == []
    form, token = actions.renew_link(form=form, by=cast.nurse, now=NOW + DAY)
    queue_link(form=form, link=BASE + ADDRESS.format(token=token), by=cast.nurse, now=NOW + DAY)
    assert list_waiting(patient) == ["form"], "a person calls; no reminder repeats the question"


def test_a_new_link_keeps_what_was_answered_and_closes_the_old_one(cast: Cast, patient: Any) -> None:
    form, old = send(cast, patient)
    actions.save_answer(form=form, item="1", value=2, now=NOW)
    renewed, token = actions.renew_link(form=form, by=cast.nurse, now=NOW + DAY)
    assert (actions.find_form(old), actions.find_form(token)) == (None, renewed)
    assert [row.value for row in renewed.answers.all()] == [2]
    with pytest.raises(Denied):
        actions.renew_link(form=form, by=cast.manager, now=NOW)
    actions.end_form(form=renewed, by=cast.nurse, now=NOW + DAY)
    with pytest.raises(Refused):
        actions.renew_link(form=form, by=cast.nurse, now=NOW + DAY)


def test_what_cannot_be_sent_is_telephoned_until_it_is_answered(cast: Cast) -> None:
    silent = make_patient(cast, phone="")
    form, _ = send(cast, silent)
    call = Task.objects.get(kind="tell-by-phone", state="open")
    assert (call.patient, call.subject_id) == (silent, form.pk)
    assert call.detail.startswith("Questions wait")
    assert call.detail.endswith("no address is on file")
    assert Notice.objects.filter(patient=silent).count() == 1, "no reminder of what cannot be sent"
    enter(silent, cast.nurse, "phq9", CALM, "paper")
    call.refresh_from_db()
    assert call.state == "cancelled"
    # a channel that is switched off is found out when the message should leave
    reached = make_patient(cast, given_name="Birch", phone="+43 660 1234567")
    send(cast, reached)
    notices.send_due(now=NOW, senders={})
    assert len([task for task in tell_unsent_forms(site=cast.site, now=NOW) if task]) == 1
    assert list(tell_unsent_forms(site=cast.site, now=NOW)) == []


def test_due_forms_go_out_by_themselves_only_where_asked_for_and_once(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(cast)
    patient = plan.patient
    patient.phone = "+43 660 1234567"
    patient.save(update_fields=["phone"])
    for instrument in ("mdq", "who5", "icsi"):
        install_wording(instrument)
    # the chart's bladder score would stand for the form
    ended = {"ended_at": NOW, "ended_by": cast.nurse, "end_reason": "another person's"}
    HistoryFact.objects.filter(patient=patient, name="scales.luts.total").update(**ended)
    sweep(now=NOW, site=cast.site)
    assert not MeasureForm.objects.exists()
    config = tmp_path / "clinic.toml"
    for words in ('forms = "due"', 'forms = "always"\nlinks = "https://x.example"'):
        config.write_text(f"[notices]\n{words}\n")
        with pytest.raises(SetupError):
            find_form_base(tmp_path)
    config.write_text(f'[notices]\nforms = "due"\nlinks = "{BASE}/"\n')
    monkeypatch.setattr("django.conf.settings.DATA_DIR", tmp_path)
    sweep(now=NOW + DAY, site=cast.site)
    made = list(MeasureForm.objects.filter(patient=patient))
    assert sorted(form.instrument for form in made) == ["mdq", "who5"], (
        "PHQ-9 and GAD-7 stand in the chart; two at a time"
    )
    assert {form.asked_by for form in made} == {None}
    assert list_waiting(patient).count("form") == 2
    sweep(now=NOW + 2 * DAY, site=cast.site)
    assert MeasureForm.objects.filter(patient=patient).count() == 2, "two are open: nothing more goes out"
    for form in made:
        actions.end_form(form=form, by=cast.nurse, now=NOW + 2 * DAY)
    again = send_due_forms(patient=patient, base=BASE, now=NOW + 2 * DAY)
    assert [form.instrument for form in again] == ["icsi"], "once for a due day, also where the link was ended"


def test_nothing_goes_by_itself_to_somebody_whose_answer_waits_for_its_assessment(cast: Cast) -> None:
    plan = make_plan(cast)
    install_wording("gad7")
    enter(plan.patient, cast.nurse, "phq9", {**CALM, "9": 1}, "alert")
    assert send_due_forms(patient=plan.patient, base=BASE, now=NOW) == []
