"""How a session ended otherwise than by a discharge: where to, who was told, what was last measured, the drug."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.state import SessionState
from afterglow.clinic.dosing_sessions.texts import put_texts

View = dict[str, Any]


def build_ending(state: SessionState, notes: Mapping[str, Any], clock: Callable[[datetime], str]) -> View | None:
    """Return the ending as it stands after corrections, each of its answers by name, or None where there is none.

    `clock` writes when it was. What was not answered says so: unknown is not "no".
    """
    event = state.find_last("ending-recorded")
    if event is None:
        return None
    data = put_texts(dict(event.data), notes)
    unknown = _("not recorded")
    reconciled = {True: _("yes"), False: _("no")}.get(data.get("drug_reconciled"), unknown)
    kinds = {
        "left-against-advice": _("Left against advice"),
        "eloped": _("Gone without a word"),
        "transferred": _("Transferred"),
        "died": _("Died"),
    }
    rows = [(_("To"), data.get("to") or unknown)] if data["kind"] == "transferred" or data.get("to") else []
    rows += [
        (_("Last vitals"), data.get("last_vitals") or unknown),
        (_("Who was told"), data.get("told") or unknown),
        (_("Drug reconciled"), reconciled),
    ]
    if data.get("note"):
        rows.append((_("Note"), data["note"]))
    return {"title": f"{kinds.get(data['kind'], data['kind'])}, {clock(event.occurred_at)}", "rows": rows}
