"""The exported form, evaluated by another engine, scores random answers as our scorer does."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterglow.instruments import get_instrument, load_instruments, score_answers
from afterglow.terms import InvalidInput
from tests.support.fhir_form import evaluate_form, get_form

SCORED = sorted(each.id for each in load_instruments().values() if each.scores)


@st.composite
def filled_forms(draw, instrument_id):
    """Answers to every item, to all but one or two, or to about half of them."""
    instrument = get_instrument(instrument_id)
    answers = {}
    for item in instrument.items:
        values = [each.value for each in item.answers]
        strategy = st.sampled_from(values) if values else st.integers(int(item.minimum), int(item.maximum))
        answers[item.id] = Decimal(draw(strategy))
    blank = draw(st.one_of(st.just(0), st.integers(1, 3), st.integers(0, len(answers))))
    for item_id in draw(st.permutations(sorted(answers)))[:blank]:
        del answers[item_id]
    return answers


def leave_out_what_is_not_asked(instrument, answers):
    """Return the answers without those that the form would not have shown."""
    while True:
        try:
            return answers, score_answers(instrument, answers)
        except InvalidInput as refusal:
            contradictions = [problem for problem in refusal.problems if problem.code == "answer-contradicts"]
            if len(contradictions) < len(refusal.problems):
                raise
            dropped = {problem.path.removeprefix("answers.") for problem in contradictions}
            answers = {key: value for key, value in answers.items() if key not in dropped}


def compare(ours, theirs, is_complete):
    """Numbers are equal, and so is emptiness; a word may be settled earlier by us, never differently."""
    if isinstance(ours, Decimal) or isinstance(theirs, int | float | Decimal):
        assert ours is not None
        assert theirs is not None
        assert abs(ours - Decimal(str(theirs))) < Decimal("0.001")
    elif theirs is not None or is_complete:
        assert theirs == ours


@pytest.mark.parametrize("instrument_id", SCORED)
def test_the_form_scores_as_the_scorer(instrument_id):
    instrument = get_instrument(instrument_id)
    fewer = max(4, settings().max_examples * 6 // (6 + len(instrument.items)))  # a long form takes the engine longer

    @settings(max_examples=fewer)
    @given(st.data())
    def check(data):
        score_twice(instrument, data)

    check()


def score_twice(instrument, data):
    """Score one random form by both, and compare."""
    answers, result = leave_out_what_is_not_asked(instrument, data.draw(filled_forms(instrument.id)))
    theirs = evaluate_form(get_form(instrument.id), answers)
    ours = {**result.subscales, **result.screens}
    if instrument.total is not None:
        ours[instrument.total] = result.total
    assert set(theirs) == set(ours)
    for name, value in ours.items():
        compare(value, theirs[name], not result.missing)
