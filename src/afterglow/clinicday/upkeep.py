"""Forecast and advice under a protocol: its drug, route, duration and allowed intervals handed to the outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from afterglow.outcomes.forecast.exposure import TYPICAL_KG
from afterglow.outcomes.next_treatment import IntervalPolicy, list_intervals_d
from afterglow.outcomes.outlook import OutlookRequest, read_request
from afterglow.protocols.catalogue import get_effective, load_protocol_ids
from afterglow.protocols.intervals import find_intervals
from afterglow.protocols.model import Protocol
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

# a dose may be rounded to the next tenth of a millilitre
_SLACK = 0.02


def read_course_file(content: object, *, today: date) -> tuple[OutlookRequest, IntervalPolicy | None]:
    """Return the question of a course file and the intervals of the protocol it names, or None.

    Raises
    ------
    InvalidInput
        With every problem found in the file, or with the protocol that is not known.
    """
    protocol = _find_protocol(content)
    if protocol is None:
        request = read_request(content, today=today)
        return replace(request, problems=judge_doses(request, _list_of(request))), None
    request = read_request(content, drug=str(protocol.drug), route=str(protocol.route), today=today)
    return apply_protocol(request, protocol)


def apply_protocol(request: OutlookRequest, protocol: Protocol) -> tuple[OutlookRequest, IntervalPolicy | None]:
    """Return the question with what the protocol fills in, and its intervals in the present phase.

    The protocol's own duration stands in for one that is not given, and its count of sessions before upkeep as well.
    """
    treatment = request.treatment
    if not treatment.duration_min and "over_min" in protocol.doses:
        treatment = replace(treatment, duration_min=float(protocol.doses["over_min"].value))
    zone = request.course.zone
    days = [one.dose_started_at.astimezone(zone).date() for one in request.course.sessions]
    on = request.as_of.astimezone(zone).date()
    known = request.circumstances
    planned = known.maintenance_from or None
    request = replace(request, problems=(*request.problems, *judge_doses(request, [protocol])))
    choice = find_intervals(protocol, days, on=on, steps_d=list_intervals_d(), planned=planned)
    if choice is None:
        return replace(request, treatment=treatment), None
    known = replace(known, maintenance_from=known.maintenance_from or choice.before_maintenance)
    policy = IntervalPolicy(
        choice.protocol,
        choice.phase,
        choice.choices_d,
        choice.default_d,
        choice.text,
        choice.citation,
        choice.has_choice,
        choice.shortest,
        choice.longest,
        choice.limits,
    )
    return replace(request, treatment=treatment, circumstances=known), policy


def judge_doses(request: OutlookRequest, protocols: Sequence[Protocol]) -> tuple[Problem, ...]:
    """Return a warning for each session whose dose none of these protocols gives; it is still forecast with."""
    weight = request.treatment.weight_kg
    ranges = [each for one in protocols if (each := _find_range(one, weight or TYPICAL_KG)) is not None]
    if not ranges:
        return ()
    low, high = min(one[0] for one in ranges), max(one[1] for one in ranges)
    names = " and ".join(one.id for one in protocols)
    accepted = f"{low:.3g} to {high:.3g} mg ({names}, {weight or TYPICAL_KG:g} kg)"
    found = []
    for place, session in enumerate(request.course.sessions):
        if session.dose_mg is None or low * (1 - _SLACK) <= float(session.dose_mg) <= high * (1 + _SLACK):
            continue
        dose = float(session.dose_mg)
        text = (
            f"{dose:g} mg, {dose / (weight or TYPICAL_KG):.2g} mg/kg, is outside the range of {names}. The forecast "
            "takes it as it stands; nobody behind the model was given such a dose, so that relief, forecast and advice "
            "after it are extrapolated. Check the number."
        )
        found.append(build_warning(f"sessions[{place}].dose_mg", "dose-outside-range", dose, accepted, text))
    return tuple(found)


def _list_of(request: OutlookRequest) -> list[Protocol]:
    """Return every protocol of the drug and route that a question names."""
    way = (request.treatment.drug, request.treatment.route)
    every = [get_effective(name) for name in load_protocol_ids()]
    return [one for one in every if (str(one.drug), str(one.route)) == way]


def _find_range(protocol: Protocol, weight_kg: float) -> tuple[float, float] | None:
    """Return the milligrams that a protocol gives at a body weight, the widest of what it says; None without any."""
    numbers = {name: value.value for name, value in protocol.doses.items()}
    lows = [float(numbers[name]) for name in ("lowest_mg",) if name in numbers]
    highs = [float(numbers[name]) for name in ("highest_mg",) if name in numbers]
    lows += [float(numbers[name]) * weight_kg for name in ("lowest_mg_per_kg",) if name in numbers]
    highs += [float(numbers[name]) * weight_kg for name in ("highest_mg_per_kg",) if name in numbers]
    allowed = [float(each) for each in numbers.get("allowed_mg", ())]
    lows, highs = lows + allowed[:1], highs + allowed[-1:]
    if not highs and "cap_mg" in numbers:
        highs.append(float(numbers["cap_mg"]))
    return (min(lows, default=0.0), max(highs)) if highs else None


def _find_protocol(content: object) -> Protocol | None:
    if not isinstance(content, Mapping) or content.get("protocol") is None:
        return None
    named, indication = content["protocol"], content.get("indication")
    wrong = [
        build_error(name, "not-a-word", str(value)[:80], "a word", f"{name} is no word.")
        for name, value in (("protocol", named), ("indication", indication))
        if value is not None and not isinstance(value, str)
    ]
    if wrong:
        raise InvalidInput(wrong)
    return get_effective(named, indication=indication)
