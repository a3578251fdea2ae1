"""Stopping a plan: screens that only serve more doses end with the reason, what is still asked for stays."""

from typing import Any

import pytest

from afterglow.clinic.errors import Refused
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.surveillance import load_items
from tests import factories
from tests.factories import DAY, NOW, Cast
from tests.web.domain.test_domain_sweep import HOUR, hold_session

pytestmark = pytest.mark.django_db
SCREENS = sorted({item.task for item in load_items()})


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast)


def list_screens(**asked: Any) -> set[str]:
    return set(Task.objects.filter(kind__in=SCREENS, **asked).values_list("subject_id", flat=True))


def open_all(cast: Cast, plan: Any) -> None:
    for item in load_items():
        tasks.open_task(
            site=cast.site, kind=item.task, by=None, now=NOW, patient=plan.patient, subject=("surveillance", item.id),
            key=f"{item.task}:{plan.patient_id}:{item.id}:first",
        )  # fmt: skip


def test_without_a_dose_every_screen_ends_with_the_reason_and_its_history(cast: Cast, plan: Any) -> None:
    open_all(cast, plan)
    plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=NOW + HOUR)
    assert list_screens(state="open") == set()
    task = Task.objects.filter(kind="screen-bladder").first()
    assert task is not None
    assert (task.state, task.outcome, task.note, task.done_by) == (
        "cancelled", "plan-stopped", "no response", cast.owner,
    )  # fmt: skip
    assert task.events.last().note == "no response"


def test_after_a_dose_the_liver_tests_stay_and_so_does_the_call_back(cast: Cast, plan: Any) -> None:
    hold_session(cast, plan, NOW)
    tasks.sweep(now=NOW + 3 * HOUR)
    open_all(cast, plan)
    plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=NOW + DAY)
    assert list_screens(state="open") == {"liver-tests"}
    assert Task.objects.get(kind="call-back-48h").state == "open"
    tasks.sweep(now=NOW + 2 * DAY)
    assert list_screens(state="open") == {"liver-tests"}


def test_a_finding_of_a_screen_stays_with_its_screen(cast: Cast, plan: Any) -> None:
    hold_session(cast, plan, NOW)
    tasks.record_surveillance(
        patient=plan.patient, screen="misuse", result={"course.has_misuse": True}, by=cast.nurse, now=NOW + DAY
    )
    open_all(cast, plan)
    plans.stop_plan(plan=plan, reason="misuse", by=cast.owner, now=NOW + 2 * DAY)
    assert list_screens(state="open") == {"liver-tests", "misuse-review"}
    assert Task.objects.get(kind="surveillance-finding").state == "open"


def test_a_later_plan_asks_for_its_screens_anew(cast: Cast, plan: Any) -> None:
    hold_session(cast, plan, NOW)
    tasks.sweep(now=NOW + 200 * DAY)
    asked = list_screens(state="open")
    assert asked > {"liver-tests"}
    plans.stop_plan(plan=plan, reason="on holiday", by=cast.owner, now=NOW + 200 * DAY)
    type(plan).objects.filter(pk=plan.pk).update(state="signed", superseded_at=None, stop_reason="")
    tasks.sweep(now=NOW + 200 * DAY + HOUR)
    assert list_screens(state="open") == asked


def test_what_stopping_ended_is_not_taken_back_on_the_task_s_page(cast: Cast, plan: Any) -> None:
    open_all(cast, plan)
    plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=NOW)
    with pytest.raises(Refused):
        tasks.undo_task(task=Task.objects.filter(kind="screen-liver").get(), by=cast.owner, now=NOW)
