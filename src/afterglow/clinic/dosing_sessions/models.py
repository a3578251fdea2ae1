"""Dosing sessions: the session row, the protocol it ran under, its events, its notes, and its anchors.

An event's payload holds codes, numbers and identifiers; free text lies in `EventNote`, which the event names by id
and keyed digest, so that a text entered in the wrong chart can be withdrawn while the chain stays valid.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from afterglow.clinic.chain import EMPTY
from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel

HASH = 64
WORD = 40


class ProtocolSnapshot(AppendOnlyModel):
    """A full effective protocol as canonical bytes, named by its own hash; sessions fold under it for ever."""

    hash = models.CharField(primary_key=True, max_length=HASH)
    protocol = models.CharField(max_length=80)
    body = models.BinaryField()
    recorded_at = models.DateTimeField()


class Session(OpaqueIdModel):
    """A dosing visit from arrival to discharge; phase and head are copies of what its events say."""

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="sessions")
    plan = models.ForeignKey("plans.Plan", on_delete=models.PROTECT, null=True, blank=True, related_name="sessions")
    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="sessions")
    place = models.CharField(max_length=80, blank=True)
    protocol = models.ForeignKey(ProtocolSnapshot, on_delete=models.PROTECT, related_name="sessions")
    phase = models.CharField(max_length=WORD, default="booked", db_index=True)
    is_closed = models.BooleanField(default=False)
    planned_at = models.DateTimeField(null=True, blank=True, db_index=True)
    opened_at = models.DateTimeField(db_index=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    last_seq = models.PositiveIntegerField(default=0)
    last_recorded_at = models.DateTimeField(null=True, blank=True)
    head_hash = models.CharField(max_length=HASH, default=EMPTY)

    class Meta:
        """A head without events is the empty one."""

        constraints = [
            models.CheckConstraint(
                condition=Q(last_seq=0, head_hash=EMPTY, last_recorded_at__isnull=True)
                | (Q(last_seq__gt=0, last_recorded_at__isnull=False) & ~Q(head_hash=EMPTY)),
                name="session_head_matches_events",
            )
        ]
        indexes = [
            models.Index(fields=["site", "opened_at"], name="session_by_opening"),
            models.Index(fields=["site", "planned_at"], name="session_by_plan"),
            models.Index(fields=["site", "opened_at"], condition=Q(is_closed=False), name="session_unclosed"),
        ]

    @property
    def is_live(self) -> bool:
        """Return whether time alone can still change what the session says."""
        return self.phase in LIVE_PHASES


LIVE_PHASES = ("arrived", "pre-checks", "ready", "dosing", "paused", "observing", "released")


class SessionEvent(AppendOnlyModel):
    """One event of a session; the hash covers every column and the hash before it."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=64, blank=True)
    second = models.CharField(max_length=64, blank=True)
    body = models.BinaryField()
    previous = models.CharField(max_length=HASH)
    hash = models.CharField(max_length=HASH)

    class Meta:
        """One event per place."""

        ordering = ["session", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["session", "seq"], name="event_once_per_place"),
            models.CheckConstraint(condition=Q(seq__gt=0), name="event_places_begin_at_one"),
        ]


class EventNote(OpaqueIdModel):
    """The free text of one event; the database lets it change once, to nothing, when it is withdrawn."""

    APPEND_ONLY = True
    # the only change the database allows: the text goes, who, when and why stay
    CHANGE_ALLOWED = (
        "old.withdrawn_at IS NULL AND new.withdrawn_at IS NOT NULL AND new.text = '' AND new.withdrawn_reason <> '' "
        "AND new.id = old.id AND new.session_id = old.session_id AND new.digest = old.digest "
        "AND new.recorded_at = old.recorded_at AND new.field = old.field"
    )

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="notes")
    field = models.CharField(max_length=80)
    text = models.TextField(blank=True)
    digest = models.CharField(max_length=HASH)
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=64, blank=True)
    withdrawn_reason = models.CharField(max_length=80, blank=True)

    class Meta:
        """Withdrawal is whole: when, who, why, and no text left."""

        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by="", withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False, text="") & ~Q(withdrawn_by="") & ~Q(withdrawn_reason="")),
                name="note_withdrawal_is_whole",
            )
        ]


class SiteAnchor(AppendOnlyModel):
    """The head of a session as it was after one commit; the site's own chain runs over these."""

    site = models.CharField(max_length=64)
    seq = models.PositiveBigIntegerField()
    session = models.CharField(max_length=64, db_index=True)
    session_seq = models.PositiveIntegerField()
    session_hash = models.CharField(max_length=HASH)
    recorded_at = models.DateTimeField()
    previous = models.CharField(max_length=HASH)
    hash = models.CharField(max_length=HASH)

    class Meta:
        """One anchor per place of a site's chain."""

        constraints = [models.UniqueConstraint(fields=["site", "seq"], name="anchor_once_per_place")]


class CommandReceipt(models.Model):
    """The answer to a command sent with a request key; the same key is answered again, never carried out twice."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="receipts")
    key = models.CharField(max_length=80)
    by = models.CharField(max_length=64)
    digest = models.CharField(max_length=HASH)
    first_seq = models.PositiveIntegerField()
    last_seq = models.PositiveIntegerField()
    findings = models.JSONField(default=list)
    recorded_at = models.DateTimeField()

    class Meta:
        """One answer per key and session."""

        constraints = [models.UniqueConstraint(fields=["session", "key"], name="receipt_once_per_key")]


class Lease(models.Model):
    """Who may do a job that only one process may do, and until when."""

    name = models.CharField(primary_key=True, max_length=40)
    holder = models.CharField(max_length=64, blank=True)
    until = models.DateTimeField()
