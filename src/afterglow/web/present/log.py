"""The access log as rows: who, what, on which subject, whose."""

from typing import Any

from django.db.models import Q

from afterglow.clinic.audit.models import AuditEvent, ReadEvent
from afterglow.clinic.people.models import Patient, PractitionerRole, User


def list_reads_and_acts(kind: str, *, patient: str = "", sites: Any = None) -> Any:
    """Return the rows of one kind, newest first, of one patient or of all patients of the given sites."""
    rows: Any
    if kind == "reads":
        rows = ReadEvent.objects.order_by("-at", "-pk")
    else:
        rows = AuditEvent.objects.order_by("-seq")
    if patient:
        return rows.filter(patient=patient)
    if sites is None:
        return rows
    ours = Q(patient__in=Patient.objects.filter(site__in=sites).values("pk"))
    if kind == "reads":
        staff = PractitionerRole.objects.filter(site__in=sites).values("user")
        return rows.filter(ours | Q(patient="", by__in=staff))
    # what belongs to no patient is shown where it happened; what happened nowhere, such as a sign-in, to every site
    return rows.filter(ours | Q(patient="", site__in=["", *sites]))


def present_rows(kind: str, rows: list[Any]) -> list[dict[str, Any]]:
    """Return rows with names in place of identifiers, in two further queries for the whole page."""
    users = {user.pk: user.display_name for user in User.objects.filter(pk__in={row.by for row in rows})}
    patients = Patient.objects.filter(pk__in={row.patient for row in rows if row.patient})
    numbers = {patient.pk: patient.number for patient in patients}
    return [
        {
            "at": row.at if kind == "reads" else row.recorded_at,
            "who": users.get(row.by, row.by or "–"),
            "what": row.what if kind == "reads" else row.action,
            "on": row.subject_type.rpartition(".")[2],
            "patient": numbers.get(row.patient, ""),
        }
        for row in rows
    ]
