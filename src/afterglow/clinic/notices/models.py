"""Messages that leave the house: settings of a site, wishes and addresses, the queue and what became of each."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel

WORD = 40
CHANNELS = ("sms", "mail", "console")
STATES = ("waiting", "sending", "sent", "failed", "unsure", "held", "expired", "cancelled")


class NoticeSettings(OpaqueIdModel):
    """How a site speaks: under which name, in which hours, and what it says when nobody reads."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "notice.read"

    site = models.OneToOneField("sites.Site", on_delete=models.PROTECT, related_name="notice_settings")
    sender_name = models.CharField(max_length=60, blank=True)
    hours = models.JSONField(default=dict, blank=True)
    closed_text = models.JSONField(default=dict, blank=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """Quiet hours have both ends or none."""

        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_are_whole",
            )
        ]


class ContactWish(OpaqueIdModel):
    """Whether a patient wants messages on a channel, and to which address; the audit keeps the earlier answers."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "patient.find"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="contact_wishes")
    channel = models.CharField(max_length=WORD)
    is_allowed = models.BooleanField()
    address = models.CharField(max_length=254, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """One answer for a channel."""

        constraints = [models.UniqueConstraint(fields=["patient", "channel"], name="one_wish_for_a_channel")]


class StaffContact(OpaqueIdModel):
    """Where a member of staff is reached outside the screen."""

    user = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="contacts")
    channel = models.CharField(max_length=WORD)
    address = models.CharField(max_length=254)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """One address for a channel."""

        constraints = [models.UniqueConstraint(fields=["user", "channel"], name="one_address_for_a_channel")]


class Notice(OpaqueIdModel):
    """One message: what it is, to whom, when, what became of it. Address and text are sealed, and go once it is over.

    A row is claimed in a transaction of its own before anything leaves; who dies in between leaves `sending`, which
    becomes `unsure` and is never sent again by itself.
    """

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "notice.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="notices")
    patient = models.ForeignKey(
        "people.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    user = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    template = models.CharField(max_length=WORD)
    channel = models.CharField(max_length=WORD, blank=True)
    shown_to = models.CharField(max_length=60, blank=True)
    sealed = models.TextField(blank=True)
    state = models.CharField(max_length=12, default="waiting")
    reason = models.CharField(max_length=WORD, blank=True)
    is_urgent = models.BooleanField(default=False)
    queued_at = models.DateTimeField()
    queued_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    send_after = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    # the message that could not go its own way, where this one goes another
    instead_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="followed_by"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    key = models.CharField(max_length=160, null=True, blank=True, unique=True)

    class Meta:
        """Never twice for one key; an ended notice keeps neither address nor text."""

        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(STATES)), name="notice_state_known"),
            models.CheckConstraint(
                condition=(Q(state__in=["waiting", "sending"], ended_at__isnull=True) & ~Q(sealed=""))
                | Q(
                    state__in=["sent", "failed", "unsure", "held", "expired", "cancelled"],
                    ended_at__isnull=False,
                    sealed="",
                ),
                name="notice_ending_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["send_after"], condition=Q(state="waiting"), name="notice_to_send"),
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="notice_being_sent"),
            models.Index(fields=["site", "-queued_at"], name="notice_by_site"),
        ]


class NoticeAttempt(AppendOnlyModel):
    """One attempt to deliver: when, how it went, what the other side answered in a code."""

    SITE_PATH: ClassVar[str] = "notice__site"
    SCOPE_PERMISSION: ClassVar[str] = "notice.read"

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="tries")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12)
    code = models.CharField(max_length=60, blank=True)

    class Meta:
        """In the order of trying."""

        ordering = ["pk"]
