"""Sessions of a chart by their events alone: an infusion from a bag that ran to its end, the person gone after it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from afterglow.clinic.chain import render_canonical
from afterglow.clinic.dosing_sessions.actions import open_session
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from tests.factories import Cast

MINUTE = timedelta(minutes=1)


def give(
    cast: Cast, plan: Any, at: datetime, *, mg: str | None = "36", more: Sequence[tuple[str, int, Any]] = (),
    has_left: bool = True,
) -> Session:  # fmt: skip
    """Return a session whose infusion of `mg` began at an instant; `more` are events by type, minute and data."""
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, place="Room 1", by=cast.nurse, now=at)
    rows: list[tuple[str, int, Any]] = [("dosing-started", 0, {"rate_ml_per_h": "90"})]
    if mg is not None:
        rows.append(("preparation-recorded", -5, {"prepared_mg": mg, "total_ml": "60", "bag_mg_per_ml": "0.6"}))
    if has_left:
        rows += [("completion-recorded", 40, {}), ("patient-left", 120, {"with": "escort"})]
    for name, minute, body in sorted([*rows, *more], key=lambda row: row[1]):
        session.last_seq += 1
        when = at + minute * MINUTE
        SessionEvent.objects.create(
            session=session, seq=session.last_seq, type=name, version=1, occurred_at=when, recorded_at=when,
            by=cast.nurse.pk, body=render_canonical(body), previous=session.head_hash,
            hash=f"{session.pk}{session.last_seq:044d}"[-64:],
        )  # fmt: skip
        session.head_hash, session.last_recorded_at = f"{session.pk}{session.last_seq:044d}"[-64:], when
    session.phase = "left" if has_left else "dosing"
    session.save()
    return session
