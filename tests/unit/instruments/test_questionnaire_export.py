"""What another system finds in the exported form."""

import json

import pytest

from afterglow.instruments import build_questionnaire, get_instrument, load_instruments
from afterglow.terms import InvalidInput
from tests.support.fhir_form import evaluate_form, get_form

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
CORE = "http://hl7.org/fhir/StructureDefinition/"


def list_urls(part):
    return [each["url"] for each in part.get("extension", ())]


def find_item(form, link_id):
    return next(each for group in form["item"] for each in group["item"] if each["linkId"] == link_id)


@pytest.mark.parametrize("name", sorted(each.id for each in load_instruments().values() if each.scores))
def test_each_form_says_what_it_must(name):
    form = get_form(name)
    json.dumps(form)
    assert (form["resourceType"], form["status"]) == ("Questionnaire", "draft")
    assert form["copyright"].startswith(get_instrument(name).rights.owner)
    links = [each["linkId"] for group in form["item"] for each in (group, *group["item"])]
    assert len(links) == len(set(links))
    for result in form["item"][1]["item"]:
        assert result["readOnly"]
        assert {f"{SDC}calculatedExpression", f"{SDC}observationExtract"} <= set(list_urls(result))
    for item in form["item"][0]["item"]:
        for option in item.get("answerOption", ()):
            assert list_urls(option) == [f"{CORE}ordinalValue", f"{CORE}itemWeight"]


def test_codes_and_the_notice_that_goes_with_them():
    form = get_form("phq9")
    assert form["code"] == [{"system": "http://loinc.org", "code": "44249-1"}]
    assert find_item(form, "score-total")["code"] == [{"system": "http://loinc.org", "code": "44261-6"}]
    assert "LOINC is copyright" in form["copyright"]
    assert "LOINC" not in get_form("madrs")["copyright"]
    assert find_item(get_form("madrs"), "score-total")["code"][0]["system"] == "urn:afterglow:instrument:scores"


def test_suicide_items_become_observations_and_others_do_not():
    form = get_form("phq9")
    assert f"{SDC}observationExtract" in list_urls(find_item(form, "9"))
    assert f"{SDC}observationExtract" not in list_urls(find_item(form, "8"))
    assert find_item(get_form("c-ssrs-since-contact"), "2")["code"][0]["system"] == "urn:afterglow:instrument:items"


def test_branching_questions_are_enabled_by_the_answer_before_them():
    item = find_item(get_form("c-ssrs-screener"), "4")
    assert item["enableWhen"][0]["question"] == "2"
    assert item["enableWhen"][0]["answerCoding"]["code"] == "1"
    assert f"{SDC}enableWhenExpression" in list_urls(find_item(get_form("audit"), "5"))


def test_a_reversed_item_carries_its_turned_weight():
    options = find_item(get_form("dast10"), "3")["answerOption"]
    weights = {each["valueCoding"]["code"]: each["extension"][1]["valueDecimal"] for each in options}
    assert weights == {"0": 1, "1": 0}


def test_a_sign_that_does_not_apply_is_an_answer_of_its_own():
    answers = {"vitals": 2, "walking": 2, "nausea": 1, "bleeding": "na", "intake": "na"}
    assert evaluate_form(get_form("padss"), answers) == {"total": 9}


@pytest.mark.parametrize(
    ("name", "answers", "expected"),
    [
        ("phq9", {str(n): 2 for n in range(1, 10)}, {"total": 18, "diagnostic": "major"}),
        ("phq9", {str(n): 2 for n in range(1, 9)}, {"total": None, "diagnostic": None}),
        # 4 points in eight answers: 4 x 9 / 8 = 4.5, rounded up
        ("phq9", {"1": 3, "2": 1, **{str(n): 0 for n in (3, 4, 5, 6, 7, 9)}}, {"total": 5, "diagnostic": None}),
        ("phq9", {}, {"total": None, "diagnostic": None}),
        ("audit", {"1": 0, "9": 4, "10": 2}, {"total": 6, "screen": "below the cut"}),
        ("who5", {str(n): 5 for n in range(1, 6)}, {"total": 100}),
        ("who5", {str(n): 0 for n in range(1, 6)}, {"total": 0}),
    ],
)
def test_the_engine_reads_the_form_as_worked_out_by_hand(name, answers, expected):
    assert evaluate_form(get_form(name), answers) == expected


@pytest.mark.parametrize("name", sorted(each.id for each in load_instruments().values() if not each.scores))
def test_a_total_only_instrument_has_no_form(name):
    with pytest.raises(InvalidInput) as refusal:
        build_questionnaire(get_instrument(name))
    assert refusal.value.problems[0].code == "no-items"
