"""The vitals line: labelled tokens are read, and a number that could be two things is asked back."""

import pytest

from afterglow.chairside import parse_command, parse_vitals_line
from afterglow.terms import InvalidInput


def list_codes(text):
    with pytest.raises(InvalidInput) as caught:
        parse_vitals_line(text)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("128/76", {"systolic": "128", "diastolic": "76"}),
        ("bp128/76", {"systolic": "128", "diastolic": "76"}),
        (
            "128/76 p84 s97 r14",
            {"systolic": "128", "diastolic": "76", "heart_rate": "84", "spo2": "97", "resp_rate": "14"},
        ),
        ("HR84 SpO297 RR14", {"heart_rate": "84", "spo2": "97", "resp_rate": "14"}),
        ("p=84, s:97", {"heart_rate": "84", "spo2": "97"}),
        ("o2:3", {"oxygen_l_per_min": "3"}),
        ("o3", {"oxygen_l_per_min": "3"}),
        ("t36.8 o2 m5", {"temperature_cel": "36.8", "oxygen_l_per_min": "2", "moaas": "5"}),
    ],
)
def test_labelled_tokens_are_read(text, expected):
    assert parse_vitals_line(text) == expected


@pytest.mark.parametrize("text", ["84", "128/76 84", "97 14", "36.8", "o22"])
def test_a_bare_number_must_be_named(text):
    assert "vitals-ambiguous" in list_codes(text)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["vitals-empty"]),
        ("p84 p85", ["vitals-twice"]),
        ("128/76 130/80", ["vitals-twice", "vitals-twice"]),
        ("128-76", ["vitals-unknown"]),
        ("128/", ["vitals-unknown"]),
        ("x84", ["vitals-unknown"]),
        ("p", ["vitals-unknown"]),
        ("p84 zz 12", ["vitals-unknown", "vitals-ambiguous"]),
    ],
)
def test_what_is_not_understood_is_named(text, codes):
    assert list_codes(text) == codes


def test_what_was_read_is_still_judged_by_the_command():
    with pytest.raises(InvalidInput):
        parse_command("record-vitals", parse_vitals_line("76/128"))
    assert parse_command("record-vitals", parse_vitals_line("128/76 p84")).data["systolic"] == 128
