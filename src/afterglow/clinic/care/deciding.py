"""Deciding on the next treatment: a clinician's own word beside the forecast; the plan stays as it was signed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.care.models.deciding import BY_INTERVAL, DECISIONS, NextTreatmentDecision
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.prepared import Prepared

DECIDE = "plan.sign"
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
    seen: Mapping[str, Any] | None = None, seen_before: str = "",
) -> NextTreatmentDecision:  # fmt: skip
    """Record what was decided and why; a forecast is never followed by itself.

    Parameters
    ----------
    seen : mapping, optional
        What of the forecast stands now, with the digest of its question.
    seen_before : str, optional
        The digest that stood on the page of who decided; where the chart changed meanwhile nothing is stored.

    Raises
    ------
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
    checks.raise_problems()
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
    detail = {"decision": chosen, "interval_d": row.interval_d, "advice": known.get("code", "")}
    audit.record(by=by, action="next-treatment.decided", subject=row, now=now, patient=patient, detail=detail)
    return row


def list_decisions(patient: Any) -> list[NextTreatmentDecision]:
    """Return what was decided on the next treatment, newest first."""
    return _DECISIONS.ask(patient=patient)
