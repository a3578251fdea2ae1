"""Each way to alter the record behind its back, and what `verify_clinic` says about it."""

import pytest
from django.conf import settings as django_settings

from afterglow.clinic.append_only import drop_protection
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.audit.models import AuditEvent, ChainHead
from afterglow.clinic.audit.reads import Read, record_read, write_batch
from afterglow.clinic.chain import EMPTY
from afterglow.clinic.dosing_sessions.links import calculate_event_hash
from afterglow.clinic.dosing_sessions.models import EventNote, Session, SessionEvent, SiteAnchor
from afterglow.clinic.dosing_sessions.texts import take_texts, withdraw_texts
from afterglow.clinic.dosing_sessions.verify import verify_clinic
from tests.storage_support import NOW, append, attack, make_session, make_site, make_user

pytestmark = pytest.mark.django_db
EVENT = "dosing_sessions_sessionevent"
only_sqlite = pytest.mark.skipif(
    "sqlite" not in django_settings.DATABASES["default"]["ENGINE"], reason="only SQLite takes text for bytes"
)


@pytest.fixture
def session() -> Session:
    """A session of six events beside another one of three at the same site."""
    site = make_site()
    make_session(site, "A-2", events=3)
    first = make_session(site, "A-1", events=4)
    append(first, 2)
    return first


def find_faults(session_id: str | None = None) -> list[tuple[str, str, str]]:
    return [(fault.chain, fault.row, fault.code) for fault in verify_clinic(session_id).faults]


def test_an_untouched_record_is_intact(session: Session) -> None:
    found = verify_clinic()
    assert found.is_intact
    assert found.sessions == 2
    assert found.rows >= 9


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", b'{"systolic_mmhg":90}'),
        pytest.param("body", "text where bytes were", marks=only_sqlite),
        ("type", "vitals-withdrawn"),
        ("version", 2),
        ("by", "someone"),
        ("occurred_at", "2026-03-01 11:00:00"),
        ("recorded_at", "2026-03-01 11:00:00"),
    ],
)
def test_an_altered_byte_is_named(session: Session, column: str, value: object) -> None:
    attack(f'UPDATE {EVENT} SET "{column}" = %s WHERE session_id = %s AND seq = 3', [value, session.pk])
    (fault,) = find_faults()
    assert fault[0] == f"session {session.pk}"
    assert fault[1].startswith("event 3 ")
    assert fault[2] == "row-altered"


def test_a_removed_middle_is_named(session: Session) -> None:
    attack(f"DELETE FROM {EVENT} WHERE session_id = %s AND seq = 3", [session.pk])
    assert find_faults() == [(f"session {session.pk}", "event 3", "row-missing")]


def test_a_removed_middle_with_the_rest_moved_up_is_named(session: Session) -> None:
    attack(f"DELETE FROM {EVENT} WHERE session_id = %s AND seq = 3", [session.pk])
    for seq in (4, 5, 6):
        attack(f"UPDATE {EVENT} SET seq = %s WHERE session_id = %s AND seq = %s", [seq - 1, session.pk, seq])
    (fault,) = find_faults()
    assert fault[1].startswith("event 3 ")
    assert fault[2] == "row-out-of-order"


def test_a_removed_tail_is_noticed_although_the_sessions_row_was_put_back(session: Session) -> None:
    fourth = SessionEvent.objects.get(session=session, seq=4)
    attack(f"DELETE FROM {EVENT} WHERE session_id = %s AND seq > 4", [session.pk])
    attack(
        "UPDATE dosing_sessions_session SET last_seq = 4, head_hash = %s, last_recorded_at = %s WHERE id = %s",
        [fourth.hash, fourth.recorded_at, session.pk],
    )
    assert find_faults() == [(f"session {session.pk}", "event 5", "tail-missing")]


def test_a_removed_tail_with_its_anchors_is_noticed_by_the_sealed_head(session: Session) -> None:
    fourth = SessionEvent.objects.get(session=session, seq=4)
    last = SiteAnchor.objects.get(session=session.pk, session_seq=6)
    before = SiteAnchor.objects.get(site=last.site, seq=last.seq - 1)
    attack(f"DELETE FROM {EVENT} WHERE session_id = %s AND seq > 4", [session.pk])
    attack(
        "UPDATE dosing_sessions_session SET last_seq = 4, head_hash = %s, last_recorded_at = %s WHERE id = %s",
        [fourth.hash, fourth.recorded_at, session.pk],
    )
    attack("DELETE FROM dosing_sessions_siteanchor WHERE id = %s", [last.pk])
    assert ("site:" + last.site, str(last.seq), "tail-missing") in find_faults()
    attack(
        "UPDATE audit_chainhead SET seq = %s, head = %s WHERE name = %s", [before.seq, before.hash, f"site:{last.site}"]
    )
    assert find_faults() == [(f"site:{last.site}", "head", "head-altered")]


def test_a_removed_session_is_noticed(session: Session) -> None:
    attack(f"DELETE FROM {EVENT} WHERE session_id = %s", [session.pk])
    attack("DELETE FROM dosing_sessions_session WHERE id = %s", [session.pk])
    assert find_faults() == [(f"session {session.pk}", "session", "session-missing")]
    assert find_faults(session.pk) == [(f"session {session.pk}", "session", "session-missing")]


def test_swapped_rows_are_named(session: Session) -> None:
    for old, new in ((3, 99), (4, 3), (99, 4)):
        attack(f"UPDATE {EVENT} SET seq = %s WHERE session_id = %s AND seq = %s", [new, session.pk, old])
    (fault,) = find_faults()
    assert fault[1].startswith("event 3 ")
    assert fault[2] == "row-out-of-order"


def test_swapped_payloads_are_named(session: Session) -> None:
    third, fourth = (bytes(SessionEvent.objects.get(session=session, seq=seq).body) for seq in (3, 4))
    attack(f"UPDATE {EVENT} SET body = %s WHERE session_id = %s AND seq = 3", [fourth, session.pk])
    attack(f"UPDATE {EVENT} SET body = %s WHERE session_id = %s AND seq = 4", [third, session.pk])
    (fault,) = find_faults()
    assert fault[1].startswith("event 3 ")
    assert fault[2] == "row-altered"


def test_a_chain_recomputed_without_the_key_is_named(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(SessionEvent.objects.filter(session=session).order_by("seq"))
    with pytest.MonkeyPatch.context() as stranger:
        stranger.setattr(django_settings, "CHAIN_KEY", b"guessed" * 8)
        previous = EMPTY
        for row in rows:
            row.previous = previous
            row.hash = previous = calculate_event_hash(row)
    for row in rows:
        statement = f"UPDATE {EVENT} SET previous = %s, hash = %s WHERE session_id = %s AND seq = %s"
        attack(statement, [row.previous, row.hash, session.pk, row.seq])
    attack("UPDATE dosing_sessions_session SET head_hash = %s WHERE id = %s", [previous, session.pk])
    (fault,) = find_faults()
    assert fault[1].startswith("event 1 ")
    assert fault[2] == "row-altered"


def test_a_session_given_to_another_patient_is_noticed(session: Session) -> None:
    other = Session.objects.exclude(pk=session.pk).get()
    attack("UPDATE dosing_sessions_session SET patient_id = %s WHERE id = %s", [other.patient_id, session.pk])
    (fault,) = find_faults()
    assert fault[1].startswith("event 1 ")


def test_an_altered_anchor_and_an_altered_protocol_are_noticed(session: Session) -> None:
    attack("UPDATE dosing_sessions_siteanchor SET session_seq = 3 WHERE session = %s AND session_seq = 4", [session.pk])
    assert [fault[2] for fault in find_faults()] == ["row-altered"]
    attack("UPDATE dosing_sessions_protocolsnapshot SET body = %s", [b"{}"])
    assert {fault[0] for fault in find_faults()} == {f"site:{session.site_id}", "protocols"}


def test_audit_rows_altered_or_removed_are_named() -> None:
    for n in range(5):
        audit.record(by=None, action="test.done", subject=("thing", str(n)), now=NOW)
    attack("UPDATE audit_auditevent SET subject_id = 'x' WHERE seq = 3")
    assert find_faults() == [("audit", "audit event 3 (test.done)", "row-altered")]
    attack("UPDATE audit_auditevent SET subject_id = '2' WHERE seq = 3")
    assert find_faults() == []
    attack("DELETE FROM audit_auditevent WHERE seq = 5")
    assert find_faults() == [("audit", "5", "tail-missing")]
    attack("DELETE FROM audit_auditevent WHERE seq = 2")
    assert find_faults() == [("audit", "2", "row-missing")]


def test_all_audit_rows_removed_is_noticed_even_with_their_head() -> None:
    audit.record(by=None, action="test.done", subject=("thing", "1"), now=NOW)
    attack("DELETE FROM audit_auditevent")
    assert [fault[2] for fault in find_faults()] == ["tail-missing"]


def test_nothing_is_appended_to_a_chain_whose_head_was_altered() -> None:
    audit.record(by=None, action="test.done", subject=("thing", "1"), now=NOW)
    ChainHead.objects.filter(name="audit").update(seq=0, head=EMPTY)
    with pytest.raises(Exception, match="altered"):
        audit.record(by=None, action="test.done", subject=("thing", "2"), now=NOW)
    assert AuditEvent.objects.count() == 1


def test_reads_altered_or_removed_are_noticed() -> None:
    write_batch([Read(NOW, "nina", "chart", "people.patient", f"p{n}", f"p{n}") for n in range(3)])
    record_read(by="nina", what="chart", subject=("people.patient", "p9"), now=NOW, patient="p9")
    assert find_faults() == []
    attack("UPDATE audit_readevent SET patient = 'p2' WHERE place = 1")
    assert find_faults() == [("reads", "batch 1", "row-altered")]
    attack("UPDATE audit_readevent SET patient = 'p1' WHERE place = 1")
    attack("DELETE FROM audit_readevent WHERE place = 2")
    assert find_faults() == [("reads", "batch 1", "row-altered")]


def test_a_rule_that_was_taken_away_is_reported(session: Session) -> None:
    drop_protection()
    codes = {fault[2] for fault in find_faults()}
    assert codes == {"rule-missing"}
    assert any(row == EVENT for _, row, _ in find_faults())


def test_a_withdrawn_text_leaves_the_chain_valid_and_an_altered_text_does_not(session: Session) -> None:
    data = take_texts({"text": "wrong chart", "at": 1}, ["text"], session=session, now=NOW)
    append(session, 1, data)
    note = EventNote.objects.get()
    assert b"wrong chart" not in bytes(SessionEvent.objects.get(session=session, seq=7).body)
    assert find_faults() == []
    attack("UPDATE dosing_sessions_eventnote SET text = 'another text'")
    assert [fault[2] for fault in find_faults()] == ["note-altered"]
    attack("UPDATE dosing_sessions_eventnote SET text = 'wrong chart'")
    assert withdraw_texts([note.pk], by="nina", reason="wrong-patient", now=NOW) == 1
    note.refresh_from_db()
    assert (note.text, note.withdrawn_by, note.withdrawn_reason) == ("", "nina", "wrong-patient")
    assert find_faults() == []
    attack("DELETE FROM dosing_sessions_eventnote")
    assert [fault[2] for fault in find_faults()] == ["note-missing"]


def test_the_database_lets_a_note_change_in_no_other_way(session: Session) -> None:
    from django.db import DatabaseError, transaction

    take_texts({"text": "calm"}, ["text"], session=session, now=NOW)
    attempts = [
        {"text": "other"},
        {"text": ""},
        {"text": "", "withdrawn_at": NOW},
        {"text": "", "withdrawn_at": NOW, "withdrawn_by": "n", "withdrawn_reason": "r", "digest": EMPTY},
    ]
    for change in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            EventNote.objects.update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        EventNote.objects.all().delete()
    assert EventNote.objects.get().text == "calm"


def test_one_session_can_be_verified_alone(session: Session) -> None:
    other = Session.objects.exclude(pk=session.pk).get()
    attack(f"UPDATE {EVENT} SET version = 9 WHERE session_id = %s AND seq = 1", [other.pk])
    assert find_faults(session.pk) == []
    assert len(find_faults(other.pk)) == 1


def test_verification_of_a_key_that_changed_names_every_chain(session: Session) -> None:
    make_user("other")
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(django_settings, "CHAIN_KEY", b"another" * 8)
        assert "head-altered" in {fault[2] for fault in find_faults()}


@only_sqlite
def test_text_where_bytes_were_is_a_fault_and_never_a_failure_of_the_check(session: Session) -> None:
    audit.record(by=None, action="test.noted", subject=session, now=NOW)
    assert verify_clinic().is_intact
    attack("UPDATE audit_auditevent SET detail = %s WHERE seq = 1", ["text where bytes were"])
    assert ("audit", "row-altered") in {(chain, code) for chain, _, code in find_faults()}
