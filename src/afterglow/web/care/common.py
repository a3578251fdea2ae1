"""What the pages of this room share: opening the chart's care, the line of its pages, carrying out one act."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.people.models import PractitionerRole
from afterglow.web.present.head import build_head
from afterglow.web.views.chart import open_chart

READ, EDIT = "care.read", "care.edit"
PDF = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Act = Callable[[HttpRequest, Any, datetime], HttpResponse]


def open_care(request: HttpRequest, patient_id: str, what: str = "care") -> tuple[Any, datetime]:
    """Return the patient and the instant, after the reading was written down."""
    return open_chart(request, patient_id, what, READ)


def find_act(request: HttpRequest, acts: Mapping[str, Act]) -> Act:
    """Return the act a form asks for; one that the page does not know does not exist."""
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    return act


def build_frame(patient: Any, user: Any, current: str, now: datetime) -> dict[str, Any]:
    """Return the chart's head and the pages of this room, one of them marked."""
    pages = (
        ("care", "web:patient-care", _("Goals and visits")),
        ("notes", "web:care-notes", _("Therapy notes")),
        ("shared", "web:care-shared", _("Shared care")),
        ("letters", "web:care-letters", _("Letters")),
        ("stepping-down", "web:care-stepping-down", _("Stepping down")),
    )
    return {
        "chart": build_head(patient, user, "notes" if current == "notes" else "care", now),
        "care_pages": [
            {"url": reverse(name, args=[patient.pk]), "name": words, "is_current": key == current}
            for key, name, words in pages
        ],
        "may_edit": policy.allow(user, EDIT, patient),
    }


def find_row(rows: Any, key: str) -> Any:
    """Return the row that a form names among those of the patient, or raise 404."""
    found = rows.filter(pk=key.replace("\x00", "")[:40]).first()
    if found is None:
        raise Http404
    return found


def finish(request: HttpRequest, words: str, name: str, *args: str) -> HttpResponse:
    """Say what was stored and lead on."""
    messages.success(request, words)
    return redirect(name, *args)


def list_people(site: Any, permission: str) -> list[tuple[str, str]]:
    """Return who holds a permission at a site by a role of theirs, as choices."""
    roles = [name for name, role in policy.load_roles().items() if permission in role.permissions]
    rows = PractitionerRole.objects.filter(site=site, role__in=roles, user__is_active=True).select_related("user")
    found = {row.user_id: row.user.display_name for row in rows}
    return sorted(found.items(), key=lambda each: each[1])


def has_errors(forms: Iterable[Any]) -> bool:
    """Return whether any of some forms was sent with something wrong."""
    return any(form is not None and form.is_bound and form.errors for form in forms)
