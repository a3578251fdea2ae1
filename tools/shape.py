"""Size and finish: functions and files stay readable, nothing unfinished is left, each test can fail."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 70
FILE_LINES = 600
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
CHECKING = re.compile(r"raises|warns|assert|expect|check|verify|fail|run_state_machine", re.IGNORECASE)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def check_shape(root: Path) -> list[str]:
    """Return a sentence per long function, long file, unfinished path, or test that cannot fail."""
    problems = []
    for folder in ("src", "tests", "bench", "tools"):
        for path in sorted((root / folder).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            found = judge_file(path.read_text(encoding="utf-8"), is_source=folder == "src", is_test=folder == "tests")
            problems += [f"{path.relative_to(root)}:{line}: {text}" for line, text in found]
    return problems


def judge_file(text: str, *, is_source: bool, is_test: bool) -> Iterator[tuple[int, str]]:
    """Yield line and sentence for each thing wrong with one Python file."""
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield 1, f"{len(lines)} lines; is it one room or two?"
    if is_source:
        yield from ((number, "unfinished") for number, line in enumerate(lines, 1) if UNFINISHED.search(line))
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, FUNCTIONS):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES:
            yield node.lineno, f"{node.name} has {length} lines"
        if is_test and node.name.startswith("test_") and not can_fail(node):
            yield node.lineno, f"{node.name} asserts nothing"


def can_fail(function: ast.AST) -> bool:
    """Tell whether a test holds an assert or calls something that checks."""
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and CHECKING.search(ast.unparse(node.func)))
        for node in ast.walk(function)
    )
