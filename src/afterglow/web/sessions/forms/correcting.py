"""The form that corrects one entry: the fields of that entry's own command, filled with what stands, and its time.

Nothing is guessed: what was not touched is not sent on, and what was emptied is asked back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from afterglow.web.sessions.forms import after, before, during, record
from afterglow.web.sessions.forms.model import CommandForm, Field

CORRECTION = "correct-entry"
SHEET = f"{CORRECTION}."
TIME = "data.occurred_time"
# which correction of the entry the form was drawn after: another one meanwhile is looked at first
SHOWN = "shown"
# of these another time moves the dose or the stay: two people sign
_TIMED = frozenset({"start", "give-injection", "give-device", "record-stop", "record-complete"})
_SCALES = ("0", "1", "2", "3", "4", "5")

VITALS = (
    Field("systolic", lazy("Systolic"), "whole", "mmHg"),
    Field("diastolic", lazy("Diastolic"), "whole", "mmHg"),
    Field("heart_rate", lazy("Heart rate"), "whole", "/min"),
    Field("spo2", lazy("SpO₂"), "number", "%"),
    Field("resp_rate", lazy("Resp. rate"), "whole", "/min"),
    Field("moaas", "MOAA/S", "whole", "of 5"),
    Field("oxygen_l_per_min", lazy("Oxygen"), "number", "L/min"),
    Field("temperature_cel", lazy("Temperature"), "number", "°C"),
    Field(
        "origin",
        lazy("Origin"),
        "select",
        choices=(
            ("manual", lazy("by hand")),
            ("cuff", lazy("cuff")),
            ("monitor", lazy("monitor")),
            ("counted", lazy("counted")),
        ),
    ),
    Field(
        "position",
        lazy("Position"),
        "select",
        choices=(("seated", lazy("seated")), ("reclined", lazy("reclined")), ("lying", lazy("lying"))),
    ),
    Field("note", lazy("Note"), "note"),
)
SEDATION = (Field("total", lazy("MOAA/S, 5 to 0"), "choice", choices=tuple((each, each) for each in _SCALES[::-1])),)
_FORMS: tuple[CommandForm, ...] = (*before.FORMS, *during.FORMS, *after.FORMS, *record.FORMS)


def name_sheet(command: str, data: Mapping[str, Any]) -> str:
    """Return the sheet that corrects an entry: its command, and of a check or scale which one."""
    if command == "record-reconciliation" and "given_devices" in data:
        return f"{SHEET}{command}.devices"
    part = data.get({"record-check": "check", "record-score": "scale", "record-ending": "kind"}.get(command, ""))
    return f"{SHEET}{command}.{part or ''}"


@cache
def list_own_fields(sheet: str) -> tuple[Field, ...]:
    """Return the fields of the entry's own command that a correction can change; none of a command without a form."""
    command, _dot, part = sheet.removeprefix(SHEET).partition(".")
    fields = tuple(_find_fields(command, part))
    return tuple(each for each in fields if each.kind not in ("hidden", "check"))


def _find_fields(command: str, part: str) -> tuple[Field, ...]:
    if command == "record-vitals":
        return VITALS
    if command == "record-score" and part == "moaas":
        return SEDATION
    if command == "record-check":
        return before.build_check_form({"id": part, "title": part.replace("-", " ").capitalize()}).fields
    if command == "record-reconciliation" and part == "devices":
        return after.RECONCILIATION_OF_DEVICES.fields
    found = [form for form in _FORMS if form.command == command]
    named = [form for form in found if any(each.kind == "hidden" and each.value == part for each in form.fields)]
    if command in ("record-score", "record-ending"):
        return named[0].fields if named else ()
    return found[0].fields if found else ()


def list_correction_fields(sheet: str) -> tuple[Field, ...]:
    """Return every field of the form, named as the correction's data is nested."""
    own = (
        replace(each, name=f"data.{each.name}", is_required=False, hint="", value="") for each in list_own_fields(sheet)
    )
    return (
        Field("seq", "", "hidden"),
        Field(SHOWN, "", "hidden"),
        *own,
        Field(TIME, lazy("Happened at"), "time", hint=lazy("hours, minutes and seconds")),
        Field("text", lazy("What is right, in words"), "note"),
        Field("reason", lazy("Why it was wrong"), is_required=True, is_wide=True),
    )


def build_correction(sheet: str, seq: int, words: str) -> CommandForm:
    """Return the form that corrects an entry, which `words` tell as it stands."""
    return CommandForm(
        CORRECTION,
        _("Correct entry %(n)s") % {"n": seq},
        list_correction_fields(sheet),
        _("Correct"),
        sheet=sheet,
        intro=_("%(words)s. The old entry stays in the record, beside the correction.") % {"words": words},
        has_time=False,
        second="optional" if sheet.removeprefix(SHEET).partition(".")[0] in _TIMED else "",
    )


def fill(sheet: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in each field of an entry, as a form holds it."""
    return {f"data.data.{each.name}": _show(each, _dig(data, each.name)) for each in list_own_fields(sheet)}


def _dig(data: Mapping[str, Any], name: str) -> Any:
    value: Any = data
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _show(field: Field, value: Any) -> Any:
    if field.kind == "many":
        return [str(each) for each in value or ()]
    if field.kind == "list":
        return ", ".join(str(each) for each in value or ())
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def list_emptied(sheet: str, typed: Mapping[str, Any], stood: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that held something and were sent empty."""
    for each in list_own_fields(sheet):
        name = f"data.data.{each.name}"
        if stood.get(name) and not _flatten(typed.get(name)):
            yield each.name


def list_changed(sheet: str, typed: Mapping[str, Any], stood: Mapping[str, Any]) -> set[str]:
    """Return the fields, by the first part of their names, in which something else was sent than stood there."""
    return {
        each.name.split(".")[0]
        for each in list_own_fields(sheet)
        if _flatten(typed.get(f"data.data.{each.name}")) != _flatten(stood.get(f"data.data.{each.name}"))
    }


def _flatten(value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return sorted(" ".join(str(each).split()) for each in given if each is not None and str(each).strip())
