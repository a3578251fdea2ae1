"""Forms of referrals: the questions of the intake as fields, and the short forms of the panel."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.clinicday.intake import Field, load_intake
from afterglow.web.forms.fields import (
    AnswerField,
    DayField,
    DayOrder,
    MomentField,
    NoteField,
    NumberField,
    PickField,
    TextField,
)
from afterglow.web.referrals.words import CALLS, SENDERS, SOURCES, URGENCIES

LANGUAGE = "en"
PAPER_TYPES = ("application/pdf", "image/png", "image/jpeg")
LARGEST_PAPER = 10 * 1024 * 1024


def build_field(item: Field) -> forms.Field:
    """Return the form field of one question."""
    label, needed = item.staff_label, item.is_needed(True)
    if item.kind == "yes-no":
        return AnswerField(label=label, required=needed)
    if item.choices:
        choices = [(choice.value, choice.label[LANGUAGE]) for choice in item.choices]
        return PickField(label=label, choices=choices, required=needed)
    if item.kind == "date":
        return DayField(label=label, required=needed)
    if item.kind == "number":
        return NumberField(label=label, required=needed)
    if item.kind in ("long", "lines"):
        return NoteField(label=label, required=needed, max_length=item.longest, rows=3)
    return TextField(label=label, required=needed, max_length=item.longest)


class IntakeForm(forms.Form):
    """Every question of the intake, in its sections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the fields from the data."""
        super().__init__(*args, **kwargs)
        for item in load_intake().fields:
            self.fields[item.name] = build_field(item)

    @property
    def answers(self) -> dict[str, Any]:
        """Return what was answered, by the name of the question."""
        names = [item.name for item in load_intake().fields]
        return {name: self.cleaned_data.get(name) for name in names if self.cleaned_data.get(name) not in (None, "")}

    def list_sections(self) -> list[dict[str, Any]]:
        """Return the sections with their bound fields, repetitions as rows."""
        return [
            {
                "key": section.key,
                "title": section.staff_title or section.title[LANGUAGE],
                "note": section.note.get(LANGUAGE, "") if section.staff_note is None else section.staff_note,
                "is_short": section.repeat > 1 or all(item.kind in ("yes-no", "number") for item in section.fields),
                "rows": [[self[item.name] for item in row] for row in section.list_rows()],
            }
            for section in load_intake().sections
        ]


class EntryForm(IntakeForm):
    """A referral that came to staff: how it came, and what it says."""

    source = PickField(label=_("How it came"), choices=[item for item in SOURCES.items() if item[0] != "public-form"])
    sent_by = PickField(label=_("Who sent it"), choices=SENDERS.items(), required=False)
    referrer = TextField(label=_("Name of the practice or person"), max_length=160, required=False)
    received_at = MomentField(label=_("When it came"), required=False)
    paper = forms.FileField(label=_("The letter (PDF or picture)"), required=False)

    def clean_paper(self) -> Any:
        """Refuse a file that is no letter, by its type and size."""
        paper = self.cleaned_data.get("paper")
        if paper is None:
            return None
        if paper.size > LARGEST_PAPER or paper.content_type not in PAPER_TYPES:
            raise forms.ValidationError(_("Use a PDF, PNG or JPEG of at most 10 MB."), code="paper")
        return paper

    @property
    def head_fields(self) -> list[Any]:
        """Return the fields about how it came."""
        return [self[name] for name in ("source", "sent_by", "referrer", "received_at", "paper")]


class AnswersForm(IntakeForm):
    """What was answered later, with the version that was read."""

    version = forms.IntegerField(widget=forms.HiddenInput(), min_value=1, max_value=1_000_000)
    text = TextField(label=_("Who answered, and how"), max_length=300, required=False)


class CallForm(forms.Form):
    """A call and how it ended."""

    outcome = PickField(label=_("How the call ended"), choices=())
    text = NoteField(label=_("What was said"), rows=4, max_length=2000, required=False)

    def __init__(self, *args: Any, outcomes: tuple[str, ...], is_crisis: bool, **kwargs: Any) -> None:
        """Offer the endings that this call can have; a crisis needs its words."""
        super().__init__(*args, **kwargs)
        field = self.fields["outcome"]
        field.choices = [("", _("Choose")), *((word, CALLS[word]) for word in outcomes)]  # type: ignore[attr-defined]
        self.fields["text"].required = is_crisis


class UrgencyForm(forms.Form):
    """How urgent it is, and why."""

    urgency = PickField(label=_("Urgency"), choices=URGENCIES.items())
    reason = TextField(label=_("Why"), max_length=300)


class PauseForm(DayOrder):
    """Until when it rests, and what was agreed."""

    until = DayField(label=_("Until"))
    reason = TextField(label=_("What was agreed"), max_length=300)


class NoteForm(forms.Form):
    """A note."""

    text = NoteField(label=_("Note"), rows=2)


class DeclineForm(forms.Form):
    """Why it is declined and what may help instead."""

    reason = NoteField(label=_("Reason, as the letter says it"), rows=2, max_length=1000)
    other_help = NoteField(label=_("Other help, as the letter says it"), rows=2, max_length=1000)


class AskFirstForm(forms.Form):
    """What is asked before the decision, and whom."""

    whom = PickField(label=_("Whom"), choices=(("doctor", _("Doctor")), ("person", _("Person")), ("ward", _("Ward"))))
    text = NoteField(label=_("What is asked"), rows=2, max_length=1000, required=False)
