"""Reads a model file into a `Model`; refuses a number without source, locator or grade, and an unknown name."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from afterglow.pharmacology._values import is_number
from afterglow.pharmacology.models.expressions import Expression, parse_expression
from afterglow.pharmacology.models.model import (
    Covariance,
    Derived,
    DoseRule,
    FlowRule,
    Model,
    Parameter,
    Range,
    Residual,
    Route,
    Status,
    Variance,
)
from afterglow.terms import Citation, Grade, InvalidInput, UnknownSource, build_error

COVARIATES = frozenset({"weight", "size", "age", "female", "height", "bmi", "asian", "japanese", "liver", "gut"})
DOSE_SYMBOLS = frozenset({"dose_mg", "device", "session_mg"})
LOCAL_SYMBOLS = frozenset({"value", "eta"})
ENANTIOMER = "enantiomer_cl"
PLAIN = "value * exp(eta)"
FIXED = "value"
KNOWN_KEYS = (frozenset(Model.__dataclass_fields__) - {"citation"}) | {"source", "locator", "grade"}


def read_model(content: Mapping[str, Any]) -> Model:
    """Return the model described by a parsed file (parents already merged in).

    Raises
    ------
    InvalidInput
        A number lacks its source, locator or grade, a formula is not arithmetic or names something unknown.
    """
    name = str(content.get("id", "model"))
    _require_known(name, content)
    parameters = {key: _read_parameter(f"{name}.{key}", entry) for key, entry in content.get("parameters", {}).items()}
    definitions = tuple(
        (str(key), parse_expression(str(text), f"{name}.definitions.{key}"))
        for key, text in content.get("definitions", {}).items()
    )
    model = Model(
        id=name,
        title=str(content["title"]),
        status=Status(content["status"]),
        drugs=tuple(content["drugs"]),
        citation=_read_citation(name, content),
        doi=str(content.get("doi", "")),
        population=str(content["population"]),
        n_subjects=content.get("n_subjects"),
        sampling_site=str(content["sampling_site"]),
        time_unit=str(content.get("time_unit", "h")),
        parameters=parameters,
        definitions=definitions,
        compartments=tuple(content.get("compartments", ())),
        flows=tuple(_read_flow(name, entry) for entry in content.get("flows", ())),
        outputs={
            key: {place: parse_expression(str(text), f"{name}.{key}") for place, text in entry.items()}
            for key, entry in content.get("outputs", {}).items()
        },
        routes={key: _read_route(name, key, entry) for key, entry in content.get("routes", {}).items()},
        ranges=tuple(_read_range(name, entry) for entry in content.get("ranges", ())),
        covariances=tuple(_read_covariance(name, entry) for entry in content.get("covariances", ())),
        residuals=tuple(_read_residual(name, entry) for entry in content.get("residuals", ())),
        derived=tuple(_read_derived(name, key, entry) for key, entry in content.get("derived", {}).items()),
        known_failures=tuple(content.get("known_failures", ())),
        covariates_without_effect=tuple(content.get("covariates_without_effect", ())),
        mass_balance_exempt=str(content.get("mass_balance_exempt", "")),
        extends=str(content.get("extends", "")),
        notes=tuple(content.get("notes", ())),
        cautions={str(analyte): str(text) for analyte, text in content.get("cautions", {}).items()},
    )
    _check_names(model)
    return model


def _require_known(name: str, content: Mapping[str, Any]) -> None:
    unknown = sorted(set(content) - KNOWN_KEYS)
    if unknown:
        _refuse(name, unknown, ", ".join(sorted(KNOWN_KEYS)), f"model file {name} has unknown keys {unknown}")


def _read_citation(path: str, entry: Mapping[str, Any]) -> Citation:
    missing = [key for key in ("source", "locator", "grade") if not str(entry.get(key, "")).strip()]
    if missing:
        _refuse(path, missing, "source, locator and grade", f"{path} lacks {', '.join(missing)}")
    try:
        return Citation(entry["source"], entry["locator"], Grade(entry["grade"]))
    except (UnknownSource, ValueError) as error:
        _refuse(path, entry["source"], "a bibliography key and a grade A to D", f"{path}: {error}")


def _read_parameter(path: str, entry: Mapping[str, Any]) -> Parameter:
    value = float(entry["value"]) if "value" in entry else math.nan
    if not math.isfinite(value) or "unit" not in entry:
        _refuse(path, entry.get("value"), "a finite value and its unit", f"{path} needs a finite value and a unit")
    has_effects = "iiv" in entry or "iov" in entry
    text = str(entry.get("individual", PLAIN if has_effects else FIXED))
    return Parameter(
        name=path.rsplit(".", 1)[1],
        value=value,
        unit=str(entry["unit"]),
        citation=_read_citation(path, entry),
        individual=parse_expression(text, path),
        between=_read_variance(path, entry, entry.get("iiv")),
        occasion=_read_variance(path, entry, entry.get("iov")),
        text=str(entry.get("text", "")),
    )


def _read_variance(path: str, owner: Mapping[str, Any], entry: Mapping[str, Any] | None) -> Variance | None:
    """Return a variance given as omega2, as CV (log scale: omega2 = ln(1 + CV^2)) or as SD of the scale."""
    if entry is None:
        return None
    given = {key: float(entry[key]) for key in ("omega2", "cv", "sd") if key in entry}
    if len(given) != 1 or not all(math.isfinite(value) and value >= 0 for value in given.values()):
        _refuse(path, dict(entry), "one of omega2, cv and sd", f"{path} needs one of omega2, cv and sd")
    kind, value = next(iter(given.items()))
    omega2 = {"omega2": value, "cv": math.log1p(value**2), "sd": value**2}[kind]
    words = {"omega2": f"omega2 {value:g}", "cv": f"CV {100 * value:g} %", "sd": f"SD {value:g}"}[kind]
    cited = {**{key: owner.get(key) for key in ("source", "locator", "grade")}, **entry}
    return Variance(omega2, str(entry.get("scale", "log")), words, _read_citation(path, cited))


def _read_flow(name: str, entry: Mapping[str, Any]) -> FlowRule:
    path = f"{name}.{entry['from']}->{entry.get('to')}"
    rate = parse_expression(str(entry["rate"]), path)
    gain = parse_expression(str(entry["gain"]), path) if "gain" in entry else rate
    return FlowRule(str(entry["from"]), entry.get("to"), rate, gain)


def _read_route(name: str, route: str, entry: Mapping[str, Any]) -> Route:
    path = f"{name}.routes.{route}"

    def formula(rule: Mapping[str, Any], key: str, default: str) -> Expression:
        return parse_expression(str(rule.get(key, default)), f"{path}.{key}")

    rules = tuple(
        DoseRule(
            into=str(rule["into"]),
            fraction=formula(rule, "fraction", "1"),
            lag=formula(rule, "lag", "0"),
            duration=formula(rule, "duration", "0") if "duration" in rule else None,
        )
        for rule in entry["doses"]
    )
    uptake = formula(entry, "uptake", "1") if "uptake" in entry else None
    return Route(route, rules, _read_citation(path, entry), str(entry.get("text", "")), uptake)


def _read_range(name: str, entry: Mapping[str, Any]) -> Range:
    path = f"{name}.ranges.{entry.get('of')}"
    if entry.get("outside") not in ("warn", "refuse") or not entry["low"] <= entry["high"]:
        _refuse(path, dict(entry), "low <= high, outside = warn or refuse", f"{path} is not a range")
    citation = _read_citation(path, entry)
    return Range(entry["of"], float(entry["low"]), float(entry["high"]), entry["unit"], entry["outside"], citation)


def _read_covariance(name: str, entry: Mapping[str, Any]) -> Covariance:
    first, second = entry["of"]
    return Covariance((first, second), float(entry["value"]), _read_citation(f"{name}.covariances", entry))


def _read_residual(name: str, entry: Mapping[str, Any]) -> Residual:
    citation = _read_citation(f"{name}.residuals.{entry['of']}", entry)
    return Residual(entry["of"], entry["kind"], float(entry["sd"]), entry.get("unit", "1"), citation)


def _read_derived(name: str, key: str, entry: Mapping[str, Any]) -> Derived:
    path = f"{name}.derived.{key}"
    formula = parse_expression(str(entry["expression"]), path)
    published: Any = entry.get("published")
    if not is_number(published):
        _refuse(path, published, "a finite number", f"{path} needs the number it is held against")
    tolerance = float(entry.get("tolerance", 0.01))
    text = str(entry.get("text", ""))
    return Derived(key, formula, str(entry["unit"]), float(published), tolerance, text, _read_citation(path, entry))


def _check_names(model: Model) -> None:
    """Refuse a formula that names something the model does not define at that point."""
    known = set(COVARIATES) | {ENANTIOMER}
    for name, parameter in model.parameters.items():
        _require_names(f"{model.id}.{name}", parameter.individual.names, known | LOCAL_SYMBOLS)
        known |= {name, f"eta_{name}"}
    for name, expression in model.definitions:
        _require_names(f"{model.id}.{name}", expression.names, known)
        known.add(name)
    for flow in model.flows:
        _require_names(f"{model.id}.{flow.source}", flow.rate.names | flow.gain.names, known)
        _require_names(f"{model.id}.flows", _places(flow.source, flow.target), set(model.compartments))
    for output, weights in model.outputs.items():
        _require_names(f"{model.id}.{output}", _places(*weights), set(model.compartments))
        for weight in weights.values():
            _require_names(f"{model.id}.{output}", weight.names, known)
    _require_names(f"{model.id}.cautions", model.cautions, set(model.outputs))
    for route in model.routes.values():
        for rule in route.rules:
            used = rule.fraction.names | rule.lag.names | (rule.duration.names if rule.duration else frozenset())
            _require_names(f"{model.id}.{route.name}", used, known | DOSE_SYMBOLS)
            _require_names(f"{model.id}.{route.name}", _places(rule.into), set(model.compartments))
        if route.uptake is not None:
            _require_names(f"{model.id}.{route.name}", route.uptake.names, known | DOSE_SYMBOLS | {"level"})
    for derived in model.derived:
        _require_names(f"{model.id}.{derived.name}", derived.expression.names, known | {d.name for d in model.derived})


def _places(*names: str | None) -> frozenset[str]:
    return frozenset(name for name in names if name is not None)


def _require_names(path: str, used: Iterable[str], known: set[str]) -> None:
    unknown = sorted(set(used) - known)
    if unknown:
        _refuse(path, unknown, "names the model defines before", f"{path} names {', '.join(unknown)}, not defined")


def _refuse(path: str, value: object, accepted: str, message: str) -> NoReturn:
    raise InvalidInput([build_error(path, "model-file-not-accepted", value, accepted, message)])
