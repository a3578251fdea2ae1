"""Actions of screening: run and freeze, override a stop, accept a caution with a plan, decide."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.people.checks import Checks, as_json, get_local_date
from afterglow.clinic.screening.cases import build_case
from afterglow.clinic.screening.models import FindingOverride, ScreeningDecision, ScreeningRun
from afterglow.clinic.sites.actions import find_overlay, find_profiles
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.screening import screen

CAUSES = (
    "treated-since",
    "measurement-artefact",
    "specialist-agreed",
    "benefit-outweighs",
    "information-elsewhere",
)
DECISIONS = ("eligible", "defer", "decline")
SHORTEST_REASON = 20
LONGEST_OVERRIDE_D = 365
OVERRIDE = "screening.override"
PRESCRIBERS = frozenset({"prescriber", "medical-director"})


@action
def run_screening(*, patient: Any, protocol_id: str, indication: str | None, by: Any, now: datetime) -> ScreeningRun:
    """Screen the chart as it stands and freeze case, findings and protocol; nothing about it changes later."""
    policy.require(by, "screening.run", patient)
    profiles = find_profiles(patient.site, protocol_id)
    protocol = get_effective(
        protocol_id,
        indication=indication or None,
        profiles=profiles or None,
        overlay=find_overlay(patient.site, protocol_id) or None,
    )
    case = build_case(patient, protocol_id=protocol_id, indication=indication or None, now=now, profiles=profiles)
    result = screen(case, protocol=protocol)
    content = as_json(result.to_json())
    run = ScreeningRun.objects.create(
        patient=patient,
        protocol=protocol_id,
        indication=indication or "",
        protocol_hash=protocol.content_hash,
        case=case,
        findings=content["findings"],
        cleared=content["cleared"],
        resistance=content["treatment_resistance"] or {},
        verdict=content["verdict"],
        recorded_at=now,
        recorded_by=by,
    )
    detail = {"protocol": protocol_id, "verdict": run.verdict, "hash": protocol.content_hash}
    audit.record(by=by, action="screening.run", subject=run, now=now, patient=patient, detail=detail)
    return run


@action
def override_finding(
    *, run: Any, rule: str, cause: str, mitigation: str, reason: str, expires_on: date, by: Any, now: datetime
) -> FindingOverride:
    """Override a stop as its rule allows: by the role it names, with coded cause, mitigation, reason and expiry."""
    policy.require(by, OVERRIDE, run)
    findings = _find_findings(run, rule, "stop")
    today = get_local_date(run.patient.site, now)
    checks = Checks()
    fields: dict[str, Any] = {
        "cause": checks.word(cause, "cause", CAUSES, is_required=True),
        "mitigation": checks.text(mitigation, "mitigation", longest=500, is_required=True),
        "reason": checks.text(reason, "reason", longest=1000, is_required=True),
        "expires_on": _read_expiry(checks, expires_on, today),
    }
    if 0 < len(fields["reason"]) < SHORTEST_REASON:
        accepted = f"at least {SHORTEST_REASON} characters"
        checks.refuse("reason", "reason-too-short", len(fields["reason"]), accepted, "say why in a sentence")
    checks.raise_problems()
    for finding in findings:
        _require_role(finding, run, by)
    row = _keep(run, rule, FindingOverride.OVERRIDE, by, now, **fields)
    detail = {"rule": rule, "cause": row.cause, "expires_on": fields["expires_on"].isoformat()}
    audit.record(by=by, action="screening.overridden", subject=row, now=now, patient=run.patient, detail=detail)
    return row


@action
def accept_caution(*, run: Any, rule: str, mitigation: str, by: Any, now: datetime) -> FindingOverride:
    """Accept a caution with a plan for it."""
    policy.require(by, OVERRIDE, run)
    _find_findings(run, rule, "caution")
    checks = Checks()
    words = checks.text(mitigation, "mitigation", longest=500, is_required=True)
    checks.raise_problems()
    row = _keep(run, rule, FindingOverride.ACCEPTANCE, by, now, mitigation=words)
    audit.record(by=by, action="screening.accepted", subject=row, now=now, patient=run.patient, detail={"rule": rule})
    return row


@action
def withdraw_override(*, override: Any, by: Any, now: datetime) -> FindingOverride:
    """Take back an override or an acceptance; the row stays with who and when."""
    policy.require(by, OVERRIDE, override)
    locked = FindingOverride.objects.select_for_update().get(pk=override.pk)
    if locked.withdrawn_at is not None:
        raise Conflict("this was taken back before")
    locked.withdrawn_at, locked.withdrawn_by = max(now, locked.recorded_at), by
    locked.save(update_fields=["withdrawn_at", "withdrawn_by"])
    detail = {"rule": locked.rule, "kind": locked.kind}
    audit.record(
        by=by, action="screening.override-withdrawn", subject=locked, now=now, patient=locked.patient, detail=detail
    )
    return locked


@action
def decide_screening(*, run: Any, decision: str, by: Any, now: datetime, reason: str = "") -> ScreeningDecision:
    """Decide eligible, defer or decline on a run; eligible only when no stop and no missing answer is open.

    Eligible also asks that the run is the newest one and that the chart still says what the run saw.
    """
    policy.require(by, "screening.decide", run)
    checks = Checks()
    word = checks.word(decision, "decision", DECISIONS, is_required=True)
    words = checks.text(reason, "reason", longest=1000)
    if word in ("defer", "decline") and not words:
        checks.refuse("reason", "text-missing", "", "why, in words", "say why")
    checks.raise_problems()
    open_findings = list_open_findings(run, now=now)
    if word == "eligible":
        _require_current(run, now)
        blocking = [item for item in open_findings if item["severity"] in ("stop", "missing")]
        if blocking:
            rules = ", ".join(dict.fromkeys(str(item["rule"]) for item in blocking))
            raise Refused("findings-open", f"still open: {rules}")
    row = ScreeningDecision.objects.create(
        run=run,
        patient=run.patient,
        decision=word,
        reason=words,
        open_rules=[{"rule": item["rule"], "severity": item["severity"]} for item in open_findings],
        recorded_at=now,
        recorded_by=by,
    )
    audit.record(
        by=by, action="screening.decided", subject=row, now=now, patient=run.patient, detail={"decision": word}
    )
    return row


def list_overrides(run: Any, *, now: datetime) -> list[FindingOverride]:
    """Return the overrides and acceptances in force for the protocol of a run."""
    today = get_local_date(run.patient.site, now)
    rows = FindingOverride.objects.filter(
        patient=run.patient_id, run__protocol=run.protocol, withdrawn_at__isnull=True
    ).select_related("recorded_by")
    return [row for row in rows if row.expires_on is None or row.expires_on >= today]


def list_open_findings(run: Any, *, now: datetime) -> list[dict[str, Any]]:
    """Return the findings that ask for something and have neither override nor acceptance in force."""
    settled = {(row.rule, row.kind) for row in list_overrides(run, now=now)}
    return [finding for finding in run.findings if not _is_settled(finding, settled)]


def find_eligibility(
    patient: Any, *, protocol_id: str, indication: str, now: datetime
) -> tuple[ScreeningDecision | None, str]:
    """Return the decision that makes a person eligible for a protocol, or None with the reason why there is none."""
    made = (
        ScreeningDecision.objects.filter(patient=patient, run__protocol=protocol_id, run__indication=indication)
        .select_related("run", "run__patient__site", "recorded_by")
        # the case and what it cleared are long, and nothing of them is asked here
        .defer("run__case", "run__cleared", "run__resistance")
        .order_by("-recorded_at", "-pk")
        .first()
    )
    if made is None:
        return None, "nobody has decided on a screening for this protocol and indication"
    if made.decision != "eligible":
        return None, f"the last decision was {made.decision}"
    ended = [item["rule"] for item in list_open_findings(made.run, now=now) if item["severity"] == "stop"]
    if ended:
        return None, f"an override has ended: {', '.join(ended)}"
    return made, ""


def _is_settled(finding: Mapping[str, Any], settled: set[tuple[str, str]]) -> bool:
    severity, rule = finding["severity"], finding["rule"]
    if severity == "stop":
        return finding["override"] != "none" and (rule, FindingOverride.OVERRIDE) in settled
    if severity == "caution":
        return (rule, FindingOverride.ACCEPTANCE) in settled
    return bool(severity == "info")


def _find_findings(run: Any, rule: str, severity: str) -> list[dict[str, Any]]:
    found = [item for item in run.findings if item["rule"] == rule and item["severity"] == severity]
    if not found:
        raise Refused("finding-absent", f"this screening has no {severity} {rule}")
    return found


def _require_role(finding: Mapping[str, Any], run: Any, by: Any) -> None:
    who = finding["override"]
    roles = policy.list_roles(by, run.patient)
    if who == "none":
        raise Refused("override-none", f"{finding['rule']} cannot be overridden; it has to be resolved")
    if who == "medical-director" and "medical-director" not in roles:
        raise Denied(OVERRIDE, f"{finding['rule']} is the medical director's to override")
    if who in ("prescriber", "second-clinician") and not roles & PRESCRIBERS:
        raise Denied(OVERRIDE, f"{finding['rule']} is a prescriber's to override")
    if who == "second-clinician" and by.pk in _list_ordering(run):
        raise Refused("second-clinician-ordered", "a second clinician who did not order has to override this")


def _list_ordering(run: Any) -> set[str]:
    """Return who ordered: who ran the screening, and who drafted the plan that is open or in force."""
    plans = run.patient.plans.filter(state__in=["draft", "signed"])
    drafted = {key for pair in plans.values_list("created_by", "signed_by") for key in pair if key}
    return {run.recorded_by_id, *drafted}


def _read_expiry(checks: Checks, value: Any, today: date) -> date | None:
    latest = today + timedelta(days=LONGEST_OVERRIDE_D)
    accepted = f"{today.isoformat()} to {latest.isoformat()}"
    if not isinstance(value, date) or isinstance(value, datetime):
        checks.refuse("expires_on", "day-missing", str(value or ""), accepted, "an override needs an end")
        return None
    if not today <= value <= latest:
        checks.refuse("expires_on", "day-not-accepted", value.isoformat(), accepted, "this day is not possible")
        return None
    return value


def _keep(run: Any, rule: str, kind: str, by: Any, now: datetime, **fields: Any) -> FindingOverride:
    """Store an override; one in force for the same rule, protocol and kind gives way to it."""
    for row in list_overrides(run, now=now):
        if (row.rule, row.kind) == (rule, kind):
            row.withdrawn_at, row.withdrawn_by = max(now, row.recorded_at), by
            row.save(update_fields=["withdrawn_at", "withdrawn_by"])
    return FindingOverride.objects.create(
        patient=run.patient, run=run, rule=rule, kind=kind, recorded_at=now, recorded_by=by, **fields
    )


def _require_current(run: Any, now: datetime) -> None:
    newest = run.patient.screening_runs.filter(protocol=run.protocol).order_by("-recorded_at", "-pk").first()
    if newest is not None and newest.recorded_at > run.recorded_at:
        raise Refused("screening-superseded", "a newer screening exists; decide on that one")
    profiles = run.case.get("context", {}).get("profiles")
    case = build_case(
        run.patient, protocol_id=run.protocol, indication=run.indication or None, now=run.recorded_at, profiles=profiles
    )
    changed = sorted(key for key in {*case, *run.case} if case.get(key) != run.case.get(key))
    if changed:
        raise Refused(
            "screening-outdated", f"the chart has changed since this screening ({', '.join(changed)}); run it again"
        )
