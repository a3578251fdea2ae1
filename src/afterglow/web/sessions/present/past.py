"""The words under each field of the pad: what was last recorded, with its time. Never inside the field."""

from typing import Any

from django.utils.translation import gettext as _

from afterglow.web.sessions.present.tiles import split_pressure
from afterglow.web.sessions.present.words import write_hour, write_number

View = dict[str, Any]

SINGLE = ("resp_rate", "heart_rate", "spo2", "oxygen")
SCALES = ("sedation", "nausea", "cadss6")


def write_past(view: View) -> dict[str, str]:
    """Return the last value in words for every field and scale of the pad."""
    vitals = view.get("vitals") or {}
    pressure = vitals.get("bp") or {}
    pair = split_pressure(pressure.get("value"))
    words = {"systolic": "", "diastolic": ""}
    if pair:
        words = {
            "systolic": _write(pair[0], pressure.get("observed_at")),
            "diastolic": _write(pair[1], pressure.get("observed_at")),
        }
    for key in SINGLE:
        vital = vitals.get(key) or {}
        words[key] = _write(vital.get("value"), vital.get("observed_at"))
    for key in SCALES:
        vital = vitals.get(key) or {}
        words[key] = _write(vital.get("value"), vital.get("observed_at")) or _("not recorded yet")
    return words


def _write(value: Any, at: Any) -> str:
    if value is None:
        return ""
    return _("%(value)s at %(time)s") % {"value": write_number(value), "time": write_hour(at)}
