"""Today's order: the weight and its age, the dose sheet, findings, what was signed, and what opens the session."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES
from afterglow.clinic.measures.risk import find_stop
from afterglow.clinic.people.lookups import find_weight
from afterglow.protocols.dose import check_weight
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding
from afterglow.web.present.head import describe_weight
from afterglow.web.present.plan_page import find_covering_consent
from afterglow.web.present.plans import calculate_sheet, describe_dose, describe_protocol
from afterglow.web.templatetags.words import day, hour, plain


@dataclass(slots=True)
class Today:
    """A dose as it is ordered today, in the shape the calculator reads."""

    dose_mg_per_kg: Decimal | None
    dose_mg: Decimal | None
    cap_mg: Decimal | None
    over_min: Decimal | None


def _list_held(patient: Any, now: datetime) -> list[Finding]:
    """Return what holds the dose whatever is ordered: an answer about suicide that nobody has assessed."""
    held = find_stop(patient, now=now)
    return [] if held is None else [held]


def build_page(
    patient: Any, plan: Any, protocol: Protocol | None, form: Any, user: Any, now: datetime
) -> dict[str, Any]:
    """Return everything the page shows beside its forms."""
    plan_url = reverse("web:patient-plan", args=[patient.pk])
    if plan is None:
        return {"has_plan": False, "plan_url": plan_url}
    weight = find_weight(patient)
    words, age = describe_weight(patient, now)
    sheet = work_out(plan, protocol, form, weight.value if weight else None)
    may_sign = policy.allow(user, "order.sign", patient)
    session = find_session(patient)
    return {
        "has_plan": True,
        "plan_url": plan_url,
        "context": _("%(protocol)s, plan version %(n)d, signed %(day)s")
        % {"protocol": describe_protocol(plan.protocol), "n": plan.number, "day": day(plan.signed_at)},
        "weight": words,
        "weight_words": age[:1].upper() + age[1:],
        "weight_finding": describe_weight_finding(protocol, weight, now),
        "covers": describe_dose(plan),
        "before": list_before(patient, plan, now),
        "steps": list(sheet.steps) if sheet is not None else [],
        "no_steps": _("Weight, dose and the vial in hand are needed for every step."),
        "findings": [*_list_held(patient, now), *(sheet.findings if sheet is not None else ())],
        "beyond": list_beyond_plan(plan, form),
        "is_worked_out": sheet is not None,
        "may_sign": may_sign,
        "sign_reason": "" if may_sign else _("A prescriber signs the order."),
        "signed": list_signed(patient, now),
        "session_url": reverse("web:session", args=[session.pk]) if session is not None else "",
    }


def work_out(plan: Any, protocol: Protocol | None, form: Any, weight_kg: Decimal | None) -> Any:
    """Return the dose sheet of what was typed, or of the plan where nothing was typed."""
    typed = getattr(form, "cleaned_data", None) or {}
    if form is not None and form.is_bound and form.errors:
        return None
    names = ("dose_mg_per_kg", "dose_mg", "cap_mg", "over_min")
    chosen = {name: typed[name] if typed.get(name) is not None else getattr(plan, name) for name in names}
    supply = form.list_supply() if form is not None and form.is_bound else {}
    return calculate_sheet(Today(**chosen), protocol, weight_kg, **supply)


def list_beyond_plan(plan: Any, form: Any) -> list[str]:
    """Return in words what was typed beyond the plan: it is not signed, and the page says so before anybody tries."""
    typed = getattr(form, "cleaned_data", None) or {}
    told = []
    for name, unit in (("dose_mg_per_kg", "mg/kg"), ("dose_mg", "mg"), ("cap_mg", "mg")):
        wanted, signed = typed.get(name), getattr(plan, name)
        if wanted is not None and signed is not None and wanted > signed:
            words = {"wanted": plain(wanted), "signed": plain(signed), "unit": unit}
            told.append(_("%(wanted)s %(unit)s is more than the plan signs: %(signed)s %(unit)s.") % words)
    minutes = typed.get("over_min")
    if minutes is not None and plan.over_min is not None and minutes < plan.over_min:
        words = {"wanted": plain(minutes), "signed": plain(plan.over_min)}
        told.append(_("%(wanted)s min is faster than the plan signs: %(signed)s min.") % words)
    return told


def describe_weight_finding(protocol: Protocol | None, weight: Any, now: datetime) -> str:
    """Return what the protocol says about the weight's age, or nothing."""
    if weight is None:
        return _("No weight is on file. Weigh before any dose.")
    if protocol is None:
        return ""
    age_d = (timezone.localdate(now) - timezone.localtime(weight.observed_at).date()).days
    findings = check_weight(protocol, weight_kg=weight.value, age_d=age_d)
    told = [item.asks or item.seen for item in findings]
    if age_d > 0:
        told.insert(0, _("Not today's weight: weigh before the session, and sign with that weight."))
    return " ".join(told)


def list_before(patient: Any, plan: Any, now: datetime) -> list[dict[str, Any]]:
    """Return what a session needs besides the order."""
    today = timezone.localdate(now)
    consent = find_covering_consent(patient, plan, today).consent
    in_force = consent is not None
    confirmed = consent is not None and consent.confirmations.filter(on=today).exists()
    return [
        {"words": _("Consent covers it"), "is_met": in_force, "value": _("yes") if in_force else _("no")},
        {"words": _("Consent confirmed today"), "is_met": confirmed, "value": _("yes") if confirmed else _("not yet")},
    ]


def list_signed(patient: Any, now: datetime) -> list[dict[str, str]]:
    """Return today's signed orders, newest first."""
    today = timezone.localdate(now)
    rows = patient.session_orders.select_related("signed_by").order_by("-signed_at", "-pk")[:20]
    return [
        {
            "words": _describe_signed(row),
            "by": row.signed_by.signature_name,
            "when": hour(row.signed_at),
        }
        for row in rows
        if timezone.localtime(row.signed_at).date() == today
    ]


def _describe_signed(row: Any) -> str:
    if row.weight_kg is None:
        return _("%(mg)s mg") % {"mg": plain(row.dose_mg)}
    words = {"mg": plain(row.dose_mg), "kg": plain(row.weight_kg), "day": day(row.weighed_at)}
    return _("%(mg)s mg at %(kg)s kg, weighed %(day)s") % words


def find_open_order(patient: Any, now: datetime) -> Any:
    """Return today's newest order that no session has taken yet, or None."""
    today = timezone.localdate(now)
    row = patient.session_orders.filter(session__isnull=True).order_by("-signed_at", "-pk").first()
    return row if row is not None and timezone.localtime(row.signed_at).date() == today else None


def find_session(patient: Any) -> Any:
    """Return the session that is open now, or None."""
    return patient.sessions.filter(phase__in=(*LIVE_PHASES, "booked")).order_by("-opened_at", "-pk").first()
