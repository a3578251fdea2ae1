"""Steps of an emergency that do more than log: the stop ends the infusion; a caller does not answer the own call."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from afterglow.chairside.dosing import find_end, find_phase, list_stretches
from afterglow.clinic.chain import render_canonical
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.fold import load_protocol, load_state
from afterglow.clinic.dosing_sessions.links import Row, chain_rows, store_rows
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor import actions
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.floor.cards import forget_cards
from afterglow.clinic.floor.models import HelpCall
from afterglow.clinic.sites.models import Place
from afterglow.web.floor.present import present_board, present_need
from afterglow.web.sessions.present.alarms import list_marks
from tests.factories import make_user
from tests.web.sessions.session_support import Cast as Sitting

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def sitting() -> Sitting:
    """Return a session whose infusion runs."""
    forget_cards()
    made = Sitting()
    rows = [("arrival-recorded", {}), ("dosing-started", {"rate_ml_per_h": "60", "order": None})]
    stored = [Row(name, 1, made.now, made.now, made.nurse.pk, render_canonical(body)) for name, body in rows]
    store_rows(made.session, chain_rows(made.session, stored))
    made.session.phase = "dosing"
    made.session.save()
    return made


def call_for(sitting: Sitting, by: Any = None) -> HelpCall:
    by = by or sitting.nurse
    return actions.raise_help(site=sitting.site, session=sitting.session, by=by, now=sitting.now)


def read(sitting: Sitting) -> Any:
    sitting.session.refresh_from_db()
    return load_state(sitting.session)


def test_the_stop_of_the_log_ends_the_infusion_and_the_dose_stands_still(sitting: Sitting) -> None:
    sitting.now += 10 * MINUTE
    actions.record_code_step(call=call_for(sitting), step="infusion-stopped", by=sitting.nurse, now=sitting.now)
    state, protocol = read(sitting), load_protocol(sitting.session)
    assert find_end(state, protocol) == sitting.now
    assert find_phase(state, protocol) == "observing"
    begun, ended = state.list("dosing-started")[0].occurred_at, sitting.now
    stretches = list_stretches(state, sitting.now + 10 * MINUTE)
    assert [(each.start, each.end) for each in stretches if each.rate_ml_per_h] == [(begun, ended)]


@pytest.mark.parametrize(("seconds", "by"), [(5, "nurse"), (600, "prescriber")])
def test_taking_the_step_back_lets_the_infusion_stand_as_running(sitting: Sitting, seconds: int, by: str) -> None:
    sitting.now += 10 * MINUTE
    logged = actions.record_code_step(
        call=call_for(sitting), step="infusion-stopped", by=sitting.nurse, now=sitting.now
    )
    sitting.now += seconds * SECOND
    actions.take_back_code_step(logged=logged, by=getattr(sitting, by), now=sitting.now)
    assert find_end(read(sitting), load_protocol(sitting.session)) is None


def test_a_nurse_too_late_is_refused_and_the_stop_stands(sitting: Sitting) -> None:
    logged = actions.record_code_step(
        call=call_for(sitting), step="infusion-stopped", by=sitting.nurse, now=sitting.now
    )
    sitting.now += MINUTE
    with pytest.raises(Refused) as refusal:
        actions.take_back_code_step(logged=logged, by=sitting.nurse, now=sitting.now)
    assert refusal.value.findings[0].title == "Entry stands in the record"
    assert find_end(read(sitting), load_protocol(sitting.session)) is not None


def test_a_stop_is_entered_once_however_often_it_is_tapped(sitting: Sitting) -> None:
    call = call_for(sitting)
    for _ in range(3):
        actions.record_code_step(call=call, step="infusion-stopped", by=sitting.nurse, now=sitting.now)
    actions.close_call(call=call, by=sitting.nurse, now=sitting.now)
    assert len(read(sitting).list("stop-recorded")) == 1


def test_a_stop_while_nothing_runs_is_a_line_of_the_log_alone() -> None:
    forget_cards()
    idle = Sitting()
    actions.record_code_step(call=call_for(idle), step="infusion-stopped", by=idle.nurse, now=idle.now)
    assert read(idle).list("stop-recorded") == ()


def test_what_the_desk_tapped_is_entered_with_the_next_tap_of_who_records(sitting: Sitting) -> None:
    call = call_for(sitting)
    desk = make_user("desk", sitting.site, "frontdesk")
    actions.record_code_step(call=call, step="infusion-stopped", by=desk, now=sitting.now)
    assert read(sitting).list("stop-recorded") == ()
    stopped = sitting.now
    sitting.now += MINUTE
    actions.record_code_step(call=call, step="oxygen-on", by=sitting.nurse, now=sitting.now)
    assert [event.occurred_at for event in read(sitting).list("stop-recorded")] == [stopped]


def test_who_called_cannot_answer_but_may_say_that_no_help_is_needed(sitting: Sitting) -> None:
    call = call_for(sitting)
    with pytest.raises(Refused) as refusal:
        actions.answer_help(call=call, by=sitting.nurse, now=sitting.now)
    assert refusal.value.code == "own-call"
    call.refresh_from_db()
    assert call.answered_at is None
    page = sitting.client().get(reverse("web:floor-call", args=[call.pk])).content.decode()
    assert "I am on my way" not in page
    assert "No help needed any more" in page
    other = sitting.client(sitting.prescriber).get(reverse("web:floor-call", args=[call.pk])).content.decode()
    assert "I am on my way" in other


def test_an_emergency_stays_red_whoever_is_on_the_way(sitting: Sitting) -> None:
    call = call_for(sitting)
    actions.answer_help(call=call, by=sitting.prescriber, now=sitting.now)
    answered = sitting.client().get(reverse("web:floor-strip")).content.decode()
    assert "fl-call--answered" in answered
    actions.start_code(call=call, by=sitting.nurse, now=sitting.now)
    assert "fl-call--answered" not in sitting.client().get(reverse("web:floor-strip")).content.decode()
    need = build_board(site=sitting.site, user=sitting.nurse, now=sitting.now)["needs"][0]
    assert (need["kind"], present_need(need)["tint"]) == ("help", "high")


def test_the_card_has_the_colour_of_the_call_until_it_ends(sitting: Sitting) -> None:
    def find_band() -> tuple[str, str]:
        forget_cards()
        board = build_board(site=sitting.site, user=sitting.nurse, now=sitting.now)
        card = next(
            row for row in present_board(board).values() if row.get("url", "").endswith(sitting.session.pk + "/")
        )
        return card["band"], card["state"]

    Place.objects.create(site=sitting.site, name="Room 2")
    Session.objects.filter(pk=sitting.session.pk).update(place="Room 2")
    calm = find_band()
    sitting.session.refresh_from_db()
    call = call_for(sitting)
    assert find_band() == ("high", "Help")
    actions.answer_help(call=call, by=sitting.prescriber, now=sitting.now)
    assert find_band()[0] == "seen-high"
    actions.start_code(call=call, by=sitting.nurse, now=sitting.now)
    assert find_band() == ("high", "Emergency")
    actions.close_call(call=call, by=sitting.nurse, now=sitting.now)
    assert find_band() == calm


def test_the_session_says_after_it_what_was_given_and_that_there_was_an_emergency(sitting: Sitting) -> None:
    call = call_for(sitting)
    naloxone = actions.record_code_step(call=call, step="naloxone", by=sitting.nurse, now=sitting.now)
    actions.close_call(call=call, by=sitting.nurse, now=sitting.now)
    sitting.session.refresh_from_db()
    marks = list_marks(get_view(sitting.session, sitting.now))
    assert [mark.partition(", ")[0] for mark in marks] == ["Rescue drug naloxone 0.4 mg", "Emergency"]
    assert naloxone.step == "naloxone"
