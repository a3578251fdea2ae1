"""Actions on documents: file bytes once under their hash, read them back and prove that they are the same."""

from datetime import datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.chain import calculate_digest
from afterglow.clinic.documents.models import Document, DocumentContent
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import Checks

KINDS = ("session-record", "hand-off", "downtime-sheet", "consent", "referral", "laboratory", "ecg", "other")
MEDIA_TYPES = ("application/pdf", "image/png", "image/jpeg", "text/plain")
LARGEST = 20 * 1024 * 1024


@action
def file_document(
    *,
    patient: Any,
    kind: str,
    title: str,
    body: bytes,
    by: Any,
    now: datetime,
    media_type: str = "application/pdf",
    session: Any = None,
) -> Document:
    """File a document; the same bytes are kept once and a second filing of them points at the first."""
    policy.require(by, "record.print" if session is not None else "chart.edit", patient)
    checks = Checks()
    fields = {
        "kind": checks.word(kind, "kind", KINDS, is_required=True),
        "title": checks.text(title, "title", longest=200, is_required=True),
    }
    checks.word(media_type, "media_type", MEDIA_TYPES, is_required=True)
    if not 0 < len(body) <= LARGEST:
        checks.refuse(
            "body", "size-not-accepted", len(body), f"1 to {LARGEST} bytes", "this file is empty or too large"
        )
    checks.raise_problems()
    if session is not None and session.patient_id != patient.pk:
        raise Refused("session-of-another", "this session is not this patient's")
    digest = calculate_digest(body)
    content = DocumentContent.objects.filter(pk=digest).first()
    if content is None:
        content = DocumentContent(digest=digest, media_type=media_type, body=body)
        content.save(force_insert=True)
    document = Document.objects.create(
        patient=patient, session=session, content=content, recorded_at=now, recorded_by=by, **fields
    )
    audit.record(
        by=by,
        action="document.filed",
        subject=document,
        now=now,
        patient=patient,
        detail={"kind": kind, "digest": digest},
    )
    return document


def read_document(document: Document) -> bytes:
    """Return a document's bytes; refuse them when they are no longer what their hash says."""
    body = bytes(document.content.body)
    if calculate_digest(body) != document.content_id:
        raise Refused("document-altered", "the stored bytes do not match their hash; restore them from a backup")
    return body
