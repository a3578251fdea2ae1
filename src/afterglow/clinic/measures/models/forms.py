"""Forms, their answers and results, and the wordings they were asked in."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import AppendOnlyModel, OpaqueIdModel

OPEN, SUBMITTED, ENDED = "open", "submitted", "ended"
STATES = (OPEN, SUBMITTED, ENDED)
LINK, STAFF, CLINICIAN, PAPER = "link", "staff", "clinician", "paper"
WAYS = (LINK, STAFF, CLINICIAN, PAPER)
USER = settings.AUTH_USER_MODEL


class Wording(AppendOnlyModel, OpaqueIdModel):
    """One wording of an instrument as this clinic accepted it; a new text is a new row, and none is ever changed."""

    instrument = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    locale = models.CharField(max_length=12)
    hash = models.CharField(max_length=80)
    source = models.TextField()
    licence = models.TextField()
    item_count = models.PositiveSmallIntegerField()
    # the pack as it was checked, in our own format
    content = models.JSONField()
    accepted_by = models.CharField(max_length=120)
    accepted_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    # the account that stored it; nobody where the operator did on the command line
    recorded_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """A text once; somebody accepted its terms by name."""

        ordering = ["accepted_at", "recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["instrument", "version", "locale", "hash"], name="wording_once"),
            models.CheckConstraint(condition=~Q(accepted_by=""), name="wording_was_accepted_by_somebody"),
        ]


class MeasureForm(OpaqueIdModel):
    """One form asked of one person: which instrument in which words, why, and by which way it is answered."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="measure_forms")
    instrument = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=12)
    # none where our own concept labels are shown: a demonstration, or a clinician beside the clinic's own paper
    wording = models.ForeignKey(Wording, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    way = models.CharField(max_length=12)
    # the row of the schedule it was asked for, where it was
    measure = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=12, default=OPEN)
    asked_at = models.DateTimeField()
    # nobody where a due form went out by itself
    asked_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)
    token_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # set by an answer that alerted and never taken back by a later one
    is_crisis = models.BooleanField(default=False)

    class Meta:
        """Known states and ways; a link has an end."""

        ordering = ["asked_at"]
        indexes = [models.Index(fields=["patient", "instrument"])]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="measure_form_state_is_known"),
            models.CheckConstraint(condition=Q(way__in=WAYS), name="measure_form_way_is_known"),
            models.CheckConstraint(
                condition=Q(token_hash__isnull=True) | Q(expires_at__gt=F("asked_at")),
                name="measure_form_link_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(state=SUBMITTED, submitted_at__isnull=False) | ~Q(state=SUBMITTED),
                name="measure_form_submitted_says_when",
            ),
        ]


class MeasureAnswer(AppendOnlyModel, OpaqueIdModel):
    """One answer as it was given; a later one to the same item counts, and the earlier one stays."""

    SITE_PATH: ClassVar[str] = "form__patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    form = models.ForeignKey(MeasureForm, on_delete=models.PROTECT, related_name="answers")
    number = models.PositiveIntegerField()
    item = models.CharField(max_length=40)
    # null: the person would rather not answer, or an answer was taken back
    value = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    language = models.CharField(max_length=12)
    # what the device called this answer, so that one sent again is stored once
    key = models.CharField(max_length=60, null=True, blank=True)
    recorded_at = models.DateTimeField()
    # nobody when it came through the link
    recorded_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """Numbered within a form; a key once in it."""

        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["form", "number"], name="measure_answer_number_once"),
            models.UniqueConstraint(fields=["form", "key"], name="measure_answer_key_once"),
        ]


class MeasureResult(AppendOnlyModel, OpaqueIdModel):
    """What the answers of a form came to, as they stood then; a correction is a further row that names its reason."""

    SITE_PATH: ClassVar[str] = "form__patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    form = models.ForeignKey(MeasureForm, on_delete=models.PROTECT, related_name="results")
    number = models.PositiveIntegerField()
    submission_id = models.CharField(max_length=60, unique=True)
    instrument = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    # item: value as text; the answers that this result was worked out from
    answers = models.JSONField()
    total = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    band = models.CharField(max_length=80, blank=True)
    is_complete = models.BooleanField()
    is_prorated = models.BooleanField()
    # a total typed in without its answers
    is_total_only = models.BooleanField(default=False)
    # the whole result, its numbers as text, and the settings it was worked out with
    result = models.JSONField()
    settings = models.JSONField(default=dict)
    # when the person answered; who rated where a clinician did
    observed_at = models.DateTimeField()
    rater = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    correction_reason = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """Numbered within a form; a later one corrects the earlier, with a reason; without a total stands why."""

        ordering = ["recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["form", "number"], name="measure_result_number_once"),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(correction_reason=""), name="measure_correction_says_why"
            ),
            models.CheckConstraint(
                condition=Q(total__isnull=False) | ~Q(reason=""), name="measure_result_without_total_says_why"
            ),
        ]


class Excuse(AppendOnlyModel, OpaqueIdModel):
    """Why an instrument that was due was not answered."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "measure.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="measure_excuses")
    instrument = models.CharField(max_length=40)
    on = models.DateField()
    reason = models.CharField(max_length=20)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
