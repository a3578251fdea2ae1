"""The demonstration: who is in it, in what state, and that the record it leaves is a true one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from afterglow.clinic.audit.verify import verify_audit
from afterglow.clinic.demo.build import build_demonstration
from afterglow.clinic.demo.cast import STAFF
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.policy import load_roles
from afterglow.clinic.sites.models import Site

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
PASSWORD = "quiet-lamp-over-there"
INVENTED = {"Demo", "Mock", "Sample", "Test", "Example", "Placeholder"}
RUNNABLE = {"iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"}


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Build the demonstration once; what the tests of this module only read."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        now = datetime.now(UTC)
        build_demonstration(password=PASSWORD, now=now)
        yield now
        transaction.set_rollback(True)


def find(given_name: str) -> Any:
    return Patient.objects.get(given_name=given_name)


def view_of(given_name: str, now: datetime) -> dict[str, Any]:
    session = find(given_name).sessions.order_by("opened_at").last()
    return get_view(session, now)


def test_it_says_that_it_is_a_demonstration(built: datetime) -> None:
    assert Site.objects.get().is_demonstration


def test_everybody_is_invented_and_there_are_enough_of_them(built: datetime) -> None:
    families = list(Patient.objects.values_list("family_name", flat=True))
    assert len(families) >= 12
    assert set(families) <= INVENTED


def test_every_role_can_sign_in_with_the_one_printed_password(built: datetime) -> None:
    roles = {user.practitioner_roles.get().role for user in User.objects.all()}
    assert roles == set(load_roles())
    assert all(user.check_password(PASSWORD) for user in User.objects.filter(username__in=[row[0] for row in STAFF]))


def test_each_runnable_protocol_has_a_session(built: datetime) -> None:
    assert set(Session.objects.values_list("protocol__protocol", flat=True)) == RUNNABLE


@pytest.mark.parametrize(
    ("given_name", "phase"),
    [
        ("Rowan", "left"),
        ("Hazel", "left"),
        ("Juniper", "left"),
        ("Aspen", "ended"),
        ("Cedar", "ended"),
        ("Maple", "ended"),
        ("Birch", "ended"),
        ("Laurel", "cancelled"),
    ],
)
def test_each_ending_is_there(built: datetime, given_name: str, phase: str) -> None:
    assert view_of(given_name, built)["phase"] == phase


def test_the_infusion_under_way_has_run_for_23_minutes_with_its_pressure_alarm(built: datetime) -> None:
    view = view_of("Alder", built)
    assert view["phase"] == "dosing"
    assert 22 * 60 <= view["clock"]["run_s"] <= 24 * 60
    assert view["vitals"]["bp"]["value"] == {"systolic": 163, "diastolic": 96}
    alarms = [(alarm["row"], alarm["priority"]) for alarm in view["alarms"] if alarm["state"] == "active"]
    assert alarms == [("A-01", "medium")]


def test_one_esketamine_patient_is_observed(built: datetime) -> None:
    view = view_of("Linden", built)
    assert view["phase"] == "observing"
    assert [device["outcome"] for device in view["dose"]["devices"]] == ["given", "given"]


def test_one_person_is_not_yet_eligible_with_a_stop_cautions_and_gaps(built: datetime) -> None:
    run = find("Willow").screening_runs.last()
    by_severity: dict[str, set[str]] = {}
    for finding in run.findings:
        by_severity.setdefault(finding["severity"], set()).add(finding["rule"])
    assert by_severity["stop"] == {"B-5"}
    assert {"C-09", "C-25", "D-01"} <= by_severity["caution"]
    assert by_severity["missing"] == {"W-3", "W-7"}
    assert not find("Willow").screening_decisions.exists()


def test_a_withdrawn_consent_and_an_unsigned_draft_are_there(built: datetime) -> None:
    assert find("Myrtle").consents.get().withdrawn_at is not None
    assert find("Oleander").plans.get().state == "draft"


def test_nothing_lies_in_the_future(built: datetime) -> None:
    assert all(session.last_recorded_at <= built for session in Session.objects.exclude(last_seq=0))


def test_the_audit_chain_holds(built: datetime) -> None:
    faults, rows = verify_audit()
    assert not faults
    assert rows > 500
