"""Forms of the plan: what is given and when; volumes are never part of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.protocols.model import Pattern, Protocol
from afterglow.web.forms.fields import DayField, NoteField, NumberField, PickField, TextField, WholeField, set_choices
from afterglow.web.forms.screening import list_indication_choices, list_protocol_choices

FORM_ID = "plan-form"
GIVEN = ("dose_mg_per_kg", "dose_mg", "cap_mg", "over_min", "weight_basis")
SCHEDULE = (
    "induction_sessions",
    "sessions_per_week",
    "maintenance_every_wk",
    "maintenance_then",
    "vitals_every_min",
    "observe_min",
    "starts_on",
)


class StartForm(forms.Form):
    """Which protocol and indication a new draft begins with."""

    protocol_id = PickField(label=_("Protocol"), choices=())
    indication = PickField(label=_("Indication"), choices=())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what exists."""
        super().__init__(*args, **kwargs)
        set_choices(self, "protocol_id", list_protocol_choices())
        set_choices(self, "indication", list_indication_choices())


class PlanForm(forms.Form):
    """A draft's values."""

    protocol_id = PickField(label=_("Protocol"), choices=())
    indication = PickField(label=_("Indication"), choices=())
    dose_mg_per_kg = NumberField(label=_("Dose"), unit="mg/kg", places=3, required=False, min_value=0)
    dose_mg = NumberField(label=_("Dose"), unit="mg", required=False, min_value=0)
    cap_mg = NumberField(label=_("Never more than"), unit=_("mg, cap"), required=False, min_value=0)
    over_min = NumberField(label=_("Given over"), unit="min", places=1, required=False, min_value=0)
    weight_basis = PickField(
        label=_("Weight used"), choices=(("actual", _("actual, that day")),), required=False, widget=forms.Select
    )
    induction_sessions = WholeField(label=_("Induction"), unit=_("sessions"), required=False, max_value=60)
    sessions_per_week = WholeField(label=_("Each week"), unit=_("sessions"), required=False, max_value=7)
    maintenance_every_wk = WholeField(label=_("Upkeep starts every"), unit=_("weeks"), required=False, max_value=52)
    maintenance_then = TextField(label=_("Then"), max_length=40, required=False)
    vitals_every_min = WholeField(label=_("Vitals in session every"), unit="min", required=False, max_value=120)
    observe_min = WholeField(label=_("Observe at least"), unit="min", required=False, max_value=720)
    starts_on = DayField(label=_("First session on"), required=False)
    notes = NoteField(label=_("Note"), rows=2, max_length=1000, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1, max_value=1_000_000)

    def __init__(self, *args: Any, protocol: Protocol | None = None, **kwargs: Any) -> None:
        """Offer what the protocol knows and tie every field to the page's one form."""
        super().__init__(*args, **kwargs)
        set_choices(self, "protocol_id", list_protocol_choices(), has_empty=False)
        set_choices(self, "indication", list_indication_choices(), has_empty=False)
        for name in list_unused(protocol):
            del self.fields[name]
        for item in self.fields.values():
            item.widget.attrs["form"] = FORM_ID


def list_unused(protocol: Protocol | None) -> list[str]:
    """Return the fields a protocol's way of giving does not know."""
    if protocol is None:
        return []
    unused = [] if protocol.pattern is Pattern.INFUSION else ["over_min"]
    if protocol.pattern is Pattern.DEVICES:
        unused += ["dose_mg_per_kg", "cap_mg", "weight_basis"]
    elif protocol.pattern in (Pattern.INFUSION, Pattern.INJECTION):
        unused.append("dose_mg")
    return unused
