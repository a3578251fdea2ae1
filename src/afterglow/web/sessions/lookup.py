"""The one way to a session: scoped to what the user may see, 404 without telling which, every read written down."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.fold import list_events, load_notes
from afterglow.clinic.dosing_sessions.models import EventNote, Session
from afterglow.clinic.prepared import Prepared
from afterglow.web.sessions.about import name_people
from afterglow.web.sessions.present.details import list_persons
from afterglow.web.sessions.present.entries import mend_log

READ = "session.read"
# the protocol itself is kept in memory by its hash
_SESSION = Prepared(
    lambda pk: Session.objects.filter(pk=pk).select_related("patient", "site", "protocol").defer("protocol__body")
)


def find_session(request: HttpRequest, session_id: str, permission: str = READ) -> Session:
    """Return the session the user may see, or raise 404."""
    session = load_session(request.user, session_id, permission)
    if session is None:
        raise Http404
    return session


def load_session(user: Any, session_id: str, permission: str = READ) -> Session | None:
    """Return the session if it exists and the user may see it."""
    session = _SESSION.find(pk=session_id)
    if session is None or not all(policy.allow(user, each, session) for each in {READ, permission}):
        return None
    return session


def record_page_read(request: HttpRequest, session: Session, what: str, now: datetime) -> None:
    """Write down that the chart of this session was read."""
    record_read(by=request.user, what=what, subject=session, now=now, patient=session.patient)


def read_view(session: Session, now: datetime, protocol: Any) -> dict[str, Any]:
    """Return the derived view with its log in the words of the screens."""
    notes = load_notes(session)
    return build_view(session, now, protocol, notes)


def build_view(session: Session, now: datetime, protocol: Any, notes: Mapping[str, EventNote]) -> dict[str, Any]:
    """Return the derived view as `read_view`, with the session's notes where they are known already."""
    view = get_view(session, now, notes)
    persons = list_persons(view["log"])
    names = name_people(persons) if persons else {}
    return {**view, "log": mend_log(view["log"], list_events(session, notes), protocol, names)}
