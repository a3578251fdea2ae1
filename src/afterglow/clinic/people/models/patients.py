"""Patients and the people who take them home."""

import unicodedata

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel
from afterglow.clinic.people.querysets import PatientQuerySet


def normalise_name(*parts: str) -> str:
    """Return the search key of a name: folded case, no accents, single spaces; the same on every database."""
    text = unicodedata.normalize("NFKD", " ".join(parts))
    plain = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())


class Patient(OpaqueIdModel):
    """A person receiving care at a site."""

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="patients")
    number = models.CharField(max_length=20)
    family_name = models.CharField(max_length=120)
    given_name = models.CharField(max_length=120)
    preferred_name = models.CharField(max_length=120, blank=True)
    pronouns = models.CharField(max_length=40, blank=True)
    birth_on = models.DateField()
    sex = models.CharField(max_length=20, blank=True)
    can_become_pregnant = models.BooleanField(null=True, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=12, default="en")
    search_key = models.CharField(max_length=400, db_index=True)
    allergies_asked_at = models.DateTimeField(null=True, blank=True)
    has_no_known_allergies = models.BooleanField(null=True, blank=True)
    medicines_asked_at = models.DateTimeField(null=True, blank=True)
    trials_asked_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    objects = PatientQuerySet.as_manager()

    class Meta:
        """A number once at a site; a person has a name."""

        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="patient_number_once_at_a_site"),
            models.CheckConstraint(condition=~Q(family_name="") & ~Q(given_name=""), name="patient_has_a_name"),
        ]
        ordering = ["search_key"]

    @property
    def display_name(self) -> str:
        """Return family name, given name."""
        return f"{self.family_name}, {self.given_name}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the search key in step with the names and the number."""
        self.search_key = normalise_name(self.family_name, self.given_name, self.preferred_name, self.number)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def __str__(self) -> str:
        """Return the display name."""
        return self.display_name


class Escort(OpaqueIdModel):
    """A responsible adult who takes a patient home; events name the row, never the person."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="escorts")
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=40, blank=True)
    relation = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """An ending does not precede the beginning."""

        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("recorded_at")), name="escort_ends_after_start"
            )
        ]
