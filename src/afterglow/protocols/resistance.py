"""Treatment resistance: which past trials were adequate and failed, by which definition, with the working shown.

A trial counts when its dose, its weeks and its outcome are known and sufficient. What is not known neither
counts nor is held against the person: the answer is then "not known", and the working says what is missing.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from afterglow.protocols.facts import render_number
from afterglow.protocols.medicines import find_generic_names, normalise_name
from afterglow.terms import Citation, Grade

_OUTCOME_WORDS = {
    "none": "no response",
    "partial": "partial response",
    "response": "responded",
    "intolerance": "stopped because not tolerated",
}
OUTCOMES = tuple(_OUTCOME_WORDS)


@dataclass(frozen=True, slots=True)
class Trial:
    """One past treatment trial; None stands for not known.

    `is_dose_adequate` is a clinician's judgement for a drug that the table of doses does not hold.
    """

    drug: str
    drug_class: str | None = None
    dose_mg_per_day: Decimal | None = None
    weeks: Decimal | None = None
    outcome: str | None = None
    improvement_percent: Decimal | None = None
    in_current_episode: bool | None = None
    is_dose_adequate: bool | None = None


@dataclass(frozen=True, slots=True)
class ResistanceRule:
    """A definition of treatment resistance; every part of it is selectable."""

    id: str
    title: str
    note: str
    required: int
    weeks: int
    distinct_classes: bool
    current_episode: bool
    citation: Citation
    phq9: int | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question about a trial: met, not met, or not known (None), with the words for it."""

    name: str
    is_met: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class JudgedTrial:
    """A trial with its working; `is_counted` is None while something that matters is not known."""

    trial: Trial
    drug_class: str | None
    criteria: tuple[Criterion, ...]

    @property
    def is_counted(self) -> bool | None:
        """Whether the trial counts as adequate and failed."""
        answers = [criterion.is_met for criterion in self.criteria]
        if False in answers:
            return False
        return None if None in answers else True

    @property
    def why(self) -> str:
        """What decides about this trial, in words."""
        deciding = [c.text for c in self.criteria if c.is_met is self.is_counted]
        return "; ".join(deciding)


@dataclass(frozen=True, slots=True)
class Resistance:
    """The answer of one definition: met, not met, or not known."""

    rule: ResistanceRule
    trials: tuple[JudgedTrial, ...]
    counted: int
    possible: int
    is_met: bool | None
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the answer with the working of every trial."""
        return {
            "id": self.rule.id,
            "title": self.rule.title,
            "note": self.rule.note,
            "is_met": self.is_met,
            "counted": self.counted,
            "required": self.rule.required,
            "missing": list(self.missing),
            "source": self.rule.citation.text,
            "grade": str(self.rule.citation.grade),
            "grade_label": self.rule.citation.grade.label,
            "trials": [_render_trial(judged) for judged in self.trials],
        }


def judge_resistance(trials: Sequence[Trial], rule: ResistanceRule, phq9: Decimal | int | None = None) -> Resistance:
    """Return whether the trials meet a definition.

    The same drug counts once, and so does the same class where classes must differ.
    """
    judged = tuple(judge_trial(trial, rule) for trial in trials)
    certain = [item for item in judged if item.is_counted]
    open_ = [item for item in judged if item.is_counted is None]
    counted = _count_different(certain, rule)
    possible = _count_possible(certain, open_, rule)
    enough = _compare(counted, possible, rule.required)
    severity = _check_severity(phq9, rule.phq9)
    is_met = False if False in (enough, severity) else None if None in (enough, severity) else True
    missing = tuple(f"{item.trial.drug}: {item.why}" for item in open_) if enough is None else ()
    if severity is None and enough is not False:
        missing += ("PHQ-9 is not recorded",)
    return Resistance(rule, judged, counted, possible, is_met, missing)


def judge_trial(trial: Trial, rule: ResistanceRule) -> JudgedTrial:
    """Return the working for one trial: episode, dose, duration, outcome, and class where classes must differ."""
    generic, minimum = _find_minimum(trial.drug)
    drug_class = minimum.drug_class if minimum else find_trial_class(trial.drug_class)
    criteria = [
        *([_judge_episode(trial)] if rule.current_episode else []),
        _judge_dose(trial, generic, minimum),
        _judge_weeks(trial, rule),
        _judge_outcome(trial),
    ]
    if rule.distinct_classes:
        words = f"class {drug_class}" if drug_class else "class not known"
        criteria.append(Criterion("class", True if drug_class else None, words))
    return JudgedTrial(trial, drug_class, tuple(criteria))


@dataclass(frozen=True, slots=True)
class MinimumDose:
    """The lowest daily dose at which a trial of a drug counts, and the drug's class."""

    drug_class: str
    mg: Decimal


@cache
def load_minimum_doses() -> Mapping[str, MinimumDose]:
    """Return the table of lowest doses by generic name."""
    table = _read()["minimum_doses"]["mg_per_day"]
    return {name: MinimumDose(entry["class"], Decimal(entry["mg"])) for name, entry in table.items()}


@cache
def load_definitions() -> Mapping[str, ResistanceRule]:
    """Return the named definitions by id, in the order they are shown."""
    return {entry["id"]: _parse_definition(entry) for entry in _read()["definition"]}


@cache
def load_minimum_dose_citation() -> Citation:
    """Return where the table of lowest doses comes from."""
    return _parse_citation(_read()["minimum_doses"])


@cache
def load_non_response() -> tuple[Decimal, Citation]:
    """Return the improvement in percent up to which a trial counts as failed, with its source."""
    entry = _read()["non_response"]
    return Decimal(entry["improvement_percent_at_most"]), _parse_citation(entry)


def find_trial_class(text: str | None) -> str | None:
    """Return the class of antidepressant that a text names, None when it names none that is known."""
    words = normalise_name(text or "").removesuffix("s")
    return _load_class_names().get(words)


@cache
def _load_class_names() -> Mapping[str, str]:
    return {normalise_name(name): key for key, names in _read()["class_names"].items() for name in names}


def _judge_episode(trial: Trial) -> Criterion:
    words = {True: "current episode", False: "earlier episode", None: "episode not recorded"}
    return Criterion("episode", trial.in_current_episode, words[trial.in_current_episode])


def _judge_dose(trial: Trial, generic: str, minimum: MinimumDose | None) -> Criterion:
    if minimum is None:
        adequacy = {True: "adequate by judgement", False: "too low by judgement", None: "adequacy not recorded"}
        text = f"dose {adequacy[trial.is_dose_adequate]}, {trial.drug} is not in the table of lowest doses"
        return Criterion("dose", trial.is_dose_adequate, text)
    if trial.dose_mg_per_day is None:
        return Criterion("dose", None, f"dose not recorded, at least {render_number(minimum.mg)} mg a day needed")
    is_met = trial.dose_mg_per_day >= minimum.mg
    seen, needed = render_number(trial.dose_mg_per_day), render_number(minimum.mg)
    relation = "at least" if is_met else "below"
    return Criterion("dose", is_met, f"{seen} mg a day, {relation} {needed} mg for {generic}")


def _judge_weeks(trial: Trial, rule: ResistanceRule) -> Criterion:
    if trial.weeks is None:
        return Criterion("weeks", None, f"weeks not recorded, at least {rule.weeks} needed")
    is_met = trial.weeks >= rule.weeks
    relation = "at least" if is_met else "too short, below"
    return Criterion("weeks", is_met, f"{render_number(trial.weeks)} weeks, {relation} {rule.weeks}")


def _judge_outcome(trial: Trial) -> Criterion:
    limit = load_non_response()[0]
    if trial.improvement_percent is not None:
        is_met = trial.improvement_percent <= limit
        relation = "at most" if is_met else "above"
        seen = render_number(trial.improvement_percent)
        return Criterion("outcome", is_met, f"improved by {seen} %, {relation} {render_number(limit)} %")
    if trial.outcome is None:
        return Criterion("outcome", None, "outcome not recorded")
    return Criterion("outcome", trial.outcome == "none", _OUTCOME_WORDS[trial.outcome])


def _count_different(judged: Iterable[JudgedTrial], rule: ResistanceRule) -> int:
    return len({_identify(item, rule) for item in judged})


def _count_possible(certain: list[JudgedTrial], open_: list[JudgedTrial], rule: ResistanceRule) -> int:
    """The count if everything unknown turned out well; an unknown class may be a new one."""
    known = {_identify(item, rule) for item in [*certain, *open_] if _identify(item, rule)}
    return len(known) + sum(1 for item in open_ if not _identify(item, rule))


def _identify(item: JudgedTrial, rule: ResistanceRule) -> str | None:
    return item.drug_class if rule.distinct_classes else _find_minimum(item.trial.drug)[0]


def _compare(counted: int, possible: int, required: int) -> bool | None:
    if counted >= required:
        return True
    return None if possible >= required else False


def _check_severity(phq9: Decimal | int | None, limit: int | None) -> bool | None:
    if limit is None:
        return True
    return None if phq9 is None else phq9 >= limit


@lru_cache(maxsize=1024)
def _find_minimum(drug: str) -> tuple[str, MinimumDose | None]:
    """Return the generic name behind a drug's name and its lowest dose, None when the table lacks it."""
    for generic in find_generic_names(drug):
        if generic in load_minimum_doses():
            return generic, load_minimum_doses()[generic]
    return drug.casefold().strip(), None


def _render_trial(judged: JudgedTrial) -> dict[str, Any]:
    return {
        "drug": judged.trial.drug,
        "class": judged.drug_class,
        "is_counted": judged.is_counted,
        "why": judged.why,
        "criteria": [{"name": c.name, "is_met": c.is_met, "text": c.text} for c in judged.criteria],
    }


def _parse_definition(entry: Mapping[str, Any]) -> ResistanceRule:
    keys = ("id", "title", "note", "required", "weeks", "distinct_classes", "current_episode")
    return ResistanceRule(**{key: entry[key] for key in keys}, phq9=entry.get("phq9"), citation=_parse_citation(entry))


def _parse_citation(entry: Mapping[str, Any]) -> Citation:
    return Citation(entry["source"], entry["locator"], Grade(entry["grade"]))


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.protocols").joinpath("data/resistance.toml").read_text(encoding="utf-8"))
