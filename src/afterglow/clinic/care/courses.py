"""The course of a patient as this room needs it: sessions in which drug was given, when each was left, the gates."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.dosing import STARTS
from afterglow.clinic.dosing_sessions.fold import read_event
from afterglow.clinic.dosing_sessions.lookups import list_marks
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.plans.lookups import list_plans
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.plans.values import find_protocol
from afterglow.clinicday.care import Gate, find_induction_end, find_session_before, list_gates
from afterglow.protocols.catalogue import load_protocol_ids
from afterglow.protocols.model import Protocol

DIED = "died"


@dataclass(frozen=True, slots=True)
class CourseSession:
    """One session in which drug was given; `left_at` is None while it runs."""

    id: str
    number: int
    began_at: datetime
    left_at: datetime | None
    has_died: bool = False


@dataclass(frozen=True, slots=True)
class CareCourse:
    """Sessions, the plan in force or the last one, its protocol, and the gates as of an instant."""

    patient: Any
    sessions: tuple[CourseSession, ...]
    plan: Plan | None
    protocol: Protocol | None
    gates: tuple[Gate, ...]

    @property
    def left(self) -> list[datetime]:
        """When each session was left, those that were."""
        return [session.left_at for session in self.sessions if session.left_at is not None]

    def find_number_before(self, at: datetime) -> int | None:
        """Return which session was the last one left before an instant."""
        number = find_session_before(self.left, at)
        if number is None:
            return None
        return [session.number for session in self.sessions if session.left_at is not None][number - 1]

    def get_session(self, number: int) -> CourseSession:
        """Return a session by its number."""
        return self.sessions[number - 1]

    @property
    def induction_ended_on(self) -> date | None:
        """Return the day on which the induction was complete, or None while it is not."""
        count = self.plan.induction_sessions if self.plan is not None else None
        return find_induction_end(list_days(self), count, self.gates)


def load_care_course(patient: Any, now: datetime) -> CareCourse:
    """Return the course of one patient."""
    sessions = _load_sessions(patient)
    plan = find_plan(patient)
    protocol = find_plan_protocol(plan)
    today = get_local_date(patient.site, now)
    days = [_local_day(patient, session.began_at) for session in sessions]
    count = plan.induction_sessions if plan is not None else None
    gates = list_gates(protocol, sessions=days, induction_sessions=count, today=today) if protocol is not None else ()
    return CareCourse(patient, sessions, plan, protocol, gates)


def find_plan(patient: Any) -> Plan | None:
    """Return the plan in force, else the newest one that was signed."""
    plans = [plan for plan in reversed(list_plans(patient)) if plan.state != "draft"]
    return next((plan for plan in plans if plan.state == "signed"), plans[-1] if plans else None)


def find_plan_protocol(plan: Plan | None) -> Protocol | None:
    """Return a plan's protocol, or None without a plan or for one that this version does not know."""
    return find_protocol(plan) if plan is not None and plan.protocol in load_protocol_ids() else None


def list_days(course: CareCourse) -> list[date]:
    """Return the clinic's days of the sessions."""
    return [_local_day(course.patient, session.began_at) for session in course.sessions]


def _load_sessions(patient: Any) -> tuple[CourseSession, ...]:
    began: dict[str, datetime] = {}
    left: dict[str, Any] = {}
    for row in list_marks(patient):
        if row.type in STARTS:
            began.setdefault(row.session_id, row.occurred_at)
        else:
            left[row.session_id] = row
    ordered = sorted(began, key=lambda key: began[key])
    return tuple(
        CourseSession(
            key,
            number,
            began[key],
            left[key].occurred_at if key in left else None,
            key in left and read_event(left[key]).data.get("kind") == DIED,
        )
        for number, key in enumerate(ordered, 1)
    )


def _local_day(patient: Any, at: datetime) -> date:
    return at.astimezone(ZoneInfo(patient.site.timezone)).date()
