"""Forms about orders, rules and the record itself: verbal orders, overrides, corrections, addenda, closing."""

from django.utils.translation import gettext_lazy as lazy

from afterglow.web.sessions.forms.before import yes_no
from afterglow.web.sessions.forms.model import CommandForm, Field

VERBAL = CommandForm(
    "record-verbal-order",
    lazy("Verbal order"),
    (
        Field("prescriber", lazy("Prescriber's sign-in name"), is_required=True),
        Field("order", lazy("The order, as read back"), "note", is_required=True),
        yes_no("read_back", lazy("Read back and confirmed"), is_required=True),
    ),
    lazy("Record verbal order"),
)

COSIGN = CommandForm(
    "cosign-order",
    lazy("Co-sign order"),
    (Field("order", lazy("Number of the order's entry"), "whole", is_required=True),),
    lazy("Co-sign"),
    consequence=lazy("The verbal order is yours from now on."),
    has_time=False,
)

OVERRIDE = CommandForm(
    "override",
    lazy("Override a rule"),
    (
        Field("rule", lazy("Rule"), is_required=True, hint=lazy("As written beside the finding")),
        Field(
            "cause",
            lazy("Cause"),
            "select",
            choices=(
                ("benefit-outweighs-risk", lazy("Benefit outweighs risk")),
                ("finding-not-accurate", lazy("Finding is not accurate")),
                ("risk-mitigated", lazy("Risk is mitigated")),
                ("emergency", lazy("Emergency")),
                ("other", lazy("Other")),
            ),
            is_required=True,
        ),
        Field("mitigation", lazy("Mitigation"), "note", is_required=True),
        Field("expires_on", lazy("Until"), hint=lazy("2026-11-17"), is_required=True),
    ),
    lazy("Override"),
    second="optional",
    consequence=lazy("The rule is overridden in your name and shown at every later session."),
    is_danger=True,
    has_time=False,
)

CORRECT = CommandForm(
    "correct-entry",
    lazy("Correct an entry in words"),
    (
        Field("seq", lazy("Number of the entry"), "whole", is_required=True),
        Field("text", lazy("What is right, in words"), "note", is_required=True),
        Field("reason", lazy("Why it was wrong"), is_required=True),
    ),
    lazy("Correct"),
    intro=lazy("Values and times are corrected by Correct beside the entry in the log; words alone change no value."),
    has_time=False,
)

ADDENDUM = CommandForm(
    "add-addendum",
    lazy("Addendum"),
    (Field("note", lazy("Addendum"), "note", is_required=True),),
    lazy("Add to the record"),
    has_time=False,
)

CLOSE = CommandForm(
    "close-record",
    lazy("Close record"),
    (),
    lazy("Close record"),
    consequence=lazy("The record is signed and closed; later words are addenda."),
    has_time=False,
)

FORMS = (VERBAL, COSIGN, OVERRIDE, CORRECT, ADDENDUM, CLOSE)
