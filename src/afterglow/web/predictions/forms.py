"""The fields of option B; they stand beside the draft's and are never stored."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.web.forms.fields import NumberField, PickField, set_choices
from afterglow.web.forms.plans import FORM_ID
from afterglow.web.predictions.options import BY_AMOUNT, BY_WEIGHT, DEVICE_MG, Option, Way, list_ways
from afterglow.web.templatetags.words import plain


class OtherForm(forms.Form):
    """Another way of giving, to look at."""

    prefix = "b"

    way = PickField(label=_("Drug and route"), choices=())
    amount = NumberField(label=_("Dose"), places=3, min_value=Decimal("0.001"), max_value=2000)
    unit = PickField(label=_("Unit"), choices=((BY_WEIGHT, BY_WEIGHT), (BY_AMOUNT, BY_AMOUNT)))
    cap_mg = NumberField(label=_("Never more than"), unit="mg", required=False, min_value=1, max_value=2000)
    over_min = NumberField(label=_("Given over"), unit="min", places=1, required=False, min_value=1, max_value=390)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what is modelled and tie every field to the page's one form."""
        super().__init__(*args, **kwargs)
        set_choices(self, "way", list_ways(), has_empty=False)
        set_choices(self, "unit", [(BY_WEIGHT, BY_WEIGHT), (BY_AMOUNT, BY_AMOUNT)], has_empty=False)
        for item in self.fields.values():
            item.widget.attrs["form"] = FORM_ID

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be given that way."""
        values = super().clean() or {}
        way, over = values.get("way", ""), values.get("over_min")
        if way.endswith(".iv") and over is None and "over_min" not in self.errors:
            self.add_error("over_min", _("An infusion has a duration in minutes."))
        if over is not None and way and not way.endswith((".iv", ".im", ".sc")):
            self.add_error("over_min", _("Leave the minutes empty: nothing is infused by this route."))
        if way == "esketamine.intranasal" and "amount" in values:
            devices = values["amount"] / DEVICE_MG
            if values.get("unit") != BY_AMOUNT or devices != int(devices) or not 1 <= devices <= 3:
                self.add_error("amount", _("The spray comes in devices of 28 mg: write 28, 56 or 84 mg."))
        return values

    def build_option(self) -> Option:
        """Return B from the cleaned values."""
        values = self.cleaned_data
        drug, _dot, route = values["way"].partition(".")
        return Option(Way(drug, route), values["amount"], values["unit"], values.get("cap_mg"), values.get("over_min"))


def describe_initial(option: Option) -> dict[str, str]:
    """Return an option as the form shows it at first."""
    values = {"way": option.way.key, "amount": plain(option.amount), "unit": option.unit}
    if option.cap_mg is not None:
        values["cap_mg"] = plain(option.cap_mg)
    if option.over_min is not None:
        values["over_min"] = plain(option.over_min)
    return values
