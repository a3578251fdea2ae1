"""Check-ins on the phone: signed links that expire, answers, what they mean for today."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel

OPEN, SUBMITTED, REVOKED = "open", "submitted", "revoked"
STATES = (OPEN, SUBMITTED, REVOKED)
USER = settings.AUTH_USER_MODEL


class CheckIn(OpaqueIdModel):
    """One person's link to the questions before one visit; of its token only the hash is kept."""

    SITE_PATH: ClassVar[str] = "appointment__site"
    SCOPE_PERMISSION: ClassVar[str] = "checkin.read"

    appointment = models.ForeignKey("scheduling.Appointment", on_delete=models.PROTECT, related_name="checkins")
    token_hash = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=8)
    state = models.CharField(max_length=12, default=OPEN)
    version = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # what the answers so far add to the chart, as it was judged when the last of them was stored
    findings = models.JSONField(default=list, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    answered = models.PositiveSmallIntegerField(default=0)
    asked = models.PositiveSmallIntegerField(default=0)
    # wrong tries to show who one is; after some the private page of this link stays closed
    identity_failures = models.PositiveSmallIntegerField(default=0)
    # set by a crisis answer and never taken back by a later one
    is_crisis = models.BooleanField(default=False)

    class Meta:
        """One link in use for a visit; known states; what ended says when."""

        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=~Q(state=REVOKED), name="one_check_in_in_use_for_a_visit"
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="check_in_state_is_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="check_in_ends_after_it_began"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=False, state=REVOKED) | (Q(revoked_at__isnull=True) & ~Q(state=REVOKED)),
                name="check_in_revoked_says_when",
            ),
        ]


class CheckInAnswer(AppendOnlyModel, OpaqueIdModel):
    """One answer as it was given; a later one to the same question counts, and the earlier one stays."""

    SITE_PATH: ClassVar[str] = "checkin__appointment__site"
    SCOPE_PERMISSION: ClassVar[str] = "checkin.read"

    checkin = models.ForeignKey(CheckIn, on_delete=models.PROTECT, related_name="answers")
    number = models.PositiveIntegerField()
    question = models.CharField(max_length=40)
    value = models.JSONField()
    language = models.CharField(max_length=8)
    version = models.CharField(max_length=20)
    recorded_at = models.DateTimeField()
    # staff who answered together with the person; nobody when it came through the link
    recorded_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """Numbered within a check-in."""

        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["checkin", "number"], name="check_in_answer_number_once")]


class DoorCount(models.Model):
    """How often a public page was used in one stretch of time, by a key that names nobody; old rows are removed."""

    key = models.CharField(max_length=64)
    began_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        """One row per key and stretch."""

        constraints = [models.UniqueConstraint(fields=["key", "began_at"], name="door_count_once")]
        indexes = [models.Index(fields=["began_at"])]
