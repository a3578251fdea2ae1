"""Reads the open NIMH crossover set (OpenNeuro ds005917) from the text of its two tables.

Every trap of the set becomes a problem that names the row; no row is dropped in silence. Times are days after an
infusion, because the publisher removed all dates.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from afterglow.terms import InvalidInput, Problem, build_error, build_warning

PARTICIPANT_COLUMNS = ("participant_id", "age", "sex", "BMI", "group", "infusion_1", "infusion_2")
PHENOTYPE_COLUMNS = ("participant_id", "session_id", "MADRS_Total", "HAMD_Bech", "HAM17_Total")
RANGES = {"MADRS_Total": (0, 60), "HAMD_Bech": (0, 22), "HAM17_Total": (0, 52)}
GROUPS = ("MDD", "BP", "HC")
STUDY_AGE = (18, 65)
MISSING = ("", "n/a")
_INFUSIONS = {"d": "ketamine", "p": "saline"}
_SESSIONS = {"ses-b0": ("", 0), "ses-d2": ("d", 2), "ses-d10": ("d", 10), "ses-p2": ("p", 2), "ses-p10": ("p", 10)}

Row = Mapping[str, str]


class Treatment(StrEnum):
    """What was infused; `none` at the baseline."""

    NONE = "none"
    KETAMINE = "ketamine"
    SALINE = "saline"


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant; what the publisher gives as `n/a` is None."""

    id: str
    group: str
    age_years: Decimal | None
    sex: str | None
    bmi_kg_per_m2: Decimal | None
    infusions: tuple[Treatment, ...]


@dataclass(frozen=True, slots=True)
class TrialVisit:
    """The scores of one visit: treatment and day after it, and the period of the crossover, None when not known."""

    participant: str
    treatment: Treatment
    day: int
    period: int | None
    madrs: Decimal | None
    hamd6: Decimal | None
    hamd17: Decimal | None


@dataclass(frozen=True, slots=True)
class OpenTrial:
    """The whole set with everything that was found wrong or doubtful in it."""

    participants: Mapping[str, Participant]
    visits: tuple[TrialVisit, ...]
    problems: tuple[Problem, ...]

    def find_madrs(self, participant: str, treatment: Treatment, day: int) -> Decimal | None:
        """Return the MADRS of a visit, or None when the visit or its score is missing."""
        return next(
            (
                visit.madrs
                for visit in self.visits
                if (visit.participant, visit.treatment, visit.day) == (participant, treatment, day)
            ),
            None,
        )

    def list_group(self, group: str) -> list[Participant]:
        """Return the participants of one group, in order of their id."""
        return [each for each in self.participants.values() if each.group == group]


def read_open_trial(participants_tsv: str, phenotype_tsv: str) -> OpenTrial:
    """Return the set read from its two tables; refuse a table without the columns it must have."""
    people_rows = _read_table(participants_tsv, PARTICIPANT_COLUMNS, "participants")
    score_rows = _read_table(phenotype_tsv, PHENOTYPE_COLUMNS, "phenotype")
    problems: list[Problem] = []
    participants: dict[str, Participant] = {}
    for line, row in people_rows:
        path = f"participants[{line}]"
        if _is_missing(row["participant_id"]):
            problems.append(_keyless(path, "participant_id", row))
        elif row["participant_id"] in participants:
            message = f"{path} repeats {row['participant_id']}; the first row is used"
            problems.append(build_error(path, "participant-repeated", row["participant_id"], "one row each", message))
        else:
            participants[row["participant_id"]] = _read_participant(row, path, problems)
    visits: dict[tuple[str, str], TrialVisit] = {}
    for line, row in score_rows:
        _take_visit(row, f"phenotype[{line}]", participants, visits, problems)
    problems += _judge_design(participants, visits)
    return OpenTrial(participants, tuple(visits.values()), tuple(problems))


def count_problems(problems: Sequence[Problem]) -> dict[str, int]:
    """Return how often each code occurs, in order of the code."""
    codes = sorted({problem.code for problem in problems})
    return {code: sum(problem.code == code for problem in problems) for code in codes}


def _read_table(text: str, columns: Sequence[str], name: str) -> list[tuple[int, Row]]:
    reader = csv.DictReader(text.splitlines(), delimiter="\t")
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        message = f"{name} lacks {', '.join(missing)}"
        raise InvalidInput([build_error(name, "column-missing", ", ".join(missing), ", ".join(columns), message)])
    return [(line, {key: (row[key] or "").strip() for key in columns}) for line, row in enumerate(reader, start=2)]


def _is_missing(cell: str) -> bool:
    return cell in MISSING


def _keyless(path: str, key: str, row: Row) -> Problem:
    content = " ".join(value for value in row.values() if value)
    message = f"{path} has no {key}: its scores belong to nobody and are not used"
    return build_error(path, "row-without-key", content, f"a {key}", message)


def _read_participant(row: Row, path: str, problems: list[Problem]) -> Participant:
    problems += [
        build_warning(f"{path}.{key}", "cell-missing", row[key], "a value", f"{path}: {key} is not known")
        for key in ("age", "sex", "BMI", "group")
        if _is_missing(row[key])
    ]
    age = _read_number(row["age"], f"{path}.age", problems)
    if age is not None and not STUDY_AGE[0] <= age <= STUDY_AGE[1]:
        message = f"{path}: aged {age}, outside the study's 18 to 65"
        problems.append(build_warning(f"{path}.age", "age-outside-study", str(age), "18 to 65", message))
    if row["group"] not in (*GROUPS, *MISSING):
        message = f"{path}: group {row['group']} is not known"
        problems.append(build_error(f"{path}.group", "group-unknown", row["group"], ", ".join(GROUPS), message))
    infusions = _read_infusions(row, path, problems)
    sex = None if _is_missing(row["sex"]) else row["sex"]
    bmi = _read_number(row["BMI"], f"{path}.BMI", problems)
    return Participant(row["participant_id"], row["group"], age, sex, bmi, infusions)


def _read_infusions(row: Row, path: str, problems: list[Problem]) -> tuple[Treatment, ...]:
    cells = [row["infusion_1"], row["infusion_2"]]
    for name, cell in zip(("infusion_1", "infusion_2"), cells, strict=True):
        if cell not in (*_INFUSIONS, *MISSING):
            message = f"{path}: {name} {cell} is not known"
            problems.append(build_error(f"{path}.{name}", "infusion-unknown", cell, "d, p or n/a", message))
    given = tuple(Treatment(_INFUSIONS[cell]) for cell in cells if cell in _INFUSIONS)
    if cells[0] in MISSING and cells[1] in _INFUSIONS:
        message = f"{path}: a second infusion without a first; the period is not known"
        problems.append(build_error(f"{path}.infusion_1", "infusion-order-unknown", cells[0], "d or p", message))
    if len(given) < 2:
        words = ("no infusion", "one infusion")[len(given)]
        message = f"{path}: {words}; there is no pair to compare"
        code = ("no-infusion", "one-infusion")[len(given)]
        problems.append(build_warning(path, code, " ".join(cells), "two infusions", message))
    return given


def _read_number(cell: str, path: str, problems: list[Problem]) -> Decimal | None:
    if _is_missing(cell):
        return None
    try:
        number = Decimal(cell)
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_finite():
        return number
    problems.append(build_error(path, "not-a-number", cell, "a number or n/a", f"{path}: {cell} is not a number"))
    return None


def _take_visit(
    row: Row,
    path: str,
    participants: Mapping[str, Participant],
    visits: dict[tuple[str, str], TrialVisit],
    problems: list[Problem],
) -> None:
    person, session = row["participant_id"], row["session_id"]
    for key in ("participant_id", "session_id"):
        if _is_missing(row[key]):
            problems.append(_keyless(path, key, row))
            return
    if session not in _SESSIONS:
        message = f"{path}: session {session} is not known"
        problems.append(build_error(f"{path}.session_id", "session-unknown", session, ", ".join(_SESSIONS), message))
        return
    if person not in participants:
        message = f"{path}: {person} is not among the participants"
        problems.append(build_error(path, "participant-unknown", person, "a listed participant", message))
        return
    if (person, session) in visits:
        message = f"{path} repeats {person} {session}; the first row is used"
        problems.append(build_error(path, "visit-repeated", session, "one row for each visit", message))
        return
    scores = {name: _read_score(row, name, path, problems) for name in RANGES}
    if scores["MADRS_Total"] is not None and scores["HAM17_Total"] is None:
        message = f"{path}: MADRS without HAM-D; what uses one must not ask for the other"
        problems.append(build_warning(path, "hamd-missing-beside-madrs", session, "both scales", message))
    letter, day = _SESSIONS[session]
    treatment = Treatment(_INFUSIONS[letter]) if letter else Treatment.NONE
    period = _find_period(participants[person], treatment)
    if letter and period is None:
        message = f"{path}: a visit after {treatment}, but no such infusion is listed"
        problems.append(build_error(path, "visit-without-infusion", session, "a listed infusion", message))
    visits[person, session] = TrialVisit(
        person, treatment, day, period, scores["MADRS_Total"], scores["HAMD_Bech"], scores["HAM17_Total"]
    )


def _read_score(row: Row, name: str, path: str, problems: list[Problem]) -> Decimal | None:
    if _is_missing(row[name]):
        message = f"{path}: {name} is missing; it is not 0"
        problems.append(build_warning(f"{path}.{name}", "score-missing", row[name], "a total", message))
        return None
    value = _read_number(row[name], f"{path}.{name}", problems)
    lowest, highest = RANGES[name]
    if value is not None and not lowest <= value <= highest:
        message = f"{path}: {name} {value} is off the scale"
        accepted = f"{lowest} to {highest}"
        problems.append(build_error(f"{path}.{name}", "score-out-of-range", str(value), accepted, message))
        return None
    return value


def _find_period(participant: Participant, treatment: Treatment) -> int | None:
    if treatment is Treatment.NONE:
        return 1
    return participant.infusions.index(treatment) + 1 if treatment in participant.infusions else None


def _judge_design(
    participants: Mapping[str, Participant], visits: Mapping[tuple[str, str], TrialVisit]
) -> Iterator[Problem]:
    """Yield what the crossover itself does to each participant: baseline, carry-over, drop-out, order of rows."""
    for person in participants.values():
        own = [session for name, session in visits if name == person.id]
        if ("ses-b0") not in own:
            message = f"{person.id} has no baseline"
            yield build_error(person.id, "baseline-missing", "", "ses-b0", message)
        yield from _list_absent(person, visits)
        if len(person.infusions) == 2:
            message = f"{person.id}: b0 stands before period 1; period 2 has no baseline of its own"
            yield build_warning(person.id, "no-own-baseline-in-period-2", "ses-b0", "a baseline per period", message)
        if person.infusions == (Treatment.KETAMINE, Treatment.SALINE):
            message = f"{person.id}: ketamine came first and may still act in the saline period"
            yield build_warning(person.id, "carry-over-possible", "d p", "saline first, or period 1 only", message)
        if person.infusions[:1] == (Treatment.SALINE,) and any(session.startswith("ses-d") for session in own):
            message = f"{person.id}: saline rows stand before ketamine rows; order is by period, not by name"
            yield build_warning(person.id, "rows-in-own-order", " ".join(own), "any order, sorted by period", message)


def _list_absent(person: Participant, visits: Mapping[tuple[str, str], TrialVisit]) -> Iterator[Problem]:
    for session, (letter, day) in _SESSIONS.items():
        if not letter or Treatment(_INFUSIONS[letter]) not in person.infusions:
            continue
        visit = visits.get((person.id, session))
        if visit is None or visit.madrs is None:
            period = person.infusions.index(Treatment(_INFUSIONS[letter])) + 1
            message = f"{person.id}: no MADRS on day {day} of period {period}; dropped out or not seen"
            yield build_warning(person.id, "drop-out", session, "a MADRS at each planned visit", message)
