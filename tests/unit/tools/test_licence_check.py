"""The licence check lets in what the allow-list covers, and nothing else."""

from email.message import Message

import pytest

from tools.licences import is_allowed, judge_licences, load_allow_list, read_licence

ALLOWED = ["MIT", "BSD-3-Clause", "Apache-2.0"]
ALLOW_LIST = {
    "allowed": dict.fromkeys(ALLOWED, "permissive"),
    "package": {"lib": {"licence": "LGPL-3.0-only", "reason": "replaceable"}},
}


@pytest.mark.parametrize("expression", ["MIT", "MIT AND Apache-2.0", "GPL-3.0-only OR MIT", "(MIT AND BSD-3-Clause)"])
def test_expression_that_can_be_met_is_allowed(expression: str) -> None:
    assert is_allowed(expression, ALLOWED)


@pytest.mark.parametrize("expression", ["", "GPL-3.0-only", "MIT AND GPL-2.0-only", "LGPL-3.0-only", "unknown"])
def test_expression_that_cannot_be_met_is_not_allowed(expression: str) -> None:
    assert not is_allowed(expression, ALLOWED)


def test_package_with_a_reason_is_allowed_and_without_one_is_named() -> None:
    assert judge_licences({"lib": "LGPL-3.0-only"}, ALLOW_LIST) == []
    assert judge_licences({"other": "LGPL-3.0-only"}, ALLOW_LIST) == [
        "other: licence 'LGPL-3.0-only' is not on the allow-list"
    ]


def test_package_that_turns_to_gpl_is_named_despite_its_entry() -> None:
    assert judge_licences({"lib": "GPL-3.0-only"}, ALLOW_LIST)


def test_entry_for_gpl_is_refused() -> None:
    allow_list = {"allowed": {}, "package": {"bad": {"licence": "GPL-3.0-only", "reason": "we like it"}}}
    assert judge_licences({"bad": "GPL-3.0-only"}, allow_list) == ["bad: GPL-3.0-only cannot be allowed"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License-Expression": "MIT", "License": "something else"}, "MIT"),
        ({"License": "BSD-3-Clause"}, "BSD-3-Clause"),
        (
            {"License": "Copyright (c) somebody, all rights\nand so on", "Classifier": "License :: X :: MIT License"},
            "MIT",
        ),
        ({"Classifier": "License :: OSI Approved :: Apache Software License"}, "Apache-2.0"),
        ({}, ""),
    ],
)
def test_licence_is_read_from_the_best_field(fields: dict[str, str], expected: str) -> None:
    metadata = Message()
    for key, value in fields.items():
        metadata[key] = value
    assert read_licence(metadata) == expected


def test_the_real_allow_list_gives_a_reason_for_each_package() -> None:
    for name, entry in load_allow_list()["package"].items():
        assert len(entry["reason"]) > 5, name
