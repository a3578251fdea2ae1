"""The real request behind each row of the permission matrix: the address's parts, and what a form or script sends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from tests.factories import PASSWORD
from tests.web import matrix
from tests.web.matrix.ask import Ask
from tests.web.security_support import NOWHERE, House

# parts of an address that name a row; one that is not there must look just like one that may not be seen
OBJECTS = {"patient_id", "session_id", "document_id", "consent_id", "entry_id"} | matrix.gather("OBJECTS", set())
CLOSED = "/accounts/signup/"
REASON = "Agreed in writing with the neurologist of the house"


def build_parts(house: House, ask: Ask) -> dict[str, str]:
    """Return every part that some address needs."""
    rooms: dict[str, str] = {}
    for room in matrix.list_rooms():
        rooms |= getattr(room, "build_parts", lambda house: {})(house)
    return {
        **rooms,
        "patient_id": getattr(house, ask.patient).pk,
        "session_id": house.session.pk,
        "document_id": house.document.pk,
        "consent_id": house.alder.consents.get().pk,
        "entry_id": house.allergy.pk,
        "kind": "allergy",
        "group": "history",
        "protocol_id": "iv-racemic",
        "token": house.token,
        "key": "abc-def",
        "uidb36": "abc",
        **ask.parts,
    }


def build_url(name: str, needed: tuple[str, ...], parts: dict[str, str]) -> str:
    """Return the address of a route."""
    return CLOSED if name == "closed" else reverse(name, kwargs={part: parts[part] for part in needed})


def hide(parts: dict[str, str]) -> dict[str, str]:
    """Return the parts with identifiers that nobody has."""
    return {name: NOWHERE if name in OBJECTS else value for name, value in parts.items()}


def get_ask(route: str, row: str, house: House) -> Ask:
    """Return the request of a row; a plain GET or POST needs nothing said about it."""
    build = ASKS.get((route, row))
    return build(house) if build else DEFAULTS.get(route, Ask())


def _act(act: str, patient: str = "alder", /, **fields: Any) -> Callable[[House], Ask]:
    return lambda house: Ask({"act": act, **fields}, patient=patient)


def _command(command: str, /, **data: Any) -> Callable[[House], Ask]:
    return lambda house: Ask(json={"type": command, "data": data})


def _talk(house: House) -> Ask:
    topics = ["goals", "benefits", "risks", "alternatives", "off-label", "expectations"]
    return Ask(
        {"act": "talk", "talk-topics": topics, "talk-has_capacity": "yes", "talk-held_at": "2026-01-05T10:00"},
    )


def _sign_consent(house: House) -> Ask:
    fields = {"text": house.text.pk, "typed_name": "Alderina Exemplarova", "identifiers": ["name"], "secret": PASSWORD}
    return Ask({"act": "sign", **{f"sign-{name}": value for name, value in fields.items()}})


def _confirm(house: House) -> Ask:
    return Ask({"act": "confirm", "consent": house.dahlia.consents.get().pk}, patient="dahlia")


def _withdraw(house: House) -> Ask:
    return Ask({"act": "withdraw", "consent": house.alder.consents.get().pk})


def _override(house: House) -> Ask:
    fields = {
        "cause": "specialist-agreed",
        "expires_on": (timezone.localdate() + timedelta(days=60)).isoformat(),
        "mitigation": "Seen by neurology, observed longer",
        "reason": REASON,
    }
    named = {f"override-C-17-{name}": value for name, value in fields.items()}
    return Ask({"act": "override", "rule": "C-17", **named}, patient="birch")


def _verbal_order(house: House) -> Ask:
    data = {"prescriber": "the-prescriber", "order": "Ondansetron 4 mg by mouth", "read_back": True}
    return Ask(json={"type": "record-verbal-order", "data": data})


def _identity(house: House) -> Ask:
    fields = {"family_name": "Exemplarova", "given_name": "Alderina", "birth_on": "1983-04-12", "version": "1"}
    return Ask({"act": "identity", **fields, "phone": "0660 1234"})


PERSON = {"family_name": "Novak", "given_name": "Elm", "birth_on": "1990-05-06"}
SIGN = {"sign-secret": PASSWORD}
STOP = {"secret": PASSWORD}
DRAFT = {"protocol_id": "iv-racemic", "indication": "trd", "dose_mg_per_kg": "0.5", "over_min": "40", "version": "1"}
OTHER = {"b-way": "racemic.iv", "b-amount": "0.5", "b-unit": "mg/kg", "b-over_min": "60"}
WEIGHTS = {
    "unwell_day": "1", "severity_day": "0.5", "visit_low": "0.5", "visit_middle": "2", "visit_high": "4",
    "adverse_event": "7", "adverse_per_session": "0.01", "exposure_per_session": "0.1",
    "reason": REASON, "secret": PASSWORD, "version": "0",
}  # fmt: skip
DEFAULTS: dict[str, Ask] = {
    "web:patient-entry-end": Ask(patient="birch"),
    **matrix.gather("DEFAULTS", {}),
}
ASKS: dict[tuple[str, str], Callable[[House], Ask]] = {
    ("web:site", "POST"): lambda house: Ask({"site": house.cast.site.pk}),
    ("web:theme", "POST"): lambda house: Ask({"theme": "dim"}),
    ("web:shortcuts", "POST"): lambda house: Ask({"shortcuts": "off"}),
    ("web:locked", "POST"): lambda house: Ask({"secret": PASSWORD}),
    ("web:pin", "POST"): lambda house: Ask({"secret": PASSWORD, "pin": "918273"}),
    ("web:set-up", "POST"): lambda house: Ask(
        {"password": "a quite different phrase", "again": "a quite different phrase"}
    ),
    ("web:patient-register", "POST"): lambda house: Ask(PERSON),
    ("web:patient-identity", "POST identity"): _identity,
    ("web:patient-identity", "POST escort"): _act("escort", **{"escort-name": "Elm Friend"}),
    ("web:patient-entry-none", "POST"): lambda house: Ask(parts={"kind": "allergy"}),
    ("web:patient-entry", "POST"): lambda house: Ask({"substance": "Penicillin"}),
    ("web:patient-facts", "POST"): lambda house: Ask({"history.porphyria": "yes"}),
    ("web:patient-screening", "POST run"): _act("run", protocol_id="iv-racemic", indication="trd"),
    ("web:patient-screening", "POST accept"): _act(
        "accept", "birch", **{"rule": "C-18", "accept-C-18-mitigation": "Eye doctor agreed"}
    ),
    ("web:patient-screening", "POST override"): _override,
    ("web:patient-screening", "POST undo"): _act("undo", "birch", rule="C-19"),
    ("web:patient-screening", "POST defer"): _act("defer", "birch", reason="Await the neurologist's letter first"),
    ("web:patient-consents", "POST talk"): _talk,
    ("web:patient-consents", "POST sign"): _sign_consent,
    ("web:patient-consents", "POST confirm"): _confirm,
    ("web:patient-consents", "POST withdraw"): _withdraw,
    ("web:patient-plan", "POST begin"): _act("begin"),
    ("web:patient-plan", "POST store"): _act("store", "cedar", **DRAFT),
    ("web:patient-plan", "POST sign"): _act("sign", "cedar", **SIGN),
    ("web:patient-plan-stop", "POST ask"): _act("ask", reason="no response"),
    ("web:patient-plan-stop", "POST stop"): _act("stop", reason="no response", **STOP),
    ("web:patient-plan", "POST expect"): _act("expect", "cedar", **DRAFT, **OTHER),
    ("web:patient-plan", "POST use-b"): _act("use-b", "cedar", **DRAFT, **OTHER),
    ("web:advice-weights", "POST change"): _act("change", **{f"weights-{name}": it for name, it in WEIGHTS.items()}),
    ("web:advice-weights", "POST restore"): _act(
        "restore", **{"restore-reason": REASON, "restore-secret": PASSWORD, "restore-version": "0"}
    ),
    ("web:patient-order", "POST weigh"): _act("weigh", weight_kg="72.6"),
    ("web:patient-order", "POST work-out"): _act("work-out", "dahlia", dose_mg_per_kg="0.5", over_min="40"),
    ("web:patient-order", "POST sign"): _act("sign", "dahlia", dose_mg_per_kg="0.5", over_min="40", **SIGN),
    ("web:patient-order", "POST open-session"): _act("open-session", "dahlia", place="Room 1"),
    ("web:session-commands", "POST record-vitals"): _command("record-vitals", systolic=124, diastolic=78),
    ("web:session-commands", "POST record-note"): _command("record-note", note="Warm blanket"),
    ("web:session-commands", "POST sign-order"): _command("sign-order", dose_mg_per_kg="0.5", duration_min="40"),
    ("web:session-commands", "POST record-verbal-order"): _verbal_order,
    ("web:session-commands", "POST cosign-order"): _command("cosign-order", order=1),
    ("web:session-commands", "POST record-suicide-assessment"): _command(
        "record-suicide-assessment", outcome="may-proceed", reason="Talked at length, no plan, safe"
    ),
    ("web:session-commands", "POST sign-time-out"): _command("sign-time-out", confirmed=["patient", "drug"]),
    ("web:session-commands", "POST sign-release"): _command("sign-release", reason="Awake and steady"),
    ("web:session-commands", "POST record-reconciliation"): _command(
        "record-reconciliation", prepared_mg="50", given_mg="0", left_in_line_mg="0", returned_mg="0", wasted_mg="50"
    ),
    ("web:session-commands", "POST correct-entry"): _command("correct-entry", seq=1, text="Room 2", reason="slip"),
    ("web:session-commands", "POST withdraw-entry"): _command("withdraw-entry", seq=1, reason="slip"),
    ("web:session-commands", "POST add-addendum"): _command("add-addendum", note="Called the next day"),
    ("web:session-commands", "POST record-ending"): _command("record-ending", kind="left-against-advice"),
    ("web:session-commands", "POST close-record"): _command("close-record"),
    ("web:session-commands", "POST open-session"): _command("open-session", patient="x", site="y"),
    ("web:session-commands", "POST tick"): _command("tick"),
    **matrix.gather("ASKS", {}),
}
