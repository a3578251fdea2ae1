"""Whether a visit fits a day: places, people, opening hours, prescriber, and how late a dose may begin.

Everything is given: the day as it stands and the visit that is asked for. Thresholds are the rows of `booking.toml`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.protocols.model import Pattern, Protocol, Value
from afterglow.terms import Citation, Finding, Grade, Override, Severity

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BookingRule:
    """One row that a booking is judged by; `accepts` says who may go on in spite of a caution."""

    id: str
    title: str
    severity: Severity
    override: Override
    asks: str
    citation: Citation
    accepts: str = ""


@dataclass(frozen=True, slots=True)
class Spans:
    """The instants of a visit: arrival, first dose, end of dosing, leaving; a visit without a dose has none between."""

    starts_at: datetime
    dose_at: datetime | None
    dose_ends_at: datetime | None
    ends_at: datetime

    def overlaps(self, begins_at: datetime, ends_at: datetime) -> bool:
        """Return whether the visit and a time share an instant; what ends as the other begins does not."""
        return self.starts_at < ends_at and begins_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the parts of a visit take: pre-checks, dosing, stay; without a dose only `stay_min` counts."""

    pre_checks_min: int
    dosing_min: int
    stay_min: int
    has_dose: bool = True

    def place(self, starts_at: datetime) -> Spans:
        """Return the instants of a visit that begins then."""
        if not self.has_dose:
            return Spans(starts_at, None, None, starts_at + self.stay_min * MINUTE)
        dose_at = starts_at + self.pre_checks_min * MINUTE
        dose_ends_at = dose_at + self.dosing_min * MINUTE
        return Spans(starts_at, dose_at, dose_ends_at, dose_ends_at + self.stay_min * MINUTE)


@dataclass(frozen=True, slots=True)
class Held:
    """A visit that already stands on the day, as its session really goes where one runs; identifiers only."""

    id: str
    patient: str
    spans: Spans
    place: str = ""
    nurse: str = ""
    clinician: str = ""
    # of a session that runs: the planned end, until when the person is there for certain, the earliest leaving;
    # `spans` then ends at the latest of them
    planned_until: datetime | None = None
    sits_until: datetime | None = None
    leaves_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, with whose or which place it is and why; half-open."""

    begins_at: datetime
    ends_at: datetime
    user: str = ""
    place: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a site: what is held, blocked, open, and who is there. `open` None means: not recorded."""

    held: tuple[Held, ...] = ()
    blocks: tuple[Window, ...] = ()
    open: tuple[Window, ...] | None = None
    prescribers: tuple[Window, ...] | None = None
    shifts: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """The visit that is asked for; `ignoring` is the visit that it would replace."""

    patient: str
    spans: Spans
    place: str = ""
    nurse: str = ""
    clinician: str = ""
    needs_place: bool = True
    is_dosing: bool = False
    must_stay_on_site: bool = False
    ignoring: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """Words for identifiers, and how an instant reads on the clinic's clock."""

    users: Mapping[str, str]
    places: Mapping[str, str]
    clock: Any

    def span(self, begins_at: datetime, ends_at: datetime) -> str:
        """Return `12:00 to 12:40`."""
        return f"{self.clock(begins_at)} to {self.clock(ends_at)}"


@cache
def load_data() -> Mapping[str, Any]:
    """Return the packaged booking data as its file holds it."""
    text = files("afterglow.clinicday").joinpath("data", "booking.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


@cache
def load_rules() -> Mapping[str, BookingRule]:
    """Return every booking rule by id."""
    return {
        key: BookingRule(
            id=key,
            title=row["title"],
            severity=Severity(row["severity"]),
            override=Override(row["override"]),
            asks=row["asks"],
            citation=_cite(row),
            accepts=row.get("accepts", ""),
        )
        for key, row in load_data()["rules"].items()
    }


def get_value(name: str) -> Value:
    """Return one number of the data with its unit and source."""
    return _read_value(load_data()["values"][name])


def get_number(name: str) -> int:
    """Return one whole number of the data."""
    return int(get_value(name).value)


def get_length(kind: str) -> Value:
    """Return how long a visit without a dose takes."""
    return _read_value(load_data()["lengths"][kind])


def build_finding(rule_id: str, seen: str, threshold: str, **changes: Any) -> Finding:
    """Return what a rule says, with what was seen and where its limit lies."""
    rule = load_rules()[rule_id]
    values: dict[str, Any] = {
        "rule": rule.id,
        "severity": rule.severity,
        "seen": seen,
        "threshold": threshold,
        "asks": rule.asks,
        "override": rule.override,
        "source": rule.citation.text,
        "grade": rule.citation.grade,
        "title": rule.title,
    }
    return Finding(**{**values, **changes})


def build_cleared(rule_id: str, title: str, seen: str, threshold: str) -> Finding:
    """Return that a rule was asked and is met."""
    return build_finding(rule_id, seen, threshold, title=title, severity=Severity.INFO, asks="", override=Override.NONE)


def measure_dosing(
    protocol: Protocol, *, over_min: Decimal | int | None = None, dose_mg: Decimal | int | None = None
) -> Lengths:
    """Return how long a dosing visit under a protocol takes, by the plan's own duration or number of devices."""
    return Lengths(
        pre_checks_min=get_number("pre_checks_min"),
        dosing_min=_measure_giving(protocol, over_min, dose_mg),
        stay_min=find_shortest_stay(protocol),
    )


def find_shortest_stay(protocol: Protocol) -> int:
    """Return the minutes that the protocol keeps a person after the last of the drug."""
    stays = [int(gate.params["minutes"].value) for gate in protocol.gates if gate.kind == "minimum-stay"]
    return max(stays) if stays else get_number("stay_min")


def measure_other(kind: str) -> Lengths:
    """Return how long a visit without a dose takes."""
    return Lengths(0, 0, int(get_length(kind).value), has_dose=False)


def _measure_giving(protocol: Protocol, over_min: Decimal | int | None, dose_mg: Decimal | int | None) -> int:
    if protocol.pattern is Pattern.INFUSION:
        planned = over_min if over_min is not None else protocol.doses["over_min"].value
        return -int(-Decimal(planned) // 1)
    if protocol.pattern is Pattern.DEVICES:
        devices = -int(-Decimal(dose_mg) // int(protocol.setting("device.mg"))) if dose_mg is not None else 3
        return max(devices - 1, 1) * int(protocol.setting("device.gap_min"))
    return get_number("injection_min" if protocol.pattern is Pattern.INJECTION else "swallowed_min")


def find_latest_dose(day: Day, lengths: Lengths) -> datetime | None:
    """Return the latest instant of a first dose: closing or the prescriber's leaving, minus stay and spare time."""
    ends = [max(window.ends_at for window in found) for found in (day.open, day.prescribers) if found]
    if not ends:
        return None
    return min(ends) - (lengths.dosing_min + lengths.stay_min + get_number("buffer_min")) * MINUTE


def judge_place_and_people(day: Day, asked: Asked, names: Names) -> list[Finding]:
    """Return the clashes of a visit: place, person, clinician, blocked time, opening hours, duty."""
    return [
        *_judge_place(day, asked, names),
        *_judge_patient(day, asked, names),
        *_judge_clinician(day, asked, names),
        *_judge_blocks(day, asked, names),
        *_judge_open(day, asked, names),
        *_judge_duty(day, asked, names),
    ]


def judge_prescriber(day: Day, asked: Asked, names: Names) -> list[Finding]:
    """ST-1, ST-4: a prescriber is on site while the drug is given, or from the first dose until leaving."""
    spans = asked.spans
    if not asked.is_dosing or spans.dose_at is None or spans.dose_ends_at is None:
        return []
    rule, until = ("ST-4", spans.ends_at) if asked.must_stay_on_site else ("ST-1", spans.dose_ends_at)
    threshold = "on site from the first dose until leaving" if asked.must_stay_on_site else "one on site while dosing"
    if day.prescribers is None:
        return [build_finding(rule, "Not recorded: prescriber hours", threshold, severity=Severity.MISSING)]
    gaps = find_gaps(day.prescribers, spans.dose_at, until)
    if not gaps:
        return [build_cleared(rule, "Prescriber on site", names.span(spans.dose_at, until), threshold)]
    begins, ends = _widen_gap(day.prescribers, *gaps[0])
    seen = "No prescriber"
    seen += f" from {names.clock(begins)}" if begins else ""
    seen += f" to {names.clock(ends)}" if ends else " on" if begins else " that day"
    seen += f"; dosing would start {names.clock(spans.dose_at)}"
    return [build_finding(rule, seen, threshold, measure=count_minutes(gaps))]


def judge_latest(day: Day, asked: Asked, lengths: Lengths, names: Names) -> list[Finding]:
    """LS-1: the shortest stay and some spare time fit before closing or the prescriber's leaving."""
    latest = find_latest_dose(day, lengths)
    if not asked.is_dosing or asked.spans.dose_at is None or latest is None:
        return []
    threshold = f"{lengths.dosing_min} min dosing, {lengths.stay_min} min stay, {get_number('buffer_min')} min spare"
    if asked.spans.dose_at > latest:
        seen = f"First dose {names.clock(asked.spans.dose_at)}, latest {names.clock(latest)}"
        return [build_finding("LS-1", seen, threshold, measure=count_minutes([(latest, asked.spans.dose_at)]))]
    return [build_cleared("LS-1", "Ends in time", f"first dose by {names.clock(latest)}", threshold)]


def cut_short(spans: Spans, ends_at: datetime) -> Spans:
    """Return a visit that ended before its time."""
    inner = [None if at is None else min(at, ends_at) for at in (spans.dose_at, spans.dose_ends_at)]
    return Spans(spans.starts_at, inner[0], inner[1], ends_at)


def find_gaps(windows: Iterable[Window], begins_at: datetime, ends_at: datetime) -> list[tuple[datetime, datetime]]:
    """Return the parts of a time that no window covers."""
    gaps = []
    at = begins_at
    for window in sorted(windows, key=lambda each: each.begins_at):
        if window.ends_at <= at:
            continue
        if window.begins_at >= ends_at:
            break
        if window.begins_at > at:
            gaps.append((at, window.begins_at))
        at = max(at, window.ends_at)
    if at < ends_at:
        gaps.append((at, ends_at))
    return gaps


def count_minutes(stretches: Iterable[tuple[datetime, datetime]]) -> Decimal:
    """Return how many minutes some stretches of time take together."""
    return Decimal(sum(-int((begins_at - ends_at) // MINUTE) for begins_at, ends_at in stretches))


def subtract(windows: Iterable[Window], away: Iterable[Window]) -> tuple[Window, ...]:
    """Return windows without the times somebody is away, each keeping whose it is."""
    taken = list(away)
    left = []
    for window in windows:
        own = [each for each in taken if each.user == window.user]
        for begins_at, ends_at in find_gaps(own, window.begins_at, window.ends_at):
            left.append(Window(begins_at, ends_at, window.user, window.place, window.reason))
    return tuple(sorted(left, key=lambda each: (each.begins_at, each.user)))


def _widen_gap(
    windows: Iterable[Window], begins_at: datetime, ends_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return the whole gap around a part of it; None where it has no end on that side."""
    before = max((each.ends_at for each in windows if each.ends_at <= begins_at), default=None)
    if any(each.begins_at < begins_at < each.ends_at or each.ends_at == begins_at for each in windows):
        before = begins_at
    after = min((each.begins_at for each in windows if each.begins_at >= ends_at), default=None)
    return before, after


def _list_others(day: Day, asked: Asked) -> list[Held]:
    spans = asked.spans
    return [
        held
        for held in day.held
        if held.id != asked.ignoring and spans.overlaps(held.spans.starts_at, held.spans.ends_at)
    ]


def _judge_place(day: Day, asked: Asked, names: Names) -> list[Finding]:
    if not asked.place:
        return [build_finding("BK-7", "No place", "a place for a visit in person")] if asked.needs_place else []
    taken = [held for held in _list_others(day, asked) if held.place == asked.place]
    place = names.places.get(asked.place, "")
    threshold = "one person in a place at a time"
    if not taken:
        spans = asked.spans
        if doubt := _judge_still_there(day, asked, place, threshold, names):
            return [doubt]
        return [build_cleared("BK-1", f"{place} is free", names.span(spans.starts_at, spans.ends_at), threshold)]
    return [_judge_taken(taken, asked, place, threshold, names)]


def _judge_taken(taken: list[Held], asked: Asked, place: str, threshold: str, names: Names) -> Finding:
    """Return the worst of what holds a place: somebody there now, a planned visit, a session that is to take longer."""
    starts_at = asked.spans.starts_at
    for held in taken:
        if held.sits_until is not None and held.leaves_at is not None and starts_at < held.sits_until:
            when = f"can leave at {names.clock(held.leaves_at)} at the earliest"
            seen = f"{place}: somebody is {'still there' if held.leaves_at < held.sits_until else f'there and {when}'}"
            return build_finding("BK-10", seen, threshold)
    planned = [held for held in taken if held.planned_until is None or starts_at < held.planned_until]
    if planned:
        spans = planned[0].spans
        return build_finding("BK-1", f"{place} is taken {names.span(spans.starts_at, spans.ends_at)}", threshold)
    late = max(taken, key=lambda held: held.spans.ends_at)
    seen = f"{place}: a session runs there until {names.clock(late.spans.ends_at)} at the earliest"
    if late.planned_until is not None and late.planned_until > late.spans.starts_at:
        seen += f", planned until {names.clock(late.planned_until)}"
    asks = "Choose another place or a later time, or expect to wait."
    return build_finding("BK-1", seen, threshold, severity=Severity.CAUTION, asks=asks)


def _judge_still_there(day: Day, asked: Asked, place: str, threshold: str, names: Names) -> Finding | None:
    """Return a caution where a visit is to begin soon in a place that somebody should have left and has not."""
    for held in day.held:
        if held.place != asked.place or held.id == asked.ignoring or held.sits_until is None or held.leaves_at is None:
            continue
        soon = held.sits_until + get_number("buffer_min") * MINUTE
        if held.leaves_at < held.sits_until <= asked.spans.starts_at < soon:
            seen = f"{place}: somebody is still there, could have left at {names.clock(held.leaves_at)}"
            asks = "See whether the place is free by then, or choose another."
            return build_finding("BK-1", seen, threshold, severity=Severity.CAUTION, asks=asks)
    return None


def _judge_patient(day: Day, asked: Asked, names: Names) -> list[Finding]:
    own = [held for held in _list_others(day, asked) if held.patient == asked.patient]
    return [
        build_finding(
            "BK-2",
            f"Visit {names.span(held.spans.starts_at, held.spans.ends_at)}, {names.places.get(held.place, 'no place')}",
            "one visit of a person at a time",
        )
        for held in own[:1]
    ]


def _judge_clinician(day: Day, asked: Asked, names: Names) -> list[Finding]:
    if not asked.clinician:
        return []
    busy = [held for held in _list_others(day, asked) if held.clinician == asked.clinician]
    who = names.users.get(asked.clinician, "")
    return [
        build_finding(
            "BK-3",
            f"{who} has a visit {names.span(held.spans.starts_at, held.spans.ends_at)}",
            "one visit of a clinician at a time",
        )
        for held in busy[:1]
    ]


def _judge_blocks(day: Day, asked: Asked, names: Names) -> list[Finding]:
    found = []
    own = {asked.nurse, asked.clinician} - {""}
    for block in day.blocks:
        if not asked.spans.overlaps(block.begins_at, block.ends_at):
            continue
        is_site = not block.place and not block.user
        if is_site or (block.place and block.place == asked.place) or block.user in own:
            whose = names.places.get(block.place) or names.users.get(block.user) or "The clinic"
            seen = f"{whose} blocked {names.span(block.begins_at, block.ends_at)}: {block.reason}"
            found.append(build_finding("BK-4", seen, "no visit in blocked time"))
    return found


def _judge_open(day: Day, asked: Asked, names: Names) -> list[Finding]:
    if day.open is None:
        return [build_finding("BK-9", "Not recorded: opening hours", "opening hours of the day")]
    spans = asked.spans
    gaps = find_gaps(day.open, spans.starts_at, spans.ends_at)
    if not gaps:
        return []
    hours = ", ".join(names.span(window.begins_at, window.ends_at) for window in day.open) or "closed that day"
    seen = f"Visit {names.span(spans.starts_at, spans.ends_at)}"
    return [build_finding("BK-5", seen, f"open {hours}", measure=count_minutes(gaps))]


def _judge_duty(day: Day, asked: Asked, names: Names) -> list[Finding]:
    """BK-6: who is named is on duty; somebody whose hours were never recorded is not judged by them."""
    found = []
    for user in dict.fromkeys((asked.nurse, asked.clinician)):
        shifts = day.shifts.get(user)
        gaps = find_gaps(shifts or (), asked.spans.starts_at, asked.spans.ends_at)
        if not user or shifts is None or not gaps:
            continue
        hours = ", ".join(names.span(shift.begins_at, shift.ends_at) for shift in shifts) or "not on duty that day"
        seen = f"{names.users.get(user, '')}: {names.span(asked.spans.starts_at, asked.spans.ends_at)}"
        limit = f"on duty {hours}" if shifts else hours
        found.append(build_finding("BK-6", seen, limit, measure=count_minutes(gaps), about=user))
    return found


def _cite(row: Mapping[str, Any]) -> Citation:
    return Citation(row["source"], row["locator"], Grade(row["grade"]))


def _read_value(row: Mapping[str, Any]) -> Value:
    value = Decimal(row["value"]) if isinstance(row["value"], str) else row["value"]
    return Value(value=value, unit=row["unit"], citation=_cite(row))
