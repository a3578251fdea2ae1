"""List the treatment protocols, or print one in full: every number with its unit, source and grade.

A clinic's own values (`--overlay FILE`, JSON or TOML) and profiles (`--profile fasting=graded-risk`) are merged first.
"""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from afterglow.commands import DONE, parse_toml, print_json, read_json, read_text
from afterglow.protocols.catalogue import (
    get_effective,
    load_profile_options,
    load_protocol_ids,
    render_protocol,
)
from afterglow.protocols.effective import find_route
from afterglow.protocols.model import Protocol, Value
from afterglow.terms import Citation, InvalidInput, build_error

HELP = "list the protocols, or print one with every number, grade and source"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the id and what is merged into the protocol."""
    parser.add_argument("id", nargs="?", metavar="ID", help="protocol id; all are listed without it")
    parser.add_argument("--indication", metavar="ID", help="what is treated, for example trd")
    parser.add_argument("--profile", action="append", default=[], metavar="NAME=OPTION", help="choose among sources")
    parser.add_argument("--overlay", metavar="FILE", help="a clinic's own values, JSON or TOML, - for standard input")


def run(args: argparse.Namespace) -> int:
    """Print the list or the protocol."""
    if args.id is None:
        rows = [describe_route(name) for name in load_protocol_ids()]
        if args.json:
            print_json({"protocols": rows})
        else:
            print_list(rows)
        return DONE
    overlay = read_overlay(args.overlay) if args.overlay else None
    protocol = get_effective(
        args.id, indication=args.indication, profiles=dict(read_profile(text) for text in args.profile), overlay=overlay
    )
    if args.json:
        print_json(render_protocol(protocol))
    else:
        print("\n".join(iterate_lines(protocol)))
    return DONE


def describe_route(protocol_id: str) -> dict[str, Any]:
    """Return one line of the list: id, title, axes, indications and the options of each profile."""
    route = find_route(protocol_id)
    return {
        "id": route["id"],
        "version": route["version"],
        "title": route["title"],
        "drug": route["drug"],
        "route": route["route"],
        "is_runnable": route["is_runnable"],
        "indications": route["indications"],
        "profiles": {name: list(options) for name, options in load_profile_options(protocol_id).items()},
    }


def print_list(rows: list[dict[str, Any]]) -> None:
    """Write the list for a person."""
    for row in rows:
        use = "sessions" if row["is_runnable"] else "planning only"
        print(f"{row['id']:<22}{row['title']:<30}{row['drug']:<12}{use:<15}{', '.join(row['indications'])}")


def read_profile(text: str) -> tuple[str, str]:
    """Return name and option of `NAME=OPTION`."""
    name, sign, option = text.partition("=")
    if not (name and sign and option):
        message = f"{text!r} is not NAME=OPTION"
        raise InvalidInput([build_error("profile", "profile-malformed", text, "fasting=graded-risk", message)])
    return name, option


def read_overlay(path: str) -> Mapping[str, Any]:
    """Return a clinic's values from a file: a flat table of place and number."""
    if path.endswith(".toml"):
        content: Any = parse_toml(read_text(path, "overlay"), path, "overlay")
    else:
        content = read_json(path, "overlay")
    if not isinstance(content, dict):
        message = "an overlay is a table of places and numbers"
        raise InvalidInput([build_error("overlay", "overlay-malformed", path, '{"gates.G-2.minutes": 90}', message)])
    return content


def iterate_lines(protocol: Protocol) -> Iterator[str]:
    """Yield the protocol line by line: every value with unit, source, place and grade."""
    yield f"{protocol.title} ({protocol.id}), version {protocol.version}"
    yield f"drug {protocol.drug}, route {protocol.route}, given as {protocol.pattern}"
    yield f"indication {protocol.indication or 'not chosen'}; {'' if protocol.is_runnable else 'planning only'}".rstrip(
        "; "
    )
    yield f"content {protocol.content_hash}"
    for name, values in (
        ("Doses", protocol.doses),
        ("Settings", protocol.settings),
        ("Clinic's own", protocol.overlay),
    ):
        yield from _iterate_section(name, values)
    yield "\nLimits"
    for limit in protocol.limits:
        sentence = f"{limit.id} {limit.of} {limit.level} {limit.comparison} {describe_value(limit.value)} {limit.text}"
        yield f"  {sentence.rstrip()}"
    for name, values in (("Schedule", protocol.schedule), ("Indication", protocol.indication_details)):
        yield from _iterate_section(name, values)
    yield from _iterate_session(protocol)
    yield "\nRules"
    for rule in protocol.rules:
        sentence = f"{rule.key} {rule.severity}: {rule.title}. {rule.threshold}."
        yield f"  {sentence} Override: {rule.override}. {cite(rule.citation)}"
    yield from _iterate_section("Instructions", {item["id"]: item for item in protocol.instructions})
    yield from _iterate_section("Route", protocol.route_facts)
    yield "\nWhere sources disagree"
    for item in protocol.disagreements:
        chosen = f" Chosen: {item['chosen']} ({item['chosen_title']})." if "chosen" in item else ""
        yield f"  {item['title']}: {item['text']}{chosen}"


def _iterate_session(protocol: Protocol) -> Iterator[str]:
    for title, parts in (("Checks", protocol.checks), ("Release gates", protocol.gates)):
        yield f"\n{title}"
        for part in parts:
            yield f"  {part.id} {part.title}. Override: {part.override}. {cite(part.citation)}"
            yield from _iterate_values(part.params, "    ")
    yield "\nDue"
    for item in protocol.due:
        yield f"  {item.id} {item.text}: {', '.join(item.items)}, from {item.anchor}"
        times = {name: getattr(item, name) for name in ("at_min", "every_min", "from_min", "until_min", "window_min")}
        yield from _iterate_values({name: value for name, value in times.items() if value is not None}, "    ")
    yield "\nAlarms"
    for row in protocol.alarms:
        yield f"  {row.id} {row.priority.upper()}: {row.limit_text}. First: {row.first_act} {cite(row.citation)}"
    yield "\nLadders"
    for step in protocol.ladders:
        caution = f" Caution: {step.caution}" if step.caution else ""
        yield f"  {step.event}, {step.phase}, {step.order}: {step.act}{caution} {cite(step.citation)}"


def _iterate_section(title: str, content: Mapping[str, Any]) -> Iterator[str]:
    if content:
        yield f"\n{title}"
        yield from _iterate_values(content, "  ")


def _iterate_values(content: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, part in content.items():
        if isinstance(part, Value):
            yield f"{indent}{name}: {describe_value(part)}"
        elif isinstance(part, Mapping):
            yield f"{indent}{name}"
            yield from _iterate_values(part, indent + "  ")
        elif isinstance(part, tuple) and any(isinstance(item, Mapping) for item in part):
            for item in part:
                yield f"{indent}{name} {item.get('id', '')}".rstrip()
                yield from _iterate_values(item, indent + "  ")
        else:
            yield f"{indent}{name}: {', '.join(part) if isinstance(part, tuple) else part}"


def describe_value(value: Value) -> str:
    """Return a value with unit, source, place, grade in words, and note."""
    content = ", ".join(value.value) if isinstance(value.value, tuple) else value.value
    content = {True: "yes", False: "no"}[content] if isinstance(content, bool) else content
    unit = "" if value.unit in ("", "1", "{score}") else f" {value.unit}"
    note = f"; {value.note}" if value.note else ""
    return f"{content}{unit} {cite(value.citation)}{note}"


def cite(citation: Citation) -> str:
    """Return source, place and grade in brackets."""
    return f"[{citation.text}; {citation.grade.label}]"
