"""Funnel limits between sites: observed over expected, with 95 and 99.8 % limits and over-dispersion tested first.

Sites come out in the order of their names, never ranked; completeness stands beside each outcome.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, isfinite, lgamma, log, sqrt

from afterglow.outcomes.cohort.bands import find_band, is_few
from afterglow.outcomes.cohort.report import Group, GroupCount, build_groups
from afterglow.outcomes.suppression import SuppressionRule
from afterglow.terms import InvalidInput, Problem, build_error
from afterglow.terms.shares import find_quantile

INNER, OUTER = 0.95, 0.998
WINSOR = 0.1
OVERDISPERSION_P = 0.05
FEWEST_SITES = 3
FEWEST_JUDGED = 20
_TERMS, _SMALL = 500, 1e-15


class SiteStanding(StrEnum):
    """Where a site lies; `too-few` gets no verdict."""

    INSIDE = "inside"
    ABOVE_95 = "above-95"
    BELOW_95 = "below-95"
    ABOVE_99_8 = "above-99.8"
    BELOW_99_8 = "below-99.8"
    TOO_FEW = "too-few"


@dataclass(frozen=True, slots=True)
class SiteOutcome:
    """One site: events seen, events expected from its patients' case mix, and the variance of that expectation.

    `eligible` counts those who should have been assessed; `assessed` those who were.
    """

    site: str
    observed: float
    expected: float
    variance: float
    assessed: float
    eligible: float


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One site in the funnel: its ratio, its limits, where it lies, and how complete its follow-up is."""

    site: str
    ratio: float
    inner: tuple[float, float]
    outer: tuple[float, float]
    standing: SiteStanding
    assessed: float
    completeness: float


@dataclass(frozen=True, slots=True)
class Funnel:
    """All sites by name, the over-dispersion that was found, and what was added to the limits for it."""

    points: tuple[FunnelPoint, ...]
    overdispersion: float | None
    overdispersion_p: float | None
    added_variance: float


def expect_from_target(site: str, observed: int, assessed: int, eligible: int, target: float) -> SiteOutcome:
    """Return a site without case-mix adjustment: every patient has the same target probability."""
    if not 0 < target < 1:
        message = f"target {target} is not between 0 and 1"
        raise InvalidInput([build_error("target", "target-out-of-range", target, "0 to 1", message)])
    return SiteOutcome(site, observed, assessed * target, assessed * target * (1 - target), assessed, eligible)


def build_funnel(sites: Sequence[SiteOutcome], *, fewest: int) -> Funnel:
    """Return the funnel of sites.

    Parameters
    ----------
    sites : sequence of SiteOutcome
    fewest : int
        Assessed patients below which a site gets no verdict.

    Notes
    -----
    With y = O/E and s = sqrt(V)/E, limits are 1 +/- z sqrt(s^2 + tau^2). phi is the mean of squared z scores,
    winsorised at 10 %; k phi is compared with chi-square on k degrees of freedom, and only when it is too large the
    method of moments gives tau^2 = (k phi - (k - 1)) / (sum w - sum w^2 / sum w), w = 1/s^2 [1]_.

    References
    ----------
    .. [1] Spiegelhalter, Funnel plots for comparing institutional performance, Stat Med 2005;24:1185.
    """
    _refuse_bad_sites(sites, fewest)
    judged = [each for each in sites if each.assessed >= fewest]
    phi, p_value, added = _measure_overdispersion(judged)
    points = tuple(_place(each, added, fewest) for each in sorted(sites, key=lambda each: each.site))
    return Funnel(points, phi, p_value, added)


def compare_sites(
    sites: Mapping[str, Sequence[GroupCount]], rule: SuppressionRule
) -> tuple[tuple[Group, ...], Funnel | None]:
    """Return what may be shown of each site, and the funnel of those whose response is shown, in the order of names.

    Expected responses come from the share of all sites together in each condition and way (indirect standardisation),
    so that a site is not judged by whom it treats. Fewer than two sites have no funnel. Ratios are of the middles of
    bands throughout, so that they tell no more than the bands.
    """
    groups, _ = build_groups(add_sites(sites), rule)
    shares = _pool(sites, rule)
    outcomes = []
    for group in groups:
        if group.response.count is None or group.people.is_nobody:
            continue
        people = group.people.middle
        rows = [(find_band(row.due, rule).middle, shares[row.condition, row.way]) for row in sites[group.condition]]
        scale = people / sum(due for due, _ in rows)
        expected = scale * sum(due * share for due, share in rows)
        variance = scale * sum(due * share * (1 - share) for due, share in rows)
        if expected > 0 and variance > 0:
            outcomes.append(
                SiteOutcome(group.condition, group.response.count.middle, expected, variance, people, people)
            )
    return groups, build_funnel(outcomes, fewest=FEWEST_JUDGED) if len(outcomes) > 1 else None


def add_sites(sites: Mapping[str, Sequence[GroupCount]]) -> list[GroupCount]:
    """Return the courses of each site as one row, named by the site."""
    return [_add_site(name, rows) for name, rows in sites.items()]


def _add_site(name: str, rows: Sequence[GroupCount]) -> GroupCount:
    names = ("started", "due", "assessed", "response", "remission", "worse", "left_early")
    return GroupCount(name, "", **{each: sum(getattr(row, each) for row in rows) for each in names})


def _pool(sites: Mapping[str, Sequence[GroupCount]], rule: SuppressionRule) -> dict[tuple[str, str], float]:
    """Return the share of responses in each condition and way over all sites; of few people that of everybody."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for rows in sites.values():
        for row in rows:
            counts[row.condition, row.way][0] += row.response
            counts[row.condition, row.way][1] += row.due
    response, due = (sum(numbers) for numbers in zip(*counts.values(), strict=True)) if counts else (0, 0)
    overall = _divide(response, due, rule)
    return {
        key: overall if is_few(find_band(due, rule), rule) else _divide(count, due, rule)
        for key, (count, due) in counts.items()
    }


def _divide(count: int, total: int, rule: SuppressionRule) -> float:
    people = find_band(total, rule).middle
    return min(find_band(count, rule).middle / people, 1.0) if people else 0.0


def calculate_tail(value: float, degrees: int) -> float:
    """Return the chance that chi-square on some degrees of freedom is larger than a value.

    Notes
    -----
    The regularised incomplete gamma function of k/2 at x/2: its series below k/2 + 1, its continued fraction above.
    """
    a, x = degrees / 2, value / 2
    if x <= 0:
        return 1.0
    front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for k in range(1, _TERMS):
            term *= x / (a + k)
            total += term
            if term < total * _SMALL:
                break
        return 1 - front * total
    b = x + 1 - a
    c, d = 1e300, 1 / b
    fraction = d
    for k in range(1, _TERMS):
        weight = -k * (k - a)
        b += 2
        d = 1 / (weight * d + b)
        c = b + weight / c
        fraction *= c * d
        if abs(c * d - 1) < _SMALL:
            break
    return front * fraction


def winsorise(values: Sequence[float], share: float = WINSOR) -> list[float]:
    """Return the values with the lowest and highest share of them pulled in to the next one."""
    ordered = sorted(values)
    cut = int(share * len(ordered))
    low, high = ordered[cut], ordered[len(ordered) - 1 - cut]
    return [min(max(value, low), high) for value in values]


def _measure_overdispersion(sites: Sequence[SiteOutcome]) -> tuple[float | None, float | None, float]:
    count = len(sites)
    if count < FEWEST_SITES:
        return None, None, 0.0
    scores = winsorise([(each.observed - each.expected) / sqrt(each.variance) for each in sites])
    phi = sum(score**2 for score in scores) / count
    p_value = calculate_tail(count * phi, count)
    if p_value >= OVERDISPERSION_P:
        return phi, p_value, 0.0
    weights = [each.expected**2 / each.variance for each in sites]
    spread = sum(weights) - sum(weight**2 for weight in weights) / sum(weights)
    return phi, p_value, max(0.0, (count * phi - (count - 1)) / spread)


def _place(site: SiteOutcome, added: float, fewest: int) -> FunnelPoint:
    spread = sqrt(site.variance / site.expected**2 + added)
    ratio = site.observed / site.expected
    inner, outer = (_limits(spread, confidence) for confidence in (INNER, OUTER))
    return FunnelPoint(
        site.site,
        ratio,
        inner,
        outer,
        SiteStanding.TOO_FEW if site.assessed < fewest else _judge(ratio, inner, outer),
        site.assessed,
        site.assessed / site.eligible,
    )


def _limits(spread: float, confidence: float) -> tuple[float, float]:
    width = find_quantile(confidence) * spread
    return max(0.0, 1 - width), 1 + width


def _judge(ratio: float, inner: tuple[float, float], outer: tuple[float, float]) -> SiteStanding:
    if ratio > inner[1]:
        return SiteStanding.ABOVE_99_8 if ratio > outer[1] else SiteStanding.ABOVE_95
    if ratio < inner[0]:
        return SiteStanding.BELOW_99_8 if ratio < outer[0] else SiteStanding.BELOW_95
    return SiteStanding.INSIDE


def _refuse_bad_sites(sites: Sequence[SiteOutcome], fewest: int) -> None:
    problems: list[Problem] = []
    if fewest < 1:
        problems.append(build_error("fewest", "fewest-out-of-range", fewest, "1 or more", "fewest must be 1 or more"))
    for number, each in enumerate(sites):
        path = f"sites[{number}]"
        if not 1 <= each.assessed <= each.eligible:
            message = f"{path}: {each.assessed} assessed of {each.eligible}"
            problems.append(
                build_error(f"{path}.assessed", "assessed-out-of-range", each.assessed, "1 to all", message)
            )
        if not 0 <= each.observed <= each.assessed:
            message = f"{path}: {each.observed} events in {each.assessed}"
            problems.append(
                build_error(f"{path}.observed", "observed-out-of-range", each.observed, "0 to all", message)
            )
        for name, value in (("expected", each.expected), ("variance", each.variance)):
            if not (isfinite(value) and value > 0):
                message = f"{path}: {name} {value} is not above 0"
                problems.append(build_error(f"{path}.{name}", f"{name}-out-of-range", value, "above 0", message))
    if len({each.site for each in sites}) != len(sites):
        problems.append(build_error("sites", "site-repeated", len(sites), "each site once", "a site stands twice"))
    if problems:
        raise InvalidInput(problems)
