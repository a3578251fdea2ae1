"""Free text of events: taken out before they are chained, put back when they are read.

In the stored payload a text is `{"note_id": ..., "note_digest": ...}`; the text itself is a row that can be withdrawn.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic.chain import parse_canonical
from afterglow.clinic.dosing_sessions.links import calculate_note_digest
from afterglow.clinic.dosing_sessions.models import EventNote, Session
from afterglow.clinic.ids import make_id

WITHDRAWN = "[text withdrawn]"
NOTE_KEYS = {"note_id", "note_digest"}
# most of a payload: nothing in it to look for
_PLAIN = frozenset({str, int, float, bool, type(None)})


def take_texts(data: Mapping[str, Any], fields: Iterable[str], *, session: Session, now: datetime) -> dict[str, Any]:
    """Return the payload with each named text replaced by its reference, having stored the texts."""
    kept = dict(data)
    for field in fields:
        text = kept.get(field)
        if not isinstance(text, str) or not text:
            continue
        note = EventNote(id=make_id(), session=session, field=field, text=text, recorded_at=now)
        note.digest = calculate_note_digest(note.id, text)
        note.save(force_insert=True)
        kept[field] = {"note_id": note.id, "note_digest": note.digest}
    return kept


def put_texts(value: Any, notes: Mapping[str, EventNote]) -> Any:
    """Return the payload with each reference replaced by its text, or by a mark where the text was withdrawn."""
    if isinstance(value, dict):
        if value.keys() == NOTE_KEYS:
            note = notes.get(value["note_id"])
            return WITHDRAWN if note is None or note.withdrawn_at else note.text
        return {key: part if type(part) in _PLAIN else put_texts(part, notes) for key, part in value.items()}
    if isinstance(value, list):
        return [part if type(part) in _PLAIN else put_texts(part, notes) for part in value]
    return value


def withdraw_texts(note_ids: Iterable[str], *, by: str, reason: str, now: datetime) -> int:
    """Take away the text of some notes for good, keeping who did it, when and why; return how many."""
    return EventNote.objects.filter(pk__in=list(note_ids), withdrawn_at__isnull=True).update(
        text="", withdrawn_at=now, withdrawn_by=by, withdrawn_reason=reason
    )


def find_note_ids(body: bytes) -> list[str]:
    """Return the identifiers of the notes that a stored payload names."""
    return [note_id for note_id, _ in find_references(parse_canonical(body))]


def find_references(value: object) -> Iterator[tuple[str, str]]:
    """Yield the identifier and the digest of every note that a payload names."""
    if isinstance(value, dict):
        if isinstance(value.get("note_id"), str) and isinstance(value.get("note_digest"), str):
            yield value["note_id"], value["note_digest"]
        for part in value.values():
            yield from find_references(part)
    elif isinstance(value, list):
        for part in value:
            yield from find_references(part)
