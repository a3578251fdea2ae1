"""Emergency openings: the way into a chart of another site, ending it, the queue of those to review."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.accounts import emergency
from afterglow.clinic.accounts.models import EmergencyAccess
from afterglow.clinic.audit.models import ReadEvent
from afterglow.clinic.audit.reads import EMERGENCY, record_read
from afterglow.clinic.errors import TryLater
from afterglow.clinicday.emergency import load_emergency_rules
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import get_address, sentence, store
from afterglow.web.security.forms import OpeningForm, ReviewForm

MOST_ROWS = 100
MOST_READS = 200


@staff_page(emergency.USE)
def show_opening(request: HttpRequest) -> HttpResponse:
    """Ask who, and why; open the chart of the one person found."""
    form = OpeningForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and (patient := _find_patient(request, form)):
        given = {name: form.cleaned_data[name] for name in ("reason", "words")}
        if store(form, emergency.open_emergency, patient=patient, by=request.user, now=timezone.now(), **given):
            messages.warning(request, _("The chart is open. Every page you read of it is marked and will be reviewed."))
            return redirect("web:patient", patient.pk)
    minutes = int(emergency.get_holding_time().total_seconds() // 60)
    rules = load_emergency_rules()
    context = {"form": form, "minutes": minutes, "source": f"{rules.source}, {rules.grade}"}
    return render(request, "web/security/emergency.html", context, status=STATUS_UNUSABLE if form.errors else 200)


@staff_page(emergency.USE, methods=("POST",))
def end(request: HttpRequest, access_id: str) -> HttpResponse:
    """End one's own emergency opening."""
    user: Any = request.user
    now = timezone.now()
    running = EmergencyAccess.objects.filter(user=user, ended_at=None, expires_at__gt=now)
    emergency.end_emergency(access=get_object_or_404(running, pk=access_id), by=request.user, now=now)
    messages.success(request, _("The emergency opening has ended. The chart is closed to you again."))
    return redirect("web:home")


@staff_page(emergency.REVIEW, methods=("GET", "HEAD"))
def list_reviews(request: HttpRequest) -> HttpResponse:
    """Return the emergency openings at one's sites: those to review first, then the reviewed ones."""
    now = timezone.now()
    rows = policy.scope(request.user, EmergencyAccess.objects.select_related("user", "patient", "reviewed_by"))
    waiting = [_present(row, request.user, now) for row in rows.filter(reviewed_at=None).order_by("opened_at", "pk")]
    done = [_present(row, request.user, now) for row in rows.exclude(reviewed_at=None)[:MOST_ROWS]]
    return render(request, "web/security/reviews.html", {"waiting": waiting, "done": done})


@staff_page(emergency.REVIEW)
def show_review(request: HttpRequest, access_id: str) -> HttpResponse:
    """Return one emergency opening with everything that was read, or take what the review says of it."""
    rows = EmergencyAccess.objects.select_related("user", "patient__site", "reviewed_by")
    access = find_or_404(request, rows, emergency.REVIEW, pk=access_id)
    now = timezone.now()
    form = ReviewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("outcome", "note")}
        if store(form, emergency.review_emergency, access=access, by=request.user, now=now, **given):
            messages.success(request, _("The review is stored."))
            return redirect("web:emergency-reviews")
    record_read(by=request.user, what="emergency review", subject=access, now=now, patient=access.patient)
    row = _present(access, request.user, now)
    reads = ReadEvent.objects.filter(by=access.user_id, patient=access.patient_id, what__startswith=EMERGENCY)
    reads = reads.filter(at__gte=access.opened_at, at__lte=access.ended_at or access.expires_at).order_by("at", "pk")
    context = {
        "row": row,
        "reads": [{"at": read.at, "what": read.what.removeprefix(EMERGENCY)} for read in reads[:MOST_READS]],
        "form": form if row["may_review"] else None,
    }
    return render(request, "web/security/review.html", context, status=STATUS_UNUSABLE if form.errors else 200)


def _find_patient(request: HttpRequest, form: OpeningForm) -> Any:
    """Return the one person of another site that the form describes, or None after saying what is wrong."""
    given = {name: form.cleaned_data[name] for name in ("family_name", "given_name", "birth_on")}
    try:
        found = emergency.find_people(by=request.user, now=timezone.now(), address=get_address(request), **given)
    except TryLater as error:
        form.add_error(None, sentence(str(error)))
        return None
    if not found:
        words = _("Nobody at another site has these names and this birth date. Check the spelling.")
        form.add_error("family_name", words)
        return None
    if len(found) > 1:
        chosen = [patient for patient in found if patient.site_id == form.cleaned_data["site"]]
        if len(chosen) != 1:
            form.offer_sites([patient.site for patient in found])
            form.add_error("site", _("More than one site knows this person. Say which chart."))
            return None
        return chosen[0]
    return found[0]


def _present(access: EmergencyAccess, user: Any, now: Any) -> dict[str, Any]:
    rules = load_emergency_rules()
    is_running = emergency.is_running(access, now)
    return {
        "access": access,
        "who": access.user.display_name,
        "patient": access.patient.number,
        "reason": _(rules.reasons.get(access.reason, access.reason)),
        "outcome": _(rules.outcomes.get(access.outcome, access.outcome)) if access.outcome else "",
        "until": access.ended_at or access.expires_at,
        "is_running": is_running,
        "may_review": not is_running and access.reviewed_at is None and access.user_id != user.pk,
    }
