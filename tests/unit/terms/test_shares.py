"""Wilson's interval: published values, a second library, its shape, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from afterglow.terms import InvalidInput
from afterglow.terms.shares import calculate_wilson

# Newcombe, Stat Med 1998;17:857, table I, method 3; 38 of 42 by hand
PUBLISHED = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
    (38, 42, 0.7793, 0.9623),
]


@pytest.mark.parametrize(("count", "total", "low", "high"), PUBLISHED)
def test_the_interval_is_the_published_one(count, total, low, high) -> None:
    assert calculate_wilson(count / total, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_it_agrees_with_another_library_holds_its_share_and_mirrors(pair) -> None:
    count, total = pair
    low, high = calculate_wilson(count / total, total)
    assert (low, high) == pytest.approx(proportion_confint(count, total, method="wilson"), abs=1e-12)
    assert 0 <= low <= count / total <= high <= 1
    assert (1 - high, 1 - low) == pytest.approx(calculate_wilson(1 - count / total, total), abs=1e-9)


@pytest.mark.parametrize(
    ("share", "total", "confidence", "path"),
    [(0, 0, 0.95, "total"), (0.5, -1, 0.95, "total"), (1.25, 4, 0.95, "share"), (-0.25, 4, 0.95, "share"),
     (float("nan"), 4, 0.95, "share"), (0.5, float("nan"), 0.95, "total"), (0.5, 4, 1.0, "confidence")],
)  # fmt: skip
def test_what_is_no_share_is_refused(share, total, confidence, path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        calculate_wilson(share, total, confidence=confidence)
    assert refusal.value.problems[0].path == path
