"""What is known of a person that a model may use: checked once, or sampled for a virtual population."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology._values import is_between, is_number, is_whole, show_value
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

SEXES = ("F", "M")
ANCESTRIES = ("european", "african", "asian", "japanese", "other")
HEPATIC_CLASSES = ("normal", "mild", "moderate", "severe")
# field -> accepted range and unit; beyond it a value is taken for a slip
LIMITS: Mapping[str, tuple[float, float, str]] = {
    "weight": (20.0, 350.0, "kg"),
    "age": (0.0, 110.0, "years"),
    "height": (100.0, 230.0, "cm"),
    "bmi": (10.0, 90.0, "kg/m2"),
}
OBESE_BMI = 35.0
BMI_SLACK = 0.05  # a BMI written without decimals and a height to the centimetre move it by up to 4 %
EXCESS_SHARE = 0.4  # of the weight above ideal that adjusted weight counts; a common convention (grade C)


@dataclass(frozen=True, slots=True)
class Person:
    """What was told about one person; None is not known."""

    weight_kg: float | None = None
    age_years: float | None = None
    sex: str | None = None
    height_cm: float | None = None
    bmi: float | None = None
    ancestry: str | None = None
    hepatic: str = "normal"


@dataclass(frozen=True, slots=True)
class Demography:
    """How a virtual population is spread; defaults lie near the esketamine trials (Perez-Ruixo 2021; grade D).

    Weight and height are log-normal and normal by sex; ages are triangular between the ends with the mode given.
    """

    share_female: float = 0.58
    share_asian: float = 0.12
    share_japanese: float = 0.017
    age_years: tuple[float, float, float] = (18.0, 45.0, 86.0)
    weight_median_kg: tuple[float, float] = (69.0, 82.0)
    weight_log_sd: float = 0.22
    height_mean_cm: tuple[float, float] = (163.0, 177.0)
    height_sd_cm: float = 6.5
    height_weight_correlation: float = 0.4

    def __post_init__(self) -> None:
        """Refuse shares, ages, weights and heights that no population can have."""
        problems = [problem for item in fields(self) for problem in _judge_spread(item.name, getattr(self, item.name))]
        if not problems and self.share_asian + self.share_japanese > 1:
            message = "the shares of Asian and Japanese people come to more than everybody"
            value = self.share_asian + self.share_japanese
            problems.append(build_error("demography.share_asian", "out-of-range", value, "together up to 1", message))
        if not problems and not self.age_years[0] <= self.age_years[1] <= self.age_years[2]:
            message = "ages are the youngest, the most frequent and the oldest"
            shown = show_value(self.age_years)
            problems.append(build_error("demography.age_years", "out-of-order", shown, "three rising ages", message))
        if problems:
            raise InvalidInput(problems)


# field -> accepted range of each number, and how many numbers it has
_SPREADS: Mapping[str, tuple[float, float, int]] = {
    "share_female": (0.0, 1.0, 1),
    "share_asian": (0.0, 1.0, 1),
    "share_japanese": (0.0, 1.0, 1),
    "age_years": (0.0, 110.0, 3),
    "weight_median_kg": (20.0, 350.0, 2),
    "weight_log_sd": (0.0, 1.0, 1),
    "height_mean_cm": (100.0, 230.0, 2),
    "height_sd_cm": (0.0, 30.0, 1),
    "height_weight_correlation": (-1.0, 1.0, 1),
}


def _judge_spread(name: str, value: object) -> list[Problem]:
    low, high, count = _SPREADS[name]
    values = (value,) if count == 1 else value
    if isinstance(values, tuple | list) and len(values) == count and all(is_between(one, low, high) for one in values):
        return []
    accepted = f"{low:g} to {high:g}" if count == 1 else f"{count} numbers, each {low:g} to {high:g}"
    message = f"{name} of a population cannot be {show_value(value)!r}"
    return [build_error(f"demography.{name}", "out-of-range", show_value(value), accepted, message)]


def check_person(person: Person) -> None:
    """Refuse a weight, age, height, BMI, sex, ancestry or hepatic class that cannot be used.

    Raises
    ------
    InvalidInput
        With one problem per field that is wrong.
    """
    problems: list[Problem] = []
    given = {"weight": person.weight_kg, "age": person.age_years, "height": person.height_cm, "bmi": person.bmi}
    for field, value in given.items():
        low, high, unit = LIMITS[field]
        if value is not None and not is_between(value, low, high):
            shown = f"{value:g} {unit}" if is_number(value) else repr(show_value(value))
            message = f"{field} {shown} is out of range"
            problems.append(
                build_error(field, f"{field}-out-of-range", show_value(value), f"{low:g} to {high:g} {unit}", message)
            )
    chosen = (("sex", person.sex, SEXES), ("ancestry", person.ancestry, ANCESTRIES))
    for field, word, accepted in (*chosen, ("hepatic", person.hepatic, HEPATIC_CLASSES)):
        if (word is not None or field == "hepatic") and not (isinstance(word, str) and word in accepted):
            message = f"{field} {show_value(word)!r} is not known"
            problems.append(build_error(field, f"{field}-unknown", show_value(word), ", ".join(accepted), message))
    problems += [] if problems else _judge_build(person)
    if problems:
        raise InvalidInput(problems)


def _judge_build(person: Person) -> list[Problem]:
    """Return a problem where weight, height and BMI contradict one another, or two of them give an absurd third."""
    weight, height, bmi = person.weight_kg, person.height_cm, person.bmi
    if weight is None or (height is None and bmi is None):
        return []
    if height is None and bmi is not None:
        low, high, unit = LIMITS["height"]
        follows = 100.0 * math.sqrt(weight / bmi)
        if low <= follows <= high:
            return []
        message = f"weight {weight:g} kg and BMI {bmi:g} kg/m2 give a height of {follows:.0f} cm"
        return [build_error("bmi", "build-impossible", bmi, f"a height of {low:g} to {high:g} {unit}", message)]
    follows = weight / (height / 100.0) ** 2  # type: ignore[operator]
    low, high, unit = LIMITS["bmi"]
    if bmi is None and not low <= follows <= high:
        message = f"weight {weight:g} kg and height {height:g} cm give a BMI of {follows:.0f} kg/m2"
        accepted = f"a BMI of {low:g} to {high:g} {unit}"
        return [build_error("height", "build-impossible", height, accepted, message)]
    if bmi is not None and abs(bmi - follows) > BMI_SLACK * follows:
        message = (
            f"weight {weight:g} kg, height {height:g} cm and BMI {bmi:g} kg/m2 contradict one another: "
            f"that weight and height give a BMI of {follows:.1f}"
        )
        accepted = f"a BMI within {100 * BMI_SLACK:g} % of {follows:.1f} kg/m2, or two of the three"
        return [build_error("bmi", "build-contradicts", bmi, accepted, message)]
    return []


def build_covariates(person: Person, n: int = 1) -> tuple[dict[str, FloatArray], tuple[Problem, ...]]:
    """Return the covariates of one person, repeated `n` times, and warnings about what was assumed.

    Parameters
    ----------
    person : Person
        Weight defaults to 70 kg, age to 45 years, both with a warning.
    n : int
        How many rows.

    Returns
    -------
    covariates : mapping of name to ndarray, shape (n,)
        `weight size age female height bmi asian japanese liver gut`; `size` is the weight that allometry uses.
    problems : tuple of Problem
    """
    check_person(person)
    problems: list[Problem] = []
    weight, age = person.weight_kg, person.age_years
    if weight is None:
        weight = 70.0
        problems.append(
            build_warning("weight", "weight-assumed", None, "--weight KG", "no weight given: 70 kg assumed")
        )
    if age is None:
        age = 45.0
        problems.append(build_warning("age", "age-assumed", None, "--age YEARS", "no age given: 45 years assumed"))
    height = person.height_cm
    if height is None and person.bmi is not None:
        height = 100.0 * float(np.sqrt(weight / person.bmi))
    height = 170.0 if height is None else height
    bmi = person.bmi if person.bmi is not None else weight / (height / 100.0) ** 2
    knows_shape = person.height_cm is not None or person.bmi is not None
    size = weight
    if knows_shape and bmi > OBESE_BMI:
        size = calculate_adjusted_weight(weight, height, is_female=person.sex == "F")
        message = f"BMI {bmi:.0f}: clearance and volumes are scaled on an adjusted weight of {size:.0f} kg (grade C)"
        problems.append(build_warning("bmi", "size-adjusted", round(bmi, 1), f"up to {OBESE_BMI:g} kg/m2", message))
    values = {
        "weight": weight,
        "size": size,
        "age": age,
        "female": float(person.sex == "F"),
        "height": height,
        "bmi": bmi,
        "asian": float(person.ancestry in ("asian", "japanese")),
        "japanese": float(person.ancestry == "japanese"),
        "liver": 1.0,
        "gut": 1.0,
    }
    return {name: np.full(n, float(value)) for name, value in values.items()}, tuple(problems)


def calculate_adjusted_weight(weight_kg: float, height_cm: float, *, is_female: bool) -> float:
    """Return ideal weight (Devine) and 40 % of what lies above it, in kg; never above the weight itself."""
    ideal = (45.5 if is_female else 50.0) + 0.91 * (height_cm - 152.4)
    return min(weight_kg, ideal + EXCESS_SHARE * max(weight_kg - ideal, 0.0))


def sample_covariates(n: int, rng: np.random.Generator, demography: Demography | None = None) -> dict[str, FloatArray]:
    """Return covariates of a virtual population; the same generator state gives the same people.

    Parameters
    ----------
    n : int
        How many people, 1 or more.
    rng : numpy.random.Generator
        The only source of chance.
    demography : Demography, optional
        How age, sex, weight, height and ancestry are spread.

    Returns
    -------
    covariates : mapping of name to ndarray, shape (n,)
    """
    if not is_whole(n, 1, 2**63 - 1):
        message = "a population has at least one person"
        raise InvalidInput([build_error("n", "n-out-of-range", show_value(n), "a whole number from 1", message)])
    who = demography or Demography()
    female = (rng.random(n) < who.share_female).astype(np.float64)
    low, mode, high = who.age_years
    age = rng.triangular(low, mode, high, n) if high > low else np.full(n, low)
    normal = rng.standard_normal((n, 2))
    rho = who.height_weight_correlation
    for_height = rho * normal[:, 0] + np.sqrt(1.0 - rho**2) * normal[:, 1]
    median = np.where(female > 0, who.weight_median_kg[0], who.weight_median_kg[1])
    weight = np.clip(median * np.exp(who.weight_log_sd * normal[:, 0]), 35.0, 200.0)
    mean_height = np.where(female > 0, who.height_mean_cm[0], who.height_mean_cm[1])
    height = np.clip(mean_height + who.height_sd_cm * for_height, 140.0, 215.0)
    bmi = weight / (height / 100.0) ** 2
    ancestry = rng.random(n)
    japanese = (ancestry < who.share_japanese).astype(np.float64)
    asian = (ancestry < who.share_japanese + who.share_asian).astype(np.float64)
    ideal = np.where(female > 0, 45.5, 50.0) + 0.91 * (height - 152.4)
    adjusted = np.minimum(weight, ideal + EXCESS_SHARE * np.maximum(weight - ideal, 0.0))
    return {
        "weight": weight,
        "size": np.where(bmi > OBESE_BMI, adjusted, weight),
        "age": age,
        "female": female,
        "height": height,
        "bmi": bmi,
        "asian": asian,
        "japanese": japanese,
        "liver": np.ones(n),
        "gut": np.ones(n),
    }
