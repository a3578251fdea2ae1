"""What a person answers before the visit reaches the session: shown, judged where it warns, and closing no check."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.chairside.guards import build_visit_facts
from afterglow.clinic.checkins import actions as checkins
from afterglow.clinic.dosing_sessions.actions import get_view, submit_command
from afterglow.clinic.dosing_sessions.fold import load_protocol, load_state
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinicday.checkin import load_checkin
from afterglow.protocols.catalogue import get_effective
from tests import factories
from tests.factories import Cast
from tests.support.booking import book, furnish, local

pytestmark = pytest.mark.django_db

EVENING, BEGINS = local(2, 19), local(3, 9)
TOLD = {
    "fall": {"choice": "yes"},
    "medicines": {"choice": "no"},
    "escort": {"choice": "nobody"},
    "food": {"choice": "today", "clock": "18:30"},
}


def open_told(cast: Cast, answers: dict[str, dict[str, Any]], *, at: datetime = EVENING) -> Any:
    """Return the session of a visit before which some questions were answered."""
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, BEGINS, room)
    link, _ = checkins.send_checkin(appointment=visit, by=cast.desk, now=EVENING - timedelta(hours=1))
    for question, given in answers.items():
        value = {name: [text] for name, text in given.items()}
        checkins.answer(checkin=link, question=question, value=value, now=at)
    return visits.start_session(appointment=visit, by=cast.nurse, now=BEGINS)


def list_seen(session: Any) -> list[tuple[str, str]]:
    view = get_view(session, BEGINS)
    stops = [row["finding"] for row in view["blockers"] if row.get("finding")]
    return [(row["rule"], row["seen"]) for row in [*view["cautions"], *stops]]


def list_states(session: Any) -> dict[str, str]:
    return {row["id"]: row["state"] for row in get_view(session, BEGINS)["checks"]}


def build_facts(session: Any) -> dict[str, Any]:
    return build_visit_facts(load_state(session), load_protocol(session), BEGINS)


def test_what_was_told_is_kept_with_its_time_and_ticks_nothing(cast: Cast) -> None:
    session = open_told(cast, TOLD)
    told = {row["question"]: row for row in get_view(session, BEGINS)["told"]}
    assert told["fall"] == {
        "question": "fall", "check": "since-last", "choices": ["yes"], "at": EVENING.isoformat(), "with": "link",
    }  # fmt: skip
    assert datetime.fromisoformat(told["food"]["time"]) == local(2, 18, 30).astimezone(UTC)
    assert set(told) == set(TOLD)
    states = list_states(session)
    assert {states[name] for name in ("since-last", "fasting", "escort", "reconciliation")} == {"open"}


def test_a_name_that_was_typed_stays_with_the_check_in(cast: Cast) -> None:
    session = open_told(cast, {"escort": {"choice": "named", "name": "Ivy Demo", "phone": "0660 1234"}})
    (row,) = load_state(session).header["told"]
    assert (row["choices"], row["has_words"]) == (["named"], True)
    assert "Ivy" not in str(load_state(session).header)


def test_a_told_yes_warns_until_somebody_has_asked_here(cast: Cast) -> None:
    session = open_told(cast, TOLD)
    assert ("S-2", "Fall since the last session") in list_seen(session)
    data = {"check": "since-last", "passed": True}
    submit_command(session=session, type="record-check", data=data, by=cast.nurse, now=BEGINS)
    assert "S-2" not in {rule for rule, _ in list_seen(session)}


def test_a_told_no_and_a_question_left_open_state_nothing(cast: Cast) -> None:
    facts = build_facts(open_told(cast, TOLD))
    assert facts["visit.fall"] is True
    # told as no, and never asked: neither is known until it is asked in person
    assert {"visit.new_medicine", "visit.may_be_pregnant", "use.alcohol_or_sedatives_24h"}.isdisjoint(facts)
    # told, and long enough ago: the fasting check asks for it again
    assert "fasting.solids_h" not in facts


def test_a_meal_told_too_late_holds_the_dose_until_it_is_asked_again(cast: Cast) -> None:
    late = {"food": {"choice": "today", "clock": "07:30"}, "meal": {"choice": "fatty"}}
    session = open_told(cast, late, at=local(3, 8))
    rules = {rule for rule, _ in list_seen(session) if rule.startswith("F-")}
    assert rules
    data = {"check": "fasting", "passed": True, "solids_h": "12", "solids_kind": "light", "fluids_h": "6"}
    submit_command(session=session, type="record-check", data=data, by=cast.nurse, now=BEGINS)
    assert not {rule for rule, _ in list_seen(session) if rule.startswith("F-")}


def test_a_medicine_told_beforehand_stands_among_those_of_the_chart(cast: Cast) -> None:
    session = open_told(cast, {"diabetes": {"choice": "glp1"}})
    facts = build_facts(session)
    assert "glp1-agonist" in facts["medication.classes"]
    assert "snri" in facts["medication.classes"]
    assert get_view(session, BEGINS)["told"][0]["check"] == "reconciliation"


def test_a_visit_without_a_check_in_tells_nothing(cast: Cast) -> None:
    session = open_told(cast, {})
    assert get_view(session, BEGINS)["told"] == []
    assert "told" not in load_state(session).header


def test_the_page_shows_each_answer_at_its_check_as_the_persons_own(cast: Cast) -> None:
    session = open_told(cast, TOLD)
    escort = read_escort(cast, session)
    assert "<b>I have nobody yet</b>" in escort
    assert "told by phone link" in escort
    assert "19:00" in escort
    assert "ask again" in escort
    assert "Without an escort there is no dose." in escort
    data = {"check": "escort", "passed": True, "escort": "Ivy Demo"}
    submit_command(session=session, type="record-check", data=data, by=cast.nurse, now=BEGINS)
    asked = read_escort(cast, session)
    assert "<b>I have nobody yet</b>" in asked
    assert "ask again" not in asked
    assert "Without an escort there is no dose." not in asked


def read_escort(cast: Cast, session: Any) -> str:
    """Return what the page shows at the check of the escort."""
    client = Client()
    client.force_login(cast.nurse)
    page = client.get(reverse("web:session", args=[session.pk])).content.decode()
    row = page[page.index('data-key="check-escort"') :]
    return row[: row.index("data-key=", 10)]


def test_every_question_names_a_check_that_staff_make() -> None:
    known = {check.id for name in ("iv-racemic", "nasal-esketamine-us") for check in get_effective(name).checks}
    assert {question.check for question in load_checkin().questions} <= known
