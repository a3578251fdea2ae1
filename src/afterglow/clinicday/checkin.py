"""Check-in before a visit: its questions, how an answer is read, what it states, and what the rules find in it.

The questions, their words in each language and the findings of the check-in's own are data (`data/checkin.toml`).
An answer is kept as it was given; what it states as facts is judged by the rows of the protocol, as the desk's are.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinicday.checkin_reading import (
    DECLINED,
    CheckInDataError,
    Fast,
    Option,
    Part,
    Policy,
    Question,
    parse_fasts,
    parse_finding,
    parse_policy,
    parse_question,
)
from afterglow.protocols.evaluate import build_context, evaluate_rules
from afterglow.protocols.facts import find_fact
from afterglow.protocols.medicines import load_medicine_classes
from afterglow.protocols.model import Protocol, Stage
from afterglow.terms import Finding, InvalidInput, Problem, Severity, build_error

LANGUAGES = ("en", "es")
LOUD = (Severity.STOP, Severity.CAUTION)
SUICIDE = "suicide-screen"
_CLOCK = 5
_DIGITS_OF_PHONE = 5
_DAYS_BACK = {"today": 0, "yesterday": 1}
_SEVERITIES = {severity: place for place, severity in enumerate((Severity.STOP, Severity.CAUTION, Severity.MISSING))}

Answers = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckInText:
    """The packaged check-in: version, policy, questions in their order, findings of its own."""

    version: str
    translations: Mapping[str, str]
    policy: Policy
    questions: tuple[Question, ...]
    findings: Mapping[str, Finding]
    fasts: Mapping[str, Fast]


@cache
def load_checkin() -> CheckInText:
    """Return the packaged check-in; what does not follow its form is refused at load, never on a phone."""
    text = files("afterglow.clinicday").joinpath("data/checkin.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    findings = {key: parse_finding(key, entry) for key, entry in content["findings"].items()}
    questions = tuple(parse_question(entry, LANGUAGES) for entry in content["question"])
    _check_data(questions, findings)
    policy, fasts = parse_policy(content["policy"]), parse_fasts(content["fasting"])
    return CheckInText(content["version"], content["translations"], policy, questions, findings, fasts)


def _check_data(questions: Sequence[Question], findings: Mapping[str, Finding]) -> None:
    names = [question.id for question in questions]
    if len(set(names)) != len(names):
        raise CheckInDataError("a question stands twice")
    for question in questions:
        options = question.options
        named = {question.declined_finding, *(option.finding for option in options)} - {""}
        facts = {question.time_fact, *(fact for option in options for fact in option.facts)} - {""}
        classes = {each for option in options for each in option.classes}
        unknown = [*(named - set(findings)), *(each for each in facts if find_fact(each) is None)]
        unknown += classes - set(load_medicine_classes())
        if unknown:
            raise CheckInDataError(f"question {question.id} names {', '.join(sorted(unknown))}")


def list_questions(visit: str, *, can_become_pregnant: bool | None) -> tuple[Question, ...]:
    """Return the questions of a kind of visit; what may concern the person is asked unless it is known not to."""
    return tuple(
        question
        for question in load_checkin().questions
        if (not question.visits or visit in question.visits)
        and (question.needs != "can-become-pregnant" or can_become_pregnant is not False)
    )


def find_question(questions: Iterable[Question], name: str) -> Question | None:
    """Return the question of that name, or None."""
    return next((question for question in questions if question.id == name), None)


def read_answer(
    question: Question, given: Mapping[str, Sequence[str]], *, now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """Return an answer as it is kept: chosen options, told parts, a told time with its instant.

    `given` holds the texts of each field; `declined` says that the person would rather not answer.

    Raises
    ------
    InvalidInput
        Nothing was chosen, something unknown was, "none" together with another, a time that is no time or is to
        come, or a part that is needed and absent. Every problem names its field.
    """
    if given.get(DECLINED):
        return {DECLINED: True}
    problems: list[Problem] = []
    chosen = list(dict.fromkeys(given.get("choice") or ()))
    _check_choice(question, chosen, problems)
    value: dict[str, Any] = {"choices": chosen}
    if question.kind == "time":
        value |= _read_time(chosen, _first(given, "clock"), now, zone, problems)
    for part in question.parts:
        if set(part.with_options) & set(chosen) and (text := _read_part(part, _first(given, part.id), problems)):
            value[part.id] = text
    if problems:
        raise InvalidInput(problems)
    return value


def _first(given: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(given.get(name) or ()), "").strip()


def _check_choice(question: Question, chosen: Sequence[str], problems: list[Problem]) -> None:
    known = {option.id: option for option in question.options}
    accepted = ", ".join(known)
    if not chosen:
        problems.append(build_error("choice", "choice-missing", "", accepted, "choose an answer"))
    elif any(each not in known for each in chosen) or (question.kind != "many" and len(chosen) > 1):
        problems.append(build_error("choice", "choice-unknown", "", accepted, "choose one of the answers"))
    elif len(chosen) > 1 and any(known[each].is_none for each in chosen):
        problems.append(build_error("choice", "choice-contradicts", "", accepted, "choose what is true, or none"))


def _read_time(
    chosen: Sequence[str], clock: str, now: datetime, zone: ZoneInfo, problems: list[Problem]
) -> dict[str, Any]:
    hour, _, minute = clock.partition(":")
    is_clock = len(clock) <= _CLOCK and all(part.isascii() and part.isdigit() for part in (hour, minute))
    if not is_clock or not (int(hour) < 24 and int(minute) < 60):
        problems.append(build_error("clock", "time-malformed", clock[:20], "a time such as 18:30", "give a time"))
        return {}
    if not chosen or chosen[0] not in _DAYS_BACK:
        return {}
    local = now.astimezone(zone)
    day = local.date() - timedelta(days=_DAYS_BACK[chosen[0]])
    at = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=zone)
    if at > now:
        problems.append(build_error("clock", "time-to-come", clock, "a time that has passed", "this time is to come"))
    return {"clock": clock, "at": at.astimezone(ZoneInfo("UTC")).isoformat()}


def _read_part(part: Part, text: str, problems: list[Problem]) -> str:
    accepted = f"at most {part.longest} characters"
    if len(text) > part.longest:
        problems.append(build_error(part.id, "text-too-long", len(text), accepted, "this is too long"))
    elif any(not letter.isprintable() and letter not in "\n\r\t" for letter in text):
        problems.append(build_error(part.id, "text-unprintable", "", "letters and digits", "write it in other letters"))
    elif part.is_required and not text:
        problems.append(build_error(part.id, "text-missing", "", accepted, "this is needed"))
    elif text and part.kind == "phone" and sum(letter.isdigit() for letter in text) < _DIGITS_OF_PHONE:
        problems.append(build_error(part.id, "phone-too-short", "", "a phone number", "give a phone number"))
    else:
        return text
    return ""


def list_chosen(question: Question, value: Mapping[str, Any]) -> tuple[Option, ...]:
    """Return the options of an answer; none for one that was declined."""
    chosen = set(value.get("choices") or ())
    return tuple(option for option in question.options if option.id in chosen)


def is_crisis(question: Question, value: Mapping[str, Any]) -> bool:
    """Return whether an answer opens help at once."""
    return any(option.is_crisis for option in list_chosen(question, value))


def holds_dose(question: Question, value: Mapping[str, Any]) -> str:
    """Return the chosen answer about suicide that nobody but a clinician's assessment lifts, or the empty text."""
    known = load_checkin().findings
    if question.check != SUICIDE:
        return ""
    chosen = [option for option in list_chosen(question, value) if option.finding]
    return next((o.id for o in chosen if known[o.finding].severity is Severity.STOP), "")


def pick_worst(question: Question, values: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return which of several answers to one question counts: of those about suicide the worst, else the last."""
    if question.check != SUICIDE:
        return values[-1]
    return max(reversed(values), key=lambda each: (bool(holds_dose(question, each)), is_crisis(question, each)))


def describe_answer(question: Question, value: Mapping[str, Any], language: str) -> str:
    """Return an answer in words; the empty text for one that was declined."""
    words = [option.text[language] for option in list_chosen(question, value)]
    told = [str(value[name]) for name in ("clock", *(part.id for part in question.parts)) if value.get(name)]
    return ", ".join([*words, *told])


def collect_facts(answers: Answers, *, planned_at: datetime) -> dict[str, Any]:
    """Return what the answers state; where two state the same thing, a yes outweighs a no."""
    facts: dict[str, Any] = {}
    for question, value in _pair(answers):
        for option in list_chosen(question, value):
            for name, stated in option.facts.items():
                facts[name] = stated or facts.get(name, False) if isinstance(stated, bool) else stated
        if question.time_fact and value.get("at"):
            hours = (planned_at - datetime.fromisoformat(value["at"])) / timedelta(hours=1)
            facts[question.time_fact] = Decimal(str(round(hours, 1)))
    return facts


def list_told_classes(answers: Answers) -> tuple[str, ...]:
    """Return the classes of medicines that the answers name."""
    named = [each for question, value in _pair(answers) for o in list_chosen(question, value) for each in o.classes]
    return tuple(dict.fromkeys(named))


def find_fast(protocol: Protocol) -> Fast | None:
    """Return what a person is told about food and drink before a dose of this protocol, or None."""
    return load_checkin().fasts.get(protocol.profiles.get("fasting", ""))


def list_told(answers: Answers) -> list[dict[str, Any]]:
    """Return every answer as codes, with the check of a session it belongs to; what was told in words stays apart."""
    rows = []
    for question, value in _pair(answers):
        chosen = list_chosen(question, value)
        row: dict[str, Any] = {"question": question.id, "check": question.check, "choices": [o.id for o in chosen]}
        row |= {"is_declined": True} if value.get(DECLINED) else {}
        row |= {"time": value["at"]} if value.get("at") else {}
        row |= {"has_words": True} if any(value.get(part.id) for part in question.parts) else {}
        row |= {"is_crisis": True} if is_crisis(question, value) else {}
        rows.append(row)
    return rows


def describe_told(row: Mapping[str, Any], language: str = "en") -> tuple[str, str]:
    """Return question and answer of one told row in words; a question that is no longer asked shows its code."""
    question = find_question(load_checkin().questions, str(row["question"]))
    if question is None:
        return str(row["question"]), ", ".join(row.get("choices") or ())
    return question.short[language], ", ".join(option.text[language] for option in list_chosen(question, row))


def find_told_finding(row: Mapping[str, Any]) -> Finding | None:
    """Return the check-in's own finding that one told row raises, or None."""
    found = list_own_findings({str(row["question"]): {**row, DECLINED: row.get("is_declined", False)}})
    return found[0] if found else None


def list_own_findings(answers: Answers) -> list[Finding]:
    """Return the findings of the check-in itself, for what no row of a protocol reads."""
    known, names = load_checkin().findings, []
    for question, value in _pair(answers):
        names += [option.finding for option in list_chosen(question, value) if option.finding]
        names += [question.declined_finding] if value.get(DECLINED) and question.declined_finding else []
    return [known[name] for name in dict.fromkeys(names)]


def judge_answers(
    answers: Answers, *, protocol: Protocol | None, chart: Mapping[str, Any], planned_at: datetime
) -> tuple[Finding, ...]:
    """Return what the answers add to what the chart alone says: the protocol's stops and cautions, then one's own.

    A row that speaks without the answers too is the chart's, and is not repeated here; a gap of the chart is the
    desk's to fill. Nothing here closes a check: an answer that finds nothing is asked again at the desk.
    """
    own = list_own_findings(answers)
    if protocol is None:
        return tuple(_order(own))
    told = collect_facts(answers, planned_at=planned_at)
    context = build_context(protocol)
    facts = join_classes({**chart, **told}, list_told_classes(answers))
    before = {(each.rule, each.seen) for each in evaluate_rules(protocol, chart, Stage.PRE_SESSION, context).findings}
    found = [
        replace(each, seen=f"{each.seen} (told on the phone)")
        for each in evaluate_rules(protocol, facts, Stage.PRE_SESSION, context).findings
        if each.severity in LOUD and (each.rule, each.seen) not in before
    ]
    return tuple(_order([*found, *own]))


def join_classes(facts: dict[str, Any], told: Sequence[str]) -> dict[str, Any]:
    """Add told classes to the medicines; a list that is not known is judged by what was told alone."""
    if not told:
        return facts
    facts["medication.classes"] = tuple(dict.fromkeys([*(facts.get("medication.classes") or ()), *told]))
    for each in told:
        name = f"medication.named.{each}"
        facts[name] = tuple(facts.get(name) or ()) or (load_medicine_classes()[each].label,)
    return facts


def _pair(answers: Answers) -> list[tuple[Question, Mapping[str, Any]]]:
    return [(question, answers[question.id]) for question in load_checkin().questions if question.id in answers]


def _order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: _SEVERITIES.get(each.severity, len(_SEVERITIES)))
