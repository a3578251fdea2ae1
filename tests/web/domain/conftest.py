"""The cast of the clinic's actions."""

import pytest

from tests import factories


@pytest.fixture
def cast(db: None) -> factories.Cast:
    return factories.make_cast()
