"""Pages of a chair: its named nurse and handover, seating the next person, an escort that has not come."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.chairside.nursing import find_nurse, find_offer
from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.dosing_sessions.actions import submit_command
from afterglow.clinic.dosing_sessions.fold import load_state, load_states
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.dosing_sessions.nursing import can_take_one_more, list_live, sum_loads
from afterglow.clinic.floor import actions
from afterglow.clinic.floor.escorts import DECIDED, OUTCOMES, TRIED, find_visit_ahead, is_over, list_ladders
from afterglow.clinic.floor.marks import describe_name, load_marks
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.sites.models import Place
from afterglow.clinicday.floor import load_escort_ladder
from afterglow.clinicday.presence import find_next_step
from afterglow.clinicday.staffing import get_limit, show
from afterglow.web.access import find_or_404, staff_page
from afterglow.web.floor.arrivals import write_void
from afterglow.web.floor.handover import describe_handover
from afterglow.web.floor.present import find_visit_url, write_visit
from afterglow.web.sessions.present.words import write_hour

ASSIGN = "floor.assign"
ACTS = ("assign-nurse", "offer-handover", "accept-handover", "withdraw-handover", "decline-handover")
WORDS = {"offer-handover": "note", "withdraw-handover": "reason", "decline-handover": "reason"}
DOSING = "dosing"


@staff_page("floor.read")
def show_nurse(request: HttpRequest, session_id: str) -> HttpResponse:
    """Show who has a chair, and let it be named, offered, accepted, declined and taken back."""
    session = find_or_404(request, Session.objects.select_related("patient", "site"), "floor.read", pk=session_id)
    now = timezone.now()
    if request.method == "POST":
        policy.require(request.user, ASSIGN, session)
        _act(request, session)
        return redirect("web:floor-nurse", session.pk)
    record_read(by=request.user, what="session.nurse", subject=session, now=now, patient=session.patient)
    state = load_state(session)
    nurse, offer = find_nurse(state), find_offer(state)
    people, on = _list_people(session), now.astimezone(ZoneInfo(session.site.timezone)).date()
    names = {row["id"]: row["name"] for row in people}
    to, me = "" if offer is None else str(offer.data["to"]), str(request.user.pk)
    # what a session that is over no longer takes is not offered
    is_over = session.phase not in (*LIVE_PHASES, "booked")
    may_assign = not is_over and policy.allow(request.user, ASSIGN, session)
    is_prescriber = policy.allow(request.user, "order.sign", session)
    may_offer = not nurse or nurse == me or is_prescriber
    context = {
        "session": session,
        "initials": list(
            load_marks(session.site, on, {session.patient_id: describe_name(session.patient)})[session.patient_id]
        ),
        "nurse": nurse,
        "nurse_name": names.get(nurse, ""),
        "offer_to": to,
        "offer_name": names.get(to, ""),
        "handed": None if offer is None else describe_handover(session, state, offer, now),
        "is_mine": to == me,
        # a chair that has a nurse is offered to somebody else than the two at hand
        "people": [row for row in people if row["id"] != nurse and (not nurse or row["id"] != me)],
        "me": me,
        "limit": show(get_limit()),
        "may_assign": may_assign,
        # the nurse of the chair offers it, or a prescriber in their place, though never to themselves
        "may_offer": may_offer,
        "is_folded": offer is not None and (may_offer or to != me),
        "may_withdraw": offer is not None and (me in (offer.by, nurse) or is_prescriber),
        "is_over": is_over,
    }
    return render(request, "web/floor/nurse.html", context)


def _act(request: HttpRequest, session: Session) -> None:
    """Give the chosen nursing command; what the rules say of the load is told, and stands in the record."""
    act, chosen = request.POST.get("act", ""), request.POST.get("nurse", "")
    if act not in ACTS:
        raise Http404
    data: dict[str, Any] = {"assign-nurse": {"nurse": chosen}, "offer-handover": {"to": chosen}}.get(act, {})
    if act in ("assign-nurse", "offer-handover") and request.POST.get("from", ""):
        data["from"] = request.POST["from"]
    if (name := WORDS.get(act, "")) and request.POST.get(name, "").strip():
        data[name] = request.POST[name]
    given = submit_command(session=session, type=act, data=data, by=request.user, now=timezone.now())
    for finding in given.findings:
        messages.warning(request, f"{finding.seen}, {finding.threshold}. {finding.asks}")


def _list_people(session: Session) -> list[dict[str, Any]]:
    """Return who may have this chair, with what they carry now; who can take one more comes first."""
    sessions = list_live(session.site_id)
    loads = sum_loads(sessions, load_states(sessions))
    users = User.objects.filter(practitioner_roles__site=session.site, is_active=True).distinct()
    rows = []
    for user in users.prefetch_related("practitioner_roles"):
        # read once for all of them, as the policy would for each
        vars(user)["_assignments"] = [(role.site_id, role.role) for role in user.practitioner_roles.all()]
        if not (policy.allow(user, ASSIGN, session) and policy.is_licensed(user, session.site)):
            continue
        load = loads.get(user.pk, type(get_limit())(0))
        is_nurse = "nurse" in policy.list_roles(user, session.site)
        rows.append(
            {
                "id": user.pk,
                "name": user.display_name,
                "load": show(load) if load else "0",
                "can_take": can_take_one_more(load),
                "is_nurse": is_nurse,
            }
        )
    return sorted(rows, key=lambda row: (not row["is_nurse"], not row["can_take"], row["name"]))


@staff_page(ASSIGN)
def show_seat(request: HttpRequest, place_id: str) -> HttpResponse:
    """Show a free place: mark it cleaned, and who can be seated there."""
    from afterglow.clinic.floor.arrivals import list_arrivals

    place = find_or_404(request, Place.objects.select_related("site"), ASSIGN, pk=place_id)
    now = timezone.now()
    if request.method == "POST":
        if request.POST.get("act") != "cleaned":
            raise Http404
        actions.record_place_cleaned(place=place, by=request.user, now=now)
        return redirect("web:floor-seat", place.pk)
    on = now.astimezone(ZoneInfo(place.site.timezone)).date()
    visits = [
        visit for visit in list_arrivals(place.site, on, now) if visit["kind"] == DOSING or _is_here(visit, place)
    ]
    marks = load_marks(place.site, on, {visit["patient"]: visit["names"] for visit in visits})
    rows = [{**_describe_seat(visit, place), "initials": list(marks[visit["patient"]])} for visit in visits]
    rows.sort(key=lambda row: (not (row["is_here"] and row["may_start"]), row["state"] != "arrived", row["at"]))
    last = place.states.select_related("by").order_by("-cleaned_at", "-pk").first()
    return render(request, "web/floor/seat.html", {"place": place, "rows": rows, "last": last})


def _is_here(visit: Mapping[str, Any], place: Place) -> bool:
    return bool(visit["place"] == place.pk)


def _describe_seat(visit: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return one who may be seated; a session opens and an arrival is noted on the page of the visit."""
    has_come = bool(visit["visit"]) and visit["state"] == "arrived"
    return {
        **visit,
        "what": write_visit(visit),
        "hour": write_hour(visit["at"]),
        "url": find_visit_url(visit),
        "no_dose": write_void(visit["void"]),
        "is_here": _is_here(visit, place),
        "may_start": has_come and visit["kind"] == DOSING,
        "may_arrive": bool(visit["visit"]) and not has_come and visit["kind"] != DOSING,
    }


@staff_page("schedule.book")
def show_escort(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Show the ladder for an escort that has not come, and record what was tried."""
    patient = find_or_404(request, Patient.objects.select_related("site"), "schedule.book", pk=patient_id)
    now = timezone.now()
    if request.method == "POST":
        step, outcome = request.POST.get("step", ""), request.POST.get("outcome", "")
        actions.record_escort_call(patient=patient, step=step, outcome=outcome, by=request.user, now=now)
        return redirect("web:floor-escort", patient.pk)
    record_read(by=request.user, what="escort.read", subject=patient, now=now, patient=patient)
    on = now.astimezone(ZoneInfo(patient.site.timezone)).date()
    calls = list_ladders(patient.site, on).get(patient.pk, [])
    number, coming = find_next_step([call.step for call in calls])
    may_decide = policy.allow(request.user, "order.sign", patient)
    words = {
        "no-answer": _("No answer"),
        "on-the-way": _("On the way"),
        "came": _("The escort came"),
        "other-adult": _("Another adult comes"),
        "stays": _("The person stays until somebody comes"),
        "decided": _("Prescriber decided, see the record"),
    }
    titles = {each.id: each.title for each in load_escort_ladder()}
    context = {
        "patient": patient,
        "ahead": find_visit_ahead(patient, now),
        "calls": [{"row": call, "title": titles[call.step], "outcome": words[call.outcome]} for call in calls],
        "ladder": load_escort_ladder(),
        "next": coming,
        "number": number,
        "is_over": is_over(calls),
        "outcomes": [(each, words[each]) for each in OUTCOMES if may_decide or each not in DECIDED],
        "escorts": patient.escorts.filter(ended_at__isnull=True),
        "tried": TRIED,
    }
    return render(request, "web/floor/escort.html", context)
