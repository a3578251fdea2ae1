"""What holds of every instrument and every set of answers."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from afterglow.instruments import get_instrument, load_instruments, score_answers
from afterglow.terms import InvalidInput

INSTRUMENTS = sorted(load_instruments())


def draw_answer(item):
    if item.answers:
        return st.sampled_from([answer.value for answer in item.answers]) | st.none()
    return st.integers(int(item.minimum), int(item.maximum)) | st.none()


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
