"""Checks before, gates after, and the record's own lists: log, deviations, missing form fields, orders."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.corrections import NEVER_CORRECTED
from afterglow.web.sessions.present.told import build_told
from afterglow.web.sessions.present.words import (
    mend_words,
    read_instant,
    write_days_ago,
    write_hour,
    write_minute,
    write_moment,
    write_number,
    write_short_day,
)

View = dict[str, Any]

UNDO_S = 10
SCORE_SHEETS = frozenset({"aldrete", "padss"})
GATE_ICONS = {"met": "tick", "open": "clock", "missing": "question"}
GATE_ORDER = {"open": 0, "missing": 1, "met": 2}
CHECK_ICONS = {
    "met": "tick",
    "done": "tick",
    "passed": "tick",
    "open": "clock",
    "pending": "clock",
    "missing": "question",
    "failed": "stop-sign",
    "stop": "stop-sign",
    "overridden": "pen",
}
CHECK_COMMANDS = {
    "identity": "confirm-identity",
    "consent": "confirm-consent",
    "consent-today": "confirm-consent",
    "suicide-screen": "record-suicide-screen",
    "weight": "record-weight",
    "score-recent": "record-score",
    "phq9": "record-score",
    "baseline-vitals": "record-vitals",
    "iv-site": "record-access",
}
# of these the last entry counts
LAST_COUNTS = frozenset({"preparation-recorded", "reconciliation-recorded", "order-signed", "weight-recorded"})
# what the page of the answers about suicide settles
HELD = frozenset({"risk-not-assessed", "suicide-assessment-missing", "suicide-assessment-holds"})
CHECK_KINDS = {
    "met": "met",
    "done": "met",
    "passed": "met",
    "failed": "stop",
    "stop": "stop",
    "missing": "missing",
}


def build_gates(view: View, protocol: Any = None) -> View:
    """Return the discharge gates with what was seen, and the earliest time."""
    discharge = view.get("discharge") or {}
    observed = {
        gate.id: str(gate.params["what"].value)
        for gate in getattr(protocol, "gates", ())
        if gate.kind == "observed" and "what" in gate.params
    }
    gates = []
    for gate in discharge.get("gates") or []:
        state = str(gate.get("state") or "missing")
        tap = observed.get(gate.get("id"), "") if state != "met" else ""
        title, threshold = mend_words(gate.get("title")), mend_words(gate.get("threshold"))
        gates.append(
            {
                **gate,
                "state": state,
                "title": title,
                "seen": mend_words(gate.get("seen")),
                # what the title says already is not said twice
                "shown_threshold": "" if threshold.casefold() in title.casefold() else threshold,
                "icon": GATE_ICONS.get(state, "question"),
                "tap": tap,
                **(_find_gate_entry(gate, protocol) if state != "met" and not tap else {}),
            }
        )
    # what was seen and does not suffice, what is missing, what is met
    gates.sort(key=lambda gate: GATE_ORDER.get(gate["state"], 0))
    met = [gate for gate in gates if gate["state"] == "met"]
    earliest, now = read_instant(discharge.get("earliest_at")), read_instant(view.get("now"))
    return {
        "gates": gates,
        "open": gates[: len(gates) - len(met)],
        "met": met,
        "met_count": len(met),
        "open_count": len(gates) - len(met),
        "is_open": bool(discharge.get("is_open")),
        # an hour that is past holds nobody back: then what is open is said
        "earliest": write_hour(earliest) if earliest and (now is None or earliest > now) else "",
        "earliest_at": discharge.get("earliest_at") or "",
    }


def _find_gate_entry(gate: View, protocol: Any) -> View:
    """Return where the reading that opens a gate is entered."""
    kind = str(gate.get("kind") or "")
    if kind in {"blood-pressure", "vitals-within"}:
        return {"goes": "vitals-systolic"}
    sheets = {"recorded": "record-suicide-screen", "scale-equals": "record-symptom"}
    if kind in {"score-at-least", "near-baseline"}:
        gates = getattr(protocol, "gates", ())
        params: View = next((dict(each.params) for each in gates if each.id == gate.get("id")), {})
        scale = str(params["scale"].value) if "scale" in params else ""
        return {"sheet": f"record-score-{scale}" if scale in SCORE_SHEETS else "record-score"}
    return {"sheet": sheets[kind]} if kind in sheets else {}


def build_checks(view: View) -> View:
    """Return the pre-session checks in the protocol's order, and how many are done."""
    rows, told = [], build_told(view)
    for check in view.get("checks") or []:
        held = check.get("held") or []
        # an answer on which a rule stops is no tick
        state = "stop" if held else str(check.get("state") or "open")
        rows.append(
            {
                **check,
                "told": told.get(str(check.get("id")), []),
                "title": mend_words(check.get("title")),
                "asks": mend_words(check.get("asks")),
                "seen": mend_words(check.get("seen")),
                "state": state,
                "kind_class": CHECK_KINDS.get(state, "open"),
                "icon": CHECK_ICONS.get(state, "clock"),
                "at": _write_met(check, view.get("now")),
                **_find_old_weight(check, view),
                "held": [write_held(each, view.get("now")) for each in held],
                "is_met": CHECK_KINDS.get(state) == "met" or state == "overridden",
                **_find_entry(check),
            }
        )
    done = sum(row["is_met"] for row in rows)
    rows.sort(key=lambda row: bool(row["is_met"]))
    return {
        "rows": rows,
        "done": done,
        "count": len(rows),
        "is_complete": bool(rows) and done == len(rows),
        "told": told.get("", []),
    }


def _find_old_weight(check: View, view: View) -> View:
    """Return of a weight that the protocol still allows and that is not today's how old it is: no tick for today."""
    old = write_days_ago(check.get("at"), view.get("now")) if check.get("kind") == "weight" else ""
    if not old or check.get("state") != "met":
        return {}
    weight = write_number((view.get("dose") or {}).get("weight_kg"))
    seen = _("%(kg)s kg, %(old)s; not weighed today") % {"kg": weight, "old": old}
    return {"seen": seen, "icon": "clock", "kind_class": "missing"}


def _find_entry(check: View) -> View:
    """Return the command that answers a check, and the sheet that holds its form."""
    key, kind = str(check.get("id") or ""), str(check.get("kind") or "")
    command = str(check.get("command") or CHECK_COMMANDS.get(key) or CHECK_COMMANDS.get(kind) or "record-check")
    if command == "record-check":
        return {"command": command, "sheet": f"record-check-{key}"}
    if command == "record-score":
        return {"command": command, "sheet": f"record-score-{key}" if key == "phq9" else "record-score"}
    return {"command": command, "sheet": command}


def build_log(view: View) -> list[View]:
    """Return the log, latest first; corrected entries stay, struck, beside what replaced them."""
    rows = []
    for entry in view.get("log") or []:
        rows.append(
            {
                **entry,
                "number": str(entry.get("seq") or ""),
                "text": mend_words(entry.get("text")),
                "by_name": entry.get("by_name") or entry.get("by") or "",
                "hour": write_moment(entry.get("occurred_at"), view.get("now")),
                "stored": write_hour(entry.get("recorded_at"), seconds=True),
                "is_corrected": bool(entry.get("corrected_by")),
                **_find_correctable(entry, view),
            }
        )
    return rows[::-1]


def _find_correctable(entry: View, view: View) -> View:
    """Return which entry is corrected from a row: its own, or beside the last correction the entry it corrected."""
    kind, seq = str(entry.get("type") or ""), entry.get("seq")
    if kind == "entry-corrected":
        seq = entry.get("corrects")
        row: View = next((each for each in view.get("log") or [] if each.get("seq") == seq), {})
        kind = "" if row.get("corrected_by") != entry.get("seq") else str(row.get("type") or "")
    is_open = bool(kind) and not entry.get("corrected_by") and not view.get("is_closed")
    return {"correct_seq": seq, "can_correct": is_open and kind not in NEVER_CORRECTED}


def build_allowed(view: View) -> dict[str, View]:
    """Return by command whether it is offered now, with the reason when it is not."""
    return {str(row.get("command")): row for row in view.get("allowed") or []}


def build_rems(view: View, protocol: Any = None) -> View | None:
    """Return the missing fields of the REMS form with where each is filled, or None where there is no such form."""
    rems = view.get("rems")
    if not rems:
        return None
    asked = {str(field["id"]): field.get("from") or {} for field in getattr(protocol, "rems_fields", ())}
    missing = []
    for item in rems.get("missing") or []:
        field = item if isinstance(item, dict) else {"title": str(item)}
        missing.append({**field, "title": mend_words(field.get("title")), **_find_filling(field, asked)})
    return {"missing": missing, "is_complete": not missing, "fields": rems.get("fields") or []}


def _find_filling(field: View, asked: dict[str, View]) -> View:
    """Return the sheet or the page where a field of the form is filled, and the words of the way there."""
    name = str(field.get("id") or "")
    origin = asked.get(name, {})
    event, key = str(origin.get("event") or ""), str(origin.get("key") or "").split(".", maxsplit=1)[0]
    if event == "vitals-recorded":
        return {"goes": "vitals-systolic", "way": _("Enter vitals")}
    sheets = {
        "check-recorded": f"record-check-{key}",
        "device-given": "give-device",
        "score-recorded": "record-score",
        "adverse-event-recorded": "record-adverse-event",
        "release-signed": "sign-release",
        "released": "record-left",
    }
    if event in sheets:
        return {"sheet": sheets[event], "way": _("Record")}
    if name.startswith("patient."):
        return {"page": "identity", "way": _("Identity page")}
    return {"way": _("No page here holds this: write it on the form itself.")}


def _write_met(check: View, now: Any) -> str:
    """Return when a check was met: a score by its day, anything else by its time, with the day when not today."""
    at = check.get("at") or check.get("recorded_at") or check.get("done_at")
    if not at or check.get("kind") != "score-recent":
        return write_minute(at, now)
    return _("today") if write_short_day(at) == write_short_day(now) else write_short_day(at)


def write_held(finding: View, now: Any) -> View:
    """Return a stop in words: what was seen against what is asked, and for fasting from when it is enough."""
    wait, seen = finding.get("wait"), mend_words(finding.get("seen"))
    source = {"source": finding.get("source") or "", "grade": finding.get("grade") or "", "rule": finding.get("rule")}
    if not wait:
        threshold = mend_words(finding.get("threshold"))
        return {**source, "words": _("%(seen)s; asked: %(asked)s") % {"seen": seen, "asked": threshold}, "more": ""}
    kinds = {"light": _("light"), "fatty": _("fatty or full")}
    what = _("Food") if wait["what"] == "food" else _("Clear liquid")
    parts = [f"{what} {write_minute(wait['at'], now)}", kinds.get(wait["kind"], "")]
    asked = _("%(hours)s h asked: not before %(at)s") % {
        "hours": wait["asked_h"],
        "at": write_minute(wait["not_before"], now, is_limit=True),
    }
    at, present = read_instant(wait["not_before"]), read_instant(now)
    is_over = at is not None and present is not None and present >= at
    more = _("That time is over: ask again what was eaten and drunk, and record it.") if is_over else ""
    return {**source, "words": ", ".join(part for part in (*parts, asked) if part), "more": more}


def describe_blockers(view: View) -> list[View]:
    """Return what stands between now and the next act of giving, each with what would open it."""
    # one rule can stop on food and on fluids: each line is that of its own finding
    held = {
        (str(each["rule"]), str(each.get("seen"))): write_held(each, view.get("now"))
        for check in view.get("checks") or []
        for each in check.get("held") or []
    }
    return [
        {
            "asks": mend_words(item.get("asks")),
            "why": _write_why(item, held),
            "rule": item.get("rule") or "",
            "can_override": bool(item.get("rule")) and item.get("override") not in {None, "", "none"},
            "finding": item.get("finding"),
            # an answer that holds the dose is assessed on its own page, which counts here
            "is_assessed_elsewhere": item.get("code") in HELD,
        }
        for item in view.get("blockers") or []
    ]


def _write_why(item: View, held: dict[tuple[str, str], View]) -> str:
    """Return on what a rule stops: as the check says it, else what was seen against what is asked."""
    finding = item.get("finding")
    if not finding or finding.get("severity") != "stop":
        return ""
    key = (str(item.get("rule")), str(finding.get("seen")))
    return str((held.get(key) or write_held(finding, None))["words"])


def build_deviations(view: View) -> list[View]:
    """Return what departed from what was asked, each with its hour; what is settled or signed asks for nothing more.

    It is settled where its entry was corrected or made anew without the same finding. Nothing is left out.
    """
    log = [row for row in view.get("log") or [] if row.get("seq")]
    entries = {row["seq"]: row for row in log}
    is_closed = bool(view.get("is_closed"))
    found = []
    for item in view.get("deviations") or []:
        entry = entries.get(item.get("seq"), {})
        later = _find_settled(item, entry, log)
        state = _("Settled by entry %(n)s") % {"n": later} if later else ""
        found.append(
            {**item, "hour": write_hour(entry.get("occurred_at")), "state": state, "is_past": is_closed or bool(later)}
        )
    return found


def _find_settled(item: View, entry: View, log: list[View]) -> Any:
    """Return the later entry that stands in the place of one and does not find the same any more, or None."""
    rule, kind, seq = item.get("rule"), entry.get("type"), entry.get("seq")
    if seq is None:
        return None
    corrected = next((row for row in log if row["seq"] == entry.get("corrected_by")), None)
    if corrected is not None:
        return None if _finds(corrected, rule) else corrected["seq"]
    if kind not in LAST_COUNTS:
        return None
    standing = [row for row in log if row.get("type") == kind and row["seq"] > seq and not row.get("corrected_by")]
    return standing[-1]["seq"] if standing and not _finds(standing[-1], rule) else None


def _finds(entry: View, rule: Any) -> bool:
    return any(each.get("rule") == rule for each in entry.get("findings") or [])


def write_signed(view: View) -> str:
    """Return who signed the record and when, and which addenda stand beside it; nothing while it is open."""
    if not view.get("is_closed"):
        return ""
    log = view.get("log") or []
    signed = next((row for row in reversed(log) if row.get("type") == "record-closed"), None)
    words = _("Part of the record that was signed; nothing here waits for anybody.")
    if signed is not None:
        values = {"at": write_moment(signed.get("occurred_at"), view.get("now")), "n": signed.get("seq")}
        words = _("Part of the record signed %(at)s, entry %(n)s; nothing here waits for anybody.") % values
    added = [str(row["seq"]) for row in log if row.get("type") == "addendum-added"]
    return f"{words} " + _("Addenda: entries %(n)s.") % {"n": ", ".join(added)} if added else words


def build_orders(view: View) -> list[View]:
    """Return orders in words: signed ones, and verbal ones with the co-sign they wait for."""
    rows = []
    for item in view.get("orders") or []:
        data = item.get("data") or {}
        is_verbal = item.get("kind") == "verbal"
        text = str(data.get("order") or _("Verbal order")) if is_verbal else _describe_order(data)
        rows.append(
            {
                "seq": item.get("seq"),
                "by": item.get("by"),
                "text": text,
                "hour": write_hour(item.get("at")),
                "is_open": bool(item.get("is_open")),
                "cosign_by": write_hour(item.get("cosign_by")),
            }
        )
    return rows


def _describe_order(data: View) -> str:
    """Return a signed order's dose, premedication and rescue drugs."""
    parts = [_("%(mg)s mg") % {"mg": write_number(data.get("ordered_mg"))}]
    if data.get("dose_mg_per_kg"):
        parts.append(f"{write_number(data['dose_mg_per_kg'])} mg/kg")
    if data.get("devices"):
        parts.append(_("%(n)s devices") % {"n": data["devices"]})
    if data.get("duration_min"):
        parts.append(_("over %(n)s min") % {"n": write_number(data["duration_min"])})
    for name, words in (("premedication", _("before")), ("rescue", _("rescue")), ("standing", _("standing"))):
        listed = [
            str(entry.get("text") or entry) if isinstance(entry, dict) else str(entry) for entry in data.get(name) or []
        ]
        if listed:
            parts.append(f"{words}: {', '.join(listed)}")
    return ", ".join(parts)


def read_undo(view: View, user_id: str, now: datetime) -> View | None:
    """Return the acting person's last entry, and whether it is fresh enough to be taken back."""
    for entry in reversed(view.get("log") or []):
        if entry.get("by") != user_id or entry.get("corrected_by"):
            continue
        at = read_instant(entry.get("recorded_at"))
        is_fresh = at is not None and (now - at).total_seconds() < UNDO_S
        return {"seq": entry.get("seq"), "at": write_hour(at, seconds=True), "can_undo": is_fresh}
    return None


def name_phase_task(phase: str) -> str:
    """Return the title of the middle region for a phase."""
    if phase in {"booked", "arrived", "pre-checks", "ready"}:
        return _("Before the dose")
    if phase in {"observing", "released", "left"}:
        return _("Before leaving")
    return _("Session timeline")


def _name_drug(entry: Any) -> str:
    """Return a drug of an order in words, whichever way it was written."""
    if isinstance(entry, dict):
        return " ".join(str(entry[key]) for key in ("drug", "name", "dose", "text") if entry.get(key))
    return str(entry)
