"""The one way to a session: scoped to what the user may see, 404 without telling which, every read written down."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.fold import list_events
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.web.sessions.present.entries import mend_log

READ = "session.read"


def find_session(request: HttpRequest, session_id: str, permission: str = READ) -> Session:
    """Return the session the user may see, or raise 404."""
    session = load_session(request.user, session_id, permission)
    if session is None:
        raise Http404
    return session


def load_session(user: Any, session_id: str, permission: str = READ) -> Session | None:
    """Return the session if it exists and the user may see it."""
    rows = policy.scope(user, Session.objects.select_related("patient", "site", "plan", "protocol"))
    session = rows.filter(pk=session_id).first()
    if session is None or not policy.allow(user, permission, session):
        return None
    return session


def record_page_read(request: HttpRequest, session: Session, what: str, now: datetime) -> None:
    """Write down that the chart of this session was read."""
    record_read(by=request.user, what=what, subject=session, now=now, patient=session.patient)


def read_view(session: Session, now: datetime, protocol: Any) -> dict[str, Any]:
    """Return the derived view with its log in the words of the screens."""
    view = get_view(session, now)
    return {**view, "log": mend_log(view["log"], list_events(session), protocol)}
