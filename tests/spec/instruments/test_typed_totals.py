"""Totals that are typed in: none that no answers come to, none that the answers known beside it rule out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterglow.instruments import get_instrument, load_instruments, score_answers, score_total
from afterglow.instruments.typed import find_limits
from afterglow.terms import InvalidInput

TYPED = [each.id for each in load_instruments().values() if each.accepts_total]
SCORED = [name for name in TYPED if get_instrument(name).scores]


@pytest.mark.parametrize(
    ("name", "total", "known", "is_accepted"),
    [
        ("phq9", 0, {"9": 3}, False),
        ("phq9", 2, {"9": 3}, False),
        ("phq9", 3, {"9": 3}, True),
        ("phq9", 27, {"9": 0}, False),
        ("phq9", 25, {"9": 0}, False),
        ("phq9", 24, {"9": 0}, True),
        ("phq9", "15.5", {}, False),
        ("phq9", 27, {"9": 3}, True),
        # one value left: the total is that of the answers, and nothing else
        ("phq2", 3, {"1": 1, "2": 2}, True),
        ("phq2", 4, {"1": 1, "2": 2}, False),
        # item 10 of MADRS is 0 to 6 in whole steps, 60 at most
        ("madrs", 54, {"10": 0}, True),
        ("madrs", 55, {"10": 0}, False),
        # a licensed form: its items are not carried, item 9 is one of twenty-one of 0 to 3
        ("bdi2", 60, {"9": 0}, True),
        ("bdi2", 61, {"9": 0}, False),
        ("bdi2", 0, {"9": 1}, False),
        ("sds", "7.5", {}, False),
        ("dsst", "50.5", {}, False),
        # item 3 of the DAST-10 is reversed: its no is what counts
        ("dast10", 10, {"3": 0}, True),
        ("dast10", 10, {"3": 1}, False),
        ("dast10", 0, {"3": 0}, False),
        # the raw sum times four
        ("who5", 52, {}, True),
        ("who5", 50, {}, False),
        # items 9 and 10 of the AUDIT are 0, 2 or 4
        ("audit", 1, {"9": 2}, False),
        ("audit", 2, {"9": 2}, True),
        # the highest of a group counts once
        ("qids-sr16", 2, {"1": 3}, False),
        ("qids-sr16", 27, {"1": 0}, True),
        ("qids-sr16", 25, {"12": 0}, False),
        # means keep their fractions, and may be rounded further: 10, 0, 0 is 3.33
        ("peg", "3.33", {"1": 10, "2": 0, "3": 0}, True),
        ("peg", "3.3", {"1": 10, "2": 0, "3": 0}, True),
        ("peg", "3.4", {"1": 10, "2": 0, "3": 0}, False),
        ("peg", "6.7", {"1": 0}, True),
        ("peg", "7", {"1": 0}, True),
        ("peg", "6.8", {"1": 0}, False),
        ("ebi", "62.5", {}, True),
        # an index of three decimals, with a clinic's value set
        ("eq5d5l", "-0.283", {}, True),
        ("eq5d5l", "0.7125", {}, False),
        # a scale that begins at 4
        ("bprs4", 4, {"suspiciousness": 2}, False),
        ("bprs4", 5, {"suspiciousness": 2}, True),
    ],
)
def test_a_total_is_held_against_its_definition_and_the_known_answers(name, total, known, is_accepted):
    instrument = get_instrument(name)
    if is_accepted:
        assert score_total(instrument, total, known).total == Decimal(str(total))
        return
    with pytest.raises(InvalidInput) as refusal:
        score_total(instrument, total, known)
    problem = refusal.value.problems[0]
    assert (problem.path, problem.code) == ("total", "total-contradicts" if known else "total-impossible")
    assert problem.accepted


@pytest.mark.parametrize("name", TYPED)
def test_the_limits_of_every_definition_are_its_own_range(name):
    instrument = get_instrument(name)
    limits = find_limits(instrument, {})
    assert (limits.lowest, limits.highest) == (instrument.total_minimum, instrument.total_maximum)


@pytest.mark.parametrize("name", SCORED)
@given(st.data())
def test_what_the_answers_come_to_may_be_typed_beside_any_of_them(name, data):
    """Prorated totals and skipped items included: the rule refuses no total that the scorer itself makes."""
    instrument = get_instrument(name)
    lacking = data.draw(st.sets(st.sampled_from([item.id for item in instrument.items]), max_size=2))
    answers = {}
    for item in instrument.items:
        values = [each.value for each in item.answers]
        drawn = data.draw(st.sampled_from(values) if values else st.integers(int(item.minimum), int(item.maximum)))
        if item.id not in lacking:
            answers[item.id] = Decimal(drawn)
    try:
        total = score_answers(instrument, answers).total
    except InvalidInput:
        return  # an answer to what the others rule out
    if total is not None:
        kept = data.draw(st.sets(st.sampled_from(sorted(answers))))
        assert score_total(instrument, total, {item: answers[item] for item in kept}).total == total
