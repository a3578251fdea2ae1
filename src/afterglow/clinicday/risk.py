"""Suicide alerts: what each opens, whether it holds the next dose, and who may release it.

Every alert is alike; only its release is tiered. What is not known makes the tier higher, never lower.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.terms import Citation, Finding, Grade, Override, Severity

RULE = "RISK-1"
LEAVING_RULE = "RISK-2"
PARTS = ("signs", "alone", "places", "people", "services", "means")
RECENT, OLDER, NONE = "recent", "older", "none"


class Tier(StrEnum):
    """Who may release a held dose."""

    NURSE = "nurse"
    PRESCRIBER = "prescriber"
    OWN_PATH = "own-path"


class Row(StrEnum):
    """A row of the triage by C-SSRS answers."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Level:
    """What a suicide alert of one level does."""

    name: str
    task: str
    holds_dose: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer that alerted, and the same item's answer the time before; None is not known."""

    value: Decimal
    before: Decimal | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The worst of the C-SSRS forms since the first open alert: ideation 0 to 5 and behaviour, None where not known.

    `ideation_before` is that of the last form before the alert; `is_today` whether one was asked today, and after the
    newest answer that alerted.
    """

    ideation: int | None
    behaviour: str | None
    ideation_before: int | None
    is_today: bool
    # the behaviour of the same form before the alert
    behaviour_before: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Who may release, why that one, what must be there first, and where each is from.

    `row` is None while no C-SSRS was asked; `citation` is that of the tier, `conditions` those of the row's needs.
    """

    tier: Tier
    reasons: tuple[str, ...]
    needs: tuple[str, ...]
    citation: Citation
    row: Row | None = None
    conditions: tuple[Citation, ...] = ()


def find_level(name: str) -> Level:
    """Return what an alert's level does; a level that is not listed is treated as the strictest."""
    table = _read_file()["levels"]
    known = name if name in table else "review-now"
    row = table[known]
    return Level(known, row["task"], row["holds_dose"], _cite(row))


def get_review_task() -> str:
    """Return the kind of task that an alert opens which is not about suicide."""
    return str(_read_file()["review"]["task"])


def list_tasks() -> tuple[str, ...]:
    """Return the kinds of tasks that suicide alerts open."""
    return tuple(row["task"] for row in _read_file()["levels"].values())


def judge_release(seen: Sequence[Seen], asked: Asked | None, indication: str) -> Release:
    """Return who may release what is held, given every answer that alerted and the C-SSRS asked since.

    Parameters
    ----------
    seen : sequence of Seen
        Item answers (PHQ-9 item 9 and its kin); those of the C-SSRS itself are in `asked`.
    asked : Asked or None
        None when no C-SSRS was asked since the alert.
    """
    content = _read_file()["release"]
    reasons = []
    if any(each.before is None for each in seen):
        reasons.append("new")
    if any(each.before is not None and each.value > each.before for each in seen):
        reasons.append("rising")
    if asked is not None:
        reasons += _judge_asked(asked, content)
    row = None if asked is None else find_row(asked.ideation, asked.behaviour)
    tier = Tier.PRESCRIBER
    if indication in content["indications_with_own_path"]:
        tier, reasons = Tier.OWN_PATH, ["own-path", *reasons]
    elif asked is None:
        # nothing was asked yet, so nothing speaks against a rise
        reasons = reasons or ["unknown"]
    elif not reasons:
        tier, reasons = Tier.NURSE, ["unchanged"]
    needs, conditions = ["note"], _list_conditions(row)
    if asked is None or not asked.is_today:
        needs.append("c-ssrs-today")
    if tier is not Tier.NURSE:
        needs.append("in-person")
    if tier is Tier.OWN_PATH:
        needs.append("safety-plan")
    needs += [name for condition in conditions for name in condition["needs"]]
    cited = tuple(_cite(condition) for condition in conditions)
    return Release(tier, tuple(reasons), tuple(dict.fromkeys(needs)), _cite(content), row, cited)


def find_row(ideation: int | None, behaviour: str | None) -> Row:
    """Return the row of the triage: the first that matches; not known where an answer leaves the high one open."""
    limits = _read_file()["triage"]
    if behaviour == RECENT or (ideation is not None and ideation >= limits["high_ideation"]):
        return Row.HIGH
    if ideation is None or behaviour is None:
        return Row.UNKNOWN
    if behaviour == OLDER or ideation >= limits["moderate_ideation"]:
        return Row.MODERATE
    return Row.LOW if ideation > 0 else Row.NONE


def _list_conditions(row: Row | None) -> list[Mapping[str, Any]]:
    return [each for each in _read_file()["conditions"] if row is not None and row.value in each["rows"]]


def _judge_asked(asked: Asked, content: Mapping[str, Any]) -> list[str]:
    reasons = []
    if asked.ideation is None or asked.behaviour is None:
        reasons.append("unknown")
    if asked.ideation is not None and asked.ideation > content["nurse_ideation_at_most"]:
        reasons.append("ideation")
    if asked.behaviour == RECENT:
        reasons.append("behaviour")
    before = asked.ideation_before
    if asked.ideation is not None and before is not None and asked.ideation - before >= content["rise"]:
        reasons.append("ideation-rising")
    # a yes without an earlier C-SSRS, or one that was a no then, is not unchanged: there is nothing like it before
    is_ideation_new = bool(asked.ideation) and before is None
    is_behaviour_new = asked.behaviour in (OLDER, RECENT) and asked.behaviour_before in (None, NONE)
    if is_ideation_new or is_behaviour_new:
        reasons.append("new-c-ssrs")
    return reasons


def build_finding(seen: str, release: Release) -> Finding:
    """Return the finding that holds a dose: what was answered, and what releases it."""
    words = load_words()
    who = "a licensed nurse or prescriber" if release.tier is Tier.NURSE else "a prescriber, in person"
    return Finding(
        rule=RULE,
        severity=Severity.STOP,
        seen=seen,
        threshold="Every answer that speaks of suicide is assessed before a dose",
        asks=f"No dose before {who} has assessed the person and recorded it. "
        + "; ".join(words["reasons"][each] for each in release.reasons),
        override=Override.NONE,
        source=release.citation.text,
        grade=release.citation.grade,
        title="Suicide alert not assessed",
    )


def build_leaving_finding(seen: str, *, is_emergency: bool) -> Finding:
    """Return the finding that holds a release: what was answered, and that it waits for an assessment or for a way out.

    An emergency ends in a transfer, which is recorded as the ending it is; no release comes after it until a later
    assessment decides otherwise.
    """
    citation = _cite(_read_file()["leaving"])
    asks = (
        "Assessed as an emergency: the person does not leave by a release. Record the transfer, or assess anew."
        if is_emergency
        else "Not to be left alone. A licensed clinician assesses and records it, then the release."
    )
    return Finding(
        rule=LEAVING_RULE,
        severity=Severity.STOP,
        seen=seen,
        threshold="Every answer that speaks of suicide is assessed before the person leaves",
        asks=asks,
        override=Override.NONE,
        source=citation.text,
        grade=citation.grade,
        title="Suicide alert not assessed" if not is_emergency else "Assessed as an emergency",
    )


@cache
def load_words() -> Mapping[str, Mapping[str, str]]:
    """Return the words of reasons, of what is still needed, and of the rows of the triage."""
    content = _read_file()
    return {name: dict(content[name]) for name in ("reasons", "needs", "rows")}


def _cite(table: Mapping[str, Any]) -> Citation:
    return Citation(table["source"], table["locator"], Grade(table["grade"]))


@cache
def _read_file() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/risk.toml").read_text("utf-8"))
