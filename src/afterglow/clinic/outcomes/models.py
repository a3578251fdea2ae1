"""Summaries of courses: nothing here is a source, every row can be worked out anew from the chart.

A chart that changed is marked in the transaction that changed it; the sweep works marked courses out again. Rows of one
course carry what the page groups by, so that a figure is one scan of one table.
"""

from typing import ClassVar

from django.db import models

WORD = 40


class StaleCourse(models.Model):
    """A chart that has changed since its summary was made; the row goes when the summary is new."""

    SITE_PATH: ClassVar[str] = "patient__site"
    SCOPE_PERMISSION: ClassVar[str] = "outcomes.read"

    patient = models.OneToOneField("people.Patient", on_delete=models.CASCADE, primary_key=True, related_name="+")
    marked_at = models.DateTimeField(db_index=True)


class SummaryVersion(models.Model):
    """Which summaries there are now: one row, whose word is new whenever a summary was made."""

    word = models.CharField(max_length=WORD)


class Grouped(models.Model):
    """What every row of a course is grouped and filtered by."""

    SITE_PATH: ClassVar[str] = "site"
    SCOPE_PERMISSION: ClassVar[str] = "outcomes.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="+")
    # the indication of the plan of the first session, and drug and route of its protocol: `racemic.iv`
    condition = models.CharField(max_length=WORD)
    way = models.CharField(max_length=WORD)
    is_adult = models.BooleanField()
    began_on = models.DateField()

    class Meta:
        """A base only."""

        abstract = True


class CourseSummary(Grouped):
    """One person's first course: from the first dose here, with how its induction ended."""

    patient = models.OneToOneField("people.Patient", on_delete=models.CASCADE, primary_key=True, related_name="+")
    sessions = models.PositiveIntegerField()
    last_session_on = models.DateField()
    induction_ended_on = models.DateField(null=True)
    is_complete = models.BooleanField()
    has_left_early = models.BooleanField()
    # the long-term screen of the bladder: whether it has ever been due, and whether it is up to date
    is_bladder_due = models.BooleanField()
    is_bladder_done = models.BooleanField()
    # when time alone changes a verdict
    look_again_on = models.DateField(null=True)
    summarised_at = models.DateTimeField()

    class Meta:
        """Found by site, and by the day on which to look again."""

        indexes = [models.Index(fields=["site", "look_again_on"], name="course_to_look_at_again")]


class CourseScore(Grouped):
    """One course on one instrument: baseline, end of induction, relapse, follow-up; null is not known."""

    patient = models.ForeignKey("people.Patient", on_delete=models.CASCADE, related_name="+")
    instrument = models.CharField(max_length=WORD)
    has_left_early = models.BooleanField()
    baseline = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    standing = models.CharField(max_length=WORD)
    is_response = models.BooleanField(null=True)
    is_remission = models.BooleanField(null=True)
    is_worse = models.BooleanField(null=True)
    score_on = models.DateField(null=True)
    last_score_on = models.DateField(null=True)
    state_reached_on = models.DateField(null=True)
    watched_days = models.PositiveIntegerField(null=True)
    has_relapsed = models.BooleanField(null=True)
    landmark_upkeep = models.BooleanField(null=True)
    # a last score past the relapse threshold that waits for a second one
    waits_for_second = models.BooleanField(null=True)
    is_follow_up_due = models.BooleanField()
    is_follow_up_done = models.BooleanField()
    sessions = models.PositiveIntegerField()
    scored_sessions = models.PositiveIntegerField()

    class Meta:
        """An instrument once in a course."""

        constraints = [models.UniqueConstraint(fields=["patient", "instrument"], name="course_score_once")]
        indexes = [models.Index(fields=["instrument", "site"], name="course_score_by_instrument")]


class SessionTally(models.Model):
    """One session that is over, counted once; it is read again only when its record has grown."""

    session = models.OneToOneField(
        "dosing_sessions.Session", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    patient = models.ForeignKey("people.Patient", on_delete=models.CASCADE, related_name="+")
    last_seq = models.PositiveIntegerField()
    on = models.DateField()
    is_closed = models.BooleanField()
    has_event = models.BooleanField()
    was_paused = models.BooleanField()
    was_medicated = models.BooleanField()
    was_stopped = models.BooleanField()
    is_serious = models.BooleanField()
    vitals_due = models.PositiveIntegerField()
    vitals_done = models.PositiveIntegerField()
    scales_due = models.PositiveIntegerField()
    scales_done = models.PositiveIntegerField()


class CourseMonth(Grouped):
    """The sessions of one course in one month, added up."""

    patient = models.ForeignKey("people.Patient", on_delete=models.CASCADE, related_name="+")
    month = models.DateField()
    sessions = models.PositiveIntegerField()
    closed = models.PositiveIntegerField()
    with_event = models.PositiveIntegerField()
    paused = models.PositiveIntegerField()
    medicated = models.PositiveIntegerField()
    stopped = models.PositiveIntegerField()
    serious = models.PositiveIntegerField()
    vitals_due = models.PositiveIntegerField()
    vitals_done = models.PositiveIntegerField()
    scales_due = models.PositiveIntegerField()
    scales_done = models.PositiveIntegerField()

    class Meta:
        """A month once in a course."""

        constraints = [models.UniqueConstraint(fields=["patient", "month"], name="course_month_once")]
        indexes = [models.Index(fields=["site", "month"], name="course_month_by_site")]
