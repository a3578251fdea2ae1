"""What web and storage tests share: tables that the database refuses to empty are emptied after a test all the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import TransactionTestCase


@pytest.fixture(autouse=True, scope="session")
def _empty_append_only_tables() -> Iterator[None]:
    """Take the append-only rule off before a test with real commits is flushed; `post_migrate` puts it back."""
    from afterglow.clinic.append_only import drop_protection
    from afterglow.clinic.dosing_sessions.fold import forget_states

    flush = TransactionTestCase._fixture_teardown

    def unprotect_and_flush(self: Any) -> None:
        drop_protection()
        forget_states()
        flush(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", unprotect_and_flush)
        yield
