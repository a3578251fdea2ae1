"""A course from plain data, as a file or a page brings it; every problem found at once.

`as_of` and each `at` are a day (2026-11-17) or an instant with zone. A score of a day counts before a session of the
same day: 9:00 and 10:00 of the zone; a day asked about counts to its end.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.outcomes.forecast.update import DEFAULT_SEED
from afterglow.outcomes.model import Course, CourseSession, DatedScore, Rater
from afterglow.outcomes.next_treatment import (
    TOPICS,
    Circumstances,
    OpenAlert,
    SuicideAnswer,
    check_suicide_answer,
    edit_loss,
)
from afterglow.outcomes.outlook.asking import SCALE_OF, OutlookRequest, Treatment
from afterglow.terms import InvalidInput, Problem, build_error

FIELDS = {
    "as_of", "zone", "instrument", "protocol", "indication", "drug", "route", "duration_min", "weight_kg",
    "new_antidepressant", "scores", "sessions", "induction_sessions", "suicide_answers", "open_alerts", "open_topics",
    "reactions", "loss", "seed",
}  # fmt: skip
_ROWS = {
    "scores": {"at", "value", "instrument", "rater", "reason", "id"},
    "sessions": {"at", "dose_mg", "id"},
    "suicide_answers": {"at", "instrument", "level", "recent_behaviour"},
    "open_alerts": {"at", "instrument", "seen"},
}
MOST_ROWS = 500
_SCORE_AT, _SESSION_AT = time(9), time(10)


@dataclass(slots=True)
class _Reading:
    """The file under reading: its problems, its zone."""

    zone: ZoneInfo
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, path: str, code: str, value: object, accepted: str, message: str) -> None:
        shown = value if isinstance(value, str | int | bool) or value is None else str(value)[:80]
        self.problems.append(build_error(path, code, shown, accepted, message))


@dataclass(frozen=True, slots=True)
class _Span:
    """From the first session, day 0, to the instant of the question; None where not known.

    Before any session the instant of the question is day 0, so that an old answer stays an old one.
    """

    started: datetime | None
    as_of: datetime | None

    def count_days(self, at: datetime) -> float:
        return (at - (self.started or self.as_of or at)) / timedelta(days=1)


def read_request(
    content: object, *, drug: str | None = None, route: str | None = None, today: date | None = None,
    induction_sessions: int | None = None,
) -> OutlookRequest:  # fmt: skip
    """Return the question of a course file.

    Parameters
    ----------
    content : object
        What the JSON holds.
    drug, route : str, optional
        Of the protocol the file names; the file's own otherwise.
    today : date, optional
        Stands in where the file has no `as_of`.
    induction_sessions : int, optional
        Of the protocol, where the file does not say.

    Raises
    ------
    InvalidInput
        With every problem found.
    """
    if not isinstance(content, Mapping):
        raise InvalidInput(
            [build_error("course", "object-expected", str(content)[:80], "a JSON object", "A course is an object.")]
        )
    reading = _Reading(_read_zone(content.get("zone")))
    _refuse_unknown(content, "", FIELDS, reading)
    as_of = _read_as_of(content, reading, today)
    scores = tuple(_read_scores(content, reading))
    sessions = tuple(_read_sessions(content, reading))
    treatment = _read_treatment(content, reading, drug, route)
    planned = _read_number(content, "induction_sessions", reading, 0, 60, whole=True)
    induction = induction_sessions if planned is None else int(planned)
    started = min((one.dose_started_at for one in sessions), default=None)
    circumstances = _read_circumstances(content, reading, _Span(started, as_of), induction or 0)
    instrument = _read_word(content, "instrument", reading)
    seed = _read_number(content, "seed", reading, 0, 2**32, whole=True)
    loss = content.get("loss")
    if loss is not None and not isinstance(loss, Mapping):
        reading.refuse("loss", "object-expected", loss, "an object of weights", "The loss is an object.")
    if reading.problems or as_of is None:
        raise InvalidInput(reading.problems)
    return OutlookRequest(
        Course(scores, sessions, induction, zone=reading.zone), treatment, as_of, instrument, circumstances,
        edit_loss({name: _plain(value) for name, value in loss.items()}) if loss else None,
        DEFAULT_SEED if seed is None else int(seed),
    )  # fmt: skip


def _read_zone(value: object) -> ZoneInfo:
    if value is None:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        text = f"There is no time zone {str(value)[:80]!r}."
        raise InvalidInput(
            [build_error("zone", "unknown-name", str(value)[:80], "such as Europe/Paris", text)]
        ) from None


def _refuse_unknown(content: Mapping[str, Any], path: str, known: set[str], reading: _Reading) -> None:
    for name in content:
        if name not in known:
            whole = (f"{path}.{name}" if path else str(name))[:80] or "course"
            reading.refuse(whole, "unknown-field", str(name)[:80], ", ".join(sorted(known)), f"There is no {whole}.")


def _read_as_of(content: Mapping[str, Any], reading: _Reading, today: date | None) -> datetime | None:
    value = content.get("as_of")
    if value is None and today is None:
        reading.refuse("as_of", "missing", None, "a day or an instant", "The day of the question is missing.")
        return None
    end = time(23, 59, 59)
    if value is None and today is not None:
        return datetime.combine(today, end, reading.zone).astimezone(UTC)
    return _read_at(value, "as_of", reading, end)


def _read_at(value: object, path: str, reading: _Reading, at: time) -> datetime | None:
    accepted = "a day such as 2026-11-17, or an instant with its zone"
    try:
        if isinstance(value, str) and len(value) == len("2026-11-17"):
            return datetime.combine(date.fromisoformat(value), at, reading.zone).astimezone(UTC)
        instant = datetime.fromisoformat(value)  # type: ignore[arg-type]
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    reading.refuse(path, "instant-malformed", value, accepted, f"{path} is no day and no instant.")
    return None


def _list_rows(content: Mapping[str, Any], name: str, reading: _Reading) -> list[tuple[str, Mapping[str, Any]]]:
    rows = content.get(name)
    if rows is None:
        return []
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) > MOST_ROWS:
        reading.refuse(name, "list-expected", rows, f"a list of up to {MOST_ROWS}", f"{name} is no such list.")
        return []
    found = []
    for i, row in enumerate(rows):
        path = f"{name}[{i}]"
        if not isinstance(row, Mapping):
            reading.refuse(path, "object-expected", row, "an object", f"{path} is no object.")
            continue
        _refuse_unknown(row, path, _ROWS[name], reading)
        found.append((path, row))
    return found


def _read_scores(content: Mapping[str, Any], reading: _Reading) -> list[DatedScore]:
    usual = _read_word(content, "instrument", _Reading(reading.zone))
    found = []
    for path, row in _list_rows(content, "scores", reading):
        at = _read_at(row.get("at"), f"{path}.at", reading, _SCORE_AT)
        value = _read_value(row, path, reading)
        instrument = row.get("instrument", usual)
        if not isinstance(instrument, str):
            text = f"{path} names no instrument."
            reading.refuse(f"{path}.instrument", "missing", instrument, ", ".join(SCALE_OF), text)
            continue
        rater = row.get("rater", str(SCALE_OF.get(instrument, ("", Rater.SELF))[1]))
        if rater not in tuple(Rater):
            text = f"{path}: nobody rates as {str(rater)[:40]!r}."
            reading.refuse(f"{path}.rater", "unknown-name", rater, ", ".join(Rater), text)
            continue
        reason = str(row["reason"]) if row.get("reason") else "not given" if value is None else None
        if at is not None:
            found.append(DatedScore(instrument, value, at, Rater(rater), reason, str(row.get("id", ""))))
    return found


def _read_value(row: Mapping[str, Any], path: str, reading: _Reading) -> Decimal | None:
    value = row.get("value")
    if value is None:
        return None
    if not _is_number(value):
        reading.refuse(f"{path}.value", "not-a-number", value, "a total", f"{path}.value is no number.")
        return None
    return Decimal(str(value))


def _read_sessions(content: Mapping[str, Any], reading: _Reading) -> list[CourseSession]:
    found = []
    for i, (path, row) in enumerate(_list_rows(content, "sessions", reading)):
        at = _read_at(row.get("at"), f"{path}.at", reading, _SESSION_AT)
        dose = _read_number(row, "dose_mg", reading, 1, 1000, path=path)
        if at is not None:
            dose_mg = None if dose is None else Decimal(str(dose))
            found.append(CourseSession(str(row.get("id", i + 1)), at, dose_mg))
    return found


def _read_treatment(content: Mapping[str, Any], reading: _Reading, drug: str | None, route: str | None) -> Treatment:
    own = {name: _read_word(content, name, reading) for name in ("drug", "route")}
    for name, given in (("drug", drug), ("route", route)):
        if given is not None and own[name] not in (None, given):
            reading.refuse(name, "contradicts-protocol", own[name], given, f"The protocol gives {given}.")
        if given is None and own[name] is None:
            reading.refuse(name, "missing", None, "a word, or a protocol", f"{name} is not known.")
    duration = _read_number(content, "duration_min", reading, 0, 600)
    weight = _read_number(content, "weight_kg", reading, 20, 350)
    new = content.get("new_antidepressant", False)
    if not isinstance(new, bool):
        text = "new_antidepressant is true or false."
        reading.refuse("new_antidepressant", "not-a-bool", new, "true, false", text)
    return Treatment(
        drug or own["drug"] or "", route or own["route"] or "", duration or 0.0, weight, new is True
    )  # fmt: skip


def _read_circumstances(content: Mapping[str, Any], reading: _Reading, span: _Span, induction: int) -> Circumstances:
    answers = None if content.get("suicide_answers") is None else _read_answers(content, reading, span)
    topics = content.get("open_topics")
    if topics is not None and (
        not isinstance(topics, Sequence) or isinstance(topics, str) or any(each not in TOPICS for each in topics)
    ):
        reading.refuse("open_topics", "unknown-name", topics, ", ".join(TOPICS), "A topic is not watched.")
        topics = None
    counts = content.get("reactions") or {}
    if not isinstance(counts, Mapping):
        reading.refuse("reactions", "object-expected", counts, "an object", "reactions is no object.")
        counts = {}
    _refuse_unknown(counts, "reactions", {"serious_or_severe", "sessions_asked"}, reading)
    had = int(_read_number(counts, "serious_or_severe", reading, 0, 500, path="reactions", whole=True) or 0)
    asked = int(_read_number(counts, "sessions_asked", reading, 0, 500, path="reactions", whole=True) or 0)
    if had > asked:
        text = "Reactions are counted among the sessions that asked."
        reading.refuse("reactions.serious_or_severe", "out-of-range", had, f"0 to {asked}", text)
        had = asked
    open_now = None if topics is None else frozenset(map(str, topics))
    return Circumstances(answers, open_now, had, asked, induction, _read_alerts(content, reading, span))


def _read_answers(content: Mapping[str, Any], reading: _Reading, span: _Span) -> tuple[SuicideAnswer, ...]:
    found = []
    for path, row in _list_rows(content, "suicide_answers", reading):
        at = _read_past(row, path, reading, span)
        instrument, level, behaviour = row.get("instrument"), row.get("level"), row.get("recent_behaviour", False)
        if instrument is None or level is None or not isinstance(behaviour, bool):
            accepted = "instrument, at, level, and recent_behaviour true or false"
            reading.refuse(path, "incomplete", str(dict(row)), accepted, f"{path} is not complete.")
            continue
        whole = int(level) if _is_number(level) and level == int(level) else level
        wrong = check_suicide_answer(instrument, whole, path)
        reading.problems += wrong
        if at is not None and not wrong:
            found.append(SuicideAnswer(instrument, span.count_days(at), int(whole), behaviour))
    return tuple(found)


def _read_alerts(content: Mapping[str, Any], reading: _Reading, span: _Span) -> tuple[OpenAlert, ...]:
    found = []
    for path, row in _list_rows(content, "open_alerts", reading):
        at = _read_past(row, path, reading, span)
        words = [_read_word(row, name, reading, path) for name in ("instrument", "seen")]
        if any(row.get(name) is None for name in ("instrument", "seen")):
            reading.refuse(path, "incomplete", str(dict(row)), "at, instrument, seen", f"{path} is not complete.")
        elif at is not None:
            on = at.astimezone(reading.zone).date().isoformat()
            found.append(OpenAlert(words[0] or "", span.count_days(at), on, words[1] or ""))
    return tuple(found)


def _read_past(row: Mapping[str, Any], path: str, reading: _Reading, span: _Span) -> datetime | None:
    """Return the instant of a row; refuse one after the question."""
    at = _read_at(row.get("at"), f"{path}.at", reading, _SCORE_AT)
    if at is not None and span.as_of is not None and at > span.as_of:
        accepted = f"up to {span.as_of.isoformat()}"
        reading.refuse(f"{path}.at", "after-question", at.isoformat(), accepted, f"{path}.at is later.")
        return None
    return at


def _read_word(content: Mapping[str, Any], name: str, reading: _Reading, path: str = "") -> str | None:
    value = content.get(name)
    if value is None or (isinstance(value, str) and value):
        return value
    where = f"{path}.{name}" if path else name
    reading.refuse(where, "not-a-word", value, "a word", f"{where} is no word.")
    return None


def _read_number(
    content: Mapping[str, Any], name: str, reading: _Reading, low: float, high: float, *, path: str = "",
    whole: bool = False,
) -> float | None:  # fmt: skip
    value = content.get(name)
    if value is None:
        return None
    where = f"{path}.{name}" if path else name
    if not _is_number(value) or not low <= value <= high or (whole and value != int(value)):
        accepted = f"{'a whole number ' if whole else ''}{low:g} to {high:g}"
        reading.refuse(where, "out-of-range", value, accepted, f"{where} cannot be {str(value)[:40]}.")
        return None
    return float(value)


def _is_number(value: object) -> bool:
    """Tell whether a value is a finite number that a float can hold."""
    try:
        return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value
