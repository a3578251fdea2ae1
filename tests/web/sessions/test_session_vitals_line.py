"""The vitals line: labelled tokens are read, anything that could be two things is asked back."""

import pytest

from afterglow.terms import InvalidInput
from afterglow.web.sessions.vitals_line import merge_line, parse_vitals_line


def test_the_line_of_the_requirements_is_read() -> None:
    assert parse_vitals_line("128/76 p84 s97 r14") == {
        "systolic": "128",
        "diastolic": "76",
        "heart_rate": "84",
        "spo2": "97",
        "resp_rate": "14",
    }


@pytest.mark.parametrize("line", ["BP128/76, HR84; SpO2 97", "128/76 84 97", "97", "84 r14"])
def test_an_unlabelled_number_must_be_named(line: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_vitals_line(line)
    assert {problem.path for problem in caught.value.problems} == {"line"}


def test_labels_may_be_written_out() -> None:
    assert parse_vitals_line("bp128/76 HR84 SpO2:97 rr=14") == parse_vitals_line("128/76 p84 s97 r14")


def test_every_unclear_token_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_vitals_line("128/76 x9 84")
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"vitals-token-unknown", "vitals-token-ambiguous"}


def test_the_same_reading_twice_is_a_problem() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_vitals_line("p84 p86")
    assert caught.value.problems[0].code == "vitals-token-repeated"


def test_line_and_field_must_agree() -> None:
    assert merge_line({"heart_rate": "84"}, "p84", {}) == {"heart_rate": "84"}
    with pytest.raises(InvalidInput):
        merge_line({"heart_rate": "80"}, "p84", {})
