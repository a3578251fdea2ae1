"""Shares, curves and funnels against published tables and cases by hand."""

import subprocess
import sys

import pytest

from afterglow.outcomes import read_course
from afterglow.outcomes.analysis.survival import (
    Observation,
    coarsen_curve,
    count_at_risk,
    estimate_survival,
    observe_time_to_relapse,
)
from afterglow.outcomes.cohort.funnel import (
    SiteOutcome,
    SiteStanding,
    build_funnel,
    expect_from_target,
    winsorise,
)
from afterglow.outcomes.suppression import RELEASE
from afterglow.terms import InvalidInput
from tests.support.courses import build_course

# weeks in remission under 6-mercaptopurine, Freireich et al., Blood 1963;21:699; * still in remission
LEUKAEMIA = "6 6 6 6* 7 9* 10 10* 11* 13 16 17* 19* 20* 22 23 25* 32* 32* 34* 35*"
# at risk, share by the product (18/21, x 16/17, x 14/15, x 11/12, x 10/11, x 6/7, x 5/6), and at week 6 the log-log
# band by hand: exp(-exp(log(-log S) +/- 1.96 sqrt(3/(21*18)) / |log S|))
REMISSION = {
    6: (21, 0.8571), 7: (17, 0.8067), 10: (15, 0.7529), 13: (12, 0.6902), 16: (11, 0.6275), 22: (7, 0.5378),
    23: (6, 0.4482),
}  # fmt: skip


def build_observations(text: str) -> list[Observation]:
    return [Observation(float(word.rstrip("*")), not word.endswith("*")) for word in text.split()]


def test_kaplan_meier_is_the_textbook_curve() -> None:
    curve = estimate_survival(build_observations(LEUKAEMIA))
    found = {int(step.days): (step.at_risk, round(step.share, 4)) for step in curve.steps if step.events}
    assert found == REMISSION
    assert (curve.total, curve.events, curve.median_days) == (21, 9, 23)
    assert (curve.steps[0].low, curve.steps[0].high) == pytest.approx((0.6197, 0.9516), abs=5e-5)
    assert curve.find_share(5.9) == 1
    assert curve.find_share(15) == pytest.approx(0.6902, abs=5e-5)


def test_numbers_at_risk_are_counted_just_before_each_time() -> None:
    assert count_at_risk(build_observations(LEUKAEMIA), [0, 6, 7, 10, 23, 35, 36]) == [21, 21, 17, 15, 6, 1, 0]


WATCHED = {
    # PHQ-9 from 20; response at 10 or below, relapse 10 or more twice after remission below 5
    "relapsed": ([(7, 9), (14, 3), (21, 12), (28, 12), (35, 12)], Observation(14, True)),
    "well to the end": ([(7, 9), (14, 3), (56, 3)], Observation(49, False)),
    "one over the threshold is no event": ([(7, 9), (14, 3), (21, 12)], Observation(14, False)),
    "never in response": ([(7, 15), (14, 14)], None),
    "not seen again": ([], None),
}


@pytest.mark.parametrize(("scores", "expected"), WATCHED.values(), ids=WATCHED)
def test_time_to_relapse_starts_with_the_response(scores, expected) -> None:
    course = build_course([(0, 20), *scores])
    (reading,) = read_course(course).series
    assert observe_time_to_relapse(reading, course) == expected


def test_curve_that_does_not_reach_one_half_has_no_median() -> None:
    assert estimate_survival(build_observations("5 9* 9* 9*")).median_days is None


def test_coarse_curve_has_whole_weeks_and_no_thin_steps() -> None:
    fine = estimate_survival(build_observations(LEUKAEMIA))
    coarse = coarsen_curve(fine, RELEASE)
    assert all(step.days % 7 == 0 for step in coarse.steps)
    assert min(step.at_risk for step in coarse.steps) == 11
    assert [step.days for step in coarse.steps] == [7, 14, 21]
    assert coarse.note == "ends where fewer than 11 are at risk"
    assert {step.events for step in coarse.steps} == {0}


@pytest.mark.parametrize("days", [-1.0, float("nan"), float("inf")])
def test_impossible_time_is_refused(days) -> None:
    with pytest.raises(InvalidInput):
        estimate_survival([Observation(days, True)])
    with pytest.raises(InvalidInput):
        estimate_survival([])


# target 40 %, 100 patients: E = 40, V = 24, s = sqrt(24)/40 = 0.12247; 1.96 s = 0.2400, 3.0902 s = 0.3785, by hand
FUNNEL = {
    49: SiteStanding.INSIDE,  # ratio 1.225
    50: SiteStanding.ABOVE_95,  # 1.25
    55: SiteStanding.ABOVE_95,  # 1.375
    56: SiteStanding.ABOVE_99_8,  # 1.40
    31: SiteStanding.INSIDE,  # 0.775
    30: SiteStanding.BELOW_95,  # 0.75
    25: SiteStanding.BELOW_95,  # 0.625
    24: SiteStanding.BELOW_99_8,  # 0.60
}


@pytest.mark.parametrize(("observed", "standing"), FUNNEL.items())
def test_site_lies_where_the_limits_by_hand_put_it(observed, standing) -> None:
    (point,) = build_funnel([expect_from_target("site a", observed, 100, 120, 0.4)], fewest=20).points
    assert point.inner == pytest.approx((0.7600, 1.2400), abs=5e-5)
    assert point.outer == pytest.approx((0.6215, 1.3785), abs=5e-5)
    assert point.standing is standing
    assert point.completeness == pytest.approx(100 / 120)


def test_small_site_gets_no_verdict_but_is_shown() -> None:
    (point,) = build_funnel([expect_from_target("site a", 19, 19, 19, 0.4)], fewest=20).points
    assert point.standing is SiteStanding.TOO_FEW


def test_sites_come_by_name_and_never_by_rank() -> None:
    sites = [expect_from_target(name, seen, 100, 100, 0.4) for name, seen in (("c", 60), ("a", 20), ("b", 40))]
    assert [point.site for point in build_funnel(sites, fewest=20).points] == ["a", "b", "c"]


def test_overdispersion_widens_the_limits_only_when_it_is_found() -> None:
    # z = -3, 3, -3, 3 with V = 25, E = 50: phi = 9, 4 phi = 36 on 4 df; w = E^2/V = 100 each,
    # tau^2 = (36 - 3) / (400 - 40000/400) = 33/300 = 0.11, by hand
    wide = build_funnel([SiteOutcome(str(k), 50 + 15 * (-1) ** k, 50, 25, 100, 100) for k in range(4)], fewest=20)
    assert wide.overdispersion == pytest.approx(9)
    assert wide.added_variance == pytest.approx(0.11)
    assert {point.standing for point in wide.points} == {SiteStanding.INSIDE}
    calm = build_funnel([SiteOutcome(str(k), 50 + 5 * (-1) ** k, 50, 25, 100, 100) for k in range(4)], fewest=20)
    assert calm.overdispersion == pytest.approx(1)
    assert calm.added_variance == 0


def test_winsorising_pulls_in_one_of_ten_on_each_side() -> None:
    assert winsorise([9, 1, 2, 3, 4, 5, 6, 7, 8, 100]) == [9, 2, 2, 3, 4, 5, 6, 7, 8, 9]
    assert winsorise([1, 2, 3]) == [1, 2, 3]


@pytest.mark.parametrize(
    "site",
    [
        SiteOutcome("a", 5, 0, 1, 10, 10),
        SiteOutcome("a", 5, 4, 0, 10, 10),
        SiteOutcome("a", 11, 4, 1, 10, 10),
        SiteOutcome("a", 5, 4, 1, 11, 10),
        SiteOutcome("a", 5, float("nan"), 1, 10, 10),
    ],
)
def test_impossible_site_is_refused(site) -> None:
    with pytest.raises(InvalidInput):
        build_funnel([site], fewest=1)


def test_one_name_for_two_sites_and_impossible_targets_are_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        build_funnel([expect_from_target("a", 4, 10, 10, 0.4)] * 2, fewest=1)
    with pytest.raises(InvalidInput):
        expect_from_target("a", 4, 10, 10, 1.0)


def test_reading_a_course_loads_no_statistics_library() -> None:
    names = "('scipy', 'statsmodels', 'lifelines', 'pandas')"
    code = f"import sys, afterglow.outcomes; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
