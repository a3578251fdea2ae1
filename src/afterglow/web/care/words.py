"""How this room says things: outcomes, gates, hours after a session, professions, sharing, owners, ways out."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.clinic.care.visits import VisitRow
from afterglow.clinicday.care import Gate, Marks

OUTCOMES = (
    ("met", gettext_lazy("Met")),
    ("partly", gettext_lazy("Partly met")),
    ("not", gettext_lazy("Not met")),
    ("changed", gettext_lazy("Changed by the person")),
)
GOAL_KINDS = (("goal", gettext_lazy("Goal")), ("intention", gettext_lazy("Intention for the next session")))
PROFESSIONS = (
    ("family-doctor", gettext_lazy("Family doctor")),
    ("psychiatrist", gettext_lazy("Psychiatrist")),
    ("psychologist", gettext_lazy("Psychologist")),
    ("therapist", gettext_lazy("Therapist")),
    ("pain-clinic", gettext_lazy("Pain clinic")),
    ("hospital", gettext_lazy("Hospital")),
    ("other", gettext_lazy("Other")),
)
SHARING = (("allowed", gettext_lazy("Yes")), ("refused", gettext_lazy("No")))
LETTER_KINDS = (
    ("after-induction", gettext_lazy("After induction")),
    ("stopping", gettext_lazy("At stopping")),
    ("update", gettext_lazy("Other update")),
)
WAYS = (
    ("printed", gettext_lazy("Printed")),
    ("handed", gettext_lazy("Handed to the person")),
    ("posted", gettext_lazy("Posted")),
    ("fax", gettext_lazy("Fax")),
)
STEP_DOWN_KINDS = (("step-down", gettext_lazy("Step down")), ("stop", gettext_lazy("Stop")))
CHANGE_STATES = (
    ("proposed", gettext_lazy("proposed")),
    ("agreed", gettext_lazy("agreed")),
    ("done", gettext_lazy("done")),
    ("dropped", gettext_lazy("dropped")),
)
CHANGE_EVENTS = (*CHANGE_STATES, ("owner", gettext_lazy("new owner")))


def say(choices: Any, word: str) -> str:
    """Return the words of one choice."""
    return str(dict(choices).get(word, word))


def describe_gate(gate: Gate) -> str:
    """Return a gate in words: `After session 3`, `After induction, 6 sessions`, `End of week 4`."""
    words = {
        Marks.SESSION: _("After session %(n)d"),
        Marks.INDUCTION: _("After induction, %(n)d sessions"),
        Marks.WEEK: _("End of week %(n)d"),
        Marks.PERIODIC: _("Review %(n)d in long treatment"),
    }
    return words[gate.marks] % {"n": gate.count}


def describe_gate_id(key: str, gates: Any) -> str:
    """Return the gate of a review in words; nothing for one at any time."""
    if not key:
        return ""
    return next((describe_gate(gate) for gate in gates if gate.id == key), key)


def describe_visit(row: VisitRow) -> str:
    """Return when a visit lies: `26 h after session 4`, or before any session."""
    if row.session is None:
        return _("before the first session")
    return _("%(hours)d h after session %(n)d") % {"hours": row.hours_after, "n": row.session}


def describe_owner(change: Any) -> str:
    """Return who owns a change, and that they are outside where they are."""
    if change.outside_owner is not None:
        return _("%(name)s, outside") % {"name": change.outside_owner.name}
    return change.owner.display_name if change.owner is not None else ""


def describe_sharing(clinician: Any) -> tuple[str, str]:
    """Return what the person said about writing to a clinician, with its tag."""
    return {
        "allowed": (_("may be written to"), "ok"),
        "refused": (_("not to be written to"), "caution"),
        "not-asked": (_("not asked yet"), "amber"),
    }[clinician.sharing]
