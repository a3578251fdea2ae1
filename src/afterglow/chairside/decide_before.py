"""Deciding before the dose: opening, arrival, checks, consent, orders, preparation, time-out."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.commands import COMMANDS
from afterglow.chairside.context import Deciding
from afterglow.chairside.decide_watching import note_interactions
from afterglow.chairside.errors import Refused
from afterglow.chairside.guards import find_blockers, get_local_date
from afterglow.chairside.orders import find_order, find_preparation, find_weight, is_too_strong, list_open_verbal_orders
from afterglow.protocols.cases import read_value
from afterglow.protocols.dose_limits import check_limits
from afterglow.protocols.dose_sheet import round_half_up
from afterglow.protocols.dose_volumes import round_to_pump
from afterglow.protocols.facts import find_fact
from afterglow.protocols.medicines import find_classes
from afterglow.protocols.model import Pattern, Protocol
from afterglow.terms import InvalidInput, Override, Problem, Severity, build_error, parse_instant


def open_session(deciding: Deciding) -> dict[str, Any]:
    """A session is opened under the protocol it names."""
    protocol = deciding.protocol
    if not protocol.is_runnable:
        raise Refused("protocol-not-runnable", f"{protocol.title} serves planning only in this version.")
    return {"protocol": protocol.id, "protocol_hash": protocol.content_hash}


SEEN = ("oriented", "walks-unaided", "escort-present", "instructions-given", "iv-removed")


def record_check(deciding: Deciding) -> dict[str, Any]:
    """A check is recorded as it was found; a failed one is said."""
    named = deciding.data["check"]
    check = next((each for each in deciding.protocol.checks if each.id == named), None)
    if check is None and named not in (seen := list_seen(deciding.protocol)):
        accepted = ", ".join(sorted({*(each.id for each in deciding.protocol.checks), *seen}))
        message = "this protocol has no check of that name"
        raise InvalidInput([build_error("check", "check-unknown", str(named)[:80], accepted, message)])
    if check is not None and not deciding.data["passed"]:
        deciding.note(check.id, f"{check.title}: not as asked", check.asks, "Resolve, or do not dose.", check.citation)
    _check_details(deciding)
    return {}


def _check_dilution(deciding: Deciding, drawn_ml: Decimal, diluent_ml: Decimal, strength: Decimal) -> None:
    """Say it when a strong vial has less than its own volume of diluent; the start waits for another preparation."""
    if is_too_strong(deciding.protocol, drawn_ml=drawn_ml, diluent_ml=diluent_ml, strength_mg_per_ml=strength):
        setting = "vial.dilute_from_mg_per_ml"
        deciding.note(
            "L-DILUTE",
            f"{diluent_ml:f} mL diluent for {drawn_ml:f} mL of {strength:f} mg/mL",
            f"at least an equal volume from {deciding.protocol.setting(setting)} mg/mL",
            "Prepare again; never give this strength into a vein undiluted.",
            deciding.cite(setting),
        )


def list_seen(protocol: Protocol) -> tuple[str, ...]:
    """Return what somebody looks at before the person leaves: each is recorded like a check, asked for or not."""
    asked = [str(gate.params["what"].value) for gate in protocol.gates if gate.kind == "observed"]
    return tuple(dict.fromkeys((*asked, *SEEN)))


# what a check may tell beside its answer, and what is never told but measured, asked or charted in its own place
_TOLD = frozenset({"bool", "code", "number"})
_MEASURED = ("bp.", "hr.", "spo2.", "rr.", "temperature.", "baseline.", "suicide.", "allergy.", "medication.", "age.")


def _check_details(deciding: Deciding) -> None:
    """Refuse details that are no fact of a visit: rules read them, so that each must be what its name says."""
    problems: list[Problem] = []

    def refuse(path: str, code: str, value: object, accepted: str, message: str) -> None:
        problems.append(build_error(path, code, str(value)[:80], accepted, message))

    for name, value in (deciding.data.get("details") or {}).items():
        fact, path = find_fact(name), f"details.{name}"
        if fact is None or fact.type not in _TOLD or name.startswith(_MEASURED):
            refuse(path, "fact-not-told", value, "what a check tells", f"{name} is not told by a check")
        else:
            read_value(fact, value, path, get_local_date(deciding.state, deciding.now), refuse)
    if problems:
        raise InvalidInput(problems)


def _check_dates(deciding: Deciding) -> None:
    """Refuse a date that cannot be meant: the bounds are declared with the field of the command."""
    if problems := list(_list_impossible(deciding)):
        raise InvalidInput(problems)


def _list_impossible(deciding: Deciding) -> Iterator[Problem]:
    today = get_local_date(deciding.state, deciding.now)
    for spec in COMMANDS[deciding.command.type].fields:
        value = deciding.data.get(spec.name)
        if spec.past_d is None or not value:
            continue
        past, ahead = timedelta(days=spec.past_d), timedelta(days=spec.ahead_d)
        if spec.kind == "instant":
            is_possible = deciding.now - past <= parse_instant(str(value), spec.name)
        else:
            is_possible = today - past <= date.fromisoformat(str(value)) <= today + ahead
        if not is_possible:
            accepted = f"{(today - past).isoformat()} to {(today + ahead).isoformat()}"
            message = f"{spec.name} {value} cannot be right"
            yield build_error(spec.name, "date-out-of-range", value, accepted, message)


def record_weight(deciding: Deciding) -> dict[str, Any]:
    """A weight that has moved far from the chart's is said."""
    _check_dates(deciding)
    if "weighed_at" in deciding.data:
        deciding.check_past(parse_instant(deciding.data["weighed_at"], "weighed_at"), "weighed_at")
    known = deciding.state.header.get("weight") or {}
    if known.get("weight_kg"):
        before, today = Decimal(str(known["weight_kg"])), Decimal(deciding.data["weight_kg"])
        change = abs(today - before) / before * 100
        limit = deciding.protocol.setting("weight.change_percent")
        if change > Decimal(str(limit)):
            deciding.note(
                "L-WT",
                f"{today:f} kg today, {before:f} kg before",
                f"change up to {limit} %",
                "Weigh again, then have the order signed for today's weight.",
                deciding.cite("weight.change_percent"),
            )
    return {}


def record_assessment(deciding: Deciding) -> dict[str, Any]:
    """Only a licensed clinician's assessment answers a positive screen."""
    if not deciding.by.is_licensed:
        raise Refused("licensed-needed", "The assessment is a licensed clinician's act.")
    return {}


def sign_order(deciding: Deciding) -> dict[str, Any]:
    """A prescriber signs mg/kg, mg or devices; the mg of the day are worked out here and kept with the signature."""
    deciding.need_prescriber("Signing an order")
    data, protocol = deciding.data, deciding.protocol
    _check_dose_form(data, protocol.pattern)
    extra = _work_out(deciding)
    measured: dict[str, Decimal | int | None] = {"dose.mg": Decimal(extra["ordered_mg"])}
    if "weight_kg" in extra:
        per_kg = Decimal(extra["ordered_mg"]) / Decimal(extra["weight_kg"])
        measured["dose.mg_per_kg"] = per_kg
        if "duration_min" in data and protocol.pattern is Pattern.INFUSION:
            minutes = Decimal(data["duration_min"])
            measured["infusion.min"] = minutes
            measured["rate.mg_per_kg_h"] = per_kg / minutes * 60
    if "devices" in data:
        measured["devices"] = int(data["devices"])
    found = check_limits(protocol, measured)
    hard = [each for each in found if each.severity is Severity.STOP and each.override is Override.NONE]
    if hard:
        raise Refused("dose-beyond-hard-limit", " ".join(each.asks for each in hard), hard)
    if any(each.severity is Severity.STOP for each in found):
        _need_second_clinician(deciding, found)
    deciding.findings.extend(found)
    for text in data.get("premedication") or ():
        words = str(text.get("text", "") if isinstance(text, dict) else text)
        note_interactions(deciding, {"drug": words, "classes": find_classes(words)})
    return extra


def _check_dose_form(data: dict[str, Any], pattern: Pattern) -> None:
    if (pattern is Pattern.DEVICES) != ("devices" in data):
        asked = "devices" if pattern is Pattern.DEVICES else "mg/kg or mg"
        raise Refused("order-does-not-fit", f"This protocol is ordered in {asked}.")
    if pattern is Pattern.INFUSION and "duration_min" not in data:
        raise Refused("order-does-not-fit", "An infusion needs the minutes it runs over.")


def _work_out(deciding: Deciding) -> dict[str, Any]:
    """Return the ordered mg, with the weight it rests on."""
    data, protocol = deciding.data, deciding.protocol
    if "devices" in data:
        return {"ordered_mg": f"{Decimal(str(protocol.setting('device.mg'))) * int(data['devices']):f}"}
    weight = find_weight(deciding.state)
    if weight is None:
        raise Refused("weight-missing", "A dose needs a weight, also one in mg; record today's.")
    limit = timedelta(days=float(protocol.setting("weight.max_age_d")))
    if deciding.now - weight[1] > limit:
        raise Refused("weight-old", f"The weight is older than {limit.days} days; weigh the person.")
    _note_weight_of_another_day(deciding, *weight)
    by_weight = "dose_mg_per_kg" in data
    mg = round_half_up(Decimal(data["dose_mg_per_kg"]) * weight[0], 1) if by_weight else Decimal(data["dose_mg"])
    return {
        "ordered_mg": _cap(mg, data),
        "weight_kg": f"{weight[0]:f}",
        "weighed_at": weight[1].isoformat(),
    }


def _note_weight_of_another_day(deciding: Deciding, weight_kg: Decimal, at: datetime) -> None:
    """Say it when today's order rests on a weight that was not taken today; how old it may be is the protocol's."""
    taken, today = get_local_date(deciding.state, at), get_local_date(deciding.state, deciding.occurred_at)
    if taken >= today:
        return
    days = (today - taken).days
    deciding.note(
        "L-WT",
        f"{weight_kg:f} kg of {taken.isoformat()}, {days} {'day' if days == 1 else 'days'} before this order",
        f"weighed today; at most {deciding.protocol.setting('weight.max_age_d')} days before",
        "Weigh the person; another weight asks for another order.",
        deciding.cite("weight.max_age_d"),
    )


def _cap(mg: Decimal, data: dict[str, Any]) -> str:
    return f"{min(mg, Decimal(data['cap_mg'])) if 'cap_mg' in data else mg:f}"


def _need_second_clinician(deciding: Deciding, found: tuple[Any, ...]) -> None:
    if deciding.second is None:
        raise Refused("second-clinician-needed", "A second clinician who did not order must agree.", found)
    if not deciding.need_other_person("This dose").is_licensed:
        raise Refused("second-clinician-needed", "The second signature must be a clinician's.", found)


def record_verbal_order(deciding: Deciding) -> dict[str, Any]:
    """A verbal order is recorded as given; without its read-back that is said."""
    if not deciding.data["read_back"]:
        deciding.note(
            "verbal-order",
            "Not read back",
            "every verbal order is read back",
            "Read it back now.",
            deciding.cite("verbal_order.needs_read_back"),
        )
    return {}


def cosign_order(deciding: Deciding) -> dict[str, Any]:
    """The prescriber signs what was ordered by word of mouth."""
    deciding.need_prescriber("Co-signing an order")
    waiting = {event.seq: event for event in list_open_verbal_orders(deciding.state)}
    event = waiting.get(int(deciding.data["order"]))
    if event is None:
        raise Refused("order-not-waiting", "There is no verbal order of that number waiting for a signature.")
    deadline = timedelta(minutes=float(deciding.protocol.setting("cosign.deadline_min")))
    if deciding.now - event.occurred_at > deadline:
        deciding.note(
            "verbal-order",
            "Co-signed late",
            f"within {int(deadline.total_seconds() // 60)} min",
            "Say why in a note.",
            deciding.cite("cosign.deadline_min"),
        )
    return {}


def record_preparation(deciding: Deciding) -> dict[str, Any]:
    """The bag is worked out from what was drawn; what departs from the order is said, and holds the start."""
    _check_dates(deciding)
    data, protocol = deciding.data, deciding.protocol
    order = find_order(deciding.state)
    if data.get("expires_on") and data["expires_on"] < get_local_date(deciding.state, deciding.now).isoformat():
        deciding.note("vial-expired", f"Expiry {data['expires_on']}", "not past its date", "Take another vial.")
    if protocol.pattern is Pattern.DEVICES or "vial_mg_per_ml" not in data or "drawn_ml" not in data:
        return {}
    strength, drawn = Decimal(data["vial_mg_per_ml"]), Decimal(data["drawn_ml"])
    prepared = strength * drawn
    extra = {"prepared_mg": f"{prepared.normalize():f}"}
    if order is not None and prepared > order.ordered_mg * (1 + _get_tolerance(deciding)):
        deciding.note(
            "preparation",
            f"{prepared:f} mg prepared",
            f"{order.ordered_mg:f} mg ordered",
            "Prepare again; the time-out waits.",
            deciding.cite("draw.rounding_max_percent"),
        )
    if protocol.pattern is Pattern.INFUSION and "diluent_ml" in data:
        total = drawn + Decimal(data["diluent_ml"])
        _check_dilution(deciding, drawn, Decimal(data["diluent_ml"]), strength)
        extra["total_ml"] = f"{total:f}"
        extra["bag_mg_per_ml"] = f"{round_half_up(prepared / total, 4):f}"
        if order is not None and order.duration_min:
            extra["rate_ml_per_h"] = f"{round_to_pump(protocol, total * 60 / order.duration_min):f}"
    before = find_preparation(deciding.state)
    if before is not None and before.vial_mg_per_ml not in (None, strength):
        deciding.note(
            "strength-changed",
            f"{strength:f} mg/mL, before {before.vial_mg_per_ml:f} mg/mL",
            "one strength",
            "Repeat the time-out.",
            deciding.cite("time_out.repeat_on_strength_change"),
        )
    return extra


def _get_tolerance(deciding: Deciding) -> Decimal:
    return Decimal(str(deciding.protocol.setting("draw.rounding_max_percent"))) / 100


def sign_time_out(deciding: Deciding) -> dict[str, Any]:
    """The time-out is signed once nothing but time stands in the way, by as many people as the protocol asks."""
    protocol = deciding.protocol
    wanted = {"patient", "drug", "dose", "route", "allergies"}
    if protocol.pattern is Pattern.INFUSION:
        wanted.add("pump")
    absent = sorted(wanted - set(deciding.data["confirmed"]))
    if absent:
        raise Refused("time-out-incomplete", f"Not yet read aloud: {', '.join(absent)}.")
    deciding.refuse_blockers(find_blockers(deciding.state, protocol, "sign-time-out", deciding.occurred_at))
    signers = [deciding.by]
    if int(protocol.setting("time_out.signers")) > 1 or deciding.second is not None:
        signers.append(deciding.need_other_person("The time-out"))
    if protocol.setting("time_out.signer_is_licensed") and not any(each.is_licensed for each in signers):
        raise Refused("licensed-needed", "One of the signers must be a licensed clinician.")
    order = find_order(deciding.state)
    return {"order": None if order is None else order.seq}
