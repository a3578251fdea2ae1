"""Several commands of one session at once: the same record as one by one, all of them or none, every chain whole."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.dosing_sessions.actions import open_session, submit_command
from afterglow.clinic.dosing_sessions.fold import forget_states, list_events, load_state
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent, SiteAnchor
from afterglow.clinic.dosing_sessions.several import Entry, find_sent, submit_several
from afterglow.clinic.dosing_sessions.verify import verify_clinic
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.people.models import Patient, User
from afterglow.terms import InvalidInput
from tests.storage_support import NOW, make_site, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SHEET: tuple[tuple[str, dict[str, Any]], ...] = (
    ("record-arrival", {"escort": "Quillfeather, Bo"}),
    ("record-vitals", {"systolic": 128, "diastolic": 76, "heart_rate": 84, "spo2": "97"}),
    ("record-vitals", {"systolic": 168, "diastolic": 102}),
    ("record-note", {"note": "Entered from the downtime sheet."}),
)


class Ward:
    """One site with a nurse and two patients, each with an open session."""

    def __init__(self) -> None:
        """Open both sessions."""
        self.site = make_site()
        self.nurse: User = make_user("nina", self.site)
        self.sessions = [self._open(number) for number in ("A-1", "A-2")]

    def _open(self, number: str) -> Session:
        patient = Patient.objects.create(
            site=self.site,
            number=number,
            family_name="Quillfeather",
            given_name="Ada",
            birth_on=date(1980, 1, 1),
            created_at=NOW,
            created_by=self.nurse,
        )
        return open_session(
            patient=patient, plan=None, site=self.site, place=number, protocol_id="iv-racemic", by=self.nurse, now=NOW
        )

    def write_sheet(self) -> list[Entry]:
        """Return the sheet's entries, a minute apart."""
        return [
            Entry(kind, self.nurse, NOW + number * MINUTE, data) for number, (kind, data) in enumerate(SHEET, start=1)
        ]


@pytest.fixture
def ward() -> Ward:
    return Ward()


def describe(session: Session) -> list[Any]:
    return [(event.seq, event.type, event.recorded_at, event.by, dict(event.data)) for event in list_events(session)][
        1:
    ]


def test_several_entries_make_the_record_that_one_by_one_makes(ward: Ward) -> None:
    together, apart = ward.sessions
    for entry in ward.write_sheet():
        submit_command(session=apart, type=entry.type, data=entry.data, by=entry.by, now=entry.now)
    answer = submit_several(session=together, entries=ward.write_sheet(), now=NOW + 5 * MINUTE)
    assert describe(together) == describe(apart)
    assert answer.view["phase"] == "pre-checks"
    assert [event.seq for event in answer.events] == list(range(2, together.last_seq + 1))
    acts = AuditEvent.objects.filter(action__startswith="session.record-")
    assert [acts.filter(subject_id=each.pk).count() for each in ward.sessions] == [len(SHEET), len(SHEET)]
    assert not verify_clinic().faults


def test_several_entries_are_anchored_once(ward: Ward) -> None:
    session = ward.sessions[0]
    before = SiteAnchor.objects.filter(session=session.pk).count()
    submit_several(session=session, entries=ward.write_sheet(), now=NOW + 5 * MINUTE)
    assert SiteAnchor.objects.filter(session=session.pk).count() == before + 1


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (("sign-release", {}), Refused),
        (("record-vitals", {"systolic": 128}), InvalidInput),
        (("no-such-command", {}), InvalidInput),
    ],
)
def test_one_entry_that_is_refused_leaves_none_behind(
    ward: Ward, bad: tuple[str, dict[str, Any]], error: type[Exception]
) -> None:
    session = ward.sessions[0]
    rows, acts = SessionEvent.objects.count(), AuditEvent.objects.count()
    entries = [*ward.write_sheet(), Entry(bad[0], ward.nurse, NOW + 9 * MINUTE, bad[1])]
    with pytest.raises(error), transaction.atomic():
        submit_several(session=session, entries=entries, now=NOW + 9 * MINUTE)
    forget_states()
    assert (SessionEvent.objects.count(), AuditEvent.objects.count()) == (rows, acts)
    assert load_state(session).last_seq == session.last_seq == 1
    assert not verify_clinic().faults


def test_who_may_not_record_enters_nothing_beside_who_may(ward: Ward) -> None:
    stranger = make_user("stan", make_site("Other House"))
    entries = [*ward.write_sheet(), Entry("record-note", stranger, NOW + 9 * MINUTE, {"note": "Hello."})]
    with pytest.raises(Denied), transaction.atomic():
        submit_several(session=ward.sessions[0], entries=entries, now=NOW + 9 * MINUTE)
    assert SessionEvent.objects.filter(session=ward.sessions[0]).count() == 1


@action
def note_twice(*, site: Any, fails: bool) -> None:
    """Write two audit rows, and fail after them when asked to."""
    for word in ("test.one", "test.two"):
        audit.record(by=None, action=word, subject=site, now=NOW, site=site)
    if fails:
        raise Refused("asked-to", "fails as asked")


def test_what_a_failed_part_wrote_is_not_stored_with_the_rest(ward: Ward) -> None:
    with gather_links():
        note_twice(site=ward.site, fails=False)
        with pytest.raises(Refused):
            note_twice(site=ward.site, fails=True)
        note_twice(site=ward.site, fails=False)
    assert AuditEvent.objects.filter(action__startswith="test.").count() == 4
    assert not verify_clinic().faults


def _write_and_fail(ward: Ward) -> None:
    with transaction.atomic(), gather_links():
        note_twice(site=ward.site, fails=False)
        note_twice(site=ward.site, fails=True)


def test_a_block_that_fails_stores_nothing(ward: Ward) -> None:
    with pytest.raises(Refused):
        _write_and_fail(ward)
    assert not AuditEvent.objects.filter(action__startswith="test.").exists()
    note_twice(site=ward.site, fails=False)
    assert not verify_clinic().faults


def test_a_key_that_was_used_for_other_entries_or_by_somebody_else_is_refused_and_nothing_stored(ward: Ward) -> None:
    session, sheet = ward.sessions[0], ward.write_sheet()
    submit_several(session=session, entries=sheet, now=NOW + 5 * MINUTE, request_key="one")
    stored = SessionEvent.objects.filter(session=session).count()
    other = make_user("nell", ward.site)
    more = Entry("record-note", ward.nurse, NOW + 5 * MINUTE, {"note": "One more."})
    for entries in (
        [*sheet, more],
        sheet[:-1],
        [more],
        [replace(entry, by=other) for entry in sheet],
        [replace(entry, occurred_at=NOW) for entry in sheet],
    ):
        with pytest.raises(Refused) as refused, transaction.atomic():
            submit_several(session=session, entries=entries, now=NOW + 6 * MINUTE, request_key="one")
        assert refused.value.code == "request-key-used"
    assert SessionEvent.objects.filter(session=session).count() == stored


def test_the_same_entries_under_the_same_key_are_answered_with_what_was_stored(ward: Ward) -> None:
    session, sheet = ward.sessions[0], ward.write_sheet()
    first = submit_several(session=session, entries=sheet, now=NOW + 5 * MINUTE, request_key="one")
    again = submit_several(session=session, entries=sheet, now=NOW + 6 * MINUTE, request_key="one")
    assert (again.is_repeated, [event.seq for event in again.events]) == (True, [event.seq for event in first.events])
    assert again.view["last_seq"] == session.last_seq


def test_what_was_sent_under_a_key_is_found_entry_by_entry(ward: Ward) -> None:
    session, sheet = ward.sessions[0], ward.write_sheet()
    assert find_sent(session=session, entries=sheet, request_key="one") is None
    submit_several(session=session, entries=sheet, now=NOW + 5 * MINUTE, request_key="one")
    bad = Entry("record-vitals", ward.nurse, NOW, {"systolic": 128})
    changed = replace(sheet[1], data={**sheet[1].data, "systolic": 129})
    sent = find_sent(session=session, entries=[sheet[3], bad, changed, sheet[0], sheet[0]], request_key="one")
    assert sent is not None
    # the alarm of the second reading is nobody's entry, and one stored entry answers one that is sent
    found = [None if place is None else sent.events[place].type for place in sent.found]
    assert found == ["note-recorded", None, None, "arrival-recorded", None]
    assert not sent.is_same
    whole = find_sent(session=session, entries=sheet, request_key="one")
    assert whole is not None
    assert (whole.is_same, None in whole.found) == (True, False)
