"""Concentration and effect over time for a dose, typical or for a population.

A dose is AMOUNT[@START][/DURATION]: 0.5mg/kg@0min/40min, 28mg@5min; repeat --dose for each. Doses are base, not salt:
1 mg of the hydrochloride holds 0.867 mg. What lies outside the range a model was studied in is marked; nothing here is
an order, and no dose is carried from one route to another. Instead of flags, a JSON object with their names may come
from a file or from standard input (-): {"drug": "racemic", "route": "iv", "dose": ["0.5mg/kg/40min"], "weight": 70}.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from afterglow.commands import DONE, print_json, print_problems, read_json
from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.models.catalogue import DRUGS, ROUTES
from afterglow.pharmacology.regimen import DOSE_BASIS, parse_time
from afterglow.pharmacology.results import Simulation
from afterglow.pharmacology.simulate import Request, check_request, simulate
from afterglow.terms import InvalidInput, Problem, build_error, parse_decimal

HELP = "concentration and effect over time, typical or population"
ROWS = 13
COMPILED_FROM = 5000  # people; up to there plain numpy is done before the compiler is loaded
FIELDS = {
    **dict.fromkeys(("drug", "route", "model", "sex", "ancestry", "hepatic", "until", "step"), "a word"),
    **dict.fromkeys(("weight", "age", "height", "bmi", "n", "seed", "session"), "a number"),
    **dict.fromkeys(("venous", "no_effects"), "true or false"),
    **dict.fromkeys(("dose", "interaction"), "a list of words"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the drug, the dose, the person and the times."""
    add = parser.add_argument
    add("request", nargs="?", metavar="FILE", help="JSON object with the names of the flags; - for standard input")
    add("--drug", metavar="DRUG", help="racemic or esketamine")
    add("--route", metavar="ROUTE", help="iv, im, sc, intranasal, sublingual, oral or inhaled")
    add("--model", metavar="ID", help="see `afterglow models`; the route's default otherwise")
    add(
        "--dose",
        action="append",
        default=[],
        metavar="SPEC",
        help="AMOUNT[@START][/DURATION] of base, not salt; repeat",
    )
    add("--weight", metavar="KG", help="body weight in kg")
    add("--age", metavar="YEARS", help="age in years")
    add("--sex", metavar="F|M", help="F or M")
    add("--height", metavar="CM", help="height in cm")
    add("--bmi", metavar="KG_PER_M2", help="body mass index instead of height")
    add("--ancestry", metavar="X", help="european, african, asian, japanese or other")
    add("--hepatic", metavar="CLASS", help="normal, mild, moderate or severe impairment")
    add("--interaction", action="append", default=[], metavar="NAME", help="what else is taken; repeat for each")
    add("--until", metavar="TIME", help="end, for example 14d; 24h otherwise")
    add("--step", metavar="TIME", help="spacing of the times; 1min otherwise")
    add("--n", metavar="N", help="a population of N people instead of the typical person")
    add("--seed", metavar="N", help="seed of the population; 1 otherwise")
    add("--venous", action="store_true", help="an arterial model's levels behind a venous delay")
    add("--session", metavar="N", help="which session of the course the first dose is, for tolerance; 1 otherwise")
    add("--no-effects", action="store_true", help="levels only")


def run(args: argparse.Namespace) -> int:
    """Print the simulation."""
    request = read_request(args if args.request is None else merge_request(args))
    if request.n is not None and request.n < COMPILED_FROM:
        request = replace(request, engine="plain")  # done before the compiler is loaded
    found = simulate(request)
    if args.json:
        print_json(found.to_json())
    else:
        print_problems(found.problems)
        print_simulation(found)
    return DONE


def merge_request(args: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments with what a JSON object gives; refuse unknown names, wrong kinds and what is told twice."""
    content = read_json(args.request, "request")
    if not isinstance(content, dict):
        message = "the request must be a JSON object"
        raise InvalidInput([build_error("request", "not-an-object", str(content)[:80], "a JSON object", message)])
    problems, found = [], {}
    for name, value in content.items():
        field = name.replace("-", "_")
        if field not in FIELDS:
            message = f"there is no {name}"
            problems.append(build_error(name, "unknown-field", name, ", ".join(sorted(FIELDS)), message))
        elif getattr(args, field):
            message = f"{name} is told by the flag and in the request"
            problems.append(build_error(name, "told-twice", str(getattr(args, field)), "one of the two", message))
        elif value is not None:
            found[field] = [value] if field in ("dose", "interaction") and isinstance(value, str) else value
            problems += _judge_kind(name, found[field], FIELDS[field])
    if problems:
        raise InvalidInput(problems)
    return argparse.Namespace(**(vars(args) | found))


def _judge_kind(name: str, value: Any, kind: str) -> list[Problem]:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    fits = {
        "a word": isinstance(value, str),
        "a number": is_number or isinstance(value, str),
        "true or false": isinstance(value, bool),
        "a list of words": isinstance(value, list) and all(isinstance(one, str) for one in value),
    }
    if fits[kind]:
        return []
    return [build_error(name, "wrong-kind", str(value)[:80], kind, f"{name} must be {kind}")]


def read_request(args: argparse.Namespace) -> Request:
    """Return the request of a command line; refuse with every field that cannot be read or used."""
    problems: list[Problem] = [
        build_error(name, "missing", None, ", ".join(known), f"the {name} is missing")
        for name, known in (("drug", DRUGS), ("route", ROUTES))
        if getattr(args, name) is None
    ]
    if problems:
        raise InvalidInput(problems)

    def read(path: str, text: Any, reader: Any, default: Any = None) -> Any:
        if text is None:
            return default
        try:
            return reader(text, path)
        except InvalidInput as refused:
            problems.extend(refused.problems)
            return default

    person = Person(
        weight_kg=read("weight", args.weight, _read_number),
        age_years=read("age", args.age, _read_number),
        sex=args.sex,
        height_cm=read("height", args.height, _read_number),
        bmi=read("bmi", args.bmi, _read_number),
        ancestry=args.ancestry,
        hepatic="normal" if args.hepatic is None else args.hepatic,
    )
    request = Request(
        drug=args.drug,
        route=args.route,
        doses=tuple(args.dose),
        person=person,
        until_h=read("until", args.until, parse_time, 24.0),
        step_h=read("step", args.step, parse_time, 1.0 / 60.0),
        model=args.model,
        interactions=tuple(args.interaction),
        n=read("n", args.n, _read_whole),
        seed=read("seed", args.seed, _read_whole),
        is_venous=args.venous,
        with_effects=not args.no_effects,
        session_number=read("session", args.session, _read_count, 1),
    )
    try:
        check_request(replace(request, until_h=request.until_h or 24.0) if problems else request)
    except InvalidInput as refused:
        problems += refused.problems
    if problems:
        raise InvalidInput(problems)
    return request


def print_simulation(found: Simulation) -> None:
    """Write the simulation for a person: where it comes from, the summary, a few moments."""
    print(f"{found.id}; {found.sampling_site} levels; grade {found.grade.value}; {found.source}")
    print(f"{DOSE_BASIS[0].upper()}{DOSE_BASIS[1:]}.")
    if found.is_population:
        print(f"{len(found.weights)} people, seed {found.seed}; median (5th to 95th percentile)")
    shown = found.to_json()
    print_summary(shown["summary"])
    for part in shown.get("components", ()):
        print_summary(part.get("summary", {}), f"{part['model']} alone, ")
    for name, text in found.cautions.items():
        print(f"{name}: {text}")
    series = {**shown["concentration_ng_per_ml"], **shown["effect"]}
    times = found.times_h
    late = np.geomspace(max(times[-1] / 200.0, times[min(1, len(times) - 1)]), times[-1], ROWS - 1)
    rows = np.unique(np.searchsorted(times, np.concatenate([[0.0], late]) - 1e-9).clip(max=len(times) - 1))
    print("\n" + "  ".join([f"{'min':>8}", *(f"{name:>{_width(name)}}" for name in series)]))
    for row in rows:
        values = [f"{_pick(values, row):>{_width(name)}.4g}" for name, values in series.items()]
        print("  ".join([f"{times[row] * 60:>8.4g}", *values]))


def print_summary(summary: Mapping[str, Any], of: str = "") -> None:
    """Write peak, area and half-life of each analyte."""
    for name, entry in summary.items():
        print(
            f"{of}{name}: peak {_show(entry['cmax_ng_per_ml'])} ng/mL at {_show(entry['tmax_min'])} min; "
            f"AUC {_show(entry['auc_ng_h_per_ml'])} ng h/mL; half-life {_show(entry['half_life_h'])} h"
        )


def _width(name: str) -> int:
    return max(len(name), 8)


def _pick(values: Any, row: int) -> float:
    return float(values[row] if isinstance(values, list) else values["p50"][row])


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['p50']:.4g} ({value['p5']:.4g} to {value['p95']:.4g})"
    return f"{value:.4g}"


def _read_number(text: Any, path: str) -> float:
    return float(parse_decimal(text, path))


def _read_whole(text: Any, path: str) -> int:
    number = parse_decimal(text, path)
    if number != number.to_integral_value() or abs(number) >= 2**63:
        message = f"{text!r} is not a whole number"
        raise InvalidInput([build_error(path, "count-malformed", str(text), "a whole number", message)])
    return int(number)


def _read_count(text: Any, path: str) -> int:
    number = _read_whole(text, path)
    if not 1 <= number <= 1000:
        message = "sessions are counted from 1"
        raise InvalidInput([build_error(path, "session-out-of-range", number, "1 to 1000", message)])
    return number
