"""Forms about who a patient is and what the chart states."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.web.forms.fields import (
    ChoiceRows,
    DayField,
    DayOrder,
    MomentField,
    NoteField,
    NumberField,
    PickField,
    TextField,
    WholeField,
)

SEXES = (("female", _("Female")), ("male", _("Male")), ("other", _("Other or intersex")), ("unknown", _("Not known")))
YES_NO_UNKNOWN = (("yes", _("Yes")), ("no", _("No")), ("unknown", _("Not known")))
ANSWERS = {"yes": True, "no": False, "unknown": None, "": None}


class PatientForm(DayOrder):
    """Who a patient is."""

    family_name = TextField(label=_("Family name"), max_length=120)
    given_name = TextField(label=_("Given name"), max_length=120)
    preferred_name = TextField(label=_("Preferred name"), max_length=120, required=False)
    pronouns = TextField(label=_("Pronouns"), max_length=40, required=False)
    birth_on = DayField(label=_("Date of birth"))
    sex = PickField(label=_("Sex for dosing and labels"), choices=SEXES, required=False)
    can_become_pregnant = PickField(
        label=_("Can become pregnant"), choices=YES_NO_UNKNOWN, widget=ChoiceRows, required=False
    )
    phone = TextField(label=_("Phone"), max_length=40, required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse a birth in the future; read the three answers."""
        content = super().clean() or self.cleaned_data
        self.refuse_future("birth_on")
        content["can_become_pregnant"] = ANSWERS.get(content.get("can_become_pregnant", ""))
        return content


class IdentityForm(PatientForm):
    """Who a patient is, with the version that was read, so that nobody overwrites another's change."""

    version = WholeField(label=_("Version"), min_value=1, max_value=1_000_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Carry the version unseen."""
        super().__init__(*args, **kwargs)
        self.fields["version"].widget = forms.HiddenInput()


class EscortForm(forms.Form):
    """A responsible adult who takes the patient home."""

    name = TextField(label=_("Name"), max_length=120)
    phone = TextField(label=_("Phone"), max_length=40, required=False)
    relation = TextField(label=_("Relation"), max_length=60, required=False)


class AllergyForm(forms.Form):
    """A substance and what it did."""

    substance = TextField(label=_("Substance"), max_length=120)
    reaction = TextField(label=_("What happened"), max_length=200, required=False)
    severity = PickField(
        label=_("Severity"),
        choices=(
            ("mild", _("Mild")),
            ("moderate", _("Moderate")),
            ("severe", _("Severe")),
            ("unknown", _("Not known")),
        ),
        required=False,
    )


class ProblemForm(DayOrder):
    """A diagnosis."""

    display = TextField(label=_("Diagnosis"), max_length=200)
    code = TextField(label=_("ICD-10-CM code"), max_length=12, required=False)
    onset_on = DayField(label=_("Since"), required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse an onset in the future."""
        content = super().clean() or self.cleaned_data
        self.refuse_future("onset_on")
        return content


class MedicationForm(DayOrder):
    """A medicine the person takes."""

    name = TextField(label=_("Medicine"), max_length=120)
    dose_text = TextField(label=_("Dose and times"), max_length=120, required=False)
    is_as_needed = forms.BooleanField(label=_("Only as needed"), required=False)
    started_on = DayField(label=_("Since"), required=False)
    last_taken_at = MomentField(label=_("Last taken"), required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse a start in the future."""
        content = super().clean() or self.cleaned_data
        self.refuse_future("started_on")
        return content


OUTCOMES = (
    ("none", _("No response")),
    ("partial", _("Partial response")),
    ("response", _("Response")),
    ("intolerance", _("Stopped for intolerance")),
)


def describe_outcome(code: str) -> str:
    """Return what a treatment did in words, within a line: "none" alone could be read as nothing known."""
    return str(dict(OUTCOMES).get(code, code)).lower()


class TrialForm(DayOrder):
    """A past treatment trial; what is not known is left empty and counts as not known."""

    drug = TextField(label=_("Medicine"), max_length=120)
    drug_class = TextField(label=_("Class"), max_length=60, required=False, help_text=_("SSRI, SNRI, NDRI and so on"))
    dose_mg = NumberField(label=_("Highest daily dose"), unit="mg", required=False, min_value=0, max_value=10000)
    weeks = NumberField(label=_("Weeks at that dose"), unit="wk", places=1, required=False, min_value=0, max_value=2000)
    outcome = PickField(
        label=_("Outcome"),
        choices=OUTCOMES,
        required=False,
    )
    improvement_percent = NumberField(
        label=_("Improvement"), unit="%", places=1, required=False, min_value=-100, max_value=100
    )
    is_current_episode = PickField(
        label=_("In the current episode"), choices=YES_NO_UNKNOWN, widget=ChoiceRows, required=False
    )
    started_on = DayField(label=_("Started"), required=False)
    stopped_on = DayField(label=_("Stopped"), required=False)
    stop_reason = TextField(label=_("Why stopped"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse days in the future and an end before the beginning."""
        content = super().clean() or self.cleaned_data
        self.refuse_future("started_on")
        self.refuse_future("stopped_on")
        start, stop = content.get("started_on"), content.get("stopped_on")
        if start and stop and stop < start:
            self.add_error("stopped_on", _("This lies before the start."))
        content["is_current_episode"] = ANSWERS.get(content.get("is_current_episode", ""))
        return content


class PreferenceForm(forms.Form):
    """What helps this person in the room."""

    text = NoteField(label=_("What helps in the room"), rows=2, max_length=300)
