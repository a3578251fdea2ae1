"""Outside clinicians by name, and changes of medicines with the one person who owns each."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel

PROFESSIONS = ("family-doctor", "psychiatrist", "psychologist", "therapist", "pain-clinic", "hospital", "other")
ALLOWED, REFUSED, NOT_ASKED = "allowed", "refused", "not-asked"
SHARING = (ALLOWED, REFUSED, NOT_ASKED)
PROPOSED, AGREED, DONE, DROPPED = "proposed", "agreed", "done", "dropped"
CHANGE_STATES = (PROPOSED, AGREED, DONE, DROPPED)


class OutsideClinician(OpaqueIdModel):
    """A clinician of another house who looks after the patient, and whether the patient lets us write to them."""

    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "care.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="outside_clinicians")
    name = models.CharField(max_length=160)
    profession = models.CharField(max_length=20)
    organisation = models.CharField(max_length=160, blank=True)
    address = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    fax = models.CharField(max_length=40, blank=True)
    email = models.CharField(max_length=120, blank=True)
    sharing = models.CharField(max_length=12, default=NOT_ASKED)
    sharing_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """A name, a known answer about sharing with its day, a whole ending."""

        ordering = ["recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="outside_clinician_has_name"),
            models.CheckConstraint(condition=Q(profession__in=PROFESSIONS), name="outside_profession_is_known"),
            models.CheckConstraint(
                condition=Q(sharing=NOT_ASKED, sharing_on__isnull=True)
                | Q(sharing__in=(ALLOWED, REFUSED), sharing_on__isnull=False),
                name="outside_sharing_has_day",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False, ended_at__gte=F("recorded_at")),
                name="outside_clinician_ending_is_whole",
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class MedicationChange(OpaqueIdModel):
    """A proposed change of a medicine: what, why, who owns it, whether it was agreed and when it was done."""

    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "care.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="medication_changes")
    medicine = models.CharField(max_length=120)
    proposal = models.CharField(max_length=300)
    reason = models.CharField(max_length=300, blank=True)
    owner = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    outside_owner = models.ForeignKey(
        OutsideClinician, on_delete=models.PROTECT, null=True, blank=True, related_name="medication_changes"
    )
    wanted_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=12, default=PROPOSED)
    agreed_on = models.DateField(null=True, blank=True)
    done_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """One owner, here or outside; what is done has its day."""

        ordering = ["proposed_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(owner__isnull=False, outside_owner__isnull=True)
                | Q(owner__isnull=True, outside_owner__isnull=False),
                name="medication_change_has_one_owner",
            ),
            models.CheckConstraint(condition=Q(state__in=CHANGE_STATES), name="medication_change_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=AGREED) | Q(agreed_on__isnull=False), name="medication_change_agreed_has_day"
            ),
            models.CheckConstraint(
                condition=Q(state=DONE, done_on__isnull=False) | (~Q(state=DONE) & Q(done_on__isnull=True)),
                name="medication_change_done_has_day",
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Return whether something is still to be agreed or done."""
        return self.state in (PROPOSED, AGREED)


class MedicationChangeEvent(OpaqueIdModel):
    """One thing that happened to a change: proposed, owner changed, agreed, done, dropped; never overwritten."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "change__patient__site"
    SCOPE_PERMISSION = "care.read"

    change = models.ForeignKey(MedicationChange, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20)
    on = models.DateField()
    words = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order in which they were recorded."""

        ordering = ["recorded_at", "pk"]
