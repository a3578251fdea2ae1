"""Whatever a course file holds, it is read or refused with findings: never a traceback, never half an answer."""

import copy
import json
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from afterglow.outcomes.outlook import make_outlook, read_request, render_outlook
from afterglow.outcomes.outlook.reading import FIELDS
from afterglow.terms import InvalidInput, Problem

NAMES = st.sampled_from(sorted(FIELDS)) | st.text(max_size=5)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=12)
    | st.dates().map(str)
)
JUNK = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
GOOD: dict[str, Any] = {
    "as_of": "2026-03-20",
    "instrument": "phq9",
    "drug": "racemic",
    "route": "iv",
    "duration_min": 40,
    "weight_kg": 70,
    "scores": [{"at": f"2026-03-{day:02d}", "value": value} for day, value in ((1, 20), (6, 14), (13, 9))],
    "sessions": [{"at": f"2026-03-{day:02d}", "dose_mg": 35} for day in (2, 5, 9)],
    "suicide_answers": [{"at": "2026-03-13", "instrument": "phq9", "level": 0}],
    "open_topics": [],
    "reactions": {"serious_or_severe": 0, "sessions_asked": 3},
}
PLACES = [
    *((name,) for name in sorted(FIELDS)),
    *(("scores", 1, name) for name in ("at", "value", "instrument", "rater")),
    *(("sessions", 1, name) for name in ("at", "dose_mg")),
    *(("suicide_answers", 0, name) for name in ("at", "instrument", "level", "recent_behaviour")),
    ("reactions", "serious_or_severe"),
    ("scores", 1),
    ("sessions", 1),
]


def answer(content: object) -> dict[str, Any] | None:
    """Return the answer, or None when it was refused with findings."""
    problems: tuple[Problem, ...] = ()
    try:
        return render_outlook(make_outlook(read_request(content, today=date(2026, 3, 20))))
    except InvalidInput as refused:
        problems = refused.problems
    assert problems
    for problem in problems:
        assert all((problem.path, problem.code, problem.accepted, problem.message))
        json.dumps(problem.to_json(), allow_nan=False)
    return None


@settings(max_examples=60, deadline=None)
@given(JUNK)
def test_junk_is_read_or_refused(content: object) -> None:
    found = answer(content)
    assert found is None or found["status"] == "not-enough-data"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLACES), JUNK)
def test_a_good_file_with_one_junk_value_is_read_or_refused(place: tuple[Any, ...], value: object) -> None:
    content = copy.deepcopy(GOOD)
    inner: Any = content
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    found = answer(content)
    assert found is None or found["status"] in ("forecast", "not-enough-data")


def test_the_good_file_is_good() -> None:
    found = answer(GOOD)
    assert found is not None
    assert found["status"] == "forecast"
