"""What a clinician decided on the next treatment, and why; rows are written once."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import OpaqueIdModel

CONTINUE, SHORTEN, STRETCH, HOLD, STOP, REVIEW = "continue", "shorten", "stretch", "hold", "stop", "review"
DECISIONS = (CONTINUE, SHORTEN, STRETCH, HOLD, STOP, REVIEW)
# decisions that name the days between sessions
BY_INTERVAL = (CONTINUE, SHORTEN, STRETCH)


class NextTreatmentDecision(OpaqueIdModel):
    """One decision with its reason, and what of the forecast stood on the page when it was taken."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "patient.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="next_treatment_decisions")
    plan = models.ForeignKey("plans.Plan", on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=12)
    interval_d = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=600)
    # state, status, code, suggested interval, window, version, the digest of the question; the current interval, and
    # what stood against the decision with because of what it was taken; no score
    seen = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Known decisions with a reason; days where sessions go on, and none where they do not."""

        ordering = ["recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=DECISIONS), name="next_treatment_is_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="next_treatment_has_a_reason"),
            models.CheckConstraint(
                condition=Q(decision__in=BY_INTERVAL, interval_d__isnull=False)
                | (~Q(decision__in=BY_INTERVAL) & Q(interval_d__isnull=True)),
                name="next_treatment_days_are_whole",
            ),
        ]
