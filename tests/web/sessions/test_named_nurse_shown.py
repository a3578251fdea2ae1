"""One nurse of a chair on every page: the named one, or nobody and the act to name one."""

import pytest
from django.urls import reverse

from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
NOBODY = "No named nurse"


def show(cast: Cast, user: object = None) -> str:
    return cast.client(user).get(cast.url()).content.decode()  # type: ignore[arg-type]


def test_who_recorded_last_is_not_the_nurse_of_the_chair() -> None:
    cast = Cast()
    cast.say("record-comfort", {"kind": "quiet"}, after_s=60)
    shown = show(cast)
    assert NOBODY in shown
    assert f'href="{reverse("web:floor-nurse", args=[cast.session.pk])}"' in shown


def test_the_session_names_whom_the_board_names() -> None:
    cast = Cast()
    cast.say("assign-nurse", {"nurse": cast.nurse.pk}, by=cast.prescriber, after_s=60)
    cast.say("record-comfort", {"kind": "quiet"}, by=cast.prescriber, after_s=90)
    shown = show(cast, cast.prescriber)
    assert NOBODY not in shown
    assert f"<dd><b>{cast.nurse.display_name}</b></dd>" in shown


def test_who_may_name_nobody_sees_that_nobody_is_named_without_the_act() -> None:
    cast = Cast()
    shown = show(cast, cast.therapist)
    assert NOBODY in shown
    assert reverse("web:floor-nurse", args=[cast.session.pk]) not in shown
