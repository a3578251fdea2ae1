"""Suicide alerts of a chart: what was answered, who may release, the assessment that does, and the safety plan."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.measures import actions, risk
from afterglow.clinic.measures.assessed import InSession, list_in_sessions, list_seen
from afterglow.clinic.measures.models import RiskAssessment
from afterglow.clinicday.risk import PARTS, Tier, load_words
from afterglow.clinicday.screens import find_one_is_enough
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.care.common import find_act, finish, has_errors, list_people
from afterglow.web.carrying import sentence, store
from afterglow.web.forms.fields import add_problems
from afterglow.web.measures.answered import describe_alert, describe_screens, list_answers
from afterglow.web.measures.forms import DECISIONS, PART_NAMES, AssessForm, SafetyPlanForm
from afterglow.web.present.head import build_head
from afterglow.web.sessions.about import name_people
from afterglow.web.sessions.forms.before import ASSESSMENT
from afterglow.web.views.chart import open_chart

PAGE = "web:patient-risk"
LAST_ASSESSMENTS = 10


@staff_page(actions.READ)
def show_risk(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the alerts, assessments and the safety plan of a chart, or carry out one act."""
    patient, now = open_chart(request, patient_id, "risk", actions.READ)
    if request.method != "POST":
        return _show(request, patient, now, {})
    return find_act(request, {"assess": _assess, "plan": _plan})(request, patient, now)


def _assess(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    policy.require(request.user, risk.ASSESS, patient)
    form = AssessForm(request.POST, prefix="assess")
    if form.is_valid():
        made = _store(form, request, patient, now)
        if made:
            is_released = made.decision == risk.GO_ON
            words = _("Stored. The dose is released.") if is_released else _("Stored. The dose stays held.")
            return finish(request, words, PAGE, patient.pk)
    return _show(request, patient, now, {"assess": form})


def _store(form: AssessForm, request: HttpRequest, patient: Any, now: datetime) -> RiskAssessment | None:
    """Return the assessment, or None after the form says why nothing was stored; what was typed stays in it."""
    seen = request.POST.getlist("alert")[:200]
    try:
        return risk.assess_risk(patient=patient, alerts=seen, by=request.user, now=now, **form.cleaned_data)
    except InvalidInput as error:
        add_problems(form, error.problems)
    except Conflict:
        form.add_error(None, _("Another answer came meanwhile. Read it above, then decide; what you wrote is kept."))
        form.forget_decision()
    except Refused as error:
        if not error.problems:
            form.add_error(None, sentence(str(error)))
        form.add_lacking(error.problems)
    except Denied as error:
        if error.permission != risk.RELEASE:
            raise
        form.add_error("decision", _("A prescriber releases this, in person; what you wrote is kept."))
        form.forget_decision()
    return None


def _plan(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    policy.require(request.user, risk.ASSESS, patient)
    form = SafetyPlanForm(request.POST, prefix="plan")
    if form.is_valid() and store(
        form, risk.write_safety_plan, patient=patient, parts=form.cleaned_data, by=request.user, now=now
    ):
        return finish(request, _("The safety plan is stored; the version before is kept."), PAGE, patient.pk)
    return _show(request, patient, now, {"plan": form})


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    standing, plan = risk.find_standing(patient, now=now), risk.find_safety_plan(patient)
    may_assess = policy.allow(request.user, risk.ASSESS, patient)
    context = {
        "chart": build_head(patient, request.user, "measures", now),
        "patient": patient,
        "alerts": standing.alerts if standing else (),
        "answers": list_answers(standing, request.user) if standing else [],
        "screens": describe_screens(standing) if standing else None,
        "release": _describe_release(standing, patient, request.user, has_plan=plan is not None) if standing else None,
        "assess_form": _build_form(bound.get("assess"), standing, patient, request.user),
        "past": list_past(patient, request.user),
        "one": find_one_is_enough() if standing else None,
        "plan": plan,
        "parts": [(PART_NAMES[name], plan.parts.get(name, "")) for name in PARTS] if plan else [],
        "plan_form": (bound.get("plan") or SafetyPlanForm(prefix="plan", initial=plan.parts if plan else None))
        if may_assess
        else None,
        "is_plan_open": "plan" in bound,
        "site": patient.site,
    }
    status = STATUS_UNUSABLE if has_errors(bound.values()) else 200
    return render(request, "web/measures/risk.html", context, status=status)


def _build_form(sent: AssessForm | None, standing: risk.Standing | None, patient: Any, user: Any) -> AssessForm | None:
    """Return the form as it stands now: a sent one keeps its words, also where nothing waits any more."""
    if not policy.allow(user, risk.ASSESS, patient) or (standing is None and sent is None):
        return None
    form = sent or AssessForm(prefix="assess")
    if standing is not None:
        form.narrow(may_release=_may_release(standing, patient, user), needs=standing.release.needs)
    return form


def _may_release(standing: risk.Standing, patient: Any, user: Any) -> bool:
    return standing.release.tier is Tier.NURSE or policy.allow(user, risk.RELEASE, patient)


def _describe_release(standing: risk.Standing, patient: Any, user: Any, *, has_plan: bool) -> dict[str, Any]:
    words, release = load_words(), standing.release
    cited = dict.fromkeys(f"{each.text}; {each.grade.label}" for each in (release.citation, *release.conditions))
    return {
        "is_nurse": release.tier is Tier.NURSE,
        "is_offered": _may_release(standing, patient, user),
        "people": [name for _key, name in list_people(patient.site, risk.RELEASE)],
        "reasons": [_(words["reasons"][each]) for each in release.reasons],
        "needs": [_(words["needs"][each]) for each in release.needs],
        "lacks_plan": "safety-plan" in release.needs and not has_plan,
        "sources": list(cited),
    }


def list_past(patient: Any, user: Any) -> list[dict[str, Any]]:
    """Return the last assessments, each with the answers it was made on: those of this page and those of sessions."""
    rows = RiskAssessment.objects.filter(patient=patient).select_related("made_by").order_by("-made_at", "-pk")
    made = list(rows[:LAST_ASSESSMENTS])
    seen, in_sessions = list_seen(patient, made), list_in_sessions(patient)
    may_open = policy.allow(user, "session.read", patient)
    found = [_describe_past(row, seen[row.pk], in_sessions, user, may_open=may_open) for row in made]
    alone = [each for each in in_sessions if not each.is_carried][:LAST_ASSESSMENTS]
    names = name_people({each.by for each in alone})
    found += [_describe_in_session(each, names, may_open=may_open) for each in alone]
    return sorted(found, key=lambda each: each["at"], reverse=True)


def _describe_past(
    row: RiskAssessment, alerts: list[Any], in_sessions: list[InSession], user: Any, *, may_open: bool
) -> dict[str, Any]:
    names, words = dict(DECISIONS), load_words()
    carried = next((each for each in in_sessions if each.is_carried and each.at == row.made_at), None)
    return {
        "row": row,
        "at": row.made_at,
        "by": row.made_by.display_name,
        "decision": names[row.decision],
        "reasons": [_(words["reasons"][each]) for each in row.reasons],
        "level": _(words["rows"][row.triage]) if row.triage else "",
        "answers": [describe_alert(alert, user) for alert in alerts],
        "is_carried": carried is not None,
        "session_url": reverse("web:session", args=[carried.session.pk]) if carried is not None and may_open else "",
    }


def _describe_in_session(each: InSession, names: dict[str, str], *, may_open: bool) -> dict[str, Any]:
    """Return an assessment that a session alone recorded; it answers the session and releases no hold."""
    outcomes = {key: words for field in ASSESSMENT.fields if field.name == "outcome" for key, words in field.choices}
    return {
        "row": None,
        "at": each.at,
        "by": names.get(each.by, ""),
        "decision": outcomes.get(each.outcome, each.outcome),
        "note": each.reason if may_open else "",
        "session_url": reverse("web:session", args=[each.session.pk]) if may_open else "",
    }
