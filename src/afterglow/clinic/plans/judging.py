"""What stands against a plan or an order: limits of the protocol, consent, eligibility, weight, frequency."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.consents.checks import find_valid_consent
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.people.models import Measurement
from afterglow.clinic.plans.values import BY_WEIGHT, write_dose
from afterglow.clinic.screening.actions import find_eligibility, list_overrides
from afterglow.protocols.derive import calculate_age
from afterglow.protocols.dose import DoseSheet, calculate_dose, check_limits, check_weight
from afterglow.protocols.model import Pattern, Protocol
from afterglow.protocols.schedule import check_frequency
from afterglow.terms import Finding, InvalidInput, Override, Severity, build_error

NOT_YET = frozenset({"L-VIAL"})


def judge_dose(
    protocol: Protocol, dose: Any, weight_kg: Decimal | None, *, patient: Any, now: datetime, **supply: Any
) -> DoseSheet | None:
    """Return the sheet of a dose by the last weight, or None where a dose by weight has no weight yet."""
    if protocol.pattern is not Pattern.DEVICES and weight_kg is None:
        return None
    given: dict[str, Any] = {"weight_kg": weight_kg}
    if protocol.pattern is Pattern.INFUSION and dose.over_min is not None:
        given["over"] = f"{dose.over_min.normalize():f} min"
    if protocol.pattern is Pattern.DEVICES:
        given["age_years"] = calculate_age(patient.birth_on, get_local_date(patient.site, now))
        given["is_first"] = not list_session_days(patient)
    else:
        given["cap_mg"] = dose.cap_mg
    return calculate_dose(protocol, dose=write_dose(dose), **given, **supply)


def list_plan_findings(plan: Any, protocol: Protocol, *, now: datetime) -> tuple[Finding, ...]:
    """Return what the protocol's limits and the consents say of a plan, by the weight on file."""
    weight = find_weight(plan.patient)
    weight_kg = weight.value if weight is not None else None
    sheet = judge_dose(protocol, plan, weight_kg, patient=plan.patient, now=now)
    if sheet is not None:
        found = [item for item in sheet.findings if item.rule not in NOT_YET]
    else:
        found = list(check_limits(protocol, _measure(plan)))
    today = get_local_date(plan.patient.site, now)
    return (*found, *judge_consent(plan.patient, protocol, plan, today, weight_kg))


def judge_consent(
    patient: Any, protocol: Protocol, dose: Any, on: date, weight_kg: Decimal | None
) -> tuple[Finding, ...]:
    """Return what a dose lacks of a consent; nothing when a consent covers it."""
    check = find_valid_consent(
        patient=patient,
        route=str(protocol.route),
        drug=str(protocol.drug),
        on=on,
        dose_mg_per_kg=dose.dose_mg_per_kg,
        dose_mg=dose.dose_mg,
        weight_kg=weight_kg,
        must_cover_off_label=is_off_label(protocol),
    )
    return check.findings


def is_off_label(protocol: Protocol) -> bool:
    """Return whether this drug is used outside its label for the protocol's indication."""
    consent = (protocol.indication_details or {}).get("consent") or {}
    return bool(consent.get("off_label", str(protocol.drug) == "racemic"))


def require_eligible(patient: Any, *, protocol_id: str, indication: str, now: datetime) -> None:
    """Refuse unless somebody decided that the person is eligible and nothing it rested on has ended."""
    made, reason = find_eligibility(patient, protocol_id=protocol_id, indication=indication, now=now)
    if made is None:
        raise Refused("not-eligible", f"not eligible: {reason}")


def require_no_stop(findings: Iterable[Finding], *, by: Any, second: Any, site: Any) -> bool:
    """Refuse hard stops, and those of a second clinician without one; return whether a second one was needed."""
    listed = tuple(findings)
    hard = [item for item in listed if item.severity is Severity.STOP and item.override is Override.NONE]
    if hard:
        raise Refused("limit-passed", "this cannot be signed", findings=hard)
    missing = [item for item in listed if item.severity is Severity.MISSING]
    if missing:
        raise Refused("fact-missing", "something that a limit needs is not known", findings=missing)
    soft = [item for item in listed if item.severity is Severity.STOP]
    if not soft:
        return False
    if second is None:
        raise Refused("second-clinician-needed", "a second clinician has to agree", findings=soft)
    if second.pk == by.pk:
        raise Refused("second-signer-same-person", "the second signature must be another person's", findings=soft)
    if not second.is_active or not policy.is_licensed(second, site):
        raise Refused("second-signer-not-licensed", "a licensed clinician of this site has to agree", findings=soft)
    return True


def refuse_own_override(patient: Any, *, protocol_id: str, indication: str, by: Any, now: datetime) -> None:
    """Refuse to order to whoever overrode, as the second clinician, a stop that the eligibility rests on."""
    made, _ = find_eligibility(patient, protocol_id=protocol_id, indication=indication, now=now)
    if made is None:
        return
    shared = {item["rule"] for item in made.run.findings if item["override"] == str(Override.SECOND_CLINICIAN)}
    rows = [row for row in list_overrides(made.run, now=now) if row.kind == row.OVERRIDE and row.rule in shared]
    own = [row.rule for row in rows if row.recorded_by_id == by.pk]
    if own:
        message = f"you overrode {', '.join(own)} as the second clinician; another prescriber orders"
        raise Refused("own-override", message)


def require_weight(protocol: Protocol, weight: Measurement | None, site: Any, now: datetime) -> tuple[Finding, ...]:
    """Return what the protocol says of the weight; refuse a dose by weight without one, or with one too old."""
    needs = protocol.pattern in BY_WEIGHT or protocol.pattern is not Pattern.DEVICES
    if weight is None:
        if needs:
            message = "weigh the person first: this dose is worked out from the weight"
            raise InvalidInput([build_error("weight_kg", "weight-missing", None, "a weight in kg", message)])
        return ()
    if not needs:
        return ()
    age_d = (get_local_date(site, now) - get_local_date(site, weight.observed_at)).days
    oldest = int(protocol.setting("weight.max_age_d"))
    if age_d > oldest:
        message = f"the weight is {age_d} days old; the protocol allows {oldest}"
        raise InvalidInput([build_error("weight_kg", "weight-too-old", age_d, f"at most {oldest} days old", message)])
    return check_weight(protocol, weight_kg=weight.value, age_d=age_d)


def judge_frequency(protocol: Protocol, patient: Any, now: datetime) -> tuple[Finding, ...]:
    """Return what the limits say of one more session today, counted in days of the clinic's calendar."""
    return tuple(check_frequency(protocol, list_session_days(patient), get_local_date(patient.site, now)))


def list_session_days(patient: Any) -> Sequence[date]:
    """Return the clinic-local days on which a dose was given."""
    from afterglow.clinic.dosing_sessions.models import SessionEvent

    given = SessionEvent.objects.filter(
        session__patient=patient, type__in=("dosing-started", "injection-given", "device-given")
    )
    days: dict[str, date] = {}
    for session_id, at in given.order_by("-occurred_at").values_list("session_id", "occurred_at"):
        days[session_id] = get_local_date(patient.site, at)
    return sorted(days.values())


def _measure(plan: Any) -> dict[str, Decimal | int | None]:
    measured: dict[str, Decimal | int | None] = {}
    if plan.dose_mg_per_kg is not None:
        measured["dose.mg_per_kg"] = plan.dose_mg_per_kg
        if plan.over_min:
            measured["rate.mg_per_kg_h"] = plan.dose_mg_per_kg / plan.over_min * 60
    if plan.over_min is not None:
        measured["infusion.min"] = plan.over_min
    highest = plan.dose_mg if plan.dose_mg is not None else plan.cap_mg
    if highest is not None:
        measured["dose.mg"] = highest
    return measured
