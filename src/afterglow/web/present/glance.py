"""The chart at a glance: the course, what the protocol found, plan, consents, medication, documents."""

import itertools
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.web.charts.course import Course, Lane, Point, draw_course
from afterglow.web.present.head import describe_when
from afterglow.web.present.plans import describe_dose, describe_protocol
from afterglow.web.templatetags.words import day

PHQ9_FACT, GAD7_FACT = "scales.phq9.total", "scales.gad7.total"
PHQ9_BANDS = (
    (0, 5, "minimal"),
    (5, 10, "mild"),
    (10, 15, "moderate"),
    (15, 20, "moderately severe"),
    (20, 27, "severe"),
)
SHOWN = 4


def build_course(patient: Any, now: datetime) -> dict[str, Any]:
    """Return the course chart with its counts, table rows and summary figures."""
    today = timezone.localtime(now).date()
    phq9, gad7 = list_scores(patient, PHQ9_FACT), list_scores(patient, GAD7_FACT)
    sessions = list_session_days(patient)
    lanes = []
    if phq9:
        lanes.append(Lane(_("PHQ-9 score, 0 to 27"), 27, tuple(phq9), _list_lines(phq9), PHQ9_BANDS))
    if gad7:
        moderate = ((10.0, _("10: moderate"), "response"),)
        lanes.append(Lane(_("GAD-7 score, 0 to 21"), 21, tuple(gad7), moderate))
    course = Course(tuple(lanes), tuple(sessions), _find_route(patient), today)
    return {
        "svg": draw_course(course),
        "counts": _("%(phq)d PHQ-9 and %(gad)d GAD-7 records, %(sessions)d sessions")
        % {"phq": len(phq9), "gad": len(gad7), "sessions": len(sessions)},
        "rows": _list_rows(phq9, gad7, sessions),
        "summary": _summarise(phq9, sessions),
    }


def list_scores(patient: Any, name: str) -> list[Point]:
    """Return the scores of one scale, oldest first; answers of `not known` are left out."""
    points = []
    for row in patient.historyfact_set.filter(name=name).order_by("observed_on", "recorded_at"):
        try:
            value = float(Decimal(str(row.value)))
        except ArithmeticError:
            continue
        points.append(Point(row.observed_on or timezone.localtime(row.recorded_at).date(), value))
    return sorted(points, key=lambda point: point.on)


def list_session_days(patient: Any) -> list[date]:
    """Return the days on which a session was opened and not cancelled."""
    opened = patient.sessions.exclude(phase__in=("cancelled", "booked")).order_by("opened_at")
    return [timezone.localtime(instant).date() for instant in opened.values_list("opened_at", flat=True)]


def _find_route(patient: Any) -> str:
    plan = patient.plans.order_by("-number").first()
    return describe_protocol(plan.protocol) if plan is not None else _("Sessions")


def _list_lines(points: list[Point]) -> tuple[tuple[float, str, str], ...]:
    half = points[0].value / 2
    response = (half, _("Response: %(n)g or below") % {"n": half}, "response")
    return (response, (4.5, _("Remission: below 5"), "remission"))


def _list_rows(phq9: list[Point], gad7: list[Point], sessions: list[date]) -> list[dict[str, Any]]:
    rows = [{"on": point.on, "what": "PHQ-9", "value": f"{point.value:g}"} for point in phq9]
    rows += [{"on": point.on, "what": "GAD-7", "value": f"{point.value:g}"} for point in gad7]
    rows += [{"on": on, "what": _("Session"), "value": "–"} for on in sessions]
    return sorted(rows, key=lambda row: (row["on"], row["what"]))


def _summarise(phq9: list[Point], sessions: list[date]) -> list[dict[str, str]]:
    figures = []
    if len(phq9) > 1 and phq9[0].value > 0:
        first, last = phq9[0].value, phq9[-1].value
        change = round((first - last) / first * 100)
        words = _("PHQ-9, down %(n)d%%") % {"n": change} if change >= 0 else _("PHQ-9, up %(n)d%%") % {"n": -change}
        figures.append({"figure": _("%(a)g to %(b)g") % {"a": first, "b": last}, "words": words})
    gaps = [(later - earlier).days for earlier, later in itertools.pairwise(sessions)]
    if gaps:
        low, high = min(gaps), max(gaps)
        span = _("%(n)d days") % {"n": low} if low == high else _("%(a)d to %(b)d days") % {"a": low, "b": high}
        figures.append({"figure": span, "words": _("between sessions so far")})
    if sessions:
        figures.append(
            {"figure": str(len(sessions)), "words": _("sessions, last on %(day)s") % {"day": day(sessions[-1])}}
        )
    return figures


def build_found(patient: Any, now: datetime, user: Any) -> dict[str, Any]:
    """Return the findings of the latest screening that still ask for something."""
    url = reverse("web:patient-screening", args=[patient.pk])
    run = patient.screening_runs.order_by("-recorded_at").first()
    may_run = policy.allow(user, "screening.run", patient)
    if run is None:
        return {"rows": [], "url": url if may_run else "", "act": _("Open screening")}
    left = len(run.findings) - SHOWN
    more = ngettext("%(n)d more finding", "%(n)d more findings", left) % {"n": left} if left > 0 else _("All findings")
    when = _("checked %(when)s") % {"when": describe_when(run.recorded_at, now)}
    return {"rows": run.findings[:SHOWN], "url": url, "more": more, "checked": when, "act": ""}


def build_plan_card(patient: Any, now: datetime, user: Any) -> dict[str, Any]:
    """Return the plan's card."""
    url = reverse("web:patient-plan", args=[patient.pk])
    plan = patient.plans.filter(state="signed").first()
    draft = patient.plans.filter(state="draft").first()
    shown = plan or draft
    if shown is None:
        return {"url": url if policy.allow(user, "plan.draft", patient) else "", "rows": []}
    state = (
        _("v%(n)d, signed %(day)s") % {"n": shown.number, "day": day(shown.signed_at, "short")}
        if plan
        else _("draft %(n)d") % {"n": shown.number}
    )
    rows = [
        {
            "words": f"{describe_protocol(shown.protocol)}, {describe_dose(shown)}",
            "value": state,
            "kind": "" if plan else "amber",
        }
    ]
    if shown.induction_sessions and shown.sessions_per_week:
        value = _("%(n)d sessions, %(w)d a week") % {"n": shown.induction_sessions, "w": shown.sessions_per_week}
        rows.append({"words": _("Induction"), "value": value})
    if shown.maintenance_every_wk:
        rows.append({"words": _("Upkeep starts every"), "value": _("%(n)d weeks") % {"n": shown.maintenance_every_wk}})
    if plan and draft:
        rows.append(
            {"words": _("Draft %(n)d waits for a signature") % {"n": draft.number}, "value": "", "kind": "amber"}
        )
    may_order = plan is not None and policy.allow(user, "session.read", patient)
    return {"url": url, "rows": rows, "order_url": reverse("web:patient-order", args=[patient.pk]) if may_order else ""}


def build_consent_card(patient: Any, now: datetime) -> dict[str, Any]:
    """Return the consents' card."""
    today = timezone.localtime(now).date()
    consents = list(patient.consents.select_related("text").order_by("-signed_at"))
    rows = []
    for consent in consents[:SHOWN]:
        rows.append({"words": consent.text.title, **describe_consent_state(consent, today)})
    current = next((item for item in consents if is_in_force(item, today)), None)
    if current is not None:
        done = current.confirmations.filter(on=today).first()
        value = (
            {"kind": "ok", "value": describe_when(done.recorded_at, now)}
            if done
            else {"kind": "amber", "value": _("not yet")}
        )
        rows.append({"words": _("Confirmed for today"), **value})
    return {"url": reverse("web:patient-consents", args=[patient.pk]), "count": len(consents), "rows": rows}


def is_in_force(consent: Any, today: date) -> bool:
    """Return whether a consent is neither withdrawn nor expired."""
    return consent.withdrawn_at is None and consent.expires_on >= today


def describe_consent_state(consent: Any, today: date) -> dict[str, str]:
    """Return a consent's state as words and kind of tag."""
    if consent.withdrawn_at is not None:
        return {"kind": "stop", "value": _("withdrawn %(day)s") % {"day": day(consent.withdrawn_at, "short")}}
    if consent.expires_on < today:
        return {"kind": "amber", "value": _("expired %(day)s") % {"day": day(consent.expires_on, "short")}}
    return {"kind": "ok", "value": _("to %(day)s") % {"day": day(consent.expires_on)}}


def build_medication_card(patient: Any, now: datetime, user: Any) -> dict[str, Any]:
    """Return the medication's card, each medicine with the interaction the last screening saw."""
    may_edit = policy.allow(user, "chart.edit", patient)
    url = reverse("web:patient-history", args=[patient.pk]) + "#medication" if may_edit else ""
    statements = list(patient.medicationstatement_set.filter(ended_at__isnull=True))
    asked = _("None, asked %(when)s") % {"when": describe_when(patient.medicines_asked_at, now)}
    asked = asked if patient.medicines_asked_at else ""
    run = patient.screening_runs.order_by("-recorded_at").first()
    rows = []
    for item in statements:
        dose = describe_intake(item)
        rows.append({"name": item.name, "dose": dose, "note": find_interaction(item, run)})
    reconciled = ""
    if statements:
        last = max(statements, key=lambda item: item.recorded_at)
        reconciled = _("Last entry %(when)s") % {"when": describe_when(last.recorded_at, now)}
    return {
        "rows": rows,
        "url": url,
        "reconciled": reconciled,
        "nothing": asked or _("No medicine recorded"),
        "hint": "" if asked else _("An empty list is not the same as taking none: ask and record."),
    }


def describe_intake(statement: Any) -> str:
    """Return a medicine's dose and times, `as needed` once."""
    said = str(statement.dose_text)
    needed = _("as needed") if statement.is_as_needed and _("as needed") not in said else ""
    return ", ".join(part for part in (said, needed) if part)


def find_interaction(statement: Any, run: Any) -> str:
    """Return the rules of the last screening that name this medicine."""
    if run is None:
        return _("not screened")
    name = statement.name.casefold()
    rules = [item["rule"] for item in run.findings if name and name in str(item.get("seen", "")).casefold()]
    return ", ".join(dict.fromkeys(rules))


def build_document_card(patient: Any, user: Any) -> dict[str, Any]:
    """Return the documents' card."""
    if not policy.allow(user, "document.read", patient):
        return {"rows": []}
    documents = patient.documents.order_by("-recorded_at")
    rows = [
        {"words": item.title, "on": item.recorded_at, "url": reverse("web:document", args=[item.pk])}
        for item in documents[:SHOWN]
    ]
    return {
        "rows": rows,
        "count": documents.count(),
        "url": reverse("web:patient-documents", args=[patient.pk]),
    }
