"""The importer of the open trial set: the real set, and small damaged tables for every trap of its note."""

from collections import Counter
from decimal import Decimal

import pytest

from afterglow.outcomes.open_trial import OpenTrial, Treatment, count_problems, read_open_trial
from afterglow.terms import InvalidInput
from tests.conftest import SHARED, miss

DATA = SHARED / "data" / "nimh-ketamine-moa"
PEOPLE = "participant_id age sex BMI group infusion_1 infusion_2"
SCORES = "participant_id session_id MADRS_Total HAMD_Bech HAM17_Total"
WHOLE = ["p1 30 F 25 MDD d p"]
SEEN = ["p1 ses-b0 30 12 20", "p1 ses-d2 20 8 12", "p1 ses-d10 22 9 13", "p1 ses-p2 29 12 19", "p1 ses-p10 30 12 20"]
MADRS_3 = "phenotype[3].MADRS_Total"
BY_DESIGN = {"carry-over-possible", "no-own-baseline-in-period-2"}


def read_real() -> OpenTrial:
    """Return the shared set, or say why there is none."""
    if not DATA.is_dir():
        miss("shared", "the shared trial set is not beside the project")
    return read_open_trial(*((DATA / name).read_text("utf-8") for name in ("participants.tsv", "phenotype.tsv")))


def read_small(people: list[str], scores: list[str]) -> OpenTrial:
    """Return a set from rows whose cells are parted by blanks; `_` is an empty cell."""
    tables = ([PEOPLE, *people], [SCORES, *scores])
    texts = ["\n".join(line.replace("_", "").replace(" ", "\t") for line in rows[1:]) for rows in tables]
    heads = [rows[0].replace(" ", "\t") for rows in tables]
    return read_open_trial(*(f"{head}\n{text}\n" for head, text in zip(heads, texts, strict=True)))


def test_real_set_is_read_whole() -> None:
    trial = read_real()
    assert len(trial.participants) == 32
    assert Counter(each.group for each in trial.participants.values()) == {"MDD": 17, "BP": 3, "HC": 12}
    rows = (DATA / "phenotype.tsv").read_text("utf-8").strip().splitlines()
    assert len(trial.visits) == len(rows) - 1
    assert trial.find_madrs("sub-MOA111", Treatment.KETAMINE, 2) == 0


def test_traps_of_the_real_set_are_each_reported() -> None:
    # counted by hand in the two tables: 31 n/a cells in scores; MOA138, 201, 310, 311 without an infusion;
    # MOA111, 125, 136 with one; 25 with both, 12 of them ketamine first, 13 saline first; aged 66: MOA131
    found = count_problems(read_real().problems)
    assert found["score-missing"] == (DATA / "phenotype.tsv").read_text("utf-8").count("n/a") == 31
    assert (found["no-infusion"], found["one-infusion"], found["no-own-baseline-in-period-2"]) == (4, 3, 25)
    assert (found["carry-over-possible"], found["rows-in-own-order"], found["age-outside-study"]) == (12, 13, 1)
    assert set(found) == {
        "age-outside-study", "carry-over-possible", "drop-out", "hamd-missing-beside-madrs", "no-infusion",
        "no-own-baseline-in-period-2", "one-infusion", "rows-in-own-order", "score-missing",
    }  # fmt: skip


def test_drop_outs_of_the_real_set_are_in_either_period() -> None:
    messages = [problem.message for problem in read_real().problems if problem.code == "drop-out"]
    assert "sub-MOA101: no MADRS on day 10 of period 1; dropped out or not seen" in messages
    assert "sub-MOA202: no MADRS on day 10 of period 2; dropped out or not seen" in messages


DAMAGED = {
    "row without a participant": (WHOLE, [*SEEN, "_ ses-d2 11 4 6"], "row-without-key", "phenotype[7]"),
    "row without a session": (WHOLE, [*SEEN, "p1 n/a 11 4 6"], "row-without-key", "phenotype[7]"),
    "person without an id": ([*WHOLE, "n/a 30 F 25 MDD d p"], SEEN, "row-without-key", "participants[3]"),
    "age not known": (["p1 n/a F 25 MDD d p"], SEEN, "cell-missing", "participants[2].age"),
    "sex not known": (["p1 30 n/a 25 MDD d p"], SEEN, "cell-missing", "participants[2].sex"),
    "score not known": (WHOLE, [SEEN[0], "p1 ses-d2 n/a 8 12", *SEEN[2:]], "score-missing", MADRS_3),
    "score empty": (WHOLE, [SEEN[0], "p1 ses-d2 _ 8 12", *SEEN[2:]], "score-missing", MADRS_3),
    "HAM-D missing": (WHOLE, [SEEN[0], "p1 ses-d2 20 8 n/a", *SEEN[2:]], "hamd-missing-beside-madrs", "phenotype[3]"),
    "off the scale": (
        WHOLE,
        [SEEN[0], "p1 ses-d2 61 8 12", *SEEN[2:]],
        "score-out-of-range",
        "phenotype[3].MADRS_Total",
    ),
    "not a number": (WHOLE, [SEEN[0], "p1 ses-d2 x 8 12", *SEEN[2:]], "not-a-number", MADRS_3),
    "not a finite number": (
        WHOLE,
        [SEEN[0], "p1 ses-d2 NaN 8 12", *SEEN[2:]],
        "not-a-number",
        "phenotype[3].MADRS_Total",
    ),
    "same visit twice": (WHOLE, [*SEEN, "p1 ses-d2 11 4 6"], "visit-repeated", "phenotype[7]"),
    "same person twice": ([*WHOLE, *WHOLE], SEEN, "participant-repeated", "participants[3]"),
    "nobody of that name": (WHOLE, [*SEEN, "p9 ses-d2 11 4 6"], "participant-unknown", "phenotype[7]"),
    "no such session": (WHOLE, [*SEEN, "p1 ses-d3 11 4 6"], "session-unknown", "phenotype[7].session_id"),
    "one infusion": (["p1 30 F 25 MDD d n/a"], SEEN[:3], "one-infusion", "participants[2]"),
    "no infusion": (["p1 30 F 25 MDD n/a n/a"], SEEN[:1], "no-infusion", "participants[2]"),
    "no first": (
        ["p1 30 F 25 MDD n/a d"],
        SEEN[:3],
        "infusion-order-unknown",
        "participants[2].infusion_1",
    ),
    "infusion of something": (["p1 30 F 25 MDD d x"], SEEN[:3], "infusion-unknown", "participants[2].infusion_2"),
    "visit after no such infusion": (["p1 30 F 25 MDD d n/a"], SEEN, "visit-without-infusion", "phenotype[5]"),
    "dropped out": (WHOLE, SEEN[:4], "drop-out", "p1"),
    "no baseline": (WHOLE, SEEN[1:], "baseline-missing", "p1"),
    "group of its own": (["p1 30 F 25 XX d p"], SEEN, "group-unknown", "participants[2].group"),
    "saline first": (["p1 30 F 25 MDD p d"], SEEN, "rows-in-own-order", "p1"),
    "too old": (["p1 66 F 25 MDD d p"], SEEN, "age-outside-study", "participants[2].age"),
}


@pytest.mark.parametrize(("people", "scores", "code", "path"), DAMAGED.values(), ids=DAMAGED)
def test_each_trap_is_named_with_its_place(people, scores, code, path) -> None:
    found = {(problem.code, problem.path) for problem in read_small(people, scores).problems}
    assert (code, path) in found


def test_whole_person_has_only_the_findings_of_the_design() -> None:
    assert set(count_problems(read_small(WHOLE, SEEN).problems)) == BY_DESIGN


def test_period_follows_the_order_of_the_infusions_and_not_of_the_rows() -> None:
    for order, first in (("d p", Treatment.KETAMINE), ("p d", Treatment.SALINE)):
        visits = read_small([f"p1 30 F 25 MDD {order}"], list(reversed(SEEN))).visits
        assert {visit.treatment for visit in visits if visit.period == 1} == {Treatment.NONE, first}


def test_missing_score_stays_missing_beside_a_zero() -> None:
    trial = read_small(WHOLE, [SEEN[0], "p1 ses-d2 0 n/a n/a"])
    assert trial.find_madrs("p1", Treatment.KETAMINE, 2) == Decimal(0)
    assert trial.find_madrs("p1", Treatment.SALINE, 2) is None
    assert trial.visits[1].hamd17 is None


def test_keyless_row_gives_its_scores_to_nobody() -> None:
    assert len(read_small(WHOLE, [*SEEN, "_ ses-d2 11 4 6"]).visits) == len(SEEN)


def test_table_without_a_needed_column_is_refused_by_naming_it() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_open_trial("participant_id\tage\n", SCORES.replace(" ", "\t"))
    assert refused.value.problems[0].code == "column-missing"
    assert "infusion_1" in str(refused.value.problems[0].value)
