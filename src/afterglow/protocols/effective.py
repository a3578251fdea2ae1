"""Merges route, indication, profiles and a site's overlay into the one protocol that a session runs under.

Later layers replace earlier ones by id: shared session data, then the route, then the chosen profiles, then the
indication, then the overlay. Nothing is chosen silently: each profile's option is on the protocol, and where
sources disagree the protocol says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from afterglow.protocols.conditions import check_condition
from afterglow.protocols.loading import (
    is_meant_for,
    list_names,
    load_indication,
    load_profile,
    load_route,
    load_session_data,
    select,
)
from afterglow.protocols.model import Protocol, Rule
from afterglow.protocols.overlay import apply_overlay
from afterglow.protocols.reading import Reader
from afterglow.protocols.render import calculate_content_hash, parse_protocol, render_rule
from afterglow.protocols.rules import load_rules
from afterglow.terms import InvalidInput, build_error

Table = Mapping[str, Any]


def build_effective(
    protocol_id: str, *, indication: str | None, profiles: Mapping[str, str], overlay: Mapping[str, Any]
) -> Protocol:
    """Return the effective protocol; raise `InvalidInput` for unknown names or a value beyond its bounds."""
    route = find_route(protocol_id)
    chosen = choose_profiles(route, profiles)
    content = merge_content(route, chosen, find_indication(route, indication))
    protocol = parse_protocol(content)
    if overlay:
        protocol = apply_overlay(protocol, overlay)
    return replace(protocol, content_hash=calculate_content_hash(protocol))


def find_route(protocol_id: str) -> Table:
    """Return the data of a protocol id; raise `InvalidInput` when there is none."""
    names = list_names("routes")
    if protocol_id not in names:
        message = f"{protocol_id!r} is not a protocol"
        raise InvalidInput([build_error("protocol", "protocol-unknown", protocol_id, ", ".join(names), message)])
    return load_route(protocol_id)


def find_indication(route: Table, indication: str | None) -> Table | None:
    """Return the data of an indication that this protocol serves; None for no indication."""
    if indication is None:
        return None
    if indication not in route["indications"]:
        accepted = ", ".join(route["indications"])
        message = f"{route['id']} is not used for {indication!r}"
        raise InvalidInput([build_error("indication", "indication-unknown", indication, accepted, message)])
    return load_indication(indication)


def choose_profiles(route: Table, profiles: Mapping[str, str]) -> dict[str, str]:
    """Return the option of every profile: the route's own where none is asked for."""
    reader = Reader()
    chosen = dict(route["profiles"])
    for name, option in profiles.items():
        if name not in chosen:
            accepted = ", ".join(sorted(chosen))
            reader.refuse(f"profiles.{name}", "profile-unknown", name, accepted, f"{name!r} is not a profile")
            continue
        options = list_options(route, name)
        if option not in options:
            accepted = ", ".join(options)
            message = f"{option!r} is not an option of {name} for {route['id']}"
            reader.refuse(f"profiles.{name}", "profile-option-unknown", option, accepted, message)
        chosen[name] = option
    reader.raise_problems()
    return chosen


def list_options(route: Table, name: str) -> tuple[str, ...]:
    """Return the options of a profile that this route may choose."""
    options = load_profile(name)["options"]
    return tuple(option for option, table in options.items() if is_meant_for(table, route))


def merge_content(route: Table, chosen: Mapping[str, str], indication: Table | None) -> dict[str, Any]:
    """Return the merged content as plain data, ready for the strict reader."""
    layers = [load_profile(name)["options"][option] for name, option in chosen.items()]
    layers += [load_profile(name).get("common", {}) for name in chosen]
    layers += [indication] if indication else []
    settings = _merge_settings(layers, route)
    rules = _filter_rules(load_rules(), _list_known_facts(route, chosen, indication, settings))
    own_rules = [rule for layer in layers for rule in select(layer.get("rules", ()), route)]
    return {
        "id": route["id"],
        "version": route["version"],
        "title": route["title"],
        "drug": route["drug"],
        "route": route["route"],
        "pattern": route["pattern"],
        "is_runnable": route["is_runnable"],
        "indication": indication["id"] if indication else None,
        "profiles": dict(chosen),
        "doses": route["doses"],
        "limits": [*route.get("limits", ()), *select(load_session_data("schedule", "limit"), route)],
        "schedule": _merge_schedule(route, indication),
        "rules": [*(render_rule(rule) for rule in rules), *own_rules],
        "checks": _merge_by_id("checks", "check", layers, route),
        "due": _merge_by_id("due", "due", layers, route),
        "alarms": _merge_by_id("alarms", "alarm", layers, route),
        "ladders": list(_expand_ladders(select(load_session_data("ladders", "ladder"), route))),
        "gates": _merge_by_id("gates", "gate", layers, route),
        "settings": settings,
        "instructions": select(load_session_data("instructions", "instruction"), route),
        "rems_fields": select(load_session_data("rems", "field"), route),
        "disagreements": _collect_disagreements(route, chosen, indication),
        "indication_details": _describe_indication(route, indication),
        "route_facts": route.get("route_facts", {}),
    }


def _list_known_facts(
    route: Table, chosen: Mapping[str, str], indication: Table | None, settings: Table
) -> dict[str, Any]:
    """Return what the protocol itself answers of the facts that rules read."""
    facts = {"drug": route["drug"], "route": route["route"], "protocol": route["id"], "pattern": route["pattern"]}
    facts |= {f"profile.{name.replace('-', '_')}": option for name, option in chosen.items()}
    if "jurisdiction" in settings:
        facts["jurisdiction"] = settings["jurisdiction"]["value"]
    if indication:
        facts["indication"] = indication["id"]
    return facts


def _filter_rules(rules: Iterable[Rule], known: Mapping[str, Any]) -> list[Rule]:
    """Drop the rules that can never apply: what the protocol itself knows already says no."""
    return [rule for rule in rules if rule.applies is None or check_condition(rule.applies, known) is not False]


def _merge_by_id(file: str, kind: str, layers: Iterable[Table], route: Table) -> list[dict[str, Any]]:
    """Return the shared entries of a kind with those of the layers, an entry replacing an earlier one of its id."""
    replaced = {**{entry["id"]: entry for entry in select(load_session_data(file, kind), route)}}
    for layer in [*layers, route.get("replace", {})]:
        for entry in select(layer.get(file, ()), route):
            kept = replaced.get(entry["id"], {})
            params = {**kept.get("params", {}), **entry.get("params", {})}
            replaced[entry["id"]] = {**kept, **entry, **({"params": params} if params else {})}
    return list(replaced.values())


def _merge_settings(layers: Iterable[Table], route: Table) -> dict[str, Any]:
    settings = {entry["name"]: entry["value"] for entry in select(load_session_data("settings", "setting"), route)}
    for layer in [*layers, route.get("replace", {})]:
        settings |= layer.get("settings", {})
    return settings


def _merge_schedule(route: Table, indication: Table | None) -> dict[str, Any]:
    schedule = {**route.get("schedule", {}), "reviews": select(load_session_data("schedule", "review"), route)}
    if indication:
        for part in select(indication.get("schedule", ()), route):
            schedule |= part
    return schedule


def _expand_ladders(ladders: Iterable[Table]) -> Iterable[dict[str, Any]]:
    """Yield one rung per step and phase."""
    shared = ("event", "source", "locator", "grade")
    for ladder in ladders:
        for phase in ladder["phases"]:
            for order, step in enumerate(ladder["steps"], start=1):
                yield {"phase": phase, "order": order, **{key: ladder[key] for key in shared}, **step}


def _collect_disagreements(route: Table, chosen: Mapping[str, str], indication: Table | None) -> list[dict[str, Any]]:
    found = []
    for name, option in chosen.items():
        profile = load_profile(name)
        others = [other for other in list_options(route, name) if other != option]
        found.append(
            {
                "id": name,
                "title": profile["title"],
                "text": profile["disagreement"],
                "chosen": option,
                "chosen_title": profile["options"][option]["title"],
                "others": others,
                **{key: profile[key] for key in ("source", "locator", "grade")},
            }
        )
    return [*found, *route.get("disagreements", ()), *(indication or {}).get("disagreements", ())]


def _describe_indication(route: Table, indication: Table | None) -> dict[str, Any]:
    if indication is None:
        return {}
    consent = select(indication["consent"], route)
    off_label = consent[-1] if consent else {}
    return {"title": indication["title"], **indication["outcome"], "consent": off_label}
