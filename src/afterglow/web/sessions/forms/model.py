"""What a command's form is made of. Field names are the command's own, dotted where its data is nested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Choices = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `kind`: text, note, number, whole, yes-no, choice, many, select, time, list, hidden."""

    name: str
    label: Any
    kind: str = "text"
    unit: Any = ""
    choices: Choices = ()
    is_required: bool = False
    hint: Any = ""
    is_wide: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True)
class CommandForm:
    """One form: the command it sends, its fields, the words on its button, and how it is guarded."""

    command: str
    title: Any
    fields: tuple[Field, ...] = ()
    submit: Any = ""
    sheet: str = ""
    intro: Any = ""
    has_time: bool = True
    second: str = ""
    consequence: Any = ""
    is_danger: bool = False
    # the live part of the page that stands in the form too
    part: str = ""

    @property
    def sheet_id(self) -> str:
        """The id of the sheet that holds the form."""
        return f"sheet-{self.sheet or self.command}"


@dataclass(frozen=True, slots=True)
class BoundField:
    """A field with what was typed into it and what was wrong with that."""

    field: Field
    value: Any = ""
    error: str = ""
    id: str = ""
    prefix: str = ""

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The choices, each with whether it was chosen; nothing is chosen beforehand."""
        chosen = self.value if isinstance(self.value, list) else [self.value]
        return [
            {"value": value, "label": label, "is_chosen": value in chosen and value != "", "id": f"{self.id}-{index}"}
            for index, (value, label) in enumerate(self.field.choices)
        ]


@dataclass(frozen=True, slots=True)
class BoundForm:
    """A form ready to be drawn."""

    form: CommandForm
    fields: list[BoundField] = field(default_factory=list)
    occurred_time: str = ""
    message: str = ""
    findings: Sequence[Any] = ()
    is_refused: bool = False
    second_error: str = ""
    time_error: str = ""
    part: str = ""


def bind_form(
    form: CommandForm,
    values: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    message: str = "",
    findings: Sequence[Any] = (),
    presets: Mapping[str, str] | None = None,
) -> BoundForm:
    """Return the form with typed values and problems by field name; problems without a field become the message."""
    values, problems, presets = values or {}, dict(problems or {}), presets or {}
    bound = []
    for item in form.fields:
        preset = presets.get(item.name, item.value)
        value = values.get(f"data.{item.name}", preset)
        identity = f"{form.sheet_id}-{item.name.replace('.', '-')}"
        bound.append(BoundField(item, value, problems.pop(item.name, ""), identity))
    second = problems.pop("second", "") or problems.pop("second.secret", "") or problems.pop("second.username", "")
    time_error = problems.pop("occurred_at", "") or problems.pop("occurred_time", "")
    rest = " ".join(problems.values())
    return BoundForm(
        form,
        bound,
        str(values.get("occurred_time") or ""),
        " ".join(part for part in (message, rest) if part),
        findings,
        bool(message or rest or findings),
        second,
        time_error,
    )


def with_fields(form: CommandForm, *fields: Field, **changes: Any) -> CommandForm:
    """Return a copy of a form with other fields."""
    return replace(form, fields=fields, **changes)
