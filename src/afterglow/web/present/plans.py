"""Plans in words: what is given, what the signature covers, when, and what the arithmetic says today."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.clinic.plans.calendar import build_calendar as propose_sessions
from afterglow.clinic.plans.values import find_protocol as find_draft_protocol
from afterglow.clinic.plans.values import load_signed_protocol
from afterglow.protocols import catalogue
from afterglow.protocols.dose import calculate_dose
from afterglow.protocols.model import Pattern, Protocol
from afterglow.terms import InvalidInput
from afterglow.web.templatetags.words import day, plain

DAYS = (
    (gettext_lazy("Mo"), gettext_lazy("Monday")),
    (gettext_lazy("Tu"), gettext_lazy("Tuesday")),
    (gettext_lazy("We"), gettext_lazy("Wednesday")),
    (gettext_lazy("Th"), gettext_lazy("Thursday")),
    (gettext_lazy("Fr"), gettext_lazy("Friday")),
    (gettext_lazy("Sa"), gettext_lazy("Saturday")),
    (gettext_lazy("Su"), gettext_lazy("Sunday")),
)
SHOWN_WEEKS = 8


def find_protocol(plan: Any) -> Protocol | None:
    """Return the effective protocol of a plan: the one it was signed with, or today's for a draft."""
    if plan.protocol_hash:
        return load_signed_protocol(plan)
    try:
        return find_draft_protocol(plan)
    except InvalidInput:
        return None


def describe_protocol(protocol_id: str) -> str:
    """Return a protocol's title."""
    try:
        return catalogue.get_effective(protocol_id).title
    except InvalidInput:
        return protocol_id


def describe_dose(plan: Any) -> str:
    """Return what a signature covers: dose, cap and duration, never a volume."""
    parts = []
    if plan.dose_mg_per_kg is not None:
        parts.append(_("%(n)s mg/kg") % {"n": plain(plan.dose_mg_per_kg)})
    elif plan.dose_mg is not None:
        parts.append(_("%(n)s mg") % {"n": plain(plan.dose_mg)})
    if plan.cap_mg is not None:
        parts.append(_("cap %(n)s mg") % {"n": plain(plan.cap_mg)})
    if plan.over_min is not None:
        parts.append(_("over %(n)s min") % {"n": plain(plan.over_min)})
    return ", ".join(parts) or _("no dose yet")


def calculate_sheet(plan: Any, protocol: Protocol | None, weight_kg: Decimal | None, **supply: Any) -> Any:
    """Return today's dose sheet for a plan or order, or None when something needed is not there."""
    dose = build_dose_text(plan)
    if protocol is None or not dose:
        return None
    given: dict[str, Any] = {"weight_kg": weight_kg}
    if protocol.pattern is Pattern.INFUSION and plan.over_min is not None:
        given["over"] = f"{plain(plan.over_min)} min"
    if protocol.pattern in (Pattern.INFUSION, Pattern.INJECTION, Pattern.SPRAYS, Pattern.SWALLOWED):
        given["cap_mg"] = plan.cap_mg
    try:
        return calculate_dose(protocol, dose=dose, **given, **supply)
    except InvalidInput:
        return None


def build_dose_text(plan: Any) -> str:
    """Return the dose as the calculator reads it."""
    if plan.dose_mg_per_kg is not None:
        return f"{plain(plan.dose_mg_per_kg)} mg/kg"
    return f"{plain(plan.dose_mg)} mg" if plan.dose_mg is not None else ""


def list_worked(plan: Any, weight_kg: Decimal | None) -> list[dict[str, str]]:
    """Return what the dose would be at the last weight, and where the cap takes over."""
    if plan.dose_mg_per_kg is None:
        return [{"words": _("Fixed dose"), "value": _("%(n)s mg") % {"n": plain(plan.dose_mg)}}] if plan.dose_mg else []
    lines = []
    if weight_kg:
        mg = weight_kg * plan.dose_mg_per_kg
        if plan.cap_mg is not None:
            mg = min(mg, plan.cap_mg)
        words = _("If %(kg)s kg again, × %(dose)s") % {"kg": plain(weight_kg), "dose": plain(plan.dose_mg_per_kg)}
        lines.append({"words": words, "value": _("%(n)s mg") % {"n": plain(mg.quantize(Decimal("0.1")))}})
    else:
        lines.append({"words": _("No weight on file"), "value": _("weigh first")})
    if plan.cap_mg is not None and plan.dose_mg_per_kg:
        reached = (plan.cap_mg / plan.dose_mg_per_kg).quantize(Decimal("0.1"))
        lines.append({"words": _("Cap is reached at"), "value": _("%(n)s kg") % {"n": plain(reached)}})
    return lines


def list_on_the_day(protocol: Protocol | None) -> list[dict[str, str]]:
    """Return what waits for the vial in hand."""
    if protocol is None or protocol.pattern is Pattern.DEVICES:
        return []
    lines = [{"words": _("Volume to draw up"), "value": _("from the vial in hand")}]
    if protocol.pattern is Pattern.INFUSION:
        lines.append({"words": _("Bag and pump rate"), "value": _("from that volume")})
    return lines


def list_schedule(plan: Any) -> list[dict[str, str]]:
    """Return a signed plan's schedule as lines."""
    lines = [
        (_("Induction"), plan.induction_sessions, _("sessions")),
        (_("Each week"), plan.sessions_per_week, _("sessions")),
        (_("Upkeep starts every"), plan.maintenance_every_wk, _("weeks")),
        (_("Vitals in session every"), plan.vitals_every_min, _("min")),
        (_("Observe at least"), plan.observe_min, _("min")),
    ]
    rows = [{"words": words, "value": f"{value} {unit}"} for words, value, unit in lines if value]
    if plan.maintenance_then:
        rows.append({"words": _("Then"), "value": plan.maintenance_then})
    if plan.notes:
        rows.append({"words": _("Note"), "value": plan.notes})
    return rows


def build_calendar(plan: Any, protocol: Protocol | None, today: date) -> dict[str, Any] | None:
    """Return the weeks of the induction as a table of days; None without a rhythm."""
    proposed = propose_sessions(plan, today=today)
    induction = [item.on for item in proposed if item.phase == "induction"]
    if not induction:
        return None
    kinds = dict.fromkeys(induction, "session")
    for number in list_review_sessions(protocol):
        if number <= len(induction):
            kinds.setdefault(_next_weekday(induction[number - 1]), "review")
    upkeep = next((item.on for item in proposed if item.phase == "maintenance"), None)
    if upkeep is not None:
        kinds[upkeep] = "upkeep"
    monday = induction[0] - timedelta(days=induction[0].weekday())
    weeks = min((max(kinds) - monday).days // 7 + 1, SHOWN_WEEKS)
    end = monday + timedelta(days=weeks * 7 - 1)
    return {
        "title": f"{day(monday, 'short')} – {day(end, 'short')}",
        "route": describe_protocol(plan.protocol),
        "days": [{"short": short, "long": long} for short, long in DAYS],
        "weeks": [_build_week(monday, index, kinds) for index in range(weeks)],
    }


def list_reviews(protocol: Protocol | None) -> list[Any]:
    """Return the protocol's reviews that are tied to a session or a week."""
    reviews = protocol.schedule.get("reviews", ()) if protocol is not None else ()
    return [item for item in reviews if "after_session" in item or "after_week" in item]


def list_review_sessions(protocol: Protocol | None) -> list[int]:
    """Return after which sessions improvement is judged."""
    judged = [item for item in list_reviews(protocol) if "improvement_below" in item and "after_session" in item]
    return [int(getattr(item["after_session"], "value", item["after_session"])) for item in judged]


def _next_weekday(on: date) -> date:
    """Return the working day after a session, when its review is due."""
    following = on + timedelta(days=1)
    return following + timedelta(days=max(0, 7 - following.weekday())) if following.weekday() > 4 else following


def _build_week(monday: date, index: int, kinds: dict[date, str]) -> dict[str, Any]:
    words = {"session": _("session"), "review": _("review"), "upkeep": _("first upkeep")}
    cells = []
    for offset in range(7):
        on = monday + timedelta(days=index * 7 + offset)
        kind = kinds.get(on, "")
        cells.append({"number": on.day, "kind": kind, "words": words.get(kind, "")})
    return {"name": _("w%(n)d") % {"n": index + 1}, "cells": cells}
