"""Typical levels of S-ketamine at the effect site for the regimens of the published studies, as packaged data.

Written once from the published models named in the file; a course of one's own passes its own `Exposure`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from afterglow.pharmacology.effects.calculate import Setting as EffectSetting
from afterglow.pharmacology.effects.calculate import calculate_effects
from afterglow.pharmacology.linear import Input, LinearSystem
from afterglow.pharmacology.mechanism.chain import Exposure
from afterglow.terms import Citation, Grade, InvalidInput, build_error

HOURS = np.concatenate([np.arange(0.0, 4.0, 1 / 30), np.arange(4.0, 24.01, 0.25)])


@dataclass(frozen=True, slots=True)
class Regimen:
    """One way a single dose was given in a study, with the typical level it leads to."""

    key: str
    title: str
    model: str
    citation: Citation
    exposure: Exposure


@cache
def load_regimens() -> Mapping[str, Regimen]:
    """Return every packaged regimen by key."""
    folder = files("afterglow.pharmacology.mechanism")
    content = tomllib.loads(folder.joinpath("data", "exposures.toml").read_text(encoding="utf-8"))
    hours = np.asarray(content["hours"], dtype=np.float64)
    return {
        row["key"]: Regimen(
            key=row["key"],
            title=row["title"],
            model=row["model"],
            citation=Citation(row["source"], row["locator"], Grade(row["grade"])),
            exposure=Exposure(hours, np.asarray(row["ce_ng_per_ml"], dtype=np.float64)),
        )
        for row in content["regimen"]
    }


def build_exposure(
    system: LinearSystem, inputs: Sequence[Input], *, driver: str, driver_share: float = 1.0
) -> Exposure:
    """Return the level at the effect site that one patient's own session brings, for a course.

    Parameters
    ----------
    system : LinearSystem
        Kinetics of one patient, the session's first input at hour 0.
    inputs : sequence of Input
    driver : str
        Output that is S-ketamine, mg/L; `driver_share` is the part of it that is S.

    Raises
    ------
    InvalidInput
        Several patients, or an output the system lacks.
    """
    if system.n != 1:
        text = "A course takes the level of one patient."
        raise InvalidInput([build_error("system", "shape", system.n, "1 patient", text)])
    setting = EffectSetting(driver_share=driver_share)
    series = calculate_effects(system, inputs, HOURS, driver=driver, setting=setting)
    return Exposure(HOURS, np.ascontiguousarray(series.effect_site_ng_per_ml[:, 0]))


def get_regimen(key: str) -> Regimen:
    """Return the regimen of that key.

    Raises
    ------
    InvalidInput
        No study here used it.
    """
    known = load_regimens()
    if key not in known:
        text = f"There is no packaged regimen {key!r}; pass an exposure of your own."
        raise InvalidInput([build_error("regimen", "unknown-name", key, ", ".join(known), text)])
    return known[key]
