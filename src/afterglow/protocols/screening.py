"""Screening: one person's case against one protocol, as findings, what was cleared, and treatment resistance."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from afterglow.protocols.cases import Case, flatten_case
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.evaluate import ClearedRule, evaluate_rules
from afterglow.protocols.model import Drug, Protocol
from afterglow.protocols.resistance import Resistance, judge_resistance, load_definitions
from afterglow.terms import Finding, InvalidInput, Problem, Severity, Verdict, calculate_verdict

_VERDICT_WORDS = {
    Verdict.STOP: "Not yet eligible",
    Verdict.INCOMPLETE: "Not yet decided: answers are missing",
    Verdict.CAUTION: "No stop; weigh the cautions",
    Verdict.CLEAR: "No finding",
}


@dataclass(frozen=True, slots=True)
class TreatmentResistance:
    """The answers of all definitions side by side; `chosen` is the one the clinic uses."""

    chosen: str
    definitions: tuple[Resistance, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the chosen definition's id and all answers with their working."""
        return {"chosen": self.chosen, "definitions": [answer.to_json() for answer in self.definitions]}


@dataclass(frozen=True, slots=True)
class Screening:
    """The result of screening; findings are ordered by severity and rule."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    cleared: tuple[ClearedRule, ...]
    treatment_resistance: TreatmentResistance | None
    protocol: str
    protocol_version: str
    protocol_hash: str
    indication: str | None
    stage: str
    today: date

    @property
    def headline(self) -> str:
        """The verdict in words, with the numbers of stops and missing answers."""
        counts = {severity: sum(f.severity is severity for f in self.findings) for severity in Severity}
        parts = [
            f"{counts[Severity.STOP]} stop",
            f"{counts[Severity.CAUTION]} caution",
            f"{counts[Severity.MISSING]} missing",
        ]
        return f"{_VERDICT_WORDS[self.verdict]} ({', '.join(parts)}). You decide; this is support."

    def to_json(self) -> dict[str, Any]:
        """Return the published shape."""
        return {
            "verdict": str(self.verdict),
            "findings": [finding.to_json() for finding in self.findings],
            "cleared": [cleared.to_json() for cleared in self.cleared],
            "treatment_resistance": self.treatment_resistance.to_json() if self.treatment_resistance else None,
            "protocol": self.protocol,
            "protocol_version": self.protocol_version,
            "protocol_hash": self.protocol_hash,
            "indication": self.indication,
            "stage": self.stage,
            "today": self.today.isoformat(),
        }


def screen(
    case: object,
    *,
    today: date | None = None,
    protocol: Protocol | None = None,
    overlay: Mapping[str, Any] | None = None,
) -> Screening:
    """Return the findings of a case; raise `InvalidInput` with every problem when the case cannot be read.

    The case names its protocol, or `protocol` is the effective one to screen against; `today` stands in when the
    case names no day.
    """
    flat = flatten_case(case, today)
    problems = list(flat.problems)
    if protocol is None:
        protocol, more = _find_protocol(flat, overlay)
        problems += more
    if problems or protocol is None:
        raise InvalidInput(problems)
    return screen_case(flat, protocol)


def screen_case(case: Case, protocol: Protocol) -> Screening:
    """Return the findings of a case that has been read, against an effective protocol."""
    facts = _find_defaults(protocol) | dict(case.facts)
    resistance = calculate_resistance(case, protocol)
    if resistance is not None:
        chosen = next(answer for answer in resistance.definitions if answer.rule.id == resistance.chosen)
        facts |= {"resistance.adequate": chosen.counted, "resistance.required": chosen.rule.required}
        facts |= {} if chosen.is_met is None else {"resistance.is_met": chosen.is_met}
    answer = evaluate_rules(protocol, facts, case.stage)
    findings = tuple(_explain_resistance(finding, resistance) for finding in answer.findings)
    return Screening(
        verdict=calculate_verdict(findings),
        findings=findings,
        cleared=answer.cleared,
        treatment_resistance=resistance,
        protocol=protocol.id,
        protocol_version=protocol.version,
        protocol_hash=protocol.content_hash,
        indication=protocol.indication,
        stage=str(case.stage),
        today=case.today,
    )


def calculate_resistance(case: Case, protocol: Protocol) -> TreatmentResistance | None:
    """Return the answers of all definitions, or None when no trials were recorded, not even that there are none."""
    if case.trials is None:
        return None
    phq9 = case.facts.get("scales.phq9.total")
    answers = tuple(judge_resistance(case.trials, rule, phq9) for rule in load_definitions().values())
    return TreatmentResistance(protocol.profiles.get("resistance", "two-trials"), answers)


def _find_protocol(case: Case, overlay: Mapping[str, Any] | None) -> tuple[Protocol | None, list[Problem]]:
    if not case.protocol:
        return None, []
    try:
        chosen = get_effective(case.protocol, indication=case.indication, profiles=case.profiles, overlay=overlay)
    except InvalidInput as error:
        return None, [replace(problem, path=f"context.{problem.path}") for problem in error.problems]
    return chosen, []


def _find_defaults(protocol: Protocol) -> dict[str, Any]:
    """The region whose label a protocol follows; the esketamine ones carry it in their id."""
    region = protocol.id.rpartition("-")[2]
    return {"jurisdiction": region} if protocol.drug is Drug.ESKETAMINE and region in ("us", "eu") else {}


def _explain_resistance(finding: Finding, resistance: TreatmentResistance | None) -> Finding:
    """Say which trial lacks what, where the definition cannot be answered."""
    if resistance is None or finding.severity is not Severity.MISSING or "resistance.is_met" not in finding.facts:
        return finding
    chosen = next(answer for answer in resistance.definitions if answer.rule.id == resistance.chosen)
    return replace(finding, seen=f"Not known: {'; '.join(chosen.missing)}") if chosen.missing else finding
