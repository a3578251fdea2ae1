"""The floor of today: who is on site, what was checked at opening, calls for help, the log of an emergency, places.

Checks, cleaning, the steps of an emergency and calls to escorts are written once. Presence and a call for help are
rows that end; each change is audited in its own transaction.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel

WORD = 40
USER = settings.AUTH_USER_MODEL


class FloorSettings(OpaqueIdModel):
    """What a site has chosen for its floor; a site without a row has not chosen, and nothing is asked of it."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "floor.arrivals"

    site = models.OneToOneField("sites.Site", on_delete=models.PROTECT, related_name="floor_settings")
    asks_opening_checks = models.BooleanField(default=False)
    changed_at = models.DateTimeField()


class Presence(OpaqueIdModel):
    """A prescriber is on site, from one instant until another; `expected_until` is what they said on coming."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "floor.arrivals"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="presences")
    user = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="presences")
    role = models.CharField(max_length=WORD)
    since = models.DateTimeField()
    expected_until = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    findings = models.JSONField(default=list, blank=True)

    class Meta:
        """Nobody is on site twice, or leaves before coming."""

        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "user"], condition=Q(until__isnull=True), name="presence_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="presence_ends_after_it_begins"
            ),
        ]


class OpeningCheck(OpaqueIdModel, AppendOnlyModel):
    """One item of the opening list as it was found; the last word of a day on an item counts."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "floor.open"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="opening_checks")
    on = models.DateField()
    item = models.CharField(max_length=WORD)
    result = models.CharField(max_length=WORD)
    detail = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """A result is a known word; two people are two."""

        ordering = ["at"]
        indexes = [models.Index(fields=["site", "on"], name="opening_check_of_a_day")]
        constraints = [
            models.CheckConstraint(condition=Q(result__in=["ok", "fault"]), name="opening_check_result_is_known"),
            models.CheckConstraint(
                condition=Q(second__isnull=True) | ~Q(second=F("by")), name="opening_check_second_is_another"
            ),
        ]


class HelpCall(OpaqueIdModel):
    """A call for help from a room: open until somebody answers; code mode runs from `code_at` until `closed_at`."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "floor.help"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="help_calls")
    place = models.ForeignKey("sites.Place", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    session = models.ForeignKey(
        "dosing_sessions.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="help_calls"
    )
    # from a locked screen `raised_by` is who is signed in there, and anybody may have tapped
    raised_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    is_from_locked_screen = models.BooleanField(default=False)
    raised_at = models.DateTimeField()
    answered_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    code_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """An answer is whole; an emergency ends after it was called."""

        ordering = ["raised_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True)
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="help_answer_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="help_closing_is_whole",
            ),
        ]

    def is_by(self, user: Any) -> bool:
        """Return whether a person is known to have called; of a locked screen it is not known who tapped."""
        return not self.is_from_locked_screen and self.raised_by_id == user.pk


class CodeLog(OpaqueIdModel, AppendOnlyModel):
    """One tap of an emergency: what, when; a tap that was wrong is followed by `taken-back` naming it."""

    SITE_PATH: ClassVar[str] = "call__site"
    SCOPE_PERMISSION: ClassVar[str] = "floor.help"

    call = models.ForeignKey(HelpCall, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=WORD)
    at = models.DateTimeField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    takes_back = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """In the order in which it happened."""

        ordering = ["at", "recorded_at"]


class PlaceState(OpaqueIdModel, AppendOnlyModel):
    """A place was cleaned; the last row of a place tells since when it is ready for the next person."""

    SITE_PATH: ClassVar[str] = "place__site"
    SCOPE_PERMISSION: ClassVar[str] = "floor.arrivals"

    place = models.ForeignKey("sites.Place", on_delete=models.PROTECT, related_name="states")
    cleaned_at = models.DateTimeField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Oldest first; the last one of a place is found quickly."""

        ordering = ["cleaned_at"]
        indexes = [models.Index(fields=["place", "-cleaned_at"], name="place_cleaned_last")]


class EscortCall(OpaqueIdModel, AppendOnlyModel):
    """One step of the ladder when an escort has not come or is not named: who was tried, and what came of it."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "floor.arrivals"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="escort_calls")
    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="escort_calls")
    on = models.DateField()
    step = models.CharField(max_length=WORD)
    outcome = models.CharField(max_length=WORD)
    at = models.DateTimeField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of the calls."""

        ordering = ["at"]
        indexes = [models.Index(fields=["site", "on"], name="escort_calls_of_a_day")]
