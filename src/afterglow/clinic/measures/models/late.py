"""Links that were replaced, and what still came through a link after its form was closed."""

from typing import ClassVar

from django.db import models

from afterglow.clinic.measures.models.forms import MeasureForm
from afterglow.clinic.measures.models.risk import RiskAlert
from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel


class FormerLink(AppendOnlyModel):
    """A link that led to a form before a new one took its place; it opens nothing, and is still known."""

    SITE_PATH: ClassVar[str] = "form__patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    token_hash = models.CharField(max_length=64, primary_key=True)
    form = models.ForeignKey(MeasureForm, on_delete=models.PROTECT, related_name="former_links")
    ended_at = models.DateTimeField()


class LateAnswer(AppendOnlyModel, OpaqueIdModel):
    """An answer about suicide that came through a form's link after the form was closed; no result counts it."""

    SITE_PATH: ClassVar[str] = "form__patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    form = models.ForeignKey(MeasureForm, on_delete=models.PROTECT, related_name="late_answers")
    item = models.CharField(max_length=40)
    value = models.DecimalField(max_digits=9, decimal_places=3)
    # what the device called this answer, so that one sent again is stored once
    key = models.CharField(max_length=60, null=True, blank=True)
    # none where the same or a worse answer of this form still waited for its assessment
    alert = models.ForeignKey(RiskAlert, on_delete=models.PROTECT, null=True, blank=True, related_name="late_answers")
    # when it reached the clinic; when it was given is not known
    recorded_at = models.DateTimeField()

    class Meta:
        """In the order they came; a key once in a form."""

        ordering = ["recorded_at"]
        constraints = [models.UniqueConstraint(fields=["form", "key"], name="late_answer_key_once")]
