"""The plan's page: what is given, worked out on the day, warnings, versions, and what stands before a signature."""

from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.consents.checks import ConsentCheck, find_valid_consent
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.plans.actions import judge_plan
from afterglow.protocols.model import Protocol
from afterglow.terms import InvalidInput
from afterglow.web.forms.screening import describe_indication
from afterglow.web.present.head import describe_allergies, describe_weight
from afterglow.web.present.plans import (
    build_calendar,
    calculate_sheet,
    describe_dose,
    find_protocol,
    list_on_the_day,
    list_reviews,
    list_schedule,
    list_worked,
)
from afterglow.web.templatetags.words import day, hour, plain, years

__all__ = ["build_calendar", "build_page", "read_initial"]

STATES = {"draft": "draft", "signed": "signed", "superseded": "superseded", "stopped": "stopped"}


def build_page(patient: Any, plan: Any, protocol: Protocol | None, user: Any, now: datetime) -> dict[str, Any]:
    """Return everything the page shows beside its form."""
    signed = patient.plans.filter(state="signed").first()
    draft = patient.plans.filter(state="draft").first()
    may_order = signed is not None and policy.allow(user, "session.read", patient)
    may_draft = policy.allow(user, "plan.draft", patient)
    page: dict[str, Any] = {
        "exists": plan is not None,
        "title": _("Treatment plan"),
        "context_1": _describe_body(patient, now),
        "context_2": _describe_decision(patient, plan),
        "order_url": reverse("web:patient-order", args=[patient.pk]) if may_order else "",
        "may_begin": may_draft and draft is None and plan is not None,
        "begin_words": _("New version"),
    }
    if plan is None:
        return page
    weight = find_weight(patient)
    sheet = calculate_sheet(plan, protocol, weight.value if weight else None)
    findings = list_findings(plan, now)
    return page | {
        "title": _("Treatment plan, %(state)s %(n)d") % {"state": describe_state(plan), "n": plan.number},
        "stored": _describe_stored(plan),
        "covers": describe_dose(plan),
        "given": _list_given(plan, protocol),
        "worked": list_worked(plan, weight.value if weight else None),
        "on_the_day": list_on_the_day(protocol),
        "arithmetic": list(sheet.steps) if sheet is not None else [],
        "schedule": list_schedule(plan),
        "gates": describe_gates(protocol),
        "versions": _list_versions(patient, plan),
        "warnings": findings,
        "passes": [] if findings or sheet is None else [_("No limit of the protocol is passed at the last weight")],
        **_build_signature(patient, plan, user, now),
    }


def list_findings(plan: Any, now: datetime) -> list[Any]:
    """Return what stands against a plan: as it was seen when signed, or as a draft is judged now."""
    if plan.state != "draft":
        return list(plan.findings)
    try:
        return list(judge_plan(plan=plan, now=now))
    except InvalidInput:
        return []


def read_initial(plan: Any) -> dict[str, Any]:
    """Return a draft's values as the form shows them, without needless zeros."""
    names = [
        "indication",
        "dose_mg_per_kg",
        "dose_mg",
        "cap_mg",
        "over_min",
        "weight_basis",
        "induction_sessions",
        "sessions_per_week",
        "maintenance_every_wk",
        "maintenance_then",
        "vitals_every_min",
        "observe_min",
        "starts_on",
        "version",
        "notes",
    ]
    values = {name: getattr(plan, name) for name in names}
    shown = {name: plain(value) if hasattr(value, "as_tuple") else value for name, value in values.items()}
    return {"protocol_id": plan.protocol, **shown}


def describe_state(plan: Any) -> str:
    """Return a plan's state as people say it."""
    words = {
        "draft": _("draft"),
        "signed": _("signed version"),
        "superseded": _("superseded version"),
        "stopped": _("stopped version"),
    }
    return words.get(plan.state, plan.state)


def describe_gates(protocol: Protocol | None) -> str:
    """Return the reviews that are tied to a session or a week, in a line."""
    texts = [f"{item['when']}: {item['text']}" for item in list_reviews(protocol)]
    return " ".join(text if text.endswith(".") else f"{text}." for text in texts)


def _describe_body(patient: Any, now: datetime) -> str:
    weight, age = describe_weight(patient, now)
    _has, allergies, note = describe_allergies(patient, now)
    words = _("%(age)s y, %(weight)s, %(when)s.") % {"age": years(patient.birth_on), "weight": weight, "when": age}
    return f"{words} {allergies}{', ' + note if note else ''}."


def _describe_decision(patient: Any, plan: Any) -> str:
    decision = patient.screening_decisions.order_by("-recorded_at", "-pk").first()
    if decision is None:
        decided = _("Not screened to a decision yet")
    else:
        words = {"eligible": _("Eligible"), "defer": _("Deferred"), "decline": _("Declined")}
        decided = _("%(word)s, decided %(day)s") % {"word": words[decision.decision], "day": day(decision.recorded_at)}
    if plan is None:
        return decided
    return _("Indication: %(name)s. %(decided)s") % {"name": describe_indication(plan.indication), "decided": decided}


def _describe_stored(plan: Any) -> str:
    if plan.state != "draft":
        return ""
    return _("Draft stored %(day)s %(time)s") % {
        "day": day(plan.updated_at, "short"),
        "time": hour(plan.updated_at, "s"),
    }


def _list_given(plan: Any, protocol: Protocol | None) -> list[dict[str, str]]:
    lines = [{"words": _("Protocol"), "value": protocol.title if protocol else plan.protocol}]
    for words, value, unit in (
        (_("Dose"), plan.dose_mg_per_kg, "mg/kg"),
        (_("Dose"), plan.dose_mg, "mg"),
        (_("Never more than"), plan.cap_mg, "mg"),
        (_("Given over"), plan.over_min, "min"),
    ):
        if value is not None:
            lines.append({"words": words, "value": f"{plain(value)} {unit}"})
    return lines


def _list_versions(patient: Any, shown: Any) -> list[dict[str, str]]:
    rows = []
    base = reverse("web:patient-plan", args=[patient.pk])
    for plan in patient.plans.order_by("-number"):
        when = plan.signed_at or plan.updated_at
        verb = _("stored") if plan.state == "draft" else STATES[plan.state]
        rows.append(
            {
                "words": _("Version %(n)d") % {"n": plan.number},
                "summary": describe_dose(plan),
                "state": f"{verb} {day(when, 'short')}",
                "url": "" if plan.pk == shown.pk else f"{base}?version={plan.number}",
            }
        )
    return rows


def _build_signature(patient: Any, plan: Any, user: Any, now: datetime) -> dict[str, Any]:
    if plan.state != "draft":
        signed = _("Signed %(day)s %(time)s by %(name)s") % {
            "day": day(plan.signed_at),
            "time": hour(plan.signed_at),
            "name": plan.signed_by.signature_name,
        }
        may_stop = plan.state == "signed" and policy.allow(user, "plan.sign", patient)
        stop_url = reverse("web:patient-plan-stop", args=[patient.pk]) if may_stop else ""
        return {"signed": signed, "stop_url": stop_url, "stopped": describe_stop(plan)}
    covers = find_covering_consent(patient, plan, timezone.localdate(now))
    decision = patient.screening_decisions.order_by("-recorded_at", "-pk").first()
    before = [
        {
            "words": _("Consent covers this route and dose"),
            "is_met": covers.consent is not None,
            "value": covers.findings[0].seen if covers.findings else _("not signed"),
        },
        {
            "words": _("Decided eligible"),
            "is_met": decision is not None and decision.decision == "eligible",
            "value": _("not decided"),
        },
    ]
    may_sign = policy.allow(user, "plan.sign", patient)
    words = _("Sign %(dose)s") % {"dose": describe_dose(plan)}
    reason = "" if may_sign else _("A prescriber signs.")
    return {"before_signing": before, "may_sign": may_sign, "sign_words": words, "sign_reason": reason}


def describe_stop(plan: Any) -> str:
    """Return when and why a plan was stopped, or nothing."""
    if plan.state != "stopped":
        return ""
    words = _("Stopped %(day)s %(time)s: %(reason)s")
    return words % {"day": day(plan.superseded_at), "time": hour(plan.superseded_at), "reason": plan.stop_reason}


def find_covering_consent(patient: Any, plan: Any, today: date) -> ConsentCheck:
    """Return the consent in force that covers the plan's route and dose, or what it lacks."""
    protocol = find_protocol(plan)
    if protocol is None:
        return ConsentCheck(None)
    return find_valid_consent(
        patient=patient,
        route=str(protocol.route),
        on=today,
        dose_mg_per_kg=plan.dose_mg_per_kg,
        dose_mg=plan.dose_mg,
        drug=str(protocol.drug),
    )
