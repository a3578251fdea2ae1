"""How the spec tables ask a rule: facts in plain names, one row of the sheet, the answer as a word."""

from collections.abc import Mapping
from typing import Any

from afterglow.protocols.evaluate import evaluate_rules
from afterglow.protocols.model import Stage
from afterglow.protocols.rules import load_rules

RACEMIC = {"drug": "racemic", "route": "iv", "indication": "trd", "jurisdiction": "us"}
ESKETAMINE_US = {"drug": "esketamine", "route": "intranasal", "indication": "trd", "jurisdiction": "us"}
ESKETAMINE_EU = {"drug": "esketamine", "route": "intranasal", "indication": "trd", "jurisdiction": "eu"}
PROFILES = {
    "profile.blood_pressure": "us-label",
    "profile.fasting": "sedation-standard",
    "profile.ecg": "at-risk",
    "profile.liver": "at-risk",
    "profile.resistance": "two-trials",
    "profile.bipolar": "include",
}


def ask(
    row: str,
    facts: Mapping[str, Any],
    context: Mapping[str, Any] = RACEMIC,
    stage: Stage = Stage.SCREENING,
) -> str:
    """Return what one row answers: its findings as `severity` or `severity/override`, `cleared`, or `silent`.

    Cautions and stops show who may override. Several findings of one row are joined by ` + `.
    """
    rules = [rule for rule in load_rules() if rule.id == row]
    assert rules, f"no rule {row}"
    answer = evaluate_rules(rules, facts, stage, {**PROFILES, **context})
    words = [
        f"{found.severity}/{found.override}" if found.severity in ("stop", "caution") else str(found.severity)
        for found in answer.findings
    ]
    if words:
        return " + ".join(words)
    return "cleared" if answer.cleared else "silent"
