"""Rows of signing in: delays after failures, sign-ins, proofs by passkey, emergency openings."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel

HASH = 64


class Throttle(models.Model):
    """Failures of one purpose, name and address; the key is a keyed hash, so that no typed name is stored."""

    key = models.CharField(primary_key=True, max_length=64)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    until = models.DateTimeField()


class SignIn(OpaqueIdModel):
    """One sign-in at one browser, from its beginning to its end; the address is kept shortened."""

    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="sign_ins")
    # the key of the browser's session while the sign-in runs, nothing after it
    session_key = models.CharField(max_length=40, blank=True, db_index=True)
    device = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=40, blank=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("people.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        """A sign-in that ended keeps no key."""

        constraints = [
            models.CheckConstraint(condition=Q(ended_at__isnull=True) | Q(session_key=""), name="sign_in_end_is_whole")
        ]
        indexes = [models.Index(fields=["user", "ended_at"], name="sign_in_of_a_person")]
        ordering = ["-seen_at"]


class PasskeyProof(OpaqueIdModel):
    """A person proved by passkey that they are at a screen; stands in for password or PIN once, for two minutes."""

    user = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    # whose sign-in the screen shows: a proof made on one screen is worth nothing on another's
    screen_of = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=HASH, unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class EmergencyAccess(OpaqueIdModel):
    """One chart opened in an emergency by somebody from another site: why, until when, what a review said."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "break-glass.review"

    user = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="emergencies")
    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="emergencies")
    reason = models.CharField(max_length=40)
    words = models.CharField(max_length=500)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        """It has an end and a reason; nobody reviews their own."""

        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("opened_at")), name="emergency_has_an_end"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(words=""), name="emergency_has_a_reason"),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True, outcome="")
                | (Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & ~Q(outcome="")),
                name="emergency_review_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("user")), name="emergency_reviewed_by_another"
            ),
        ]
        indexes = [models.Index(fields=["user", "expires_at"], name="emergency_of_a_person")]
        ordering = ["-opened_at"]
