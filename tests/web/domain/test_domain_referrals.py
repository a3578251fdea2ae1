"""Referrals: received once, nothing told is lost, the same person found and never joined by itself, decided whole."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.measures.risk import find_stop
from afterglow.clinic.notices.actions import list_wishes, record_wish
from afterglow.clinic.people.models import Patient
from afterglow.clinic.referrals import actions as referrals
from afterglow.clinic.referrals.models import (
    ContactCard,
    PossibleMatch,
    Referral,
    ReferralEvent,
    ReferralPaper,
    ToldEntry,
)
from afterglow.clinic.referrals.waking import wake_referrals
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.models import Task
from afterglow.terms import InvalidInput
from tests.factories import NOW, Cast, make_patient
from tests.support.referring import LETTER, PUBLIC, send_letter, send_public

HOUR = timedelta(hours=1)


def list_kinds(**lookup: Any) -> list[str]:
    return list(Task.objects.filter(**lookup).order_by("kind").values_list("kind", flat=True))


def test_the_same_form_sent_twice_is_one_referral(cast: Cast) -> None:
    first, again = send_public(cast), send_public(cast, now=NOW + HOUR)
    assert first.pk == again.pk
    assert Referral.objects.count() == 1
    assert list_kinds() == ["referral-reply"]
    assert ReferralEvent.objects.filter(kind="sent-again").count() == 0
    assert send_public(cast, key="form-2").pk != first.pk


def test_other_answers_under_the_same_key_are_kept_beside_the_first(cast: Cast) -> None:
    first = send_public(cast)
    send_public(cast, asks="Something else", email="rowan@example.org", now=NOW + HOUR)
    first.refresh_from_db()
    assert first.asks == "Resistant depression"
    assert first.email == "rowan@example.org"
    kept = ReferralEvent.objects.get(kind="sent-again")
    assert kept.detail["answers"]["asks"] == "Something else"


def test_what_a_person_tells_is_read_strictly_and_every_problem_is_named(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as caught:
        send_public(cast, birth_on="2030-01-01", phone="12", phq9_total="21", asks="")
    assert sorted(problem.path for problem in caught.value.problems) == ["asks", "birth_on", "phone", "phq9_total"]
    assert not Referral.objects.exists()
    assert not Task.objects.exists()


def test_a_crisis_waits_for_no_field_and_opens_a_call(cast: Cast) -> None:
    answers = {"crisis_today": "yes", "given_name": "Linden", "phone": "12", "email": "not an address"}
    referral = referrals.receive_public_intake(site=cast.site, answers=answers, now=NOW, source_key="k")
    assert (referral.urgency, referral.reply_due_at - NOW) == ("crisis", timedelta(minutes=15))
    assert "email: not an address" in ReferralEvent.objects.get(kind="received").text
    task = Task.objects.get(kind="crisis-call")
    assert task.detail == "may act on suicidal thoughts today"
    assert (task.due_at, task.escalate_at) == (NOW + timedelta(minutes=15), NOW + timedelta(minutes=5))


def test_a_crisis_told_only_the_second_time_is_one(cast: Cast) -> None:
    first = send_public(cast)
    send_public(cast, crisis_harm="yes", now=NOW + HOUR)
    first.refresh_from_db()
    assert first.is_crisis
    assert first.reply_due_at == NOW + HOUR + timedelta(minutes=15)
    assert "crisis-call" in list_kinds(state="open")


def test_a_crisis_ends_by_a_call_that_a_licensed_person_logs(cast: Cast) -> None:
    referral = send_public(cast, crisis_today="yes")
    with pytest.raises(Refused):
        referrals.set_urgency(referral=referral, urgency="routine", reason="looks fine", by=cast.nurse, now=NOW)
    with pytest.raises(Refused):
        referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW)
    with pytest.raises(Denied):
        referrals.log_call(referral=referral, outcome="spoken-safe", text="fine", by=cast.desk, now=NOW)
    referrals.log_call(referral=referral, outcome="not-reached", text="rang out", by=cast.desk, now=NOW)
    referral.refresh_from_db()
    assert referral.is_crisis
    referrals.log_call(referral=referral, outcome="spoken-safe", text="with sister", by=cast.nurse, now=NOW + HOUR)
    referral.refresh_from_db()
    assert (referral.urgency, referral.first_reply_at) == ("urgent", NOW + HOUR)
    assert Task.objects.get(kind="crisis-call").state == "done"


def test_urgency_is_read_from_what_was_told_and_due_in_clinic_hours(cast: Cast) -> None:
    referral = send_letter(cast)
    assert referral.urgency == "soon"
    # Monday 10:00 in Vienna; three clinic days of ten hours each later it is Thursday, the same time
    due = referral.reply_due_at.astimezone(ZoneInfo("Europe/Vienna"))
    assert due == datetime(2026, 3, 5, 10, 0, tzinfo=ZoneInfo("Europe/Vienna"))


def test_the_likely_person_is_shown_and_never_joined_by_itself(cast: Cast) -> None:
    patient = make_patient(cast, given_name="Rowena", birth_on=date(1988, 3, 3), phone="555-0142")
    make_patient(cast, given_name="Zoe", birth_on=date(1950, 1, 1), phone="555 9999")
    referral = send_letter(cast)
    match = PossibleMatch.objects.get()
    assert (match.patient, match.state) == (patient, "open")
    assert match.working["fields"][0] == {"field": "name", "verdict": "near", "points": 2}
    assert referral.patient is None
    with pytest.raises(Refused) as caught:
        referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW)
    assert caught.value.code == "same-person-open"
    referrals.mark_different(match=match, by=cast.nurse, now=NOW)
    accepted = referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW)
    assert accepted.pk != patient.pk


def test_somebody_registered_later_is_found_when_it_is_accepted(cast: Cast) -> None:
    referral = send_letter(cast)
    make_patient(cast, given_name="Rowan", birth_on=date(1988, 3, 3))
    with pytest.raises(Refused):
        referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW)


def test_accepting_enters_everything_that_was_told_and_marks_it_unconfirmed(cast: Cast) -> None:
    referral = send_letter(cast)
    body = b"%PDF-1.7 letter"
    referrals.keep_paper(
        referral=referral, title="Letter", body=body, media_type="application/pdf", by=cast.nurse, now=NOW
    )
    patient = referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW)
    assert (patient.display_name, patient.birth_on, patient.phone) == ("Demo, Rowan", date(1988, 3, 3), "555 0142")
    facts = dict(patient.historyfact_set.values_list("name", "value"))
    assert facts["history.aneurysm"] is False
    assert facts["history.cardiovascular_risk"] is None
    assert facts["scales.phq9.total"] == 21
    assert list(patient.medicationtrial_set.values_list("drug", "weeks").order_by("drug"))[1] == ("Venlafaxine", None)
    assert patient.medicationstatement_set.get().dose_text == "225 mg in the morning"
    assert list(patient.problementry_set.values_list("code", flat=True).order_by("-code")) == ["F33.2", ""]
    assert patient.measurement_set.get().value == 138
    assert patient.allergy_set.get().substance == "Penicillin"
    rows = ToldEntry.objects.filter(patient=patient)
    assert rows.filter(confirmed_at__isnull=True, told_by="referrer").count() == rows.count() == len(facts) + 7
    titles = list(patient.documents.values_list("title", flat=True))
    assert titles == ["Letter", "Told in the referral of 2026-03-02"]
    assert list_kinds(state="open", patient=patient) == [
        "referral-ask",
        "referral-ask",
        "risk-now",
        "suicide-risk-ask",
    ]
    asked = sorted(Task.objects.filter(kind="referral-ask").values_list("detail", flat=True))
    assert asked[0].startswith("Ask the doctor: Doses and weeks.")
    assert "Alcohol" in asked[1]


def test_a_patient_on_file_keeps_what_stands_in_the_chart(cast: Cast) -> None:
    from afterglow.clinic.people import actions as people

    patient = make_patient(cast, given_name="Rowan", birth_on=date(1988, 3, 3), phone="555 7777")
    people.record_history(patient=patient, facts={"history.aneurysm": True}, by=cast.nurse, now=NOW)
    people.record_allergy(patient=patient, substance="penicillin", reaction="rash", by=cast.nurse, now=NOW)
    referral = send_letter(cast)
    referrals.join_to_patient(referral=referral, patient=patient, by=cast.nurse, now=NOW)
    assert referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW) == patient
    patient.refresh_from_db()
    assert patient.phone == "555 7777"
    assert patient.historyfact_set.get(name="history.aneurysm", ended_at__isnull=True).value is True
    assert patient.allergy_set.get().reaction == "rash"
    assert ContactCard.objects.get(patient=patient).phone == "555 0142"
    left = ReferralEvent.objects.get(kind="accepted").detail["left"]
    assert {"history.aneurysm", "Penicillin"} <= set(left)


def test_two_referrals_of_one_person_are_joined_and_both_texts_stay(cast: Cast) -> None:
    first = send_letter(cast)
    second = send_public(cast, crisis_today="yes", history="I cannot go on", now=NOW + HOUR)
    assert PossibleMatch.objects.get(referral=second).other == first
    target = referrals.join_referrals(referral=second, into=first, by=cast.nurse, now=NOW + HOUR)
    second.refresh_from_db()
    assert (second.state, second.joined_to, second.history) == ("joined", first, "I cannot go on")
    assert (target.urgency, target.history) == ("crisis", "Depression since 2019.")
    assert target.reply_due_at == second.reply_due_at
    assert {task.subject_id for task in Task.objects.filter(state="open", kind="crisis-call")} == {first.pk}
    referrals.log_call(referral=target, outcome="with-other", text="at the ward", by=cast.nurse, now=NOW + 2 * HOUR)
    patient = referrals.accept_referral(referral=target, by=cast.nurse, now=NOW + 2 * HOUR)
    text = bytes(patient.documents.order_by("-recorded_at", "-title")[0].content.body).decode()
    assert "I cannot go on" in text
    assert "Depression since 2019." in text


def test_declining_is_a_prescribers_and_writes_the_letter(cast: Cast) -> None:
    referral = send_letter(cast)
    words = {"reason": "No adequate trial yet", "other_help": "Family doctor; therapy first"}
    with pytest.raises(Denied):
        referrals.decline_referral(referral=referral, by=cast.nurse, now=NOW, **words)
    referrals.ask_decline(referral=referral, by=cast.nurse, now=NOW, **words)
    assert "decline-to-confirm" in list_kinds(state="open")
    with pytest.raises(InvalidInput):
        referrals.decline_referral(referral=referral, by=cast.owner, now=NOW, reason="No", other_help=" ")
    referrals.decline_referral(referral=referral, by=cast.owner, now=NOW, **words)
    referral.refresh_from_db()
    assert (referral.state, referral.decided_by) == ("declined", cast.owner)
    letter = bytes(ReferralPaper.objects.get(kind="letter").content.body).decode()
    assert "No adequate trial yet" in letter
    assert "Family doctor; therapy first" in letter
    assert "Petra" in letter
    # what was told of suicide is asked about all the same
    assert list_kinds(state="open") == ["suicide-risk-ask"]
    with pytest.raises(Conflict):
        referrals.accept_referral(referral=referral, by=cast.owner, now=NOW)
    referrals.reopen(referral=referral, reason="A trial was found", by=cast.owner, now=NOW)
    assert Referral.objects.get().state == "open"
    assert Referral.objects.get().decline_reason == "No adequate trial yet"
    # somebody is asked for a reply again, and not in the past
    reply = Task.objects.get(kind="referral-reply", state="open")
    assert reply.due_at > NOW
    referrals.decline_referral(referral=referral, by=cast.owner, now=NOW, **words)
    assert list_kinds(state="open") == ["suicide-risk-ask"]


def test_how_a_person_wants_to_be_reached_is_kept_when_they_become_a_patient(cast: Cast) -> None:
    said = {"email": "rowan@example.org", "may_call": "yes", "may_leave_message": "no"}
    patient = referrals.accept_referral(referral=send_public(cast, **said), by=cast.nurse, now=NOW)
    wishes = list_wishes(patient)
    assert (wishes["mail"].is_allowed, wishes["mail"].address) == (True, "rowan@example.org")
    assert wishes["mail"].recorded_by is None
    assert wishes["sms"].is_allowed is False
    # what a doctor wrote about a person's mail is no wish of the person
    told = referrals.accept_referral(
        referral=send_letter(cast, family_name="Sample", given_name="Alder", birth_on="1970-01-01",
                             phone="555 0177", email="alder@example.org", insurance_last4=None, address=None),
        by=cast.nurse, now=NOW,
    )  # fmt: skip
    assert list_wishes(told) == {}


def test_a_wish_on_file_is_not_changed_by_a_later_form(cast: Cast) -> None:
    patient = make_patient(cast, phone="555 0142")
    record_wish(patient=patient, channel="mail", is_allowed=False, by=cast.desk, now=NOW)
    referral = send_public(cast, email="rowan@example.org", may_call="no")
    referrals.join_to_patient(referral=referral, patient=patient, by=cast.nurse, now=NOW)
    referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW)
    wishes = list_wishes(patient)
    assert (wishes["mail"].is_allowed, wishes["sms"].is_allowed) == (False, False)


def test_a_second_crisis_calls_again(cast: Cast) -> None:
    referral = send_public(cast, crisis_today="yes")
    referrals.log_call(referral=referral, outcome="spoken-safe", text="Safe today", by=cast.nurse, now=NOW)
    assert "crisis-call" not in list_kinds(state="open")
    later = NOW + timedelta(days=1)
    referrals.set_urgency(referral=referral, urgency="crisis", reason="called again", by=cast.nurse, now=later)
    task = Task.objects.get(kind="crisis-call", state="open")
    assert (task.due_at, task.escalate_at) == (later + timedelta(minutes=15), later + timedelta(minutes=5))
    referrals.log_call(referral=referral, outcome="with-other", text="On a ward", by=cast.nurse, now=later)
    assert "crisis-call" not in list_kinds(state="open")


def test_the_task_of_a_reply_is_due_when_the_reply_is(cast: Cast) -> None:
    referral = send_public(cast)

    def read() -> tuple[Any, Any]:
        return Task.objects.get(kind="referral-reply", state="open").due_at, Referral.objects.get().reply_due_at

    assert read()[0] == read()[1]
    before = read()[0]
    referrals.set_urgency(referral=referral, urgency="urgent", reason="told by phone", by=cast.nurse, now=NOW)
    assert read()[0] == read()[1] < before
    referrals.pause(referral=referral, until=date(2026, 3, 16), reason="moving", by=cast.desk, now=NOW)
    assert read()[0] == read()[1] > before
    referrals.resume(referral=referral, by=cast.desk, now=NOW + HOUR)
    assert read()[0] == read()[1] < before


def test_what_waited_or_was_paused_until_a_day_comes_back_on_it(cast: Cast) -> None:
    waiting = send_public(cast)
    referrals.ask_for(referral=waiting, items=["medicines"], whom="person", is_first=True, by=cast.nurse, now=NOW)
    paused = send_public(cast, key="form-2", family_name="Sample", birth_on="1970-01-01", phone="555 0199")
    referrals.pause(referral=paused, until=date(2026, 3, 10), reason="moving", by=cast.desk, now=NOW)
    wake_referrals(site=cast.site, now=NOW + timedelta(days=7))
    assert [row.state for row in Referral.objects.order_by("received_at", "source_key")] == ["waiting", "paused"]
    wake_referrals(site=cast.site, now=NOW + timedelta(days=8))
    paused.refresh_from_db()
    assert (paused.state, paused.paused_until) == ("open", None)
    assert Task.objects.get(kind="referral-reply", state="open").due_at == paused.reply_due_at
    later = NOW + timedelta(days=14)
    assert [task.subject_id for task in wake_referrals(site=cast.site, now=later)] == [waiting.pk]
    waiting.refresh_from_db()
    assert (waiting.state, waiting.waiting_until) == ("open", None)
    assert waiting.reply_due_at > later
    assert wake_referrals(site=cast.site, now=later) == []


def test_what_is_asked_reads_as_a_sentence_with_items_words_or_both(cast: Cast) -> None:
    referral = send_public(cast)
    asked: dict[str, Any] = {"referral": referral, "by": cast.nurse, "now": NOW}
    referrals.ask_for(**asked, items=[], whom="doctor", text="Please send the last letter.")
    referrals.ask_for(**asked, items=["medicines"], whom="person")
    referrals.ask_for(**asked, items=["medicines"], whom="ward", text="All of them.")
    details = list(Task.objects.filter(kind="referral-ask").order_by("pk").values_list("detail", flat=True))
    assert sorted(details)[0] == "Ask the doctor: Please send the last letter."
    assert all(": ;" not in each for each in details)
    assert sorted(details)[2].endswith("; All of them.")


def test_a_pause_keeps_the_time_that_was_left(cast: Cast) -> None:
    referral = send_public(cast)
    referrals.pause(referral=referral, until=date(2026, 3, 16), reason="moving", by=cast.desk, now=NOW + 2 * HOUR)
    referral.refresh_from_db()
    # 100 clinic hours, two gone: the rest begins on Monday 16 March at eight and ends on the tenth open day at 16
    due = referral.reply_due_at.astimezone(ZoneInfo("Europe/Vienna"))
    assert due == datetime(2026, 3, 27, 16, 0, tzinfo=ZoneInfo("Europe/Vienna"))
    with pytest.raises(InvalidInput):
        referrals.pause(referral=referral, until=date(2026, 3, 2), reason="x", by=cast.desk, now=NOW)
    referrals.resume(referral=referral, by=cast.desk, now=NOW + 3 * HOUR)
    assert Referral.objects.get().state == "open"


def test_answers_entered_later_keep_what_was_told_before(cast: Cast) -> None:
    referral = send_letter(cast)
    referrals.ask_for(referral=referral, items=["trial-doses"], whom="doctor", by=cast.nurse, now=NOW, is_first=True)
    referral.refresh_from_db()
    assert (referral.state, referral.waiting_until) == ("waiting", date(2026, 3, 16))
    version = referral.version
    entered = {"trial_2_dose_mg": "225", "trial_2_weeks": "12", "phone": "555 0199"}
    referrals.record_answers(referral=referral, answers=entered, version=version, by=cast.nurse, now=NOW)
    referral.refresh_from_db()
    assert (referral.state, referral.phone) == ("open", "555 0199")
    event = ReferralEvent.objects.get(kind="answered")
    assert event.detail["before"]["phone"] == "555 0142"
    with pytest.raises(Conflict):
        referrals.record_answers(referral=referral, answers=entered, version=version, by=cast.nurse, now=NOW)


def test_who_has_taken_it_is_not_taken_away_silently(cast: Cast) -> None:
    referral = send_public(cast)
    referrals.take(referral=referral, by=cast.nurse, now=NOW)
    with pytest.raises(Conflict):
        referrals.take(referral=referral, by=cast.desk, now=NOW)
    referrals.take(referral=referral, by=cast.desk, now=NOW, is_takeover=True)
    assert Referral.objects.get().taken_by == cast.desk


@pytest.mark.parametrize("who", ["therapist", "manager", "stranger"])
def test_who_has_no_permission_here_changes_nothing(cast: Cast, who: str) -> None:
    referral = send_public(cast)
    with pytest.raises(Denied):
        referrals.take(referral=referral, by=getattr(cast, who), now=NOW)
    with pytest.raises(Denied):
        send_letter(cast, by=getattr(cast, who))
    assert Referral.objects.count() == 1


def test_the_audit_names_acts_and_codes_but_no_word_that_was_told(cast: Cast) -> None:
    send_letter(cast)
    rows = AuditEvent.objects.filter(action__startswith="referral.")
    assert [row.action for row in rows] == ["referral.received", "referral.step-opened"]
    told = bytes(rows[0].detail).decode()
    assert not any(word in told for word in ("Rowan", "Depression", LETTER["phone"], PUBLIC["birth_on"]))


def test_a_told_entry_is_confirmed_once_by_somebody_who_may_edit_the_chart(cast: Cast) -> None:
    patient = referrals.accept_referral(referral=send_letter(cast), by=cast.nurse, now=NOW)
    told = ToldEntry.objects.filter(patient=patient)[0]
    with pytest.raises(Denied):
        referrals.confirm_told(told=told, by=cast.desk, now=NOW)
    assert referrals.confirm_told(told=told, by=cast.nurse, now=NOW).confirmed_by == cast.nurse
    with pytest.raises(Conflict):
        referrals.confirm_told(told=told, by=cast.nurse, now=NOW)


def test_a_person_without_a_birth_date_is_not_registered(cast: Cast) -> None:
    referral = send_letter(cast, birth_on=None)
    with pytest.raises(Refused):
        referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW)
    assert not Patient.objects.exists()
    assert Referral.objects.get().state == "open"


def test_the_first_visit_is_booked_with_the_acceptance_or_nothing_is(cast: Cast) -> None:
    from afterglow.clinic.scheduling.models import Appointment, StaffHours
    from afterglow.clinic.sites.models import Place
    from afterglow.web.referrals.tiles import list_openings

    place = Place.objects.create(site=cast.site, name="Room 1")
    whose: list[dict[str, Any]] = [{"role": "clinic"}, {"role": "prescriber", "user": cast.owner}]
    for weekday in range(5):
        for one in whose:
            hours = {"weekday": weekday, "begins": time(8), "ends": time(17), "created_at": NOW}
            StaffHours.objects.create(site=cast.site, **hours, **one)
    referral = send_letter(cast)
    opening = list_openings(cast.site, now=NOW, limit=3)[0]
    given: dict[str, Any] = {"place": opening.place or place, "clinician": cast.owner, "by": cast.nurse, "now": NOW}
    with pytest.raises(Refused):
        referrals.accept_referral(referral=referral, starts_at=opening.starts_at + timedelta(hours=14), **given)
    assert not Patient.objects.exists()
    assert Referral.objects.get().state == "open"
    patient = referrals.accept_referral(referral=referral, starts_at=opening.starts_at, **given)
    visit = Appointment.objects.get()
    assert (visit.patient, visit.kind, visit.starts_at) == (patient, "assessment", opening.starts_at)
    letter = bytes(ReferralPaper.objects.get(kind="letter").content.body).decode()
    assert "The first visit is on" in letter


SPEAKS = {"crisis_thoughts": "yes", "crisis_today": "no", "phq9_item9": "2", "phq9_total": "21", "alcohol": "most-days"}


def test_what_is_told_of_suicide_asks_the_c_ssrs_by_itself_and_stays_with_the_person(cast: Cast) -> None:
    referral = send_letter(cast, by=cast.desk, bp_systolic="176", bp_diastolic="104", bp_on=None, **SPEAKS)
    task = Task.objects.get(kind="suicide-risk-ask")
    assert (task.due_at, task.patient, task.owner_role) == (NOW + timedelta(days=2), None, "nurse")
    assert task.escalate_at is not None
    patient = referrals.accept_referral(referral=referral, by=cast.nurse, now=NOW + HOUR)
    task.refresh_from_db()
    assert (task.patient, task.state, task.due_at) == (patient, "open", NOW + timedelta(days=2))
    alert = patient.risk_alerts.get()
    assert (alert.seen, alert.holds_dose, alert.way) == (
        {"Thoughts of ending their life in the last month": "1", "PHQ-9 item 9": "2"},
        True,
        "referral",
    )
    assert Task.objects.get(kind="risk-now", patient=patient).state == "open"
    assert find_stop(patient, now=NOW + HOUR) is not None
    told = dict(patient.told_answers.values_list("name", "value"))
    assert told == {"crisis_thoughts": "yes", "crisis_today": "no", "alcohol": "most-days"} | {
        "bp_systolic": 176,
        "bp_diastolic": 104,
    }
    assert ToldEntry.objects.filter(patient=patient, kind="toldanswer", confirmed_at=None).count() == len(told)
    gaps = " ".join(Task.objects.filter(kind="referral-ask", patient=patient).values_list("detail", flat=True))
    assert all(word in gaps for word in ("AUDIT-C", "ECG", "Conditions that matter"))


def test_the_c_ssrs_is_asked_once_and_again_only_when_worse_is_told(cast: Cast) -> None:
    referral = send_public(cast)
    assert "suicide-risk-ask" not in list_kinds()
    asked = {"referral": referral, "by": cast.nurse}
    referrals.record_answers(answers={"phq9_item9": "1"}, version=referral.version, now=NOW + HOUR, **asked)
    referrals.record_answers(answers={"email": "rowan@example.org"}, version=referral.version, now=NOW + HOUR, **asked)
    task = Task.objects.get(kind="suicide-risk-ask")
    tasks.complete_task(task=task, outcome="recorded", by=cast.nurse, now=NOW + 2 * HOUR)
    referrals.record_answers(answers={"phone": "555 0143"}, version=referral.version, now=NOW + 3 * HOUR, **asked)
    assert list_kinds(kind="suicide-risk-ask") == ["suicide-risk-ask"]
    referrals.record_answers(answers={"phq9_item9": "3"}, version=referral.version, now=NOW + 3 * HOUR, **asked)
    assert list_kinds(kind="suicide-risk-ask", state="open") == ["suicide-risk-ask"]


def test_who_came_without_a_doctor_is_asked_themselves(cast: Cast) -> None:
    patient = referrals.accept_referral(referral=send_public(cast), by=cast.nurse, now=NOW + HOUR)
    details = Task.objects.filter(kind="referral-ask", patient=patient).values_list("detail", flat=True)
    assert [detail.partition(":")[0] for detail in details] == ["Ask the person"]
