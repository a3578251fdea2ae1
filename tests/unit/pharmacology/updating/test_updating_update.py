"""The individual update on real models: what readings move, what they cannot, and what is refused."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.finding import Option, Patient, compare, predict
from afterglow.pharmacology.regimen import Dose
from afterglow.pharmacology.simulate import Request, simulate
from afterglow.pharmacology.updating import Course, Observation, Outcome, Sample, SessionRecord, Update, update
from afterglow.pharmacology.updating.latents import build_latents, read_effects, read_etas
from afterglow.terms import InvalidInput

PERSON = Person(weight_kg=70.0, age_years=45.0)
N = 150


def build_session(name: str, start_h: float, number: int = 1) -> SessionRecord:
    return SessionRecord(name, start_h, (Dose(35.0, 0.0, 40 / 60),), number, 120.0, 75.0)


COURSE = Course("racemic", "iv", PERSON, (build_session("first", 0.0), build_session("second", 72.0, 2)))
HIGH = (
    Observation("systolic_mmhg", 158.0, "first", 30.0),
    Observation("systolic_mmhg", 160.0, "first", 40.0),
    Observation("systolic_mmhg", 155.0, "second", 40.0),
)


def run(*observations: Observation, course: Course = COURSE, seed: int = 1, is_robust: bool = False) -> Update:
    return update(course, observations, n=N, seed=seed, is_robust=is_robust)


def get_moved(found: Update) -> set[str]:
    return {one.name for one in found.moved if one.has_moved}


def get_codes(found: Update) -> list[str]:
    return [problem.code for problem in found.problems]


def test_no_reading_leaves_the_prior_people_as_they_are() -> None:
    found = run()
    z = np.random.default_rng([1, 1]).standard_normal((build_latents(COURSE.model, ["a"] * 4).size, N))
    latents = build_latents(COURSE.model, [])
    assert (found.outcome, found.code) == (Outcome.NOT_ENOUGH_DATA, "no-observations")
    assert np.array_equal(found.subjects.etas["cl"], read_etas(latents, z)["cl"])
    name = "dissociation.maximum"
    assert np.array_equal(found.effects.get(name), read_effects(latents, z).get(name))
    assert found.weights == pytest.approx(np.full(N, 1 / N))
    assert not get_moved(found)


def test_high_pressures_move_the_pressure_and_nothing_they_say_nothing_of() -> None:
    found = run(*HIGH)
    assert found.outcome is Outcome.UPDATED
    assert "circulation.systolic_maximum" in get_moved(found)
    shift = next(one for one in found.moved if one.name == "circulation.systolic_maximum")
    assert shift.shift > 0.3
    assert shift.posterior_sd < shift.prior_sd
    for one in found.moved:
        if one.name.startswith(("mood.", "dissociation.", "circulation.diastolic")):
            assert (one.has_moved, one.shift) == (False, 0.0)


def test_effective_sample_size_is_reported_within_its_bounds() -> None:
    found = run(*HIGH)
    assert 1.0 <= found.prior_ess <= N
    assert 0.1 * N <= found.ess <= N
    assert found.prior_ess < 0.25 * N
    assert found.temperatures[-1] == 1.0
    assert 0.02 < found.acceptance < 0.9


def test_few_readings_are_met_by_weights_that_sum_to_one() -> None:
    found = run(Observation("cadss6", 9.0, "first", 40.0))
    assert found.temperatures == ()
    assert found.weights.sum() == pytest.approx(1.0)
    assert np.ptp(found.weights) > 0
    assert found.ess == pytest.approx(1.0 / np.sum(found.weights**2))


def test_reading_of_another_session_is_left_out_and_said() -> None:
    alone = run(replace(HIGH[0], session="yesterday"))
    assert (alone.code, get_codes(alone)) == ("no-observations", ["other-session"])
    both = run(*HIGH, replace(HIGH[0], session="yesterday", value=90.0))
    assert both.to_json()["moved"] == run(*HIGH).to_json()["moved"]


def test_reading_is_placed_at_the_time_of_its_own_session() -> None:
    """40 min into the second session is not 40 min into the course: moving that session's start changes nothing."""
    reading = Observation("cadss", 25.0, "second", 40.0)
    found = run(reading)
    later = replace(COURSE, sessions=(COURSE.sessions[0], replace(COURSE.sessions[1], start_h=200.0)))
    assert run(reading, course=later).to_json() == found.to_json()
    before = found.checks[0].before[1]
    assert run(replace(reading, at_min=240.0, value=1.0)).checks[0].before[1] < 0.3 * before
    assert run(replace(reading, session="first")).checks[0].before[1] > before  # tolerance lowers the second


def test_session_close_before_still_counts_in_the_level() -> None:
    near = replace(COURSE, sessions=(COURSE.sessions[0], replace(COURSE.sessions[1], start_h=3.0)))
    reading = Observation("ketamine_ng_per_ml", 200.0, "second", 40.0, sampling_site="arterial")
    assert run(reading, course=near).checks[0].before[1] > run(reading).checks[0].before[1] + 10.0


def test_levels_move_clearance_and_site_of_sampling_counts() -> None:
    levels = [Observation("ketamine_ng_per_ml", value, "first", at) for value, at in ((100.0, 80.0), (55.0, 230.0))]
    found = run(*levels)
    clearance = next(one for one in found.moved if one.name == "kinetics.cl")
    assert clearance.has_moved
    assert clearance.shift < 0
    venous = run(Observation("ketamine_ng_per_ml", 100.0, "first", 70.0))
    arterial = run(Observation("ketamine_ng_per_ml", 100.0, "first", 70.0, sampling_site="arterial"))
    assert venous.checks[0].before[1] != arterial.checks[0].before[1]


@pytest.mark.parametrize("at_min", [15.0, 40.0, 69.0])
def test_venous_level_while_drug_goes_in_is_not_held_against_an_arterial_model(at_min: float) -> None:
    reading = Observation("ketamine_ng_per_ml", 200.0, "first", at_min)
    found = run(reading)
    assert (found.code, get_codes(found)[0]) == ("no-observations", "venous-too-early")
    assert "clements-1981" in found.problems[0].message
    taken = run(reading, course=replace(COURSE, model_id="clements-1981"))
    assert len(taken.checks) == 1
    assert "venous-too-early" not in get_codes(taken)
    late = run(replace(reading, value=100.0, at_min=70.0))
    assert "venous-too-early" not in get_codes(late)
    assert len(late.checks) == 1


def test_venous_level_early_by_a_route_without_a_venous_model_says_so() -> None:
    course = replace(COURSE, route="sc", sessions=COURSE.sessions[:1])
    found = run(Observation("ketamine_ng_per_ml", 200.0, "first", 20.0), course=course)
    assert get_codes(found)[0] == "venous-too-early"
    assert "no venous model" in found.problems[0].message


def test_arterial_level_is_not_held_against_a_venous_model() -> None:
    course = replace(COURSE, model_id="clements-1981")
    found = run(Observation("ketamine_ng_per_ml", 100.0, "first", 80.0, sampling_site="arterial"), course=course)
    assert get_codes(found)[0] == "sampling-site-differs"
    assert found.code == "no-observations"


def test_pressure_without_a_reading_before_the_dose_is_not_used() -> None:
    bare = replace(COURSE, sessions=(replace(COURSE.sessions[0], baseline_systolic_mmhg=None),))
    assert get_codes(run(HIGH[0], course=bare)) == ["baseline-missing"]


def test_symptom_scores_move_the_mood_and_leave_the_kinetics() -> None:
    scores = [Observation("madrs", value, at_day=day) for value, day in ((33.0, 0.0), (5.0, 1.0), (6.0, 3.0))]
    found = run(*scores)
    assert found.outcome is Outcome.UPDATED
    assert any(name.startswith("mood.") for name in get_moved(found))
    assert not any(name.startswith(("kinetics.", "dissociation.")) for name in get_moved(found))
    assert found.checks[1].after[1] < found.checks[1].before[1]


def test_dissociation_says_nothing_about_mood() -> None:
    found = run(Observation("cadss", 40.0, "first", 40.0))
    assert not any(name.startswith("mood.") for name in get_moved(found))


def test_contradicting_readings_teach_nothing_and_are_named() -> None:
    found = run(Observation("cadss", 4.0, "first", 40.0), Observation("cadss", 75.0, "first", 41.0))
    assert (found.outcome, found.code) == (Outcome.NOT_ENOUGH_DATA, "conflict")
    assert "observations-conflict" in get_codes(found)
    assert np.array_equal(found.subjects.etas["cl"], run().subjects.etas["cl"])


def test_robust_update_lets_one_odd_reading_weigh_little() -> None:
    odd = Observation("systolic_mmhg", 235.0, "first", 35.0)
    readings = [*HIGH, replace(HIGH[1], at_min=45.0), replace(HIGH[2], at_min=30.0)]
    assert run(*readings, odd).code == "conflict"
    found = run(*readings, odd, is_robust=True)
    assert found.outcome is Outcome.UPDATED
    assert [check.is_outlier for check in found.checks] == [False] * 5 + [True]
    assert "outlier" in get_codes(found)
    assert found.checks[0].after[1] == pytest.approx(run(*readings).checks[0].after[1], abs=5.0)


def test_reading_as_expected_is_not_enough() -> None:
    found = run(Observation("systolic_rise_mmhg", 1.0, "first", 2.0))
    assert (found.outcome, found.code) == (Outcome.NOT_ENOUGH_DATA, "uninformative")


def test_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    first, again, other = run(*HIGH), run(*HIGH), run(*HIGH, seed=2)
    assert first.subjects.etas["cl"].tobytes() == again.subjects.etas["cl"].tobytes()
    assert first.to_json() == again.to_json()
    assert first.subjects.etas["cl"].tobytes() != other.subjects.etas["cl"].tobytes()


def test_every_reading_carries_residual_source_and_grade() -> None:
    kinds = [
        Observation("ketamine_ng_per_ml", 200.0, "first", 40.0, sampling_site="arterial", assay="LC-MS/MS"),
        Observation("cadss", 12.0, "first", 40.0),
        HIGH[0],
        Observation("phq9", 12.0, at_day=3.0),
    ]
    rows = run(*kinds).to_json()["checks"]
    assert [row["kind"] for row in rows] == [one.kind for one in kinds]
    assert all(row["source"] and row["locator"] and row["grade"] in "ABCD" for row in rows)
    assert rows[0]["assay"] == "LC-MS/MS"


def test_updated_people_serve_comparison_and_prediction() -> None:
    found = run(*HIGH)
    option = Option("racemic", "iv", dose_mg=35.0, duration_min=40.0)
    patient = Patient(PERSON)
    mine = compare(option, option, patient, people=found.people, step_min=10.0)
    others = compare(option, option, patient, people=run().people, step_min=10.0)
    highest = [max(one.sides[0].curves["systolic_rise_mmhg"]["p50"]) for one in (mine, others)]
    assert highest[0] > highest[1] + 5.0
    elsewhere = predict(replace(option, model="clements-1981"), patient, found.people)
    assert "update-of-another-model" in [problem.code for problem in elsewhere.problems]


def test_particles_serve_the_simulator_with_their_weights() -> None:
    levels = [Observation("ketamine_ng_per_ml", value, "first", at) for value, at in ((100.0, 80.0), (55.0, 230.0))]
    found = run(*levels)
    asked = Request("racemic", "iv", ("35mg/40min",), until_h=4.0, step_h=1 / 12, with_effects=False)
    mine = simulate(replace(asked, subjects=found.subjects))
    others = simulate(replace(asked, subjects=run().subjects))
    late = [one.bands["ketamine"]["p50"][-1] for one in (mine, others)]
    assert late[0] > 1.2 * late[1]
    assert mine.weights == pytest.approx(found.weights)


@pytest.mark.parametrize(
    ("observation", "path"),
    [
        (Observation("mood", 3.0, "first", 40.0), "observations[0].kind"),
        (Observation("cadss", float("nan"), "first", 40.0), "observations[0].value"),
        (Observation("cadss", 93.0, "first", 40.0), "observations[0].value"),
        (Observation("systolic_mmhg", 20.0, "first", 40.0), "observations[0].value"),
        (Observation("cadss", 9.0, "first"), "observations[0].at_min"),
        (Observation("cadss", 9.0, "first", float("inf")), "observations[0].at_min"),
        (Observation("madrs", 20.0), "observations[0].at_day"),
        (Observation("ketamine_ng_per_ml", 0.0, "first", 40.0), "observations[0].value"),
        (Observation("ketamine_ng_per_ml", 90.0, "first", 40.0, sampling_site="hair"), "observations[0].sampling_site"),
    ],
)
def test_reading_that_cannot_be_is_refused_by_field(observation: Observation, path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        run(observation)
    assert [problem.path for problem in refusal.value.problems] == [path]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refusal:
        run(Observation("mood", 3.0), Observation("cadss", float("nan"), "first", 1.0), HIGH[0])
    assert [problem.path for problem in refusal.value.problems] == ["observations[0].kind", "observations[1].value"]


@pytest.mark.parametrize(
    ("sessions", "path"),
    [
        ((), "sessions"),
        ((build_session("a", 0.0), build_session("a", 48.0)), "sessions"),
        ((build_session("a", 48.0), build_session("b", 0.0)), "sessions[1].start_h"),
        ((build_session("a", 0.0, 0),), "sessions[0].number"),
        ((SessionRecord("a", 0.0, ()),), "sessions[0].doses"),
    ],
)
def test_course_that_cannot_be_is_refused(sessions: tuple[SessionRecord, ...], path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        run(course=replace(COURSE, sessions=sessions))
    assert refusal.value.problems[0].path == path


@pytest.mark.parametrize(("n", "seed"), [(10, 1), (400, -1)])
def test_number_and_seed_are_checked(n: int, seed: int) -> None:
    with pytest.raises(InvalidInput):
        update(COURSE, (), n=n, seed=seed)


@pytest.mark.parametrize(("ess", "words"), [(7.9, "7 of 150"), (0.4, "fewer than 1 of 150")])
def test_stuck_update_says_that_the_model_is_contradicted_and_gives_no_estimate(
    monkeypatch: pytest.MonkeyPatch, ess: float, words: str
) -> None:
    moved = run(*HIGH)
    assert moved.has_estimate
    assert moved.to_json()["effective_patients"] == int(moved.ess)
    room = sys.modules[update.__module__]
    arrived = Sample(np.zeros((1, N)), np.full(N, 1 / N), prior_ess=1.0, ess=ess, has_arrived=False)
    monkeypatch.setattr(room, "sample_posterior", lambda *_: arrived)
    found = run(*HIGH)
    assert (found.outcome, found.code, found.has_estimate) == (Outcome.NOT_ENOUGH_DATA, "stuck", False)
    assert "contradict the model population" in found.reason
    assert words in found.reason
    assert "No estimate" in found.reason
    assert "population-contradicted" in get_codes(found)
    assert not get_moved(found)
    shown = found.to_json()
    assert (shown["has_estimate"], shown["effective_patients"]) == (False, int(ess))
