"""In which order tasks stand: late calls and who is here today first, the day's own work, then what is long late."""

from datetime import UTC, datetime, timedelta

import pytest

from afterglow.clinicday.dues import Rank, get_standing_after, rank

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
END = datetime(2026, 3, 3, tzinfo=UTC)
LONG = get_standing_after()
SECOND = timedelta(seconds=1)

# what it is, when due, urgent, person here today, where it stands
ORDER = [
    ("urgent, whatever else", NOW + timedelta(days=3), True, False, Rank.URGENT),
    ("of somebody who is here, due today", NOW + SECOND, False, True, Rank.HELD),
    ("of somebody who is here, late for a week to the second", NOW - LONG, False, True, Rank.HELD),
    ("of somebody who is here, late for longer", NOW - LONG - SECOND, False, True, Rank.HELD_LONG),
    ("late by a minute", NOW - timedelta(minutes=1), False, False, Rank.DAY),
    ("due at the last second of today", END - SECOND, False, False, Rank.DAY),
    ("late for a week to the second", NOW - LONG, False, False, Rank.DAY),
    ("late for longer than a week", NOW - LONG - SECOND, False, False, Rank.STANDING),
    ("late for 299 days", NOW - timedelta(days=299), False, False, Rank.STANDING),
    ("due at midnight", END, False, False, Rank.LATER),
    ("of somebody who is here, due at midnight", END, False, True, Rank.LATER),
]


@pytest.mark.parametrize(("words", "due_at", "is_urgent", "is_here", "found"), ORDER, ids=[row[0] for row in ORDER])
def test_a_task_stands_where_its_need_puts_it(
    words: str, due_at: datetime, is_urgent: bool, is_here: bool, found: Rank
) -> None:
    assert rank(due_at=due_at, now=NOW, end_of_day=END, is_urgent=is_urgent, is_here=is_here) is found


@pytest.mark.parametrize(
    ("words", "due_at", "is_here", "found"),
    [
        ("late", NOW - SECOND, False, Rank.CALL),
        ("late, to somebody who is here", NOW - SECOND, True, Rank.CALL),
        ("late for a week to the second", NOW - LONG, False, Rank.CALL),
        ("late for longer: it has climbed, and stands below", NOW - LONG - SECOND, False, Rank.STANDING),
        ("due in this second", NOW, False, Rank.DAY),
        ("due today, to somebody who is here", NOW + SECOND, True, Rank.HELD),
        ("due tomorrow", END, False, Rank.LATER),
    ],
)
def test_a_late_call_to_somebody_at_home_stands_before_the_rest_of_the_day(
    words: str, due_at: datetime, is_here: bool, found: Rank
) -> None:
    stands = rank(due_at=due_at, now=NOW, end_of_day=END, is_urgent=False, is_here=is_here, is_call=True)
    assert stands is found, words


def test_the_policy_of_what_is_long_late_is_a_week() -> None:
    assert timedelta(days=7) == LONG
