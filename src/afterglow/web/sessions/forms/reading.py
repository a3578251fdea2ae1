"""From a request to a command: JSON as it stands, a posted form by its fields. Nothing here judges; it only reads."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.terms import InvalidInput, Problem, build_error, parse_instant
from afterglow.web.sessions.forms.model import Field

TIME = re.compile(r"([0-9]{1,2})[:.]?([0-9]{2})\Z")
WHOLE = re.compile(r"-?[0-9]{1,18}\Z")
YES = {"yes": True, "no": False}
LARGEST_BODY = 200_000
LONGEST_KEY = 80
KEYS = ("type", "data", "occurred_at", "request_key", "second")


@dataclass(slots=True)
class Entry:
    """What was sent: the command's type and data, when it happened, and who signs with."""

    type: str
    data: dict[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    request_key: str | None = None
    second: dict[str, str] | None = None
    sheet: str = ""
    typed: dict[str, Any] = field(default_factory=dict)
    line: str = ""


def read_entry(request: HttpRequest, now: datetime, fields: Any) -> Entry:
    """Return the command of a JSON or form request; raise InvalidInput with every problem of its shape.

    `fields` gives the declared fields of a command's form by type and sheet.
    """
    if request.content_type == "application/json":
        return _read_json(request.body)
    return read_form(request.POST, now, fields)


def _read_json(body: bytes) -> Entry:
    """Return the command of a JSON body."""
    try:
        content = json.loads(body[:LARGEST_BODY] or b"null")
        # half of a surrogate pair is JSON but no text: nothing could store it
        json.dumps(content, ensure_ascii=False).encode()
        # half a character (a lone surrogate) can be written in JSON, and stored nowhere
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise InvalidInput(
            [_refuse("", "json-malformed", None, "one JSON object", _("The body is not JSON."))]
        ) from None
    if not isinstance(content, dict):
        raise InvalidInput([_refuse("", "json-not-object", None, "one JSON object", _("The body is no object."))])
    # a name spelt otherwise would be lost in silence, and with it when it happened or that it was sent before
    message = _("There is no such field in a command.")
    accepted = ", ".join(KEYS)
    unknown = sorted(name for name in content if name not in KEYS)
    problems = [_refuse(name[:LONGEST_KEY], "field-unknown", None, accepted, message) for name in unknown]
    kind = content.get("type")
    if not isinstance(kind, str) or not kind:
        problems.append(_refuse("type", "required", kind, "a command's name", _("Name the command in `type`.")))
    data = {} if content.get("data") is None else content["data"]
    if not isinstance(data, dict):
        problems.append(_refuse("data", "not-an-object", None, "an object", _("`data` must be an object.")))
    occurred_at = _read_instant(content.get("occurred_at"), problems)
    key = _read_key(content.get("request_key"), problems)
    second = _read_second(content.get("second"), problems)
    if problems:
        raise InvalidInput(problems)
    return Entry(str(kind), dict(data), occurred_at, key, second)


def _read_key(key: Any, problems: list[Problem]) -> str | None:
    if key is None or (isinstance(key, str) and 1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        return key
    accepted = f"1 to {LONGEST_KEY} printable characters"
    problems.append(_refuse("request_key", "malformed", None, accepted, _("The request key is unusable.")))
    return None


def _read_instant(value: Any, problems: list[Problem]) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        return parse_instant(value if isinstance(value, str) else "", "occurred_at")
    except InvalidInput as error:
        problems.extend(error.problems)
        return None


def _read_second(value: Any, problems: list[Problem]) -> dict[str, str] | None:
    if value is None:
        return None
    if isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("username", "secret")):
        return {"username": value["username"], "secret": value["secret"]}
    message = _("A second signature needs a name and a PIN or password.")
    problems.append(_refuse("second", "malformed", None, "username and secret", message))
    return None


def read_form(posted: QueryDict, now: datetime, fields: Any) -> Entry:
    """Return the command of a posted form; an empty field is not recorded, never zero and never no."""
    kind, sheet = str(posted.get("type") or ""), str(posted.get("sheet") or "")
    if not kind:
        raise InvalidInput([_refuse("type", "required", None, "a command's name", _("The form names no command."))])
    entry = Entry(kind, sheet=sheet, line=str(posted.get("line") or "").strip())
    entry.typed = {name: values if len(values) > 1 else values[0] for name, values in posted.lists()}
    entry.typed.pop("second.secret", None)
    problems: list[Problem] = []
    known = {item.name: item for item in fields(kind, sheet)}
    for name, values in posted.lists():
        if name.startswith("data."):
            _place(entry.data, name.removeprefix("data."), values, known, problems)
    entry.request_key = _read_key(str(posted.get("request_key") or "") or None, problems)
    entry.occurred_at = _read_time(posted, now, problems)
    if posted.get("second.username") or posted.get("second.secret"):
        entry.second = {
            "username": str(posted.get("second.username") or ""),
            "secret": str(posted.get("second.secret") or ""),
        }
    if problems:
        raise InvalidInput(problems)
    return entry


def _place(
    data: dict[str, Any], name: str, values: Iterable[Any], known: dict[str, Field], problems: list[Problem]
) -> None:
    """Put one field's value at its dotted place."""
    kept = [str(value).strip() for value in values if str(value).strip()]
    if not kept:
        return
    item = known.get(name)
    kind = item.kind if item else ""
    value: Any = kept if kind in {"many", "list"} else kept[-1]
    if kind == "list":
        value = [part.strip() for text in kept for part in text.split(",") if part.strip()]
    elif kind == "yes-no":
        value = YES.get(kept[-1], kept[-1])
    elif kind == "whole":
        value = int(kept[-1]) if WHOLE.match(kept[-1]) else kept[-1]
    elif kind == "number":
        value = kept[-1].replace(",", ".")
    *path, last = name.split(".")
    place = data
    for part in path:
        inner = place.setdefault(part, {})
        if not isinstance(inner, dict):
            problems.append(_refuse(name, "malformed", None, "a field name", _("The form is malformed.")))
            return
        place = inner
    place[last] = value


def _read_time(posted: QueryDict, now: datetime, problems: list[Problem]) -> datetime | None:
    """Return when it happened: an instant from the script, or hours and minutes typed; empty means now."""
    typed = str(posted.get("occurred_time") or "").strip()
    if not typed:
        return _read_instant(str(posted.get("occurred_at") or ""), problems)
    match = TIME.match(typed)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        message = _("%(typed)s is no time; write for example 10:25.") % {"typed": typed}
        problems.append(_refuse("occurred_time", "time-malformed", typed, "10:25", message))
        return None
    local = timezone.localtime(now)
    at = local.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    if (at.hour, at.minute) == (local.hour, local.minute):
        return now
    if at - local > timedelta(hours=12):
        at -= timedelta(days=1)
    return at


def _refuse(path: str, code: str, value: Any, accepted: str, message: str) -> Problem:
    return build_error(path, code, value, accepted, message)
