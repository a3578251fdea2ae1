"""Forms of leaving: scores, gates seen, reconciliation with a witness, release, departure, other endings."""

from django.utils.translation import gettext_lazy as lazy

from afterglow.web.sessions.forms.before import ALREADY
from afterglow.web.sessions.forms.model import Choices, CommandForm, Field

TWO: Choices = (("0", "0"), ("1", "1"), ("2", "2"))


def _scale(sheet: str, title: str, scale: str, items: tuple[tuple[str, object], ...]) -> CommandForm:
    """Return the form of a scale with items of 0 to 2."""
    answers = tuple(Field(f"answers.{name}", label, "choice", choices=TWO, is_required=True) for name, label in items)
    fields = (Field("scale", "", "hidden", value=scale), *answers)
    return CommandForm("record-score", title, fields, lazy("Record score"), sheet=sheet)


ALDRETE = _scale(
    "record-score-aldrete",
    "Modified Aldrete",
    "aldrete",
    (
        ("activity", lazy("Limbs: none 0, two 1, all 2")),
        ("breathing", lazy("Breathing: none 0, shallow 1, deep and cough 2")),
        ("circulation", lazy("Pressure from baseline: over 50 % 0, 20 to 50 % 1, within 20 % 2")),
        ("consciousness", lazy("Awake: no 0, when called 1, fully 2")),
        ("oxygen", lazy("SpO₂: under 90 % on oxygen 0, needs oxygen 1, over 92 % on air 2")),
    ),
)

PADSS = _scale(
    "record-score-padss",
    "PADSS",
    "padss",
    (
        ("vitals", lazy("Vitals from baseline: over 40 % 0, 20 to 40 % 1, within 20 % 2")),
        ("walking", lazy("Walking: cannot 0, with help 1, steady and oriented 2")),
        ("nausea", lazy("Pain and nausea: severe 0, treated 1, none or mild 2")),
        ("bleeding", lazy("Bleeding at the site: severe 0, moderate 1, none or slight 2")),
        ("intake", lazy("Drank and voided: neither 0, one 1, both 2")),
    ),
)

GATE = CommandForm(
    "record-check",
    lazy("Seen before leaving"),
    (
        Field(
            "check",
            lazy("Seen"),
            "choice",
            choices=(
                ("oriented", lazy("Oriented, no acute distress")),
                ("walks-unaided", lazy("Walks unaided")),
                ("escort-present", lazy("Escort is here")),
                ("instructions-given", lazy("Instructions given and understood")),
                ("iv-removed", lazy("IV line removed")),
            ),
            is_required=True,
        ),
        Field("passed", lazy("So"), "yes-no", choices=(("yes", lazy("Yes")), ("no", lazy("No"))), is_required=True),
    ),
    lazy("Record"),
    sheet="record-gate",
)

_WHY = Field("note", lazy("Reason, where something differs"), "note")

RECONCILIATION = CommandForm(
    "record-reconciliation",
    lazy("Drug reconciled"),
    (
        Field("prepared_mg", lazy("Prepared"), "number", "mg", is_required=True),
        Field("given_mg", lazy("Given"), "number", "mg", is_required=True),
        Field("left_in_line_mg", lazy("Left in line"), "number", "mg", is_required=True),
        Field("returned_mg", lazy("Returned"), "number", "mg", is_required=True),
        Field("wasted_mg", lazy("Wasted"), "number", "mg", is_required=True),
        _WHY,
    ),
    lazy("Sign reconciliation"),
    intro=lazy(
        "Count first, then compare. Prepared = given + left in line + returned + wasted. Somebody who did not draw the "
        "drug signs what was wasted, and any difference."
    ),
    second="optional",
    part="drug",
)

RECONCILIATION_OF_DEVICES = CommandForm(
    "record-reconciliation",
    lazy("Drug reconciled"),
    (
        Field("prepared_devices", lazy("Taken out"), "whole", lazy("devices"), is_required=True),
        Field("given_devices", lazy("Given"), "whole", lazy("devices"), is_required=True),
        Field("returned_devices", lazy("Returned unopened"), "whole", lazy("devices"), is_required=True),
        Field("wasted_devices", lazy("Wasted: failed or dropped"), "whole", lazy("devices"), is_required=True),
        _WHY,
    ),
    lazy("Sign reconciliation"),
    sheet="record-reconciliation-devices",
    intro=lazy(
        "Count first, then compare. Taken out = given + returned + wasted. Somebody else signs what was wasted, and "
        "any difference."
    ),
    second="optional",
    part="drug",
)

RELEASE = CommandForm(
    "sign-release",
    lazy("Sign release"),
    (Field("reason", lazy("Reason, where a gate is not met"), "note"), ALREADY),
    lazy("Sign release"),
    consequence=lazy("You release this person to leave; the time is recorded."),
    second="optional",
)

LEFT = CommandForm(
    "record-left",
    lazy("Record: left"),
    (
        Field(
            "company",
            lazy("With whom"),
            "choice",
            choices=(
                ("escort", lazy("The escort named for today")),
                ("other", lazy("Another adult, named below")),
                ("alone", lazy("Alone")),
            ),
            is_required=True,
            hint=lazy("Nobody leaves alone by default. What happened is recorded; tell the prescriber."),
        ),
        Field("with", lazy("Name of who takes the person home")),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record: left"),
)

_ENDING_FIELDS = (
    Field("last_vitals", lazy("Last vitals"), hint=lazy("128/76 p84 s97 r14, or why none")),
    Field("told", lazy("Who was told, when"), "note", is_required=True),
    Field(
        "drug_reconciled",
        lazy("Drug reconciled"),
        "yes-no",
        choices=(("yes", lazy("Yes")), ("no", lazy("No, later"))),
        is_required=True,
    ),
    Field("note", lazy("What happened"), "note"),
)


def _ending(kind: str, title: object, *more: Field) -> CommandForm:
    fields = (Field("kind", "", "hidden", value=kind), *more, *_ENDING_FIELDS)
    return CommandForm("record-ending", title, fields, lazy("Record ending"), sheet=f"ending-{kind}", is_danger=True)


ENDINGS = (
    _ending("left-against-advice", lazy("Left against advice")),
    _ending("eloped", lazy("Gone without a word")),
    _ending("transferred", lazy("Transferred"), Field("to", lazy("To whom or where"), is_required=True)),
    _ending("died", lazy("Died")),
)

FORMS = (ALDRETE, PADSS, GATE, RECONCILIATION, RECONCILIATION_OF_DEVICES, RELEASE, LEFT, *ENDINGS)
