"""The session's scales in plain words: answers in, expected reading out.

Expected values come from the published scoring.
"""

from decimal import Decimal

import pytest

from afterglow.instruments import get_instrument, score_answers, score_sequence, score_total
from afterglow.terms import InvalidInput


@pytest.mark.parametrize(
    ("words", "instrument", "answers", "total", "band"),
    [
        ("everything at its best", "aldrete", "2,2,2,2,2", 10, "leaving score reached"),
        ("needs oxygen: still nine", "aldrete", "2,2,2,2,1", 9, "leaving score reached"),
        ("drowsy on oxygen: eight is not enough", "aldrete", "2,2,2,1,1", 8, "below the leaving score"),
        ("nine with mild nausea", "padss", "2,2,1,2,2", 9, "leaving score reached"),
        ("surgical signs not applicable count two each", "padss", "2,2,2,na,na", 10, "leaving score reached"),
        ("unsteady and queasy", "padss", "2,1,1,2,2", 8, "below the leaving score"),
        ("answers readily", "moaas", "5", 5, "alert"),
        ("slow to answer is already sedation", "moaas", "4", 4, "light sedation"),
        ("no answer to pain", "moaas", "0", 0, "loss of consciousness"),
        ("lowest dissociation", "cadss6", "0,0,0,0,0,0", 0, None),
        ("highest dissociation", "cadss6", "4,4,4,4,4,4", 24, None),
        ("worst pain", "nrs-pain", "10", 10, None),
        ("upper edge of minimal", "phq9", "1,1,1,1,0,0,0,0,0", 4, "minimal"),
        ("lower edge of mild", "phq9", "1,1,1,1,1,0,0,0,0", 5, "mild"),
        ("lower edge of severe", "phq9", "3,3,3,3,3,3,2,0,0", 20, "severe"),
        ("upper edge of mild anxiety", "gad7", "2,2,2,1,1,1,0", 9, "mild"),
        ("lower edge of severe anxiety", "gad7", "3,3,3,3,3,0,0", 15, "severe"),
    ],
)
def test_answers_come_to_the_published_reading(words, instrument, answers, total, band):
    result = score_sequence(get_instrument(instrument), answers.split(","))
    assert (result.total, result.band, result.complete) == (Decimal(total), band, True), words


@pytest.mark.parametrize(
    ("words", "answers", "level", "ideation"),
    [
        ("all no", "0,0,-,-,-,0,-", "none", "0"),
        ("wish to be dead only", "1,0,-,-,-,0,-", "low", "1"),
        ("thoughts, no method", "0,1,0,0,0,0,-", "low", "2"),
        ("method without intent", "1,1,1,0,0,0,-", "moderate", "3"),
        ("behaviour longer ago than three months", "0,0,-,-,-,1,0", "moderate", "0"),
        ("some intent", "1,1,0,1,0,0,-", "high", "4"),
        ("plan and intent", "1,1,1,1,1,0,-", "high", "5"),
        ("behaviour within three months outranks a calm mind", "0,0,-,-,-,1,1", "high", "0"),
        ("behaviour, recency not asked: level not known", "0,0,-,-,-,1,-", None, "0"),
        ("second question not asked: level not known", "1,-,-,-,-,0,-", None, None),
        ("behaviour not asked: level not known", "1,0,-,-,-,-,-", None, "1"),
    ],
)
def test_triage_level_follows_the_first_matching_row(words, answers, level, ideation):
    result = score_sequence(get_instrument("c-ssrs-screener"), answers.split(","))
    assert (result.subscales["level"], result.subscales["ideation"], result.total) == (level, ideation, None), words
    assert result.band == level


def test_a_certain_alert_does_not_wait_for_an_unanswered_question():
    result = score_sequence(get_instrument("c-ssrs-screener"), ["1", "1", "0", "1", "-", "-", "-"])
    assert not result.complete
    assert [alert.code for alert in result.alerts] == ["cssrs-high"]


@pytest.mark.parametrize(
    ("words", "answers", "alerts", "covered"),
    [
        ("thoughts alone", "1,1,0,0,0,0,-", ["cssrs-low"], []),
        ("a method as well", "1,1,1,0,0,0,-", ["cssrs-moderate"], ["cssrs-low"]),
        ("behaviour long ago without thoughts", "0,0,-,-,-,1,0", ["cssrs-moderate"], []),
        ("method and intent", "1,1,1,1,0,0,-", ["cssrs-high"], ["cssrs-moderate", "cssrs-low"]),
        ("thoughts, intent not answered: the row that is certain", "1,1,0,-,-,0,-", ["cssrs-low"], []),
    ],
)
def test_the_first_matching_row_of_the_triage_alerts_alone(words, answers, alerts, covered):
    result = score_sequence(get_instrument("c-ssrs-screener"), answers.split(","))
    assert [alert.code for alert in result.alerts] == alerts, words
    assert [alert.code for alert in result.covered] == covered, words


def test_question_three_after_a_no_to_question_two_is_refused():
    with pytest.raises(InvalidInput) as refusal:
        score_sequence(get_instrument("c-ssrs-screener"), ["0", "0", "1", "-", "-", "0", "-"])
    assert [problem.code for problem in refusal.value.problems] == ["answer-contradicts"]


def test_any_behaviour_since_last_contact_is_recent():
    result = score_sequence(get_instrument("c-ssrs-since-contact"), ["0", "0", "-", "-", "-", "1"])
    assert result.band == "high"


@pytest.mark.parametrize(
    ("words", "answers", "total", "prorated", "reason_part"),
    [
        ("two missing take the mean of the seven answered", "2,2,2,2,2,2,-,-,2", 18, True, None),
        ("three missing leave no total", "2,2,2,2,2,-,-,-,2", None, False, "6 of 9"),
        ("item nine is never estimated", "2,2,2,2,2,2,2,2,-", None, False, "never estimated"),
        ("item nine and two more: both are said", "2,2,2,-,2,2,-,2,-", None, False, "never estimated; 6 of 9"),
    ],
)
def test_missing_phq9_items(words, answers, total, prorated, reason_part):
    result = score_sequence(get_instrument("phq9"), answers.split(","))
    assert result.total == (None if total is None else Decimal(total)), words
    assert result.prorated is prorated
    assert (result.reason is None) == (reason_part is None)
    assert reason_part is None or reason_part in result.reason


def test_a_good_total_never_hides_item_nine():
    result = score_sequence(get_instrument("phq9"), ["0", "0", "0", "0", "0", "0", "0", "0", "1"])
    assert (result.total, result.band) == (Decimal(1), "minimal")
    assert [alert.code for alert in result.alerts] == ["phq9-item9"]


def test_item_nine_alerts_on_an_unfinished_form():
    result = score_answers(get_instrument("phq9"), {"9": 2})
    assert result.total is None
    assert [alert.code for alert in result.alerts] == ["phq9-item9"]


@pytest.mark.parametrize(
    ("words", "instrument", "answers", "code"),
    [
        ("answer above the range", "phq9", "4,0,0,0,0,0,0,0,0", "answer-not-accepted"),
        ("half an answer", "phq9", "0.5,0,0,0,0,0,0,0,0", "answer-not-accepted"),
        ("a word", "phq9", "many,0,0,0,0,0,0,0,0", "number-malformed"),
        ("not a number", "phq9", "NaN,0,0,0,0,0,0,0,0", "number-malformed"),
        ("one answer too few", "phq9", "0,0,0,0,0,0,0,0", "answer-count"),
        ("not applicable where that is no answer", "aldrete", "na,2,2,2,2", "number-malformed"),
    ],
)
def test_an_impossible_answer_is_refused(words, instrument, answers, code):
    with pytest.raises(InvalidInput) as refusal:
        score_sequence(get_instrument(instrument), answers.split(","))
    assert [problem.code for problem in refusal.value.problems] == [code], words


@pytest.mark.parametrize(("total", "is_accepted"), [("0", True), ("24", True), ("25", False), ("-1", False)])
def test_a_typed_total_stays_inside_the_range(total, is_accepted):
    if is_accepted:
        assert score_total(get_instrument("cadss6"), total).total == Decimal(total)
    else:
        with pytest.raises(InvalidInput):
            score_total(get_instrument("cadss6"), total)


def test_a_typed_total_is_refused_where_the_answers_matter():
    with pytest.raises(InvalidInput) as refusal:
        score_total(get_instrument("aldrete"), 9)
    assert refusal.value.problems[0].code == "total-not-accepted"
