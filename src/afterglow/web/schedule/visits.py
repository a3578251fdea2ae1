"""One visit: what it is, what stands against it, and everything that can be done to it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor.marks import load_people
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import Escort
from afterglow.clinic.scheduling import actions
from afterglow.clinic.scheduling.days import get_bounds, localise, short_name, sort_name
from afterglow.clinic.scheduling.judging import find_plan_of, list_running
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.clinic.scheduling.storing import BECAUSE
from afterglow.clinic.scheduling.telling import CANCELLED
from afterglow.clinic.scheduling.voiding import DIED, STOPPED, WITHDRAWN, find_void
from afterglow.clinic.scheduling.waiting import add_waiting
from afterglow.clinicday.acceptance import read_acceptances
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import sentence, store
from afterglow.web.floor.arrivals import write_void
from afterglow.web.phone.telling import describe_visit_link
from afterglow.web.schedule.forms import LateForm, ReasonForm
from afterglow.web.schedule.panel import clean_key, describe_acceptance, describe_standing, describe_stored
from afterglow.web.schedule.words import describe_kind, describe_state, describe_untold, describe_visit, list_initials
from afterglow.web.templatetags.words import day

READ = "schedule.read"
OPEN = ("booked", "confirmed")
ROWS = ("patient", "patient__site", "site", "place", "nurse", "clinician", "plan", "series", "session", "escort")

Act = Callable[[HttpRequest, Appointment, datetime], Any]


@staff_page(READ)
def show_visit(request: HttpRequest, visit_id: str) -> HttpResponse:
    """Return a visit, or carry out one of its acts."""
    rows = Appointment.objects.select_related(*ROWS, "booked_by", "ended_by", "moved_from")
    visit = find_or_404(request, rows, READ, pk=visit_id)
    now = timezone.now()
    if request.method != "POST":
        return _show(request, visit, now, {})
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    try:
        return act(request, visit, now)
    except Refused as error:
        findings = describe_standing(error.findings, request.user, visit.site, find_plan_of(visit))
        extra: dict[str, Any] = {"refused": sentence(str(error)), "standing": findings, "act": request.POST["act"]}
        if findings and extra["act"] == "start":
            extra["refused"] = _("The session was not opened: see what stands against it.")
            extra["may_go_on"] = any(each["asks_yes"] for each in findings)
            extra["places"] = _list_places(request, visit, now)
        return _show(request, visit, now, extra)


def _list_places(request: HttpRequest, visit: Appointment, now: datetime) -> list[dict[str, Any]]:
    """Return the places that a session may open in, the one asked for chosen; one in use says so."""
    since, _end = get_bounds(ZoneInfo(visit.site.timezone), get_local_date(visit.site, now))
    taken = {session.place for session in list_running(site=visit.site, since=since)}
    chosen = clean_key(request.POST.get("place", "")) or visit.place_id
    rows = sorted(visit.site.places.filter(is_active=True), key=lambda place: sort_name(place.name))
    return [
        {"key": row.pk, "name": row.name, "is_taken": row.name in taken, "is_chosen": row.pk == chosen} for row in rows
    ]


def _done(request: HttpRequest, visit: Appointment, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("web:visit", visit.pk)


def _welcome(request: HttpRequest, visit: Appointment, words: str, now: datetime) -> HttpResponse:
    """Say that somebody is here; where nothing may be given today, that too."""
    if void := find_void(visit, now=now):
        messages.warning(request, f"{words} {write_void(void)}.")
        return redirect("web:visit", visit.pk)
    return _done(request, visit, words)


def _arrive(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    row = actions.mark_arrived(appointment=visit, by=request.user, now=now)
    return _welcome(request, row, _("Arrived."), now)


def _take_back(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    actions.take_back_arrival(appointment=visit, by=request.user, now=now)
    return _done(request, visit, _("Taken back: not here yet."))


def _confirm(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    actions.confirm(appointment=visit, by=request.user, now=now)
    return _done(request, visit, _("Confirmed."))


def _finish(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    actions.mark_done(appointment=visit, by=request.user, now=now)
    return _done(request, visit, _("Done."))


def _start(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    if not policy.allow(request.user, "session.open", visit):
        raise Http404
    accepted = [word[:20] for word in request.POST.getlist("accepted")[:30]]
    because = request.POST.get("because", "")[: BECAUSE + 1]
    key = request.POST.get("place", "")
    place = visit.site.places.filter(pk=clean_key(key), is_active=True).first() if key else None
    if key and place is None:
        raise Http404
    given: dict[str, Any] = {"accepted": accepted, "because": because, "place": place}
    try:
        session = actions.start_session(appointment=visit, by=request.user, now=now, **given)
    except InvalidInput as error:
        return _show(request, visit, now, {"refused": sentence(str(error))})
    if policy.allow(request.user, "session.read", visit):
        return redirect("web:session", session.pk)
    return _done(request, visit, _("The session is open."))


def _no_show(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    actions.mark_no_show(appointment=visit, by=request.user, now=now, reason=request.POST.get("reason", "")[:201])
    return _done(request, visit, _("Marked as not come. The place is free."))


def _came(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    return _bring_back(request, visit, now, is_here=True)


def _expect_again(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    return _bring_back(request, visit, now, is_here=False)


def _bring_back(request: HttpRequest, visit: Appointment, now: datetime, *, is_here: bool) -> HttpResponse:
    row = actions.take_back_no_show(appointment=visit, is_here=is_here, by=request.user, now=now)
    if visit.place_id and row.place_id is None:
        words = _("%(place)s was given to somebody else: move the visit to another place.")
        messages.warning(request, words % {"place": visit.place})
    return _welcome(request, row, _("Here after all.") if is_here else _("Taken back: still expected."), now)


def _cancel(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    form = ReasonForm(request.POST)
    given = {"version": _read_version(request), "tell": bool(request.POST.get("tell"))}
    if form.is_valid():
        given["reason"] = form.cleaned_data["reason"]
        if store(form, actions.cancel, appointment=visit, by=request.user, now=now, **given):
            words = _("Cancelled. The place is free.")
            untold = describe_untold(visit, CANCELLED, words)
            messages.add_message(request, messages.WARNING if untold else messages.SUCCESS, untold or words)
            return redirect("web:visit", visit.pk)
    return _show(request, visit, now, {"cancel_form": form})


def _late(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    form = LateForm(request.POST)
    if form.is_valid():
        zone = ZoneInfo(visit.site.timezone)
        expected = localise(zone, visit.starts_at.astimezone(zone).date(), form.cleaned_data["expected"])
        if store(form, actions.mark_late, appointment=visit, expected_at=expected, by=request.user, now=now):
            return _done(request, visit, _("Expected later. See below whether the day still holds it."))
    return _show(request, visit, now, {"late_form": form})


def _name_escort(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    given = request.POST.get("escort", "")
    escort = Escort.objects.filter(pk=clean_key(given), patient=visit.patient_id).first() if given else None
    if given and escort is None:
        raise Http404
    actions.name_escort(appointment=visit, escort=escort, by=request.user, now=now)
    return _done(request, visit, _("Escort named.") if escort else _("No escort named."))


def _wait(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    add_waiting(
        site=visit.site, patient=visit.patient, kind=visit.kind, plan=find_plan_of(visit), by=request.user, now=now,
        urgency="soon",
    )  # fmt: skip
    return _done(request, visit, _("On the waiting list."))


_ACTS: Mapping[str, Act] = {
    "arrive": _arrive,
    "not-arrived": _take_back,
    "confirm": _confirm,
    "finish": _finish,
    "start": _start,
    "no-show": _no_show,
    "came": _came,
    "expected-again": _expect_again,
    "cancel": _cancel,
    "late": _late,
    "escort": _name_escort,
    "wait": _wait,
}


def _read_version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")[:9]
    return int(text) if text.isdecimal() and text.isascii() else None


def _write_initials(visit: Appointment, zone: ZoneInfo) -> str:
    on = visit.starts_at.astimezone(zone).date()
    return list_initials([visit.patient], load_people(visit.site, on).get(on))[visit.patient_id]


def _describe_person(visit: Appointment, user: Any) -> dict[str, Any] | None:
    """Return who it is, so that they are told from somebody else and rung: for who may find patients here."""
    if not policy.allow(user, "patient.find", visit):
        return None
    patient = visit.patient
    may_read = policy.allow(user, "patient.read", visit)
    return {
        "born": day(patient.birth_on),
        "number": patient.number,
        "phone": patient.phone,
        "url": reverse("web:patient", args=[patient.pk]) if may_read else "",
    }


_VOID = {
    DIED: gettext_lazy("This person has died."),
    STOPPED: gettext_lazy("The plan was stopped."),
    WITHDRAWN: gettext_lazy("The consent was withdrawn, and no other covers this visit."),
}


def _show(request: HttpRequest, visit: Appointment, now: datetime, extra: dict[str, Any]) -> HttpResponse:
    user = request.user
    may_name = policy.allow(user, "patient.find", visit)
    may_book = policy.allow(user, "schedule.book", visit)
    record_read(by=user, what="visit", subject=visit, now=now, patient=visit.patient)
    zone = ZoneInfo(visit.site.timezone)
    is_today = visit.starts_at.astimezone(zone).date() == now.astimezone(zone).date()
    is_open = visit.state in OPEN
    void = find_void(visit, now=now)
    context = {
        "person": _describe_person(visit, user),
        "void": _VOID.get(void, ""),
        "visit": visit,
        "name": visit.patient.display_name if may_name else _write_initials(visit, zone),
        "may_name": may_name,
        "what": describe_visit(visit, zone),
        "kind": describe_kind(visit.kind),
        "state": describe_state(visit.state),
        "nurse": short_name(visit.nurse.display_name) if visit.nurse else "",
        "clinician": short_name(visit.clinician.display_name) if visit.clinician else "",
        "findings": [describe_stored(each) for each in visit.findings],
        "accepted": [describe_acceptance(each) for each in read_acceptances(visit.accepted)],
        "may_book": may_book,
        "may_change": may_book and (is_open or visit.state == "arrived"),
        "may_move": may_book and is_open,
        "may_confirm": may_book and visit.state == "booked" and not void,
        "may_arrive": may_book and is_open and is_today,
        "may_take_back": may_book and visit.state == "arrived",
        "may_come": may_book and visit.state == "no-show" and is_today,
        "may_miss": may_book and is_open and now >= visit.starts_at,
        "may_be_late": may_book and is_open and is_today,
        "may_start": visit.kind == DOSING
        and is_today
        and visit.state in (*OPEN, "arrived")
        and policy.allow(user, "session.open", visit),
        "may_finish": may_book
        and visit.kind != DOSING
        and visit.state in (*OPEN, "arrived")
        and now >= visit.starts_at,
        "may_wait": may_book and visit.state in ("no-show", "cancelled"),
        "session_url": reverse("web:session", args=[visit.session_id])
        if visit.session_id and policy.allow(user, "session.read", visit)
        else "",
        "escorts": list(visit.patient.escorts.filter(ended_at__isnull=True)) if may_name else [],
        "move_url": f"{reverse('web:schedule')}?on={visit.starts_at.astimezone(zone):%Y-%m-%d}&move={visit.pk}",
        "day_url": f"{reverse('web:schedule')}?on={visit.starts_at.astimezone(zone):%Y-%m-%d}",
        "link": describe_visit_link(visit, user),
        "later": Appointment.objects.filter(moved_from=visit).first(),
        "cancel_form": ReasonForm(),
        "late_form": LateForm(),
        **extra,
    }
    return render(request, "web/schedule/visit.html", context, status=STATUS_UNUSABLE if extra else 200)
