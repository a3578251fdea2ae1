"""Forms of consent: the talk, the typed signature, the withdrawal."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.clinic.consents.drawings import LONGEST
from afterglow.web.forms.account import SecretField
from afterglow.web.forms.fields import (
    AnswerField,
    ChoiceBoxes,
    MomentField,
    NoteField,
    PickField,
    TextField,
    set_choices,
)

TOPICS = (
    ("goals", _("Goals")),
    ("benefits", _("What may help")),
    ("risks", _("Risks")),
    ("alternatives", _("Alternatives")),
    ("off-label", _("Off-label use")),
    ("expectations", _("Expectations")),
)


IDENTIFIERS = (
    ("name", _("Name")),
    ("birth-date", _("Date of birth")),
    ("photo", _("Photo")),
    ("wristband", _("Wristband")),
)


class TalkForm(forms.Form):
    """What was talked through."""

    topics = forms.MultipleChoiceField(label=_("Talked through"), choices=TOPICS, widget=ChoiceBoxes)
    goals = NoteField(label=_("The person's goals, in their words"), rows=2, max_length=1000, required=False)
    has_capacity = AnswerField(label=_("Has capacity to decide"), required=True)
    held_at = MomentField(label=_("Held at"))


class SignForm(forms.Form):
    """A typed signature under one text."""

    text = PickField(label=_("Text"), choices=())
    typed_name = TextField(label=_("Patient types their full name"), max_length=240)
    drawn = forms.CharField(label=_("Drawn signature"), max_length=LONGEST, required=False, widget=forms.HiddenInput)
    identifiers = forms.MultipleChoiceField(
        label=_("Identity seen by"), choices=IDENTIFIERS, widget=ChoiceBoxes, required=False
    )
    secret = SecretField(label=_("Witness: your password or PIN"), passkey="own")

    def __init__(self, *args: Any, texts: Iterable[Any] = (), **kwargs: Any) -> None:
        """Offer the texts in force."""
        super().__init__(*args, **kwargs)
        choices = [(item.pk, f"{item.title}, {item.version} ({item.locale})") for item in texts]
        set_choices(self, "text", choices)


class WithdrawForm(forms.Form):
    """Why a consent ends."""

    reason = NoteField(label=_("Reason, if one was given"), rows=2, max_length=500, required=False)
