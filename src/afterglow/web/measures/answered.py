"""What was answered about suicide, in our own words: each answer with its range, each C-SSRS with its triage level."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.clinic import policy
from afterglow.clinic.measures import risk
from afterglow.clinic.measures.earlier import CHART, FORM, LATE, find_elsewhere, list_others, list_own
from afterglow.clinic.measures.models import RiskAlert
from afterglow.clinic.measures.unformed import CHECK_IN, SESSION, list_told
from afterglow.clinicday.risk import NONE, OLDER, RECENT, find_row, load_words
from afterglow.instruments import Instrument, get_instrument, load_instruments
from afterglow.instruments.model import Item
from afterglow.terms.conditions import check_condition
from afterglow.web.templatetags.words import day

HIGHEST_IDEATION = 5
WAYS = {
    "link": gettext_lazy("on the phone"),
    "staff": gettext_lazy("form in the clinic"),
    "clinician": gettext_lazy("form of a clinician"),
    "paper": gettext_lazy("from paper"),
    "session": gettext_lazy("in a session"),
    "check-in": gettext_lazy("at the check-in"),
    "referral": gettext_lazy("in the referral"),
    "call-back": gettext_lazy("on a call-back"),
}
PLACES = {
    FORM: gettext_lazy("form"),
    LATE: gettext_lazy("after a form was closed"),
    CHART: gettext_lazy("chart entry"),
}


def list_answers(standing: risk.Standing, user: Any) -> list[dict[str, Any]]:
    """Return the answers that hold the dose, without those of a C-SSRS that is shown whole."""
    shown = {screen.result.form_id for screen in standing.screens if screen.result is not None}
    return [describe_alert(alert, user) for alert in standing.alerts if alert.form_id not in shown]


def describe_alert(alert: RiskAlert, user: Any) -> dict[str, Any]:
    """Return the answers of an alert with the time, where they were given, and what was answered before."""
    definition = load_instruments().get(alert.instrument)
    known = {item.id: item for item in definition.items} if definition is not None else {}
    is_compared = definition is not None and alert.instrument not in risk.CSSRS
    told = dict(list_told(alert)) if alert.instrument == CHECK_IN else {}
    rows = [{"what": what, "value": value, "before": ""} for what, value in told.items()] or [
        {
            "what": f"{name}. {known[name].label}" if name in known else name,
            "value": say_value(known.get(name), value),
            "before": _say_before(alert, name, known.get(name)) if is_compared else "",
        }
        for name, value in alert.seen.items()
    ]
    title = _("Check-in") if told else alert.title if definition is None else definition.title
    return {
        "alert": alert,
        "title": title,
        "seen": rows,
        "at": alert.observed_at or alert.raised_at,
        "where": _say_where(alert),
        "url": _find_url(alert, user),
    }


def _say_before(alert: RiskAlert, name: str, item: Item | None) -> str:
    """Return what the same question was answered with before, and where; else what another instrument was told."""
    patient, before = alert.patient, alert.before.get(name)
    own = [] if alert.form is None else list_own(alert.form, name, before=alert.raised_at)
    if before is not None:
        value = say_value(item, before)
        if any(each.value == Decimal(before) for each in own):
            return _("earlier in the same form: %(value)s") % {"value": value}
        same = [
            each
            for each in list_others(patient, [alert.instrument], but=alert.form)
            if each.item == name and each.value == Decimal(before) and each.at < alert.raised_at
        ]
        words = _("the time before: %(value)s") % {"value": value}
        return f"{words}, {day(same[0].at)}, {PLACES[same[0].where]}" if same else words
    if own:
        # alerts from before this was compared with
        return _("earlier in the same form: %(value)s") % {"value": say_value(item, f"{own[-1].value:f}")}
    words = _("no earlier answer to this question")
    other = find_elsewhere(patient, [alert.instrument, *risk.CSSRS], before=alert.observed_at or alert.raised_at)
    if other is None:
        return words
    definition = load_instruments()[other.instrument]
    asked = next((each for each in definition.items if each.id == other.item), None)
    values = {
        "title": definition.title,
        "item": other.item if asked is None else f"{other.item}. {asked.label}",
        "value": say_value(asked, f"{other.value.normalize():f}"),
        "day": day(other.at),
    }
    return f"{words}; " + _("another instrument, not compared: %(title)s, %(item)s: %(value)s, %(day)s") % values


def _say_where(alert: RiskAlert) -> str:
    """Return by which way an answer came."""
    if alert.form is not None:
        way = WAYS.get(alert.form.way, WAYS["staff"])
        return _("%(way)s, after the form was closed") % {"way": way} if alert.late_answers.exists() else str(way)
    return str(WAYS.get(alert.way, ""))


def _find_url(alert: RiskAlert, user: Any) -> str:
    """Return where the answer stands in full, for who may open it."""
    patient = alert.patient
    if alert.form is not None:
        result = alert.form.results.order_by("-number").first()
        return "" if result is None else reverse("web:measure-result", args=[patient.pk, result.pk])
    if alert.way == SESSION and policy.allow(user, "session.read", patient):
        return reverse("web:session", args=[alert.source])
    return ""


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
