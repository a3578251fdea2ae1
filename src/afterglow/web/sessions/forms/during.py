"""Forms of the dose and the watch over it: rate, devices, injections, pump, scores, symptoms, drugs, events."""

from django.utils.translation import gettext_lazy as lazy

from afterglow.web.sessions.forms.before import ALREADY, yes_no
from afterglow.web.sessions.forms.model import Choices, CommandForm, Field

RESUME = CommandForm(
    "record-resume",
    lazy("Record: pump running again"),
    (
        Field("pump_ml", lazy("Volume read on the pump"), "number", "mL"),
        Field("rate_ml_per_h", lazy("Rate"), "number", "mL/h"),
        ALREADY,
    ),
    lazy("Record: pump running again"),
    second="optional",
)

PAUSE = CommandForm(
    "record-pause",
    lazy("Record: pump paused"),
    (Field("pump_ml", lazy("Volume read on the pump"), "number", "mL"), Field("reason", lazy("Reason"), "note")),
    lazy("Record: pump paused"),
)

STOP = CommandForm(
    "record-stop",
    lazy("Record: stopped"),
    (Field("pump_ml", lazy("Volume read on the pump"), "number", "mL"), Field("reason", lazy("Reason"), "note")),
    lazy("Record: stopped"),
)

RATE = CommandForm(
    "record-rate-change",
    lazy("Record: rate changed"),
    (
        Field("rate_ml_per_h", lazy("New rate"), "number", "mL/h", is_required=True),
        Field("pump_ml", lazy("Volume read on the pump"), "number", "mL"),
        Field("reason", lazy("Reason"), "note"),
    ),
    lazy("Record: rate changed"),
    intro=lazy("Afterglow records; it does not move the pump."),
)

PUMP = CommandForm(
    "record-pump-reading",
    lazy("Volume read on the pump"),
    (Field("pump_ml", lazy("Volume given"), "number", "mL", is_required=True),),
    lazy("Record volume"),
)

COMPLETE = CommandForm(
    "record-complete",
    lazy("Record: dosing ended"),
    (
        Field("pump_ml", lazy("Volume read on the pump"), "number", "mL"),
        Field("flush_ml", lazy("Flush"), "number", "mL"),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record: dosing ended"),
)

DEVICE = CommandForm(
    "give-device",
    lazy("Record: device given"),
    (
        Field("number", lazy("Device"), "whole"),
        Field("lot", lazy("Lot"), is_required=True),
        Field(
            "outcome",
            lazy("Outcome"),
            "choice",
            choices=(
                ("given", lazy("Given, both sprays")),
                ("failed", lazy("Failed device")),
                ("partial", lazy("Partial")),
                ("sneezed", lazy("Sneezed or dripped")),
            ),
            is_required=True,
            hint=lazy("A sneezed or partial spray is not replaced without an order."),
        ),
        ALREADY,
    ),
    lazy("Record device"),
    second="optional",
)

INJECTION = CommandForm(
    "give-injection",
    lazy("Record: injection given"),
    (
        Field("dose_mg", lazy("Dose"), "number", "mg", is_required=True),
        Field(
            "site",
            lazy("Site"),
            "select",
            choices=(
                ("left-deltoid", lazy("Left deltoid")),
                ("right-deltoid", lazy("Right deltoid")),
                ("left-thigh", lazy("Left thigh")),
                ("right-thigh", lazy("Right thigh")),
                ("left-gluteal", lazy("Left gluteal")),
                ("right-gluteal", lazy("Right gluteal")),
            ),
            is_required=True,
        ),
        Field("lot", lazy("Lot")),
        ALREADY,
    ),
    lazy("Record injection"),
    second="optional",
)

CADSS = CommandForm(
    "record-score",
    lazy("CADSS-6"),
    (
        Field("scale", "", "hidden", value="cadss6"),
        Field("total", lazy("Total, 0 to 24"), "whole", "of 24", is_required=True),
    ),
    lazy("Record CADSS-6"),
    intro=lazy("Six items of 0 to 4, asked with the instrument's own words; enter the total."),
)

LEVELS: Choices = (
    ("none", lazy("None")),
    ("mild", lazy("Mild")),
    ("moderate", lazy("Moderate")),
    ("severe", lazy("Severe")),
)

SYMPTOM = CommandForm(
    "record-symptom",
    lazy("Symptom"),
    (
        Field(
            "kind",
            lazy("Symptom"),
            "select",
            choices=(
                ("nausea", lazy("Nausea")),
                ("headache", lazy("Headache")),
                ("dizziness", lazy("Dizziness")),
                ("anxiety", lazy("Anxiety")),
                ("agitation", lazy("Agitation")),
                ("panic", lazy("Panic")),
                ("chest-pain", lazy("Chest pain")),
                ("severe-headache", lazy("Severe headache")),
                ("dyspnoea", lazy("Breathlessness")),
                ("focal-neurology", lazy("Weakness or speech change")),
                ("visual-loss", lazy("Loss of sight")),
                ("seizure", lazy("Seizure")),
                ("apnoea", lazy("Pause in breathing")),
                ("stridor", lazy("Stridor")),
                ("laryngospasm", lazy("Laryngospasm")),
                ("persistent-vomiting", lazy("Vomiting that goes on")),
                ("airway-not-protected", lazy("Airway not protected")),
                ("allergic-reaction", lazy("Allergic reaction")),
                ("other", lazy("Other")),
            ),
            is_required=True,
        ),
        Field("level", lazy("How much"), "choice", choices=LEVELS, is_required=True),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record symptom"),
)

COMFORT = CommandForm(
    "record-comfort",
    lazy("Comfort given"),
    (
        Field(
            "kind",
            lazy("What was given"),
            "choice",
            choices=(
                ("quiet", lazy("Quiet")),
                ("eye-mask", lazy("Eye mask")),
                ("blanket", lazy("Blanket")),
                ("hand", lazy("Hand")),
                ("music", lazy("Music")),
                ("less-light", lazy("Less light")),
                ("slow-talk", lazy("Slow talk")),
                ("reposition", lazy("New position")),
                ("oxygen", lazy("Oxygen")),
            ),
            is_required=True,
        ),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record comfort"),
)

DRUG = CommandForm(
    "record-drug-given",
    lazy("Drug given"),
    (
        Field("drug", lazy("Drug"), is_required=True),
        Field("dose", lazy("Dose with unit"), is_required=True, hint=lazy("4 mg")),
        Field(
            "route",
            lazy("Route"),
            "choice",
            choices=(
                ("iv", "IV"),
                ("im", "IM"),
                ("oral", lazy("By mouth")),
                ("sublingual", lazy("Under the tongue")),
                ("inhaled", lazy("Inhaled")),
                ("other", lazy("Other")),
            ),
            is_required=True,
        ),
        Field(
            "purpose",
            lazy("For"),
            "choice",
            choices=(
                ("own", lazy("Own medicine taken")),
                ("premedication", lazy("Premedication")),
                ("rescue", lazy("Rescue")),
            ),
            is_required=True,
        ),
        Field(
            "class",
            lazy("Class"),
            "select",
            choices=(
                ("benzodiazepine", lazy("Benzodiazepine")),
                ("opioid", lazy("Opioid")),
                ("antihypertensive", lazy("Antihypertensive")),
                ("antiemetic", lazy("Antiemetic")),
                ("other", lazy("Other")),
            ),
        ),
        Field(
            "despite_allergy",
            lazy("Recorded allergy"),
            "check",
            choices=(("yes", lazy("It was given although an allergy to it is recorded")),),
        ),
        Field("note", lazy("Note"), "note"),
    ),
    lazy("Record drug given"),
)

EVENT = CommandForm(
    "record-adverse-event",
    lazy("Adverse event"),
    (
        Field("kind", lazy("What happened"), is_required=True),
        Field(
            "severity",
            lazy("Severity"),
            "choice",
            choices=(("mild", lazy("Mild")), ("moderate", lazy("Moderate")), ("severe", lazy("Severe"))),
            is_required=True,
        ),
        yes_no("serious", lazy("Serious: hospital, life-threatening, lasting, death")),
        Field("note", lazy("Course and acts"), "note"),
    ),
    lazy("Record event"),
)

NOTE = CommandForm(
    "record-note",
    lazy("Note"),
    (Field("note", lazy("Note"), "note", is_required=True),),
    lazy("Record note"),
)

FORMS = (PAUSE, RESUME, STOP, RATE, PUMP, COMPLETE, DEVICE, INJECTION, CADSS, SYMPTOM, COMFORT, DRUG, EVENT, NOTE)
