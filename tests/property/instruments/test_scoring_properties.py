"""What holds of every instrument and every set of answers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterglow.instruments import get_instrument, load_instruments, score_answers
from afterglow.terms import InvalidInput

INSTRUMENTS = sorted(each.id for each in load_instruments().values() if each.scores)
# a sum that only rises with its items: no reversed item, no rule that skips
RISING = [name for name in INSTRUMENTS if get_instrument(name).total and name != "dast10"]


def draw_given(item):
    if item.answers:
        return st.sampled_from([answer.value for answer in item.answers])
    return st.integers(int(item.minimum), int(item.maximum))


def draw_answer(item):
    return draw_given(item) | st.none()


@st.composite
def answered_forms(draw):
    instrument = get_instrument(draw(st.sampled_from(INSTRUMENTS)))
    return instrument, {item.id: draw(draw_answer(item)) for item in instrument.items}


def try_scoring(instrument, answers):
    """Return the result, or None where later answers contradict earlier ones, the only refusal these forms may meet."""
    try:
        return score_answers(instrument, answers)
    except InvalidInput as refusal:
        codes = {problem.code for problem in refusal.problems}
        if codes != {"answer-contradicts"}:
            raise
        return None


@given(answered_forms())
def test_a_total_lies_in_range_and_is_never_zero_for_want_of_answers(form):
    instrument, answers = form
    result = try_scoring(instrument, answers)
    if result is None:
        return
    if result.total is None:
        assert result.reason
    else:
        assert instrument.total_minimum <= result.total <= instrument.total_maximum
    if all(value is None for value in answers.values()):
        assert result.total is None


@given(answered_forms())
def test_taking_an_answer_away_never_completes_a_form(form):
    instrument, answers = form
    whole = try_scoring(instrument, answers)
    fewer = try_scoring(instrument, {**answers, instrument.items[0].id: None})
    if whole is not None and fewer is not None:
        assert whole.complete or not fewer.complete


@given(st.lists(st.sampled_from([0, 1, 2, 3]), min_size=9, max_size=9))
def test_a_worse_answer_never_lowers_phq9(answers):
    instrument = get_instrument("phq9")
    before = score_answers(instrument, dict(zip("123456789", answers, strict=True)))
    worse = [min(3, answer + 1) for answer in answers]
    after = score_answers(instrument, dict(zip("123456789", worse, strict=True)))
    assert Decimal(0) <= before.total <= after.total


@given(st.data())
def test_a_higher_answer_never_lowers_a_total(data):
    instrument = get_instrument(data.draw(st.sampled_from(RISING)))
    answers = {item.id: data.draw(draw_given(item)) for item in instrument.items}
    item = data.draw(st.sampled_from(instrument.items))
    before, after = (try_scoring(instrument, {**answers, item.id: value}) for value in (item.minimum, item.maximum))
    if before is not None and after is not None:
        assert before.total <= after.total


@pytest.mark.parametrize("name", RISING)
def test_a_blank_answer_is_never_read_as_the_lowest(name):
    """Each needed answer in turn is taken away: no total, or one that says it was estimated."""
    instrument = get_instrument(name)
    (total,) = (score for score in instrument.scores if score.id == instrument.total)
    counted = {*total.items, *(item for group in total.groups for item in group)}
    needed = [item.id for item in instrument.items if not item.is_optional and item.skipped_as is None]
    shared = {item for group in instrument.alternatives for item in group}
    for blank in [item for item in needed if (not counted or item in counted) and item not in shared]:
        result = score_answers(instrument, {item.id: item.maximum for item in instrument.items if item.id != blank})
        assert blank in result.missing
        assert result.total is None or result.prorated, blank


@given(st.data())
def test_alerts_of_an_unfinished_form_stay_when_it_is_finished(data):
    instrument = get_instrument(data.draw(st.sampled_from([n for n in INSTRUMENTS if get_instrument(n).alerts])))
    answers = {item.id: data.draw(draw_answer(item)) for item in instrument.items}
    early = try_scoring(instrument, answers)
    whole = {item.id: item.minimum if answers[item.id] is None else answers[item.id] for item in instrument.items}
    late = try_scoring(instrument, whole)
    if early is not None and late is not None and not early.prorated and instrument.direction == "lower-is-better":
        assert {each.code for each in early.alerts} <= {each.code for each in late.alerts}
