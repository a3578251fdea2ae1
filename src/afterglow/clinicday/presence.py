"""Prescriber on site, opening checks and the escort's ladder: what holds, what is missing, what comes next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from afterglow.clinicday.floor import EscortStep, OpeningItem, load_escort_ladder, load_opening
from afterglow.protocols.model import Protocol
from afterglow.terms import Citation, Finding, Grade, Override, Severity

ON_SITE = "prescriber-on-site"
PRESENCE_RULE = "ST-4"
OPENING_RULE = "OPENING"
_WATCHED = ("ready", "dosing", "paused", "observing")
_OPENING = Citation("SITE", "floor, opening checks before the first dose of the day", Grade.P)
_UNKNOWN = Citation("SITE", "floor, opening checks have not been chosen", Grade.P)


@dataclass(frozen=True, slots=True)
class Running:
    """A session on the floor, as far as presence is concerned."""

    place: str
    phase: str
    protocol: Protocol


def needs_prescriber(protocol: Protocol) -> bool:
    """Return whether a protocol asks for a prescriber on site while it runs."""
    return any(check.id == ON_SITE for check in protocol.checks)


def judge_presence(running: Iterable[Running], count_present: int) -> list[Finding]:
    """Return a finding for each place whose protocol needs a prescriber on site while none is signed in."""
    if count_present:
        return []
    found = []
    for each in running:
        check = next((check for check in each.protocol.checks if check.id == ON_SITE), None)
        if check is None or each.phase not in _WATCHED:
            continue
        found.append(
            Finding(
                PRESENCE_RULE,
                Severity.CAUTION,
                f"{each.place}: {each.phase}, no prescriber signed in on site",
                "a prescriber on site until the person leaves",
                "Stay, or have another prescriber sign in first.",
                Override.NONE,
                check.citation.text,
                check.citation.grade,
                check.title,
            )
        )
    return found


def list_open_items(results: Mapping[str, str]) -> list[OpeningItem]:
    """Return the opening checks that were not done or found a fault, given the last result of each of the day."""
    return [item for item in load_opening().values() if results.get(item.id) != "ok"]


def judge_opening(results: Mapping[str, str], *, is_asked: bool) -> Finding | None:
    """Return what holds the first dose of the day; nothing at a site where the list is not switched on."""
    missing = list_open_items(results) if is_asked else []
    if not missing:
        return None
    faults = [item.title for item in missing if results.get(item.id) == "fault"]
    undone = [item.title for item in missing if results.get(item.id) != "fault"]
    parts = [f"fault: {', '.join(faults)}"] * bool(faults) + [f"not done: {', '.join(undone)}"] * bool(undone)
    return Finding(
        OPENING_RULE,
        Severity.STOP,
        "; ".join(parts),
        "every opening check done today, without a fault",
        "Do the opening checks, then the first dose.",
        Override.NONE,
        _OPENING.text,
        _OPENING.grade,
        "Opening checks",
    )


def judge_choice(*, has_chosen: bool, is_asked: bool) -> Finding | None:
    """Return what a manager is told where a site's opening checks are not switched on."""
    if is_asked:
        return None
    seen = "switched off" if has_chosen else "never chosen, so not asked"
    return Finding(
        OPENING_RULE,
        Severity.CAUTION,
        f"Opening checks: {seen}",
        "oxygen, suction, AED, crash drugs and the drug count before the first dose of a day",
        "Switch the opening checks on.",
        Override.NONE,
        _UNKNOWN.text,
        _UNKNOWN.grade,
        "Opening checks",
    )


def is_expired(expires_on: date, today: date) -> bool:
    """Return whether crash drugs are past the date that stands on them."""
    return expires_on < today


def find_next_step(done: Sequence[str]) -> tuple[int, EscortStep]:
    """Return the number and the step of the ladder that comes next; the last one stays until somebody has come."""
    ladder = load_escort_ladder()
    number = next((place for place, step in enumerate(ladder) if step.id not in done), len(ladder) - 1)
    return number + 1, ladder[number]
