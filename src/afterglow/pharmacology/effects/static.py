"""Effects as functions of a concentration at one moment: no time, no differential equations.

Concentrations are ng/mL; every function takes numbers or arrays and broadcasts.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afterglow.pharmacology.effects.parameters import load_endpoints
from afterglow.terms import InvalidInput, build_error

FloatArray = NDArray[np.float64]

CADSS_MAX = 92.0
PAIN_ENDPOINTS = ("pressure", "heat", "electrical")


def calculate_sigmoid(ce: ArrayLike, c50: ArrayLike, steepness: ArrayLike = 1.0) -> FloatArray:
    """Return ce^g / (c50^g + ce^g), between 0 and 1; below zero is read as zero."""
    level = np.maximum(_array(ce), 0.0) / _array(c50)
    exponent = _array(steepness)
    if exponent.ndim:
        power = level**exponent
    else:  # a square and the level itself need no logarithm
        power = level if exponent == 1.0 else np.square(level) if exponent == 2.0 else level ** float(exponent)
    return _array(power / (1.0 + power))


def calculate_tolerance(session_number: ArrayLike, factor: ArrayLike = 0.85, floor: ArrayLike = 0.5) -> FloatArray:
    """Return the share of the first session's dissociation that session number k (1, 2, ...) still brings.

    Raises
    ------
    InvalidInput
        A session number below 1.
    """
    number = _array(session_number)
    if not np.all(number >= 1):
        text = "Sessions are counted from 1."
        raise InvalidInput([build_error("session_number", "out-of-range", session_number, "1 or more", text)])
    return np.maximum(_array(factor) ** (number - 1), _array(floor))


def calculate_cadss(
    ce: ArrayLike, maximum: ArrayLike, c50: ArrayLike, steepness: ArrayLike, tolerance: ArrayLike = 1.0
) -> FloatArray:
    """Return the CADSS total, 0 to 92, at an effect-site level of S-ketamine in ng/mL."""
    score = _array(maximum) * _array(tolerance) * calculate_sigmoid(ce, c50, steepness)
    return np.minimum(score, CADSS_MAX)


def calculate_pain_relief(ce: ArrayLike, endpoint: str = "pressure") -> FloatArray:
    """Return the share of pain taken away, 0 to 1, for `pressure`, `heat` or `electrical` pain.

    Raises
    ------
    InvalidInput
        An endpoint that no source gives a C50 for.
    """
    if endpoint not in PAIN_ENDPOINTS:
        text = f"There is no C50 for {endpoint!r} pain."
        raise InvalidInput([build_error("endpoint", "unknown-name", endpoint, ", ".join(PAIN_ENDPOINTS), text)])
    return calculate_sigmoid(ce, load_endpoints()["analgesia"].parameters[f"{endpoint}_c50_ng_per_ml"].value)


def calculate_pain_change_cm(
    s_ketamine: ArrayLike, s_norketamine: ArrayLike = 0.0, norketamine_weight: float | None = None
) -> FloatArray:
    """Return the change on a 10 cm pain scale, linear in S-ketamine, norketamine opposing by its weight (default 0)."""
    parameters = load_endpoints()["analgesia"].parameters
    weight = parameters["norketamine_weight"].value if norketamine_weight is None else norketamine_weight
    change = parameters["vas_slope_cm_per_ng_per_ml"].value * _array(s_ketamine)
    opposed = parameters["norketamine_slope_cm_per_ng_per_ml"].value * _array(s_norketamine)
    return np.clip(change + weight * opposed, -10.0, 10.0)


def calculate_occupancy(
    s_ketamine: ArrayLike, r_ketamine: ArrayLike = 0.0, s_norketamine: ArrayLike = 0.0, r_norketamine: ArrayLike = 0.0
) -> FloatArray:
    """Return the NMDA channel occupancy index, 0 to 1, from plasma levels in ng/mL.

    Notes
    -----
    x = sum(fu C / (MW Ki)), index = x / (1 + x), one site, free levels in plasma for those in the brain. An
    index to compare doses by; imaging has not confirmed the absolute share.
    """
    own = {name: parameter.value for name, parameter in load_endpoints()["occupancy"].parameters.items()}
    x: FloatArray = np.zeros(())
    levels = (s_ketamine, r_ketamine, s_norketamine, r_norketamine)
    names = ("s_ketamine", "r_ketamine", "s_norketamine", "r_norketamine")
    for name, level in zip(names, levels, strict=True):
        if np.ndim(level) == 0 and level == 0.0:
            continue
        parent = name.split("_")[1]
        free_um = own[f"{parent}_free_share"] * np.maximum(_array(level), 0.0)
        x = x + free_um / own[f"{parent}_g_per_mol"] / own[f"{name}_ki_um"]
    return _array(x / (1.0 + x))


def _array(value: ArrayLike) -> FloatArray:
    return np.asarray(value, dtype=np.float64)
