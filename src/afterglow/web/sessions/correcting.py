"""Correcting one entry from its session's page: the form with the entry as it stands, and reading what was changed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.chairside.corrections import COMMAND_OF, find_correctable
from afterglow.chairside.events import Event
from afterglow.chairside.log import describe_event
from afterglow.clinic.dosing_sessions.fold import load_notes, load_state
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.dosing_sessions.texts import put_texts
from afterglow.clinic.errors import Conflict
from afterglow.terms import InvalidInput, Problem, build_error, render_instant
from afterglow.web.sessions.forms.correcting import (
    CORRECTION,
    SHEET,
    SHOWN,
    TIME,
    build_correction,
    fill,
    list_changed,
    list_emptied,
    name_sheet,
)
from afterglow.web.sessions.forms.model import BoundForm, bind_form
from afterglow.web.sessions.forms.reading import WHOLE, Entry
from afterglow.web.sessions.present.words import mend_words, write_hour, write_moment

_CLOCK = re.compile(r"([0-9]{1,2})[:.]?([0-9]{2})(?:[:.]?([0-9]{2}))?\Z")
_DAY = timedelta(days=1)


def bind_correction(
    session: Session,
    seq: int,
    now: datetime,
    typed: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    message: str = "",
    findings: Any = (),
) -> BoundForm | None:
    """Return the form that corrects an entry, with what stands in it or what was typed; None where it cannot be."""
    target = find_correctable(load_state(session), seq)
    if target is None:
        return None
    words = f"{mend_words(describe_event(target))}, {write_moment(target.occurred_at, now)}"
    sheet = name_sheet(COMMAND_OF[target.type], target.data)
    form = build_correction(sheet, seq, words)
    stood = _read_standing(session, target, sheet)
    values = typed if typed else {**stood, "data.seq": str(seq), f"data.{SHOWN}": str(_find_newest(session, seq))}
    named = {name if name in ("reason", "text") else f"data.{name}": words for name, words in (problems or {}).items()}
    return bind_form(form, values, named, message=message, findings=findings)


def _read_standing(session: Session, target: Event, sheet: str) -> dict[str, Any]:
    data = put_texts(dict(target.data), load_notes(session))
    return {**fill(sheet, data), f"data.{TIME}": write_hour(target.occurred_at, seconds=True)}


def _find_newest(session: Session, seq: int) -> int:
    return load_state(session).corrected.get(seq, 0)


def is_correction(entry: Entry | None) -> bool:
    """Return whether an entry was sent by the form that corrects another one."""
    return entry is not None and entry.type == CORRECTION and entry.sheet.startswith(SHEET)


def read_correction(entry: Entry, session: Session, now: datetime) -> dict[str, Any]:
    """Return a correction's data with what was changed alone: what stands as it stood is no correction.

    Raises
    ------
    Conflict
        The entry was corrected or taken back since the form was drawn.
    InvalidInput
        A field was emptied, or the time is none.
    """
    if not is_correction(entry):
        return entry.data
    number = str(entry.data.get("seq") or "")
    seq = int(number) if WHOLE.match(number) else 0
    data: dict[str, Any] = {**entry.data, "seq": seq}
    shown = str(data.pop(SHOWN, ""))
    target = find_correctable(load_state(session), seq)
    if target is None:
        data.pop("data", None)
        return data
    if shown != str(_find_newest(session, seq)):
        raise Conflict(_("This entry was corrected meanwhile; look at it again."))
    stood = _read_standing(session, target, entry.sheet)
    sent = dict(data.pop("data", None) or {})
    typed_time = str(sent.pop("occurred_time", "") or "")
    problems = [_ask_back(name) for name in list_emptied(entry.sheet, entry.typed, stood)]
    changed = list_changed(entry.sheet, entry.typed, stood)
    changes = {name: value for name, value in sent.items() if name in changed}
    if typed_time and typed_time != stood[f"data.{TIME}"]:
        at = _find_time(typed_time, target.occurred_at, now)
        if at is None:
            message = _("%(typed)s is no time; write for example 10:25 or 10:25:30.") % {"typed": typed_time}
            problems.append(build_error(TIME, "time-malformed", typed_time, "10:25:30", message))
        else:
            changes["occurred_at"] = render_instant(at)
    if problems:
        raise InvalidInput(problems)
    return {**data, "data": changes} if changes else data


def _ask_back(name: str) -> Problem:
    message = _("A value is replaced, not emptied; say in words that it was never taken.")
    return build_error(f"data.{name}", "field-emptied", "", "the right value", message)


def _find_time(typed: str, was: datetime, now: datetime) -> datetime | None:
    """Return the time that was typed, on the day that brings it nearest to the old one and not after now."""
    match = _CLOCK.match(typed)
    if not match or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    local = timezone.localtime(was)
    same = local.replace(hour=int(match[1]), minute=int(match[2]), second=int(match[3] or 0), microsecond=0)
    near = [at for at in (same - _DAY, same, same + _DAY) if at <= now] or [same]
    return min(near, key=lambda at: abs(at - was))


def place_problems(problems: list[Problem]) -> list[Problem]:
    """Return the problems of a correction's values with the paths of its fields, which stand one level deeper."""
    kept = ("seq", "text", "reason", "", "occurred_at")
    found = []
    for problem in problems:
        path = problem.path.removeprefix("data.")
        path = "occurred_time" if path == "occurred_at" and problem.path.startswith("data.") else path
        found.append(problem if problem.path in kept else replace(problem, path=f"data.{path}"))
    return found
