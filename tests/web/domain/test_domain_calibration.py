"""Forecasts held against the clinic's own past: never by the person's own scores, never across versions."""

import json
from typing import Any

import pytest

from afterglow import __version__
from afterglow.clinic.care import calibrating, forecasts
from afterglow.clinic.care.models import ForecastCalibration
from afterglow.outcomes.outlook.jobs import forecast_course
from tests import factories
from tests.factories import Cast
from tests.web.domain.test_domain_forecasts import LATER, run_course

PEOPLE = 30


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast, induction_sessions=2, sessions_per_week=2)


def keep(cast: Cast, rows: list[list[Any]], **changes: Any) -> ForecastCalibration:
    """Keep a looking back as the command would."""
    people = len({row[0] for row in rows})
    row = {"made_at": LATER, "version": __version__, "word": "w1", "patients": people, "judged": rows}
    return ForecastCalibration.objects.update_or_create(site=cast.site, defaults={**row, **changes})[0]


def test_looking_back_judges_every_later_score_from_what_was_known(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    row = calibrating.look_back_at(cast.site, LATER)
    # from day 10 the scores of days 30 and 55, from day 30 that of day 55
    assert [(name, group) for name, group, _, _ in row.judged] == [
        (plan.patient.pk, "PHQ-9/42"), (plan.patient.pk, "PHQ-9/84"), (plan.patient.pk, "PHQ-9/42")
    ]  # fmt: skip
    assert all(0 <= outer <= inner for _, _, inner, outer in row.judged)
    assert row.patients == 1
    assert calibrating.summarise(row)["groups"] == {}
    again = calibrating.look_back_at(cast.site, LATER)
    assert ForecastCalibration.objects.count() == 1
    assert (again.judged, again.word == row.word) == (row.judged, False)


def test_a_persons_own_scores_do_not_serve_that_persons_range(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    others = [[f"p{i}", "PHQ-9/42", 2.0, 2.0] for i in range(PEOPLE)]
    keep(cast, [*others, [plan.patient.pk, "PHQ-9/42", 50.0, 50.0]])
    own = calibrating.read_calibration(plan.patient)
    assert own.content["PHQ-9/42"] == {"factors": [2.0, 2.0], "patients": PEOPLE}
    assert own.made_at == LATER
    payload = forecasts.read_question(patient=plan.patient, by=cast.nurse, now=LATER).payload
    plain, wider = (forecast_course(json.dumps(asked)) for asked in (payload, {**payload, "calibration": own.content}))
    assert wider["calibration"] == {**wider["calibration"], "group": "PHQ-9", "past_patients": PEOPLE}
    assert plain["calibration"]["group"] is None
    spans = [answer["score"]["p75"][60] - answer["score"]["p25"][60] for answer in (plain, wider)]
    assert spans[1] > 1.5 * spans[0]


def test_too_few_people_another_version_and_another_site_calibrate_nothing(cast: Cast, plan: Any) -> None:
    assert calibrating.read_calibration(plan.patient).content == {}
    keep(cast, [[f"p{i}", "PHQ-9/42", 2.0, 2.0] for i in range(8)], word="few")
    assert calibrating.read_calibration(plan.patient) == calibrating.OwnCalibration({})
    keep(cast, [[f"p{i}", "PHQ-9/42", 2.0, 2.0] for i in range(PEOPLE)], word="old", version="0.0.1")
    assert calibrating.read_calibration(plan.patient).content == {}
    keep(cast, [[f"p{i}", "PHQ-9/42", 2.0, 2.0] for i in range(PEOPLE)], word="new")
    assert calibrating.read_calibration(plan.patient).content
    ForecastCalibration.objects.update(site=cast.elsewhere)
    assert calibrating.read_calibration(plan.patient).content == {}
