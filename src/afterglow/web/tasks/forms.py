"""Forms of tasks, roster, surveillance and messages."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from afterglow.clinic.tasks.lists import describe_role
from afterglow.clinicday.dues import Kind, Outcome, load_cover
from afterglow.clinicday.quiet import DAYS
from afterglow.clinicday.surveillance import MEMORY, MEMORY_ANSWERS, Screen
from afterglow.protocols.facts import load_facts
from afterglow.web.forms.facts import FactForm
from afterglow.web.forms.fields import (
    AnswerField,
    ChoiceRows,
    DayField,
    MomentField,
    NoteField,
    PickField,
    TextField,
)

# what people open by hand: messages, calls, and a call about acute risk
OPENED_BY_HAND = ("call-to-return", "message-to-answer", "crisis-call", "letter-due")
DAY_NAMES = dict(
    zip(
        DAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)


def _list_words(outcomes: Iterable[Outcome]) -> list[tuple[str, str]]:
    return [(each.word, _t(each.label)) for each in outcomes]


class CompleteForm(forms.Form):
    """How a task ended, in one of its kind's words."""

    outcome = forms.ChoiceField(label=_("Outcome"), widget=ChoiceRows)
    note = NoteField(label=_("Note"), rows=2, max_length=1000, required=False)

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        """Offer the kind's outcomes; none is chosen beforehand."""
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = _list_words(kind.outcomes)  # type: ignore[attr-defined]
        for question in kind.questions:
            choices = [(value, _t(words)) for value, words in question.answers.items()]
            self.fields[f"answers.{question.id}"] = forms.ChoiceField(
                label=_t(question.words), choices=choices, widget=ChoiceRows, required=False
            )

    @property
    def answer_fields(self) -> list[Any]:
        """Return the fields of what is asked on the way; nothing is chosen, and nothing has to be."""
        return [self[name] for name in self.fields if name.startswith("answers.")]

    @property
    def given(self) -> dict[str, Any]:
        """Return what the action takes."""
        answers = {name.partition(".")[2]: self.cleaned_data[name] for name in self.fields if name[:8] == "answers."}
        return {
            "outcome": self.cleaned_data["outcome"],
            "note": self.cleaned_data["note"],
            "answers": {name: value for name, value in answers.items() if value},
        }


class AttemptForm(forms.Form):
    """An attempt that ended nothing."""

    outcome = forms.ChoiceField(label=_("Attempt"), widget=ChoiceRows)
    note = NoteField(label=_("Note"), rows=2, max_length=1000, required=False)

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        """Offer the kind's attempts."""
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = _list_words(kind.attempts)  # type: ignore[attr-defined]


class HandOnForm(forms.Form):
    """To whom, and why."""

    to = PickField(label=_("To"), choices=())
    note = NoteField(label=_("Note"), rows=2, max_length=1000)


class CancelForm(forms.Form):
    """Why a task should not have been."""

    reason = NoteField(label=_("Reason"), rows=2, max_length=1000)


class OpenForm(forms.Form):
    """A message, a call, or another thing to do, opened by hand."""

    kind = forms.ChoiceField(label=_("What"), widget=ChoiceRows)
    number = TextField(
        label=_("Patient's number"), max_length=20, required=False, help_text=_("Leave empty if nobody is known yet.")
    )
    detail = NoteField(
        label=_("What is asked, and how to reach them"), rows=3, max_length=500, help_text=_("Words of the caller.")
    )
    owner = PickField(label=_("Owner"), choices=(), required=False, help_text=_("Empty: everybody of the role."))

    def __init__(self, *args: Any, kinds: Iterable[Kind], **kwargs: Any) -> None:
        """Offer the kinds that people open by hand."""
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.id, _t(kind.title)) for kind in kinds]  # type: ignore[attr-defined]


class ShiftForm(forms.Form):
    """Who is on call, for which role, from when until when."""

    role = PickField(label=_("Role"), choices=[(role, describe_role(role)) for role in load_cover()])
    user = PickField(label=_("Who"), choices=())
    begins_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("Until"))


class StaffContactForm(forms.Form):
    """Where somebody is reached when a task climbs to them."""

    user = PickField(label=_("Who"), choices=())
    channel = PickField(label=_("By"), choices=[("sms", _("Text message")), ("mail", _("Mail"))])
    address = TextField(label=_("Number or address"), max_length=254)


class ScreenForm(FactForm):
    """The answers of one screen, on the day they belong to."""

    def __init__(self, *args: Any, screen: Screen, **kwargs: Any) -> None:
        """Make a field for each thing the screen asks."""
        facts = load_facts()
        super().__init__(*args, specs={name: facts[name] for name in screen.asks if name in facts}, **kwargs)
        if MEMORY in screen.asks:
            choices = [("unchanged", _t("As before")), ("worse", _t("Worse")), ("better", _t("Better"))]
            self.fields[MEMORY] = forms.ChoiceField(
                label=_t("Memory and concentration since last asked"),
                choices=choices,
                widget=ChoiceRows,
                required=False,
            )
        self.fields["done_on"] = DayField(label=_t("Day, if not today"), required=False)
        self.fields["note"] = NoteField(
            label=_t("Dose, dates and place") if screen.has_note else _t("Note"),
            rows=2,
            max_length=500,
            required=False,
        )

    def list_answers(self) -> dict[str, Any]:
        """Return what was answered; what was left out, and what is not known, is not there."""
        answers = {name: value for name, value in self.list_changes().items() if value is not None}
        if self.cleaned_data.get(MEMORY) in MEMORY_ANSWERS:
            answers[MEMORY] = self.cleaned_data[MEMORY]
        return answers


class WishForm(forms.Form):
    """Whether messages are wanted on a channel, and where they go."""

    is_allowed = AnswerField(label=_("Messages wanted"), required=True)
    address = TextField(label=_("Number or address"), max_length=254, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer yes and no: a wish is one of them."""
        super().__init__(*args, **kwargs)
        self.fields["is_allowed"].choices = [("yes", _t("Yes")), ("no", _t("No"))]  # type: ignore[attr-defined]


class SettingsForm(forms.Form):
    """How the house speaks: its name in messages, hours, quiet hours, and what it says while nobody reads."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    sender_name = TextField(
        label=_("Name in messages"),
        max_length=60,
        required=False,
        help_text=_("Short, and saying nothing of treatment."),
    )
    quiet_from = forms.TimeField(
        label=_("Quiet from"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("Quiet until"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    closed_text_en = NoteField(label=_("While nobody reads, in English"), rows=3, max_length=600, required=False)
    closed_text_es = NoteField(label=_("While nobody reads, in Spanish"), rows=3, max_length=600, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add a field of hours for each day of the week."""
        super().__init__(*args, **kwargs)
        for day, name in DAY_NAMES.items():
            self.fields[f"hours_{day}"] = TextField(label=name, max_length=80, required=False)

    @property
    def hours_fields(self) -> list[Any]:
        """Return the fields of the seven days."""
        return [self[f"hours_{day}"] for day in DAYS]

    @property
    def short_fields(self) -> list[Any]:
        """Return the name and the quiet hours."""
        return [self[name] for name in ("sender_name", "quiet_from", "quiet_until")]

    @property
    def text_fields(self) -> list[Any]:
        """Return what is said while nobody reads."""
        return [self[name] for name in ("closed_text_en", "closed_text_es")]


def parse_hours(form: SettingsForm) -> dict[str, list[list[str]]]:
    """Return the typed hours by day; what is wrong with them the action says."""
    week: dict[str, list[list[str]]] = {}
    for day in DAYS:
        text = form.cleaned_data.get(f"hours_{day}", "").replace("–", "-")
        spans = [[part.strip() for part in span.split("-")] for span in text.split(",") if span.strip()]
        if spans:
            week[day] = spans
    return week
