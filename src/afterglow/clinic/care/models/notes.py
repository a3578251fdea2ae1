"""Psychotherapy notes, apart from the chart, and who is a patient's named therapist.

The rule of who reads a note is `care.notes.may_read`, not the chart's: the scope of these rows is never enough.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel


class NamedTherapist(OpaqueIdModel):
    """The one therapist of a patient, from when until when."""

    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "care.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="named_therapists")
    user = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    named_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """One at a time; an ending is whole."""

        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(until__isnull=True), name="one_named_therapist_of_a_patient"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True, ended_by__isnull=True)
                | Q(until__isnull=False, ended_by__isnull=False, until__gte=F("since")),
                name="named_therapist_ending_is_whole",
            ),
        ]


class TherapyNote(OpaqueIdModel):
    """A note of a therapist about one talk; this row says only that there is one, whose and when."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "care.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="therapy_notes")
    author = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    talked_on = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Oldest first."""

        ordering = ["talked_on", "recorded_at", "pk"]


class TherapyNoteVersion(OpaqueIdModel):
    """The words of a note as they were once; the database lets them change once, to nothing, when withdrawn."""

    APPEND_ONLY: ClassVar[bool] = True
    # the only change the database allows: the text goes; who, when and why stay
    CHANGE_ALLOWED = (
        "old.withdrawn_at IS NULL AND new.withdrawn_at IS NOT NULL AND new.text = '' AND new.withdrawn_reason <> '' "
        "AND new.withdrawn_by_id IS NOT NULL AND new.id = old.id AND new.note_id = old.note_id "
        "AND new.number = old.number AND new.digest = old.digest AND new.recorded_at = old.recorded_at "
        "AND new.recorded_by_id = old.recorded_by_id"
    )
    SITE_PATH = "note__patient__site"
    SCOPE_PERMISSION = "therapy-note.read"

    note = models.ForeignKey(TherapyNote, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        """Each number once; a withdrawal is whole and leaves no text."""

        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["note", "number"], name="therapy_note_version_once"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False, text="") & ~Q(withdrawn_reason="")),
                name="therapy_note_withdrawal_is_whole",
            ),
        ]
