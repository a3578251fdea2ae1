"""Goals with their reviews at the gates, and the talks before and after sessions."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.care import actions
from afterglow.clinic.care.courses import CareCourse
from afterglow.clinic.care.visits import INTEGRATION, PREPARATION
from afterglow.clinic.people.models import User
from afterglow.clinic.sites.models import Place
from afterglow.clinicday.care import get_window, load_reasons
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.care import words
from afterglow.web.care.common import (
    EDIT,
    READ,
    build_frame,
    find_act,
    find_row,
    finish,
    has_errors,
    list_people,
    open_care,
)
from afterglow.web.care.forms import BookForm, GoalForm, ReviewForm
from afterglow.web.carrying import store
from afterglow.web.presenting import describe_citation
from afterglow.web.schedule.words import describe_state

PAGE = "web:patient-care"


@staff_page(READ)
def show_care(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return goals and talks, or carry out one act."""
    patient, now = open_care(request, patient_id)
    if request.method != "POST":
        return _show(request, patient, now, {})
    acts = {"add": _add, "review": _review, "book": _book}
    return find_act(request, acts)(request, patient, now)


def _add(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = GoalForm(request.POST, prefix="goal")
    if form.is_valid() and store(
        form, actions.add_goal, patient=patient, by=request.user, now=now, **form.cleaned_data
    ):
        return finish(request, _("Stored in the person's words."), PAGE, patient.pk)
    return _show(request, patient, now, {"goal": form})


def _review(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    goal = find_row(patient.goals, request.POST.get("goal", ""))
    course = actions.load_care_course(patient, now)
    form = ReviewForm(request.POST, prefix=f"review-{goal.pk}", gates=_list_gate_choices(course))
    if form.is_valid() and store(form, actions.review_goal, goal=goal, by=request.user, now=now, **form.cleaned_data):
        return finish(request, _("Review stored."), PAGE, patient.pk)
    return _show(request, patient, now, {goal.pk: form})


def _book(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    kind = request.POST.get("kind", "")
    kind = kind if kind in (PREPARATION, INTEGRATION) else INTEGRATION
    form = _build_book_form(patient, kind, data=request.POST)
    if form.is_valid():
        values = form.cleaned_data
        given = {
            "kind": kind,
            "starts_at": values["starts_at"],
            "place": Place.objects.filter(pk=values["place"]).first(),
            "clinician": User.objects.filter(pk=values["clinician"]).first() if values["clinician"] else None,
            "accepted": ("IN-1",) if values["accept"] else (),
        }
        if store(form, actions.book_visit, patient=patient, by=request.user, now=now, **given):
            return finish(request, _("Booked."), PAGE, patient.pk)
    return _show(request, patient, now, {kind: form})


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    course = actions.load_care_course(patient, now)
    may_edit = policy.allow(request.user, EDIT, patient)
    may_book = may_edit and policy.allow(request.user, "schedule.book", patient)
    window = get_window()
    context = {
        **build_frame(patient, request.user, "care", now),
        "goals": [_describe_goal(row, course, bound, may_edit) for row in actions.list_goals(patient, is_open=False)],
        "goal_form": (bound.get("goal") or GoalForm(prefix="goal")) if may_edit else None,
        "said": _find_talk_goals(patient),
        "gates": [
            {"words": words.describe_gate(gate), "gate": gate, "source": describe_citation(gate.citation)}
            for gate in course.gates
        ],
        "needs": [_describe_need(need, now) for need in actions.list_needs(course, now)],
        "visits": [_describe_visit(row) for row in actions.list_visits(course)],
        "bookings": [_describe_booking(course, kind, now, bound) for kind in (INTEGRATION, PREPARATION)]
        if may_book
        else [],
        "window": window,
        "window_source": describe_citation(window.citation),
        "reasons": [{"reason": each, "source": describe_citation(each.citation)} for each in load_reasons()],
    }
    return render(
        request, "web/care/goals.html", context, status=STATUS_UNUSABLE if has_errors(bound.values()) else 200
    )


def _find_talk_goals(patient: Any) -> str:
    """Return what was said about goals at the talk before the consent, to begin from."""
    talk = patient.consent_talks.exclude(goals="").order_by("-held_at", "-pk").first()
    return talk.goals if talk is not None else ""


def _list_gate_choices(course: CareCourse) -> list[tuple[str, str]]:
    return [(gate.id, words.describe_gate(gate)) for gate in course.gates if gate.is_reached]


def _describe_goal(row: Any, course: CareCourse, bound: dict[str, Any], may_edit: bool) -> dict[str, Any]:
    choices = _list_gate_choices(course)
    is_replaced = row.last is not None and row.last.outcome == "changed"
    tags = {"met": "ok", "partly": "amber", "not": "caution", "changed": ""}
    reviews = [
        {
            "on": review.reviewed_on,
            "outcome": words.say(words.OUTCOMES, review.outcome),
            "tag": tags[review.outcome],
            "gate": words.describe_gate_id(review.gate, course.gates),
            "words": review.words,
            "by": review.recorded_by.display_name,
        }
        for review in row.reviews
    ]
    form = bound.get(row.goal.pk) or ReviewForm(prefix=f"review-{row.goal.pk}", gates=choices)
    return {
        "goal": row.goal,
        "kind": words.say(words.GOAL_KINDS, row.goal.kind),
        "reviews": reviews,
        "is_replaced": is_replaced,
        "form": form if may_edit and not is_replaced else None,
    }


def _describe_need(need: Any, now: datetime) -> dict[str, Any]:
    row = need.visit
    return {
        "need": need,
        "words": words.describe_visit(row) if row is not None else "",
        "visit": row.visit if row is not None else None,
        "is_in_window": row is not None and row.is_in_window,
        "is_open": need.begins_at <= now <= need.ends_at,
    }


def _describe_visit(row: Any) -> dict[str, Any]:
    names = {PREPARATION: _("Preparation"), INTEGRATION: _("Integration")}
    return {
        "visit": row.visit,
        "name": names[row.visit.kind],
        "words": words.describe_visit(row),
        "state": describe_state(row.visit.state),
        "is_outside": row.visit.kind == INTEGRATION and row.session is not None and not row.is_in_window,
    }


def _build_book_form(patient: Any, kind: str, *, data: Any = None, initial: Any = None) -> BookForm:
    site = patient.site
    places = [(place.pk, place.name) for place in Place.objects.filter(site=site, is_active=True)]
    people = list_people(site, "therapy-note.write")
    return BookForm(data, initial=initial, prefix=kind, places=places, people=people)


def _describe_booking(course: CareCourse, kind: str, now: datetime, bound: dict[str, Any]) -> dict[str, Any]:
    """Return the form of one kind with the nearest times that have room."""
    patient = course.patient
    named = actions.find_named_therapist(patient)
    need = next((each for each in actions.list_needs(course, now) if each.is_missing and not each.is_over), None)
    openings = actions.find_visit_openings(course, kind, now, need=need, clinician=named.user if named else None)
    initial: dict[str, Any] = {"clinician": named.user_id if named else ""}
    if openings:
        initial["starts_at"] = timezone.localtime(openings[0].starts_at)
        initial["place"] = openings[0].place.pk if openings[0].place else ""
    names = {PREPARATION: _("Book a preparation"), INTEGRATION: _("Book an integration visit")}
    return {
        "kind": kind,
        "title": names[kind],
        "form": bound.get(kind) or _build_book_form(patient, kind, initial=initial),
        "openings": openings,
        "need": need if kind == INTEGRATION else None,
        "is_open": kind in bound,
    }
