"""Forms made from the vocabulary of facts: one group of facts a page, each with its unit and range."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.protocols.facts import FactSpec, load_facts
from afterglow.web.forms.fields import (
    NO,
    UNKNOWN,
    YES,
    AnswerField,
    ChoiceBoxes,
    DayField,
    NumberField,
    PickField,
    TextField,
)

# what a person's chart states, by the beginnings of fact names; measured values, medication, allergies and past
# trials have pages of their own
GROUPS: dict[str, tuple[tuple[str, ...], Any]] = {
    "person": (("person.",), _("About the person")),
    "history": (("history.",), _("Illnesses and risks")),
    "examination": (("bp.is_symptomatic", "airway."), _("Examination")),
    "work-up": (("workup.",), _("Work-up")),
    "labs": (("labs.",), _("Laboratory and ECG")),
    "scales": (("scales.",), _("Scores")),
    "suicide": (("suicide.",), _("Suicide risk")),
    "today": (("visit.", "use.", "fasting.", "glucose."), _("Asked today")),
    "course": (("course.", "rems."), _("Course and programme")),
}
DERIVED = frozenset({"derived", "context", "session"})
# said by the person's identity, which has a page of its own
IDENTITY = frozenset({"person.birth_date", "person.age_years"})


class FactForm(forms.Form):
    """Facts of one group; an answer left out stays as it was."""

    def __init__(self, *args: Any, specs: Mapping[str, FactSpec], **kwargs: Any) -> None:
        """Make one field per fact."""
        super().__init__(*args, **kwargs)
        self.specs = dict(specs)
        for spec in specs.values():
            self.fields[spec.name] = build_field(spec)

    def list_changes(self) -> dict[str, Any]:
        """Return the facts that were answered, as typed values; `not known` is None."""
        changes: dict[str, Any] = {}
        for name, spec in self.specs.items():
            if name not in self.changed_data:
                continue
            value = self.cleaned_data.get(name)
            if spec.type == "bool":
                if value:
                    changes[name] = {YES: True, NO: False, UNKNOWN: None}[value]
            elif value in (None, "", []):
                changes[name] = None
            else:
                changes[name] = list(value) if isinstance(value, list) else value
        return changes


def list_specs(group: str) -> dict[str, FactSpec]:
    """Return the facts of a group that a person may state."""
    beginnings = GROUPS[group][0]
    return {
        spec.name: spec
        for spec in load_facts().values()
        if spec.name.startswith(beginnings)
        and spec.origin not in DERIVED
        and spec.name not in IDENTITY
        and not spec.name.endswith("age_d")
    }


def build_field(spec: FactSpec) -> forms.Field:
    """Return the field that reads one fact."""
    label = spec.label[:1].upper() + spec.label[1:]
    if spec.type == "bool":
        return AnswerField(label=label)
    if spec.type == "number":
        return NumberField(label=label, unit=spec.unit, required=False, min_value=spec.min, max_value=spec.max)
    if spec.type == "date":
        return DayField(label=label, required=False)
    if spec.type == "code" and spec.choices:
        return PickField(label=label, choices=[(word, describe_choice(word)) for word in spec.choices], required=False)
    if spec.type == "codes" and spec.choices:
        return forms.MultipleChoiceField(
            label=label,
            choices=[(word, describe_choice(word)) for word in spec.choices],
            widget=ChoiceBoxes,
            required=False,
        )
    return TextField(label=label, required=False)


def describe_choice(word: str) -> str:
    """Return a code as words."""
    return word.replace("-", " ").replace("_", " ").capitalize()


def render_initial(values: Mapping[str, Any], specs: Mapping[str, FactSpec]) -> dict[str, Any]:
    """Return stored facts as what the fields show; an unanswered one shows nothing."""
    initial: dict[str, Any] = {}
    for name, spec in specs.items():
        if name not in values:
            continue
        value = values[name]
        if spec.type == "bool":
            initial[name] = UNKNOWN if value is None else (YES if value else NO)
        elif isinstance(value, date | Decimal | str | int | float | list | tuple):
            initial[name] = list(value) if isinstance(value, tuple) else value
    return initial


def find_group(name: str) -> str:
    """Return the group whose page asks for a fact, or nothing when it is measured or derived."""
    return next((group for group, (beginnings, _words) in GROUPS.items() if name.startswith(beginnings)), "")
