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


def list_banded():
    return [
        (name, score)
        for name, instrument in sorted(load_instruments().items())
        for score in dict.fromkeys(band.score for band in instrument.bands)
    ]


@pytest.mark.parametrize(("name", "score_id"), list_banded())
@given(data=st.data())
def test_every_reachable_score_falls_in_one_band_or_the_definition_says_why_not(name, score_id, data):
    """From drawn answers, also incomplete ones that are estimated; a typed total where there are no items."""
    instrument = get_instrument(name)
    value = draw_score(instrument, score_id, data)
    if value is None:
        return
    holding = [band for band in instrument.bands if band.score == score_id and band.lowest <= value <= band.highest]
    assert len(holding) <= 1
    label = instrument.find_band(score_id, value)
    if holding:
        assert label == holding[0].label
    else:
        assert instrument.between_bands, f"{name} {score_id} comes to {value}, and no band holds it"
        assert label.startswith("between ")


def draw_score(instrument, score_id, data):
    """Return the score of drawn answers, mostly complete; None where they come to none."""
    if not instrument.scores:
        low, high = int(instrument.total_minimum), int(instrument.total_maximum)
        return Decimal(data.draw(st.integers(low, high)))
    drawn = {item.id: data.draw(draw_given(item)) for item in instrument.items}
    blank = data.draw(st.lists(st.sampled_from(sorted(drawn)), max_size=2, unique=True))
    result = try_scoring(instrument, {**drawn, **dict.fromkeys(blank)})
    if result is None:
        return None
    value = result.total if score_id == instrument.total else result.subscales.get(score_id)
    return value if isinstance(value, Decimal) else None


def test_a_mean_with_bands_of_whole_numbers_says_what_lies_between():
    """Today that is the BPI alone; a new one is refused at load until it declares the same."""
    between = {name for name, instrument in load_instruments().items() if instrument.between_bands}
    assert between == {"bpi-sf"}
