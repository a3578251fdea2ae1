"""Sessions as actions: opened, commanded, retried, refused, corrected; each durable as one piece."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.consents.models import Consent, ConsentTalk, ConsentText
from afterglow.clinic.dosing_sessions import actions
from afterglow.clinic.dosing_sessions.actions import (
    get_view,
    open_session,
    submit_command,
    tick_live_sessions,
    withdraw_text,
)
from afterglow.clinic.dosing_sessions.fold import forget_states, list_events, load_state
from afterglow.clinic.dosing_sessions.models import CommandReceipt, EventNote, ProtocolSnapshot, Session, SessionEvent
from afterglow.clinic.dosing_sessions.verify import verify_clinic
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.sites.models import Site
from afterglow.terms import InvalidInput
from tests.storage_support import NOW, make_site, make_user

pytestmark = pytest.mark.django_db
VITALS = {"systolic": 128, "diastolic": 76, "heart_rate": 84, "spo2": "97"}


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def nina(site: Site) -> User:
    return make_user("nina", site)


@pytest.fixture
def session(site: Site, nina: User) -> Session:
    patient = Patient.objects.create(
        site=site,
        number="A-1",
        family_name="Quillfeather",
        given_name="Ada",
        birth_on=date(1980, 1, 1),
        created_at=NOW,
        created_by=nina,
    )
    return open_session(
        patient=patient, plan=None, site=site, place="Room 2", protocol_id="iv-racemic", by=nina, now=NOW
    )


def submit(session: Session, by: User, kind: str, minutes: int = 1, **fields: Any) -> actions.Submission:
    options = {name: fields.pop(name) for name in ("occurred_at", "second", "request_key") if name in fields}
    return submit_command(
        session=session, type=kind, data=fields, by=by, now=NOW + timedelta(minutes=minutes), **options
    )


def test_a_session_opens_under_the_full_protocol_and_names_nobody(session: Session, nina: User) -> None:
    row = SessionEvent.objects.get(session=session)
    assert (row.type, row.seq, row.by) == ("session-opened", 1, nina.pk)
    assert b"Quillfeather" not in bytes(row.body)
    assert session.phase == "booked"
    assert ProtocolSnapshot.objects.get().hash == session.protocol_id
    assert get_view(session, NOW)["phase"] == "booked"
    assert AuditEvent.objects.get().action == "session.opened"


def test_a_command_is_an_event_an_audit_row_and_a_new_view(session: Session, nina: User) -> None:
    done = submit(session, nina, "record-vitals", **VITALS)
    assert done.events[0].seq == 2
    assert session.last_seq == Session.objects.get(pk=session.pk).last_seq >= 2
    assert done.view["vitals"]["bp"]["value"]
    last = AuditEvent.objects.order_by("seq").last()
    assert (last.action, last.by, last.patient) == ("session.record-vitals", nina.pk, session.patient_id)
    assert verify_clinic().is_intact


def test_a_command_that_cannot_be_read_leaves_nothing(session: Session, nina: User) -> None:
    with pytest.raises(InvalidInput) as error:
        submit(session, nina, "record-vitals", systolic=76, diastolic=128)
    assert error.value.problems[0].code == "pressure-inverted"
    with pytest.raises(InvalidInput):
        submit(session, nina, "fly")
    for reserved in ("open-session", "tick"):
        with pytest.raises(InvalidInput):
            submit(session, nina, reserved, **({"patient": "x", "site": "y"} if reserved == "open-session" else {}))
    assert SessionEvent.objects.count() == 1
    assert AuditEvent.objects.count() == 1


def test_what_lies_in_the_future_is_refused(session: Session, nina: User) -> None:
    with pytest.raises(InvalidInput) as error:
        submit(session, nina, "record-vitals", occurred_at=NOW + timedelta(minutes=2), **VITALS)
    assert error.value.problems[0].code == "occurred-in-future"


def test_a_refused_intention_leaves_nothing_not_even_its_text(session: Session, nina: User) -> None:
    with pytest.raises(Refused) as refusal:
        submit(session, nina, "sign-time-out", confirmed=["patient"])
    assert refusal.value.code
    assert SessionEvent.objects.count() == 1
    assert EventNote.objects.count() == 0


def test_who_has_no_permission_is_denied(session: Session, site: Site) -> None:
    for username, role, kind in (
        ("tess", "therapist", "record-arrival"),
        ("mark", "manager", "record-arrival"),
        ("nell", "nurse", "sign-order"),
    ):
        user = make_user(username, site, role)
        with pytest.raises(Denied):
            submit(session, user, kind, **({"dose_mg": "40"} if kind == "sign-order" else {}))
    stranger = make_user("otto", make_site("Elsewhere"))
    with pytest.raises(Denied):
        submit(session, stranger, "record-arrival")
    assert SessionEvent.objects.count() == 1


def test_the_same_key_is_answered_again_and_never_carried_out_twice(session: Session, nina: User) -> None:
    first = submit(session, nina, "record-vitals", request_key="k1", **VITALS)
    again = submit(session, nina, "record-vitals", 5, request_key="k1", **VITALS)
    assert again.is_repeated
    assert [event.pk for event in again.events] == [event.pk for event in first.events]
    assert SessionEvent.objects.filter(type="vitals-recorded").count() == 1
    with pytest.raises(Refused) as refusal:
        submit(session, nina, "record-arrival", 6, request_key="k1")
    assert refusal.value.code == "request-key-used"
    assert CommandReceipt.objects.count() == 1


def test_a_text_stands_apart_from_the_event_and_in_the_view(session: Session, nina: User) -> None:
    done = submit(session, nina, "record-note", note="Ada asks for the blue mask.")
    assert b"blue mask" not in bytes(done.events[0].body)
    assert "blue mask" in str(done.view["log"])
    assert list_events(session)[1].data["note"] == "Ada asks for the blue mask."


def test_a_withdrawn_entry_takes_its_text_away_and_the_chain_stays_valid(session: Session, nina: User) -> None:
    wrong = submit(session, nina, "record-note", note="Meant for another chart.")
    done = submit(session, nina, "withdraw-entry", seq=wrong.events[0].seq, reason="wrong chart")
    note = EventNote.objects.get(field="note")
    assert (note.text, note.withdrawn_by) == ("", nina.pk)
    assert "another chart" not in str(done.view)
    assert "another chart" not in str(get_view(session, NOW + timedelta(minutes=3)))
    assert verify_clinic().is_intact
    assert SessionEvent.objects.filter(type="note-recorded").count() == 1


def test_a_text_in_the_wrong_chart_can_go_at_any_time_with_its_reason(session: Session, nina: User) -> None:
    wrong = submit(session, nina, "record-note", note="Meant for another chart.").events[0].seq
    later = NOW + timedelta(days=3)
    with pytest.raises(InvalidInput):
        withdraw_text(session=session, seq=wrong, reason="because", by=nina, now=later)
    tess = make_user("tess", session.site, "therapist")
    with pytest.raises(Denied):
        withdraw_text(session=session, seq=wrong, reason="wrong-patient", by=tess, now=later)
    assert withdraw_text(session=session, seq=wrong, reason="wrong-patient", by=nina, now=later) == 1
    assert "another chart" not in str(get_view(session, later))
    assert "[text withdrawn]" in str(get_view(session, later)["log"])
    assert AuditEvent.objects.order_by("seq").last().action == "session.text-withdrawn"
    assert verify_clinic().is_intact
    with pytest.raises(Refused) as refusal:
        withdraw_text(session=session, seq=wrong, reason="wrong-patient", by=nina, now=later)
    assert refusal.value.code == "no-text"


def test_a_folded_state_in_memory_is_the_one_of_the_rows(session: Session, nina: User) -> None:
    for n in range(5):
        submit(session, nina, "record-vitals", n, **{**VITALS, "systolic": 120 + n})
    kept = load_state(session)
    forget_states()
    assert load_state(session) == kept
    assert kept.last_seq == session.last_seq


def test_time_alone_writes_only_what_it_has_to_say(session: Session, nina: User) -> None:
    submit(session, nina, "record-arrival")
    before = session.last_seq
    assert tick_live_sessions(now=NOW + timedelta(minutes=2)) == 0
    session.refresh_from_db()
    assert session.last_seq == before


def test_an_alarm_follows_the_reading_that_raises_it(session: Session, nina: User) -> None:
    done = submit(session, nina, "record-vitals", **{**VITALS, "spo2": "82"})
    assert any(event.type == "alarm-raised" for event in done.events)
    assert done.view["alarms"]


def test_an_alarm_that_nobody_answers_is_escalated_by_time_alone_and_once(session: Session, nina: User) -> None:
    submit(session, nina, "record-vitals", **{**VITALS, "spo2": "82"})
    before = session.last_seq
    later = NOW + timedelta(minutes=1, seconds=40)
    assert tick_live_sessions(now=later) == 1
    new = SessionEvent.objects.filter(session=session, seq__gt=before)
    assert {(event.type, event.by) for event in new} == {("alarm-escalated", "system")}
    assert tick_live_sessions(now=later + timedelta(seconds=2)) == 0
    assert verify_clinic().is_intact


def test_a_session_that_cannot_run_or_is_elsewhere_is_not_opened(session: Session, nina: User, site: Site) -> None:
    with pytest.raises(InvalidInput) as error:
        open_session(
            patient=session.patient, plan=None, site=site, place="", protocol_id="sublingual", by=nina, now=NOW
        )
    assert error.value.problems[0].code == "protocol-not-runnable"
    stranger = make_user("otto", make_site("Elsewhere"))
    with pytest.raises(Denied):
        open_session(
            patient=session.patient, plan=None, site=site, place="", protocol_id="iv-racemic", by=stranger, now=NOW
        )
    assert Session.objects.count() == 1


def test_a_session_needs_a_signed_plan_of_its_own_patient_at_its_own_site(
    session: Session, nina: User, site: Site
) -> None:
    other = make_site("Elsewhere")
    plan = SimpleNamespace(patient_id=session.patient_id, state="draft", protocol_content=None)
    wanted = {"patient": session.patient, "by": nina, "now": NOW, "protocol_id": "iv-racemic"}
    for code, changes in (
        ("plan-not-signed", {"plan": plan, "site": site}),
        ("plan-of-another", {"plan": SimpleNamespace(patient_id="x", state="signed"), "site": site}),
        ("patient-elsewhere", {"plan": None, "site": other}),
    ):
        with pytest.raises(Refused) as refusal:
            open_session(**wanted, **changes)
        assert refusal.value.code == code


def test_a_consent_withdrawn_in_the_chart_holds_every_dose(
    session: Session, nina: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = load_state(session)
    header = {**kept.header, "consent": {"is_valid": True, "consent": make_withdrawn_consent(session, nina).pk}}
    monkeypatch.setattr(type(kept), "header", property(lambda _: header))
    with pytest.raises(Refused) as refusal:
        submit(session, nina, "start")
    assert refusal.value.code == "consent-withdrawn"
    with pytest.raises(Refused) as held:
        submit(session, nina, "sign-time-out", confirmed=["patient"])
    assert held.value.code != "consent-withdrawn"


def make_withdrawn_consent(session: Session, user: User) -> Consent:
    text = ConsentText.objects.create(
        key="k", version="1", locale="xx", title="t", body="b", drug="racemic", is_off_label=True, recorded_at=NOW
    )
    talk = ConsentTalk.objects.create(patient=session.patient, held_at=NOW, recorded_at=NOW, recorded_by=user)
    return Consent.objects.create(
        patient=session.patient,
        text=text,
        talk=talk,
        typed_name="Ada",
        signed_at=NOW,
        witnessed_by=user,
        expires_on=date(2027, 1, 1),
        withdrawn_at=NOW,
        withdrawn_by=user,
    )


def test_an_event_that_cannot_be_stored_takes_everything_back(
    session: Session, nina: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(actions.audit, "record", fail)
    with pytest.raises(DatabaseError):
        submit(session, nina, "record-note", note="lost")
    monkeypatch.undo()
    assert Session.objects.get(pk=session.pk).last_seq == 1
    assert EventNote.objects.count() == 0
    assert submit(session, nina, "record-note", note="kept").events[0].seq == 2
    assert verify_clinic().is_intact
