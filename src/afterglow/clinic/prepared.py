"""Statements whose text is made once. Django writes a query's text anew each time, which costs more than asking it.

A `Prepared` keeps the text and the shape of the answer, never a value and never a row: each call asks the database. A
page that only reads may say `read_once`: what it asks twice is then asked once.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Model, QuerySet
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row")
# a list is filled up to the next of these lengths by its last value, so that few texts serve all lists
LENGTHS = (1, 2, 4, 8, 16, 32)
MOST_KEPT = 64
_asked: ContextVar[dict[tuple[Any, ...], list[Any]] | None] = ContextVar("prepared_asked", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Answer a statement that is asked again with the same values by the rows it found before, until this is left.

    For a page that is put together by many hands and writes nothing that it reads. The rows are the same objects for
    all of them; an act that changes something and looks again must not stand inside. Rows that are locked are asked
    for each time: whoever locks means to change them.
    """
    token = _asked.set({})
    try:
        yield
    finally:
        _asked.reset(token)


class Slot(Expression):
    """The place of a value that is known when a statement is asked."""

    def __init__(self, name: str, number: int | None = None) -> None:
        """Name the value, or one of a list of values."""
        super().__init__()
        self.name, self.number = name, number

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Stand for the value in the text."""
        return "%s", (self,)

    def fill(self, values: dict[str, Any], connection: Any) -> Any:
        """Return the value as the database takes it."""
        value = values[self.name]
        if self.number is not None:
            value = value[min(self.number, len(value) - 1)]
        if isinstance(value, Model):
            value = value.pk
        if isinstance(value, datetime):
            return connection.ops.adapt_datetimefield_value(value)
        if isinstance(value, date):
            return connection.ops.adapt_datefield_value(value)
        if not isinstance(value, str | int):
            raise TypeError(f"{self.name} is {type(value).__name__}, which no statement here compares with")
        return value


class Prepared(Generic[Row]):
    """A query of fixed shape: `build` makes it from its named values, and is called once for each shape.

    Values must stand where they are compared with a column, not where `build` computes with them; a list stands behind
    `in` alone, and a relation that is looked for in a list is named by its key: `site__pk__in`. A query that begins
    empty because a list of `build` itself is empty cannot be prepared.
    """

    def __init__(self, build: Callable[..., "QuerySet[Any, Row]"]) -> None:
        """Keep how the query is built; nothing is asked yet."""
        self._build = build
        self._kept: dict[tuple[Any, ...], _Kept] = {}

    def ask(self, **values: Any) -> list[Row]:
        """Return the rows for these values; an empty list finds nothing, a very long one is asked as any query is."""
        sizes = {name: len(value) for name, value in values.items() if isinstance(value, list | tuple)}
        if not all(sizes.values()):
            return []
        if any(size > LENGTHS[-1] for size in sizes.values()):
            return list(self._build(**values))
        lists = {name: next(length for length in LENGTHS if length >= size) for name, size in sizes.items()}
        connection = connections[DEFAULT_DB_ALIAS]
        key = (connection.vendor, *lists.items())
        kept = self._kept.get(key)
        if kept is None:
            slots = {name: _place(name, lists.get(name)) for name in values}
            kept = _Kept(self._build(**slots), slots)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = kept
        return kept.ask(values, connection)

    def find(self, **values: Any) -> Row | None:
        """Return the first row, or None."""
        return next(iter(self.ask(**values)), None)


def _place(name: str, length: int | None) -> Slot | list[Slot]:
    return Slot(name) if length is None else [Slot(name, number) for number in range(length)]


class _Kept:
    """The text of one statement and how its rows become objects; nothing in it changes after it was made."""

    def __init__(self, rows: Any, slots: dict[str, Slot | list[Slot]]) -> None:
        if rows._prefetch_related_lookups:
            raise TypeError("a prepared statement fetches nothing beside its rows")
        self._rows, self._is_locking = rows, rows.query.select_for_update
        self._compiler = rows.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self._sql, params = self._compiler.as_sql()
        self._params: Sequence[Any] = tuple(params)
        expected = {(name, each.number) for name, each in _list_slots(slots)}
        found = {(each.name, each.number) for each in params if isinstance(each, Slot)}
        if found != expected:
            raise TypeError(f"values that the statement does not compare with a column: {sorted(expected - found)}")

    def ask(self, values: dict[str, Any], connection: Any) -> list[Any]:
        if self._is_locking and not connection.in_atomic_block:
            raise TransactionManagementError("rows are locked inside a transaction only")
        params = tuple(each.fill(values, connection) if isinstance(each, Slot) else each for each in self._params)
        known = None if self._is_locking else _asked.get()
        if known is None:
            return self._run(params, connection)
        name = (self, *(given for given, each in zip(params, self._params, strict=True) if isinstance(each, Slot)))
        if name not in known:
            known[name] = self._run(params, connection)
        return list(known[name])

    def _run(self, params: Sequence[Any], connection: Any) -> list[Any]:
        # what a query's compiler works out stays as it was; the connection is the caller's
        compiler = copy.copy(self._compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *args, **kwargs: (self._sql, params)
        converters = self._find_converters(compiler, connection)
        compiler.get_converters = lambda *args: converters
        found = compiler.execute_sql()
        if not found:
            return []
        compiler.execute_sql = lambda *args, **kwargs: found
        rows: Any = SimpleNamespace(
            db=DEFAULT_DB_ALIAS,
            query=_Query(self._rows.query, compiler),
            model=self._rows.model,
            _fields=self._rows._fields,
            _known_related_objects={},
        )
        reader: Any = self._rows._iterable_class
        return list(reader(rows))

    def _find_converters(self, compiler: Any, connection: Any) -> Any:
        """Return how columns become values, worked out once for each connection and kept with it."""
        known = vars(connection).setdefault("prepared_converters", {})
        if self not in known:
            known[self] = compiler.get_converters([each[0] for each in compiler.select[: compiler.col_count]])
        return known[self]


class _Query:
    """A query as the reader of its rows sees it, with its text in hand."""

    def __init__(self, query: Any, compiler: Any) -> None:
        self._query, self._compiler = query, compiler

    def get_compiler(self, *args: Any, **kwargs: Any) -> Any:
        """Return the compiler that has its text."""
        return self._compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._query, name)


def _list_slots(slots: dict[str, Slot | list[Slot]]) -> list[tuple[str, Slot]]:
    return [(name, each) for name, found in slots.items() for each in (found if isinstance(found, list) else [found])]
