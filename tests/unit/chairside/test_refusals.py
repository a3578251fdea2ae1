"""Every refusal of the chairside is reached, each for its own reason; none is left out, because they are read from the
source.
"""

import ast
from pathlib import Path

import pytest

import afterglow.chairside
from tests.support.refusals import REFUSALS
from tests.support.rooms import Room

SOURCE = Path(afterglow.chairside.__file__).parent
NAMES = ("Refused", "Blocker", "Refusal")


def find_texts(node):
    """Return the constant texts that an expression may come to."""
    if isinstance(node, ast.Constant):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return find_texts(node.body) | find_texts(node.orelse)
    return set()


def collect_codes():
    """Return every code that stands in the source as the first argument of a refusal or a blocker."""
    codes = set()
    for path in SOURCE.glob("*.py"):
        for scope in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(scope, ast.FunctionDef):
                continue
            assigned = {
                target.id: find_texts(node.value)
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(scope):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
                    first = node.args[0]
                    codes |= assigned.get(first.id, set()) if isinstance(first, ast.Name) else find_texts(first)
    return codes


def test_the_codes_are_read_from_the_source():
    codes = collect_codes()
    assert {"time-out-missing", "check-failed", "check-open", "undo-too-late", "unusable"} <= codes
    assert len(codes) > 50


def test_every_refusal_of_the_source_has_a_scenario_and_no_scenario_is_of_another():
    assert set(REFUSALS) == collect_codes()


@pytest.mark.parametrize(
    ("code", "scenario"),
    [
        pytest.param(code, scenario, id=f"{code}: {scenario.__name__.strip('_').replace('_', ' ')}")
        for code, scenarios in REFUSALS.items()
        for scenario in scenarios
    ],
)
def test_a_refusal_has_its_code_and_says_why(code, scenario):
    refusal = scenario(Room)
    assert refusal.code == code
    assert len(refusal.message) > 10
