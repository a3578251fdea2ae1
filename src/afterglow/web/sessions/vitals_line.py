"""The vitals line: labelled tokens such as `128/76 p84 s97 r14`; a number that could be two things is asked back."""

import re
from typing import Any

from django.utils.translation import gettext as _

from afterglow.terms import InvalidInput, Problem, build_error

PRESSURE = re.compile(r"(?:bp)?(\d{2,3})/(\d{2,3})\Z")
LABELLED = re.compile(r"([a-z]+(?:o2)?)[:=]?(\d{1,3}(?:\.\d)?)\Z")
BARE = re.compile(r"\d{2,3}(?:\.\d)?\Z")
LABELS = {
    "p": "heart_rate",
    "hr": "heart_rate",
    "puls": "heart_rate",
    "pulse": "heart_rate",
    "s": "spo2",
    "sat": "spo2",
    "spo2": "spo2",
    "r": "resp_rate",
    "rr": "resp_rate",
    "resp": "resp_rate",
    "o": "oxygen",
    "o2": "oxygen",
    "t": "temperature",
}
ACCEPTED = "128/76 p84 s97 r14"


def parse_vitals_line(line: str) -> dict[str, str]:
    """Return readings by name; raise InvalidInput naming every token that is unclear."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for token in re.split(r"[\s,;]+", line.strip().lower()):
        if not token:
            continue
        values = _read_token(token)
        if values is None:
            problems.append(_ask(token))
            continue
        for name, value in values.items():
            if name in found:
                message = _("%(token)s: this is already in the line.") % {"token": token}
                problems.append(build_error("line", "vitals-token-repeated", token, ACCEPTED, message))
            found[name] = value
    if problems:
        raise InvalidInput(problems)
    return found


def _read_token(token: str) -> dict[str, str] | None:
    pressure = PRESSURE.match(token)
    if pressure:
        return {"systolic": pressure[1], "diastolic": pressure[2]}
    labelled = LABELLED.match(token)
    if labelled and labelled[1] in LABELS:
        return {LABELS[labelled[1]]: labelled[2]}
    return None


def _ask(token: str) -> Problem:
    """Return the question about a token that has no clear meaning."""
    if BARE.match(token):
        message = _("%(t)s: name it, p%(t)s is the pulse, s%(t)s the saturation, r%(t)s the respiration.") % {
            "t": token
        }
        return build_error("line", "vitals-token-ambiguous", token, ACCEPTED, message)
    message = _("%(token)s is not understood; write for example 128/76 p84 s97 r14.") % {"token": token}
    return build_error("line", "vitals-token-unknown", token, ACCEPTED, message)


def merge_line(data: dict[str, Any], line: str, names: dict[str, str]) -> dict[str, Any]:
    """Return the data with the line's readings under the command's own names; a field typed as well must agree."""
    merged, problems = dict(data), []
    for name, value in parse_vitals_line(line).items():
        key = names.get(name, name)
        if key in merged and str(merged[key]) != value:
            message = _("The line says %(line)s, the field says %(field)s.") % {"line": value, "field": merged[key]}
            problems.append(build_error("line", "vitals-line-disagrees", value, str(merged[key]), message))
        merged[key] = value
    if problems:
        raise InvalidInput(problems)
    return merged
