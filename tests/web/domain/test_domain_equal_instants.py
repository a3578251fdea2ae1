"""Of two rows of one instant the one that was recorded later stands, whatever order the database returns them in."""

from datetime import timedelta
from typing import Any

import pytest

from afterglow.clinic.dosing_sessions.actions import open_session
from afterglow.clinic.dosing_sessions.opening import find_weight
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.lookups import find_weight as find_chart_weight
from afterglow.clinic.people.models import Measurement
from tests import factories
from tests.factories import NOW, Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_turned", [False, True])
def test_of_two_weights_of_one_minute_session_and_order_take_the_later(cast: Cast, is_turned: bool) -> None:
    plan = factories.make_plan(cast)
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.nurse, now=NOW)
    rows: list[Any] = [
        people.record_measurement(
            patient=plan.patient, kind="weight", value=value, observed_at=NOW, by=cast.nurse,
            now=NOW + timedelta(seconds=number),
        )
        for number, value in enumerate(("71", "91"))
    ]  # fmt: skip
    if is_turned:
        # the keys are drawn by chance: either row may come first
        first, second = (row.recorded_at for row in rows)
        Measurement.objects.filter(pk=rows[0].pk).update(recorded_at=second)
        Measurement.objects.filter(pk=rows[1].pk).update(recorded_at=first)
    wanted = "71" if is_turned else "91"
    chart = find_chart_weight(plan.patient)
    assert find_weight(session)["weight_kg"] == wanted
    assert chart is not None
    assert f"{chart.value.normalize():f}" == wanted
