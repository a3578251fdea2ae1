"""Tasks and their history, the on-call roster, surveillance records, and when each course was last looked at."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel

WORD = 40
SCREENS = ("bladder", "liver", "cognition", "misuse", "outside-exposure")


class Task(OpaqueIdModel):
    """Something due that somebody owns: a person, or everyone of a role until one of them takes it."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "task.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="tasks")
    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="tasks")
    kind = models.CharField(max_length=WORD)
    title = models.CharField(max_length=120)
    detail = models.CharField(max_length=500, blank=True)
    subject_kind = models.CharField(max_length=80, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    owner = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="tasks")
    owner_role = models.CharField(max_length=WORD)
    priority = models.CharField(max_length=12)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField()
    escalate_at = models.DateTimeField(null=True, blank=True)
    escalation_level = models.PositiveSmallIntegerField(default=0)
    lead_role = models.CharField(max_length=WORD, blank=True)
    on_call = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lacks_on_call = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="open")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=WORD, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    key = models.CharField(max_length=160, null=True, blank=True, unique=True)

    class Meta:
        """Open without an ending, or ended with its instant; a list reads one index."""

        constraints = [
            models.CheckConstraint(condition=Q(priority__in=["urgent", "soon", "routine"]), name="task_priority_known"),
            models.CheckConstraint(condition=Q(escalation_level__lte=2), name="task_level_known"),
            models.CheckConstraint(
                condition=Q(state="open", done_at__isnull=True, done_by__isnull=True, outcome="")
                | Q(state__in=["done", "cancelled"], done_at__isnull=False),
                name="task_ending_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "due_at"], condition=Q(state="open"), name="task_open_by_site"),
            models.Index(fields=["owner", "due_at"], condition=Q(state="open"), name="task_open_by_owner"),
            models.Index(fields=["escalate_at"], condition=Q(state="open"), name="task_to_escalate"),
            models.Index(fields=["site", "kind"], condition=Q(state="open"), name="task_open_by_kind"),
            models.Index(fields=["kind", "subject_id"], name="task_by_subject"),
            models.Index(fields=["site", "-done_at"], condition=~Q(state="open"), name="task_ended_by_site"),
            models.Index(fields=["site"], condition=Q(state="open", lacks_on_call=True), name="task_lacks_on_call"),
        ]


class TaskEvent(AppendOnlyModel):
    """One thing that happened to a task; the task's own fields are what these came to."""

    SITE_PATH: ClassVar[str] = "task__site"
    SCOPE_PERMISSION: ClassVar[str] = "task.read"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    type = models.CharField(max_length=WORD)
    note = models.CharField(max_length=1000, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        """In the order in which they were written."""

        ordering = ["pk"]


class OnCallShift(OpaqueIdModel):
    """Who answers for a role from one instant to another; a removed shift stays, marked."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "task.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="on_call_shifts")
    role = models.CharField(max_length=WORD)
    user = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="on_call_shifts")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """A shift ends after it begins."""

        ordering = ["begins_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="on_call_shift_ends_after_start")
        ]
        indexes = [models.Index(fields=["site", "role", "ends_at"], name="on_call_by_end")]


class SurveillanceRecord(OpaqueIdModel):
    """One result of a long-term screen; a wrong one is replaced by a new row that names it."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "patient.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="surveillance_records")
    screen = models.CharField(max_length=WORD)
    done_at = models.DateTimeField()
    result = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        """Known screens only, newest last."""

        ordering = ["done_at", "recorded_at"]
        constraints = [models.CheckConstraint(condition=Q(screen__in=list(SCREENS)), name="surveillance_screen_known")]
        indexes = [models.Index(fields=["patient", "screen", "done_at"], name="surveillance_by_patient")]


class CourseLook(models.Model):
    """When a course was last looked at for screens that have become due; each is looked at once a day."""

    patient = models.OneToOneField(
        "people.Patient", on_delete=models.PROTECT, primary_key=True, related_name="course_look"
    )
    on = models.DateField(db_index=True)
    at = models.DateTimeField()
