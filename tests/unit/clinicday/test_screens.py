"""How answers about suicide look at a glance: a calm one fades with its age, a yes never does, the worst is named."""

from decimal import Decimal
from typing import Any

import pytest

from afterglow.clinicday.risk import NONE, OLDER, RECENT
from afterglow.clinicday.screens import Look, find_one_is_enough, get_fresh, get_known, judge_look, rank_told
from afterglow.protocols.catalogue import get_base, load_protocol_ids
from afterglow.terms import Grade

DAY_MIN = 24 * 60


@pytest.mark.parametrize(
    ("ideation", "behaviour", "age_min", "age_d", "look"),
    [
        (0, NONE, 0, 0, Look.FRESH),
        (0, NONE, 240, 0, Look.FRESH),
        # it would not open a dose any more
        (0, NONE, 241, 0, Look.AGED),
        # only the day is known
        (0, NONE, None, 0, Look.AGED),
        (0, NONE, 31 * DAY_MIN, 31, Look.AGED),
        (0, NONE, 32 * DAY_MIN, 32, Look.LAPSED),
        # a time to come is a slip of the pen, and calms nobody
        (0, NONE, -5, -1, Look.LAPSED),
        # what was not answered is not known, however new
        (None, NONE, 0, 0, Look.PARTLY),
        (0, None, 0, 0, Look.PARTLY),
        (None, None, 0, 0, Look.PARTLY),
        # a yes never lapses, and behaviour alone is one
        (1, NONE, 0, 0, Look.TOLD),
        (0, RECENT, 0, 0, Look.TOLD),
        (0, OLDER, 0, 0, Look.TOLD),
        (5, None, 900 * DAY_MIN, 900, Look.TOLD),
    ],
)
def test_a_c_ssrs_looks_as_old_and_as_whole_as_it_is(
    ideation: int | None, behaviour: str | None, age_min: float | None, age_d: int, look: Look
) -> None:
    assert judge_look(ideation, behaviour, age_min=age_min, age_d=age_d) is look


def test_green_lasts_no_longer_than_a_screen_opens_a_dose_in_any_protocol() -> None:
    settings = [get_base(name).settings["suicide_screen.max_age_min"] for name in load_protocol_ids()]
    assert get_fresh().value == min(int(each.value) for each in settings)
    assert get_fresh().citation in [each.citation for each in settings]


def test_each_limit_says_where_it_is_from() -> None:
    assert (get_known().value, get_known().unit, get_known().citation.grade) == (31, "d", Grade.P)
    one = find_one_is_enough()
    assert one is not None
    assert (one.source, one.grade) == ("SITE", Grade.P)


NINTH: dict[str, Any] = {"highest": {"9": Decimal(3)}, "is_columbia": False}
COLUMBIA: dict[str, Any] = {"highest": dict.fromkeys("123456", Decimal(1)), "is_columbia": True}


def test_the_worst_of_several_answers_sorts_last() -> None:
    ordered = [
        rank_told("follow-up", {"1": "1", "2": "0"}, **COLUMBIA),
        rank_told("same-day", {"3": "1", "6": "0"}, **COLUMBIA),
        rank_told("review-now", {"9": "1"}, **NINTH),
        rank_told("review-now", {"9": "3"}, **NINTH),
        rank_told("review-now", {"thoughts": "3"}, highest={}, is_columbia=False, is_acting=True),
        rank_told("review-now", {"4": "1", "5": "1", "6": "0"}, **COLUMBIA),
    ]
    assert ordered == sorted(ordered)
    assert len(set(ordered)) == len(ordered)


def test_a_level_nobody_knows_is_the_strictest() -> None:
    assert rank_told("new-word", {"9": "1"}, **NINTH) > rank_told("review-now", {"9": "3"}, **NINTH)
