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

KINDS = (
    "session-record",
    "hand-off",
    "downtime-sheet",
    "consent",
    "referral",
    "laboratory",
    "ecg",
    "letter",
    "step-down-plan",
    "other",
)
# what is filed by being signed asks for that signature's permission
FILED_BY_SIGNING = {"letter": "letter.sign", "step-down-plan": "plan.sign"}
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
    policy.require(by, "record.print" if session is not None else FILED_BY_SIGNING.get(kind, "chart.edit"), patient)
    checks = Checks()
    fields = {
        "kind": checks.word(kind, "kind", KINDS, is_required=True),
        "title": checks.text(title, "title", longest=200, is_required=True),
    }
    _check_content(checks, body, media_type)
    checks.raise_problems()
    if session is not None and session.patient_id != patient.pk:
        raise Refused("session-of-another", "this session is not this patient's")
    content = _find_or_add(body, media_type)
    document = Document.objects.create(
        patient=patient, session=session, content=content, recorded_at=now, recorded_by=by, **fields
    )
    audit.record(
        by=by,
        action="document.filed",
        subject=document,
        now=now,
        patient=patient,
        detail={"kind": kind, "digest": content.pk},
    )
    return document


@action
def store_content(*, body: bytes, media_type: str) -> DocumentContent:
    """Keep bytes once under their hash; what they are for whom is the row that points at them."""
    checks = Checks()
    _check_content(checks, body, media_type)
    checks.raise_problems()
    return _find_or_add(body, media_type)


def _check_content(checks: Checks, body: bytes, media_type: str) -> None:
    checks.word(media_type, "media_type", MEDIA_TYPES, is_required=True)
    if not 0 < len(body) <= LARGEST:
        accepted = f"1 to {LARGEST} bytes"
        checks.refuse("body", "size-not-accepted", len(body), accepted, "this file is empty or too large")


def _find_or_add(body: bytes, media_type: str) -> DocumentContent:
    digest = calculate_digest(body)
    content = DocumentContent.objects.filter(pk=digest).first()
    if content is None:
        content = DocumentContent(digest=digest, media_type=media_type, body=body)
        content.save(force_insert=True)
    return content


def read_content(content: DocumentContent) -> bytes:
    """Return bytes by their hash; refuse them when they are no longer what it says."""
    body = bytes(content.body)
    if calculate_digest(body) != content.pk:
        raise Refused("document-altered", "the stored bytes do not match their hash; restore them from a backup")
    return body


def read_document(document: Document) -> bytes:
    """Return a document's bytes; refuse them when they are no longer what their hash says."""
    return read_content(document.content)
