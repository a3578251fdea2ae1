"""Leaving after an answer about suicide: assessed first, whatever the session's own questions said."""

from datetime import timedelta
from typing import Any

import pytest

from afterglow.clinic.dosing_sessions.actions import get_view, submit_command
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor.board import build_full_board
from afterglow.clinic.floor.cards import Floor, find_held
from afterglow.clinic.measures import risk
from afterglow.clinic.measures.leaving import find_left_open
from tests.factories import NOW, Cast, make_plan
from tests.support.giving import give
from tests.support.measuring import CALM, enter

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LATER = NOW + 150 * MINUTE


@pytest.fixture
def observed(cast: Cast) -> Any:
    """A person observed after an infusion, who has told of thoughts of suicide on a form meanwhile."""
    session = give(cast, make_plan(cast), NOW, mg=None, has_left=False, more=[("completion-recorded", 40, {})])
    enter(session.patient, cast.nurse, "phq9", {**CALM, "9": 3}, "s-1", now=NOW + 60 * MINUTE)
    return session


def do(session: Any, by: Any, name: str, **data: Any) -> Any:
    return submit_command(session=session, type=name, data=data, by=by, now=LATER)


def assess(cast: Cast, session: Any, decision: str) -> None:
    open_now = [alert.pk for alert in risk.list_open(session.patient)]
    risk.assess_risk(
        patient=session.patient, alerts=open_now, decision=decision, note="Spoke.", by=cast.owner, now=LATER
    )


def test_a_release_waits_for_the_assessment_and_says_so(cast: Cast, observed: Any) -> None:
    with pytest.raises(Refused) as refused:
        do(observed, cast.owner, "sign-release", reason="as at home")
    assert refused.value.code == risk.STOP
    (finding,) = refused.value.findings
    assert (finding.title, str(finding.override)) == ("Suicide alert not assessed", "none")
    assert "item 9 = 3" in finding.seen
    view = get_view(observed, LATER)
    gate = view["discharge"]["gates"][-1]
    assert (gate["id"], gate["state"], gate["grade"]) == (finding.rule, "open", "P")
    assert not view["discharge"]["is_open"]
    (row,) = [each for each in view["allowed"] if each["command"] == "sign-release"]
    assert not row["is_allowed"]


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        # the dose stays held, the person was assessed: what else is open holds the release now
        ("hold", "gates-open"),
        # an emergency leaves by a transfer, not by a release
        ("emergency", risk.STOP),
    ],
)
def test_what_was_assessed_decides_how_the_person_leaves(
    cast: Cast, observed: Any, decision: str, expected: str
) -> None:
    assess(cast, observed, decision)
    with pytest.raises(Refused) as refused:
        do(observed, cast.owner, "sign-release", reason="as at home")
    assert refused.value.code == expected


def test_an_answer_after_the_assessment_holds_again(cast: Cast, observed: Any) -> None:
    assess(cast, observed, "hold")
    assert find_left_open(observed) is None
    enter(observed.patient, cast.nurse, "phq9", {**CALM, "9": 3}, "s-2", now=LATER + MINUTE)
    assert find_left_open(observed) is not None


@pytest.mark.parametrize("typed", [{}, {"is_unassessed": False}])
def test_a_departure_is_recorded_as_it_happened_with_what_was_not_done(
    cast: Cast, observed: Any, typed: dict[str, Any]
) -> None:
    rules = [finding.rule for finding in do(observed, cast.nurse, "record-left", **typed).findings]
    assert "left-not-assessed" in rules


def test_nobody_can_type_that_an_answer_is_not_assessed(cast: Cast) -> None:
    session = give(cast, make_plan(cast), NOW, mg=None, has_left=False, more=[("completion-recorded", 40, {})])
    rules = [finding.rule for finding in do(session, cast.nurse, "record-left", is_unassessed=True).findings]
    assert "left-not-assessed" not in rules


def test_an_emergency_ends_in_a_transfer(cast: Cast, observed: Any) -> None:
    assess(cast, observed, "emergency")
    view = do(observed, cast.nurse, "record-ending", kind="transferred", to="emergency department").view
    assert view["phase"] == "ended"


def test_who_waits_to_be_assessed_is_not_ready_on_the_board(cast: Cast, observed: Any) -> None:
    ready = Floor([observed], {observed.pk: {"ready_since": LATER.isoformat()}})
    assert find_held(ready) == {observed.pk}
    waiting = Floor([observed], {observed.pk: {"ready_since": None}})
    assert find_held(waiting) == set()
    assert all(need["kind"] != "ready" for need in build_full_board(cast.site, LATER, cast.nurse)["needs"])
    assess(cast, observed, "hold")
    assert find_held(ready) == set()
