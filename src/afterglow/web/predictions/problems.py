"""What the drug model says of a prediction, in words that can be translated: by its stable code, never by its sentence.

The engine's own sentence stands in English; it is shown only for a code that no page was expected to meet.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Row = Mapping[str, Any]


def list_messages(problems: Sequence[Row]) -> list[str]:
    """Return each problem's sentence once, with its first letter large and a full stop."""
    texts = [describe_problem(problem).strip() for problem in problems]
    return list(dict.fromkeys(f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text))


def describe_problem(problem: Row) -> str:
    """Return a problem in the reader's language: its field, its value and what would be accepted stand in it."""
    code, path, value = (problem.get(name) for name in ("code", "path", "value"))
    text = SENTENCES.get(str(code or ""))
    if text is None:
        return str(problem.get("message") or code or "")
    return str(text) % {
        "field": describe_field(str(path or "")),
        "value": f"{value:.4g}" if isinstance(value, int | float) else str(value or ""),
        "accepted": str(problem.get("accepted") or ""),
    }


def describe_field(path: str) -> str:
    """Return the words of a covariate or a dose's field."""
    name = re.sub(r"\[\d+\]", "", path).rpartition(".")[2] or path
    return {
        "weight": _("weight"),
        "weight_kg": _("weight"),
        "age": _("age"),
        "age_years": _("age"),
        "bmi": _("body mass index"),
        "height": _("height"),
        "sex": _("sex"),
        "ancestry": _("ancestry"),
        "dose": _("dose"),
        "duration": _("duration"),
        "rate": _("rate"),
        "until": _("time shown"),
        "hepatic": _("liver function"),
    }.get(name, name.replace("_", " "))


# code -> sentence, for what can appear on the pages of a plan and of a session
SENTENCES: Mapping[str, Any] = {
    # outside what was studied
    "outside-studied-range": gettext_lazy(
        "%(field)s %(value)s lies outside what the model was studied in (%(accepted)s)"
    ),
    "outside-accepted-range": gettext_lazy(
        "The model is not used at %(field)s %(value)s; it was studied at %(accepted)s"
    ),
    "not-studied": gettext_lazy("%(field)s: not studied, so nothing is predicted (studied: %(accepted)s)"),
    "before-studied-time": gettext_lazy("Levels right after a bolus are no guide; read them %(accepted)s"),
    "older-peak-too-low": gettext_lazy(
        "From 65 years on the label of the spray gives a peak about 30 % and an area about 20 % higher: read the level "
        "as too low"
    ),
    "no-effect-modelled": gettext_lazy("No effect of mildly reduced liver function is in the models"),
    "out-of-scope": gettext_lazy("This model describes people whom the clinic does not treat"),
    # assumed or adjusted
    "age-assumed": gettext_lazy("No age is on file: 45 years are assumed"),
    "weight-assumed": gettext_lazy("No weight is on file: 70 kg are assumed"),
    "size-adjusted": gettext_lazy("BMI %(value)s: clearance and volumes are scaled on an adjusted weight (grade C)"),
    "duration-assumed": gettext_lazy("No time of inhalation was given: 20 min are assumed"),
    "split-into-devices": gettext_lazy("%(value)s is taken as devices of 28 mg, 5 min apart"),
    "people-reduced": gettext_lazy(
        "Everybody absorbs in a way of their own by this route: fewer people are computed (%(accepted)s)"
    ),
    "models-disagree": gettext_lazy("Published models of this route disagree twofold; this is one of them"),
    "doses-together": gettext_lazy(
        "Doses close together (at %(value)s min) are each counted in full; their uptake together was not studied"
    ),
    "site-differs": gettext_lazy(
        "Effects were measured against arterial blood and this model's levels are not: effects may be told too small"
    ),
    # what else is taken
    "interaction-not-measured": gettext_lazy(
        "%(value)s: its effect by this route was not measured; it is carried over or assumed"
    ),
    "interactions-combined": gettext_lazy(
        "Several interacting medicines at once were never measured; their factors are multiplied"
    ),
    "interactions-bounded": gettext_lazy(
        "Together the interacting medicines would change the level more than any was seen to; they are held there"
    ),
    # refused
    "missing": gettext_lazy("%(field)s must be known: nothing is predicted for an assumed one"),
    "dose-out-of-range": gettext_lazy("A dose of %(value)s cannot be computed (accepted: %(accepted)s)"),
    "duration-out-of-range": gettext_lazy("This duration cannot be computed (accepted: %(accepted)s)"),
    "not-whole-devices": gettext_lazy("%(value)s is not a whole number of devices (%(accepted)s)"),
    "infusion-running": gettext_lazy("Two infusions are recorded at the same time; correct the entries"),
    "nothing-runs": gettext_lazy("A change of the infusion is recorded without its start; correct the entries"),
    "event-count": gettext_lazy("Nothing given is recorded, or more than can be followed"),
    "route-without-model": gettext_lazy("No published model of this drug and route can be used"),
    # readings of the person's own
    "baseline-missing": gettext_lazy("A blood pressure without a reading before the dose is not used"),
    "other-session": gettext_lazy("A reading of another session is not used"),
    "outlier": gettext_lazy("A reading (%(value)s) lies far from the rest and weighs little"),
    "observations-conflict": gettext_lazy("The readings contradict each other or the model; nothing is learnt"),
    "occasions-left-out": gettext_lazy("What differs from session to session in one person is left at its middle"),
    "population-contradicted": gettext_lazy(
        "The readings contradict the people of the model: about %(value)s of them are like this patient, too few to say"
    ),
    # over many doses
    "tolerance-recovery-unknown": gettext_lazy(
        "How much tolerance to dissociation is left after %(value)s days is not known; the effect may be told too small"
    ),
    "dose-after-end": gettext_lazy("A dose at %(value)s h lies after the time shown and is not counted"),
    "bands-counted": gettext_lazy("Bands of so many people are counted in bins, true within half a per cent"),
    "update-of-another-model": gettext_lazy("Levels here are those of people like this patient"),
}
