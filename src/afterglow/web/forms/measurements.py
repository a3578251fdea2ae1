"""Measurements entered by hand: kind, value, and when it was observed."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.web.forms.fields import MomentField, NumberField, PickField

# kind: (words, unit, lowest and highest value that can be a measurement at all)
KINDS: dict[str, tuple[Any, str, int, int]] = {
    "weight": (_("Weight"), "kg", 1, 500),
    "height": (_("Height"), "cm", 40, 260),
    "blood-pressure": (_("Blood pressure"), "mmHg", 20, 350),
    "heart-rate": (_("Heart rate"), "/min", 10, 350),
    "spo2": (_("SpO₂"), "%", 1, 100),
    "respiratory-rate": (_("Respiratory rate"), "/min", 1, 100),
    "temperature": (_("Temperature"), "Cel", 25, 45),
}


class MeasurementForm(forms.Form):
    """One measurement."""

    kind = PickField(label=_("What"), choices=[(key, words) for key, (words, *_rest) in KINDS.items()])
    value = NumberField(label=_("Value"), places=2, min_value=0, max_value=1000)
    second_value = NumberField(
        label=_("Diastolic, for a blood pressure"), places=2, min_value=0, max_value=1000, required=False
    )
    observed_at = MomentField(label=_("Observed at"))
