"""What was answered about suicide, in our own words: each answer with its range, each C-SSRS with its triage level."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from afterglow.clinic.measures import risk
from afterglow.clinic.measures.models import RiskAlert
from afterglow.clinic.measures.unformed import CHECK_IN, list_told
from afterglow.clinicday.risk import NONE, OLDER, RECENT, find_row, load_words
from afterglow.instruments import Instrument, get_instrument, load_instruments
from afterglow.instruments.model import Item
from afterglow.terms.conditions import check_condition

HIGHEST_IDEATION = 5


def list_answers(standing: risk.Standing) -> list[dict[str, Any]]:
    """Return the answers that hold the dose, without those of a C-SSRS that is shown whole."""
    shown = {screen.result.form_id for screen in standing.screens if screen.result is not None}
    return [_describe_alert(alert) for alert in standing.alerts if alert.form_id not in shown]


def _describe_alert(alert: RiskAlert) -> dict[str, Any]:
    if alert.instrument == CHECK_IN:
        told = [{"what": what, "value": value, "before": ""} for what, value in list_told(alert)]
        return {"alert": alert, "title": _("Check-in"), "seen": told, "is_compared": False}
    definition = load_instruments().get(alert.instrument)
    known = {item.id: item for item in definition.items} if definition is not None else {}
    rows = [
        {
            "what": f"{name}. {known[name].label}" if name in known else name,
            "value": say_value(known.get(name), value),
            "before": say_value(known.get(name), alert.before[name]) if name in alert.before else "",
        }
        for name, value in alert.seen.items()
    ]
    return {
        "alert": alert,
        "title": alert.title if definition is None else definition.title,
        "seen": rows,
        "is_compared": definition is not None and alert.instrument not in risk.CSSRS,
    }


def describe_screens(standing: risk.Standing) -> dict[str, Any]:
    """Return the C-SSRS since the first open alert, the last one first, and the one before them."""
    newest = risk.find_newest(standing.alerts)
    rows = [_describe_screen(screen, newest) for screen in reversed(standing.screens)]
    before, row = standing.before, standing.release.row
    return {
        "rows": rows,
        "level": "" if row is None else _(load_words()["rows"][row.value]),
        "before": None if before is None else {"at": before.at, "ideation": _say_ideation(before.ideation)},
    }


def say_value(item: Item | None, value: str) -> str:
    """Return an answer with the highest there is and our own label; yes and no stand alone."""
    if item is None:
        return value
    label = next((each.label for each in item.answers if each.value == Decimal(value)), "")
    if item.maximum == 1 and label:
        return label
    told = _("%(value)s of %(highest)s") % {"value": value, "highest": f"{item.maximum:f}"}
    return f"{told}, {label}" if label else told


def _describe_screen(screen: risk.Screen, newest: datetime | None) -> dict[str, Any]:
    result = screen.result
    told: dict[str, Any] = {
        "at": screen.at,
        "title": _("Suicide questions of a session"),
        "level": _(load_words()["rows"][find_row(screen.ideation, screen.behaviour).value]),
        "ideation": _say_ideation(screen.ideation),
        "behaviour": _say_behaviour(screen.behaviour),
        "yes": [],
        "open": [],
        "is_earlier": newest is not None and screen.at < newest,
    }
    if result is not None:
        definition = get_instrument(result.instrument, result.version)
        told |= {"title": definition.title, **_sort_items(definition, result.answers)}
    return told


def _sort_items(definition: Instrument, answers: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Return the items that were answered yes, and those that were asked and not answered."""
    values = {name: Decimal(value) for name, value in answers.items()}
    words = {item.id: f"{item.id}. {item.label}" for item in definition.items}
    asked = [
        item.id
        for item in definition.items
        if item.asked_when is None or check_condition(item.asked_when, values) is True
    ]
    return {
        "yes": [words[name] for name in words if values.get(name, Decimal(0)) > 0],
        "open": [words[name] for name in asked if name not in values],
    }


def _say_ideation(level: int | None) -> str:
    if level is None:
        return _("not known")
    return _("%(value)s of %(highest)s") % {"value": level, "highest": HIGHEST_IDEATION}


def _say_behaviour(behaviour: str | None) -> str:
    words = {
        NONE: _("none"),
        OLDER: _("longer than 3 months ago"),
        RECENT: _("within 3 months or since the last contact"),
    }
    return _("not known") if behaviour is None else words[behaviour]
