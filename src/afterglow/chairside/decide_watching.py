"""Deciding about what is seen and done: vitals, scores, drugs given, alarms."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from afterglow.chairside.alarms import list_active
from afterglow.chairside.allergic import list_met
from afterglow.chairside.context import Deciding
from afterglow.chairside.dosing import find_start
from afterglow.chairside.drug_balance import (
    EXACT,
    UNEXPLAINED,
    WITNESS,
    compare,
    counts_devices,
    find_difference,
    list_drawers,
)
from afterglow.chairside.drugs import list_drug_classes, list_joined_findings
from afterglow.chairside.errors import Refused
from afterglow.chairside.guards import build_visit_facts
from afterglow.instruments import get_instrument, score_answers, score_total
from afterglow.protocols.allergies import find_allergies
from afterglow.protocols.medicines import find_classes
from afterglow.terms import InvalidInput, build_error


def record_score(deciding: Deciding) -> dict[str, Any]:
    """A score is worked out from its answers; a total that cannot be is kept as unknown, never as 0."""
    data = deciding.data
    instrument = get_instrument(str(data["scale"]))
    if data.get("answers"):
        result = score_answers(instrument, data["answers"])
    elif instrument.accepts_total:
        result = score_total(instrument, data["total"])
    elif len(instrument.items) == 1:
        result = score_answers(instrument, {instrument.items[0].id: data["total"]})
    else:
        message = f"{instrument.title} is scored from its answers"
        raise InvalidInput(
            [build_error("answers", "score-needs-answers", data.get("total"), "one answer for each item", message)]
        )
    total = None if result.total is None else f"{result.total:f}"
    if total is None:
        deciding.note(instrument.id, result.reason or "no total", "every item answered", "Ask the missing items.")
    return {
        "total": total,
        "band": result.band,
        "instrument_version": instrument.version,
        "is_prorated": result.prorated,
        "alerts": [alert.code for alert in result.alerts],
    }


def record_drug_given(deciding: Deciding) -> dict[str, Any]:
    """A drug given is recorded; an allergy or an interaction it meets is said."""
    data = deciding.data
    for match in find_allergies(deciding.state.header.get("allergies") or (), str(data["drug"])):
        deciding.note("allergy", f"{data['drug']} given, {match.words}", "no known allergy", "Watch, call.")
    extra = name_classes(deciding)
    note_interactions(deciding, {**data, **extra})
    named = set(list_drug_classes({**data, **extra}))
    is_unknown = data["purpose"] == "rescue" and not named
    if data["purpose"] != "own" and (named & set(deciding.protocol.setting("rescue.classes")) or is_unknown):
        minutes = deciding.protocol.setting("rescue.observation_min")
        deciding.note(
            "G-RESCUE",
            f"{data['drug']} {data['dose']}",
            f"{minutes} min of observation from now",
            "A prescriber releases this person.",
            deciding.cite("rescue.observation_min"),
        )
    return extra


def name_classes(deciding: Deciding) -> dict[str, Any]:
    """Return the classes that a drug's name stands for, whatever class was named."""
    return {"classes": list(find_classes(str(deciding.data["drug"])))}


def note_interactions(deciding: Deciding, drug: Mapping[str, Any]) -> None:
    """Keep the interaction rules that speak only because this drug has joined the others."""
    started = find_start(deciding.state)
    has_begun = started is not None and deciding.occurred_at >= started
    facts = build_visit_facts(deciding.state, deciding.protocol, deciding.now, with_later=has_begun)
    known = {finding.rule for finding in deciding.findings}
    joined = list_joined_findings(
        deciding.protocol, facts, drug, deciding.occurred_at, deciding.now, has_begun=has_begun
    )
    deciding.findings.extend(finding for finding in joined if finding.rule not in known)


def acknowledge_alarm(deciding: Deciding) -> dict[str, Any]:
    """A standing alarm is answered; answering is not acting, and does not end it."""
    if deciding.data["alarm"] not in {met.id for met in list_met(deciding.state, deciding.protocol)}:
        _find_alarm(deciding)
    return {}


def silence_alarm(deciding: Deciding) -> dict[str, Any]:
    """An alarm's sound rests for a while, never longer than the protocol allows."""
    _find_alarm(deciding)
    longest = int(deciding.protocol.setting("alarm.silence_max_s"))
    return {"seconds": min(int(deciding.data.get("seconds") or longest), longest)}


def _find_alarm(deciding: Deciding) -> None:
    if deciding.data["alarm"] not in {alarm.id for alarm in list_active(deciding.state)}:
        raise Refused("alarm-not-active", "That alarm does not stand any more.")


def record_adverse_event(deciding: Deciding) -> dict[str, Any]:
    """An adverse event is always recorded; a serious one is said."""
    if deciding.data.get("serious"):
        deciding.note("serious-event", "Serious adverse event", "none", "Report it as the law and the label ask.")
    return {}


def record_reconciliation(deciding: Deciding) -> dict[str, Any]:
    """Prepared = given + left in line + returned + wasted, each as entered; waste has a witness, another person."""
    extra = balance_drug(deciding)
    differs = bool(deciding.findings)
    has_waste = Decimal(str(deciding.data.get("wasted_mg") or deciding.data.get("wasted_devices") or 0)) > 0
    if has_waste and deciding.second is None:
        deciding.note("waste-witness", "Waste without a witness", "two people", "Hold it sealed for a witness.")
    elif has_waste:
        deciding.need_other_person("Waste")
    if differs:
        _ask_why(deciding)
    if deciding.second is not None and (differs or has_waste) and deciding.second.id in list_drawers(deciding.state):
        asks = "Let somebody sign who did not draw it."
        deciding.note("drug-witness", "Signed with who drew the drug", "another person than who drew it", asks, WITNESS)
    return extra


def _ask_why(deciding: Deciding) -> None:
    """Say what a sheet that does not agree lacks: it is recorded all the same, and holds the closing of the record."""
    lacks = []
    if "note" not in deciding.data:
        lacks.append("a reason")
    if deciding.second is None:
        lacks.append("a second signature")
    if lacks:
        asks = "Sign again with the reason and a second person; the record is not closed before."
        deciding.note(UNEXPLAINED, f"Without {' and '.join(lacks)}", "a reason and a second signature", asks, EXACT)


def balance_drug(deciding: Deciding) -> dict[str, Any]:
    """Return by how much what was prepared differs from where it went; what does not agree with the entries is said."""
    data = deciding.data
    deciding.findings.extend(compare(deciding.state, deciding.protocol, data, deciding.occurred_at))
    name = "difference_devices" if counts_devices(data) else "difference_mg"
    return {name: f"{find_difference(data):f}"}
