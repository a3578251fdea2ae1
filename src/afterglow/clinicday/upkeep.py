"""Forecast and advice under a protocol: its drug, route, duration and allowed intervals handed to the outcomes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from afterglow.outcomes.next_treatment import IntervalPolicy, list_intervals_d
from afterglow.outcomes.outlook import OutlookRequest, read_request
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.intervals import find_intervals
from afterglow.protocols.model import Protocol
from afterglow.terms import InvalidInput, build_error


def read_course_file(content: object, *, today: date) -> tuple[OutlookRequest, IntervalPolicy | None]:
    """Return the question of a course file and the intervals of the protocol it names, or None.

    Raises
    ------
    InvalidInput
        With every problem found in the file, or with the protocol that is not known.
    """
    protocol = _find_protocol(content)
    if protocol is None:
        return read_request(content, today=today), None
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
    choice = find_intervals(protocol, days, on=on, steps_d=list_intervals_d())
    known = request.circumstances
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
    )
    return replace(request, treatment=treatment, circumstances=known), policy


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
