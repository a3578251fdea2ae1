"""A site and its places."""

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import OpaqueIdModel


class Site(OpaqueIdModel):
    """One clinic address with its own zone, crisis numbers, profiles and overlays."""

    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=60)
    address = models.CharField(max_length=240, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    emergency_number = models.CharField(max_length=40, blank=True)
    crisis_line = models.CharField(max_length=120, blank=True)
    paper = models.CharField(max_length=8, default="a4")
    jurisdiction = models.CharField(max_length=8, default="us")
    is_demonstration = models.BooleanField(default=False)
    can_resuscitate = models.BooleanField(null=True, blank=True)
    profiles = models.JSONField(default=dict, blank=True)
    overlays = models.JSONField(default=dict, blank=True)
    last_patient_number = models.PositiveIntegerField(default=100)
    created_at = models.DateTimeField()

    class Meta:
        """A site has a name and a zone."""

        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(timezone=""), name="site_has_name_and_zone"),
            models.CheckConstraint(condition=Q(paper__in=["a4", "letter"]), name="site_paper_is_known"),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class Place(OpaqueIdModel):
    """A room or chair of a site."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="places")
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)

    class Meta:
        """One name once in a site."""

        constraints = [models.UniqueConstraint(fields=["site", "name"], name="place_name_once_in_a_site")]
        ordering = ["name"]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
