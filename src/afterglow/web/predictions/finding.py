"""The question "what dose reaches it?" below the curves: a goal, a limit, the plan's doses in a table; no order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.protocols.model import Protocol
from afterglow.web.forms.fields import NumberField, PickField, set_choices
from afterglow.web.forms.plans import FORM_ID
from afterglow.web.predictions import words
from afterglow.web.predictions.asking import ask_doses
from afterglow.web.predictions.doses import Dose, has_hard_line, list_doses
from afterglow.web.predictions.options import Option
from afterglow.web.predictions.problems import list_messages
from afterglow.web.templatetags.words import plain

COPY = "copy-b"
AROUND = 3  # doses shown on each side of the answer
SHARES = (("0.5", gettext_lazy("half")), ("0.75", gettext_lazy("three quarters")), ("0.9", gettext_lazy("9 in 10")))
CADSS6_MOST = 24


class GoalForm(forms.Form):
    """What is to be reached, in how many similar people, and what is not to be passed; an empty goal asks nothing."""

    prefix = "f"

    of = PickField(label=gettext_lazy("Peak of"), choices=())
    level = NumberField(label=gettext_lazy("Reaches"), required=False, min_value=Decimal("0.1"), max_value=20000)
    share = PickField(label=gettext_lazy("In, of similar people"), choices=())
    limit_of = PickField(label=gettext_lazy("And the peak of"), choices=())
    limit_level = NumberField(label=gettext_lazy("Does not reach"), min_value=Decimal("0.1"), max_value=20000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the quantities and tie every field to the page's one form."""
        super().__init__(*args, **kwargs)
        for name in ("of", "limit_of"):
            set_choices(self, name, list(describe_quantities().items()), has_empty=False)
        set_choices(self, "share", SHARES, has_empty=False)
        for item in self.fields.values():
            item.widget.attrs["form"] = FORM_ID

    def clean(self) -> dict[str, Any]:
        """Refuse a score that its scale does not have."""
        values = super().clean() or {}
        for name, level in (("of", "level"), ("limit_of", "limit_level")):
            if values.get(name) == "cadss6" and (values.get(level) or 0) > CADSS6_MOST:
                self.add_error(level, _("CADSS-6 goes up to 24."))
        return values

    @property
    def asks(self) -> bool:
        """Whether a goal was written."""
        return self.is_bound and self.is_valid() and self.cleaned_data["level"] is not None


def describe_quantities() -> dict[str, str]:
    """Return what a goal or a limit may be of, in words with the unit."""
    return {
        "ketamine_ng_per_ml": _("concentration, ng/mL"),
        "cadss6": _("dissociation, CADSS-6"),
        "systolic_rise_mmhg": _("systolic rise, mmHg"),
    }


def build_initial() -> dict[str, str]:
    """Return what the form shows at first: no goal, and the line at which the chairside asks for support."""
    return {"of": "ketamine_ng_per_ml", "share": "0.5", "limit_of": "cadss6", "limit_level": "12"}


def read_goal(data: Any) -> GoalForm:
    """Return the form with what was posted, or as it is at first."""
    if data is not None and "f-of" in data:
        return GoalForm(data)
    return GoalForm(initial=build_initial())


def build_finding(
    form: GoalForm, person: Mapping[str, Any], first: Option, protocol: Protocol, timeout_s: float
) -> dict[str, Any]:
    """Return the table of doses, or why there is none."""
    if not form.asks:
        return {"state": "unasked" if not form.is_bound or form.is_valid() else "wrong"}
    if not has_hard_line(protocol):
        return {"state": "none", "reason": _("This protocol sets no hard limit of the dose, so nothing is searched.")}
    doses = list_doses(first, protocol, Decimal(str(person["weight_kg"])))
    if not doses:
        return {"state": "none", "reason": _("No dose lies within the protocol's hard limits as it is given here.")}
    values = form.cleaned_data
    payload = {
        "patient": dict(person),
        "options": [dose.option.to_payload() for dose in doses],
        "goal": {"of": values["of"], "level": float(values["level"])},
        "limit": {"of": values["limit_of"], "level": float(values["limit_level"])},
    }
    try:
        answer = ask_doses(payload, timeout_s)
    except NotYet:
        return {"state": "later"}
    except GaveUp as gone:
        return {"state": "none", "reason": words.describe_giving_up(gone)}
    if answer.get("status") != "ok":
        return {"state": "none", "reason": " ".join(list_messages(answer.get("problems", ())))}
    return _describe(values, doses, answer)


def _describe(values: Mapping[str, Any], doses: Sequence[Dose], answer: Mapping[str, Any]) -> dict[str, Any]:
    rows, wanted = answer["candidates"], float(values["share"])
    place = next((i for i, row in enumerate(rows) if row["reach"] >= wanted), None)
    middle = len(rows) - 1 if place is None else place
    shown = range(max(0, middle - AROUND), min(len(rows), middle + AROUND + 1))
    named = describe_quantities()
    words_of = {"goal": named[values["of"]], "limit": named[values["limit_of"]]}
    problems = [problem for i in shown for problem in rows[i]["problems"]]
    return {
        "state": "ready",
        "goal": _("%(of)s at least %(level)s") % {"of": words_of["goal"], "level": plain(values["level"])},
        "limit": _("%(of)s at least %(level)s") % {"of": words_of["limit"], "level": plain(values["limit_level"])},
        "says": _say(values, doses, place, words_of["goal"]),
        "is_found": place is not None,
        "rows": [_describe_row(doses[i], rows[i], is_answer=i == place) for i in shown],
        "basis": words.write_grades(answer["basis"]),
        "source": words.write_source(answer["basis"]),
        "warnings": list_messages(problems),
        "is_pressure": any(values[name].endswith("mmhg") for name in ("of", "limit_of")),
    }


def _say(values: Mapping[str, Any], doses: Sequence[Dose], place: int | None, goal: str) -> str:
    share = str(dict(SHARES)[values["share"]])
    if place is None:
        return _("No dose within the protocol's hard limits reaches it in %(share)s of similar people.") % {
            "share": share
        }
    return _("%(dose)s is the smallest step that reaches %(of)s %(level)s in %(share)s of similar people.") % {
        "dose": doses[place].option.describe(),
        "of": goal,
        "level": plain(values["level"]),
        "share": share,
    }


def _describe_row(dose: Dose, row: Mapping[str, Any], *, is_answer: bool) -> dict[str, Any]:
    return {
        "dose": replace(dose.option, over_min=None).describe(),
        "mg": plain(dose.amount_mg.quantize(Decimal("0.1")).normalize()),
        "reach": words.write_of_hundred(row["reach"]),
        "reach_range": words.write_range_of_hundred(row["reach_interval"]),
        "over": words.write_of_hundred(row["over"]),
        "over_range": words.write_range_of_hundred(row["over_interval"]),
        "needs": dose.needs,
        "act": f"{COPY}:{plain(dose.option.amount)}",
        "is_answer": is_answer,
    }


def read_copied(act: str, first: Option, protocol: Protocol, weight_kg: Decimal) -> Option | None:
    """Return the dose of a table that was asked to be copied into B, or None where the protocol lets no such one by."""
    name, _colon, text = act.partition(":")
    if name != COPY:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return next((dose.option for dose in list_doses(first, protocol, weight_kg) if dose.option.amount == amount), None)
