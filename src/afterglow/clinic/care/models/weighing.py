"""By what weights a site's advice compares intervals: each version as it was signed; rows are written once."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel


class AdviceWeights(OpaqueIdModel, AppendOnlyModel):
    """One version of a site's weights: all of them by name, or none where the defaults were put back."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "protocol.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="advice_weights")
    number = models.PositiveIntegerField()
    weights = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=600)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Versions of a site count from one, each once and each with a reason."""

        ordering = ["site", "number"]
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="advice_weights_number_once_in_a_site"),
            models.CheckConstraint(condition=Q(number__gte=1), name="advice_weights_count_from_one"),
            models.CheckConstraint(condition=~Q(reason=""), name="advice_weights_have_a_reason"),
        ]
