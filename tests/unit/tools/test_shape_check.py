"""The shape check finds what is too long, unfinished or cannot fail."""

import pytest

from tools.shape import FILE_LINES, FUNCTION_LINES, judge_file


def judge(text: str, *, is_test: bool = False) -> list[str]:
    """Return the sentences about one source or test file."""
    return [found for _line, found in judge_file(text, is_source=not is_test, is_test=is_test)]


def write_function(lines: int) -> str:
    """Return a function of that many lines."""
    return "def work():\n" + "    x = 1\n" * (lines - 1)


def test_function_at_the_limit_passes_and_one_line_more_does_not() -> None:
    assert judge(write_function(FUNCTION_LINES)) == []
    assert judge(write_function(FUNCTION_LINES + 1)) == [f"work has {FUNCTION_LINES + 1} lines"]


def test_file_at_the_limit_passes_and_one_line_more_does_not() -> None:
    assert judge("x = 1\n" * FILE_LINES) == []
    assert len(judge("x = 1\n" * (FILE_LINES + 1))) == 1


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "raise NotImplemented" + "Error"])
def test_unfinished_source_is_found(word: str) -> None:
    assert judge(f"x = 1  # {word}") == ["unfinished"]


def test_test_without_a_check_is_found() -> None:
    assert judge("def test_a():\n    work()\n", is_test=True) == ["test_a asserts nothing"]


@pytest.mark.parametrize("line", ["assert x", "with pytest.raises(ValueError): f()", "page.expect(x)", "check_all(x)"])
def test_test_with_a_check_passes(line: str) -> None:
    assert judge(f"def test_a():\n    {line}\n", is_test=True) == []
