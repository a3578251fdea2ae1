"""Suicide alerts, their assessments and releases, and safety plans: every row is written once."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from afterglow.clinic.measures.models.forms import MeasureForm
from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel

USER = settings.AUTH_USER_MODEL
DECISIONS = ("may-go-on", "hold", "emergency")


class RiskAlert(AppendOnlyModel, OpaqueIdModel):
    """An alert that an answer raised in the transaction that stored it; nothing takes it back, somebody releases it."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="risk_alerts")
    # none where it was asked on no form; `way` and `source` then say where: a session, or a check-in
    form = models.ForeignKey(MeasureForm, on_delete=models.PROTECT, null=True, blank=True, related_name="alerts")
    way = models.CharField(max_length=12, blank=True, default="")
    source = models.CharField(max_length=40, blank=True, default="")
    # when it was answered, where that is before it was raised
    observed_at = models.DateTimeField(null=True, blank=True)
    instrument = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    level = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    # item: value as text, of the items that the alert reads; and the same items the time before, where known
    seen = models.JSONField()
    before = models.JSONField(default=dict)
    holds_dose = models.BooleanField()
    raised_at = models.DateTimeField()

    class Meta:
        """In the order they came."""

        ordering = ["raised_at"]
        indexes = [models.Index(fields=["patient", "holds_dose"])]


class RiskAssessment(AppendOnlyModel, OpaqueIdModel):
    """What a licensed clinician assessed and decided, with which answers in view."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="risk_assessments")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    tier = models.CharField(max_length=20)
    reasons = models.JSONField(default=list)
    decision = models.CharField(max_length=20)
    is_in_person = models.BooleanField()
    has_gone_through_plan = models.BooleanField()
    told = models.CharField(max_length=300, blank=True)
    # the row of the triage by C-SSRS that was judged, and what it asks beyond that; empty in assessments before these
    triage = models.CharField(max_length=20, blank=True, default="")
    has_made_means_safe = models.BooleanField(default=False)
    emergency_path = models.CharField(max_length=300, blank=True, default="")
    note = models.TextField()

    class Meta:
        """Known decisions, never without words."""

        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=DECISIONS), name="risk_decision_is_known"),
            models.CheckConstraint(condition=~Q(note=""), name="risk_assessment_has_words"),
        ]


class RiskRelease(AppendOnlyModel):
    """One alert released by one assessment; an alert without such a row holds the next dose."""

    SITE_PATH: ClassVar[str] = "alert__patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    alert = models.OneToOneField(RiskAlert, on_delete=models.PROTECT, primary_key=True, related_name="release")
    assessment = models.ForeignKey(RiskAssessment, on_delete=models.PROTECT, related_name="releases")


class SafetyPlan(AppendOnlyModel, OpaqueIdModel):
    """One version of a person's safety plan in six parts; the last one counts, the earlier ones stay."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="safety_plans")
    number = models.PositiveIntegerField()
    parts = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Numbered within a chart."""

        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["patient", "number"], name="safety_plan_number_once")]
