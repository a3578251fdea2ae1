"""Nothing is offered to who may not do it: before the dose, before leaving and in the rest, for every role."""

import re

import pytest

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.actions import PERMISSIONS, RECORD
from afterglow.clinic.errors import Denied
from afterglow.web.sessions.acts import build_acts

PHASES = ("booked", "arrived", "pre-checks", "ready", "dosing", "observing", "released", "left")
BEFORE, AFTER = PHASES[:4], PHASES[5:]


def offer(role: str, phase: str, ordered_mg: str = "", open_checks: tuple[str, ...] = ("fasting",)) -> dict:
    held = frozenset(policy.load_roles()[role].permissions)
    rows = [
        {"command": "record-check", "title": name.capitalize(), "sheet": f"record-check-{name}", "is_met": False}
        for name in open_checks
    ]
    return build_acts(
        {
            "phase": phase,
            "is_before": phase in BEFORE,
            "is_after": phase in AFTER,
            "is_closed": False,
            "dose": {"pattern": "infusion", "ordered_mg": ordered_mg},
            "checks": {"rows": rows},
            "allowed": {},
            "about": {},
            "held": held,
            "can": {"record": RECORD in held, "release": "order.sign" in held},
        }
    )


def list_commands(acts: dict) -> set[str]:
    listed = [
        *acts["ready_acts"],
        *acts["leaving_acts"],
        *(act for group in acts["more_acts"] for act in group["acts"]),
    ]
    return {act["command"] for act in listed}


def name_main(acts: dict) -> list[str]:
    return [act["command"] for act in acts["ready_acts"] if act["is_main"]]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("role", sorted(policy.load_roles()))
def test_every_act_that_is_offered_is_one_that_the_role_may_do(role: str, phase: str):
    held = policy.load_roles()[role].permissions
    for command in list_commands(offer(role, phase)):
        assert PERMISSIONS.get(command, RECORD) in held, f"{role} is offered {command} in {phase}"


@pytest.mark.parametrize(
    ("role", "ordered_mg", "main", "waits"),
    [
        ("nurse", "", ["record-check"], True),
        ("nurse", "36", ["sign-time-out"], False),
        ("prescriber", "", ["sign-order"], False),
        ("prescriber", "36", ["sign-time-out"], False),
        # who may record nothing is offered nothing
        ("therapist", "", [], False),
    ],
)
def test_the_main_act_of_the_pre_checks_is_the_next_one_of_this_person(
    role: str, ordered_mg: str, main: list[str], waits: bool
):
    acts = offer(role, "pre-checks", ordered_mg)
    assert name_main(acts) == main
    assert acts["waits_for_order"] is waits


def test_with_every_check_met_a_nurse_waits_and_no_act_is_the_main_one():
    acts = offer("nurse", "pre-checks", open_checks=())
    assert (name_main(acts), acts["waits_for_order"]) == ([], True)


@pytest.mark.parametrize("permission", sorted(policy.load_permissions()))
def test_a_refusal_is_said_in_words_and_never_by_its_code(permission: str):
    words = str(Denied(permission))
    assert words.startswith("your role does not include this here: ")
    assert permission not in words
    assert not re.search(r"[a-z]+\.[a-z]+", words)


def test_a_refusal_with_its_own_words_keeps_them():
    assert str(Denied("care.edit", "a licensed clinician says how a crisis ended")).startswith("a licensed clinician")
