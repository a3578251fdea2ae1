"""A locked session while something is decided on it: events are chained and folded at once, stored together."""

from datetime import datetime

from afterglow.chairside.decide import Decision
from afterglow.chairside.decide_record import OVER
from afterglow.chairside.dosing import STARTS, find_phase
from afterglow.chairside.events import Event
from afterglow.chairside.state import SessionState, fold
from afterglow.clinic.chain import render_canonical
from afterglow.clinic.dosing_sessions.fold import keep_state, load_protocol, load_state, read_event
from afterglow.clinic.dosing_sessions.links import Row, chain_rows, store_rows
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.live.publish import LOOK_AGAIN, get_floor_topic, publish_after_commit
from afterglow.clinic.live.stream import get_topic


class Pen:
    """What writes to one locked session: `write` decisions one after another, then `store` them."""

    def __init__(self, session: Session) -> None:
        """Read protocol and state of a session whose row is locked."""
        self.session, self.protocol = session, load_protocol(session)
        self.state: SessionState = load_state(session)
        self._unstored: list[SessionEvent] = []
        self._over_at: datetime | None = None

    def write(self, decision: Decision) -> list[SessionEvent]:
        """Chain the events of a decision and fold them into the state."""
        if not decision.events:
            return []
        session, was_over = self.session, self.session.phase in OVER
        rows = chain_rows(session, [_build_row(event) for event in decision.events])
        self.state = fold(map(read_event, rows), self.state)
        session.phase, session.is_closed = find_phase(self.state, self.protocol), self.state.is_closed
        if session.phase in OVER and not was_over:
            self._over_at = rows[-1].recorded_at
        self._unstored += rows
        return rows

    def store(self) -> None:
        """Store what was written, bring the session's row up to it, and tell who looks at it."""
        if not self._unstored:
            return
        session = self.session
        store_rows(session, self._unstored)
        session.save()
        if session.phase in OVER or any(row.type in STARTS for row in self._unstored):
            _mark_course(session, self._unstored[-1].recorded_at)
        self._unstored = []
        if self._over_at is not None:
            _finish_visit(session, self._over_at)
            self._over_at = None
        keep_state(session, self.state)
        publish_after_commit(get_topic(session.pk), session.last_seq)
        publish_after_commit(get_floor_topic(session.site_id), LOOK_AGAIN)


def _mark_course(session: Session, now: datetime) -> None:
    from afterglow.clinic.outcomes.marking import mark_stale

    mark_stale(session.patient_id, now)


def _finish_visit(session: Session, now: datetime) -> None:
    from afterglow.clinic.scheduling.actions import finish_visit

    finish_visit(session=session, now=now)


def _build_row(event: Event) -> Row:
    body = render_canonical(dict(event.data))
    return Row(event.type, event.version, event.occurred_at, event.recorded_at, event.by, body, event.second)
