"""The sessions of one person and the marks of their course, asked in one way so that a page asks them once."""

from typing import Any

from afterglow.chairside.dosing import STARTS
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.prepared import Prepared

LEFT = ("patient-left", "ending-recorded")
_SESSIONS = Prepared(lambda patient: Session.objects.filter(patient=patient).order_by("-opened_at", "-pk"))
_MARKS = Prepared(
    lambda patient: SessionEvent.objects.filter(session__patient=patient, type__in=(*STARTS, *LEFT)).order_by(
        "occurred_at", "pk"
    )
)


def list_sessions(patient: Any) -> list[Session]:
    """Return every session of a person, newest first."""
    return _SESSIONS.ask(patient=patient)


def list_marks(patient: Any) -> list[SessionEvent]:
    """Return when drug was begun and when the person left, of every session, in the order in which it happened."""
    return _MARKS.ask(patient=patient)
