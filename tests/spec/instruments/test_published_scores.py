"""Rules of the scales in plain words, answers in, expected reading out; expected values are worked out by hand."""

from decimal import Decimal

import pytest

from afterglow.instruments import get_instrument, score_answers, score_sequence, score_total
from afterglow.terms import InvalidInput


def spell(text):
    """Return answers of a short form: `0*3 2 -` is 0,0,0,2,-."""
    answers = []
    for word in text.split():
        value, _, times = word.partition("*")
        answers += [value] * int(times or 1)
    return answers


def score(name, text, **settings):
    return score_sequence(get_instrument(name), spell(text), settings)


@pytest.mark.parametrize(
    ("words", "name", "answers", "total"),
    [
        ("sleep counts its highest item only", "qids-sr16", "1 2 3 0 0 0 - 0 - 0*7", 3),
        ("appetite and weight count their highest item", "qids-sr16", "0*5 2 - - 3 0*7", 3),
        ("every domain at its highest", "qids-sr16", "3*16", 27),
        ("blank alternative of appetite and of weight", "qids-sr16", "1*5 - 1 1 - 1*7", 9),
        ("odd steps are allowed", "madrs", "1 3 5 0*7", 9),
        ("the ranges of the scale mix", "hamd17", "4*3 2*3 4*5 2*3 4 2 2", 52),
        ("which form of the weight item is not scored", "hamd17", "0*15 2 0 1", 2),
        ("the four heavy items run to eight", "ymrs", "0*4 8 8 0 8 8 0 0", 32),
        ("last two items in steps of two", "audit", "1 1 1 0*5 2 4", 9),
        ("never drank: only the last two are needed", "audit", "0 -*7 4 4", 8),
        ("no quantity and no heavy days: only the last two are needed", "audit", "2 0 0 -*5 0 2", 4),
        ("answers to items that might be skipped count", "audit", "2 0 0 1 0*4 0 2", 5),
        ("never drank", "audit-c", "0 - -", 0),
        ("able to stop is the healthy answer", "dast10", "0*2 1 0*7", 0),
        ("not able to stop counts", "dast10", "0*10", 1),
        ("raw 13 times four", "who5", "3 3 3 2 2", 52),
        ("four items from one to seven", "bprs4", "1 1 1 1", 4),
        ("mean of three", "peg", "5 6 8", Decimal("6.33")),
        ("mean of eight", "ebi", "100*4 0*3 50", Decimal("56.25")),
        ("only the distressing count", "prise", "2 1 1 2 0*5", 2),
        ("one blank takes the mean of eleven", "whodas12", "2*11 -", 24),
        ("trials that were entered", "athf-sf", "1 1 0 1", 3),
        ("no trial", "athf-sf", "0", 0),
        ("the last bladder item runs to ten", "bpic-ss", "0*7 10", 10),
        ("orientation runs to four", "ciwa-ar", "7*9 4", 67),
        ("quality of life is not scored", "ipss", "1*7 6", 7),
        ("function is not scored", "phq9", "1*9 3", 9),
        ("the sixteen without their distress", "pq16", "1*7 0*9", 7),
    ],
)
def test_a_total(words, name, answers, total):
    assert score(name, answers).total == total, words


@pytest.mark.parametrize(
    ("words", "name", "answers", "why"),
    [
        ("one of the sleep items is blank", "qids-sr16", "3 0 0 - 0*12", "item 4"),
        ("both appetite items are blank", "qids-sr16", "0*5 - - 0*9", "item 6"),
        ("a blank clinician item", "madrs", "0*9 -", "item 10"),
        ("drinks, and the rest is blank", "audit", "1 1 0 -*5 0 0", "8 are"),
        ("first item blank: nothing may be skipped", "audit", "- 0 0 -*5 0 0", "9"),
        ("the last two blank", "audit", "0 -*9", "9, 10"),
        ("two of twelve are blank", "whodas12", "1*10 - -", "11 are needed"),
        ("nothing answered", "athf-sf", "- - -", "0 of 12"),
        ("nothing answered", "who5", "-*5", "0 of 5"),
    ],
)
def test_no_total_and_the_reason(words, name, answers, why):
    result = score(name, answers)
    assert result.total is None, words
    assert not result.complete
    assert why in result.reason or words == "drinks, and the rest is blank"


def test_doubled_scales_of_the_dass_and_their_bands():
    result = score("dass21", "1*21")
    assert result.subscales == {"depression": 14, "anxiety": 14, "stress": 14}
    assert result.subscale_bands == {"depression": "moderate", "anxiety": "moderate", "stress": "normal"}
    assert (result.total, result.band) == (None, None)


# undoubled edges of the sheet; the scale reads the doubled sum
DASS = {
    "depression": ("3 5 10 13 16 17 21", (0, 5, 7, 11, 14)),
    "anxiety": ("2 4 7 9 15 19 20", (0, 4, 6, 8, 10)),
    "stress": ("1 6 8 11 12 14 18", (0, 8, 10, 13, 17)),
}
NAMES = ("normal", "mild", "moderate", "severe", "extremely severe")


@pytest.mark.parametrize("scale", DASS)
def test_each_lower_edge_of_the_dass(scale):
    items, edges = DASS[scale]
    for raw in range(22):
        answers = {str(n): 0 for n in range(1, 22)}
        for place in range(raw):
            answers[items.split()[place % 7]] += 1
        result = score_answers(get_instrument("dass21"), answers)
        expected = NAMES[max(place for place, edge in enumerate(edges) if raw >= edge)]
        assert (result.subscales[scale], result.subscale_bands[scale]) == (raw * 2, expected)


@pytest.mark.parametrize(
    ("words", "name", "answers", "screen", "outcome"),
    [
        ("five symptoms, one of them core", "phq9", "2 0 2 2 2 2 0 0 0", "diagnostic", "major"),
        ("item nine counts from one", "phq9", "2 0 2 2 2 0 0 0 1", "diagnostic", "major"),
        ("another item at one does not count", "phq9", "2 0 2 2 2 1 0 0 0", "diagnostic", "other"),
        ("two symptoms", "phq9", "0 2 2 0 0 0 0 0 0", "diagnostic", "other"),
        ("one symptom", "phq9", "3 0*8", "diagnostic", "none"),
        ("many symptoms without a core one", "phq9", "1 1 3*7", "diagnostic", "none"),
        ("enough symptoms are certain while one is blank", "phq9", "2 2 2 2 2 - 0 0 0", "diagnostic", "major"),
        ("one blank might be the fifth", "phq9", "2 2 2 2 - 0 0 0 0", "diagnostic", None),
        ("three points", "phq2", "3 0", "screen", "positive"),
        ("two points", "phq2", "2 0", "screen", "negative"),
        ("ten points", "phq8", "3 3 3 1 0*4", "screen", "positive"),
        ("nine points", "phq8", "3 3 3 0*5", "screen", "negative"),
        ("each cluster just there", "pcl5", "2 0*4 2 0 2 2 0*5 2 2 0*4", "provisional", "met"),
        ("one of two in cluster D", "pcl5", "2 0*4 2 0 2 0*6 2 2 0*4", "provisional", "not met"),
        ("one of two in cluster E", "pcl5", "2 0*4 2 0 2 2 0*5 2 0*5", "provisional", "not met"),
        ("no cluster C", "pcl5", "2*5 0 0 2*13", "provisional", "not met"),
        ("no cluster B, another blank", "pcl5", "0*5 2 - 2*13", "provisional", "not met"),
        ("thirty-three points", "pcl5", "4*8 1 0*11", "screen", "positive"),
        ("thirty-two points", "pcl5", "4*8 0*12", "screen", "negative"),
        ("same rule by interview", "caps5", "2 0*4 2 0 2 2 0*5 2 2 0*4", "provisional", "met"),
        ("seven, together, moderate", "mdq", "1*7 0*6 1 2", "screen", "positive"),
        ("six", "mdq", "1*6 0*7 1 3", "screen", "negative"),
        ("not together", "mdq", "1*13 0 3", "screen", "negative"),
        ("minor trouble", "mdq", "1*13 1 1", "screen", "negative"),
        ("trouble not answered", "mdq", "1*13 1 -", "screen", None),
        ("eight points", "audit", "2 2 2 2 0*6", "screen", "hazardous"),
        ("seven points", "audit", "2 2 2 1 0*6", "screen", "below the cut"),
        ("four points, men", "audit-c", "2 1 1", "men", "positive"),
        ("three points, men", "audit-c", "1 1 1", "men", "negative"),
        ("three points, women", "audit-c", "1 1 1", "women", "positive"),
        ("two points, women", "audit-c", "1 1 0", "women", "negative"),
        ("all points from the first item", "audit-c", "4 0 0", "pattern", "item 1 alone"),
        ("five points of dissociation", "cadss", "4 1 0*21", "any", "any"),
        ("four points of dissociation", "cadss", "4 0*22", "any", "none"),
        ("two failed trials", "athf-sf", "1 1", "resistant", "yes"),
        ("one failed trial", "athf-sf", "1 0", "resistant", "no"),
        ("three of five everywhere", "meq30", "3*30", "complete", "complete"),
        ("one point short in one subscale", "meq30", "3*2 2 3*27", "complete", "not complete"),
    ],
)
def test_a_screen(words, name, answers, screen, outcome):
    assert score(name, answers).screens[screen] == outcome, words


@pytest.mark.parametrize(
    ("name", "answers", "subscales"),
    [
        ("pcl5", "1*5 2*2 3*7 4*6", {"b": 5, "c": 4, "d": 21, "e": 24}),
        ("ybocs", "4*5 1*5", {"obsessions": 20, "compulsions": 5}),
        ("hama", "1*6 2*7 4", {"psychic": 10, "somatic": 14}),
        ("oci-r", "1 0*5 2 0*5 3 0*5", {"hoarding": 6, "checking": 0}),
        ("bpi-sf", "7 3 5 5 4 4 4 4 - - -", {"severity": 5, "interference": 4}),
        ("bpi-sf", "7 3 5 5 4 4 4 - - - -", {"severity": 5, "interference": None}),
        ("cadss", "1*23", {"cadss6": 6}),
        ("meq30", "5*30", {"mystical": 75, "positive-mood": 30, "transcendence": 30, "ineffability": 15}),
        ("taps", "4 4 0 0 1 1 1 1 1 0 0 -*19", {"tobacco": 3, "alcohol": 2, "cannabis": 0, "other": 0}),
    ],
)
def test_subscales(name, answers, subscales):
    found = score(name, answers).subscales
    assert {key: found[key] for key in subscales} == subscales


def test_follow_up_questions_at_the_end_may_be_left_out_and_stay_unknown():
    assert score("c-ssrs-screener", "0 0 - - - 0").band == "none"
    result = score("c-ssrs-screener", "0 0 - - - 1")
    assert (result.band, result.missing, result.not_screened) == (None, ("6-recent",), ("cssrs-high",))
    with pytest.raises(InvalidInput):
        score("c-ssrs-screener", "0 0 - - -")


def test_fear_and_avoidance_of_the_lsas_stand_beside_each_other():
    result = score("lsas", " ".join(["3 1"] * 24))
    assert (result.total, result.subscales) == (96, {"fear": 72, "avoidance": 24})


def test_taps_bands_and_skipped_substances():
    result = score("taps", "1 0 0 0 1 0 0 -*23")
    assert result.complete
    assert (result.subscale_bands["tobacco"], result.subscale_bands["heroin"]) == ("problem use", "none")


@pytest.mark.parametrize(
    ("words", "name", "answers", "codes"),
    [
        ("sheet: item 9 from one", "phq9", "0*8 1", ["phq9-item9"]),
        ("sheet: item 12 from one", "qids-sr16", "-*11 1 -*4", ["qids-item12"]),
        ("sheet: item 10 from two", "madrs", "-*9 2", ["madrs-item10"]),
        ("one is below the default", "madrs", "0*9 1", []),
        ("sheet: item 9 from two", "madrs-s", "-*8 2", ["madrs-s-item9"]),
        ("sheet: item 3 from one", "hamd17", "- - 1 -*14", ["hamd17-item3"]),
        ("six points of mania", "asrm", "2 2 2 - -", ["asrm-high"]),
        ("five points, the rest blank", "asrm", "2 2 1 - -", []),
        ("sixteen points, two items blank", "audit", "4 4 4 4 0*4 - -", ["audit-high"]),
        ("six drug problems", "dast10", "1 1 0 1 1 1 - - - -", ["dast10-high"]),
        ("five drug problems", "dast10", "1 1 0 1 1 0*5", []),
        ("six bladder points", "icsi", "2 2 2 -", ["icsi-high"]),
        ("burden of five", "fibser", "- - 5", ["fibser-act", "fibser-review"]),
        ("burden of three", "fibser", "0 0 3", ["fibser-review"]),
        ("thoughts now", "asq", "0 0 1 0 1", ["asq-acute", "asq-positive"]),
        ("past attempt", "asq", "0 0 0 1 0", ["asq-positive"]),
        ("no answer of four is yes", "asq", "0*4 -", []),
    ],
)
def test_alerts_do_not_wait_for_a_whole_form(words, name, answers, codes):
    assert [alert.code for alert in score(name, answers).alerts] == codes, words


def test_a_skipped_suicide_item_is_not_screened_and_never_no():
    assert score("phq9", "3*8 -").not_screened == ("phq9-item9",)
    assert score("phq9", "0*9").not_screened == ()
    assert score_total(get_instrument("phq9"), 20).not_screened == ("phq9-item9",)
    assert score("c-ssrs-screener", "0 - - - - 0 -").not_screened == ("cssrs-high", "cssrs-moderate", "cssrs-low")


def test_a_typed_total_with_its_suicide_item_alerts():
    result = score_total(get_instrument("bdi2"), 12, {"9": 1})
    assert ([each.code for each in result.alerts], result.not_screened) == (["bdi2-item9"], ())


@pytest.mark.parametrize(
    ("words", "name", "answers", "code"),
    [
        ("odd step where only even ones count", "audit", "0*8 1 0", "answer-not-accepted"),
        ("above a short item", "hamd17", "0*3 3 0*13", "answer-not-accepted"),
        ("half a point", "madrs", "0.5 0*9", "answer-not-accepted"),
        ("one answer too many", "gad7", "0*8", "answer-count"),
        ("fewer than the needed items", "hamd17", "0*16", "answer-count"),
        ("distress of what is false", "pq16", "0*16 2 -*15", "answer-contradicts"),
        ("second stage of an unused substance", "taps", "0*4 1 -*25", "answer-contradicts"),
        ("answers to a form that stays with its owner", "moca", "1 1", "answers-not-carried"),
    ],
)
def test_bad_answers_are_named(words, name, answers, code):
    with pytest.raises(InvalidInput) as refusal:
        score(name, answers)
    problem = refusal.value.problems[0]
    assert problem.code == code, words
    assert problem.path.startswith("answers")
    assert problem.accepted
