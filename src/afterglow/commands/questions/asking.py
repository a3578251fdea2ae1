"""Asking a job of the drug model from the command line: JSON text in, refusals as problems, what all answers share."""

from collections.abc import Callable, Mapping
from typing import Any

from afterglow.commands import parse_json, print_problems, read_text
from afterglow.terms import InvalidInput, Problem

Job = Callable[[str], dict[str, Any]]


def ask(job: Job, argument: str) -> dict[str, Any]:
    """Return a job's answer to the question in a file, or on standard input for `-`.

    Raises
    ------
    InvalidInput
        The file is not JSON, or the question cannot be worked out as it stands.
    """
    text = read_text(argument)
    parse_json(text, argument)
    answer = job(text)
    if answer["status"] == "refused" and set(answer) == {"status", "problems"}:
        raise InvalidInput(read_problems(answer))
    return answer


def read_problems(answer: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of an answer as the command line tells them."""
    return [Problem(**row) for row in answer["problems"]]


def print_basis(answer: Mapping[str, Any]) -> None:
    """Write the model, where its blood was drawn, grades and source; warnings go to standard error."""
    print_problems(read_problems(answer))
    basis = answer.get("basis")
    if basis:
        effects = basis["effect_grade"]
        print(f"{basis['model']}; {basis['sampling_site']} levels; grade {basis['grade']}; {basis['source']}")
        print(
            f"effects: CADSS {effects['cadss']}, CADSS-6 {effects['cadss6']}, pressure {effects['blood_pressure']}; "
            f"{basis['virtual_n']} virtual people, seed {basis['seed']}"
        )
