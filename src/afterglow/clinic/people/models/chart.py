"""What a chart states: each row says who recorded it and when.

A new row supersedes an old one; nothing is overwritten.
"""

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel
from afterglow.clinic.people.models.patients import Patient


class ChartEntry(OpaqueIdModel):
    """Base of chart rows."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="%(class)s_set")
    recorded_at = models.DateTimeField(db_index=True)
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        """Who and when of an ending are both there or both absent."""

        abstract = True
        ordering = ["recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False, ended_at__gte=F("recorded_at")),
                name="%(class)s_ending_is_whole",
            )
        ]


class HistoryFact(ChartEntry):
    """One fact of the vocabulary as answered; `value` null is "asked, not known"."""

    name = models.CharField(max_length=80, db_index=True)
    value = models.JSONField(null=True)
    observed_on = models.DateField(null=True, blank=True)


class Allergy(ChartEntry):
    """A substance and what it did."""

    substance = models.CharField(max_length=120)
    reaction = models.CharField(max_length=200, blank=True)
    severity = models.CharField(max_length=20, blank=True)


class ProblemEntry(ChartEntry):
    """A diagnosis, coded in ICD-10-CM, with its words."""

    code = models.CharField(max_length=12, blank=True)
    display = models.CharField(max_length=200)
    onset_on = models.DateField(null=True, blank=True)


class MedicationStatement(ChartEntry):
    """A medicine the person takes, as reported."""

    name = models.CharField(max_length=120)
    classes = models.JSONField(default=list, blank=True)
    dose_text = models.CharField(max_length=120, blank=True)
    is_as_needed = models.BooleanField(default=False)
    started_on = models.DateField(null=True, blank=True)
    last_taken_at = models.DateTimeField(null=True, blank=True)


class MedicationTrial(ChartEntry):
    """A past treatment trial: what, how much, how long, with what outcome."""

    drug = models.CharField(max_length=120)
    drug_class = models.CharField(max_length=60, blank=True)
    dose_mg = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    weeks = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)
    improvement_percent = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    is_current_episode = models.BooleanField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    stopped_on = models.DateField(null=True, blank=True)
    stop_reason = models.CharField(max_length=200, blank=True)


class Measurement(ChartEntry):
    """A number with unit, origin and the instant it was observed."""

    kind = models.CharField(max_length=60, db_index=True)
    value = models.DecimalField(max_digits=12, decimal_places=4)
    second_value = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20)
    origin = models.CharField(max_length=40, default="entered by hand")
    observed_at = models.DateTimeField(db_index=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta(ChartEntry.Meta):
        """Newest last by observation."""

        ordering = ["observed_at", "recorded_at"]


class Preference(ChartEntry):
    """What helps this person in the room, opening the next session."""

    text = models.CharField(max_length=300)
