"""List the published drug models, or print one: population, structure, every parameter with unit, source and grade.

Models whose parameter tables were not seen, or that serve ratios only, are listed and say so; they cannot be chosen.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from afterglow.commands import DONE, print_json
from afterglow.pharmacology.models.catalogue import find_mixture, get_model, load_mixtures, load_model_ids
from afterglow.pharmacology.models.exposure import calculate_derived
from afterglow.pharmacology.models.model import Model, Parameter, Variance
from afterglow.pharmacology.regimen import DOSE_BASIS
from afterglow.pharmacology.results import render_source
from afterglow.terms import Citation, Grade

HELP = "list the published drug models, or print one with every parameter, source and grade"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the id."""
    parser.add_argument("id", nargs="?", metavar="ID", help="model id; all are listed without it")


def run(args: argparse.Namespace) -> int:
    """Print the list or the model."""
    if args.id is None:
        rows = [describe_model(get_model(name)) for name in load_model_ids()]
        mixtures = [describe_mixture(name) for name in load_mixtures()]
        if args.json:
            print_json({"models": rows, "mixtures": mixtures})
        else:
            print_list(rows, mixtures)
        return DONE
    if find_mixture(args.id) is not None:
        print_json(describe_mixture(args.id)) if args.json else print_list([], [describe_mixture(args.id)])
        return DONE
    model = get_model(args.id)
    if args.json:
        print_json(render_model(model))
    else:
        print("\n".join(iterate_lines(model)))
    return DONE


def describe_model(model: Model) -> dict[str, Any]:
    """Return one line of the list."""
    return {
        "id": model.id,
        "title": model.title,
        "status": model.status.value,
        "drugs": list(model.drugs),
        "routes": list(model.routes),
        "analytes": list(model.outputs),
        "sampling_site": model.sampling_site,
        "grade": model.citation.grade.value,
        "source": render_source(model),
    }


def describe_mixture(mixture_id: str) -> dict[str, Any]:
    """Return a mixture: its models, their weights and why."""
    mixture = load_mixtures()[mixture_id]
    return {
        "id": mixture.id,
        "title": mixture.title,
        "components": [{"model": name, "weight": weight} for name, weight in mixture.components],
        **_cite(mixture.citation),
    }


def render_model(model: Model) -> dict[str, Any]:
    """Return everything a model file says, and its derived quantities computed."""
    derived = calculate_derived(model) if model.can_compute else {}
    return {
        **describe_model(model),
        "doi": model.doi,
        "citation": _cite(model.citation),
        "population": model.population,
        "n_subjects": model.n_subjects,
        "time_unit": model.time_unit,
        "parameters": {name: _render_parameter(parameter) for name, parameter in model.parameters.items()},
        "structure": {
            "compartments": list(model.compartments),
            "definitions": {name: expression.text for name, expression in model.definitions},
            "flows": [
                {"from": flow.source, "to": flow.target, "rate": flow.rate.text, "gain": flow.gain.text}
                for flow in model.flows
            ],
            "outputs": {name: {at: weight.text for at, weight in one.items()} for name, one in model.outputs.items()},
        },
        "route_details": {name: _render_route(model, name) for name in model.routes},
        "ranges": [
            {"of": one.of, "low": one.low, "high": one.high, "unit": one.unit, "outside": one.outside}
            | _cite(one.citation)
            for one in model.ranges
        ],
        "covariances": [{"of": list(one.of), "value": one.value} | _cite(one.citation) for one in model.covariances],
        "residual_error": [
            {"of": one.of, "kind": one.kind, "sd": one.sd, "unit": one.unit} | _cite(one.citation)
            for one in model.residuals
        ],
        "derived": {
            one.name: {
                "value": derived[one.name],
                "value_grade": Grade.D.value,
                "unit": one.unit,
                "published": one.published,
                "text": one.text,
                **_cite(one.citation),
            }
            for one in model.derived
            if one.name in derived
        },
        "known_failures": list(model.known_failures),
        "cautions": dict(model.cautions),
        "covariates_without_effect": list(model.covariates_without_effect),
        "mass_balance_exempt": model.mass_balance_exempt,
        "notes": list(model.notes),
    }


def print_list(rows: list[dict[str, Any]], mixtures: list[dict[str, Any]]) -> None:
    """Write a line per model for a person, and what a dose is counted in."""
    for row in rows:
        ways = f"{'/'.join(row['drugs'])}: {', '.join(row['routes']) or 'no route'}"
        status = "" if row["status"] == "selectable" else f"  [{row['status']}]"
        print(f"{row['id']:<20}  {row['title']}; {ways}; {row['sampling_site']}; grade {row['grade']}{status}")
    for row in mixtures:
        parts = ", ".join(f"{part['weight']:g} {part['model']}" for part in row["components"])
        print(f"{row['id']:<20}  {row['title']}; mixture of {parts}; grade {row['grade']}")
    print(f"{DOSE_BASIS[0].upper()}{DOSE_BASIS[1:]}.")


def iterate_lines(model: Model) -> Iterator[str]:
    """Yield a model for a person to read."""
    yield f"{model.id}: {model.title}  [{model.status.value}]"
    yield f"Source: {model.citation.text}; {render_source(model)}; grade {model.citation.grade.value}"
    yield f"Population: {model.population}" + (f" (n {model.n_subjects})" if model.n_subjects else "")
    yield f"Sampling site: {model.sampling_site}; drugs: {', '.join(model.drugs)}; {DOSE_BASIS}"
    for name, route in model.routes.items():
        yield f"Route {name}: grade {route.citation.grade.value}  [{route.citation.text}]"
    for parameter in model.parameters.values():
        unit = "" if parameter.unit == "1" else f" {parameter.unit}"
        mark = _mark(parameter.citation)
        yield f"  {parameter.name} = {parameter.value:g}{unit}{_describe_spread(parameter)}  {mark}"
    for one in model.ranges:
        yield f"Studied: {one.of} {one.low:g} to {one.high:g} {one.unit}; outside: {one.outside}  {_mark(one.citation)}"
    for residual in model.residuals:
        unit = "" if residual.unit == "1" else f" {residual.unit}"
        yield f"Residual error of {residual.of}: {residual.kind} {residual.sd:g}{unit}  {_mark(residual.citation)}"
    if model.can_compute:
        for name, value in calculate_derived(model).items():
            found = next(one for one in model.derived if one.name == name)
            unit = "" if found.unit == "1" else f" {found.unit}"
            worked = f"{value:.4g}{unit} (from the parameters, grade {Grade.D.value})"
            yield f"Derived: {name} = {worked}; stated {found.published:g}: {found.text}  {_mark(found.citation)}"
    for text in (*model.notes, *([model.mass_balance_exempt] if model.mass_balance_exempt else [])):
        yield f"Note: {text}"
    for name, text in model.cautions.items():
        yield f"Caution, {name}: {text}"
    for text in model.known_failures:
        yield f"Known failure: {text}"


def _describe_spread(parameter: Parameter) -> str:
    parts: tuple[tuple[str, Variance | None], ...] = (
        ("between people", parameter.between),
        ("between occasions", parameter.occasion),
    )
    return "".join(
        f"; {words} {part.given} ({part.scale} scale, grade {part.citation.grade.value})"
        for words, part in parts
        if part
    )


def _render_parameter(parameter: Parameter) -> dict[str, Any]:
    content: dict[str, Any] = {"value": parameter.value, "unit": parameter.unit, **_cite(parameter.citation)}
    content["individual"] = parameter.individual.text
    if parameter.text:
        content["text"] = parameter.text
    for key, part in (("between_subjects", parameter.between), ("between_occasions", parameter.occasion)):
        if part is not None:
            content[key] = {"omega2": part.omega2, "scale": part.scale, "given": part.given, **_cite(part.citation)}
    return content


def _render_route(model: Model, name: str) -> dict[str, Any]:
    route = model.routes[name]
    doses = [
        {
            "into": rule.into,
            "fraction": rule.fraction.text,
            "lag": rule.lag.text,
            "duration": None if rule.duration is None else rule.duration.text,
        }
        for rule in route.rules
    ]
    uptake = None if route.uptake is None else route.uptake.text
    return {"doses": doses, "uptake": uptake, "text": route.text, **_cite(route.citation)}


def _cite(citation: Citation) -> dict[str, str]:
    return {"source": citation.source, "locator": citation.locator, "grade": citation.grade.value}


def _mark(citation: Citation) -> str:
    return f"[{citation.text}; grade {citation.grade.value}]"
