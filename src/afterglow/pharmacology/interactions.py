"""What other drugs and a sick liver do to exposure: measured ratios by route, turned into intrinsic clearance.

A factor acts on hepatic intrinsic clearance (`liver`) and on what passes the gut wall (`gut`); the model's own
well-stirred liver makes of it a large oral and a small intravenous effect. Each perpetrator keeps its own ratio.
"""

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from afterglow.pharmacology._values import show_value
from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.models.catalogue import ROUTES, get_model
from afterglow.pharmacology.models.exposure import calculate_exposure
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import build_regimen
from afterglow.terms import Citation, Grade, InvalidInput, Problem, build_error, build_warning

REFERENCE_MODEL = "perez-ruixo-2021"  # the one model with a liver of its own and nasal, oral and IV arms
SYSTEMIC = frozenset({"iv", "im", "sc", "inhaled"})  # no first pass: share what was measured by vein
LOWEST, HIGHEST = 0.005, 200.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured ratio of S-ketamine AUC with over without, and the dose of the study."""

    auc_ratio: float
    dose: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Perpetrator:
    """What changes ketamine's exposure: its ratios by route and where it acts (`liver`, `gut` or `none`).

    `is_assumed` marks ratios that no study of ketamine has measured.
    """

    name: str
    title: str
    acts_in: str
    note: str
    measured: Mapping[str, Measured]
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Factors:
    """Factors on hepatic intrinsic clearance and on what passes the gut wall, and whether they were measured."""

    liver: float
    gut: float
    is_measured: bool


@cache
def load_perpetrators() -> Mapping[str, Perpetrator]:
    """Return every perpetrator by name, read from the packaged data."""
    text = files("afterglow.pharmacology").joinpath("data", "interactions.toml").read_text(encoding="utf-8")
    found = {}
    for name, entry in tomllib.loads(text).items():
        measured = {
            route: Measured(
                float(entry[route]["auc_ratio"]),
                str(entry[route]["dose"]),
                Citation(entry[route]["source"], entry[route]["locator"], Grade(entry[route]["grade"])),
            )
            for route in ROUTES
            if route in entry
        }
        found[name] = Perpetrator(
            name, entry["title"], entry["acts_in"], entry["note"], measured, entry.get("assumed", False)
        )
    return found


def check_names(names: Sequence[str]) -> None:
    """Refuse the name of an interaction that is not known, naming those that are."""
    problems = []
    for name in names:
        if not isinstance(name, str) or name not in load_perpetrators():
            accepted = ", ".join(load_perpetrators())
            message = f"there is no interaction named {name!r}"
            problems.append(build_error("interaction", "interaction-unknown", show_value(name), accepted, message))
    if problems:
        raise InvalidInput(problems)


def combine_factors(
    model_id: str, drug: str, route: str, names: Sequence[str]
) -> tuple[float, float, tuple[Problem, ...]]:
    """Return the factors on liver and gut for several perpetrators at once, and what must be said about them.

    Parameters
    ----------
    model_id, drug, route : str
        What is simulated.
    names : sequence of str
        Keys of `load_perpetrators`; factors of several are multiplied, which no study has measured, and bounded to
        the strongest inhibition and induction that one alone was measured to have.

    Raises
    ------
    InvalidInput
        A name is not known.
    """
    liver = gut = 1.0
    problems: list[Problem] = []
    check_names(names)
    for name in dict.fromkeys(names):
        found = solve_factors(model_id, drug, route, name)
        liver, gut = liver * found.liver, gut * found.gut
        problems += _judge_measured(load_perpetrators()[name], found)
    if len(set(names)) > 1:
        message = "several interactions at once were never measured; their factors are multiplied"
        problems.append(build_warning("interaction", "interactions-combined", ", ".join(names), "one", message))
        product = liver, gut
        liver, gut = _bound(model_id, drug, route, names, product)
        if (liver, gut) != product:
            message = (
                "the factors multiplied go beyond the strongest inhibition or induction measured for one; "
                f"they are held there (liver {product[0]:.3g} to {liver:.3g}, gut {product[1]:.3g} to {gut:.3g})"
            )
            problems.append(build_warning("interaction", "interactions-bounded", ", ".join(names), "one", message))
    return liver, gut, tuple(problems)


def grade_interactions(route: str, names: Sequence[str]) -> tuple[Grade, ...]:
    """Return how well each interaction is known by a route: its ratio's grade, D where it was carried over."""
    grades = []
    for name in dict.fromkeys(names):
        who = load_perpetrators()[name]
        measured = _find_measured_route(who, route)
        grades.append(Grade.D if measured is None else who.measured[measured].citation.grade)
    return tuple(grades)


def _judge_measured(who: Perpetrator, found: Factors) -> list[Problem]:
    """Return a warning where the ratio was assumed, or carried over to a route."""
    if not found.is_measured:
        message = f"{who.name} was not measured by this route; carried over through intrinsic clearance (grade D)"
        if who.is_assumed:
            message += ", from a ratio that is itself assumed"
    elif who.is_assumed:
        message = f"{who.name} was never studied with ketamine: its ratio is assumed (grade C)"
    else:
        return []
    accepted = "an interaction that was measured" if who.is_assumed else ", ".join(who.measured)
    return [build_warning("interaction", "interaction-not-measured", who.name, accepted, message)]


def _bound(
    model_id: str, drug: str, route: str, names: Sequence[str], product: tuple[float, float]
) -> tuple[float, float]:
    """Return the product of factors, held between the strongest measured inhibition and induction by this route.

    One that was asked for never counts for less than it does alone.
    """
    known = [
        name
        for name, who in load_perpetrators().items()
        if name in names or (not who.is_assumed and _find_measured_route(who, route) is not None)
    ]
    factors = [solve_factors(model_id, drug, route, name) for name in known]
    liver = [1.0, *(one.liver for one in factors)]
    gut = [1.0, *(one.gut for one in factors)]
    return (
        min(max(product[0], min(liver)), max(liver)),
        min(max(product[1], min(gut)), max(gut)),
    )


@cache
def solve_factors(model_id: str, drug: str, route: str, name: str) -> Factors:
    """Return the factors that make a model give the ratio measured by a route.

    Notes
    -----
    Measured by this route: the hepatic factor comes from the ratio by vein where there is one, the rest of an oral
    ratio from the gut wall; without a ratio by vein the liver carries all. Not measured: the hepatic factor that
    explains the ratio by vein, else by nose, else by mouth, in the reference model. Roots by bisection on the
    logarithm of the factor; the typical subject's AUC to infinity is exact.
    """
    who = load_perpetrators()[name]
    source = _find_measured_route(who, route)
    if source is None:
        return _carry_over(who, route)
    measured = who.measured[source]
    ratio = _get_ratio(model_id, drug, route, measured.dose)
    if source == "oral" and "iv" in who.measured:
        liver = solve_factors(REFERENCE_MODEL, "esketamine", "iv", name).liver
        return Factors(liver, _find_root(lambda gut: ratio(liver, gut), measured.auc_ratio), is_measured=True)
    gut = 1.0
    if source == "intranasal" and "iv" in who.measured and "oral" in who.measured:
        gut = solve_factors(REFERENCE_MODEL, "esketamine", "oral", name).gut
    return Factors(_find_root(lambda liver: ratio(liver, gut), measured.auc_ratio), gut, is_measured=True)


def _find_measured_route(who: Perpetrator, route: str) -> str | None:
    if route in who.measured:
        return route
    return "iv" if route in SYSTEMIC and "iv" in who.measured else None


def _carry_over(who: Perpetrator, route: str) -> Factors:
    if who.acts_in != "liver":
        return Factors(1.0, 1.0, is_measured=False)
    best = next(name for name in ("iv", "intranasal", "oral") if name in who.measured)
    liver = solve_factors(REFERENCE_MODEL, "esketamine", best, who.name).liver
    gut = solve_factors(REFERENCE_MODEL, "esketamine", "oral", who.name).gut if "oral" in who.measured else 1.0
    return Factors(liver, 1.0 if route in SYSTEMIC else gut, is_measured=False)


def _get_ratio(model_id: str, drug: str, route: str, dose: str) -> Callable[[float, float], float]:
    """Return the function of both factors that gives AUC over AUC without an interaction, typical subject."""
    spec = f"{dose}/20min" if route == "inhaled" else dose
    if route == "intranasal" and drug == "esketamine" and not dose.startswith(("28", "56", "84")):
        spec = "28mg"
    given, _ = build_regimen([spec], drug=drug, route=route, weight_kg=70.0)
    covariates, _ = build_covariates(Person(weight_kg=70.0, age_years=45.0))
    model = get_model(model_id)

    def calculate_auc(liver: float, gut: float) -> float:
        people = build_typical({**covariates, "liver": covariates["liver"] * liver, "gut": covariates["gut"] * gut})
        kinetics = build_kinetics(model, people, given, drug=drug, route=route, with_enantiomers=False)
        return float(calculate_exposure(kinetics)["ketamine"][0])

    alone = calculate_auc(1.0, 1.0)
    return lambda liver, gut: calculate_auc(liver, gut) / alone


def _find_root(ratio: Callable[[float], float], target: float) -> float:
    """Return the factor at which a monotone ratio meets its target; the nearest end where it cannot."""
    if abs(ratio(1.0) - target) < 1e-12:
        return 1.0
    low, high = math.log(LOWEST), math.log(HIGHEST)
    rises = ratio(HIGHEST) > ratio(LOWEST)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (ratio(math.exp(middle)) < target) == rises:
            low = middle
        else:
            high = middle
    return math.exp(0.5 * (low + high))
