"""The protocols, readable by everyone who works under them: every number with its grade and source."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from afterglow.protocols import catalogue
from afterglow.protocols.model import Protocol
from afterglow.terms import InvalidInput
from afterglow.web.access import staff_page
from afterglow.web.presenting import describe_citation, describe_condition, describe_name, describe_value


@staff_page("protocol.read", methods=("GET", "HEAD"))
def list_protocols(request: HttpRequest) -> HttpResponse:
    """Return the list of protocols."""
    protocols = [catalogue.get_effective(key) for key in catalogue.load_protocol_ids()]
    return render(request, "web/protocols/list.html", {"protocols": protocols})


@staff_page("protocol.read", methods=("GET", "HEAD"))
def show_protocol(request: HttpRequest, protocol_id: str) -> HttpResponse:
    """Return one protocol with everything it holds."""
    if protocol_id not in catalogue.load_protocol_ids():
        raise Http404
    indication = request.GET.get("indication") or None
    try:
        protocol = catalogue.get_effective(protocol_id, indication=indication)
    except InvalidInput:
        raise Http404 from None
    return render(request, "web/protocols/show.html", build_protocol_page(protocol))


def build_protocol_page(protocol: Protocol) -> dict[str, Any]:
    """Return the protocol's parts as rows for the page."""
    return {
        "protocol": protocol,
        "doses": [_value_row(describe_name(name), value) for name, value in protocol.doses.items()],
        "limits": [_limit_row(limit) for limit in protocol.limits],
        "settings": [_value_row(describe_name(name), value) for name, value in sorted(protocol.settings.items())],
        "schedule": [_schedule_row(name, item) for name, item in protocol.schedule.items()],
        "rules": [_rule_row(rule) for rule in protocol.rules],
        "checks": [_check_row(check) for check in protocol.checks],
        "due": [_due_row(item) for item in protocol.due],
        "alarms": [_alarm_row(alarm) for alarm in protocol.alarms],
        "ladders": [{"step": step, "source": describe_citation(step.citation)} for step in protocol.ladders],
        "gates": [_check_row(gate) for gate in protocol.gates],
        "profiles": [(describe_name(name), value) for name, value in protocol.profiles.items()],
        "instructions": [_list_items(item) for item in protocol.instructions],
        "rems_fields": [_list_items(item) for item in protocol.rems_fields],
        "disagreements": [_list_items(item) for item in protocol.disagreements],
    }


def _value_row(name: str, value: Any) -> dict[str, Any]:
    return {
        "name": name,
        "value": describe_value(value.value),
        "unit": value.unit,
        "note": value.note,
        "source": describe_citation(value.citation),
    }


def _limit_row(limit: Any) -> dict[str, Any]:
    return {"limit": limit, **_value_row(describe_name(limit.of), limit.value)}


def _schedule_row(name: str, item: Any) -> dict[str, Any]:
    if hasattr(item, "citation"):
        return _value_row(describe_name(name), item)
    return {"name": describe_name(name), "value": _describe_nested(item), "unit": "", "note": "", "source": None}


def _describe_nested(item: Any) -> str:
    if hasattr(item, "citation"):
        return f"{describe_value(item.value)} {item.unit}".strip()
    if hasattr(item, "items"):
        return "; ".join(f"{describe_name(str(key))}: {_describe_nested(value)}" for key, value in item.items())
    if isinstance(item, list | tuple):
        return ", ".join(_describe_nested(value) for value in item)
    return describe_value(item)


def _rule_row(rule: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "stages": ", ".join(describe_name(str(stage)) for stage in rule.stages),
        "applies": describe_condition(rule.applies),
        "when": describe_condition(rule.when),
        "source": describe_citation(rule.citation),
    }


def _check_row(check: Any) -> dict[str, Any]:
    params = [_value_row(describe_name(name), value) for name, value in check.params.items()]
    return {"check": check, "params": params, "source": describe_citation(check.citation)}


def _due_row(item: Any) -> dict[str, Any]:
    value = item.every_min or item.at_min
    row = _value_row(item.text or ", ".join(describe_name(name) for name in item.items), value) if value else {}
    return {"item": item, "is_repeating": item.every_min is not None, **row}


def _alarm_row(alarm: Any) -> dict[str, Any]:
    return {
        "alarm": alarm,
        "applies": describe_condition(alarm.applies),
        "when": describe_condition(alarm.when),
        "source": describe_citation(alarm.citation),
    }


def _list_items(item: Any) -> list[tuple[str, str]]:
    return [(describe_name(str(key)), _describe_nested(value)) for key, value in item.items()]
