"""Emergency openings of a chart as data: the coded reasons, how long one holds, how its review may end."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class EmergencyRules:
    """The site policy of emergency openings, with its source and grade."""

    holds: timedelta
    reasons: Mapping[str, str]
    outcomes: Mapping[str, str]
    source: str
    locator: str
    grade: str


@cache
def load_emergency_rules() -> EmergencyRules:
    """Return the rules of emergency openings."""
    text = files("afterglow.clinicday").joinpath("data/emergency.toml").read_text("utf-8")
    content = tomllib.loads(text)
    return EmergencyRules(
        holds=timedelta(minutes=content["minutes"]),
        reasons=dict(content["reasons"]),
        outcomes=dict(content["outcomes"]),
        source=content["source"],
        locator=content["locator"],
        grade=content["grade"],
    )
