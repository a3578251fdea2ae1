"""The order of one session, within the plan: worked out from today's weight, checked, signed by a prescriber."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.chairside.drugs import list_joined_findings
from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import Checks, as_json, get_local_date
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.plans.judging import (
    NOT_YET,
    judge_consent,
    judge_dose,
    judge_frequency,
    refuse_own_override,
    require_eligible,
    require_no_stop,
    require_weight,
)
from afterglow.clinic.plans.models import Plan, SessionOrder
from afterglow.clinic.plans.values import NUMBERS, list_unused, load_signed_protocol
from afterglow.clinic.screening.cases import build_case
from afterglow.protocols.allergies import find_allergies
from afterglow.protocols.cases import flatten_case
from afterglow.protocols.dose import DoseSheet, check_step
from afterglow.protocols.dose_sheet import round_half_up
from afterglow.protocols.medicines import find_classes
from afterglow.protocols.model import Pattern, Protocol
from afterglow.terms import Finding

SIGN = "order.sign"
SUPPLY: Mapping[str, tuple[Decimal, int, str]] = {
    "vial_mg_per_ml": (Decimal("0.1"), 500, "mg/mL"),
    "diluent_ml": (Decimal(0), 5000, "mL"),
    "line_ml": (Decimal(0), 50, "mL"),
    "flush_ml": (Decimal(0), 200, "mL"),
}
LONGEST_LIST = 20
LISTS = ("premedication", "rescue", "standing")


@dataclass(frozen=True, slots=True)
class SessionDose:
    """The dose of one session as it is ordered; what is left out is the plan's."""

    dose_mg_per_kg: Decimal | None = None
    dose_mg: Decimal | None = None
    cap_mg: Decimal | None = None
    over_min: Decimal | None = None


@action
def sign_order(
    *,
    plan: Any,
    by: Any,
    now: datetime,
    dose_mg_per_kg: Any = None,
    dose_mg: Any = None,
    cap_mg: Any = None,
    over_min: Any = None,
    supply: Mapping[str, Any] | None = None,
    premedication: Iterable[Any] = (),
    rescue: Iterable[Any] = (),
    standing: Iterable[Any] = (),
    session: Any = None,
    second: Any = None,
) -> SessionOrder:
    """Sign the order of a session; with `session`, it is also signed in that session.

    Raises
    ------
    InvalidInput
        No weight, a weight older than the protocol allows, a dose beyond the plan, or a number that cannot be.
    Refused
        The plan is not in force, consent or eligibility is lacking, a limit is passed, an allergy is named.
    """
    policy.require(by, SIGN, plan)
    locked = Plan.objects.select_for_update(of=("self",)).select_related("patient__site").get(pk=plan.pk)
    patient, site = locked.patient, locked.patient.site
    _require_in_force(locked)
    protocol = load_signed_protocol(locked)
    typed = {"dose_mg_per_kg": dose_mg_per_kg, "dose_mg": dose_mg, "cap_mg": cap_mg, "over_min": over_min}
    dose = _read_dose(typed, locked, protocol)
    lists = _read_lists({"premedication": premedication, "rescue": rescue, "standing": standing})
    require_plan_stands(locked, lists, by=by, now=now)
    weight = find_weight(patient)
    of_weight = require_weight(protocol, weight, site, now)
    sheet = _work_out(protocol, dose, weight, _read_supply(supply or {}, protocol), patient, now)
    findings = _collect(protocol, patient, dose, sheet, weight, now)
    findings += judge_drugs(locked, protocol, lists["premedication"], now)
    require_no_stop((*of_weight, *findings), by=by, second=second, site=site)
    order = _store(
        locked,
        dose,
        sheet,
        weight if protocol.pattern is not Pattern.DEVICES else None,
        findings=as_json([item.to_json() for item in (*of_weight, *findings)]),
        signed_at=now,
        signed_by=by,
        **lists,
    )
    detail = {"plan": locked.pk, "second": audit.identify(second)}
    audit.record(by=by, action="order.signed", subject=order, now=now, patient=patient, detail=detail)
    if session is not None:
        attach_order(order=order, session=session, by=by, now=now, second=second)
    return order


def require_plan_stands(plan: Any, lists: Mapping[str, list[dict[str, str]]], *, by: Any, now: datetime) -> None:
    """Refuse an order whose plan is not in force, whose patient is not eligible, or that names an allergy.

    Asked wherever an order is signed: on the order's page and in the session.
    """
    _require_in_force(plan)
    _refuse_allergies(plan.patient, lists)
    asked = {"protocol_id": plan.protocol, "indication": plan.indication, "now": now}
    require_eligible(plan.patient, **asked)
    refuse_own_override(plan.patient, by=by, **asked)


def _require_in_force(plan: Any) -> None:
    if plan.state != "signed":
        raise Refused("plan-not-in-force", "an order needs the plan in force")


def judge_session_order(
    session: Any,
    protocol: Protocol,
    order: Mapping[str, Any],
    lists: Mapping[str, Any],
    *,
    by: Any,
    second: Any,
    now: datetime,
) -> None:
    """Refuse an order, as a session worked it out, that its plan does not carry.

    Parameters
    ----------
    order : mapping
        The event of the signed order: `ordered_mg`, `weight_kg`, `dose_mg_per_kg`, `duration_min` where they apply.
    lists : mapping
        The texts of premedication, rescue and standing orders as they were typed.
    """
    plan = session.plan
    require_plan_stands(plan, _read_lists({name: lists.get(name) or () for name in LISTS}), by=by, now=now)
    checks = Checks()
    mg, per_kg = calculate_effective_dose(order)
    _refuse_beyond(checks, "dose_mg", mg, min((each for each in (plan.dose_mg, plan.cap_mg) if each), default=None))
    _refuse_beyond(checks, "dose_mg_per_kg", per_kg, plan.dose_mg_per_kg)
    minutes = order.get("duration_min")
    _refuse_faster(checks, "duration_min", Decimal(str(minutes)) if minutes is not None else None, plan.over_min)
    checks.raise_problems()
    dose = SessionDose(dose_mg_per_kg=per_kg if plan.dose_mg_per_kg is not None else None, dose_mg=mg)
    step = judge_step(plan.patient, protocol, dose, but=session)
    require_no_stop(step, by=by, second=second, site=session.site)


def judge_drugs(
    plan: Any, protocol: Protocol, items: Iterable[Mapping[str, str]], now: datetime
) -> tuple[Finding, ...]:
    """Return the interaction rules that speak once what is given before the dose joins the person's medicines."""
    listed = list(items)
    if not listed:
        return ()
    case = build_case(plan.patient, protocol_id=plan.protocol, indication=plan.indication, now=now)
    facts = flatten_case(case).facts
    found: dict[str, Finding] = {}
    for item in listed:
        drug = {"drug": item["text"], "classes": find_classes(item["text"])}
        found.update({each.rule: each for each in list_joined_findings(protocol, facts, drug, now, now)})
    return tuple(found.values())


def judge_step(patient: Any, protocol: Protocol, dose: SessionDose, *, but: Any = None) -> tuple[Finding, ...]:
    """Return what the protocol says of a dose after the order before it, wherever that was signed."""
    is_per_kg = dose.dose_mg_per_kg is not None
    wanted = dose.dose_mg_per_kg if is_per_kg else dose.dose_mg
    if wanted is None:
        return ()
    before = _find_previous(patient, protocol, is_per_kg=is_per_kg, but=but)
    return tuple(check_step(protocol, dose=wanted, previous=before, is_per_kg=is_per_kg))


def _find_previous(patient: Any, protocol: Protocol, *, is_per_kg: bool, but: Any) -> Decimal | None:
    """Return the dose ordered last under a protocol: on the order's page or in a session."""
    from afterglow.clinic.dosing_sessions.fold import load_state
    from afterglow.clinic.dosing_sessions.models import Session

    found: list[tuple[datetime, Decimal | None]] = []
    paper = SessionOrder.objects.filter(patient=patient, plan__protocol=protocol.id).order_by("signed_at", "pk")
    kept = paper.exclude(session=but.pk) if but is not None else paper
    # the order that is being signed into its own session is no order before it
    last = kept.exclude(session__isnull=True).last() if but is not None else kept.last()
    if last is not None:
        found.append((last.signed_at, last.dose_mg_per_kg if is_per_kg else last.dose_mg))
    others = Session.objects.filter(patient=patient, plan__protocol=protocol.id, events__type="order-signed")
    session = (others.exclude(pk=but.pk) if but is not None else others).order_by("opened_at").distinct().last()
    order = load_state(session).find_last("order-signed") if session is not None else None
    if order is not None:
        mg, per_kg = calculate_effective_dose(order.data)
        found.append((order.occurred_at, per_kg if is_per_kg else mg))
    return max(found, key=lambda each: each[0])[1] if found else None


def calculate_effective_dose(order: Mapping[str, Any]) -> tuple[Decimal, Decimal | None]:
    """Return the mg of a session's order and its mg/kg, or None without a weight.

    Rounding up to what a syringe can draw is no higher dose than the one named.
    """
    mg = Decimal(str(order["ordered_mg"]))
    if not order.get("weight_kg"):
        return mg, None
    weight = Decimal(str(order["weight_kg"]))
    per_kg = mg / weight
    if order.get("dose_mg_per_kg"):
        per_kg = min(per_kg, Decimal(str(order["dose_mg_per_kg"])))
        mg = min(mg, per_kg * weight)
    return mg, per_kg


@action
def attach_order(*, order: Any, session: Any, by: Any, now: datetime, second: Any = None) -> SessionOrder:
    """Sign an order in its session: the session's own list of events then holds it."""
    from afterglow.clinic.dosing_sessions.actions import copy_row, submit_command
    from afterglow.clinic.dosing_sessions.fold import read_event

    policy.require(by, SIGN, order)
    locked = SessionOrder.objects.select_for_update().get(pk=order.pk)
    if locked.session_id is not None:
        raise Refused("order-used", "this order belongs to a session already")
    if session.patient_id != locked.patient_id:
        raise Refused("order-of-another", "this order is not this patient's")
    # the caller's session moves on only when the order stands
    own = copy(session)
    made = submit_command(session=own, type="sign-order", data=build_command(locked), by=by, now=now, second=second)
    signed = next(event for event in made.events if event.type == "order-signed")
    ordered = Decimal(str(read_event(signed).data["ordered_mg"]))
    if ordered != locked.dose_mg:
        message = (
            f"{_plain(locked.dose_mg)} mg were signed, by the session's weight it is {_plain(ordered)} mg: sign again"
        )
        raise Refused("order-changed", message)
    locked.session = session
    locked.save(update_fields=["session"])
    copy_row(own, session)
    return locked


def build_command(order: SessionOrder) -> dict[str, Any]:
    """Return an order as the session's command carries it."""
    protocol = load_signed_protocol(order.plan)
    data: dict[str, Any] = {}
    if protocol.pattern is Pattern.DEVICES:
        each = Decimal(str(protocol.doses["device_mg"].value))
        data["devices"] = int(order.dose_mg / each)
    elif order.dose_mg_per_kg is not None:
        data["dose_mg_per_kg"] = _plain(order.dose_mg_per_kg)
    else:
        data["dose_mg"] = _plain(order.dose_mg)
    if order.cap_mg is not None:
        data["cap_mg"] = _plain(order.cap_mg)
    if order.over_min is not None:
        data["duration_min"] = _plain(order.over_min)
    for name in LISTS:
        if listed := getattr(order, name):
            data[name] = [item["text"] for item in listed]
    return data


def _store(plan: Plan, dose: SessionDose, sheet: DoseSheet, weight: Any, **rest: Any) -> SessionOrder:
    # as the session works it out: one number on the page, in the session and on the record
    amount: Any = round_half_up(sheet.mg, 1) if sheet.mg is not None else dose.dose_mg
    return SessionOrder.objects.create(
        patient=plan.patient,
        plan=plan,
        dose_mg_per_kg=dose.dose_mg_per_kg,
        dose_mg=amount,
        cap_mg=dose.cap_mg,
        over_min=dose.over_min,
        weight_kg=weight.value if weight is not None else None,
        weighed_at=weight.observed_at if weight is not None else None,
        arithmetic=[{"label": s.label, "formula": s.formula, "result": s.result} for s in sheet.steps],
        **rest,
    )


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _read_dose(typed: Mapping[str, Any], plan: Plan, protocol: Protocol) -> SessionDose:
    """Return today's dose: what was typed, else the plan's; more or faster than the plan is a problem."""
    checks = Checks()
    unused = list_unused(protocol)
    values: dict[str, Decimal | None] = {}
    for name, value in typed.items():
        low, high, unit, places = NUMBERS[name]
        read = checks.number(value, name, low, high, unit, places=places)
        if name in unused and read is not None:
            message = "this protocol does not order so; nothing that was typed is dropped in silence"
            checks.refuse(name, "not-ordered-so", str(value), "left empty", message)
        values[name] = None if name in unused else (read if read is not None else getattr(plan, name))
    for name in ("dose_mg_per_kg", "dose_mg", "cap_mg"):
        _refuse_beyond(checks, name, values[name], getattr(plan, name))
    _refuse_faster(checks, "over_min", values["over_min"], plan.over_min)
    checks.raise_problems()
    return SessionDose(**values)


def _refuse_faster(checks: Checks, name: str, wanted: Decimal | None, shortest: Decimal | None) -> None:
    if shortest is not None and wanted is not None and wanted < shortest:
        accepted = f"{shortest.normalize():f} min or longer"
        checks.refuse(name, "faster-than-plan", str(wanted), accepted, "this is faster than the plan signs")


def _refuse_beyond(checks: Checks, name: str, wanted: Decimal | None, signed: Decimal | None) -> None:
    if wanted is not None and signed is not None and wanted > signed:
        accepted = f"up to {signed.normalize():f} {NUMBERS[name][2]}, as the plan signs"
        checks.refuse(name, "beyond-plan", str(wanted), accepted, "this is more than the plan signs")


def _read_lists(given: Mapping[str, Iterable[Any]]) -> dict[str, list[dict[str, str]]]:
    checks = Checks()
    lists = {}
    for name, items in given.items():
        texts = [item.get("text", "") if isinstance(item, Mapping) else item for item in items]
        if len(texts) > LONGEST_LIST:
            checks.refuse(name, "list-too-long", len(texts), f"at most {LONGEST_LIST}", "this list is too long")
        read = [checks.text(text, name, longest=200, is_required=True) for text in texts[:LONGEST_LIST]]
        lists[name] = [{"text": text} for text in read if text]
    checks.raise_problems()
    return lists


def _refuse_allergies(patient: Any, lists: Mapping[str, list[dict[str, str]]]) -> None:
    substances = patient.allergy_set.filter(ended_at__isnull=True).values_list("substance", flat=True)
    texts = [item["text"] for items in lists.values() for item in items]
    for text in texts:
        for match in find_allergies(substances, text):
            raise Refused("allergy", f"{text}: the chart names an {match.words}")


def _read_supply(supply: Mapping[str, Any], protocol: Protocol) -> dict[str, Decimal]:
    checks = Checks()
    known = {name: checks.number(supply.get(name), name, low, high, unit) for name, (low, high, unit) in SUPPLY.items()}
    checks.raise_problems()
    names = tuple(SUPPLY) if protocol.pattern is Pattern.INFUSION else ()
    names = ("vial_mg_per_ml",) if protocol.pattern is Pattern.INJECTION else names
    return {name: value for name, value in known.items() if value is not None and name in names}


def _work_out(
    protocol: Protocol,
    dose: SessionDose,
    weight: Any,
    supply: Mapping[str, Decimal],
    patient: Any,
    now: datetime,
) -> DoseSheet:
    weight_kg = weight.value if weight is not None else None
    sheet = judge_dose(protocol, dose, weight_kg, patient=patient, now=now, **supply)
    if sheet is None:
        raise Refused("weight-missing", "this dose is worked out from the weight")
    return sheet


def _collect(
    protocol: Protocol, patient: Any, dose: SessionDose, sheet: DoseSheet, weight: Any, now: datetime
) -> tuple[Any, ...]:
    weight_kg = weight.value if weight is not None else None
    today = get_local_date(patient.site, now)
    step = judge_step(patient, protocol, dose)
    return (
        *(item for item in sheet.findings if item.rule not in NOT_YET),
        *step,
        *judge_frequency(protocol, patient, now),
        *judge_consent(patient, protocol, dose, today, weight_kg),
    )
