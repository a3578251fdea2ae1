"""Work out a dose from weight, order and vial: milligrams, volumes, bag, pump rate, line, rest; or devices and times.

Exit status 1 when a limit stops the dose. Nothing is rounded but what a syringe or a pump rounds.
"""

import argparse
from typing import Any

from afterglow.commands import DONE, REFUSED, print_json
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.dose import DoseSheet, calculate_dose, check_step, check_weight
from afterglow.protocols.dose_inputs import Inputs, read_quantity
from afterglow.protocols.model import Pattern, Protocol
from afterglow.terms import Finding, InvalidInput, build_error, parse_decimal

HELP = "work out a dose, with every step and what the limits say"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a dose."""
    add = parser.add_argument
    add("--protocol", required=True, metavar="ID", help="protocol id, see `afterglow protocols`")
    add("--indication", metavar="ID", help="what is treated, for example trd")
    add("--weight", metavar="KG", help="today's body weight in kg")
    add("--dose", metavar="DOSE", help="0.5mg/kg, 35mg, 56mg")
    add("--devices", metavar="N", help="number of spray devices instead of --dose")
    add("--over", metavar="TIME", help="40min or 1h; the protocol's own time otherwise")
    add("--cap", metavar="MG", help="never more than this, in mg")
    add("--vial", metavar="MG_PER_ML", help="strength of the vial in hand, in mg/mL")
    add("--diluent", metavar="ML", help="volume of the bag")
    add("--replace", action="store_true", help="take the drawn volume out of the bag first")
    add("--line", metavar="ML", help="volume of the line")
    add("--flush", metavar="ML", help="volume of the flush; the line's volume otherwise")
    add("--parts", metavar="N", help="give an injection in this many parts")
    add("--age", metavar="YEARS", help="age, where a label asks for it")
    add("--first", action=argparse.BooleanOptionalAction, help="whether this is the first dose of the course")
    add("--weighed-days-ago", metavar="DAYS", help="age of the weight")
    add("--previous-weight", metavar="KG", help="weight at the last session")
    add("--previous-dose", metavar="DOSE", help="dose of the last session, in the unit of --dose")


def run(args: argparse.Namespace) -> int:
    """Print the sheet; return 1 when a limit stops the dose."""
    protocol = get_effective(args.protocol, indication=args.indication)
    dose = _read_dose(args, protocol)
    sheet = calculate_dose(protocol, dose=dose, **_collect(args))
    further = _check_course(args, protocol, dose, sheet)
    known = {(finding.rule, finding.seen) for finding in sheet.findings}
    findings = (*sheet.findings, *(finding for finding in further if (finding.rule, finding.seen) not in known))
    is_refused = sheet.is_refused or any(finding.severity == "stop" for finding in further)
    if args.json:
        print_json(
            {**sheet.to_json(), "findings": [finding.to_json() for finding in findings], "is_refused": is_refused}
        )
    else:
        print_sheet(sheet, findings, is_refused=is_refused)
    return REFUSED if is_refused else DONE


def print_sheet(sheet: DoseSheet, findings: tuple[Finding, ...], *, is_refused: bool) -> None:
    """Write the sheet for a person: one step per line, then the findings."""
    width = max(len(step.label) for step in sheet.steps)
    for step in sheet.steps:
        print(f"{step.label:<{width}}  {step.formula} = {step.result}")
    for finding in findings:
        print()
        print(f"{finding.severity.upper()}  {finding.rule}  {finding.title}")
        print(f"  seen: {finding.seen}; limit: {finding.threshold}")
        print(f"  {finding.asks} Override: {finding.override}. {finding.source} ({finding.grade.label})")
    if is_refused:
        print("\nThis dose is refused until the stops above are settled.")


def _read_dose(args: argparse.Namespace, protocol: Protocol) -> str:
    if args.devices is None and args.dose is None:
        message = "a dose is needed"
        raise InvalidInput([build_error("dose", "dose-missing", None, "--dose 0.5mg/kg or --devices 2", message)])
    if args.devices is None:
        return str(args.dose)
    if protocol.pattern is not Pattern.DEVICES or args.dose is not None:
        message = "--devices stands alone, and only for a spray in devices"
        raise InvalidInput([build_error("devices", "devices-not-used", args.devices, "--dose", message)])
    count = _read_whole("devices", args.devices, lowest=1, highest=100)
    return f"{count * protocol.doses['device_mg'].value}mg"


def _collect(args: argparse.Namespace) -> dict[str, Any]:
    given = {
        "weight_kg": args.weight,
        "over": args.over,
        "cap_mg": args.cap,
        "vial_mg_per_ml": args.vial,
        "diluent_ml": args.diluent,
        "line_ml": args.line,
        "flush_ml": args.flush,
        "replaces_volume": args.replace or None,
        "parts": None if args.parts is None else _read_whole("parts", args.parts),
        "age_years": None if args.age is None else _read_whole("age", args.age),
        "is_first": args.first,
    }
    return {name: value for name, value in given.items() if value is not None}


def _check_course(args: argparse.Namespace, protocol: Protocol, dose: str, sheet: DoseSheet) -> tuple[Finding, ...]:
    """Return what the weight's age and the step from the last dose add, where they were told."""
    found: list[Finding] = []
    if args.weighed_days_ago is not None or args.previous_weight is not None:
        age_d = None if args.weighed_days_ago is None else _read_whole("weighed-days-ago", args.weighed_days_ago)
        found += check_weight(
            protocol, weight_kg=sheet.weight_kg, age_d=age_d, previous_kg=_read_weight(args.previous_weight)
        )
    if args.previous_dose is not None:
        unit = "mg/kg" if dose.endswith("mg/kg") else "mg"
        now, before = (read_quantity(text, "previous-dose", (unit,)).value for text in (dose, args.previous_dose))
        found += check_step(protocol, dose=now, previous=before, is_per_kg=unit == "mg/kg")
    return tuple(found)


def _read_weight(text: str | None) -> Any:
    if text is None:
        return None
    inputs = Inputs()
    weight = inputs.read_weight(text)
    inputs.raise_problems()
    return weight


def _read_whole(path: str, text: str, *, lowest: int = 0, highest: int = 1000) -> int:
    accepted = f"a whole number from {lowest} to {highest}"
    number = parse_decimal(text, path)
    if number != number.to_integral_value() or not lowest <= number <= highest:
        message = f"{text!r} is not {accepted}"
        raise InvalidInput([build_error(path, "count-malformed", text, accepted, message)])
    return int(number)
