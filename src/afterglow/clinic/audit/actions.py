"""Writing the audit: an act in the caller's own transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model

from afterglow.clinic.audit.heads import append_link, store_linked
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.chain import Part, render_canonical, to_bytes

CHAIN = "audit"
SYSTEM = "system"


def record(
    *,
    by: Any,
    action: str,
    subject: Any,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    patient: Any = None,
    site: Any = None,
) -> AuditEvent:
    """Write one audit row in the caller's transaction; it is kept or lost together with what it tells of.

    Parameters
    ----------
    by : User or None
        Who acted; None is the system itself.
    action : str
        A dotted word that stays stable, such as `plan.signed`.
    subject : Model or (type, id)
        What was acted on.
    detail : mapping of JSON values
        Codes, identifiers and counts; never a name or a note.
    """
    subject_type, subject_id = describe_subject(subject)
    row = AuditEvent(
        recorded_at=now,
        by=identify(by) or SYSTEM,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        patient=identify(patient),
        site=identify(site),
        detail=render_canonical(dict(detail or {})),
    )
    link = append_link(CHAIN, list_parts(row))
    row.seq, row.previous, row.hash = link.seq, link.previous, link.hash
    store_linked(row)
    return row


def list_parts(row: AuditEvent) -> list[Part]:
    """Return what the hash of an audit row covers, in order."""
    names = (row.by, row.action, row.subject_type, row.subject_id, row.patient, row.site)
    return [row.recorded_at, *names, to_bytes(row.detail)]


def identify(value: Any) -> str:
    """Return the identifier of a row, or the text itself; nothing for None."""
    if value is None:
        return ""
    return str(value.pk) if isinstance(value, Model) else str(value)


def describe_subject(subject: Any) -> tuple[str, str]:
    """Return the kind and the identifier of a subject: a row, or a pair of texts."""
    if isinstance(subject, Model):
        return subject._meta.label_lower, str(subject.pk)
    kind, identifier = subject
    return str(kind), str(identifier)
