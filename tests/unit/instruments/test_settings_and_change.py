"""A clinic's own thresholds, and what a score became since its baseline."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from afterglow.instruments import get_instrument, judge_change, load_instruments, score_sequence
from afterglow.outcomes.change import explain_no_percent
from afterglow.outcomes.model import DatedScore, Rater
from afterglow.terms import InvalidInput


def test_a_clinic_may_lower_the_cut_within_its_limits():
    answers = [*["4"] * 7, "3", *["0"] * 12]
    assert score_sequence(get_instrument("pcl5"), answers).screens["screen"] == "negative"
    assert score_sequence(get_instrument("pcl5"), answers, {"cut": "31"}).screens["screen"] == "positive"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("cut", "30", "setting-out-of-range"), ("cut", "x", "number-malformed"), ("colour", "1", "setting-unknown")],
)
def test_a_wrong_setting_is_named(name, value, code):
    with pytest.raises(InvalidInput) as refusal:
        score_sequence(get_instrument("pcl5"), ["0"] * 20, {name: value})
    problem = refusal.value.problems[0]
    assert (problem.path, problem.code, problem.value) == (
        f"settings.{name}",
        code,
        name if name == "colour" else value,
    )


def test_no_setting_makes_a_suicide_alert_less_sensitive():
    found = {
        each.id: each.settings["suicide_item"]
        for each in load_instruments().values()
        if "suicide_item" in each.settings
    }
    defaults = {"phq9": 1, "qids-sr16": 1, "madrs": 2, "madrs-s": 2, "hamd17": 1, "bdi2": 1}
    assert {name: setting.value for name, setting in found.items()} == defaults
    assert all(setting.maximum == setting.value and setting.minimum == 1 for setting in found.values())


def test_a_more_sensitive_suicide_alert_fires():
    answers = [*["0"] * 9, "1"]
    assert score_sequence(get_instrument("madrs"), answers).alerts == ()
    result = score_sequence(get_instrument("madrs"), answers, {"suicide_item": 1})
    assert [alert.code for alert in result.alerts] == ["madrs-item10"]


@pytest.mark.parametrize(
    ("words", "name", "baseline", "current", "response", "remission", "real"),
    [
        ("half of twenty", "phq9", 20, 10, True, False, True),
        ("nine of twenty gained", "phq9", 20, 11, False, False, True),
        ("four is remission", "phq9", 8, 4, True, True, False),
        ("five is not", "phq9", 10, 5, True, False, True),
        ("worse by five is real too", "phq9", 10, 15, False, False, True),
        ("a baseline of nothing has no percentage", "phq9", 0, 3, None, True, False),
        ("thirty-five percent is enough here", "ybocs", 20, 13, True, None, None),
        ("thirty-four is not", "ybocs", 32, 21, False, None, None),
        ("higher is better", "who5", 40, 52, None, None, True),
        ("ten is remission", "madrs", 30, 10, True, True, True),
        ("eleven is not, by default", "madrs", 30, 11, True, False, True),
    ],
)
def test_change_since_the_baseline(words, name, baseline, current, response, remission, real):
    change = judge_change(get_instrument(name), Decimal(baseline), Decimal(current))
    assert (change.is_response, change.is_remission, change.is_real) == (response, remission, real), words
    assert (change.percent is None) == (baseline == 0)


@pytest.mark.parametrize("name", [each.id for each in load_instruments().values() if each.total is not None])
def test_a_percentage_is_defined_where_the_outcomes_define_one(name):
    """A scale that begins above 0 has none; the outcomes' own rule, held for every instrument."""
    instrument = get_instrument(name)
    value = instrument.total_maximum
    first = DatedScore(name, value, datetime(2026, 3, 2, 9, tzinfo=UTC), Rater.SELF, None, "")
    assert (judge_change(instrument, value, value).percent is None) == (explain_no_percent(first) is not None)
    assert (judge_change(instrument, value, value).percent is None) == (instrument.total_minimum != 0)


def test_improvement_points_to_the_better_end():
    assert judge_change(get_instrument("who5"), Decimal(40), Decimal(52)).improvement == 12
    assert judge_change(get_instrument("phq9"), Decimal(10), Decimal(15)).improvement == -5


def test_remission_follows_the_clinics_setting():
    madrs = get_instrument("madrs")
    assert judge_change(madrs, Decimal(30), Decimal(12), {"remission": 12}).is_remission is True
    assert judge_change(madrs, Decimal(30), Decimal(13), {"remission": 12}).is_remission is False


def test_a_total_outside_the_range_is_refused():
    with pytest.raises(InvalidInput) as refusal:
        judge_change(get_instrument("phq9"), Decimal(28), Decimal(-1))
    assert [problem.path for problem in refusal.value.problems] == ["baseline", "current"]
