"""The commands a session understands: each a name, its event, and its declared fields.

`parse_command` is the only way in: it reads strictly and reports every problem at once. `COMMANDS` also feeds forms,
documentation and tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afterglow.chairside.fields import (
    FieldSpec,
    code,
    codes,
    day,
    describe,
    flag,
    instant,
    items,
    mapping,
    number,
    read_fields,
    text,
    whole,
)
from afterglow.terms import InvalidInput, build_error

HAPPENED = flag("already_happened")
PUMP = number("pump_ml", "0", "5000", "mL")
# that an answer about suicide is not assessed: the chart knows it, nobody types it
UNASSESSED = "is_unassessed"
# how far a date can lie from now before it is a slip of the pen: a weight or an opened vial, what a label says
YEAR_D, SHELF_D = 366, 3653
# who has the chair as the giver of the command saw it; what the receiver would carry and whether they are on duty is
# brought by the clinic, nobody types it
FROM = code("from")
LOAD = (number("load", "0", "99", "1"), number("limit", "0", "99", "1"))
DUTY = code("duty", "away", "no-hours")
# with whom a person leaves: the escort of the day, somebody else by name, nobody
COMPANY = ("escort", "other", "alone")
# the drug accounted for: in mg, or of a spray in devices
SHEET_MG = ("prepared_mg", "given_mg", "left_in_line_mg", "returned_mg", "wasted_mg")
SHEET_DEVICES = ("prepared_devices", "given_devices", "returned_devices", "wasted_devices")
ENDINGS = ("left-against-advice", "eloped", "transferred", "died")
LEVELS = ("none", "mild", "moderate", "severe", "strong", "vomiting")


@dataclass(frozen=True, slots=True)
class CommandType:
    """One kind of command and the event that records it."""

    name: str
    event: str
    fields: tuple[FieldSpec, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was read: its type and its data in normal form."""

    type: str
    data: Mapping[str, Any]

    @property
    def event_type(self) -> str:
        """The type of the event that records this command."""
        return COMMANDS[self.type].event


def _declare(name: str, event: str, *fields: FieldSpec) -> CommandType:
    return CommandType(name, event, fields)


_LISTED = (
    _declare(
        "open-session",
        "session-opened",
        code("patient", required=True),
        code("site", required=True),
        code("plan"),
        code("place"),
        code("timezone"),
        code("protocol"),
        code("protocol_hash"),
        whole("number", 1, 100000),
        flag("is_first"),
        mapping("consent"),
        mapping("weight"),
        mapping("facts"),
        items("told"),
        mapping("rems"),
        mapping("last"),
        items("allergies"),
        items("medicines"),
        items("scores"),
        items("session_dates"),
    ),
    _declare("record-arrival", "arrival-recorded", text("escort"), text("escort_phone"), text("note")),
    _declare(
        "confirm-identity",
        "identity-confirmed",
        codes("identifiers", "name", "birth-date", "photo", "wristband", required=True),
        HAPPENED,
    ),
    _declare(
        "record-check",
        "check-recorded",
        code("check", required=True),
        flag("passed", required=True),
        number("solids_h", "0", "240", "h"),
        code("solids_kind", "light", "fatty"),
        number("fluids_h", "0", "240", "h"),
        text("escort"),
        text("escort_phone"),
        code("where", "here", "on-call"),
        text("taken"),
        codes("held"),
        mapping("details"),
        text("note"),
    ),
    _declare(
        "record-weight",
        "weight-recorded",
        number("weight_kg", "30", "250", "kg", required=True),
        instant("weighed_at", past_d=YEAR_D),
    ),
    _declare(
        "record-suicide-screen",
        "suicide-screen-recorded",
        whole("level", 0, 5, "{score}"),
        flag("behaviour"),
        flag("behaviour_recent"),
        text("note"),
    ),
    _declare(
        "record-suicide-assessment",
        "suicide-assessment-recorded",
        code("outcome", "may-proceed", "no-dose-today", "emergency", required=True),
        text("reason", required=True, shortest=10),
    ),
    _declare("confirm-consent", "consent-confirmed", flag("agrees", required=True), code("consent")),
    _declare(
        "sign-order",
        "order-signed",
        number("dose_mg_per_kg", "0.01", "20", "mg/kg"),
        number("dose_mg", "1", "2000", "mg"),
        number("cap_mg", "1", "2000", "mg"),
        whole("devices", 1, 6, "{device}"),
        number("duration_min", "1", "1440", "min"),
        number("line_ml", "0", "50", "mL"),
        items("premedication"),
        items("rescue"),
        items("standing"),
        text("note"),
    ),
    _declare(
        "record-verbal-order",
        "verbal-order-recorded",
        code("prescriber", required=True),
        text("order", required=True, shortest=3),
        flag("read_back", required=True),
        number("rate_ml_per_h", "0.1", "999", "mL/h"),
        number("dose_mg", "0.1", "2000", "mg"),
        whole("devices", 1, 6, "{device}"),
    ),
    _declare("cosign-order", "order-cosigned", whole("order", 1, 1000000, required=True)),
    _declare(
        "record-preparation",
        "preparation-recorded",
        number("vial_mg_per_ml", "0.1", "500", "mg/mL"),
        code("lot"),
        code("vial"),
        day("expires_on", past_d=SHELF_D, ahead_d=SHELF_D),
        day("opened_on", past_d=YEAR_D),
        number("drawn_ml", "0.01", "1000", "mL"),
        number("diluent_ml", "0", "5000", "mL"),
        number("line_ml", "0", "50", "mL"),
        whole("devices", 1, 12, "{device}"),
    ),
    _declare(
        "sign-time-out",
        "time-out-signed",
        codes("confirmed", "patient", "drug", "dose", "route", "pump", "allergies", required=True),
    ),
    _declare("start", "dosing-started", number("rate_ml_per_h", "0.1", "999", "mL/h"), HAPPENED),
    _declare(
        "give-injection",
        "injection-given",
        number("dose_mg", "0.1", "2000", "mg", required=True),
        code("site"),
        code("lot"),
        HAPPENED,
    ),
    _declare(
        "give-device",
        "device-given",
        whole("number", 1, 12, "{device}"),
        code("lot", required=True),
        code("outcome", "given", "failed", "partial", "sneezed", required=True),
        HAPPENED,
    ),
    _declare("record-pause", "pause-recorded", PUMP, text("reason")),
    _declare("record-resume", "resume-recorded", PUMP, number("rate_ml_per_h", "0.1", "999", "mL/h"), HAPPENED),
    _declare(
        "record-rate-change",
        "rate-change-recorded",
        number("rate_ml_per_h", "0", "999", "mL/h", required=True),
        PUMP,
        text("reason"),
    ),
    _declare("record-stop", "stop-recorded", PUMP, text("reason")),
    _declare("record-complete", "completion-recorded", PUMP, number("flush_ml", "0", "200", "mL"), text("note")),
    _declare("record-pump-reading", "pump-read", number("pump_ml", "0", "5000", "mL", required=True)),
    _declare(
        "record-vitals",
        "vitals-recorded",
        whole("systolic", 40, 300, "mm[Hg]"),
        whole("diastolic", 20, 200, "mm[Hg]"),
        whole("mean", 20, 250, "mm[Hg]"),
        whole("heart_rate", 20, 260, "/min"),
        number("spo2", "30", "100", "%"),
        whole("resp_rate", 0, 80, "/min"),
        number("oxygen_l_per_min", "0", "60", "L/min"),
        number("temperature_cel", "30", "43", "Cel"),
        whole("moaas", 0, 5, "{score}"),
        code("origin", "manual", "cuff", "monitor", "counted"),
        code("position", "seated", "reclined", "lying"),
        flag("spo2_lost"),
        text("note"),
    ),
    _declare(
        "record-score",
        "score-recorded",
        code("scale", required=True),
        number("total", "0", "1000", "{score}"),
        mapping("answers"),
        text("note"),
    ),
    _declare(
        "record-symptom",
        "symptom-recorded",
        code("kind", required=True),
        code("level", *LEVELS, required=True),
        text("note"),
    ),
    _declare("record-comfort", "comfort-recorded", code("kind", required=True), text("note")),
    _declare(
        "record-drug-given",
        "drug-given",
        code("drug", required=True),
        code("dose", required=True),
        code("route", "iv", "im", "sc", "oral", "sublingual", "nasal", "inhaled", "other"),
        code("purpose", "own", "premedication", "rescue", required=True),
        code("class"),
        whole("order", 1, 1000000),
        flag("despite_allergy"),
        text("note"),
    ),
    _declare(
        "record-adverse-event",
        "adverse-event-recorded",
        text("kind", required=True),
        code("severity", "mild", "moderate", "severe", required=True),
        flag("serious"),
        code("seriousness"),
        text("note"),
    ),
    _declare(
        "record-access",
        "access-recorded",
        code("site"),
        whole("gauge", 10, 30, "G"),
        code("state", "placed", "good", "swollen", "red", "removed", required=True),
        number("flush_ml", "0", "200", "mL"),
    ),
    _declare("record-note", "note-recorded", text("note", required=True)),
    _declare("acknowledge-alarm", "alarm-acknowledged", code("alarm", required=True), text("note")),
    _declare("silence-alarm", "alarm-silenced", code("alarm", required=True), whole("seconds", 1, 600, "s")),
    _declare(
        "record-reconciliation",
        "reconciliation-recorded",
        *(number(name, "0", "5000", "mg") for name in SHEET_MG),
        *(whole(name, 0, 100, "{device}") for name in SHEET_DEVICES),
        text("note"),
    ),
    _declare(
        "override",
        "rule-overridden",
        code("rule", required=True),
        code("cause", required=True),
        text("mitigation", required=True, shortest=20),
        text("reason"),
        day("expires_on", required=True),
    ),
    _declare("sign-release", "release-signed", text("reason"), HAPPENED),
    _declare("record-left", "patient-left", code("company", *COMPANY), text("with"), text("note"), flag(UNASSESSED)),
    _declare(
        "record-ending",
        "ending-recorded",
        code("kind", *ENDINGS, required=True),
        text("last_vitals"),
        text("told"),
        flag("drug_reconciled"),
        text("to"),
        text("note"),
    ),
    _declare("cancel-session", "session-cancelled", text("reason", required=True)),
    _declare(
        "correct-entry",
        "entry-corrected",
        whole("seq", 1, 1000000, required=True),
        mapping("data"),
        text("text"),
        text("reason", required=True),
    ),
    _declare(
        "withdraw-entry",
        "entry-withdrawn",
        whole("seq", 1, 1000000, required=True),
        text("reason"),
        code("emergency_step"),
    ),
    _declare("add-addendum", "addendum-added", text("note", required=True)),
    _declare("close-record", "record-closed"),
    _declare("set-preferences", "preferences-recorded", items("preferences"), items("helped"), text("note")),
    _declare(
        "assign-nurse",
        "nurse-assigned",
        code("nurse", required=True),
        FROM,
        *LOAD,
        DUTY,
    ),
    _declare(
        "offer-handover",
        "handover-offered",
        code("to", required=True),
        FROM,
        *LOAD,
        DUTY,
        text("note"),
    ),
    _declare("accept-handover", "handover-accepted", *LOAD),
    _declare("withdraw-handover", "handover-withdrawn", text("reason")),
    _declare("decline-handover", "handover-declined", text("reason", required=True)),
    _declare(
        "record-emergency",
        "emergency-recorded",
        code("call", required=True),
        instant("began_at", required=True),
        instant("ended_at", required=True),
        items("steps"),
        text("note"),
    ),
    _declare("tick", "ticked"),
)

COMMANDS: Mapping[str, CommandType] = {each.name: each for each in _LISTED}
# what has happened and is recorded whatever the rules say; everything else is an intention that they may refuse
RECORDED = frozenset(name for name in COMMANDS if name.startswith("record-")) - {"record-resume"}


def parse_command(name: str, data: Mapping[str, Any] | None = None, path: str = "data") -> Command:
    """Return the command of that type and data.

    Raises
    ------
    InvalidInput
        There is no such command, or any field is unknown, missing, malformed, out of range, or at odds with another.
    """
    declared = COMMANDS.get(name) if isinstance(name, str) else None
    if declared is None:
        message = f"there is no command {name!r}"
        raise InvalidInput([build_error("type", "command-unknown", str(name)[:80], ", ".join(COMMANDS), message)])
    content = read_fields(declared.fields, dict(data or {}), "")
    _check_together(name, content)
    return Command(name, content)


def list_text_fields(name: str) -> tuple[str, ...]:
    """Return the names of a command's free-text fields, which are stored apart from the event."""
    return tuple(spec.name for spec in COMMANDS[name].fields if spec.kind == "text")


def _check_together(name: str, content: Mapping[str, Any]) -> None:
    check = _TOGETHER.get(name)
    if check is not None:
        check(content)


def _check_vitals(content: Mapping[str, Any]) -> None:
    measured = set(content) - {"origin", "position", "note"}
    if not measured:
        message = "no reading was given"
        raise InvalidInput([build_error("systolic", "vitals-empty", None, "at least one reading", message)])
    systolic, diastolic = content.get("systolic"), content.get("diastolic")
    if (systolic is None) != (diastolic is None):
        absent = "diastolic" if diastolic is None else "systolic"
        message = "a blood pressure needs both numbers"
        raise InvalidInput([build_error(absent, "pressure-half", None, "systolic and diastolic", message)])
    if systolic is not None and diastolic is not None and systolic <= diastolic:
        message = f"systolic {systolic} is not above diastolic {diastolic}"
        raise InvalidInput([build_error("systolic", "pressure-inverted", systolic, f"more than {diastolic}", message)])


def _check_score(content: Mapping[str, Any]) -> None:
    if "total" not in content and not content.get("answers"):
        message = "a score needs its answers or a total"
        raise InvalidInput([build_error("total", "score-empty", None, "answers or a total", message)])


def _check_screen(content: Mapping[str, Any]) -> None:
    if "level" not in content and "behaviour" not in content:
        message = "nothing was answered; an unanswered question stays unknown"
        raise InvalidInput([build_error("level", "screen-empty", None, "0 to 5, and behaviour yes or no", message)])


def _check_order(content: Mapping[str, Any]) -> None:
    given = [name for name in ("dose_mg_per_kg", "dose_mg", "devices") if name in content]
    if len(given) != 1:
        message = "an order names one dose: mg/kg, mg, or devices"
        raise InvalidInput(
            [build_error("dose_mg_per_kg", "order-dose", ", ".join(given), "exactly one of the three", message)]
        )


def _check_identity(content: Mapping[str, Any]) -> None:
    if len(content["identifiers"]) < 2:
        message = "two identifiers are needed"
        raise InvalidInput(
            [build_error("identifiers", "identifiers-too-few", ", ".join(content["identifiers"]), "two", message)]
        )


def _check_sheet(content: Mapping[str, Any]) -> None:
    """Refuse a sheet with a figure missing, which is not 0, and one that counts in both ways."""
    in_mg, in_devices = (any(name in content for name in names) for names in (SHEET_MG, SHEET_DEVICES))
    if in_mg and in_devices:
        message = "a sheet counts in mg or in devices, not in both"
        raise InvalidInput([build_error("prepared_devices", "sheet-mixed", None, "mg or devices", message)])
    names = SHEET_DEVICES if in_devices else SHEET_MG
    specs = {spec.name: spec for spec in COMMANDS["record-reconciliation"].fields}
    if absent := [name for name in names if name not in content]:
        raise InvalidInput(
            [build_error(name, "field-missing", None, describe(specs[name]), f"{name} is needed") for name in absent]
        )


def _check_correction(content: Mapping[str, Any]) -> None:
    if not content.get("data") and "text" not in content:
        message = "say what is right: new values, or words"
        raise InvalidInput([build_error("text", "correction-empty", None, "values or words", message)])


_TOGETHER = {
    "record-vitals": _check_vitals,
    "record-score": _check_score,
    "record-suicide-screen": _check_screen,
    "sign-order": _check_order,
    "confirm-identity": _check_identity,
    "correct-entry": _check_correction,
    "record-reconciliation": _check_sheet,
}
