"""What holds a dose after a suicide alert, and how a licensed clinician's assessment releases it; safety plans."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.measures.alerts import NOT_SCREENED, describe
from afterglow.clinic.measures.assessed import carry, lock_live
from afterglow.clinic.measures.charted import list_charted
from afterglow.clinic.measures.in_session import SINCE, list_screened
from afterglow.clinic.measures.models import MeasureResult, RiskAlert, RiskAssessment, RiskRelease, SafetyPlan
from afterglow.clinic.measures.models.risk import DECISIONS
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.prepared import Prepared
from afterglow.clinicday.risk import (
    NONE,
    OLDER,
    PARTS,
    RECENT,
    Asked,
    Release,
    Seen,
    Tier,
    build_finding,
    judge_release,
    list_tasks,
    load_words,
)
from afterglow.terms import Finding, build_error

ASSESS, RELEASE = "risk.assess", "risk.release"
STOP = "risk-not-assessed"
RECHECK = "risk-recheck"
GO_ON, HOLD, EMERGENCY = DECISIONS
SCREENER = "c-ssrs-screener"
CSSRS = (SCREENER, SINCE)
LONGEST_NOTE, LONGEST_PART = 4000, 2000
_BEHAVIOURS = (NONE, OLDER, RECENT)


@dataclass(frozen=True, slots=True)
class Screen:
    """One C-SSRS, from a form (with its result) or asked in a session."""

    at: datetime
    ideation: int | None
    behaviour: str | None
    result: MeasureResult | None = None


_OPEN = Prepared(
    lambda patient: (
        RiskAlert.objects.filter(patient=patient, holds_dose=True, release__isnull=True)
        .select_related("form")
        .order_by("raised_at", "pk")
    )
)
_SINCE: Prepared[Any] = Prepared(
    lambda patient, since: RiskAlert.objects.filter(patient=patient, holds_dose=True, raised_at__gte=since).values_list(
        "pk"
    )[:1]
)
_LAST: Prepared[Any] = Prepared(
    lambda patient: RiskAssessment.objects.filter(patient=patient).order_by("-made_at", "-pk")[:1]
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds a person's next dose: alerts that nobody released, what was asked since, and who may release.

    `screens` are the C-SSRS since the first of the alerts, oldest first; `before` is the last one earlier.
    """

    alerts: tuple[RiskAlert, ...]
    asked: Asked | None
    release: Release
    screens: tuple[Screen, ...] = ()
    before: Screen | None = None


def list_open(patient: Any) -> list[RiskAlert]:
    """Return the alerts that hold a person's next dose, oldest first."""
    return _OPEN.ask(patient=patient)


def is_assessed(patient: Any, since: datetime) -> bool:
    """Return whether somebody has recorded an assessment of a person since an instant, whatever it decided."""
    last = _LAST.find(patient=patient)
    return last is not None and last.made_at >= since


def has_alerted_since(patient: Any, since: datetime) -> bool:
    """Return whether an answer since an instant held the dose, released by now or not."""
    return bool(_SINCE.ask(patient=patient, since=since))


def find_standing(patient: Any, *, now: datetime) -> Standing | None:
    """Return what holds a person's next dose, or None where nothing does."""
    alerts = list_open(patient)
    if not alerts:
        return None
    since, before = _part_screens(patient, alerts)
    asked = _find_asked(patient, since, before, newest=find_newest(alerts), now=now)
    seen = [each for alert in alerts if alert.instrument not in CSSRS for each in _read_seen(alert)]
    release = judge_release(seen, asked, _find_indication(patient))
    return Standing(tuple(alerts), asked, release, since, before)


def find_newest(alerts: Iterable[RiskAlert]) -> datetime | None:
    """Return when the newest answer alerted that a C-SSRS has to follow; one of the C-SSRS itself is none."""
    return max((alert.raised_at for alert in alerts if alert.instrument not in CSSRS), default=None)


def find_stop(patient: Any, *, now: datetime) -> Finding | None:
    """Return the finding that holds a person's next dose, or None."""
    standing = find_standing(patient, now=now)
    if standing is None:
        return None
    return build_finding(" ".join(describe(alert) for alert in standing.alerts), standing.release)


@action
def assess_risk(
    *,
    patient: Any,
    alerts: Iterable[str],
    decision: str,
    note: str,
    by: Any,
    now: datetime,
    is_in_person: bool = False,
    has_gone_through_plan: bool = False,
    told: str = "",
    has_made_means_safe: bool = False,
    emergency_path: str = "",
) -> RiskAssessment:
    """Record what was assessed and decided; going on releases exactly the alerts that were in view.

    Where a session of the person runs and asks for an assessment, this is that one: nobody is asked twice in one visit.

    Parameters
    ----------
    alerts : iterable of str
        The alerts that the clinician saw; where another came meanwhile nothing is stored.
    decision : str
        `may-go-on` releases the dose, `hold` and `emergency` leave it held.

    Raises
    ------
    Denied
        The release needs a prescriber.
    Refused
        Something that the release needs is not there yet; the problems name it.
    """
    policy.require(by, ASSESS, patient)
    if not policy.is_licensed(by, patient.site):
        raise Denied(ASSESS)
    sessions = lock_live(patient)
    Patient.objects.select_for_update().get(pk=patient.pk)
    checks = Checks()
    chosen = checks.word(decision, "decision", DECISIONS, is_required=True)
    words = checks.text(note, "note", longest=LONGEST_NOTE, is_required=True)
    done = {
        "is_in_person": is_in_person,
        "has_gone_through_plan": has_gone_through_plan,
        "has_made_means_safe": has_made_means_safe,
        "told": checks.text(told, "told", longest=300),
        "emergency_path": checks.text(emergency_path, "emergency_path", longest=300),
    }
    checks.raise_problems()
    standing = find_standing(patient, now=now)
    if standing is None:
        raise Refused("no-alert", "no alert holds this person's dose")
    if {alert.pk for alert in standing.alerts} != set(alerts):
        raise Conflict("another answer came meanwhile; read it, then decide")
    if chosen == GO_ON:
        _check_release(patient, standing, by, done)
    row = _store(patient, standing, {"decision": chosen, "note": words, **done}, by=by, now=now)
    _settle(patient, row, by=by, now=now)
    carry(row, sessions, by=by, now=now)
    return row


@action
def write_safety_plan(*, patient: Any, parts: Mapping[str, str], by: Any, now: datetime) -> SafetyPlan:
    """Store a new version of the safety plan; the part on making the surroundings safer is never left out."""
    policy.require(by, ASSESS, patient)
    checks = Checks()
    for name in parts:
        checks.word(name, name, PARTS)
    read = {
        name: checks.text(parts.get(name, ""), name, longest=LONGEST_PART, is_required=name == "means")
        for name in PARTS
    }
    checks.raise_problems()
    Patient.objects.select_for_update().get(pk=patient.pk)
    number = SafetyPlan.objects.filter(patient=patient).count() + 1
    row = SafetyPlan.objects.create(patient=patient, number=number, parts=read, made_at=now, made_by=by)
    audit.record(by=by, action="safety-plan.written", subject=row, now=now, patient=patient, detail={"number": number})
    return row


def find_safety_plan(patient: Any) -> SafetyPlan | None:
    """Return the version of a person's safety plan that counts, or None."""
    return SafetyPlan.objects.filter(patient=patient).order_by("-number").first()


def _store(patient: Any, standing: Standing, given: Mapping[str, Any], *, by: Any, now: datetime) -> RiskAssessment:
    """Write an assessment with what was judged; going on releases the alerts that were in view."""
    row = RiskAssessment.objects.create(
        patient=patient,
        made_at=now,
        made_by=by,
        tier=str(standing.release.tier),
        reasons=list(standing.release.reasons),
        triage=str(standing.release.row or ""),
        **given,
    )
    if row.decision == GO_ON:
        RiskRelease.objects.bulk_create([RiskRelease(alert=alert, assessment=row) for alert in standing.alerts])
    judged = {"decision": row.decision, "tier": row.tier, "triage": row.triage}
    detail = {**judged, "alerts": [alert.pk for alert in standing.alerts]}
    audit.record(by=by, action="risk.assessed", subject=row, now=now, patient=patient, detail=detail)
    return row


def _check_release(patient: Any, standing: Standing, by: Any, done: Mapping[str, Any]) -> None:
    """Refuse a release by who may not take it, or without something that it needs."""
    release = standing.release
    if release.tier is not Tier.NURSE:
        policy.require(by, RELEASE, patient)
    met = {
        "note": True,
        "c-ssrs-today": standing.asked is not None and standing.asked.is_today,
        "in-person": done["is_in_person"],
        "safety-plan": done["has_gone_through_plan"] and find_safety_plan(patient) is not None,
        "told": bool(done["told"]),
        "means": done["has_made_means_safe"],
        "emergency-path": bool(done["emergency_path"]),
    }
    words = load_words()["needs"]
    lacking = [
        build_error(name, "release-needs", "", words[name], words[name]) for name in release.needs if not met[name]
    ]
    if lacking:
        finding = build_finding(" ".join(describe(alert) for alert in standing.alerts), release)
        raise Refused(STOP, "The dose stays held.", findings=[finding], problems=lacking)


def _settle(patient: Any, assessment: RiskAssessment, *, by: Any, now: datetime) -> None:
    """End the tasks that asked for this assessment; one that holds the dose asks for another look."""
    from afterglow.clinic.tasks.actions import open_task, settle_task
    from afterglow.clinic.tasks.models import Task

    held = {kind for kind in list_tasks() if kind != "risk-follow-up"}
    kinds = held | ({NOT_SCREENED, RECHECK} if assessment.decision == GO_ON else set())
    for task in Task.objects.filter(patient=patient, kind__in=sorted(kinds), state="open").order_by("opened_at", "pk"):
        settle_task(task=task, now=now, by=by, outcome=assessment.decision)
    if assessment.decision != GO_ON:
        open_task(
            site=patient.site,
            patient=patient,
            subject=("risk", assessment.pk),
            kind=RECHECK,
            detail="The dose is held after an assessment. Look again before the next visit.",
            key=f"{RECHECK}:{assessment.pk}",
            by=None,
            now=now,
        )


def _read_seen(alert: RiskAlert) -> Iterable[Seen]:
    for item, value in alert.seen.items():
        before = alert.before.get(item)
        yield Seen(Decimal(value), None if before is None else Decimal(before))


def _part_screens(patient: Any, alerts: Sequence[RiskAlert]) -> tuple[tuple[Screen, ...], Screen | None]:
    """Return the C-SSRS since the first open alert, superseded results included, and the last one before them.

    An entry of the chart tells what was asked before; it is never the C-SSRS that an answer asks for.
    """
    first = min(alert.observed_at or alert.raised_at for alert in alerts)
    forms = {alert.form_id for alert in alerts if alert.form_id is not None}
    screens = _list_screens(patient)
    since = [row for row in screens if row.at >= first or (row.result is not None and row.result.form_id in forms)]
    before = [row for row in screens if row not in since]
    before += [Screen(row.at, row.ideation, row.behaviour) for row in list_charted(patient) if row.at < first]
    return tuple(since), sorted(before, key=lambda row: row.at)[-1] if before else None


def _find_asked(
    patient: Any, since: Sequence[Screen], before: Screen | None, *, newest: datetime | None, now: datetime
) -> Asked | None:
    """Return the worst of the C-SSRS since the first open alert; asked is only one that follows the newest answer."""
    if not since:
        return None
    last, ideations = since[-1], [row.ideation for row in since]
    is_after = newest is None or last.at >= newest
    return Asked(
        ideation=None if ideations[-1] is None else max(each for each in ideations if each is not None),
        behaviour=_find_worst([row.behaviour for row in since]),
        ideation_before=before.ideation if before is not None else None,
        behaviour_before=before.behaviour if before is not None else None,
        is_today=is_after and get_local_date(patient.site, last.at) == get_local_date(patient.site, now),
    )


def _list_screens(patient: Any) -> list[Screen]:
    rows = MeasureResult.objects.filter(form__patient=patient, instrument__in=CSSRS).order_by("observed_at", "number")
    found = [Screen(row.observed_at, read_ideation(row), read_behaviour(row), row) for row in rows]
    found += [Screen(row.at, row.ideation, row.behaviour) for row in list_screened(patient)]
    return sorted(found, key=lambda row: row.at)


def read_ideation(row: MeasureResult) -> int | None:
    """Return the ideation level of a C-SSRS result, None where an answer leaves it open."""
    text = row.result.get("subscales", {}).get("ideation")
    return int(text) if text is not None else None


def read_behaviour(row: MeasureResult) -> str | None:
    """Return none, older or recent behaviour of a C-SSRS result, None where it was not answered."""
    ever, recent = row.answers.get("6"), row.answers.get("6-recent")
    if ever is None:
        return None
    if Decimal(ever) == 0:
        return NONE
    if row.instrument == SINCE:
        return RECENT
    return None if recent is None else RECENT if Decimal(recent) == 1 else OLDER


def _find_worst(behaviours: Sequence[str | None]) -> str | None:
    if RECENT in behaviours:
        return RECENT
    if behaviours[-1] is None:
        return None
    return max((each for each in behaviours if each is not None), key=_BEHAVIOURS.index)


def _find_indication(patient: Any) -> str:
    plan = patient.plans.filter(state="signed").order_by("-number").first()
    return plan.indication if plan is not None else ""
