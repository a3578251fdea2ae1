"""Sentences of the engine by their code: each that a page can meet is translated, and numbers are few-figured."""

import re
from pathlib import Path

import pytest
from django.utils import translation

import afterglow.pharmacology
from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.finding import Event, Option, Patient, compare, draw_people, predict_recorded
from afterglow.web.predictions.comparing import describe_comparison, draw_comparison
from afterglow.web.predictions.problems import SENTENCES, describe_problem, list_messages
from afterglow.web.predictions.reading import read_comparison
from afterglow.web.predictions.words import write_of_hundred, write_range_of_hundred

ROOM = Path(afterglow.pharmacology.__file__).parent


def test_every_sentence_belongs_to_a_code_of_the_engine() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    unknown = sorted(code for code in SENTENCES if f'"{code}"' not in source)
    assert unknown == []


@pytest.mark.parametrize(
    ("option", "person", "interactions"),
    [
        (Option("racemic", "iv", dose_mg=200.0, duration_min=40.0), Person(weight_kg=150.0, height_cm=165.0), ()),
        (Option("esketamine", "intranasal", devices=3, gap_min=2.0), Person(weight_kg=70.0, age_years=70.0), ()),
        (Option("esketamine", "oral", dose_mg=40.0), Person(weight_kg=70.0), ("rifampicin", "clarithromycin")),
        (Option("racemic", "im", dose_mg=35.0), Person(weight_kg=70.0, age_years=45.0), ("st-johns-wort",)),
        (Option("esketamine", "sublingual", dose_mg=50.0), Person(weight_kg=30.0, age_years=80.0), ("ticlopidine",)),
    ],
    ids=["heavy", "older spray", "two interactions", "carried over", "light and old"],
)
def test_what_a_plan_can_meet_is_translated(option: Option, person: Person, interactions: tuple[str, ...]) -> None:
    found = compare(option, option, Patient(person, interactions), people=draw_people(60, 1), step_min=15.0)
    problems = [problem.to_json() for side in found.sides for problem in side.problems]
    assert problems
    assert {str(problem["code"]) for problem in problems} <= set(SENTENCES)
    for problem in problems:
        told = describe_problem(problem)
        assert told
        assert "%(" not in told


def test_what_a_session_can_meet_is_translated() -> None:
    events = [Event("device", 0.0), Event("device", 1.0)]
    patient = Patient(Person(weight_kg=180.0, age_years=70.0))
    found = predict_recorded(events, "esketamine", "intranasal", patient, people=draw_people(60, 1), step_min=15.0)
    codes = {problem["code"] for problem in found["problems"]}
    assert {"outside-studied-range"} <= codes <= set(SENTENCES)


def test_a_sentence_follows_the_readers_language_and_an_unknown_code_keeps_its_own_words() -> None:
    problem = {"code": "outside-studied-range", "path": "weight", "value": 180.0, "accepted": "39 to 170 kg"}
    assert describe_problem(problem) == "weight 180 lies outside what the model was studied in (39 to 170 kg)"
    assert list_messages([{"code": "new", "message": "something new"}] * 2) == ["Something new."]
    with translation.override("de"):
        assert "180" in describe_problem(problem)


def test_axes_and_words_of_a_chart_have_two_figures_at_most() -> None:
    options = [Option("racemic", "iv", dose_mg=dose, duration_min=40.0) for dose in (37.3, 61.7)]
    found = compare(*options, Patient(Person(weight_kg=71.3, age_years=44.0)), people=draw_people(60, 1))
    answer = read_comparison(found.to_json())
    drawn = str(draw_comparison(answer, edges={}, trials=None))
    shown = re.findall(r'class="chart__tick"[^>]*>([0-9.]+)<', drawn)
    shown += re.findall(r"[0-9.]*[0-9]", describe_comparison(answer))
    for text in shown:
        figures = text.replace(".", "").strip("0")
        assert len(figures) <= 2 or float(text) in (105, 135), text  # minutes by quarters of an hour


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "under 5 of 100"), (0.049, "under 5 of 100"), (0.05, "about 5 of 100"), (0.62, "about 60 of 100"),
     (0.95, "about 95 of 100"), (0.96, "over 95 of 100"), (1.0, "over 95 of 100")],
)  # fmt: skip
def test_a_share_is_rounded_to_five_people(share: float, words: str) -> None:
    assert write_of_hundred(share) == words


def test_what_chance_leaves_open_is_whole_people() -> None:
    assert write_range_of_hundred((0.542, 0.66)) == "54–66"
