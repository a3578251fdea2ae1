"""Forms of the eligibility review."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.protocols import catalogue
from afterglow.web.forms.fields import DayField, NoteField, PickField, set_choices

CAUSES = (
    ("treated-since", _("Treated since, value now acceptable")),
    ("measurement-artefact", _("Measurement artefact, such as white coat")),
    ("specialist-agreed", _("Agreed with a specialist in writing")),
    ("benefit-outweighs", _("Benefit outweighs the risk for this person")),
    ("information-elsewhere", _("Information seen elsewhere, to be filed")),
)


class RunForm(forms.Form):
    """Which protocol and indication to screen against."""

    protocol_id = PickField(label=_("Protocol"), choices=())
    indication = PickField(label=_("Indication"), choices=())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the protocols and indications that exist."""
        super().__init__(*args, **kwargs)
        set_choices(self, "protocol_id", list_protocol_choices())
        set_choices(self, "indication", list_indication_choices())


class AcceptForm(forms.Form):
    """Accepting a caution needs a plan."""

    mitigation = NoteField(label=_("Plan for this caution"), rows=2, max_length=500)


class OverrideForm(forms.Form):
    """A reason is a coded cause, a mitigation and an expiry, never length alone."""

    cause = PickField(label=_("Coded cause"), choices=CAUSES)
    expires_on = DayField(label=_("Expires on"))
    mitigation = NoteField(label=_("Mitigation"), rows=2, max_length=500)
    reason = NoteField(label=_("Reason in words"), rows=2, max_length=1000, min_length=20)


class DecisionForm(forms.Form):
    """The decision's reason."""

    reason = NoteField(label=_("Reason"), rows=2, max_length=1000, required=False)


def list_protocol_choices(*, only_runnable: bool = False) -> list[tuple[str, str]]:
    """Return the protocols as choices, the ones that run sessions first."""
    choices = []
    for key in catalogue.load_protocol_ids():
        protocol = catalogue.get_effective(key)
        if protocol.is_runnable or not only_runnable:
            choices.append((key, protocol.title))
    return choices


INDICATIONS = {
    "trd": _("Treatment-resistant depression"),
    "mdd-si": _("Major depression with suicidality"),
    "bipolar-depression": _("Bipolar depression"),
    "anxiety": _("Anxiety"),
    "ptsd": _("PTSD"),
    "ocd": _("OCD"),
    "chronic-pain": _("Chronic pain"),
}


def list_indication_choices() -> list[tuple[str, str]]:
    """Return the indications as choices."""
    return [(key, describe_indication(key)) for key in catalogue.load_indication_ids()]


def describe_indication(key: str) -> str:
    """Return an indication in words."""
    return str(INDICATIONS.get(key, key))
