"""The private page of a link: people, plan, medicines and scores, shown once to who has shown who they are.

It is the answer to a form, so that nothing of it stays on the phone and no address leads to it.
"""

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.accounts.throttle import check_attempt, clear_failures, record_failure
from afterglow.clinic.checkins.actions import record_identity
from afterglow.clinic.checkins.models import CheckIn
from afterglow.clinic.errors import TryLater
from afterglow.clinic.measures.risk import find_safety_plan
from afterglow.clinicday.risk import PARTS
from afterglow.instruments import get_instrument
from afterglow.web.carrying import get_address
from afterglow.web.charts.course import Point
from afterglow.web.phone.links import link_page, purpose_of
from afterglow.web.phone.pages import SLOW, UNUSABLE, get_words, show
from afterglow.web.phone.signing import sign_form
from afterglow.web.phone.trend import draw_trend, read_scale
from afterglow.web.phone.words import Words
from afterglow.web.present.glance import PHQ9_FACT, list_scores, list_session_days

PURPOSE = "patient-identity"
MOST_SCORES = 40
# any link, any address: one person's chart is not guessed at from many phones
OF_PATIENT = "patient"
LONGEST = 40


@link_page(methods=("GET", "HEAD", "POST"))
def show_mine(request: HttpRequest, checkin: CheckIn, token: str) -> HttpResponse:
    """Ask for two things that others do not know, then show what is only for this person."""
    if request.method != "POST":
        return _ask(request, checkin, token)
    now, words = timezone.now(), get_words(request)
    attempts = [
        {"purpose": PURPOSE, "name": checkin.pk, "address": get_address(request)},
        {"purpose": PURPOSE, "name": f"{OF_PATIENT} {checkin.appointment.patient_id}", "address": ""},
    ]
    try:
        for attempt in attempts:
            check_attempt(now=now, **attempt)
    except TryLater:
        return _ask(request, checkin, token, error=words.say("mine.wait"), status=SLOW)
    patient = checkin.appointment.patient
    is_right = is_same_person(patient, request.POST.get("birth", ""), request.POST.get("number", ""))
    if not record_identity(checkin=checkin, is_right=is_right, now=now):
        for attempt in attempts:
            record_failure(now=now, **attempt)
        return _ask(request, checkin, token, error=words.say("mine.wrong"), status=UNUSABLE)
    for attempt in attempts:
        clear_failures(**attempt)
    return _open(request, checkin, token, words)


def is_same_person(patient: Any, birth: str, number: str) -> bool:
    """Return whether the day of birth and the patient number that were typed are this person's."""
    try:
        day = date.fromisoformat(birth.strip()[:LONGEST])
    except ValueError:
        return False
    typed = _plain(number[:LONGEST])
    return day == patient.birth_on and bool(typed) and typed == _plain(patient.number)


def _plain(number: str) -> str:
    return re.sub(r"[^0-9a-z]", "", number.casefold()).lstrip("0")


def _ask(request: HttpRequest, checkin: CheckIn, token: str, *, error: str = "", status: int = 200) -> HttpResponse:
    words = get_words(request)
    hint = words.say("mine.number_hint", example="000-123")
    return _show(request, checkin, token, "identify", status=status, error=error, number_hint=hint)


def _open(request: HttpRequest, checkin: CheckIn, token: str, words: Words) -> HttpResponse:
    patient = checkin.appointment.patient
    escorts = patient.escorts.filter(ended_at__isnull=True).order_by("recorded_at", "pk")
    medicines = patient.medicationstatement_set.filter(ended_at__isnull=True).order_by("name")
    with timezone.override(ZoneInfo(patient.site.timezone)):
        scores = list_scores(patient, PHQ9_FACT)[-MOST_SCORES:]
        sessions = list_session_days(patient)
    context: dict[str, Any] = {
        "plan": _list_plan(patient, words),
        "people": [{"name": each.name, "relation": each.relation, "phone": each.phone} for each in escorts],
        "medicines": [
            {"name": each.name, "dose": each.dose_text, "is_as_needed": each.is_as_needed} for each in medicines
        ],
        "is_asked": patient.medicines_asked_at is not None,
        "scores": [{"day": f"{words.say_date(each.on)} {each.on.year}", "value": round(each.value)} for each in scores],
        "summary": _summarise(scores, words),
        "chart": draw_trend(
            scores, words, scale=read_scale(get_instrument("phq9")), sessions=sessions, label=_summarise(scores, words)
        ),
    }
    return _show(request, checkin, token, "mine", **context)


def _list_plan(patient: Any, words: Words) -> list[dict[str, str]]:
    """Return the parts of the safety plan that stands, under the clinic's headings; none where there is none."""
    plan = find_safety_plan(patient)
    parts = plan.parts if plan is not None else {}
    return [{"title": words.say(f"mine.plan_{name}"), "text": parts[name]} for name in PARTS if parts.get(name)]


def _summarise(scores: list[Point], words: Words) -> str:
    if not scores:
        return ""
    first, last = round(scores[0].value), round(scores[-1].value)
    key = "mine.scores_one" if len(scores) == 1 else "mine.scores_lead"
    return words.say(key, first=first, last=last)


def _show(
    request: HttpRequest, checkin: CheckIn, token: str, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    frame: dict[str, Any] = {
        "form_field": sign_form(request, purpose_of(checkin)),
        "help_url": reverse("phone:checkin-help", args=[token]),
        "start_url": reverse("phone:checkin", args=[token]),
        "mine_url": reverse("phone:checkin-mine", args=[token]),
        "switch": "form",
        "switch_url": reverse("phone:checkin-language", args=[token]),
        "page_name": "mine",
    }
    return show(request, template, site=checkin.appointment.site, status=status, **frame, **context)
