"""Deciding on the next treatment: a clinician's own word beside the forecast; the plan stays as it was signed.

Direction and days agree with the current interval. What lies outside label, protocol or policy, or against the advice,
is stored with a confirmation and why; what a limit blocks is not stored at all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.care.forecasts import build_question
from afterglow.clinic.care.models.deciding import BY_INTERVAL, DECISIONS, NextTreatmentDecision
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.prepared import Prepared
from afterglow.outcomes.next_treatment import Action, Bounds, Kind, Reason, check_direction, judge_interval
from afterglow.terms import Grade

DECIDE = "plan.sign"
AGAINST = "is_against"
LONGEST = 600
LEAST_REASON = 20
MOST_DAYS = 365
_DECISIONS = Prepared(
    lambda patient: (
        NextTreatmentDecision.objects.filter(patient=patient)
        .select_related("recorded_by")
        .order_by("-recorded_at", "-pk")
    )
)


@action
def decide_next_treatment(
    *, patient: Any, decision: str, reason: str, by: Any, now: datetime, interval_d: Any = None,
    is_against: Any = False, against_reason: str = "", seen: Mapping[str, Any] | None = None, seen_before: str = "",
) -> NextTreatmentDecision:  # fmt: skip
    """Record what was decided and why; a forecast is never followed by itself.

    Parameters
    ----------
    is_against, against_reason : bool, str, optional
        The confirmation that this is outside the label or against the advice, and because of what; both are needed
        where something stands against the interval, and refused where nothing does.
    seen : mapping, optional
        What of the forecast stands now, with the digest of its question.
    seen_before : str, optional
        The digest that stood on the page of who decided; where the chart changed meanwhile nothing is stored.

    Raises
    ------
    InvalidInput
        With every field that cannot be stored: days that contradict the decision, an interval that a limit blocks, one
        that is outside the label or against the advice and not confirmed.
    Refused
        No signed plan is in force.
    Conflict
        The chart says something else than what was on the page.
    """
    policy.require(by, DECIDE, patient)
    plan = patient.plans.filter(state="signed").first()
    if plan is None:
        raise Refused("no-plan", "no signed plan is in force")
    known = dict(seen or {})
    if seen_before and seen_before != known.get("question"):
        raise Conflict("the chart changed meanwhile; look at the forecast again, then decide")
    checks = Checks()
    chosen = checks.word(decision, "decision", DECISIONS, is_required=True)
    words = checks.text(reason, "reason", longest=LONGEST, is_required=True)
    if words and len(words) < LEAST_REASON:
        accepted = f"{LEAST_REASON} to {LONGEST} characters"
        checks.refuse("reason", "reason-too-short", len(words), accepted, "say why in a sentence")
    days = checks.whole(interval_d, "interval_d", 1, MOST_DAYS, "days")
    if chosen in BY_INTERVAL and days is None and not checks.problems:
        checks.refuse("interval_d", "days-missing", None, f"1 to {MOST_DAYS} days", "say the days between sessions")
    bounds = None if checks.problems else build_question(patient, now).bounds
    against = _judge(checks, bounds, chosen, days, is_against=bool(is_against), because=against_reason)
    checks.raise_problems()
    if bounds is not None:
        known["current_d"] = bounds.present_d
    if against:
        known["against"] = against
    row = NextTreatmentDecision.objects.create(
        patient=patient,
        plan=plan,
        decision=chosen,
        interval_d=days if chosen in BY_INTERVAL else None,
        reason=words,
        seen=known,
        recorded_at=now,
        recorded_by=by,
    )
    codes = [reason["code"] for reason in against.get("reasons", [])]
    detail = {"decision": chosen, "interval_d": row.interval_d, "advice": known.get("code", ""), "against": codes}
    audit.record(by=by, action="next-treatment.decided", subject=row, now=now, patient=patient, detail=detail)
    return row


def list_decisions(patient: Any) -> list[NextTreatmentDecision]:
    """Return what was decided on the next treatment, newest first."""
    return _DECISIONS.ask(patient=patient)


def _judge(
    checks: Checks, bounds: Bounds | None, chosen: str, days: int | None, *, is_against: bool, because: str
) -> dict[str, Any]:
    """Return what is stored of a decision that something stands against, empty where nothing does; note refusals."""
    if checks.problems:
        return {}
    reasons: Sequence[Reason] = ()
    if bounds is not None and chosen in BY_INTERVAL and days is not None:
        action = Action(chosen)
        checks.problems += check_direction(bounds, action, days)
        if checks.problems:
            return {}
        reasons = judge_interval(bounds, action, days)
    blocking = [reason for reason in reasons if reason.is_hard]
    if blocking:
        accepted = "an interval within the limit; nobody overrides it"
        checks.refuse("interval_d", blocking[0].code, days, accepted, _write(blocking))
        return {}
    if not reasons:
        _refuse_idle(checks, is_against=is_against, because=because)
        return {}
    words = checks.text(because, "against_reason", longest=LONGEST)
    if not is_against:
        code, name = ("outside-the-label", "outside the label or policy") if _is_outside(reasons) else (
            "against-the-advice", "against the advice")  # fmt: skip
        accepted = "another interval, or the confirmation with its reason"
        checks.refuse(AGAINST, code, days, accepted, f"every {days} days is {name}. {_write(reasons)}")
    if len(words) < LEAST_REASON:
        accepted = f"{LEAST_REASON} to {LONGEST} characters"
        checks.refuse("against_reason", "reason-too-short", len(words), accepted, "say because of what")
    return {"because": words, "reasons": [reason.to_json() for reason in reasons]}


def _refuse_idle(checks: Checks, *, is_against: bool, because: str) -> None:
    """Refuse a confirmation with nothing to confirm, so that it is never ticked beforehand."""
    if is_against or str(because or "").strip():
        text = "nothing stands against this decision; the confirmation stays empty"
        checks.refuse(AGAINST, "nothing-against", "confirmed", "no confirmation and no reason for it", text)


def _is_outside(reasons: Sequence[Reason]) -> bool:
    return any(reason.kind is not Kind.ADVICE for reason in reasons)


def _write(reasons: Sequence[Reason]) -> str:
    return " ".join(f"{reason.text} ({reason.source}; {Grade(reason.grade).label})" for reason in reasons)
