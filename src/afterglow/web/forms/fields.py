"""Fields and widgets of the house: units beside values, nothing preselected, every bad value a message."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from afterglow.terms import Problem, is_plain_number

TEXT_LIMIT = 200
NOTE_LIMIT = 4000

YES = "yes"
NO = "no"
UNKNOWN = "unknown"


class ChoiceRows(forms.RadioSelect):
    """Radio buttons as a row of words; nothing is chosen until somebody chooses."""

    template_name = "web/widgets/choices.html"
    is_choice_group = True


class ChoiceBoxes(forms.CheckboxSelectMultiple):
    """Tick boxes as a row of words."""

    template_name = "web/widgets/choices.html"
    is_choice_group = True


class Segments(forms.RadioSelect):
    """A few short choices side by side."""

    template_name = "web/widgets/segments.html"
    is_choice_group = True


class DayInput(forms.DateInput):
    """A date, in the form every browser sends."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        """Fix the wire format."""
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class MomentInput(forms.DateTimeInput):
    """A date and time of the site's zone."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        """Fix the wire format."""
        super().__init__(attrs=attrs, format="%Y-%m-%dT%H:%M")


class TextField(forms.CharField):
    """A short line of text; control characters are refused by Django itself."""

    def __init__(self, *, label: Any, max_length: int = TEXT_LIMIT, unit: str = "", **kwargs: Any) -> None:
        """Keep the unit shown inside the field."""
        self.unit = unit
        super().__init__(label=label, max_length=max_length, **kwargs)


class NoteField(forms.CharField):
    """Some sentences."""

    unit = ""

    def __init__(self, *, label: Any, rows: int = 3, max_length: int = NOTE_LIMIT, **kwargs: Any) -> None:
        """Use a text area of that many rows."""
        super().__init__(label=label, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)
        self.validators.append(MaxLengthValidator(max_length))


class NumberField(forms.DecimalField):
    """A decimal with its unit; huge, infinite or wordy values become a message."""

    default_error_messages = {"invalid": _("Type a number, such as 72.5.")}

    def __init__(self, *, label: Any, unit: Any = "", places: int = 2, **kwargs: Any) -> None:
        """Keep the unit; limit digits so that no value overflows a column."""
        self.unit = unit
        kwargs.setdefault("max_digits", 9)
        super().__init__(label=label, decimal_places=places, localize=False, **kwargs)
        self.widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        """Read a comma as a point, so that both ways of writing 72,5 work."""
        if isinstance(value, str):
            value = value.strip()
            if value.count(",") == 1 and "." not in value:
                value = value.replace(",", ".")
            if value and not is_plain_number(value):
                raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class WholeField(forms.IntegerField):
    """A whole number with its unit."""

    def __init__(self, *, label: Any, unit: Any = "", min_value: int = 0, max_value: int = 100000, **kw: Any) -> None:
        """Keep the unit."""
        self.unit = unit
        super().__init__(label=label, min_value=min_value, max_value=max_value, **kw)
        self.widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:
        """Refuse what is no plain number, or too long to be one, before it is read."""
        if isinstance(value, str) and value.strip() and not is_plain_number(value.strip()):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class DayField(forms.DateField):
    """A date between 1900 and a hundred years from now."""

    unit = ""

    def __init__(self, *, label: Any, **kwargs: Any) -> None:
        """Use the browser's date input."""
        super().__init__(label=label, widget=DayInput(), input_formats=["%Y-%m-%d"], **kwargs)

    def clean(self, value: Any) -> date | None:
        """Refuse years that are slips of the finger."""
        read = super().clean(value)
        if read is not None and not 1900 <= read.year <= 2125:
            raise forms.ValidationError(_("Use a year from 1900 to 2125."), code="year")
        return read


class MomentField(forms.DateTimeField):
    """A date and time in the site's zone."""

    unit = ""

    def __init__(self, *, label: Any, **kwargs: Any) -> None:
        """Use the browser's date-and-time input."""
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        super().__init__(label=label, widget=MomentInput(), input_formats=formats, **kwargs)

    def clean(self, value: Any) -> Any:
        """Refuse years that cannot be turned into UTC."""
        read = super().clean(value)
        if read is not None and not 1900 <= read.year <= 2125:
            raise forms.ValidationError(_("Use a year from 1900 to 2125."), code="year")
        return read


class AnswerField(forms.ChoiceField):
    """Yes, no, not known: three answers, none chosen beforehand."""

    unit = ""

    def __init__(self, *, label: Any, required: bool = False, **kwargs: Any) -> None:
        """Offer the three answers."""
        choices = [(YES, _("Yes")), (NO, _("No")), (UNKNOWN, _("Not known"))]
        super().__init__(label=label, choices=choices, widget=ChoiceRows, required=required, **kwargs)


class PickField(forms.ChoiceField):
    """One of a list; the first line asks for a choice."""

    unit = ""

    def __init__(self, *, label: Any, choices: Iterable[tuple[Any, Any]], **kwargs: Any) -> None:
        """Put an empty first line before the choices unless the widget shows all of them."""
        listed = list(choices)
        if "widget" not in kwargs:
            listed = [("", _("Choose")), *listed]
        super().__init__(label=label, choices=listed, **kwargs)


def set_choices(form: forms.BaseForm, name: str, choices: Iterable[tuple[Any, Any]], *, has_empty: bool = True) -> None:
    """Put choices that are known only now into a form's field, after an empty first line."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} is no field of choices")
    field.choices = [("", _("Choose")), *choices] if has_empty else list(choices)


class DayOrder(forms.Form):
    """Base of forms that compare dates with today; views pass `today`."""

    def __init__(self, *args: Any, today: date | None = None, **kwargs: Any) -> None:
        """Keep today."""
        super().__init__(*args, **kwargs)
        self.today = today

    def refuse_future(self, name: str) -> None:
        """Add a message when a date lies after tomorrow's border."""
        value = self.cleaned_data.get(name)
        if value is not None and self.today is not None and value > self.today + timedelta(days=0):
            self.add_error(name, forms.ValidationError(_("This lies in the future."), code="future"))


def add_problems(form: forms.BaseForm, problems: Iterable[Problem]) -> None:
    """Show an action's problems under the fields they name; those of no field stand at the top."""
    for problem in problems:
        name = find_field(form, problem.path)
        message = problem.message if not problem.accepted else f"{problem.message} ({problem.accepted})"
        form.add_error(name, forms.ValidationError(message[:1].upper() + message[1:], code=problem.code))


def find_field(form: forms.BaseForm, path: str) -> str | None:
    """Return the form's field that a problem's path names, or None."""
    parts = path.replace("]", "").replace("[", ".").split(".")
    for part in reversed(parts):
        if part in form.fields:
            return part
    return path if path in form.fields else None
