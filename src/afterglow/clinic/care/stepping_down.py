"""Stopping and stepping down: steps with days and who watches, signs of relapse, what to do; signed and printed."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.care.composing import write_day
from afterglow.clinic.care.letters import PACKAGE, describe_sheet
from afterglow.clinic.care.models.stepping_down import DRAFT, KINDS, SIGNED, SUPERSEDED, StepDownPlan, StepDownStep
from afterglow.clinic.documents.actions import file_document
from afterglow.clinic.documents.typesetting import typeset
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks

EDIT, SIGN = "care.edit", "plan.sign"
MOST_STEPS = 24
_LENGTHS = {"reason": 600, "relapse_signs": 1500, "what_to_do": 1500}


def find_draft(patient: Any) -> StepDownPlan | None:
    """Return the draft, if there is one."""
    return patient.step_down_plans.filter(state=DRAFT).first()


def find_in_force(patient: Any) -> StepDownPlan | None:
    """Return the signed plan in force, if there is one."""
    return patient.step_down_plans.filter(state=SIGNED).select_related("signed_by", "document").first()


@action
def store_step_down(
    *,
    patient: Any,
    fields: Mapping[str, Any],
    steps: Iterable[Mapping[str, Any]],
    by: Any,
    now: datetime,
    version: int | None = None,
) -> StepDownPlan:
    """Store the draft of the plan with its steps; `version` is the one that was read, None where there was none.

    A draft may lack steps and sentences; signing asks for all of them.
    """
    policy.require(by, EDIT, patient)
    checks = Checks()
    kind = checks.word(fields.get("kind"), "kind", KINDS, is_required=True)
    values = {name: checks.text(fields.get(name), name, longest=longest) for name, longest in _LENGTHS.items()}
    read = _check_steps(checks, steps)
    checks.raise_problems()
    plan = StepDownPlan.objects.select_for_update(of=("self",)).filter(patient=patient, state=DRAFT).first()
    if (plan.version if plan is not None else None) != version:
        raise Conflict("this plan was changed meanwhile; read it again")
    if plan is None:
        last = patient.step_down_plans.order_by("-number").first()
        plan = StepDownPlan(patient=patient, number=(last.number if last else 0) + 1, drafted_at=now, drafted_by=by)
    else:
        plan.version += 1
    plan.kind = kind
    for name, value in values.items():
        setattr(plan, name, value)
    plan.save()
    plan.steps.all().delete()
    StepDownStep.objects.bulk_create(StepDownStep(plan=plan, **step) for step in read)
    return _tell(plan, "step-down.stored", by, now, steps=len(read))


@action
def sign_step_down(*, plan: StepDownPlan, by: Any, now: datetime, version: int | None = None) -> StepDownPlan:
    """Sign the draft: it is set for the patient, filed as a document, and supersedes the plan before.

    The signing person proves who they are through `accounts.signers.reauthenticate` before this is called.
    """
    policy.require(by, SIGN, plan)
    rows = StepDownPlan.objects.select_for_update(of=("self",)).select_related("patient__site")
    locked = rows.get(pk=plan.pk)
    if locked.state != DRAFT or (version is not None and locked.version != version):
        raise Conflict("this plan was changed meanwhile; read it again")
    lacking = [name for name in _LENGTHS if not getattr(locked, name)]
    if lacking or not locked.steps.exists():
        raise Refused("step-down-not-whole", "it needs a reason, steps, signs of relapse and what to do then")
    before = find_in_force(locked.patient)
    if before is not None:
        before.state, before.superseded_at = SUPERSEDED, now
        before.save(update_fields=["state", "superseded_at"])
    locked.signed_at, locked.signed_by = now, by
    locked.document = file_document(
        patient=locked.patient,
        kind="step-down-plan",
        title=describe_kind(locked.kind),
        body=print_step_down(locked),
        by=by,
        now=now,
    )
    locked.state, locked.version = SIGNED, locked.version + 1
    locked.save()
    return _tell(locked, "step-down.signed", by, now, document=locked.document.pk)


def print_step_down(plan: StepDownPlan) -> bytes:
    """Return the plan as a sheet for the patient; a draft says that it is one."""
    site, patient = plan.patient.site, plan.patient
    at = plan.signed_at or plan.drafted_at
    signed = ""
    if plan.signed_by is not None:
        day = write_day(at.astimezone(ZoneInfo(site.timezone)).date())
        signed = _("Signed by %(name)s on %(day)s") % {"name": plan.signed_by.signature_name, "day": day}
    reach = " · ".join(part for part in (site.phone, site.crisis_line, site.emergency_number) if part)
    data = {
        **describe_sheet(site, patient),
        "title": describe_kind(plan.kind),
        "name": f"{patient.given_name} {patient.family_name}",
        "heads": [_("Day"), _("What changes"), _("Who watches")],
        "steps": [[write_day(step.on), step.what, step.watched_by] for step in plan.steps.all()],
        "parts": [
            [_("Why"), plan.reason],
            [_("Signs that it comes back"), plan.relapse_signs],
            [_("What to do then"), plan.what_to_do],
            [_("Whom to call"), reach or _("Ask the clinic for its numbers before you leave.")],
        ],
        "stepsHead": _("Steps"),
        "signed": signed,
        "draft": "" if signed else _("Draft, not signed"),
    }
    return typeset(PACKAGE, "step-down", data, now=at)


def describe_kind(kind: str) -> str:
    """Return what the plan is."""
    return {"step-down": _("Plan of stepping down"), "stop": _("Plan of stopping")}[kind]


def _check_steps(checks: Checks, steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = []
    for place, step in enumerate(steps):
        path = f"steps[{place}]"
        what = checks.text(step.get("what"), f"{path}.what", longest=300, is_required=True)
        who = checks.text(step.get("watched_by"), f"{path}.watched_by", longest=160, is_required=True)
        day = step.get("on")
        if not isinstance(day, date):
            checks.refuse(f"{path}.on", "day-missing", "", "a day", "this is needed")
        read.append({"on": day, "what": what, "watched_by": who})
    if len(read) > MOST_STEPS:
        checks.refuse("steps", "too-many", len(read), f"at most {MOST_STEPS}", "these are too many steps")
    return read


def _tell(plan: StepDownPlan, word: str, by: Any, now: datetime, **detail: Any) -> StepDownPlan:
    audit.record(by=by, action=word, subject=plan, now=now, patient=plan.patient, detail=detail)
    return plan
