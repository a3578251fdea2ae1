"""Screening runs with their findings frozen, overrides, accepted cautions, and the decision."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel


class ScreeningRun(OpaqueIdModel):
    """One evaluation of a person's facts against one protocol, exactly as it was seen."""

    APPEND_ONLY: ClassVar[bool] = True

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="screening_runs")
    protocol = models.CharField(max_length=80)
    indication = models.CharField(max_length=40)
    protocol_hash = models.CharField(max_length=64)
    case = models.JSONField()
    findings = models.JSONField()
    cleared = models.JSONField()
    resistance = models.JSONField(default=dict)
    verdict = models.CharField(max_length=20)
    recorded_at = models.DateTimeField(db_index=True)
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Newest last."""

        ordering = ["recorded_at"]


class FindingOverride(OpaqueIdModel):
    """An override of a stop, or the acceptance of a caution with a plan; withdrawn rather than removed."""

    OVERRIDE: ClassVar[str] = "override"
    ACCEPTANCE: ClassVar[str] = "acceptance"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="finding_overrides")
    run = models.ForeignKey(ScreeningRun, on_delete=models.PROTECT, related_name="overrides")
    rule = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    cause = models.CharField(max_length=60, blank=True)
    mitigation = models.CharField(max_length=500)
    reason = models.CharField(max_length=1000, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """An override has cause, reason and expiry; a withdrawal has who and when."""

        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="override") | (~Q(cause="") & ~Q(reason="") & Q(expires_on__isnull=False)),
                name="override_is_reasoned",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False, withdrawn_at__gte=F("recorded_at")),
                name="override_withdrawal_is_whole",
            ),
        ]
        ordering = ["recorded_at"]


class ScreeningDecision(OpaqueIdModel):
    """What a prescriber decided on one run, with the findings as they stood."""

    APPEND_ONLY: ClassVar[bool] = True

    run = models.ForeignKey(ScreeningRun, on_delete=models.PROTECT, related_name="decisions")
    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="screening_decisions")
    decision = models.CharField(max_length=20)
    reason = models.CharField(max_length=1000, blank=True)
    open_rules = models.JSONField(default=list)
    recorded_at = models.DateTimeField(db_index=True)
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """One of three decisions."""

        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=["eligible", "defer", "decline"]), name="screening_decision_is_known"
            )
        ]
        ordering = ["recorded_at"]
