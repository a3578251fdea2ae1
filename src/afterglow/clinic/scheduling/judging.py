"""What stands against a booking: the day's places and people, the patient's plan, consent, eligibility and spacing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.dosing_sessions.opening import find_latest_consent
from afterglow.clinic.dosing_sessions.protocols import find_protocol_of
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.plans.judging import judge_consent, list_session_days
from afterglow.clinic.scheduling.days import Span
from afterglow.clinic.scheduling.models import DOSING, HOLDING, Appointment
from afterglow.clinic.screening.actions import find_eligibility
from afterglow.clinicday.acceptance import Acceptance, find_cover, keep
from afterglow.clinicday.booking import (
    Asked,
    Lengths,
    build_cleared,
    build_finding,
    get_number,
    judge_latest,
    judge_place_and_people,
    judge_prescriber,
    load_rules,
    measure_dosing,
    measure_other,
)
from afterglow.clinicday.spacing import Rhythm, judge_integration, judge_spacing
from afterglow.clinicday.staffing import judge_nurse
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding, Override, Severity

OVERRIDE = "schedule.override"
DIRECTOR = "medical-director"
LIFE_SUPPORT = "acls"
SUPERSEDED = "superseded"
NOT_BOOKED = "this visit cannot be booked as it stands"
NO_PLACE = frozenset({"call"})


@dataclass(slots=True)
class Case:
    """What a booking knows of a person before a day is chosen: plan, protocol, doses given and booked, consents."""

    patient: Any
    kind: str
    plan: Any
    protocol: Protocol | None
    lengths: Lengths
    now: datetime
    zone: ZoneInfo
    given: list[date] = field(default_factory=list)
    booked: list[date] = field(default_factory=list)
    weight_kg: Any = None
    ignoring: str = ""

    @property
    def is_dosing(self) -> bool:
        """Return whether the visit gives a dose."""
        return self.kind == DOSING

    @property
    def today(self) -> date:
        """Return the day of asking on the clinic's calendar."""
        return self.now.astimezone(self.zone).date()

    @property
    def must_stay_on_site(self) -> bool:
        """Return whether the protocol keeps a prescriber on site until the person leaves."""
        value = self.protocol.settings.get("prescriber.on_site") if self.protocol is not None else None
        return bool(value is not None and value.value)


@dataclass(frozen=True, slots=True)
class Request:
    """When, where and with whom a visit is asked for."""

    starts_at: datetime
    place: Any = None
    nurse: Any = None
    clinician: Any = None
    escort: Any = None


def load_case(
    *, site: Any, patient: Any, kind: str, plan: Any, protocol_id: str, now: datetime, ignoring: Any = None
) -> Case:
    """Return what a booking knows of a person, read with a fixed number of queries."""
    zone = ZoneInfo(site.timezone)
    protocol, lengths = measure(kind, plan, site=site, protocol_id=protocol_id)
    case = Case(patient, kind, plan, protocol, lengths, now, zone, ignoring=ignoring.pk if ignoring else "")
    if kind != DOSING:
        return case
    case.given = list(list_session_days(patient))
    rows = Appointment.objects.filter(patient=patient, kind=DOSING, state__in=HOLDING, session__isnull=True)
    others = rows.exclude(pk=case.ignoring).values_list("starts_at", flat=True)
    case.booked = sorted(at.astimezone(zone).date() for at in others)
    weight = find_weight(patient)
    case.weight_kg = weight.value if weight is not None else None
    return case


def find_plan_of(row: Appointment) -> Any:
    """Return the plan that a booked dose is given under: the version in force, where it gives the same way."""
    if row.kind != DOSING or row.plan is None or row.plan.state != SUPERSEDED:
        return row.plan if row.kind == DOSING else None
    return row.patient.plans.filter(state="signed", protocol=row.plan.protocol).first() or row.plan


def measure(kind: str, plan: Any, *, site: Any, protocol_id: str) -> tuple[Protocol | None, Lengths]:
    """Return the protocol of a visit, where it has one, and how long its parts take."""
    if kind != DOSING:
        return None, measure_other(kind)
    if plan is None and not protocol_id:
        return None, Lengths(get_number("pre_checks_min"), get_number("injection_min"), get_number("stay_min"))
    protocol = find_protocol_of(plan=plan, site=site, protocol_id=protocol_id)
    over_min, dose_mg = (plan.over_min, plan.dose_mg) if plan is not None else (None, None)
    return protocol, measure_dosing(protocol, over_min=over_min, dose_mg=dose_mg)


def ask(case: Case, request: Request) -> Asked:
    """Return a request as the pure rules read it."""
    return Asked(
        patient=case.patient.pk,
        spans=case.lengths.place(request.starts_at),
        place=request.place.pk if request.place is not None else "",
        nurse=request.nurse.pk if request.nurse is not None else "",
        clinician=request.clinician.pk if request.clinician is not None else "",
        needs_place=case.kind not in NO_PLACE,
        is_dosing=case.is_dosing,
        must_stay_on_site=case.must_stay_on_site,
        ignoring=case.ignoring,
    )


def judge(case: Case, span: Span, request: Request) -> list[Finding]:
    """Return everything that stands against a visit, or for it, worst first."""
    on = get_local_date(span.site, request.starts_at)
    found = [
        *judge_day(case, span, request),
        *judge_person(case, request.starts_at),
        *_judge_qualification(case, span, request, on),
        *_judge_escort(case, request),
        *_judge_integration(case, request),
    ]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def judge_day(case: Case, span: Span, request: Request) -> list[Finding]:
    """Return what the day itself says: clashes, hours, prescriber, latest start, load."""
    day, asked, names = span.get_day(get_local_date(span.site, request.starts_at)), ask(case, request), span.names
    return [
        *_judge_past(case, request),
        *judge_place_and_people(day, asked, names),
        *judge_prescriber(day, asked, names),
        *judge_latest(day, asked, case.lengths, names),
        *judge_nurse(day, asked, names),
    ]


def judge_person(case: Case, starts_at: datetime) -> list[Finding]:
    """Return what the person's own papers say of a dose on a day: plan, eligibility, consent, spacing, surveillance."""
    if not case.is_dosing:
        return []
    on = starts_at.astimezone(case.zone).date()
    plan, protocol = case.plan, case.protocol
    if plan is None or protocol is None or plan.state != "signed" or plan.patient_id != case.patient.pk:
        seen = "No plan" if plan is None else f"Plan v{plan.number} {plan.state}"
        return [build_finding("PL-1", seen, "a signed plan in force")]
    return [
        *_judge_eligibility(case, starts_at),
        *_judge_consent(case, on),
        *judge_spacing(
            protocol, find_rhythm(plan, case, on), given=case.given, booked=case.booked, on=on, today=case.today
        ),
        *judge_screens(case, on),
    ]


def find_rhythm(plan: Any, case: Case, on: date) -> Rhythm:
    """Return the rhythm of a dose on a day: the induction's until it is complete, then the upkeep's."""
    done = len(list_before(case, on))
    phase = "induction" if plan.induction_sessions and done < plan.induction_sessions else "maintenance"
    return Rhythm(phase, plan.sessions_per_week, plan.maintenance_every_wk)


def list_before(case: Case, on: date) -> list[date]:
    """Return the days before one on which a dose was given or is booked, in order."""
    return sorted(day for day in (*case.given, *case.booked) if day < on)


def list_running(*, site: Any, since: datetime) -> list[Session]:
    """Return the sessions that take a place now: those that run, and those opened since and not begun."""
    opened = Q(phase__in=LIVE_PHASES) | Q(phase="booked", opened_at__gte=since)
    return list(Session.objects.filter(opened, site=site, is_closed=False))


def judge_running(*, site: Any, patient: Any, place: Any, since: datetime) -> list[Finding]:
    """BK-10: nobody has two running sessions, and no place has two people.

    A session that runs counts since whatever day; one that was opened and never begun counts on its own day alone.
    """
    found = []
    for session in list_running(site=site, since=since):
        if session.patient_id == patient.pk:
            seen = f"A session of this person is running in {session.place or 'no place'}"
            found.append(build_finding("BK-10", seen, "one session of a person at a time"))
        elif place is not None and session.place == place.name:
            seen = f"A session is running in {place.name}"
            found.append(build_finding("BK-10", seen, "one person in a place at a time"))
    return found


def settle(
    findings: Iterable[Finding],
    *,
    accepted: Iterable[str],
    by: Any,
    site: Any,
    now: datetime,
    plan: Any = None,
    already: Iterable[Acceptance] = (),
    because: str = "",
    says: str = "",
) -> list[Acceptance]:
    """Return what is accepted and counts; raise `Refused` with every finding that still stands against.

    `already` is what somebody who may accepted before; it covers a finding that is no worse than it was then. A stop
    that nobody may accept stands all the same. `says` is what cannot be, where that is not the booking.
    """
    said, before = set(accepted), list(already)
    kept: list[Acceptance] = []
    standing = []
    for finding in findings:
        if not is_asking(finding):
            continue
        is_hard = finding.severity is Severity.STOP and finding.override is Override.NONE
        earlier = None if is_hard else find_cover(before, finding)
        if earlier is not None:
            kept.append(earlier)
        elif finding.rule in said and may_accept(finding, by=by, site=site, plan=plan):
            kept.append(keep(finding, by=by.pk, by_name=by.display_name, at=now, reason=because))
        else:
            standing.append(finding)
    if standing:
        stops = [each for each in standing if each.severity is Severity.STOP]
        code = "booking-stopped" if stops else "booking-not-accepted"
        told = f"{says}: {'; '.join(each.seen for each in stops or standing)}" if says else NOT_BOOKED
        raise Refused(code, told, findings=stops or standing)
    return sorted(kept, key=lambda each: (each.rule, each.about))


def soften(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings as they count on the day: a later visit in the way, or a shift that ends, is no stop any more."""
    return [
        replace(finding, severity=Severity.CAUTION, asks="Move what comes after, or hand over.")
        if finding.rule in _LATER and finding.severity is Severity.STOP
        else finding
        for finding in findings
    ]


def is_asking(finding: Finding) -> bool:
    """Return whether a finding keeps a visit from being booked until it is accepted."""
    return finding.severity in (Severity.STOP, Severity.CAUTION)


def may_accept(finding: Finding, *, by: Any, site: Any, plan: Any = None) -> bool:
    """Return whether somebody may go on in spite of a finding."""
    rule = load_rules().get(finding.rule)
    if finding.severity is Severity.STOP and finding.override is Override.NONE:
        return False
    if finding.override is Override.MEDICAL_DIRECTOR:
        return DIRECTOR in policy.list_roles(by, site)
    if finding.override is Override.SECOND_CLINICIAN:
        return policy.allow(by, OVERRIDE, site) and (plan is None or plan.signed_by_id != by.pk)
    if finding.override is Override.PRESCRIBER or (rule is not None and rule.accepts == "clinician"):
        return policy.allow(by, OVERRIDE, site)
    return True


def judge_screens(case: Case, on: date) -> list[Finding]:
    """Return what the long-term screens say of a dose on a day: their rows warn or stop, with those booked before."""
    from afterglow.clinic.tasks.actions import judge_surveillance

    return judge_surveillance(
        patient=case.patient, on=on, more_sessions=sum(1 for booked in case.booked if booked < on)
    )


_LATER = frozenset({"BK-1", "BK-6"})
_ORDER = {Severity.STOP: 0, Severity.CAUTION: 1, Severity.MISSING: 2, Severity.INFO: 3}


def _judge_past(case: Case, request: Request) -> list[Finding]:
    names = request.starts_at.astimezone(case.zone)
    if request.starts_at < case.now - timedelta(minutes=get_number("grid_min")):
        return [build_finding("BK-8", f"{names:%d %b %Y %H:%M}", "from now on")]
    if request.starts_at > case.now + timedelta(days=get_number("horizon_d")):
        return [
            build_finding("BK-8", f"{names:%d %b %Y}", f"within {get_number('horizon_d')} days", title="Too far ahead")
        ]
    return []


def _judge_eligibility(case: Case, at: datetime) -> list[Finding]:
    plan = case.plan
    made, reason = find_eligibility(
        case.patient, protocol_id=plan.protocol, indication=plan.indication, now=max(at, case.now)
    )
    threshold = "an eligibility decision in force on the day"
    if made is None:
        return [build_finding("EL-1", reason[:1].upper() + reason[1:], threshold)]
    decided_on = get_local_date(case.patient.site, made.recorded_at).isoformat()
    return [build_cleared("EL-1", "Eligible", f"decided {decided_on}", threshold)]


def _judge_consent(case: Case, on: date) -> list[Finding]:
    if case.protocol is None:
        return []
    found = judge_consent(case.patient, case.protocol, case.plan, on, case.weight_kg)
    consent = find_latest_consent(case.patient.pk, on) if not found else None
    if consent is None:
        return list(found)
    limit = consent.text.max_dose_mg_per_kg
    title = f"Consent to {consent.expires_on.isoformat()}"
    title += f", up to {limit.normalize():f} mg/kg" if limit is not None else ""
    return [build_cleared("CO-1", title, "confirmed again on the day", "a consent that covers the day")]


def _judge_qualification(case: Case, span: Span, request: Request, on: date) -> list[Finding]:
    """ST-2: the nurse of a dosing visit has advanced life support in date; a clinic that keeps no dates is asked."""
    if not case.is_dosing or request.nurse is None:
        return []
    until = span.qualifications.get((request.nurse.pk, LIFE_SUPPORT))
    who, threshold = span.names.users.get(request.nurse.pk, ""), "advanced life support in date on the day"
    if until is None:
        seen = f"Not recorded: advanced life support of {who}"
        asks = "Record the qualification under staff hours."
        return [build_finding("ST-2", seen, threshold, severity=Severity.MISSING, asks=asks, override=Override.NONE)]
    if until < on:
        return [build_finding("ST-2", f"{who}: ended {until.isoformat()}", threshold)]
    return []


def _judge_escort(case: Case, request: Request) -> list[Finding]:
    if not case.is_dosing:
        return []
    threshold = "a responsible adult who takes the person home"
    if request.escort is None:
        last = case.patient.escorts.filter(ended_at__isnull=True).order_by("-recorded_at", "-pk").first()
        seen = f"No escort named; {last.name} is on file" if last else "No escort named, none on file"
        return [build_finding("ES-1", seen, threshold)]
    return [build_cleared("ES-1", "Escort named", request.escort.name, threshold)]


def _judge_integration(case: Case, request: Request) -> list[Finding]:
    if case.kind != "integration":
        return []
    rows = Appointment.objects.filter(patient=case.patient, kind=DOSING, ends_at__lte=request.starts_at)
    last = rows.filter(state__in=(*HOLDING, "done")).order_by("ends_at", "pk").last()
    return judge_integration(last.ends_at if last is not None else None, request.starts_at)
