"""Fields and line of the pad together: one reading, one value."""

import pytest

from afterglow.terms import InvalidInput
from afterglow.web.sessions.forms.vitals import build_vitals_data


def test_the_line_fills_what_the_fields_left_open() -> None:
    assert build_vitals_data({"resp_rate": "14"}, "128/76 p84") == {
        "resp_rate": "14",
        "systolic": "128",
        "diastolic": "76",
        "heart_rate": "84",
    }


def test_line_and_field_must_agree() -> None:
    assert build_vitals_data({"heart_rate": "84"}, "p84") == {"heart_rate": "84"}
    with pytest.raises(InvalidInput) as caught:
        build_vitals_data({"heart_rate": "80"}, "p84")
    assert caught.value.problems[0].path == "line"


def test_an_unnamed_number_is_asked_back() -> None:
    with pytest.raises(InvalidInput):
        build_vitals_data({}, "128/76 84")


def test_without_a_line_the_fields_stand_as_typed() -> None:
    assert build_vitals_data({"spo2": "97"}, "") == {"spo2": "97"}
