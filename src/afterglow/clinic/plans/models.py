"""Treatment plans by version, and the order of each single session."""

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import OpaqueIdModel


class PlanManager(models.Manager["Plan"]):
    """Plans without the text of their protocol, a hundred kilobytes each; it is fetched when somebody asks for it."""

    def get_queryset(self) -> models.QuerySet["Plan"]:
        """Return the plans, the protocol's text left for later."""
        return super().get_queryset().defer("protocol_content")


class Plan(OpaqueIdModel):
    """One version of a person's plan: what is signed is a dose by weight (or devices) and a cap, never volumes."""

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="plans")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, default="draft")
    protocol = models.CharField(max_length=80)
    indication = models.CharField(max_length=40)
    profiles = models.JSONField(default=dict, blank=True)
    overlay = models.JSONField(default=dict, blank=True)
    dose_mg_per_kg = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    dose_mg = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    cap_mg = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    over_min = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    weight_basis = models.CharField(max_length=20, default="actual")
    induction_sessions = models.PositiveIntegerField(null=True, blank=True)
    sessions_per_week = models.PositiveIntegerField(null=True, blank=True)
    maintenance_every_wk = models.PositiveIntegerField(null=True, blank=True)
    maintenance_then = models.CharField(max_length=40, blank=True)
    vitals_every_min = models.PositiveIntegerField(null=True, blank=True)
    observe_min = models.PositiveIntegerField(null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    notes = models.CharField(max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    second_signed_by = models.ForeignKey(
        "people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    superseded_at = models.DateTimeField(null=True, blank=True)
    stop_reason = models.CharField(max_length=500, blank=True)
    protocol_hash = models.CharField(max_length=64, blank=True)
    protocol_content = models.JSONField(null=True, blank=True)
    findings = models.JSONField(default=list, blank=True)

    objects = PlanManager()

    class Meta:
        """A signed plan is whole; one draft and one signed plan in force at a time."""

        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="plan_number_once_for_a_patient"),
            models.UniqueConstraint(fields=["patient"], condition=Q(state="draft"), name="one_draft_for_a_patient"),
            models.UniqueConstraint(
                fields=["patient"], condition=Q(state="signed"), name="one_signed_plan_for_a_patient"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", signed_at__isnull=True, signed_by__isnull=True)
                | (
                    Q(state__in=["signed", "superseded", "stopped"], signed_at__isnull=False, signed_by__isnull=False)
                    & ~Q(protocol_hash="")
                ),
                name="plan_signature_is_whole",
            ),
        ]
        ordering = ["number"]


class PlanAddendum(OpaqueIdModel):
    """A note on a signed plan; the plan itself stays as it was signed."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="addenda")
    text = models.CharField(max_length=1000)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")


class SessionOrder(OpaqueIdModel):
    """The order of one session, within the plan: today's dose by today's weight, premedication, rescue, standing."""

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="session_orders")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="session_orders")
    session = models.ForeignKey(
        "dosing_sessions.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="session_orders"
    )
    dose_mg_per_kg = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    dose_mg = models.DecimalField(max_digits=8, decimal_places=2)
    cap_mg = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    over_min = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    weight_kg = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    weighed_at = models.DateTimeField(null=True, blank=True)
    premedication = models.JSONField(default=list, blank=True)
    rescue = models.JSONField(default=list, blank=True)
    standing = models.JSONField(default=list, blank=True)
    arithmetic = models.JSONField(default=list, blank=True)
    findings = models.JSONField(default=list, blank=True)
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Newest last; a dose by weight names the weight, and a weight its instant."""

        ordering = ["signed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weight_kg__isnull=True, weighed_at__isnull=True, dose_mg_per_kg__isnull=True)
                | Q(weight_kg__isnull=False, weighed_at__isnull=False),
                name="order_weight_is_whole",
            )
        ]
