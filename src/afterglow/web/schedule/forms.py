"""Forms of the schedule; times are the clinic's own clock."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.clinic.scheduling.days import Span, is_skipped, localise, short_name
from afterglow.clinic.scheduling.models import HOUR_ROLES, QUALIFICATIONS
from afterglow.clinic.scheduling.waiting import PARTS, URGENCIES
from afterglow.web.forms.fields import DayField, MomentField, PickField, TextField, set_choices
from afterglow.web.schedule.words import list_kind_choices

SHORT = 20
REASON = 200


class ClockField(forms.TimeField):
    """A time of day on the clinic's clock."""

    unit = ""

    def __init__(self, *, label: Any, step_min: int = 5, **kwargs: Any) -> None:
        """Use the browser's own time input with the grid's step."""
        widget = forms.TimeInput(attrs={"type": "time", "step": step_min * 60}, format="%H:%M")
        super().__init__(label=label, widget=widget, input_formats=["%H:%M", "%H:%M:%S"], **kwargs)


class VisitForm(forms.Form):
    """When, where and with whom a visit is asked for."""

    kind = PickField(label=_("Kind of visit"), choices=[])
    on = DayField(label=_("Day"))
    at = ClockField(label=_("Arrives"))
    place = PickField(label=_("Place"), choices=[], required=False)
    nurse = PickField(label=_("Nurse"), choices=[], required=False)
    clinician = PickField(label=_("Clinician"), choices=[], required=False)
    escort = PickField(label=_("Escort"), choices=[], required=False)

    def __init__(self, *args: Any, span: Span, escorts: Iterable[Any] = (), **kwargs: Any) -> None:
        """Offer what this site has."""
        super().__init__(*args, **kwargs)
        self.span = span
        self.escorts = {row.pk: row for row in escorts}
        clinicians = span.list_users("prescriber", "medical-director", "therapist", "nurse")
        set_choices(self, "kind", list_kind_choices())
        set_choices(self, "place", [(row.pk, row.name) for row in span.places if row.is_active])
        set_choices(self, "nurse", [(row.pk, short_name(row.display_name)) for row in span.nurses])
        set_choices(self, "clinician", [(row.pk, short_name(row.display_name)) for row in clinicians])
        set_choices(self, "escort", [(key, row.name) for key, row in self.escorts.items()])

    def clean(self) -> dict[str, Any]:
        """Refuse a time that the clocks leave out on that day."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        on, at = given.get("on"), given.get("at")
        if on is not None and at is not None and is_skipped(self.span.zone, on, at):
            words = _(
                "The clocks go forward: %(at)s does not exist on %(on)s. Choose a time before or after that hour."
            )
            self.add_error("at", forms.ValidationError(words, "skipped", {"at": f"{at:%H:%M}", "on": f"{on:%Y-%m-%d}"}))
        return given

    @property
    def starts_at(self) -> datetime:
        """Return the instant of arrival."""
        return localise(self.span.zone, self.cleaned_data["on"], self.cleaned_data["at"])

    def find(self, name: str) -> Any:
        """Return the row that a field names, or None."""
        key = self.cleaned_data.get(name) or ""
        if name == "place":
            return next((row for row in self.span.places if row.pk == key), None)
        return self.escorts.get(key) if name == "escort" else self.span.users.get(key)


class ReasonForm(forms.Form):
    """Why something is cancelled or moved."""

    reason = TextField(label=_("Reason"), max_length=REASON)


class LateForm(forms.Form):
    """When a late person is expected."""

    expected = ClockField(label=_("Expected at"))


class WaitForm(forms.Form):
    """Somebody for the waiting list."""

    kind = PickField(label=_("Kind of visit"), choices=[])
    urgency = PickField(label=_("Urgency"), choices=[(word, word) for word in reversed(URGENCIES)])
    wanted_from = DayField(label=_("From"), required=False)
    wanted_until = DayField(label=_("Until"), required=False)
    part = PickField(label=_("Part of the day"), choices=[(word, word) for word in PARTS], required=False)
    note = TextField(label=_("Note"), max_length=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the kinds."""
        super().__init__(*args, **kwargs)
        set_choices(self, "kind", list_kind_choices())


class SeriesForm(forms.Form):
    """A series from a plan."""

    starts_on = DayField(label=_("First visit on or after"))
    count = forms.IntegerField(label=_("Visits"), min_value=1, max_value=60, widget=forms.TextInput())
    at = ClockField(label=_("Best time of day"), required=False)

    def clean_at(self) -> time | None:
        """Return the time, or None."""
        value: time | None = self.cleaned_data.get("at")
        return value


class BlockForm(forms.Form):
    """Time that takes no visit."""

    what = PickField(label=_("What is blocked"), choices=[])
    begins = MomentField(label=_("From"))
    ends = MomentField(label=_("Until"))
    reason = TextField(label=_("Reason, seen by everybody"), max_length=120)

    def __init__(self, *args: Any, span: Span, **kwargs: Any) -> None:
        """Offer the clinic, its places and its people."""
        super().__init__(*args, **kwargs)
        people = sorted(span.users.values(), key=lambda user: str(user.display_name))
        choices: list[tuple[Any, Any]] = [("site", _("The whole clinic"))]
        choices += [(f"place-{row.pk}", row.name) for row in span.places]
        choices += [(f"user-{row.pk}", row.display_name) for row in people]
        set_choices(self, "what", choices)


class HoursForm(forms.Form):
    """When somebody is on duty or away, or the clinic open."""

    WEEKDAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))

    who = PickField(label=_("Who"), choices=[])
    role = PickField(label=_("As"), choices=[(role, role.replace("-", " ")) for role in HOUR_ROLES])
    weekday = PickField(label=_("Each"), choices=list(enumerate(WEEKDAYS)), required=False)
    on = DayField(label=_("Or on one day"), required=False)
    begins = ClockField(label=_("From"))
    ends = ClockField(label=_("Until"))
    is_away = forms.BooleanField(label=_("Away in this time"), required=False)

    def __init__(self, *args: Any, span: Span, **kwargs: Any) -> None:
        """Offer the clinic and its people."""
        super().__init__(*args, **kwargs)
        people = sorted(span.users.values(), key=lambda user: str(user.display_name))
        choices: list[tuple[Any, Any]] = [("clinic", _("The clinic is open"))]
        set_choices(self, "who", [*choices, *((row.pk, row.display_name) for row in people)])


class QualificationForm(forms.Form):
    """Until when somebody holds a qualification."""

    who = PickField(label=_("Who"), choices=[])
    qualification = PickField(label=_("Qualification"), choices=[(kind, kind.upper()) for kind in QUALIFICATIONS])
    valid_until = DayField(label=_("Valid until"))

    def __init__(self, *args: Any, span: Span, **kwargs: Any) -> None:
        """Offer the people."""
        super().__init__(*args, **kwargs)
        people = sorted(span.users.values(), key=lambda user: str(user.display_name))
        set_choices(self, "who", [(row.pk, row.display_name) for row in people])


def read_day(text: str, today: date) -> date:
    """Return the day an address names, or today; a day outside what a calendar needs is today as well."""
    return find_day(text, today) or today


def find_day(text: str, today: date) -> date | None:
    """Return the day an address names, or None for one that no calendar here needs."""
    try:
        on = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return on if abs((on - today).days) < 3660 else None


def now_clock(now: datetime, zone: ZoneInfo) -> str:
    """Return the clinic's clock for a field."""
    return f"{now.astimezone(zone):%H:%M}"
