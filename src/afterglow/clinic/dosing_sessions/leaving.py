"""What the chart asks before a person leaves a session: an answer about suicide is assessed first."""

from typing import Any

from afterglow.chairside.commands import UNASSESSED, Command
from afterglow.chairside.gates import describe_gate
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import Refused

LEAVING = ("sign-release", "record-left")


def check_leaving(session: Session, command: Command) -> Command:
    """Refuse a release while an answer about suicide is not assessed; of a departure say that it was not."""
    from afterglow.clinic.measures.leaving import find_left_open
    from afterglow.clinic.measures.risk import STOP

    if command.type not in LEAVING or command.data.get("already_happened"):
        return command
    finding = find_left_open(session)
    if command.type == "sign-release":
        if finding is not None:
            raise Refused(STOP, "An answer about suicide is not assessed; no release.", findings=[finding])
        return command
    # what the chart knows is said by the chart, never by who types the departure
    data = {name: value for name, value in command.data.items() if name != UNASSESSED}
    return Command(command.type, data if finding is None else {**data, UNASSESSED: True})


def add_leaving(view: dict[str, Any], session: Session) -> None:
    """Show beside the gates that an answer about suicide holds the release."""
    from afterglow.clinic.measures.leaving import find_left_open

    if (finding := find_left_open(session)) is None:
        return
    view["discharge"]["gates"].append(describe_gate(finding))
    view["discharge"]["is_open"] = False
    for row in view["allowed"]:
        if row["command"] == "sign-release" and row["is_allowed"]:
            row.update(is_allowed=False, reason=f"{finding.title}. {finding.asks}")
