"""Who needs somebody now: the order of the board, by level and then by time waiting. Places never move.

A need names its place; ordering needs says nothing about where a place is drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from afterglow.clinicday.floor import list_kinds


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is asked: of which kind, at which place, waiting since when.

    `is_answered` is an alarm that somebody acknowledged: it stays, below the unanswered ones of its level.
    """

    kind: str
    place: str
    since: datetime
    is_answered: bool = False


# calls of people for people: one that nobody answered stands above every one that was answered
CALLS = ("help", "crisis")


def rank(need: Need) -> tuple[int, bool, int, datetime, str]:
    """Return the place of a need in the order: level, unanswered first, the longest wait first, then by place."""
    kinds = list_kinds()
    if need.kind not in kinds:
        raise ValueError(f"{need.kind} is no kind of need")
    level = kinds.index(need.kind)
    first = kinds.index(CALLS[0]) if need.kind in CALLS else level
    return first, need.is_answered, level, need.since, need.place


def order_needs(needs: Iterable[Need]) -> list[Need]:
    """Return the needs, the most urgent first."""
    return sorted(needs, key=rank)


# given name, family name, and the person's number where one is known
Name = Sequence[str]


def mark_initials(people: Mapping[str, Name], others: Mapping[str, Name] | None = None) -> dict[str, tuple[str, str]]:
    """Return for each person the initials with the third mark where two people of a day share them.

    Parameters
    ----------
    people : mapping of key -> (given name, family name, number)
        Everybody of the day, so that a person has one mark on every page; the number may be left out.
    others : the same, optional
        Who stands on one page alone, such as the list of who waits: told apart from everybody, and changing no mark
        of the day.

    Returns
    -------
    mapping of key -> (initial of the given name, mark of the family name)
        The mark is one letter each; where two share both, the family name has as many letters as tell them apart, at
        most three, so that no name can be read from the board; then the given name; then the number's last digits.
        Who differs in none of these, or has no number, is told apart by the place alone.
    """
    everybody = {**(others or {}), **people}
    return {key: _mark(key, people if key in people else everybody) for key in everybody}


LONGEST_MARK = 3
DIGITS = (2, 3, 4)


def _mark(key: str, people: Mapping[str, Name]) -> tuple[str, str]:
    given, family = _plain(people[key][0]), _plain(people[key][1])
    same = [name for each, name in people.items() if each != key and _share_initials(name, people[key])]
    if not same:
        return given[:1], family[:1]
    if mark := _tell_apart(family, [_plain(name[1]) for name in same]):
        return given[:1], mark
    if mark := _tell_apart(given, [_plain(name[0]) for name in same]):
        return mark, family[:1]
    number, numbers = _read_digits(people[key]), [_read_digits(name) for name in same]
    for length in DIGITS if number else ():
        if all(other[-length:] != number[-length:] for other in numbers):
            return given[:1], family[:1] + number[-length:]
    return given[:1], family[:2]


def _share_initials(one: Name, other: Name) -> bool:
    return (_initial(one[0]), _initial(one[1])) == (_initial(other[0]), _initial(other[1]))


def _tell_apart(name: str, others: list[str]) -> str:
    """Return the shortest beginning of a name, of two or three letters, that the others do not share; or nothing."""
    for length in range(2, LONGEST_MARK + 1):
        beginning = name[:length]
        if all(other[:length] != beginning for other in others):
            return beginning
    return ""


def _read_digits(name: Name) -> str:
    return "".join(letter for letter in name[2] if letter.isdigit()) if len(name) > 2 else ""


def _initial(name: str) -> str:
    return name.strip()[:1].upper()


def _plain(name: str) -> str:
    return name.strip().capitalize()
