"""`afterglow user`: an account with its role and a link that works, or a problem with the field."""

import argparse
import json
from typing import Any

import pytest

from afterglow.clinic import policy
from afterglow.clinic.people import accounts
from afterglow.clinic.people.models import User
from afterglow.commands import user as command
from afterglow.terms import InvalidInput
from tests.factories import Cast


def call(**changes: Any) -> int:
    fields = {"act": "add", "name": "Newcomer", "role": ["nurse"], "site": "", "display_name": "", "credentials": "RN"}
    return command.run(argparse.Namespace(**{**fields, "data": "", "json": True, **changes}))


def test_it_adds_an_account_and_prints_its_link_once(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(site=cast.site.pk) == 0
    answer = json.loads(capsys.readouterr().out)
    user = User.objects.get(username="newcomer")
    assert policy.list_roles(user, cast.site) == {"nurse"}
    token = answer["setup_link"]["path"].removeprefix("/set-up/").removesuffix("/")
    assert accounts.find_setup_link(token, now=user.created_at).user == user


def test_another_link_for_an_account_that_is_there(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(act="link", name="nora", json=False) == 0
    assert "/set-up/" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, "site"),
        ({"site": "nowhere"}, "site"),
        ({"act": "link"}, "name"),
    ],
)
def test_what_it_cannot_do_names_the_field(cast: Cast, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        call(**changes)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert not User.objects.filter(username="newcomer").exists()


def test_a_role_nobody_knows_adds_no_account(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as caught:
        call(site=cast.site.pk, role=["surgeon"])
    assert caught.value.problems[0].path == "role"
    assert not User.objects.filter(username="newcomer").exists()
