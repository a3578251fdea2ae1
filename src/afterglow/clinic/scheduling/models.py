"""Staff hours, qualifications, blocked time, series, appointments, the waiting list and calendar feeds."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel

WORD = 40
DOSING = "dosing"
KINDS = (DOSING, "assessment", "preparation", "integration", "follow-up", "call")
# a visit in one of these states holds its place
HOLDING = ("booked", "confirmed", "arrived", "in-session")
STATES = (*HOLDING, "done", "no-show", "cancelled", "moved")
SHOWN = (*HOLDING, "done", "no-show")
CLINIC = "clinic"
HOUR_ROLES = (CLINIC, "prescriber", "nurse", "therapist", "frontdesk")
QUALIFICATIONS = ("acls", "bls", "rems", "sedation")
USER = settings.AUTH_USER_MODEL


class StaffHours(OpaqueIdModel):
    """When somebody is on duty, each week or on one day, or is away; without a user: when the clinic is open."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "schedule.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="staff_hours")
    user = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="staff_hours")
    role = models.CharField(max_length=WORD)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    on = models.DateField(null=True, blank=True)
    begins = models.TimeField()
    ends = models.TimeField()
    is_away = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        """Each week or on one day, never both; an end after its beginning; only the clinic has no user."""

        ordering = ["weekday", "on", "begins"]
        indexes = [models.Index(fields=["site", "on"]), models.Index(fields=["site", "weekday"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=True, on__isnull=False)
                | Q(weekday__isnull=False, on__isnull=True, weekday__lte=6),
                name="staff_hours_have_a_day",
            ),
            models.CheckConstraint(condition=Q(ends__gt=F("begins")), name="staff_hours_end_after_begin"),
            models.CheckConstraint(
                condition=Q(user__isnull=True, role=CLINIC) | (Q(user__isnull=False) & ~Q(role=CLINIC)),
                name="staff_hours_name_whose",
            ),
        ]


class Qualification(OpaqueIdModel):
    """A qualification that somebody holds at a site, until a day."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "schedule.read"

    user = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="qualifications")
    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="qualifications")
    kind = models.CharField(max_length=WORD)
    valid_until = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        """One row per kind and person at a site."""

        constraints = [models.UniqueConstraint(fields=["site", "user", "kind"], name="qualification_once_for_a_user")]
        ordering = ["kind"]


class Block(OpaqueIdModel):
    """Time in which a place, a person or the whole site takes no visit."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "schedule.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="blocks")
    place = models.ForeignKey("sites.Place", on_delete=models.PROTECT, null=True, blank=True, related_name="blocks")
    user = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="blocks")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """An end after its beginning; a lifting says who and when."""

        ordering = ["begins_at"]
        indexes = [models.Index(fields=["site", "begins_at"])]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="block_ends_after_begin"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="block_lifting_is_whole",
            ),
        ]


class Series(OpaqueIdModel):
    """The visits of one phase of a plan, with the days that were proposed for them."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "schedule.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="series")
    plan = models.ForeignKey("plans.Plan", on_delete=models.PROTECT, related_name="series")
    protocol = models.CharField(max_length=80)
    phase = models.CharField(max_length=20)
    total = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, default="running")
    began_on = models.DateField()
    # number and day of each proposed visit; a day without a visit is a gap
    days = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Known phase and state; at least one visit."""

        ordering = ["began_on"]
        verbose_name_plural = "series"
        constraints = [
            models.CheckConstraint(condition=Q(phase__in=["induction", "maintenance"]), name="series_phase_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["running", "ended", "stopped"]), name="series_state_is_known"
            ),
            models.CheckConstraint(condition=Q(total__gte=1), name="series_has_visits"),
            models.UniqueConstraint(
                fields=["plan", "phase"], condition=Q(state="running"), name="one_running_series_for_a_phase"
            ),
        ]


class ScheduleDay(OpaqueIdModel):
    """One day of a site; whoever books on it holds this row until the booking is stored or refused."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "schedule.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="schedule_days")
    on = models.DateField()
    changes = models.PositiveIntegerField(default=0)

    class Meta:
        """One row per site and day."""

        constraints = [models.UniqueConstraint(fields=["site", "on"], name="schedule_day_once")]


class Appointment(OpaqueIdModel):
    """A booked visit: who, what for, where, with whom, from arrival to leaving."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "schedule.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="appointments")
    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="appointments")
    kind = models.CharField(max_length=20)
    protocol = models.CharField(max_length=80, blank=True)
    plan = models.ForeignKey("plans.Plan", on_delete=models.PROTECT, null=True, blank=True, related_name="appointments")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments")
    number = models.PositiveSmallIntegerField(null=True, blank=True)
    place = models.ForeignKey(
        "sites.Place", on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    nurse = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="nursed_visits")
    clinician = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="own_visits")
    escort = models.ForeignKey("people.Escort", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    starts_at = models.DateTimeField()
    dose_at = models.DateTimeField(null=True, blank=True)
    dose_ends_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=20, default="booked")
    session = models.OneToOneField(
        "dosing_sessions.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="appointment"
    )
    booked_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True, blank=True)
    expected_at = models.DateTimeField(null=True, blank=True)
    moved_from = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="moved_to")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end_reason = models.CharField(max_length=200, blank=True)
    # what the rules said when it was judged last; what was accepted, as it was seen then, by whom, when and why
    findings = models.JSONField(default=list, blank=True)
    accepted = models.JSONField(default=list, blank=True)
    version = models.PositiveIntegerField(default=1)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        """Times in order; a place, a patient and a series number are held once."""

        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(fields=["site", "starts_at"]),
            models.Index(fields=["patient", "starts_at"]),
            models.Index(fields=["nurse", "starts_at"]),
            models.Index(fields=["clinician", "starts_at"]),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="appointment_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="appointment_state_is_known"),
            models.CheckConstraint(
                condition=Q(dose_at__isnull=True, dose_ends_at__isnull=True, ends_at__gt=F("starts_at"))
                | Q(dose_at__gte=F("starts_at"), dose_ends_at__gte=F("dose_at"), ends_at__gte=F("dose_ends_at")),
                name="appointment_times_in_order",
            ),
            # a visit whose session ended has an end without a person
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True) | Q(ended_at__isnull=False), name="appointment_ending_is_whole"
            ),
            models.UniqueConstraint(
                fields=["place", "starts_at"], condition=Q(state__in=HOLDING), name="place_held_once_from_a_time"
            ),
            models.UniqueConstraint(
                fields=["patient", "starts_at"], condition=Q(state__in=HOLDING), name="patient_held_once_from_a_time"
            ),
            models.UniqueConstraint(
                fields=["series", "number"],
                condition=Q(state__in=(*HOLDING, "done")),
                name="series_number_booked_once",
            ),
        ]


class WaitingEntry(OpaqueIdModel):
    """Somebody who waits for a visit, from when until when, with what they asked for."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "schedule.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="waiting_entries")
    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="waiting_entries")
    kind = models.CharField(max_length=20)
    protocol = models.CharField(max_length=80, blank=True)
    plan = models.ForeignKey("plans.Plan", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    urgency = models.CharField(max_length=20, default="routine")
    wanted_from = models.DateField()
    wanted_until = models.DateField(null=True, blank=True)
    # part of the day, and a note
    preferences = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=20, default="waiting")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="waiting_entries"
    )

    class Meta:
        """Known words; one open entry per person and kind."""

        ordering = ["created_at"]
        verbose_name_plural = "waiting entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(urgency__in=["crisis", "urgent", "soon", "routine"]), name="waiting_urgency_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "booked", "withdrawn"]), name="waiting_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["patient", "kind"], condition=Q(state="waiting"), name="waiting_once_for_a_kind"
            ),
        ]


class FeedToken(OpaqueIdModel):
    """One person's calendar address; only its hash is kept, and it can be revoked."""

    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="feed_tokens")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One address in use per person."""

        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at__isnull=True), name="one_feed_in_use_for_a_user"
            )
        ]
