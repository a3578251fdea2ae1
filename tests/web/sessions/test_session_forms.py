"""The forms against the commands: every field a form sends is one the command declares, every need is asked."""

import pytest

from afterglow.chairside.commands import COMMANDS
from afterglow.web.sessions.forms import FORMS, CommandForm, bind_form
from afterglow.web.sessions.forms.before import build_check_form
from afterglow.web.sessions.taps import VITAL_FIELDS, build_taps

CHECKS = [build_check_form({"id": name}) for name in ("fasting", "escort", "reconciliation", "oximeter")]
WITHOUT_FORM = {
    "open-session",
    "tick",
    "acknowledge-alarm",
    "silence-alarm",
    "record-vitals",
    "withdraw-entry",
    # sent from the chair's own page and from the log of an emergency
    "assign-nurse",
    "offer-handover",
    "accept-handover",
    "withdraw-handover",
    "decline-handover",
    "record-emergency",
}


@pytest.mark.parametrize("form", [*FORMS, *CHECKS], ids=lambda form: form.sheet or form.command)
def test_a_form_sends_only_fields_its_command_declares(form: CommandForm) -> None:
    declared = {spec.name for spec in COMMANDS[form.command].fields}
    assert {field.name.split(".")[0] for field in form.fields} <= declared


@pytest.mark.parametrize("form", [*FORMS, *CHECKS], ids=lambda form: form.sheet or form.command)
def test_a_form_asks_everything_its_command_needs(form: CommandForm) -> None:
    needed = {spec.name for spec in COMMANDS[form.command].fields if spec.is_required}
    assert needed <= {field.name for field in form.fields}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.sheet or form.command)
def test_a_forms_choices_are_accepted_by_its_command(form: CommandForm) -> None:
    accepted = {spec.name: set(spec.choices) for spec in COMMANDS[form.command].fields if spec.choices}
    for field in form.fields:
        if field.name in accepted and field.choices:
            assert {value for value, _ in field.choices} <= accepted[field.name]


def test_every_command_can_be_sent_from_the_page() -> None:
    assert set(COMMANDS) - {form.command for form in FORMS} == WITHOUT_FORM


def test_the_pad_sends_only_declared_readings_and_taps() -> None:
    declared = {spec.name for spec in COMMANDS["record-vitals"].fields}
    assert {name.removeprefix("data.") for _, name, *_ in VITAL_FIELDS} <= declared
    for taps in build_taps().values():
        for tap in taps:
            names = {name.removeprefix("data.") for name in tap["data"]}
            assert names <= {spec.name for spec in COMMANDS[tap["command"]].fields}


def test_nothing_is_chosen_beforehand() -> None:
    choices = [choice for form in FORMS for field in bind_form(form).fields for choice in field.choices]
    assert not any(choice["is_chosen"] for choice in choices)
    assert len(choices) > 50


def test_typed_values_and_their_problems_come_back_in_their_fields() -> None:
    form = next(form for form in FORMS if form.command == "record-weight")
    bound = bind_form(form, {"data.weight_kg": "7000"}, {"weight_kg": "weight_kg 7000 cannot be right"})
    assert (bound.fields[0].value, bound.fields[0].error) == ("7000", "weight_kg 7000 cannot be right")
    assert bound.message == ""


def test_a_problem_without_a_field_becomes_the_forms_message() -> None:
    form = next(form for form in FORMS if form.command == "record-note")
    assert bind_form(form, {}, {"elsewhere": "look there"}).message == "look there"
