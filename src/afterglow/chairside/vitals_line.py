"""The vitals line: labelled tokens such as `128/76 p84 s97 r14`; a number that could be two things is asked back."""

import re
from typing import Any

from afterglow.terms import InvalidInput, Problem, build_error

_PRESSURE = re.compile(r"(?:bp)?(\d{2,3})/(\d{2,3})\Z")
_BARE = re.compile(r"\d{1,3}(?:\.\d)?\Z")
_LABELS = {
    "p": "heart_rate",
    "hr": "heart_rate",
    "pulse": "heart_rate",
    "s": "spo2",
    "sat": "spo2",
    "spo2": "spo2",
    "r": "resp_rate",
    "rr": "resp_rate",
    "resp": "resp_rate",
    "o": "oxygen_l_per_min",
    "o2": "oxygen_l_per_min",
    "t": "temperature_cel",
    "m": "moaas",
}
_NAMES = "|".join(sorted(_LABELS, key=len, reverse=True))
_LABELLED = re.compile(rf"({_NAMES})[:=]?(\d{{1,3}}(?:\.\d)?)\Z")
# `o22` is oxygen 22, or O2 at 2
_TWO_OXYGENS = re.compile(r"o2\d+(?:\.\d)?\Z")
ACCEPTED = "128/76 p84 s97 r14 t36.8"


def parse_vitals_line(text: str) -> dict[str, Any]:
    """Return the readings of a line by field name.

    Raises
    ------
    InvalidInput
        A token is not understood, stands twice, or is a bare number that could mean more than one thing.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for token in text.casefold().replace(",", " ").split():
        readings, problem = _read_token(token)
        if problem is not None:
            problems.append(problem)
        for name, value in readings.items():
            if name in found:
                problems.append(_refuse("vitals-twice", token, f"{name.replace('_', ' ')} stands twice"))
            found[name] = value
    if not found and not problems:
        problems.append(_refuse("vitals-empty", text, "no reading was given"))
    if problems:
        raise InvalidInput(problems)
    return found


def _read_token(token: str) -> tuple[dict[str, Any], Problem | None]:
    pressure = _PRESSURE.match(token)
    if pressure:
        return {"systolic": pressure[1], "diastolic": pressure[2]}, None
    if _TWO_OXYGENS.match(token):
        rest = token.removeprefix("o2")
        return {}, _refuse("vitals-ambiguous", token, f"write o2:{rest} or o:2{rest}")
    labelled = _LABELLED.match(token)
    if labelled:
        return {_LABELS[labelled[1]]: labelled[2]}, None
    if _BARE.match(token):
        return {}, _refuse(
            "vitals-ambiguous", token, f"say what {token} is: p for pulse, s for SpO2, r for respiration"
        )
    return {}, _refuse("vitals-unknown", token, f"{token} is not understood")


def _refuse(code: str, token: str, message: str) -> Problem:
    return build_error("line", code, token[:40], ACCEPTED, message)
