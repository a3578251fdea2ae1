"""One definition as a FHIR R4 Questionnaire with SDC scoring, for other systems; our own scores come from our scorer.

Without a wording pack the form carries our concept labels and stays a draft: it is a structure, not a form to send.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from afterglow.instruments.answers import NOT_APPLICABLE
from afterglow.instruments.compute import weigh
from afterglow.instruments.expressions import express_condition, list_variables, name_variable
from afterglow.instruments.model import Answer, Instrument, Item, Operation, Role, ScoreDefinition
from afterglow.instruments.packs import COUNT_EXTENSION, HASH_EXTENSION, SOURCE_EXTENSION, Pack
from afterglow.terms import Coding, InvalidInput, build_error
from afterglow.terms.codes import LOINC, UCUM
from afterglow.terms.conditions import iterate_fact_names

Json = dict[str, Any]

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
BASE = "urn:afterglow:instrument:"
LOINC_NOTICE = (
    "This material contains content from LOINC (http://loinc.org). LOINC is copyright Regenstrief Institute, Inc. and "
    "the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the "
    "license at http://loinc.org/license. LOINC is a registered United States trademark of Regenstrief Institute, Inc."
)


def build_questionnaire(instrument: Instrument, pack: Pack | None = None) -> Json:
    """Return the R4 Questionnaire of a definition, in the wording of `pack` where one is given.

    Raises
    ------
    InvalidInput
        The instrument is carried as a total only, or the pack belongs to another instrument or version.
    """
    _refuse_impossible(instrument, pack)
    options = {item.id: _list_answers(item, pack) for item in instrument.items}
    choices = frozenset(item_id for item_id, answers in options.items() if answers)
    content: Json = {
        "resourceType": "Questionnaire",
        "meta": {"profile": [f"{_SDC}sdc-questionnaire"]},
        "extension": [_build_variable(*each) for each in list_variables(instrument, choices)],
        "url": f"{BASE}{instrument.id}",
        "identifier": [{"system": "urn:afterglow:instrument", "value": instrument.id}],
        "version": instrument.version,
        "name": "".join(word.capitalize() for word in instrument.id.split("-")),
        "title": pack.title if pack and pack.title else instrument.title,
        "status": "active" if pack else "draft",
        "subjectType": ["Patient"],
        "description": f"{instrument.measures}; rated by {instrument.rater}; recall: {instrument.recall}",
        "copyright": _write_rights(instrument, pack),
    }
    if pack:
        content["language"] = pack.locale
        content["extension"] += _build_marks(pack)
    if instrument.panel:
        content["code"] = [_render_coding(instrument.panel)]
    answers: Json = {"linkId": "answers", "type": "group", "text": pack.instructions if pack else instrument.title}
    watched = {fact for alert in instrument.alerts if alert.must_screen for fact in iterate_fact_names(alert.when)}
    answers["item"] = [_build_item(item, options[item.id], pack) for item in instrument.items]
    for item in answers["item"]:
        if item["linkId"] in watched:
            _make_observation(item, instrument)
    results: Json = {"linkId": "results", "type": "group", "text": "Scores", "readOnly": True}
    results["item"] = [_build_result(instrument, each) for each in instrument.scores if each.role is not Role.WORKING]
    content["item"] = [answers, results]
    return content


def _refuse_impossible(instrument: Instrument, pack: Pack | None) -> None:
    if not instrument.scores:
        message = f"{instrument.id} is carried as a total only, so it has no form"
        raise InvalidInput([build_error("instrument", "no-items", instrument.id, "an instrument with items", message)])
    if pack and (pack.instrument, pack.version) != (instrument.id, instrument.version):
        accepted = f"{instrument.id} version {instrument.version}"
        message = f"the pack words {pack.instrument} version {pack.version}"
        raise InvalidInput([build_error("pack", "pack-of-another-form", pack.instrument, accepted, message)])


def _write_rights(instrument: Instrument, pack: Pack | None) -> str:
    parts = [f"{instrument.rights.owner}. {instrument.rights.terms}"]
    if pack:
        parts.append(f"Wording: {pack.source}; {pack.licence}")
    else:
        parts.append("Labels are concept labels, not the wording of the instrument.")
    if any(code and code.system == LOINC for code in _iterate_codes(instrument)):
        parts.append(LOINC_NOTICE)
    return " ".join(parts)


def _iterate_codes(instrument: Instrument) -> Iterator[Coding | None]:
    yield from (instrument.panel, instrument.code)
    yield from (item.code for item in instrument.items)
    yield from (score.code for score in instrument.scores)


def _build_variable(name: str, expression: str) -> Json:
    return {
        "url": f"{_CORE}variable",
        "valueExpression": {"name": name, "language": "text/fhirpath", "expression": expression},
    }


def _render_coding(coding: Coding) -> Json:
    """A code without its display: ours is a short name, and a receiver would check it against the published one."""
    return {"system": coding.system, "code": coding.code}


def _list_answers(item: Item, pack: Pack | None) -> tuple[Answer, ...]:
    """Return the answers of a choice: worded by the pack where it words them all, and none for a bare range."""
    worded = pack.items[item.id].answers if pack and item.id in pack.items else {}
    if item.answers:
        return tuple(Answer(each.value, worded.get(each.value, each.label)) for each in item.answers)
    steps = int((item.maximum - item.minimum) / item.step) + 1
    if len(worded) < steps:
        return ()
    return tuple(Answer(value, worded[value]) for value in sorted(worded))


def _build_marks(pack: Pack) -> list[Json]:
    return [
        {"url": SOURCE_EXTENSION, "valueString": pack.source},
        {"url": HASH_EXTENSION, "valueString": pack.hash},
        {"url": COUNT_EXTENSION, "valueInteger": len(pack.items)},
    ]


def _build_item(item: Item, answers: tuple[Answer, ...], pack: Pack | None) -> Json:
    wording = pack.items.get(item.id) if pack else None
    content: Json = {"linkId": item.id, "text": wording.text if wording else item.label}
    if item.code:
        content["code"] = [_render_coding(item.code)]
    if answers:
        content["type"] = "choice"
        content["answerOption"] = [
            _write_option(f"{each.value:f}", each.label, weigh(item, each.value)) for each in answers
        ]
        if item.not_applicable_as is not None:
            worth = weigh(item, item.not_applicable_as)
            content["answerOption"].append(_write_option(NOT_APPLICABLE, "not applicable", worth))
    else:
        is_whole = item.step == item.step.to_integral_value()
        content["type"] = "integer" if is_whole else "decimal"
        content["extension"] = _build_range(item, "valueInteger" if is_whole else "valueDecimal")
    content["required"] = False
    condition = _express_enabling(item)
    if item.asked_when is not None and (simple := _build_enable_when(item.asked_when)):
        content["enableWhen"], content["enableBehavior"] = simple
    elif condition:
        expression = {"language": "text/fhirpath", "expression": condition}
        enabling = {"url": f"{_SDC}sdc-questionnaire-enableWhenExpression", "valueExpression": expression}
        content["extension"] = [*content.get("extension", ()), enabling]
    return content


def _make_observation(item: Json, instrument: Instrument) -> None:
    """Let an answer that raises a suicide alert become an Observation of its own, as the total does."""
    item["extension"] = [*item.get("extension", ()), *_EXTRACT]
    item.setdefault("code", [{"system": f"{BASE}items", "code": f"{instrument.id}/{item['linkId']}"}])


def _express_enabling(item: Item) -> str | None:
    if item.asked_when is not None:
        return express_condition(item.asked_when, {})
    if item.may_skip_when is not None:
        return f"({express_condition(item.may_skip_when, {})}).not()"
    return None


def _build_enable_when(condition: Mapping[str, Any]) -> tuple[list[Json], str] | None:
    """Return `enableWhen` for one equality or a flat any or all of them; anything else needs an expression."""
    parts = condition.get("any") or condition.get("all") or [condition]
    rows: list[Json] = []
    for part in parts:
        if part.get("op") != "==" or "value" not in part:
            return None
        coding = {"system": f"{BASE}answers", "code": str(part["value"])}
        rows.append({"question": part["fact"], "operator": "=", "answerCoding": coding})
    return rows, "all" if "all" in condition else "any"


def _write_option(code: str, display: str, worth: Decimal) -> Json:
    number = int(worth) if worth == worth.to_integral_value() else float(worth)
    return {
        "extension": [
            {"url": f"{_CORE}ordinalValue", "valueDecimal": number},
            {"url": f"{_CORE}itemWeight", "valueDecimal": number},
        ],
        "valueCoding": {"system": f"{BASE}answers", "code": code, "display": display},
    }


def _build_range(item: Item, key: str) -> list[Json]:
    read = int if key == "valueInteger" else float
    return [
        {"url": f"{_CORE}minValue", key: read(item.minimum)},
        {"url": f"{_CORE}maxValue", key: read(item.maximum)},
    ]


def _build_result(instrument: Instrument, score: ScoreDefinition) -> Json:
    is_word = score.operation is Operation.RULES
    extensions: list[Json] = [
        {
            "url": f"{_SDC}sdc-questionnaire-calculatedExpression",
            "valueExpression": {"language": "text/fhirpath", "expression": f"%{name_variable(score.id)}"},
        },
        *_EXTRACT,
    ]
    if not is_word:
        unit = {"system": UCUM, "code": "{score}", "display": "score"}
        extensions.append({"url": f"{_CORE}questionnaire-unit", "valueCoding": unit})
    code = score.code or (instrument.code if score.id == instrument.total else None)
    local = {"system": f"{BASE}scores", "code": f"{instrument.id}/{score.id}"}
    return {
        "extension": extensions,
        "linkId": f"score-{score.id}",
        "code": [_render_coding(code) if code else local],
        "text": f"{instrument.title} {score.title}",
        "type": "string" if is_word else "decimal",
        "readOnly": True,
    }


_SURVEY: Json = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey"}]}
_EXTRACT: list[Json] = [
    {"url": f"{_SDC}sdc-questionnaire-observationExtract", "valueBoolean": True},
    {"url": f"{_SDC}sdc-questionnaire-observation-extract-category", "valueCodeableConcept": _SURVEY},
]
