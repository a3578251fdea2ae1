"""Goals and intentions in the patient's own words, and what a review said of them; rows are written once."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import OpaqueIdModel

GOAL, INTENTION = "goal", "intention"
KINDS = (GOAL, INTENTION)
OUTCOMES = ("met", "partly", "not", "changed")
# a review that belongs to no gate
ANY_TIME = ""


class Goal(OpaqueIdModel):
    """What a person wants from the course, or brings to the next session, as they said it."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "care.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="goals")
    kind = models.CharField(max_length=12)
    words = models.CharField(max_length=600)
    said_on = models.DateField()
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """A known kind, with words."""

        ordering = ["recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="goal_kind_is_known"),
            models.CheckConstraint(condition=~Q(words=""), name="goal_has_words"),
        ]


class GoalReview(OpaqueIdModel):
    """How a goal stood when it was looked at with the person; `gate` names the protocol's gate, or none."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "goal__patient__site"
    SCOPE_PERMISSION = "care.read"

    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="reviews")
    gate = models.CharField(max_length=20, blank=True)
    outcome = models.CharField(max_length=12)
    words = models.CharField(max_length=600, blank=True)
    reviewed_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In order; an outcome that is known."""

        ordering = ["reviewed_on", "recorded_at", "pk"]
        constraints = [models.CheckConstraint(condition=Q(outcome__in=OUTCOMES), name="goal_outcome_is_known")]
