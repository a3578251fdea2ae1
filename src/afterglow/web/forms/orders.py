"""Forms of today's order: dose within the plan, what is in hand, premedication, rescue and standing orders."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.protocols.model import Pattern, Protocol
from afterglow.web.forms.fields import NoteField, NumberField, PickField, set_choices

DOSE = ("dose_mg_per_kg", "dose_mg", "cap_mg", "over_min")
SUPPLY = ("vial_mg_per_ml", "diluent_ml", "line_ml", "flush_ml")
DRUGS = ("premedication", "rescue", "standing")


class WeightForm(forms.Form):
    """Today's weight."""

    weight_kg = NumberField(label=_("Today's weight"), unit="kg", min_value=1, max_value=500)


class OrderForm(forms.Form):
    """Today's dose and the drugs around it; one drug a line."""

    dose_mg_per_kg = NumberField(label=_("Dose"), unit="mg/kg", places=3, required=False, min_value=0)
    dose_mg = NumberField(label=_("Dose"), unit="mg", required=False, min_value=0)
    cap_mg = NumberField(label=_("Never more than"), unit=_("mg, cap"), required=False, min_value=0)
    over_min = NumberField(label=_("Given over"), unit="min", places=1, required=False, min_value=0)
    vial_mg_per_ml = NumberField(label=_("Vial"), unit="mg/mL", required=False, min_value=0)
    diluent_ml = NumberField(label=_("Bag"), unit="mL", required=False, min_value=0)
    line_ml = NumberField(label=_("Line"), unit="mL", required=False, min_value=0)
    flush_ml = NumberField(label=_("Flush"), unit="mL", required=False, min_value=0)
    premedication = NoteField(
        label=_("Premedication"), rows=2, required=False, help_text=_("One a line, such as: ondansetron 4 mg by mouth")
    )
    rescue = NoteField(label=_("Rescue"), rows=2, required=False, help_text=_("One a line, with its limit"))
    standing = NoteField(label=_("Standing orders"), rows=2, required=False, help_text=_("One a line"))

    def __init__(self, *args: Any, protocol: Protocol | None = None, **kwargs: Any) -> None:
        """Leave out what the protocol's way of giving does not know."""
        super().__init__(*args, **kwargs)
        for name in list_unused(protocol):
            del self.fields[name]

    def list_supply(self) -> dict[str, Decimal]:
        """Return what is in hand, as far as it was typed."""
        known = {name: self.cleaned_data.get(name) for name in SUPPLY}
        return {name: value for name, value in known.items() if value is not None}

    def list_drugs(self, name: str) -> list[dict[str, str]]:
        """Return the lines of one field."""
        lines = str(self.cleaned_data.get(name, "")).splitlines()
        return [{"text": line.strip()[:200]} for line in lines if line.strip()][:20]


class OpenSessionForm(forms.Form):
    """Where the session takes place."""

    place = PickField(label=_("Place"), choices=())

    def __init__(self, *args: Any, places: Any = (), **kwargs: Any) -> None:
        """Offer the site's places."""
        super().__init__(*args, **kwargs)
        set_choices(self, "place", [(item.name, item.name) for item in places])


def list_unused(protocol: Protocol | None) -> list[str]:
    """Return the fields a protocol's way of giving does not know."""
    if protocol is None:
        return []
    if protocol.pattern is Pattern.INFUSION:
        return ["dose_mg"]
    if protocol.pattern is Pattern.INJECTION:
        return ["dose_mg", "over_min", "diluent_ml", "line_ml", "flush_ml"]
    if protocol.pattern is Pattern.DEVICES:
        return ["dose_mg_per_kg", "cap_mg", "over_min", *SUPPLY]
    return ["over_min", *SUPPLY]
