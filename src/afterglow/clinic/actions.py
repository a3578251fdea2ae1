"""What every action shares: keyword-only arguments, one transaction, and a retry where the database asks for one."""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction

from afterglow.clinic.audit.gathering import forget_on_error

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

ATTEMPTS = 4
# PostgreSQL: serialization failure, deadlock detected
RETRIED_STATES = frozenset({"40001", "40P01"})


def action(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return the function as an action: keyword-only, all of it in one transaction, or none of it.

    The outermost action is tried again when PostgreSQL ends it to break a deadlock; everything an action does is in
    its transaction, so that trying again is safe. An action called by another joins the other's transaction.
    """
    positional = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind not in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    ]
    if positional:
        raise TypeError(f"action {function.__qualname__} takes {positional} without keyword")

    @functools.wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        if connections[DEFAULT_DB_ALIAS].in_atomic_block:
            with forget_on_error(), transaction.atomic():
                return function(*args, **kwargs)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if attempt == ATTEMPTS or _get_state(error) not in RETRIED_STATES:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    run.is_action = True  # type: ignore[attr-defined]
    return run


def _get_state(error: OperationalError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
