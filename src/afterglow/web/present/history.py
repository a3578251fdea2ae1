"""What a chart states, as rows of its sections."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.protocols.facts import load_facts
from afterglow.web.forms.facts import GROUPS, describe_choice, find_group
from afterglow.web.forms.patients import describe_outcome
from afterglow.web.present.due import list_told
from afterglow.web.present.glance import describe_intake
from afterglow.web.present.head import describe_allergies, describe_when
from afterglow.web.presenting import describe_name
from afterglow.web.templatetags.words import day, plain

Told = frozenset[tuple[str, str]]


def build_history(patient: Any, now: datetime) -> dict[str, Any]:
    """Return every section of the history page."""
    _has, allergies, allergies_note = describe_allergies(patient, now)
    told = list_told(patient)
    return {
        "facts": list_fact_groups(patient, now, told),
        "allergies": _present(
            patient.allergy_set,
            now,
            told,
            lambda row: (row.substance, ", ".join(filter(None, (row.reaction, row.severity)))),
        ),
        "allergies_words": f"{allergies}, {allergies_note}" if allergies_note else allergies,
        "medication_words": describe_none(patient.medicines_asked_at, patient.medicationstatement_set, now),
        "trials_words": describe_none(patient.trials_asked_at, patient.medicationtrial_set, now),
        "problems": _present(
            patient.problementry_set,
            now,
            told,
            lambda row: (row.display, ", ".join(filter(None, (row.code, _since(row.onset_on))))),
        ),
        "medication": _present(patient.medicationstatement_set, now, told, _describe_medicine),
        "trials": _present(patient.medicationtrial_set, now, told, _describe_trial),
        "measurements": _present(patient.measurement_set, now, told, _describe_measurement, newest=True),
        "preferences": _present(patient.preference_set, now, told, lambda row: (row.text, "")),
        "escorts": [
            {
                "id": row.pk,
                "name": row.name,
                "note": ", ".join(filter(None, (row.relation, row.phone))),
                "when": describe_when(row.recorded_at, now),
            }
            for row in patient.escorts.filter(ended_at__isnull=True)
        ],
    }


def describe_none(asked_at: datetime | None, rows: Any, now: datetime) -> str:
    """Return `none, asked today`, or nothing while entries stand or nobody asked."""
    if asked_at is None or rows.filter(ended_at__isnull=True).exists():
        return ""
    return _("None, asked %(when)s.") % {"when": describe_when(asked_at, now)}


def list_fact_groups(patient: Any, now: datetime, told: Told = frozenset()) -> list[dict[str, Any]]:
    """Return the stated facts by group, the latest answer of each; what was told and not confirmed is marked."""
    latest: dict[str, Any] = {}
    for row in patient.historyfact_set.filter(ended_at__isnull=True).order_by("recorded_at", "pk"):
        latest[row.name] = row
    groups = []
    for key, (_beginnings, title) in GROUPS.items():
        rows = [row for name, row in latest.items() if find_group(name) == key]
        groups.append(
            {
                "key": key,
                "title": title,
                "url": reverse("web:patient-facts", args=[patient.pk, key]),
                "rows": [
                    {
                        "words": describe_fact_name(row.name),
                        "value": describe_answer(row),
                        "when": describe_when(row.recorded_at, now),
                        "is_told": ("historyfact", row.pk) in told,
                    }
                    for row in rows
                ],
            }
        )
    return groups


def describe_fact_name(name: str) -> str:
    """Return a fact's label."""
    spec = load_facts().get(name)
    words = spec.label if spec is not None else describe_name(name)
    return words[:1].upper() + words[1:]


def describe_answer(row: Any) -> str:
    """Return a stored answer in words; null is `asked, not known`."""
    if row.value is None:
        return _("asked, not known")
    if isinstance(row.value, bool):
        return _("yes") if row.value else _("no")
    if isinstance(row.value, list):
        return ", ".join(describe_choice(str(item)) for item in row.value) or "–"
    spec = load_facts().get(row.name)
    unit = f" {spec.unit}" if spec is not None and spec.unit and spec.unit != "1" else ""
    return f"{plain(row.value)}{unit}"


def _present(rows: Any, now: datetime, told: Told, describe: Any, *, newest: bool = False) -> list[dict[str, Any]]:
    kept = rows.filter(ended_at__isnull=True).select_related("recorded_by")
    if newest:
        kept = kept.order_by("-observed_at", "-pk")[:20]
    shown = []
    for row in kept:
        name, note = describe(row)
        when = describe_when(row.recorded_at, now)
        who = f"{when}, {row.recorded_by.display_name}"
        is_told = (row._meta.model_name, row.pk) in told
        shown.append({"id": row.pk, "name": name, "note": note, "when": who, "is_told": is_told})
    return shown


def _since(on: Any) -> str:
    return _("since %(day)s") % {"day": day(on)} if on else ""


def _describe_medicine(row: Any) -> tuple[str, str]:
    last = _("last taken %(day)s") % {"day": day(row.last_taken_at)} if row.last_taken_at else ""
    classes = ", ".join(describe_choice(str(item)).lower() for item in row.classes)
    return row.name, ", ".join(filter(None, (describe_intake(row), _since(row.started_on), last, classes)))


def _describe_trial(row: Any) -> tuple[str, str]:
    dose = _("%(n)s mg") % {"n": plain(row.dose_mg)} if row.dose_mg is not None else _("dose not known")
    weeks = _("%(n)s weeks") % {"n": plain(row.weeks)} if row.weeks is not None else _("weeks not known")
    episode = {True: _("current episode"), False: _("earlier episode")}.get(row.is_current_episode, "")
    outcome = describe_outcome(row.outcome) if row.outcome else _("outcome not known")
    return row.drug, ", ".join(filter(None, (row.drug_class, dose, weeks, outcome, episode, row.stop_reason)))


def _describe_measurement(row: Any) -> tuple[str, str]:
    value = f"{plain(row.value)}/{plain(row.second_value)}" if row.second_value is not None else plain(row.value)
    return describe_name(
        row.kind
    ), f"{value} {row.unit.replace('mm[Hg]', 'mmHg')}, {row.origin}, {day(row.observed_at)}"
