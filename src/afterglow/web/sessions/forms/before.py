"""Forms of the time before the dose: arrival, identity, checks, screen, consent, order, preparation, time-out."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from afterglow.web.sessions.forms.model import Choices, CommandForm, Field

ALREADY = Field(
    "already_happened",
    lazy("Late entry"),
    "check",
    choices=(("yes", lazy("It has already happened; record it with its time")),),
)
YES_NO: Choices = (("yes", lazy("Yes")), ("no", lazy("No")))


def yes_no(name: str, label: Any, **more: Any) -> Field:
    """Return a question with yes, no, and nothing chosen."""
    return Field(name, label, "yes-no", choices=YES_NO, **more)


ARRIVAL = CommandForm(
    "record-arrival",
    lazy("Record arrival"),
    (
        Field("escort", lazy("Escort's name"), hint=lazy("Who takes the person home")),
        Field("escort_phone", lazy("Escort's telephone")),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record arrival"),
)

IDENTITY = CommandForm(
    "confirm-identity",
    lazy("Confirm identity"),
    (
        Field(
            "identifiers",
            lazy("Confirmed with the person"),
            "many",
            choices=(
                ("name", lazy("Full name")),
                ("birth-date", lazy("Date of birth")),
                ("photo", lazy("Photo document")),
                ("wristband", lazy("Wristband")),
            ),
            is_required=True,
            hint=lazy("At least two"),
        ),
        ALREADY,
    ),
    lazy("Identity confirmed"),
    second="optional",
)

WEIGHT = CommandForm(
    "record-weight",
    lazy("Weight"),
    (Field("weight_kg", lazy("Weight today"), "number", "kg", is_required=True),),
    lazy("Record weight"),
)

SCREEN_LEVELS: Choices = (
    ("0", lazy("0: no to all")),
    ("1", lazy("1: wish to be dead")),
    ("2", lazy("2: thoughts, no method")),
    ("3", lazy("3: method, no intent")),
    ("4", lazy("4: some intent")),
    ("5", lazy("5: plan and intent")),
)

SCREEN = CommandForm(
    "record-suicide-screen",
    lazy("Suicide screen"),
    (
        Field(
            "level",
            lazy("Highest thought since last contact (C-SSRS)"),
            "choice",
            choices=SCREEN_LEVELS,
            is_required=True,
        ),
        yes_no("behaviour", lazy("Any behaviour or preparation"), is_required=True),
        yes_no("behaviour_recent", lazy("Within three months")),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record screen"),
    intro=lazy("Ask with the instrument's own words; enter the result here."),
)

ASSESSMENT = CommandForm(
    "record-suicide-assessment",
    lazy("Clinician's assessment"),
    (
        Field(
            "outcome",
            lazy("Outcome"),
            "choice",
            choices=(
                ("may-proceed", lazy("May proceed today")),
                ("no-dose-today", lazy("No dose today")),
                ("emergency", lazy("Emergency care")),
            ),
            is_required=True,
        ),
        Field("reason", lazy("Assessment and safety plan"), "note", is_required=True),
    ),
    lazy("Record assessment"),
    intro=lazy(
        "By a licensed clinician, in person. Where an answer holds the dose, assess on the page of the answers: "
        "that counts here too, this releases nothing there."
    ),
)

CONSENT = CommandForm(
    "confirm-consent",
    lazy("Consent today"),
    (yes_no("agrees", lazy("The person still agrees to this route and dose"), is_required=True),),
    lazy("Record consent"),
)

ORDER = CommandForm(
    "sign-order",
    lazy("Sign today's order"),
    (
        Field("dose_mg_per_kg", lazy("Dose"), "number", "mg/kg"),
        Field("cap_mg", lazy("Cap"), "number", "mg"),
        Field("devices", lazy("Devices"), "whole"),
        Field("duration_min", lazy("Over"), "whole", "min"),
        Field("premedication", lazy("Premedication"), "list", hint=lazy("Separate with commas")),
        Field("rescue", lazy("Rescue drugs"), "list", hint=lazy("Separate with commas")),
        Field("note", lazy("Reason or plan"), "note"),
    ),
    lazy("Sign order"),
    consequence=lazy("The order is signed in your name. A later change is a new order."),
)

PREPARATION = CommandForm(
    "record-preparation",
    lazy("Preparation"),
    (
        Field("vial_mg_per_ml", lazy("Vial strength"), "number", "mg/mL"),
        Field("lot", lazy("Lot")),
        Field("expires_on", lazy("Expiry date"), hint=lazy("2027-05-31")),
        Field("opened_on", lazy("Opened on"), hint=lazy("2027-05-31")),
        Field("drawn_ml", lazy("Drawn"), "number", "mL"),
        Field("diluent_ml", lazy("Diluent"), "number", "mL"),
        Field("line_ml", lazy("Line volume"), "number", "mL"),
        Field("devices", lazy("Devices in hand"), "whole"),
    ),
    lazy("Record preparation"),
    intro=lazy("Another vial strength repeats the time-out."),
)

TIME_OUT = CommandForm(
    "sign-time-out",
    lazy("Time-out"),
    (
        Field(
            "confirmed",
            lazy("Read aloud and right"),
            "many",
            choices=(
                ("patient", lazy("Person")),
                ("drug", lazy("Drug and strength")),
                ("dose", lazy("Dose and weight")),
                ("route", lazy("Route")),
                ("pump", lazy("Pump settings")),
                ("allergies", lazy("Allergies")),
            ),
            is_required=True,
        ),
    ),
    lazy("Sign time-out"),
    second="optional",
    has_time=False,
)

ACCESS = CommandForm(
    "record-access",
    lazy("IV site"),
    (
        Field("site", lazy("Site"), hint=lazy("left forearm")),
        Field("gauge", lazy("Gauge"), "whole", "G"),
        Field(
            "state",
            lazy("Looks"),
            "choice",
            choices=(
                ("placed", lazy("Placed")),
                ("good", lazy("Good")),
                ("swollen", lazy("Swollen")),
                ("red", lazy("Red")),
                ("removed", lazy("Removed")),
            ),
            is_required=True,
        ),
        Field("flush_ml", lazy("Flush"), "number", "mL"),
    ),
    lazy("Record IV site"),
)

PREFERENCES = CommandForm(
    "set-preferences",
    lazy("Preferences and what helped"),
    (
        Field("preferences", lazy("Preferences"), "list", hint=lazy("mask, music, quiet, blanket")),
        Field("helped", lazy("What helped"), "list"),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record preferences"),
    has_time=False,
)

CANCEL = CommandForm(
    "cancel-session",
    lazy("Cancel session"),
    (Field("reason", lazy("Reason"), "note", is_required=True),),
    lazy("Cancel session"),
    consequence=lazy("The session ends without a dose; prepared drug must be reconciled."),
    is_danger=True,
)

START = CommandForm(
    "start",
    lazy("Record: infusion started"),
    (Field("rate_ml_per_h", lazy("Rate set on the pump"), "number", "mL/h"), ALREADY),
    lazy("Record: infusion started"),
    intro=lazy("Afterglow records; it does not move the pump."),
    second="optional",
)

PHQ9 = CommandForm(
    "record-score",
    "PHQ-9",
    (
        Field("scale", "", "hidden", value="phq9"),
        Field("total", lazy("Total, 0 to 27"), "whole", "of 27", is_required=True),
        Field("note", lazy("Item 9 and what followed"), "note"),
    ),
    lazy("Record PHQ-9"),
    sheet="record-score-phq9",
)

FORMS = (
    PHQ9,
    START,
    ARRIVAL,
    IDENTITY,
    WEIGHT,
    SCREEN,
    ASSESSMENT,
    CONSENT,
    ORDER,
    PREPARATION,
    TIME_OUT,
    ACCESS,
    PREFERENCES,
    CANCEL,
)

CHECK_FIELDS: dict[str, tuple[Field, ...]] = {
    "fasting": (
        Field("solids_h", lazy("Hours since solid food"), "number", "h", is_required=True),
        Field(
            "solids_kind",
            lazy("What it was"),
            "choice",
            choices=(("light", lazy("Light meal")), ("fatty", lazy("Fatty or full meal"))),
        ),
        Field("fluids_h", lazy("Hours since clear fluids"), "number", "h", is_required=True),
    ),
    "escort": (
        Field("escort", lazy("Escort's name"), is_required=True),
        Field("escort_phone", lazy("Telephone")),
        Field(
            "where",
            lazy("Where"),
            "choice",
            choices=(("here", lazy("In the waiting area")), ("on-call", lazy("Comes when called"))),
        ),
    ),
    "reconciliation": (
        Field("taken", lazy("Taken today, with time"), "note", hint=lazy("lisinopril 10 mg 07:10")),
        Field("held", lazy("Held today"), "list"),
    ),
}


def build_check_form(check: dict[str, Any]) -> CommandForm:
    """Return the form of one pre-session check, with the details its kind asks."""
    fields = (
        Field("check", "", "hidden", value=str(check.get("id") or "")),
        yes_no("passed", str(check.get("asks") or check.get("title") or ""), is_required=True),
        *CHECK_FIELDS.get(str(check.get("id") or ""), ()),
        Field("note", _("Note"), "note"),
    )
    title = str(check.get("title") or _("Check"))
    return CommandForm("record-check", title, fields, _("Record check"), sheet=f"record-check-{check.get('id')}")
