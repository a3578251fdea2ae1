"""The one form's link that a demonstration prints when it starts; no other clinic ever prints one."""

from datetime import datetime

from afterglow.clinic.measures.actions import ask_form, renew_link
from afterglow.clinic.measures.models import OPEN, MeasureForm
from afterglow.clinic.measures.models.forms import LINK
from afterglow.clinic.people.models import PractitionerRole


def make_demonstration_form_link(*, now: datetime) -> str | None:
    """Return the token of a new link to the demonstration's form that was begun last, or to one asked anew, or None."""
    forms = MeasureForm.objects.filter(patient__site__is_demonstration=True, way=LINK).select_related("patient__site")
    begun = forms.filter(state=OPEN, answers__isnull=False).order_by("-asked_at").first()
    last = begun or forms.order_by("-asked_at").first()
    if last is None:
        return None
    nurse = PractitionerRole.objects.filter(site=last.patient.site, role="nurse").select_related("user").first()
    if nurse is None:
        return None
    if begun is not None:
        return renew_link(form=begun, by=nurse.user, now=now)[1]
    return ask_form(patient=last.patient, instrument=last.instrument, by=nurse.user, now=now)[1]
