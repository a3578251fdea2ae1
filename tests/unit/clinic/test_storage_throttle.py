"""How long failed attempts must wait."""

from datetime import timedelta

import pytest

from afterglow.clinic.accounts.throttle import calculate_delay


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (3, 0), (4, 2), (5, 4), (6, 8), (10, 128), (11, 256), (12, 300), (10_000, 300)]
)
def test_the_wait_doubles_after_three_free_failures_and_never_passes_five_minutes(failures: int, seconds: int) -> None:
    assert calculate_delay(failures) == timedelta(seconds=seconds)
