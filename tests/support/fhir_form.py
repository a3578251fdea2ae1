"""Fills in an exported FHIR Questionnaire and evaluates its expressions with fhirpathpy, an engine that is not ours."""

from functools import cache
from typing import Any

from fhirpathpy import compile as compile_path
from fhirpathpy.models import models

from afterglow.instruments import build_questionnaire, get_instrument

VARIABLE = "http://hl7.org/fhir/StructureDefinition/variable"
WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"


def read_weight(values: list[Any]) -> list[Any]:
    """Return the weight that each answer carries: SDC's `weight()`, which the engine lacks."""
    found = []
    for value in values:
        coding = getattr(value, "data", value)
        found += [each["valueDecimal"] for each in coding["extension"] if each["url"] == WEIGHT]
    return found


OPTIONS = {"userInvocationTable": {"weight": {"fn": read_weight, "arity": {0: []}}}}


@cache
def compile_expression(expression: str) -> Any:
    """Return the compiled expression; the R4 model matters, without it a choice answer is not found."""
    return compile_path(expression, models["r4"], OPTIONS)


def fill_in(questionnaire: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """Return the QuestionnaireResponse of answers by item id; a choice keeps the weight of its option."""
    rows = []
    for item in questionnaire["item"][0]["item"]:
        given = answers.get(item["linkId"])
        if given is not None:
            rows.append({"linkId": item["linkId"], "answer": [write_answer(item, given)]})
    return {"resourceType": "QuestionnaireResponse", "item": [{"linkId": "answers", "item": rows}]}


def write_answer(item: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return one answer as the form takes it."""
    if item["type"] != "choice":
        return {"valueInteger": int(given)}
    option = next(each for each in item["answerOption"] if each["valueCoding"]["code"] == str(given))
    weight = next(each for each in option["extension"] if each["url"] == WEIGHT)
    return {"valueCoding": {**option["valueCoding"], "extension": [weight]}}


def evaluate_form(questionnaire: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """Return what the form's own expressions make of the answers, by score id; None for an empty result."""
    response = fill_in(questionnaire, answers)
    context: dict[str, Any] = {"resource": response}
    for extension in questionnaire["extension"]:
        if extension["url"] == VARIABLE:
            expression = extension["valueExpression"]
            context[expression["name"]] = compile_expression(expression["expression"])(response, context)
    results = {}
    for item in questionnaire["item"][1]["item"]:
        expression = next(each for each in item["extension"] if each["url"] == CALCULATED)["valueExpression"]
        found = compile_expression(expression["expression"])(response, context)
        assert len(found) <= 1, expression
        results[item["linkId"].removeprefix("score-")] = found[0] if found else None
    return results


@cache
def get_form(instrument_id: str) -> dict[str, Any]:
    """Return the exported form of an instrument."""
    return build_questionnaire(get_instrument(instrument_id))
