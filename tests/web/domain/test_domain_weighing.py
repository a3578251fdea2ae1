"""A site's own weights of the advice: who changes them, what is refused and kept, and that the advice uses them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.care import forecasts, weighing
from afterglow.clinic.care.calibrating import look_back_at
from afterglow.clinic.care.models import AdviceWeights
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.outcomes.next_treatment import load_loss
from afterglow.outcomes.outlook.jobs import forecast_course
from afterglow.terms import InvalidInput
from tests import factories
from tests.factories import DAY, NOW, Cast
from tests.web.domain.test_domain_forecasts import CALM, run_course

WHY = "Most of our people travel two hours and lose the day."
LATER = NOW + 60 * DAY
DEFAULTS = weighing.list_values(load_loss())
DEAR = {"visit_low": 4.0, "visit_middle": 8.0, "visit_high": 16.0}


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast, induction_sessions=2, sessions_per_week=2)


def change(cast: Cast, weights: Any = None, *, version: int = 0, by: Any = None, **given: Any) -> AdviceWeights:
    fields = {"site": cast.site, "reason": WHY, "now": NOW, **given}
    return weighing.change_weights(
        weights=DEAR if weights is None else weights, by=by or cast.director, version=version, **fields
    )


def restore(cast: Cast, version: int, **given: Any) -> AdviceWeights:
    fields = {"site": cast.site, "reason": WHY, "by": cast.director, "now": NOW, **given}
    return weighing.restore_weights(version=version, **fields)


def test_a_site_begins_with_the_defaults(cast: Cast) -> None:
    found = weighing.read_weighing(cast.site)
    assert (found.number, found.weights, found.loss.edited) == (0, {}, ())
    assert weighing.list_versions(cast.site) == []


def test_a_version_holds_every_weight_with_who_when_and_why_and_is_audited(cast: Cast) -> None:
    row = change(cast)
    assert (row.number, row.reason, row.recorded_by, row.recorded_at) == (1, WHY, cast.director, NOW)
    assert row.weights == {**DEFAULTS, **DEAR}
    event = AuditEvent.objects.get(action="advice-weights.changed")
    detail = json.loads(event.detail)
    assert detail["changed"] == {
        "visit_low": [0.5, 4.0], "visit_middle": [1.5, 8.0], "visit_high": [4.0, 16.0],
    }  # fmt: skip
    assert (detail["number"], event.site, event.subject_id) == (1, cast.site.pk, row.pk)
    found = weighing.read_weighing(cast.site)
    assert found.loss.edited == ("visit_high", "visit_low", "visit_middle")
    own = found.loss.parameters["visit_low"].citation
    assert (own.source, str(own.grade)) == ("SITE", "P")


def test_a_changed_number_of_a_study_is_the_sites_own_policy_and_cites_the_study_no_more(cast: Cast) -> None:
    assert load_loss().parameters["adverse_per_session"].citation.source == "KATZ-21"
    change(cast, {"adverse_per_session": 0.02})
    citation = weighing.read_weighing(cast.site).loss.parameters["adverse_per_session"].citation
    assert (citation.source, str(citation.grade)) == ("SITE", "P")
    assert "the default is 0.01 (KATZ-21" in citation.locator


@pytest.mark.parametrize(
    ("weights", "path", "code"),
    [
        ({"revenue": 1.0}, "loss.revenue", "unknown-name"),
        ({"visit_low": -0.1}, "loss.visit_low", "out-of-range"),
        ({"visit_low": float("nan")}, "loss.visit_low", "out-of-range"),
        ({"visit_high": float("inf")}, "loss.visit_high", "out-of-range"),
        ({"visit_high": 28.1}, "loss.visit_high", "out-of-range"),
        ({"visit_low": None}, "loss.visit_low", "out-of-range"),
        ({"visit_low": "1"}, "loss.visit_low", "out-of-range"),
        ({"adverse_per_session": 1.01}, "loss.adverse_per_session", "out-of-range"),
        ({"unwell_day": 0.0}, "loss.unwell_day", "out-of-range"),
        ({"visit_middle": 0.5}, "loss.visit_middle", "not-rising"),
        ({"visit_low": 1.5}, "loss.visit_middle", "not-rising"),
    ],
)
def test_a_weight_that_cannot_be_is_refused_and_nothing_is_stored(
    cast: Cast, weights: Any, path: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        change(cast, weights)
    assert [(one.path, one.code) for one in refused.value.problems] == [(path, code)]
    assert not AdviceWeights.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="advice-weights").exists()


def test_every_problem_is_found_at_once(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as refused:
        change(cast, {"visit_low": -1.0, "severity_day": 11.0}, reason="because")
    assert {one.path for one in refused.value.problems} == {"reason", "loss.visit_low", "loss.severity_day"}


def test_a_reason_is_needed_to_restore_as_well(cast: Cast) -> None:
    change(cast)
    for reason in ("", "short"):
        with pytest.raises(InvalidInput):
            restore(cast, 1, reason=reason)
    assert AdviceWeights.objects.count() == 1


def test_only_the_medical_director_of_the_site_changes_them(cast: Cast) -> None:
    for user in (cast.owner, cast.nurse, cast.manager, cast.therapist, cast.desk, cast.stranger):
        with pytest.raises(Denied):
            change(cast, by=user)
        with pytest.raises(Denied):
            restore(cast, 0, by=user)
    assert not AdviceWeights.objects.exists()


def test_nothing_to_change_and_a_page_that_is_out_of_date_are_refused(cast: Cast) -> None:
    with pytest.raises(Refused, match="in force already"):
        change(cast, DEFAULTS)
    with pytest.raises(Refused, match="in force already"):
        restore(cast, 0)
    change(cast)
    with pytest.raises(Refused, match="in force already"):
        change(cast, version=1)
    for version in (0, 2):
        with pytest.raises(Conflict):
            change(cast, {"visit_low": 1.0}, version=version)
        with pytest.raises(Conflict):
            restore(cast, version)
    assert AdviceWeights.objects.count() == 1


def test_the_defaults_are_put_back_as_a_version_and_every_earlier_one_stays(cast: Cast) -> None:
    change(cast)
    change(cast, {"severity_day": 1.0}, version=1)
    back = restore(cast, 2)
    assert (back.number, back.weights) == (3, {})
    assert weighing.read_weighing(cast.site).loss is load_loss()
    change(cast, {"severity_day": 1.0}, version=3)
    rows = weighing.list_versions(cast.site)
    assert [row.number for row in rows] == [4, 3, 2, 1]
    assert rows[0].weights == {**DEFAULTS, "severity_day": 1.0}, "what was put back does not come again"
    assert rows[2].weights == {**DEFAULTS, **DEAR, "severity_day": 1.0}
    detail = json.loads(AuditEvent.objects.get(action="advice-weights.restored").detail)
    assert (detail["number"], detail["changed"]["visit_low"]) == (3, [4.0, 0.5])


def test_typing_the_defaults_is_putting_them_back(cast: Cast) -> None:
    change(cast)
    assert change(cast, DEFAULTS, version=1).weights == {}


def test_a_version_is_never_changed_or_removed(cast: Cast) -> None:
    row = change(cast)
    for act in (lambda: AdviceWeights.objects.update(reason="another"), AdviceWeights.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        AdviceWeights.objects.create(
            site=cast.site, number=row.number, reason=WHY, recorded_at=NOW, recorded_by=cast.director
        )


def read(cast: Cast, plan: Any, now: Any = LATER) -> Any:
    return forecasts.read_question(patient=plan.patient, by=cast.nurse, now=now)


def test_the_question_of_a_chart_carries_the_sites_weights_and_the_advice_changes(cast: Cast, plan: Any) -> None:
    run_course(cast, plan, more=(CALM, ("suicide-screen-recorded", -15, {"level": 0, "behaviour": False})))
    plain = read(cast, plan)
    assert "loss" not in plain.payload["course"]
    assert plain.weights == {}
    change(cast, now=LATER - timedelta(hours=1))
    own = read(cast, plan)
    assert own.payload["course"]["loss"] == {**DEFAULTS, **DEAR}
    assert own.weights == {"number": 1, "signed_on": (LATER - timedelta(hours=1)).date().isoformat()}
    before, after = (forecast_course(json.dumps(one.payload))["next_treatment"] for one in (plain, own))
    assert before["loss_edited"] == []
    assert after["loss_edited"] == ["visit_high", "visit_low", "visit_middle"]
    assert [row["days_per_visit"] for row in after["visit_costs"]] == [4.0, 8.0, 16.0]
    for old, new in zip(before["options"], after["options"], strict=True):
        assert new["loss"]["middle"] == pytest.approx(old["loss"]["middle"] + 6.5 * old["visits_per_28"], abs=0.2)
    restore(cast, 1)
    assert read(cast, plan).payload == plain.payload, "the same question again, so the same answer"


def test_another_sites_weights_count_there_alone(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    change(cast)
    elsewhere = cast.elsewhere
    assert weighing.read_weighing(elsewhere).loss.edited == ()
    assert weighing.read_weighing(cast.site).loss.edited != ()


def test_stored_weights_that_the_program_refuses_are_never_replaced_by_others(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    AdviceWeights.objects.create(
        site=cast.site, number=1, weights={"visit_low": 99.0}, reason=WHY, recorded_at=NOW, recorded_by=cast.director
    )
    found = read(cast, plan)
    assert (found.code, found.payload) == ("weights-refused", {})
    assert "signed anew" in found.reason
    restore(cast, 1)
    assert read(cast, plan).code == ""


def test_looking_back_at_the_past_reads_the_same_question(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    judged = look_back_at(cast.site, LATER).judged
    change(cast)
    assert look_back_at(cast.site, LATER).judged == judged, "weights choose intervals and forecast no score"
