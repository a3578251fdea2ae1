"""Actions on plans: draft, change, sign, stop, add to. A signed plan never changes: a new version supersedes it.

The signing person proves who they are through `accounts.signers.reauthenticate` before `sign_plan` is called.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks, as_json
from afterglow.clinic.people.models import Patient
from afterglow.clinic.plans.judging import list_plan_findings, refuse_own_override, require_eligible, require_no_stop
from afterglow.clinic.plans.models import Plan, PlanAddendum
from afterglow.clinic.plans.orders import SessionDose, attach_order, sign_order
from afterglow.clinic.plans.values import EDITABLE, build_defaults, find_protocol, list_unused, read_values
from afterglow.clinic.sites.actions import find_overlay, find_profiles
from afterglow.protocols.catalogue import get_effective, render_protocol
from afterglow.protocols.model import Protocol

__all__ = [
    "SessionDose",
    "add_addendum",
    "attach_order",
    "draft_plan",
    "judge_plan",
    "sign_order",
    "sign_plan",
    "stop_plan",
    "update_draft",
]

DRAFT = "plan.draft"
SIGN = "plan.sign"


@action
def draft_plan(
    *,
    patient: Any,
    protocol_id: str,
    indication: str,
    by: Any,
    now: datetime,
    profiles: Mapping[str, str] | None = None,
) -> Plan:
    """Begin a draft with the protocol's values, or with those of the plan in force for the same protocol."""
    policy.require(by, DRAFT, patient)
    Patient.objects.select_for_update().get(pk=patient.pk)
    if Plan.objects.filter(patient=patient, state="draft").exists():
        raise Refused("draft-exists", "a draft is open; change that one")
    chosen = dict(profiles) if profiles is not None else find_profiles(patient.site, protocol_id)
    overlay = find_overlay(patient.site, protocol_id)
    protocol = get_effective(
        protocol_id, indication=indication or None, profiles=chosen or None, overlay=overlay or None
    )
    signed = Plan.objects.filter(patient=patient, state="signed").first()
    values = build_defaults(protocol, patient=patient, now=now)
    if signed is not None and signed.protocol == protocol_id:
        values |= {name: getattr(signed, name) for name in EDITABLE}
    last = Plan.objects.filter(patient=patient).order_by("number").last()
    plan = Plan.objects.create(
        patient=patient,
        number=1 if last is None else last.number + 1,
        protocol=protocol_id,
        indication=indication,
        profiles=chosen,
        overlay=overlay,
        created_at=now,
        created_by=by,
        updated_at=now,
        **values,
    )
    detail = {"protocol": protocol_id, "number": plan.number}
    audit.record(by=by, action="plan.drafted", subject=plan, now=now, patient=patient, detail=detail)
    return plan


@action
def update_draft(*, plan: Any, values: Mapping[str, Any], by: Any, now: datetime, version: int | None = None) -> Plan:
    """Store a draft's values; a signed plan is refused, and so is a draft changed since `version` was read."""
    policy.require(by, DRAFT, plan)
    locked = _lock(plan)
    if locked.state != "draft":
        raise Refused("plan-signed", "a signed plan never changes; begin a new version, or add an addendum")
    if version is not None and version != locked.version:
        raise Conflict("this draft was changed by somebody else; read it again, then change it")
    given = dict(values)
    protocol_id = str(given.pop("protocol_id", locked.protocol) or locked.protocol)
    indication = str(given.pop("indication", locked.indication) or "")
    if (protocol_id, indication) != (locked.protocol, locked.indication):
        _change_protocol(locked, protocol_id, indication, now)
        given = {name: value for name, value in given.items() if name not in _DOSE}
    protocol = get_effective(locked.protocol, indication=locked.indication or None, profiles=locked.profiles or None)
    for name, value in read_values(given, protocol).items():
        setattr(locked, name, value)
    for name in list_unused(protocol):
        setattr(locked, name, None)
    find_protocol(locked)
    locked.version += 1
    locked.updated_at = now
    locked.save()
    audit.record(by=by, action="plan.draft-stored", subject=locked, now=now, patient=locked.patient)
    return locked


@action
def sign_plan(*, plan: Any, by: Any, now: datetime, second: Any = None, version: int | None = None) -> Plan:
    """Sign a draft: it freezes with its effective protocol and supersedes the plan in force.

    `second` is another licensed clinician who agrees, needed where a limit asks for one.

    Raises
    ------
    Refused
        Not a draft, not eligible, no consent that covers it, a limit passed, or no second clinician.
    """
    from afterglow.clinic.outcomes.marking import mark_stale

    policy.require(by, SIGN, plan)
    locked = _lock(plan)
    if locked.state != "draft":
        raise Refused("plan-signed", "this plan is signed; begin a new version, or add an addendum")
    if version is not None and version != locked.version:
        raise Conflict("this draft was changed by somebody else; read it again, then sign it")
    protocol = find_protocol(locked)
    findings = judge_plan(plan=locked, protocol=protocol, now=now)
    require_eligible(locked.patient, protocol_id=locked.protocol, indication=locked.indication, now=now)
    refuse_own_override(locked.patient, protocol_id=locked.protocol, indication=locked.indication, by=by, now=now)
    needs_second = require_no_stop(findings, by=by, second=second, site=locked.patient.site)
    for earlier in Plan.objects.select_for_update().filter(patient=locked.patient, state="signed"):
        earlier.state, earlier.superseded_at = "superseded", now
        earlier.save(update_fields=["state", "superseded_at"])
    locked.state, locked.signed_at, locked.signed_by = "signed", now, by
    locked.second_signed_by = second if needs_second else None
    locked.protocol_hash, locked.protocol_content = protocol.content_hash, render_protocol(protocol)
    locked.findings = as_json([finding.to_json() for finding in findings])
    locked.updated_at = now
    locked.save()
    mark_stale(locked.patient_id, now)
    detail = {"number": locked.number, "hash": locked.protocol_hash, "second": audit.identify(locked.second_signed_by)}
    audit.record(by=by, action="plan.signed", subject=locked, now=now, patient=locked.patient, detail=detail)
    return locked


@action
def stop_plan(*, plan: Any, reason: str, by: Any, now: datetime) -> Plan:
    """Stop the plan in force: no order is signed under it, and screens that only serve more doses end.

    The desk is asked to cancel its visits; nobody is reminded of them any more. Only a new version takes that back.
    """
    from afterglow.clinic.outcomes.marking import mark_stale
    from afterglow.clinic.scheduling.voiding import judge_again
    from afterglow.clinic.tasks.stopping import end_screens, find_kept_screens

    policy.require(by, SIGN, plan)
    checks = Checks()
    words = checks.text(reason, "reason", longest=500, is_required=True)
    checks.raise_problems()
    locked = _lock(plan)
    if locked.state != "signed":
        raise Refused("plan-not-in-force", "only the plan in force can be stopped")
    kept = find_kept_screens(patient=locked.patient, now=now)
    locked.state, locked.superseded_at, locked.stop_reason = "stopped", now, words
    locked.save(update_fields=["state", "superseded_at", "stop_reason"])
    mark_stale(locked.patient_id, now)
    audit.record(by=by, action="plan.stopped", subject=locked, now=now, patient=locked.patient)
    end_screens(patient=locked.patient, kept=kept, reason=words, by=by, now=now)
    judge_again(patient=locked.patient, by=by, now=now)
    return locked


@action
def add_addendum(*, plan: Any, text: str, by: Any, now: datetime) -> PlanAddendum:
    """Add a note to a signed plan; the plan itself stays as it was signed."""
    policy.require(by, SIGN, plan)
    checks = Checks()
    words = checks.text(text, "text", longest=1000, is_required=True)
    checks.raise_problems()
    if plan.state == "draft":
        raise Refused("plan-not-signed", "a draft is changed, not added to")
    row = PlanAddendum.objects.create(plan=plan, text=words, recorded_at=now, recorded_by=by)
    audit.record(by=by, action="plan.addendum-added", subject=plan, now=now, patient=plan.patient)
    return row


def judge_plan(*, plan: Any, now: datetime, protocol: Protocol | None = None) -> tuple[Any, ...]:
    """Return what stands against a plan; a plan without a dose is a problem with its field."""
    effective = protocol or find_protocol(plan)
    checks = Checks()
    if plan.dose_mg_per_kg is None and plan.dose_mg is None:
        unused = list_unused(effective)
        path = "dose_mg" if "dose_mg_per_kg" in unused else "dose_mg_per_kg"
        checks.refuse(path, "dose-missing", None, "a dose above zero", "a plan needs a dose")
    if effective.pattern.value == "infusion" and plan.over_min is None:
        checks.refuse("over_min", "duration-missing", None, "minutes", "an infusion needs its duration")
    checks.raise_problems()
    return list_plan_findings(plan, effective, now=now)


_DOSE = (
    "dose_mg_per_kg",
    "dose_mg",
    "cap_mg",
    "over_min",
    "induction_sessions",
    "sessions_per_week",
    "maintenance_every_wk",
    "maintenance_then",
    "vitals_every_min",
    "observe_min",
)


def _change_protocol(plan: Plan, protocol_id: str, indication: str, now: datetime) -> None:
    """Put a draft under another protocol or indication; it begins again with that one's values."""
    profiles = find_profiles(plan.patient.site, protocol_id)
    overlay = find_overlay(plan.patient.site, protocol_id)
    protocol = get_effective(
        protocol_id, indication=indication or None, profiles=profiles or None, overlay=overlay or None
    )
    plan.protocol, plan.indication, plan.profiles, plan.overlay = protocol_id, indication, profiles, overlay
    for name, value in build_defaults(protocol, patient=plan.patient, now=now).items():
        setattr(plan, name, value)


def _lock(plan: Any) -> Plan:
    rows = Plan.objects.select_for_update(of=("self",)).select_related("patient__site")
    return rows.get(pk=plan.pk)
