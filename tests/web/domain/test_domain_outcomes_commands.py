"""What `afterglow outcomes rebuild` and `calibrate` do in a clinic that has courses, and what they print."""

import json
from argparse import Namespace
from typing import Any

import pytest

from afterglow.clinic.care.models import ForecastCalibration
from afterglow.clinic.outcomes.models import CourseSummary, StaleCourse
from afterglow.commands import outcomes
from tests import factories
from tests.factories import Cast
from tests.web.domain.test_domain_forecasts import run_course


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast, induction_sessions=2, sessions_per_week=2)


def ask(what: str, capsys: pytest.CaptureFixture[str], *, is_json: bool = False) -> str:
    assert outcomes.run(Namespace(what=what, json=is_json)) == 0
    return capsys.readouterr().out


def test_rebuild_makes_every_summary_and_says_how_many(
    cast: Cast, plan: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run_course(cast, plan)
    CourseSummary.objects.all().delete()
    assert ask("rebuild", capsys) == "1 course summarised\n"
    assert CourseSummary.objects.count() == 1
    assert not StaleCourse.objects.exists()
    assert json.loads(ask("rebuild", capsys, is_json=True)) == {"courses": 1}


def test_calibrate_says_of_each_site_how_many_past_patients_there_are_and_that_they_are_too_few(
    cast: Cast, plan: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run_course(cast, plan)
    said = ask("calibrate", capsys).splitlines()
    assert f"{cast.site.name}: forecasts of 1 past patients looked back at" in said
    assert any(line.startswith("  too few for a calibrated range: ") for line in said)
    assert ForecastCalibration.objects.get(site=cast.site).patients == 1
    (site,) = [row for row in json.loads(ask("calibrate", capsys, is_json=True))["sites"] if row["patients"]]
    assert (site["site"], site["groups"]) == (cast.site.name, {})
