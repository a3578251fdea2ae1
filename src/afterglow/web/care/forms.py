"""Forms of this room; nothing is chosen beforehand."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.web.care import words
from afterglow.web.forms.account import SecretField
from afterglow.web.forms.fields import ChoiceRows, DayField, MomentField, NoteField, PickField, TextField, set_choices

Choices = Iterable[tuple[Any, Any]]


class GoalForm(forms.Form):
    """A goal or an intention, as the person says it."""

    kind = forms.ChoiceField(label=_("What"), choices=words.GOAL_KINDS, widget=ChoiceRows)
    words = NoteField(label=_("In the person's words"), rows=2, max_length=600)


class ReviewForm(forms.Form):
    """How a goal stands."""

    outcome = forms.ChoiceField(label=_("How it stands"), choices=words.OUTCOMES, widget=ChoiceRows)
    gate = PickField(label=_("At"), choices=(), required=False)
    words = NoteField(
        label=_("In the person's words"),
        rows=2,
        max_length=600,
        required=False,
        help_text=_("needed where the goal has changed: the new goal"),
    )

    def __init__(self, *args: Any, gates: Choices = (), **kwargs: Any) -> None:
        """Offer the gates that the course has reached, and any other time."""
        super().__init__(*args, **kwargs)
        set_choices(self, "gate", [("", _("Another time")), *gates], has_empty=False)


class BookForm(forms.Form):
    """When, where and with whom a talk is booked."""

    starts_at = MomentField(label=_("Begins"))
    place = PickField(label=_("Place"), choices=())
    clinician = PickField(label=_("With"), choices=(), required=False)
    accept = forms.BooleanField(label=_("Outside the window, go on all the same"), required=False)

    def __init__(self, *args: Any, places: Choices = (), people: Choices = (), **kwargs: Any) -> None:
        """Offer places and people of the site."""
        super().__init__(*args, **kwargs)
        set_choices(self, "place", places)
        set_choices(self, "clinician", people)


class NoteForm(forms.Form):
    """A therapy note."""

    talked_on = DayField(label=_("Talk on"))
    text = NoteField(label=_("Note"), rows=10, max_length=20000)


class ReviseForm(forms.Form):
    """A new version of a note."""

    text = NoteField(label=_("Note"), rows=10, max_length=20000)


class ReasonForm(forms.Form):
    """Why words are withdrawn."""

    reason = TextField(label=_("Reason"), max_length=200)


class TherapistForm(forms.Form):
    """Who is the therapist of a patient."""

    user = PickField(label=_("Therapist"), choices=())

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        """Offer who reads therapy notes at the site."""
        super().__init__(*args, **kwargs)
        set_choices(self, "user", people)


class ClinicianForm(forms.Form):
    """An outside clinician by name."""

    name = TextField(label=_("Name"), max_length=160)
    profession = PickField(label=_("Profession"), choices=words.PROFESSIONS)
    organisation = TextField(label=_("House"), max_length=160, required=False)
    address = NoteField(label=_("Postal address"), rows=2, max_length=300, required=False)
    phone = TextField(label=_("Phone"), max_length=40, required=False)
    fax = TextField(label=_("Fax"), max_length=40, required=False)
    email = TextField(label=_("Mail"), max_length=120, required=False)


class SharingForm(forms.Form):
    """Whether the person lets us write there."""

    answer = forms.ChoiceField(label=_("May we write to them?"), choices=words.SHARING, widget=ChoiceRows)


class ProposeForm(forms.Form):
    """A change of a medicine with its owner."""

    medicine = TextField(label=_("Medicine"), max_length=120)
    proposal = TextField(label=_("Proposed change"), max_length=300)
    reason = TextField(label=_("Why"), max_length=300, required=False)
    owner = PickField(label=_("Owner"), choices=())
    wanted_on = DayField(label=_("Wanted by"), required=False)

    def __init__(self, *args: Any, owners: Choices = (), **kwargs: Any) -> None:
        """Offer people here and the outside clinicians."""
        super().__init__(*args, **kwargs)
        set_choices(self, "owner", owners)


class StepForm(forms.Form):
    """A step of a change: agreed, done, dropped, with a day and words."""

    on = DayField(label=_("On"), required=False)
    words = TextField(label=_("How, with whom"), max_length=300, required=False)


class HandForm(forms.Form):
    """Whose a change is from now on, and why it goes to them."""

    owner = PickField(label=_("New owner"), choices=())
    words = TextField(label=_("Why, and how they were told"), max_length=300)

    def __init__(self, *args: Any, owners: Choices = (), **kwargs: Any) -> None:
        """Offer people here and the outside clinicians."""
        super().__init__(*args, **kwargs)
        set_choices(self, "owner", owners)


class DraftForm(forms.Form):
    """To whom a letter goes and why."""

    kind = forms.ChoiceField(label=_("Letter"), choices=words.LETTER_KINDS, widget=ChoiceRows)
    addressee = PickField(label=_("To"), choices=())

    def __init__(self, *args: Any, clinicians: Choices = (), **kwargs: Any) -> None:
        """Offer the outside clinicians."""
        super().__init__(*args, **kwargs)
        set_choices(self, "addressee", clinicians)


class BodyForm(forms.Form):
    """The words of a letter."""

    body = NoteField(label=_("Letter"), rows=22, max_length=12000)
    version = forms.IntegerField(widget=forms.HiddenInput)


class ProveForm(forms.Form):
    """Who signs proves who they are."""

    secret = SecretField(label=_("Your password or PIN"))
    version = forms.IntegerField(widget=forms.HiddenInput)


class DeliveryForm(forms.Form):
    """How a letter went out."""

    way = forms.ChoiceField(label=_("How"), choices=words.WAYS, widget=ChoiceRows)
    to = TextField(label=_("Where to, if not the address on file"), max_length=300, required=False)
    on = DayField(label=_("On"), required=False)


class StepDownForm(forms.Form):
    """The plan of stepping down or stopping."""

    kind = forms.ChoiceField(label=_("Plan"), choices=words.STEP_DOWN_KINDS, widget=ChoiceRows)
    reason = NoteField(label=_("Why"), rows=2, max_length=600, required=False)
    relapse_signs = NoteField(
        label=_("Signs that it comes back, in the person's words"), rows=3, max_length=1500, required=False
    )
    what_to_do = NoteField(label=_("What to do then, and whom to call"), rows=3, max_length=1500, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class StepRow(forms.Form):
    """One step; a row left empty is none."""

    on = DayField(label=_("Day"), required=False)
    what = TextField(label=_("What changes"), max_length=300, required=False)
    watched_by = TextField(label=_("Who watches"), max_length=160, required=False)


StepRows = forms.formset_factory(StepRow, extra=3, max_num=24, validate_max=True, absolute_max=30)
