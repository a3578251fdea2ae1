"""What the cards and the calls ask for, as one list: the most urgent first."""

from datetime import datetime
from typing import Any

from afterglow.clinicday.need import Need, rank

OCCUPIED = ("arrived", "pre-checks", "ready", "dosing", "paused", "observing", "released")


def list_needs(
    cards: list[dict[str, Any]], calls: list[dict[str, Any]], crises: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return every need with what it is of, ordered by level and then by time waiting."""
    rows: list[dict[str, Any]] = [row for card in cards for row in _list_of_card(card)]
    for call in calls:
        # an emergency stays what it is until it ends, whoever is on the way
        is_answered = bool(call["answered_at"]) and not call["is_code"]
        rows.append(_row("help", call["place"], call["at"], is_answered=is_answered, call=call))
    for each in crises:
        more = {"crisis": each, "initials": each["initials"]}
        rows.append(_row("crisis", each["place"], each["at"], is_answered=bool(each["answered_by"]), **more))
    return sorted(rows, key=lambda row: rank(_read(row)))


def find_top_alarm(card: dict[str, Any]) -> dict[str, Any] | None:
    """Return the alarm of a card that ranks first, or None."""
    rows = [row for row in _list_of_card(card) if row["kind"] in ("high", "medium", "low")]
    return min(rows, key=lambda row: rank(_read(row)))["alarm"] if rows else None


def find_highest(alarms: list[dict[str, Any]], place: str) -> dict[str, Any] | None:
    """Return the alarm that ranks first of those that stand at one place, or None."""
    rows = [
        _row(alarm["priority"], place, alarm["raised_at"], is_answered=bool(alarm["answered_at"]), alarm=alarm)
        for alarm in alarms
    ]
    return min(rows, key=lambda row: rank(_read(row)))["alarm"] if rows else None


def _list_of_card(card: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what one chair asks: a nurse first, its highest alarm, else what is late, to be decided, or ready."""
    rows = []
    common = {"session": card["session"], "initials": card["initials"]}
    if not card["nurse"] and card["phase"] in OCCUPIED:
        rows.append(_row("unassigned", card["place"], card["opened_at"], **common))
    for alarm in card["alarms"]:
        is_answered = bool(alarm["answered_at"])
        since = alarm["raised_at"]
        rows.append(
            _row(
                alarm["priority"],
                card["place"],
                since,
                is_answered=is_answered,
                alarm=alarm,
                phase=card["phase"],
                **common,
            )
        )
    rows = rows[:1] + _highest(rows[1:]) if rows and rows[0]["kind"] == "unassigned" else _highest(rows)
    if any(row["kind"] in ("high", "medium") for row in rows):
        return rows
    due = card["due"]
    # what is asked at once, as after a rescue drug, waits for nobody's lateness
    if due is not None and due["state"] in ("overdue", "now"):
        rows.append(_row("overdue", card["place"], due["due_at"], due=due, **common))
    if card["decision"] is not None:
        rows.append(_row("decision", card["place"], card["decision"]["since"], decision=card["decision"], **common))
    if card["offer"] is not None:
        rows.append(_row("handover", card["place"], card["offer"]["at"], offer=card["offer"], **common))
    if card["declined"] is not None:
        rows.append(_row("handover", card["place"], card["declined"]["at"], declined=card["declined"], **common))
    if card["ready_since"] is not None:
        rows.append(_row("ready", card["place"], card["ready_since"], **common))
    return rows


def _highest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the alarm that ranks first with how many more there are: a chair stands once among the alarms."""
    if not rows:
        return []
    first = min(rows, key=lambda row: rank(_read(row)))
    return [{**first, "more": len(rows) - 1}]


def _row(kind: str, place: str, since: str, *, is_answered: bool = False, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "place": place, "since": since, "is_answered": is_answered, **more}


def _read(row: dict[str, Any]) -> Need:
    return Need(row["kind"], row["place"], datetime.fromisoformat(row["since"]), row["is_answered"])
