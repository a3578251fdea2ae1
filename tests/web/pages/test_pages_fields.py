"""Fields: what they accept, what they refuse with a message, and that nothing typed makes them fall over."""

import pytest
from django import forms
from django.template import Context, Template

from afterglow.protocols.facts import load_facts
from afterglow.terms import build_error
from afterglow.web.forms.facts import GROUPS, FactForm, list_specs
from afterglow.web.forms.fields import (
    AnswerField,
    DayField,
    MomentField,
    NumberField,
    TextField,
    WholeField,
    add_problems,
)

NASTY = [
    "\x00",
    "a\x00b",
    "1e999999",
    "NaN",
    "Infinity",
    "-Infinity",
    "9" * 400,
    "0x10",
    "2026-02-30",
    "9999-99-99",
    "0001-01-01",
    "<script>",
    "' OR 1=1",
    "\u202e",
    " " * 5000,
]


class SampleForm(forms.Form):
    """One field of each kind."""

    name = TextField(label="Name")
    weight = NumberField(label="Weight", unit="kg", min_value=1, max_value=400)
    born_on = DayField(label="Born on")
    at = MomentField(label="At")
    smokes = AnswerField(label="Smokes", required=True)


class NumbersForm(forms.Form):
    """A decimal and a whole number."""

    weight = NumberField(label="Weight", unit="kg")
    count = WholeField(label="Count")


@pytest.mark.parametrize(("weight", "count", "read"), [("72,5", "7", 72.5), (" 70 ", " 7 ", 70), (".5", "+7", 0.5)])
def test_plain_numbers_are_read(weight, count, read):
    form = NumbersForm({"weight": weight, "count": count})
    assert form.is_valid()
    assert (float(form.cleaned_data["weight"]), form.cleaned_data["count"]) == (read, 7)


@pytest.mark.parametrize("text", ["7_0", "0_5", "7e1", "٧٠", "７０", "x"])
def test_a_number_written_in_another_way_is_refused(text):
    assert set(NumbersForm({"weight": text, "count": text}).errors) == {"weight", "count"}


@pytest.mark.parametrize("text", NASTY)
def test_no_text_makes_a_form_fall_over(text):
    form = SampleForm(dict.fromkeys(SampleForm.base_fields, text))
    assert not form.is_valid()
    assert {"weight", "born_on", "at", "smokes"} <= set(form.errors)


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("group", sorted(GROUPS))
def test_no_text_makes_a_fact_form_fall_over(group, text):
    specs = list_specs(group)
    form = FactForm(dict.fromkeys(specs, text), specs=specs)
    form.is_valid()
    for name, value in form.list_changes().items():
        assert name in load_facts()
        assert value is None or not isinstance(value, float)


def test_a_comma_is_read_as_a_decimal_point():
    form = SampleForm({"weight": "72,5"})
    form.is_valid()
    assert str(form.cleaned_data["weight"]) == "72.5"


@pytest.mark.parametrize(("typed", "is_accepted"), [("0.99", False), ("1", True), ("400", True), ("400.1", False)])
def test_both_sides_of_a_range(typed, is_accepted):
    form = SampleForm({"weight": typed})
    form.is_valid()
    assert ("weight" not in form.errors) is is_accepted


def test_an_answer_is_never_chosen_beforehand():
    html = str(SampleForm()["smokes"])
    assert html.count('type="radio"') == 3
    assert "checked" not in html


def test_yes_no_and_not_known_are_three_different_facts():
    name = "history.aneurysm"
    specs = {name: load_facts()[name]}
    read = {}
    for word in ("yes", "no", "unknown"):
        form = FactForm({name: word}, specs=specs)
        assert form.is_valid()
        read[word] = form.list_changes()[name]
    assert read == {"yes": True, "no": False, "unknown": None}


def test_an_answer_left_out_changes_nothing():
    specs = list_specs("history")
    form = FactForm({}, specs=specs)
    assert form.is_valid()
    assert form.list_changes() == {}


def test_an_error_stands_under_its_field_and_the_typed_value_stays():
    form = SampleForm({"weight": "700"})
    form.is_valid()
    html = Template("{% load assets %}{% field form.weight %}").render(Context({"form": form}))
    assert 'value="700"' in html
    assert "field__error" in html
    assert 'id="id_weight_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_problem_of_an_action_lands_on_the_field_it_names():
    form = SampleForm({"name": "x"})
    form.is_valid()
    add_problems(form, [build_error("order.weight", "weight-old", 72, "a weight of today", "weigh again")])
    assert "Weigh again (a weight of today)" in form.errors["weight"]
    add_problems(form, [build_error("somewhere", "odd", 1, "", "cannot be used")])
    assert "Cannot be used" in form.non_field_errors()
