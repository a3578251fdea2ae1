"""How far forecasts of the clinic's past patients lay from what was seen; worked out anew, never a source."""

from typing import ClassVar

from django.db import models


class ForecastCalibration(models.Model):
    """The newest looking back at a site: one row of a site, replaced as a whole."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    site = models.OneToOneField("sites.Site", on_delete=models.CASCADE, primary_key=True, related_name="+")
    made_at = models.DateTimeField()
    # of the program: another version forecasts otherwise, and its distances say nothing of this one's
    version = models.CharField(max_length=40)
    # new with every looking back, so that what was read from the row can be kept by it
    word = models.CharField(max_length=40)
    patients = models.PositiveIntegerField()
    # [[patient, group, distance from the median in half 50 % bands, and in half 90 % bands], ...]
    judged = models.JSONField(default=list)
