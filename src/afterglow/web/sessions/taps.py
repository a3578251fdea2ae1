"""The pad: fields of the vitals in the order the focus walks, and the one-tap scales with their words."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from afterglow.chairside.commands import COMMANDS

VITAL_FIELDS = (
    ("systolic", "data.systolic", "Systolic mmHg", 3, "numeric"),
    ("diastolic", "data.diastolic", "Diastolic mmHg", 3, "numeric"),
    ("resp_rate", "data.resp_rate", "Resp. rate /min", 2, "numeric"),
    ("heart_rate", "data.heart_rate", "Heart rate /min", 3, "numeric"),
    ("spo2", "data.spo2", "SpO₂ %", 3, "numeric"),
    ("oxygen", "data.oxygen_l_per_min", "Oxygen L/min", 4, "decimal"),
)


def build_vitals_form(values: Mapping[str, Any], problems: Mapping[str, str]) -> dict[str, Any]:
    """Return the pad's fields with typed values and problems; nothing is filled in beforehand."""
    fields = []
    for key, name, label, digits, inputmode in VITAL_FIELDS:
        fields.append(
            {
                "key": key,
                "name": name,
                "label": _(label),
                "digits": digits,
                "inputmode": inputmode,
                "value": values.get(name, ""),
                "error": problems.get(name.removeprefix("data."), ""),
            }
        )
    return {
        "fields": fields,
        "line": values.get("line", ""),
        "rules": _write_line_rules(get_language() or ""),
        "occurred_time": values.get("occurred_time", ""),
    }


@lru_cache(16)
def _write_line_rules(_language: str) -> str:
    return json.dumps(build_line_rules(), ensure_ascii=False)


def build_line_rules() -> dict[str, Any]:
    """Return what the preview of the vitals line judges by: the limits of the command that stores it, and the words."""
    labels = {
        "systolic": _("Systolic"),
        "diastolic": _("Diastolic"),
        "heart_rate": _("HR"),
        "spo2": _("SpO₂"),
        "resp_rate": _("RR"),
        "oxygen_l_per_min": _("oxygen L/min"),
        "temperature_cel": _("temperature"),
        "moaas": _("MOAA/S"),
    }
    units = {"mm[Hg]": "mmHg", "Cel": "°C", "{score}": ""}
    limits = {
        spec.name: {
            "label": labels[spec.name],
            "low": float(spec.low or 0),
            "high": float(spec.high or 0),
            "unit": units.get(spec.unit, spec.unit),
            "is_whole": spec.kind == "whole",
        }
        for spec in COMMANDS["record-vitals"].fields
        if spec.name in labels
    }
    words = {
        "range": _("{label} {value} cannot be right: {low} to {high} {unit}."),
        "whole": _("{label} {value}: a whole number."),
        "inverted": _("{systolic}/{diastolic}: systolic {systolic} is not above diastolic {diastolic}."),
        "twice": _("{label} stands twice."),
        "oxygens": _("{token}: write o2:{rest} or o:2{rest}."),
        "bare": _("{token}: say what it is, p{token} for pulse, s{token} for SpO₂, r{token} for respiration."),
        "unknown": _("{token} is not understood."),
    }
    return {"limits": limits, "words": words}


def build_taps() -> dict[str, list[dict[str, Any]]]:
    """Return the one-tap scales: the command and data each tap sends."""
    sedation = (
        (5, _("readily")),
        (4, _("slowly")),
        (3, _("if loud")),
        (2, _("if shaken")),
        (1, _("to pain")),
        (0, _("not")),
    )
    nausea = (("none", _("None")), ("mild", _("Mild")), ("strong", _("Strong")), ("vomiting", _("Vomiting")))
    comfort = (("quiet", _("Quiet")), ("eye-mask", _("Eye mask")), ("blanket", _("Blanket")), ("hand", _("Hand")))
    return {
        "sedation": [
            _tap("record-score", {"data.scale": "moaas", "data.total": str(value)}, value, word)
            for value, word in sedation
        ],
        "nausea": [
            _tap("record-symptom", {"data.kind": "nausea", "data.level": level}, label) for level, label in nausea
        ],
        "comfort": [_tap("record-comfort", {"data.kind": kind}, label) for kind, label in comfort],
    }


def _tap(command: str, data: dict[str, str], label: Any, word: Any = "") -> dict[str, Any]:
    return {"command": command, "data": data, "label": label, "word": word}
