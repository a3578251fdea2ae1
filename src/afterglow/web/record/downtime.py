"""Blank sheets for a downtime: what a session asks, with room to write."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

from afterglow.web.record.sheet import get_page_language

READING_LINES = 16
EVENT_LINES = 7


def build_downtime(site: Any, *, now: datetime, by: Any) -> dict[str, Any]:
    """Return the data of the blank sheets for a downtime."""
    printed = formats.date_format(now.astimezone(ZoneInfo(site.timezone)), "j M Y H:i")
    who = getattr(by, "signature_name", str(by))
    return {
        "title": _("Downtime sheet, dosing session"),
        "subtitle": _("Fill by hand while the program is down; enter afterwards with two names."),
        "language": get_page_language(),
        "paper": site.paper,
        "demonstration": None,
        "clinic": {"name": site.name, "address": ". ".join(part for part in (site.address, site.phone) if part)},
        "running": {"identity": _("Name, birth date, number: ______________________"), "clinic": site.name},
        "footer": {
            "left": _("Entered by, time: ____________________  Second name: ____________________"),
            "printed": _("Blank printed %(at)s by %(who)s.") % {"at": printed, "who": who},
            "page": _("Page"),
            "of": _("of"),
            "lines": [_("The bedside monitor's own alarm comes first.")],
        },
        "instructions": _(
            "Write the time of each act as it happens. Nothing is rubbed out: strike once and write beside it."
        ),
        "parts": [_list_person(), _list_drug(), _list_readings(), _list_events(), _list_leaving()],
        "signatures": [
            {"name": _("Nurse"), "act": _("name, time"), "when": "", "strong": False},
            {"name": _("Prescriber"), "act": _("name, time"), "when": "", "strong": False},
        ],
    }


def _part(title: str, *, fields: list[str] | None = None, columns: list[str] | None = None, lines: int = 0) -> Any:
    return {"title": title, "note": "", "fields": fields or [], "across": 3, "columns": columns or [], "lines": lines}


def _list_person() -> Any:
    fields = [
        _("Name"),
        _("Birth date"),
        _("Number"),
        _("Weight kg, time"),
        _("Allergies"),
        _("Identity confirmed by"),
        _("Last food, drink"),
        _("Escort, telephone"),
        _("Suicide risk asked, level"),
        _("Agrees today"),
        _("Time-out, name 1"),
        _("Time-out, name 2"),
    ]
    return _part(_("Person and checks"), fields=fields)


def _list_drug() -> Any:
    fields = [
        _("Order, prescriber"),
        _("Vial strength, lot, expiry"),
        _("Drawn mL, bag mL"),
        _("Rate mL/h"),
        _("Start"),
        _("End, pump mL"),
        _("Given mg"),
        _("Wasted mg"),
        _("Witness"),
    ]
    return _part(_("Order and drug"), fields=fields)


def _list_readings() -> Any:
    columns = [_("Time"), "BP", "HR", "SpO\u2082", "RR", "MOAA/S", "CADSS-6", _("Pump mL"), _("Remark")]
    return _part(_("Measurements"), columns=columns, lines=READING_LINES)


def _list_events() -> Any:
    return _part(_("Events, drugs, calls"), columns=[_("Time"), _("What"), _("By")], lines=EVENT_LINES)


def _list_leaving() -> Any:
    fields = [
        _("Aldrete or PADSS"),
        _("Walks unaided"),
        _("Suicide risk asked again"),
        _("Escort here"),
        _("Released by, time"),
        _("Left, time"),
    ]
    return _part(_("Leaving"), fields=fields)
