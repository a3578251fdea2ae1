"""Honest rounding: bands in round numbers, shares in words, upper ends rounded up; never more than two figures."""

import math

# share of people -> words; the nearest one is taken
_SHARES = (
    (0.05, "1 in 20"),
    (0.10, "1 in 10"),
    (0.20, "1 in 5"),
    (0.25, "a quarter"),
    (1 / 3, "a third"),
    (0.50, "half"),
    (2 / 3, "two thirds"),
    (0.75, "three quarters"),
    (0.80, "4 in 5"),
    (0.90, "9 in 10"),
)
RARE, NEARLY_ALL = 0.025, 0.95
MOST_MOVED = 0.1


def round_two(value: float) -> float:
    """Return a number with two significant figures; 0 stays 0."""
    return float(f"{value:.2g}")


def round_band(low: float, high: float) -> tuple[float, float]:
    """Return both ends of a band on a grid about half as wide as the band, never finer than two figures.

    Notes
    -----
    The step is the 1, 2 or 5 times a power of ten nearest (by ratio) to half the width, or the next finer one while the
    upper end would move by more than a tenth: what may be felt is not told much lower, nor much higher, than predicted.
    """
    if high <= 0:
        return 0.0, 0.0
    finest = 10.0 ** (math.floor(math.log10(high)) - 1)
    step = max(_find_nice(0.5 * (high - low)), finest) if high > low else finest
    while step > finest and abs(round(high / step) * step - high) > MOST_MOVED * high:
        step = max(_find_nice(0.45 * step), finest)
    bottom, top = round(low / step) * step, round(high / step) * step
    if top <= bottom:
        top = bottom + step
    return _tidy(max(bottom, 0.0)), _tidy(top)


def describe_band(low: float, high: float) -> str:
    """Return a band in words: `about 200-300`, with an en dash."""
    bottom, top = round_band(low, high)
    if top <= 0:
        return "about 0"
    if bottom <= 0:
        return f"up to about {top:g}"
    return f"about {bottom:g}\u2013{top:g}"


def describe_share(share: float) -> str:
    """Return the share of similar people in words: `half`, `a quarter`, `hardly anyone`."""
    if share < RARE:
        return "hardly anyone"
    if share > NEARLY_ALL:
        return "nearly everyone"
    return min(_SHARES, key=lambda row: abs(row[0] - share))[1]


def describe_rise(systolic_mmhg: float, diastolic_mmhg: float) -> str:
    """Return the upper end of a rise in blood pressure, rounded up to 5 mmHg: `up to about 40/25`."""
    ends = (5 * math.ceil(max(value, 0.0) / 5.0 - 1e-9) for value in (systolic_mmhg, diastolic_mmhg))
    return "up to about {}/{}".format(*ends)


def _find_nice(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return min((1.0, 2.0, 5.0, 10.0), key=lambda nice: abs(math.log(value / (nice * power)))) * power


def _tidy(value: float) -> float:
    return float(f"{value:.6g}")
