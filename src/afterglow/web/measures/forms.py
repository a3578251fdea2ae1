"""Forms of this room; nothing is chosen beforehand."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from afterglow.clinicday.measures import load_reasons
from afterglow.clinicday.risk import PARTS
from afterglow.instruments import Instrument, load_instruments
from afterglow.terms import Problem
from afterglow.web.forms.fields import ChoiceRows, MomentField, NoteField, PickField, TextField, set_choices

DECISIONS = (
    ("may-go-on", _("May go on: the dose is released")),
    ("hold", _("Hold: no dose for now")),
    ("emergency", _("Emergency: handed to emergency care")),
)
GO_ON = DECISIONS[0][0]
TICKS = ("is_in_person", "has_gone_through_plan", "has_made_means_safe")
# where the page asks for what a release needs; what has no place here is entered elsewhere
NEEDS = {
    "in-person": "is_in_person",
    "safety-plan": "has_gone_through_plan",
    "means": "has_made_means_safe",
    "told": "told",
    "emergency-path": "emergency_path",
}
PART_NAMES = {
    "signs": _("My warning signs"),
    "alone": _("What I can do alone"),
    "places": _("People and places that distract me"),
    "people": _("People I can ask for help"),
    "services": _("Professionals and services, with the crisis line"),
    "means": _("Making my surroundings safer"),
}


class AskForm(forms.Form):
    """Which form is sent to the phone."""

    instrument = PickField(label=_("Form"), choices=())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the forms that a person answers alone."""
        super().__init__(*args, **kwargs)
        own = [(each.id, each.title) for each in load_instruments().values() if each.rater == "self" and each.items]
        set_choices(self, "instrument", sorted(own, key=lambda each: each[1]))


class PickForm(forms.Form):
    """Which form is entered here."""

    instrument = PickField(label=_("Form to rate, or to copy from paper"), choices=())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer every instrument."""
        super().__init__(*args, **kwargs)
        names = sorted(((each.id, each.title) for each in load_instruments().values()), key=lambda each: each[1])
        set_choices(self, "instrument", names)


class ExcuseForm(forms.Form):
    """Why an instrument was not answered."""

    instrument = PickField(label=_("Form"), choices=())
    reason = PickField(label=_("Why it is missing"), choices=())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer every instrument and every reason."""
        super().__init__(*args, **kwargs)
        names = sorted(((each.id, each.title) for each in load_instruments().values()), key=lambda each: each[1])
        set_choices(self, "instrument", names)
        set_choices(self, "reason", [(word, _g(text)) for word, text in load_reasons().items()])


class EnterForm(forms.Form):
    """The answers of one instrument, or its total, and when they were given."""

    observed_at = MomentField(label=_("Answered at"), required=False, help_text=_("now, where left empty"))

    def __init__(self, *args: Any, instrument: Instrument, items: list[dict[str, Any]], **kwargs: Any) -> None:
        """Add one field for each item; what the definition takes is judged by the action."""
        super().__init__(*args, **kwargs)
        self.fields_of_items = []
        for item in items:
            name = f"item-{item['id']}"
            choices = [(each["value"], each["text"]) for each in item["answers"]]
            label = f"{item['id']}. {item['text']}"
            if choices:
                field: forms.Field = forms.ChoiceField(label=label, choices=choices, required=False, widget=ChoiceRows)
            else:
                field = TextField(label=label, max_length=12, required=False)
            self.fields[name] = field
            self.fields_of_items.append(name)
        if instrument.accepts_total:
            words = _g("from %(low)s to %(high)s; instead of the answers") % {
                "low": f"{instrument.total_minimum:f}",
                "high": f"{instrument.total_maximum:f}",
            }
            self.fields["total"] = TextField(label=_("Total alone"), max_length=12, required=False, help_text=words)

    def list_answers(self) -> dict[str, str]:
        """Return the answers by item."""
        names = self.fields_of_items
        return {name.removeprefix("item-"): self.cleaned_data[name] for name in names if self.cleaned_data[name]}


class CorrectForm(forms.Form):
    """One corrected answer and its reason."""

    item = PickField(label=_("Item"), choices=())
    value = TextField(label=_("Right answer"), max_length=12, help_text=_("a number of the form"))
    reason = TextField(label=_("Why it was wrong"), max_length=300)

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the items."""
        super().__init__(*args, **kwargs)
        set_choices(self, "item", items)


class AssessForm(forms.Form):
    """An assessment after a suicide alert."""

    decision = forms.ChoiceField(label=_("Decision"), choices=DECISIONS, widget=ChoiceRows)
    is_in_person = forms.BooleanField(label=_("I have seen the person"), required=False)
    has_gone_through_plan = forms.BooleanField(label=_("We went through the safety plan today"), required=False)
    has_made_means_safe = forms.BooleanField(
        label=_("We spoke about access to means and made it safer today"), required=False
    )
    told = TextField(label=_("Who was told"), max_length=300, required=False, help_text=_("by name or role"))
    emergency_path = TextField(
        label=_("Where the person goes if it worsens today"),
        max_length=300,
        required=False,
        help_text=_("who goes along, where, which number"),
    )
    note = NoteField(label=_("What was assessed, decided, and why"), rows=5, max_length=4000)

    def narrow(self, *, may_release: bool, needs: Collection[str]) -> None:
        """Offer the release to who may take it, and ask for what the triage asks; what was typed stays."""
        offered = [each for each in DECISIONS if may_release or each[0] != GO_ON]
        set_choices(self, "decision", offered, has_empty=False)
        for name, need in (("has_made_means_safe", "means"), ("emergency_path", "emergency-path")):
            if need not in needs and not self[name].value():
                del self.fields[name]

    def list_ticks(self) -> list[forms.BoundField]:
        """Return what is ticked, in its order."""
        return [self[name] for name in TICKS if name in self.fields]

    def add_lacking(self, problems: Iterable[Problem]) -> None:
        """Say under each field what a release still lacks there; what is entered elsewhere stands at the top."""
        for problem in problems:
            name, words = NEEDS.get(problem.path), _g(problem.message)
            if name is None:
                words = _g("The dose stays held; needed first: %(what)s") % {"what": words}
            elif name != "has_gone_through_plan":
                words = _g("needed before the dose is released")
            self.add_error(name, words)

    def forget_decision(self) -> None:
        """Take the decision out of what was sent: it was made without something that came meanwhile."""
        left_out = self.add_prefix("decision")
        self.data = {name: value for name, value in self.data.items() if name != left_out}


class SafetyPlanForm(forms.Form):
    """The six parts of a safety plan."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add the parts; the last one is needed."""
        super().__init__(*args, **kwargs)
        for name in PARTS:
            self.fields[name] = NoteField(label=PART_NAMES[name], rows=2, max_length=2000, required=name == "means")
