"""The drug on paper: vials and devices, orders, pump readings, and the balance that must come to nothing."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.commands import SHEET_MG
from afterglow.chairside.details import write_value
from afterglow.chairside.drug_balance import counts_devices
from afterglow.protocols.model import Pattern
from afterglow.web.record.sheet import DASH, MINUS, Source, cell
from afterglow.web.sessions.present.words import mend_words, write_day

_ACTS = {
    "pause-recorded": "paused",
    "resume-recorded": "resumed",
    "rate-change-recorded": "rate",
    "stop-recorded": "stopped",
    "completion-recorded": "end",
    "pump-read": "round",
}


def build_drug(source: Source) -> dict[str, Any]:
    """Return the controlled-drug log of the session."""
    if source.protocol.pattern is Pattern.DEVICES:
        return _build_devices(source)
    balance = source.state.find_last("reconciliation-recorded")
    prepared = source.state.list("preparation-recorded")
    # the sheet accounts for all that was drawn, once: its figures stand in the last row
    rows = [_build_vial(source, event, balance if event is prepared[-1] else None) for event in prepared]
    return {
        "title": _("Dose and controlled-drug log"),
        "note": _("Strength as base. Prepared = given + left in line + returned + wasted") + _write_difference(balance),
        "columns": [
            [_("Vial"), "left"],
            [_("Strength"), "right"],
            [_("Drawn"), "right"],
            [_("Given"), "right"],
            [_("In line"), "right"],
            [_("Wasted"), "right"],
            [_("Returned"), "right"],
            [_("Prepared"), "left"],
            [_("Witness"), "left"],
        ],
        "widths": [2.3, 0.9, 1, 1, 0.9, 0.9, 1, 1.5, 1.5],
        "rows": rows,
        "lines": [*_write_order_lines(source), *_write_account(source, balance)],
    }


def _write_account(source: Source, balance: Any) -> list[str]:
    """Return the sheet beside the entries, and each figure that does not agree with its reason."""
    if balance is None:
        return []
    drug = source.view["drug"]
    differences = [mend_words(each["seen"]) for each in drug["differences"]]
    lines = [_("Signed for: %(what)s.") % {"what": _write_signed(balance.data)}]
    if not differences:
        return [*lines, _("Every figure agrees with the entries.")]
    lines.append(_("Does not agree with the entries: %(what)s.") % {"what": "; ".join(differences)})
    reason = next((row["note"] for row in source.view["log"] if row["seq"] == balance.seq), None)
    who = " ".join((source.name(balance.second), source.clock(balance.occurred_at))) if balance.second else ""
    lines.append(
        _("Reason: %(why)s. Second signature: %(who)s.")
        % {
            "why": str(reason).rstrip(".") if isinstance(reason, str) else _("none"),
            "who": who or _("none"),
        }
    )
    return lines


def _write_signed(data: Any) -> str:
    if counts_devices(data):
        words = {
            "taken": data["prepared_devices"],
            "given": data["given_devices"],
            "returned": data["returned_devices"],
            "wasted": data["wasted_devices"],
        }
        return _("devices taken out %(taken)s, given %(given)s, returned %(returned)s, wasted %(wasted)s") % words
    words = {name.removesuffix("_mg"): data[name] for name in SHEET_MG}
    return (
        _(
            "prepared %(prepared)s mg, given %(given)s mg, left in line %(left_in_line)s mg, returned %(returned)s mg, "
            "wasted %(wasted)s mg"
        )
        % words
    )


def _write_difference(balance: Any) -> str:
    if balance is None:
        return _("; not yet reconciled")
    return _(", difference %(mg)s mg") % {"mg": balance.data.get("difference_mg", "0")}


def _build_vial(source: Source, event: Any, balance: Any) -> list[Any]:
    data = event.data
    lot = _("Lot %(lot)s") % {"lot": data.get("lot") or DASH}
    opened = _(", opened on %(date)s") % {"date": write_day(data["opened_on"])} if data.get("opened_on") else ""
    expires = _(", exp %(date)s") % {"date": write_day(data["expires_on"])} if data.get("expires_on") else ""
    given = balance.data if balance is not None else {}
    witness = DASH
    if balance is not None and balance.second:
        witness = f"{source.name(balance.second)} {source.clock(balance.occurred_at)}"
    return [
        lot + expires + opened,
        _quantity(data.get("vial_mg_per_ml"), "mg/mL"),
        f"{_quantity(data.get('prepared_mg'), 'mg')}, {_quantity(data.get('drawn_ml'), 'mL')}",
        cell(_quantity(given.get("given_mg"), "mg"), strong=True),
        _quantity(given.get("left_in_line_mg"), "mg"),
        cell(_quantity(given.get("wasted_mg"), "mg"), strong=True),
        _quantity(given.get("returned_mg"), "mg"),
        f"{source.name(event.by)} {source.clock(event.occurred_at)}",
        witness,
    ]


def _quantity(value: Any, unit: str) -> str:
    return DASH if value is None else f"{value} {unit}"


def _build_devices(source: Source) -> dict[str, Any]:
    balance = source.state.find_last("reconciliation-recorded")
    rows = [
        [
            str(device.get("number") or index),
            source.clock(device["given_at"], seconds=True),
            device["lot"],
            device["outcome"],
            _quantity(device["mg"], "mg"),
        ]
        for index, device in enumerate(source.view["dose"]["devices"], start=1)
    ]
    return {
        "title": _("Devices"),
        "note": _("A failed device counts here and not in the dose"),
        "columns": [
            [_("Device"), "left"],
            [_("Time"), "left"],
            [_("Lot"), "left"],
            [_("Outcome"), "left"],
            [_("Dose"), "right"],
        ],
        "widths": [1, 1, 2, 2, 1],
        "rows": rows,
        "lines": [*_write_order_lines(source), *_write_account(source, balance)],
    }


def _write_order_lines(source: Source) -> list[str]:
    dose = source.view["dose"]
    if dose["ordered_mg"] is None:
        return [_("No order was signed.")]
    line = _("Ordered %(mg)s mg") % {"mg": dose["ordered_mg"]}
    if dose["dose_mg_per_kg"] and dose["weight_kg"]:
        line += f" = {dose['dose_mg_per_kg']} mg/kg \u00d7 {dose['weight_kg']} kg"
    if dose["cap_mg"]:
        line += _(", cap %(mg)s mg") % {"mg": dose["cap_mg"]}
    if dose["total_ml"]:
        line += _(", in %(ml)s mL at %(c)s mg/mL") % {"ml": dose["total_ml"], "c": dose["bag_mg_per_ml"]}
    lines = [line + "."]
    if dose["calculated_mg"] is not None:
        given = Decimal(dose["calculated_mg"]).quantize(Decimal("0.1"))
        lines.append(_("Given, calculated: %(mg)s mg.") % {"mg": given})
    return lines


def build_orders(source: Source) -> dict[str, Any]:
    """Return the orders of the session with who signed, read back and co-signed."""
    cosigned = {int(event.data["order"]): event for event in source.state.list("order-cosigned")}
    events = {event.seq: event for event in source.events}
    rows = []
    for order in source.view["orders"]:
        event = events[order["seq"]]
        at = source.clock(order["at"])
        if order["kind"] == "signed":
            text = f"{at}, {source.name(event.by)}, " + _("signed: %(what)s") % {"what": _describe_order(event.data)}
        else:
            words = event.data.get("order")
            text = f"{at}, " + _("verbal, %(who)s: %(what)s") % {
                "who": source.name(str(event.data["prescriber"])),
                "what": words if isinstance(words, str) else DASH,
            }
            text += _(". Read back by %(who)s") % {"who": source.name(event.by)} if event.data["read_back"] else ""
            signed = cosigned.get(event.seq)
            text += (
                _(", co-signed %(time)s") % {"time": source.clock(signed.occurred_at)}
                if signed
                else _(", not co-signed")
            )
        rows.append({"ref": f"#{order['seq']}", "text": text})
    return {"title": _("Orders"), "note": "", "rows": rows or [{"ref": DASH, "text": _("No order was signed.")}]}


def _describe_order(data: Any) -> str:
    parts = []
    if data.get("dose_mg_per_kg"):
        parts.append(f"{data['dose_mg_per_kg']} mg/kg")
    parts.append(f"{data['ordered_mg']} mg")
    if data.get("devices"):
        parts.append(_("%(n)s devices") % {"n": data["devices"]})
    if data.get("duration_min"):
        parts.append(_("over %(n)s min") % {"n": data["duration_min"]})
    if data.get("cap_mg"):
        parts.append(_("cap %(n)s mg") % {"n": data["cap_mg"]})
    for name in ("premedication", "rescue", "standing"):
        if data.get(name):
            parts.append(f"{name}: {write_value({'value': data[name]})}")
    return ", ".join(parts)


def build_pump(source: Source) -> dict[str, Any] | None:
    """Return the pump's readings beside the clock's, or None where there is no pump."""
    if source.protocol.pattern is not Pattern.INFUSION:
        return None
    rows = []
    for event in source.state.list(*_ACTS):
        if "clock_ml" not in event.data:
            continue
        difference = event.data.get("difference_percent")
        rows.append(
            [
                f"{source.clock(event.occurred_at, seconds=True)} {_(_ACTS[event.type])}",
                event.data.get("rate_ml_per_h") or DASH,
                event.data.get("pump_ml") or _("not read"),
                event.data["clock_ml"],
                DASH if difference is None else f"{difference} %".replace("-", MINUS),
            ]
        )
    limit = source.protocol.setting("pump.difference_percent")
    return {
        "title": _("Pump readings"),
        "note": _("limit of difference %(n)s %%") % {"n": limit},
        "columns": [
            [_("Time, act"), "left"],
            [_("Set mL/h"), "right"],
            [_("Pump mL"), "right"],
            [_("Clock mL"), "right"],
            [_("Differs"), "right"],
        ],
        "rows": rows,
    }


def build_release(source: Source) -> dict[str, Any]:
    """Return the release checklist: each gate with what was seen, and the times of release and departure."""
    released, left = source.state.find_last("release-signed"), source.state.find_last("patient-left", "ending-recorded")
    note = []
    if released is not None:
        note.append(_("released %(time)s") % {"time": source.clock(released.occurred_at)})
    if left is not None:
        note.append(_("left %(time)s") % {"time": source.clock(left.occurred_at)})
    rows = [
        {
            "met": gate["state"] == "met",
            "text": mend_words(gate["title"]),
            "seen": mend_words(gate["seen"]),
            "state": _("missing") if gate["state"] == "missing" else _("not met"),
        }
        for gate in source.view["discharge"]["gates"]
    ]
    return {"title": _("Release checklist"), "note": ", ".join(note) or _("not released"), "rows": rows}
