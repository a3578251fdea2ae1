"""The plan of stopping or stepping down: its steps with days and who watches, signs of relapse, and what to do then."""

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import OpaqueIdModel

DRAFT, SIGNED, SUPERSEDED = "draft", "signed", "superseded"
KINDS = ("step-down", "stop")


class StepDownPlan(OpaqueIdModel):
    """One version of the plan; a signed one is never changed, a new one supersedes it."""

    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "care.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="step_down_plans")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    state = models.CharField(max_length=12, default=DRAFT)
    reason = models.CharField(max_length=600)
    relapse_signs = models.CharField(max_length=1500)
    what_to_do = models.CharField(max_length=1500)
    version = models.PositiveIntegerField(default=1)
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    superseded_at = models.DateTimeField(null=True, blank=True)
    document = models.OneToOneField(
        "documents.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="step_down_plan"
    )

    class Meta:
        """One draft and one plan in force at a time; a signature is whole."""

        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="step_down_number_once"),
            models.UniqueConstraint(fields=["patient"], condition=Q(state=DRAFT), name="one_step_down_draft"),
            models.UniqueConstraint(fields=["patient"], condition=Q(state=SIGNED), name="one_step_down_in_force"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="step_down_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state=DRAFT, signed_at__isnull=True, signed_by__isnull=True, document__isnull=True)
                | Q(
                    state__in=(SIGNED, SUPERSEDED),
                    signed_at__isnull=False,
                    signed_by__isnull=False,
                    document__isnull=False,
                ),
                name="step_down_signature_is_whole",
            ),
        ]


class StepDownStep(OpaqueIdModel):
    """One step: the day, what changes, and who watches."""

    SITE_PATH = "plan__patient__site"
    SCOPE_PERMISSION = "care.read"

    plan = models.ForeignKey(StepDownPlan, on_delete=models.CASCADE, related_name="steps")
    on = models.DateField()
    what = models.CharField(max_length=300)
    watched_by = models.CharField(max_length=160)

    class Meta:
        """In order of days."""

        ordering = ["on", "pk"]
