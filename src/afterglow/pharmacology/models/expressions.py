"""The arithmetic that model files are written in: parsed once, evaluated over numpy arrays, nothing else possible.

Numbers, names, `+ - * / **`, comparisons, and the functions `exp log min max where`; no attributes, calls, indexing.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np

from afterglow.terms import InvalidInput, build_error

LONGEST_TEXT = 600
DEEPEST_TREE = 40
FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "exp": (1, 1, np.exp),
    "log": (1, 1, np.log),
    "min": (2, 2, np.minimum),
    "max": (2, 2, np.maximum),
    "where": (3, 3, np.where),
}
_BINARY: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_COMPARE: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: np.equal,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """One parsed formula; `names` are the symbols it needs."""

    text: str
    names: frozenset[str]
    _tree: ast.expr

    def evaluate(self, symbols: Mapping[str, Any]) -> Any:
        """Return the value of the formula for the symbols given.

        Parameters
        ----------
        symbols : mapping of name to float or ndarray
            Must hold every name of `names`; arrays broadcast as numpy does.

        Returns
        -------
        value : float or ndarray
            Not checked for being finite: who asked for it knows its range.
        """
        with np.errstate(all="ignore"):
            return _evaluate(self._tree, symbols)


@lru_cache(maxsize=4096)
def parse_expression(text: str, path: str = "expression") -> Expression:
    """Return the formula written in `text`; raise `InvalidInput` for anything but plain arithmetic."""
    if len(text) > LONGEST_TEXT:
        _refuse(path, text[:40], f"at most {LONGEST_TEXT} characters", "the formula is too long")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        _refuse(path, text, "arithmetic such as cl / v1", f"{text!r} is not a formula")
    names = frozenset(_check(tree, path, text, 0))
    return Expression(text, names, tree)


def _check(node: ast.expr, path: str, text: str, depth: int) -> Iterator[str]:
    """Yield the names used; refuse every kind of node that is not arithmetic."""
    if depth > DEEPEST_TREE:
        _refuse(path, text, f"at most {DEEPEST_TREE} levels", "the formula is nested too deeply")
    parts: list[ast.expr] = []
    match node:
        case ast.Constant(value=bool()) | ast.Constant(value=complex()):
            _refuse(path, text, "numbers", f"{text!r} holds something that is not a number")
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name):
            yield name
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
            parts = [left, right]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            parts = [operand]
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _COMPARE:
            parts = [left, right]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            fewest, most, _ = FUNCTIONS[name]
            if not fewest <= len(arguments) <= most:
                _refuse(path, text, f"{fewest} arguments", f"{name} in {text!r} has {len(arguments)} arguments")
            parts = list(arguments)
        case _:
            accepted = "numbers, names, + - * / **, comparisons, exp log min max where"
            _refuse(path, text, accepted, f"{text!r} holds something that is not arithmetic")
    for part in parts:
        yield from _check(part, path, text, depth + 1)


def _evaluate(node: ast.expr, symbols: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return symbols[name]
        case ast.BinOp(left=left, op=operator, right=right):
            return _BINARY[type(operator)](_evaluate(left, symbols), _evaluate(right, symbols))
        case ast.UnaryOp(operand=operand):
            return -_evaluate(operand, symbols)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _COMPARE[type(operator)](_evaluate(left, symbols), _evaluate(right, symbols))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name][2](*(_evaluate(argument, symbols) for argument in arguments))
    raise AssertionError(f"an unchecked node {node!r}")


def _refuse(path: str, value: object, accepted: str, message: str) -> NoReturn:
    raise InvalidInput([build_error(path, "expression-not-accepted", value, accepted, message)])
