"""A step of an emergency taken back: its dose is struck out in the same act, or the step stays and says why."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.chairside.dosing import list_rescues
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.fold import load_protocol, load_state
from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor import actions
from afterglow.clinic.floor.calls import list_steps
from afterglow.clinic.floor.cards import forget_cards
from tests.factories import make_user
from tests.web.security_support import BACKEND
from tests.web.sessions.session_support import Cast as Sitting

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def sitting() -> Sitting:
    """Return a running session with its people."""
    forget_cards()
    return Sitting()


def tap(sitting: Sitting, step: str = "naloxone", **given: Any) -> Any:
    call = actions.raise_help(site=sitting.site, session=sitting.session, by=sitting.nurse, now=sitting.now)
    return actions.record_code_step(call=call, step=step, by=sitting.nurse, now=sitting.now, **given)


def list_drugs(sitting: Sitting) -> list[str]:
    sitting.session.refresh_from_db()
    return [event.data["drug"] for event in load_state(sitting.session).list("drug-given")]


def find_line(sitting: Sitting, text: str) -> dict[str, Any]:
    sitting.session.refresh_from_db()
    return next(row for row in get_view(sitting.session, sitting.now)["log"] if row["text"].startswith(text))


@pytest.mark.parametrize(("seconds", "by"), [(0, "nurse"), (10, "nurse"), (11, "prescriber"), (3600, "prescriber")])
def test_the_dose_is_struck_out_with_its_step_and_both_stay_to_be_read(sitting: Sitting, seconds: int, by: str) -> None:
    logged = tap(sitting)
    assert list_drugs(sitting) == ["naloxone"]
    sitting.now += seconds * SECOND
    actions.take_back_code_step(logged=logged, by=getattr(sitting, by), now=sitting.now)
    assert list_drugs(sitting) == []
    assert find_line(sitting, "naloxone 0.4 mg, rescue")["corrected_by"]
    assert [step.step for step in list_steps(logged.call)] == []
    actions.close_call(call=logged.call, by=sitting.nurse, now=sitting.now)
    assert list_drugs(sitting) == []
    assert "Naloxone" not in find_line(sitting, "Emergency: ")["text"]


@pytest.mark.parametrize(("seconds", "who"), [(11, "nurse"), (0, "other"), (11, "other")])
def test_who_may_not_strike_it_out_is_told_what_to_correct_and_nothing_changes(
    sitting: Sitting, seconds: int, who: str
) -> None:
    by = make_user("second", sitting.site, "nurse") if who == "other" else sitting.nurse
    logged = tap(sitting)
    entry = SessionEvent.objects.filter(session=sitting.session, type="drug-given").get()
    sitting.now += seconds * SECOND
    with pytest.raises(Refused) as refusal:
        actions.take_back_code_step(logged=logged, by=by, now=sitting.now)
    finding = refusal.value.findings[0]
    assert f"entry {entry.seq} of the session" in finding.seen
    assert f"correct entry {entry.seq}" in finding.asks
    assert [step.step for step in list_steps(logged.call)] == ["naloxone"]
    assert list_drugs(sitting) == ["naloxone"]


def test_a_step_without_a_drug_and_one_already_struck_out_go_without_more(sitting: Sitting) -> None:
    shock = tap(sitting, "shock")
    sitting.now += 60 * SECOND
    actions.take_back_code_step(logged=shock, by=sitting.nurse, now=sitting.now)
    given = tap(sitting)
    from afterglow.clinic.dosing_sessions.actions import submit_command

    entry = SessionEvent.objects.filter(session=sitting.session, type="drug-given").get()
    submit_command(
        session=sitting.session, type="withdraw-entry", data={"seq": entry.seq}, by=sitting.nurse, now=sitting.now
    )
    sitting.now += 60 * SECOND
    actions.take_back_code_step(logged=given, by=sitting.nurse, now=sitting.now)
    assert SessionEvent.objects.filter(session=sitting.session, type="entry-withdrawn").count() == 1


def test_a_release_no_longer_waits_for_a_drug_that_was_never_given(sitting: Sitting) -> None:
    logged = tap(sitting, "midazolam")
    classes = frozenset(load_protocol(sitting.session).setting("rescue.classes"))
    sitting.session.refresh_from_db()
    assert len(list_rescues(load_state(sitting.session), classes)) == 1
    actions.take_back_code_step(logged=logged, by=sitting.nurse, now=sitting.now)
    sitting.session.refresh_from_db()
    assert list_rescues(load_state(sitting.session), classes) == []


def test_the_page_of_the_call_says_why_a_step_stays(sitting: Sitting) -> None:
    logged = tap(sitting)
    other = make_user("second", sitting.site, "nurse")
    client = Client()
    client.force_login(other, backend=BACKEND)
    page = client.post(reverse("web:floor-call", args=[logged.call_id]), {"act": "back", "logged": logged.pk})
    assert page.status_code == 422
    assert "Ask a prescriber to take this step back here" in page.content.decode()
