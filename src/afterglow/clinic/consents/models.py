"""Consent texts by version, the recorded talk, and consents from signature to withdrawal."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel


class ConsentText(OpaqueIdModel):
    """One version of a consent text in one language, with the routes and the dose it covers."""

    APPEND_ONLY: ClassVar[bool] = True

    key = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    locale = models.CharField(max_length=12)
    title = models.CharField(max_length=200)
    body = models.TextField()
    drug = models.CharField(max_length=20)
    routes = models.JSONField(default=list)
    max_dose_mg_per_kg = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    max_dose_mg = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    is_off_label = models.BooleanField()
    valid_for_d = models.PositiveIntegerField(default=365)
    digest = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()

    class Meta:
        """A version once per language."""

        constraints = [models.UniqueConstraint(fields=["key", "version", "locale"], name="consent_text_version_once")]


class ConsentTalk(OpaqueIdModel):
    """The talk before a signature: what was covered, by whom, when."""

    APPEND_ONLY: ClassVar[bool] = True
    TOPICS: ClassVar[tuple[str, ...]] = ("goals", "benefits", "risks", "alternatives", "off-label", "expectations")

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="consent_talks")
    topics = models.JSONField(default=list)
    goals = models.CharField(max_length=1000, blank=True)
    has_capacity = models.BooleanField(null=True)
    held_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")


class Consent(OpaqueIdModel):
    """A signed consent; it ends by date or by withdrawal, and blocks dosing from that moment."""

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="consents")
    talk = models.ForeignKey(ConsentTalk, on_delete=models.PROTECT, related_name="consents")
    typed_name = models.CharField(max_length=240)
    identifiers = models.JSONField(default=list)
    signed_at = models.DateTimeField()
    witnessed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    expires_on = models.DateField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawal_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        """A withdrawal says who and when."""

        constraints = [
            models.CheckConstraint(condition=~Q(typed_name=""), name="consent_is_signed"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False, withdrawn_at__gte=F("signed_at")),
                name="consent_withdrawal_is_whole",
            ),
        ]
        ordering = ["signed_at"]


class DrawnSignature(OpaqueIdModel):
    """The signature that the patient drew beside the typed name, as SVG path data."""

    APPEND_ONLY: ClassVar[bool] = True

    consent = models.OneToOneField(Consent, on_delete=models.PROTECT, related_name="drawn")
    path = models.TextField(max_length=12_000)
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Never an empty line."""

        constraints = [models.CheckConstraint(condition=~Q(path=""), name="drawn_signature_is_drawn")]


class ConsentConfirmation(OpaqueIdModel):
    """The patient said yes again on a day of treatment."""

    APPEND_ONLY: ClassVar[bool] = True

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="confirmations")
    on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
