"""What a patient showed: readings with kind, session and time, and how far each kind of reading may lie from truth."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from afterglow.pharmacology._values import is_number, show_value
from afterglow.pharmacology.effects.parameters import load_endpoints
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.updating.residuals import OUTLIER_FREEDOM, Residual
from afterglow.terms import Citation, Grade, InvalidInput, Problem, build_error, build_warning


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of reading: what predicts it, its unit, the values that can be, and when they are read."""

    key: str
    of: str
    unit: str
    low: float
    high: float
    is_symptom: bool = False
    needs_baseline: str = ""


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("systolic_rise_mmhg", "systolic", "mm[Hg]", -80.0, 150.0),
        Kind("diastolic_rise_mmhg", "diastolic", "mm[Hg]", -60.0, 100.0),
        Kind("systolic_mmhg", "systolic", "mm[Hg]", 50.0, 300.0, needs_baseline="baseline_systolic_mmhg"),
        Kind("diastolic_mmhg", "diastolic", "mm[Hg]", 20.0, 200.0, needs_baseline="baseline_diastolic_mmhg"),
        Kind("cadss", "cadss", "points", 0.0, 92.0),
        Kind("cadss6", "cadss6", "points", 0.0, 24.0),
        Kind("ketamine_ng_per_ml", "ketamine", "ng/mL", 0.5, 20_000.0),
        Kind("norketamine_ng_per_ml", "norketamine", "ng/mL", 0.5, 20_000.0),
        Kind("madrs", "MADRS", "points", 0.0, 60.0, is_symptom=True),
        Kind("phq9", "PHQ-9", "points", 0.0, 27.0, is_symptom=True),
        Kind("qids_sr16", "QIDS-SR16", "points", 0.0, 27.0, is_symptom=True),
    )
}
SITES = ("arterial", "venous")
G_PER_MOL = {"ketamine": 237.73, "norketamine": 223.70}
FLOOR_NG_PER_ML = 1.0  # a proportional error does not vanish with the level

_OWN = "EFFECTS-OWN"
_CADSS = Residual(Citation(_OWN, "CADSS: 3 points and a quarter of the score about the course", Grade.D), 3.0, 0.25)
_CADSS6 = Residual(
    Citation(_OWN, "CADSS-6: 1.5 points and a third of the score; its share of the full score varies", Grade.D),
    1.5,
    0.33,
)


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    value : float
    session : str or None
        Id of the session it was read in, with `at_min`; symptom scores have none.
    at_min : float or None, min
        From the start of that session's first dose; below 0 is before it.
    at_day : float or None, d
        Of a symptom score: from the start of the course.
    sampling_site : str
        Of a level: `arterial` or `venous`.
    assay : str
        How a level was measured, kept for the record.
    residual : Residual or None
        Another spread than the kind's own, such as an assay's.
    id : str
        As the sender knows it.
    """

    kind: str
    value: float
    session: str | None = None
    at_min: float | None = None
    at_day: float | None = None
    sampling_site: str = "venous"
    assay: str = ""
    residual: Residual | None = None
    id: str = ""


def check_observations(observations: Sequence[Observation]) -> None:
    """Refuse readings that cannot be used, all at once.

    Raises
    ------
    InvalidInput
        An unknown kind, a value that is no number or impossible for its kind, no time, an unknown sampling site.
    """
    problems: list[Problem] = []
    for i, one in enumerate(observations):
        problems += _judge(one, f"observations[{i}]")
    if problems:
        raise InvalidInput(problems)


def choose_sessions(
    observations: Sequence[Observation], sessions: Sequence[str]
) -> tuple[list[Observation], list[Problem]]:
    """Return the readings that belong to the course, and a warning for each of another session."""
    kept, problems = [], []
    for i, one in enumerate(observations):
        if KINDS[one.kind].is_symptom or one.session in sessions:
            kept.append(one)
            continue
        message = f"A reading of the session {one.session!r} is not used: that session is not part of this course."
        problems.append(
            build_warning(f"observations[{i}].session", "other-session", one.session, ", ".join(sessions), message)
        )
    return kept, problems


def get_residual(observation: Observation, model: Model, scale_sd: float, *, is_robust: bool) -> Residual:
    """Return the spread of one reading; with `is_robust` a Student-t with 4 degrees of freedom of the same scale.

    Parameters
    ----------
    observation : Observation
    model : Model
        Gives the residual error of levels.
    scale_sd : float
        Of a symptom score, in its points.
    is_robust : bool
    """
    found = observation.residual or _find_residual(observation, model, scale_sd)
    if is_robust and found.freedom is None:
        return replace(found, freedom=OUTLIER_FREEDOM)
    return found


def _find_residual(observation: Observation, model: Model, scale_sd: float) -> Residual:
    kind = KINDS[observation.kind]
    if kind.is_symptom:
        citation = Citation(_OWN, "drift of the mood and error of one rating, mechanism/data/population.toml", Grade.D)
        return Residual(citation, additive_sd=scale_sd)
    if kind.of in ("systolic", "diastolic"):
        parameter = load_endpoints()["circulation"].parameters[f"{kind.of}_reading_sd"]
        readings = 1.0 if kind.needs_baseline else 2.0  # a rise is the difference of two
        return Residual(parameter.citation, additive_sd=parameter.value * math.sqrt(readings))
    if kind.of == "cadss":
        return _CADSS
    if kind.of == "cadss6":
        return _CADSS6
    return _find_level_residual(model, kind.of)


def _find_level_residual(model: Model, analyte: str) -> Residual:
    """Return the residual error that the model prints for an analyte; its additive part in ng/mL."""
    rows = {row.kind.split("-")[0]: row for row in model.residuals if row.of == analyte}
    if "log" in rows:
        return Residual(rows["log"].citation, log_sd=rows["log"].sd)
    if "proportional" not in rows:
        citation = Citation(_OWN, "no residual error printed: 20 %", Grade.D)
        return Residual(citation, additive_sd=FLOOR_NG_PER_ML, proportional_sd=0.2)
    additive = FLOOR_NG_PER_ML
    if "additive" in rows and rows["additive"].unit == "umol/L":
        additive = rows["additive"].sd * G_PER_MOL[analyte]
    return Residual(rows["proportional"].citation, additive_sd=additive, proportional_sd=rows["proportional"].sd)


def _judge(one: Observation, path: str) -> list[Problem]:
    if not isinstance(one.kind, str) or one.kind not in KINDS:
        return [
            build_error(
                f"{path}.kind", "unknown-kind", show_value(one.kind), ", ".join(KINDS), "No model predicts this."
            )
        ]
    kind = KINDS[one.kind]
    problems = []
    if not (is_number(one.value) and kind.low <= one.value <= kind.high):
        accepted = f"{kind.low:g} to {kind.high:g} {kind.unit}"
        text = f"A reading of {one.kind} cannot be {show_value(one.value)}."
        problems.append(build_error(f"{path}.value", "out-of-range", show_value(one.value), accepted, text))
    name, lowest = ("at_day", 0.0) if kind.is_symptom else ("at_min", -24 * 60.0)
    time = getattr(one, name)
    if not (is_number(time) and lowest <= time <= 400 * 24 * 60.0):
        text = "The time of a reading must be known."
        problems.append(build_error(f"{path}.{name}", "out-of-range", show_value(time), f"{lowest:g} or later", text))
    if kind.of in ("ketamine", "norketamine") and one.sampling_site not in SITES:
        text = "A level needs the site it was drawn from."
        problems.append(
            build_error(f"{path}.sampling_site", "unknown-name", show_value(one.sampling_site), ", ".join(SITES), text)
        )
    return problems
