"""Referrals: who was sent or asked to come, what was told and done about it, and what may be the same person."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from afterglow.clinic.models import OpaqueIdModel
from afterglow.clinic.people.models import normalise_name
from afterglow.clinicday.matching import Identity, get_phone_key
from afterglow.clinicday.triage import load_urgencies

OPEN, WAITING, ACCEPTED, DECLINED, PAUSED, JOINED = "open", "waiting", "accepted", "declined", "paused", "joined"
STATES = (OPEN, WAITING, ACCEPTED, DECLINED, PAUSED, JOINED)
LIVE_STATES = (OPEN, WAITING, PAUSED)
PUBLIC_FORM = "public-form"
SOURCES = (PUBLIC_FORM, "fax", "letter", "phone", "e-mail", "fhir", "in-person", "other")
SENDERS = ("self", "family-doctor", "psychiatrist", "psychologist", "pain-clinic", "hospital", "relative", "other")


class Referral(OpaqueIdModel):
    """One person who was sent or asked to come; what was told stays as it was told."""

    SITE_PATH = "site"
    SCOPE_PERMISSION = "referral.read"

    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="referrals")
    state = models.CharField(max_length=12, default=OPEN)
    urgency = models.CharField(max_length=12, default="routine")
    urgency_rank = models.PositiveSmallIntegerField(default=3)
    urgency_reason = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=20)
    sent_by = models.CharField(max_length=20, blank=True)
    referrer = models.CharField(max_length=160, blank=True)
    family_name = models.CharField(max_length=120, blank=True)
    given_name = models.CharField(max_length=120, blank=True)
    birth_on = models.DateField(null=True, blank=True, db_index=True)
    sex = models.CharField(max_length=20, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    phone_key = models.CharField(max_length=12, blank=True, db_index=True)
    may_call = models.BooleanField(null=True, blank=True)
    email = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=240, blank=True)
    language = models.CharField(max_length=12, blank=True)
    doctor = models.CharField(max_length=160, blank=True)
    doctor_phone = models.CharField(max_length=40, blank=True)
    insurance_last4 = models.CharField(max_length=4, blank=True)
    asks = models.CharField(max_length=160, blank=True)
    history = models.TextField(blank=True)
    answers = models.JSONField(default=dict, blank=True)
    search_key = models.CharField(max_length=600, blank=True)
    source_key = models.CharField(max_length=80, null=True, blank=True)
    received_at = models.DateTimeField(db_index=True)
    reply_due_at = models.DateTimeField()
    first_reply_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    waiting_until = models.DateField(null=True, blank=True)
    paused_until = models.DateField(null=True, blank=True)
    pause_reason = models.CharField(max_length=300, blank=True)
    paused_left_min = models.IntegerField(null=True, blank=True)
    decline_reason = models.CharField(max_length=1000, blank=True)
    decline_help = models.CharField(max_length=1000, blank=True)
    decline_asked_by = models.ForeignKey(
        "people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    patient = models.ForeignKey(
        "people.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="referrals"
    )
    joined_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="joined")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        """One referral of one form; what ends it is told whole."""

        ordering = ["urgency_rank", "reply_due_at"]
        indexes = [models.Index(fields=["site", "state", "urgency_rank", "reply_due_at"], name="referral_queue")]
        constraints = [
            models.UniqueConstraint(fields=["site", "source_key"], name="referral_once_for_a_form"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="referral_state_is_known"),
            models.CheckConstraint(
                condition=Q(taken_by__isnull=True, taken_at__isnull=True)
                | Q(taken_by__isnull=False, taken_at__isnull=False),
                name="referral_taking_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True, decided_at__isnull=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False, decided_at__gte=F("received_at")),
                name="referral_decision_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state=ACCEPTED) | Q(patient__isnull=False), name="referral_accepted_has_patient"
            ),
            models.CheckConstraint(
                condition=~Q(state=DECLINED) | ~Q(decline_reason=""), name="referral_declined_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=JOINED) | Q(joined_to__isnull=False), name="referral_joined_has_other"
            ),
            models.CheckConstraint(
                condition=~Q(state=PAUSED) | Q(paused_until__isnull=False), name="referral_paused_has_day"
            ),
        ]

    @property
    def display_name(self) -> str:
        """Return family name, given name, or that neither was told."""
        return ", ".join(part for part in (self.family_name, self.given_name) if part)

    @property
    def is_crisis(self) -> bool:
        """Return whether a call is asked for now."""
        return self.urgency == "crisis"

    @property
    def is_live(self) -> bool:
        """Return whether nothing was decided yet."""
        return self.state in LIVE_STATES

    @property
    def knows_doctor(self) -> bool:
        """Return whether there is a doctor to ask: one who is named, or who sent it."""
        is_own = self.source == PUBLIC_FORM or self.sent_by in ("self", "relative")
        return bool(self.doctor or self.referrer) or not is_own

    @property
    def identity(self) -> Identity:
        """Return what is compared with other records."""
        return Identity(
            self.family_name,
            self.given_name,
            self.birth_on,
            self.phone,
            self.address,
            self.doctor,
            self.insurance_last4,
        )

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the search key, the key of the phone and the rank in step with what they come from."""
        texts = (self.family_name, self.given_name, self.asks, self.referrer, self.doctor)
        digits = "".join(letter for letter in self.phone if letter.isdigit())
        self.search_key = normalise_name(*texts, digits)[:600]
        self.phone_key = get_phone_key(self.phone)
        self.urgency_rank = load_urgencies()[self.urgency].rank
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def __str__(self) -> str:
        """Return the display name."""
        return self.display_name


class ReferralEvent(OpaqueIdModel):
    """One thing that happened to a referral: who, when, in which words; nothing of it is ever lost."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "referral__site"
    SCOPE_PERMISSION = "referral.read"

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=30)
    at = models.DateTimeField()
    by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    text = models.TextField(blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        """In the order in which they happened."""

        ordering = ["at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(kind=""), name="referral_event_has_kind")]


class PossibleMatch(OpaqueIdModel):
    """A record that may tell of the same person, with its working, and what a person said about it."""

    SITE_PATH = "referral__site"
    SCOPE_PERMISSION = "referral.read"
    UNDECIDED, SAME, DIFFERENT = "open", "same", "different"

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="matches")
    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    other = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="matched_by")
    score = models.SmallIntegerField()
    working = models.JSONField(default=dict)
    state = models.CharField(max_length=12, default=UNDECIDED)
    found_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One row for a pair; a patient or another referral, never both; a decision names its person."""

        ordering = ["-score", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["referral", "patient"], name="match_once_with_a_patient"),
            models.UniqueConstraint(fields=["referral", "other"], name="match_once_with_a_referral"),
            models.CheckConstraint(
                condition=Q(patient__isnull=False, other__isnull=True) | Q(patient__isnull=True, other__isnull=False),
                name="match_is_with_one",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state__in=["same", "different"], decided_by__isnull=False, decided_at__isnull=False),
                name="match_decision_is_whole",
            ),
        ]


class ReferralPaper(OpaqueIdModel):
    """A letter that came with a referral, or that answers it; on acceptance it is filed in the chart too."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "referral__site"
    SCOPE_PERMISSION = "referral.read"

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="papers")
    content = models.ForeignKey("documents.DocumentContent", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """In the order in which they came."""

        ordering = ["recorded_at", "pk"]


class ContactCard(OpaqueIdModel):
    """Contact and insurance as a referral told them for a patient; the newest row counts, none is overwritten."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "patient.find"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="contact_cards")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="contact_cards")
    phone = models.CharField(max_length=40, blank=True)
    phone_key = models.CharField(max_length=12, blank=True, db_index=True)
    email = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=240, blank=True)
    doctor = models.CharField(max_length=160, blank=True)
    doctor_phone = models.CharField(max_length=40, blank=True)
    insurance_last4 = models.CharField(max_length=4, blank=True, db_index=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Newest last."""

        ordering = ["recorded_at", "pk"]


class ToldAnswer(OpaqueIdModel):
    """An answer of a referral that no part of a chart has a field for, such as thoughts of suicide or alcohol."""

    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "patient.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="told_answers")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="told_answers")
    name = models.CharField(max_length=40)
    value = models.JSONField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """In the order in which they were told; what is ended names its person."""

        ordering = ["recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="told_answer_ending_is_whole",
            ),
        ]


class ToldEntry(OpaqueIdModel):
    """Marks a chart entry as told by a referral or the patient and not confirmed; confirming is a person's act."""

    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "patient.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="told_entries")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="told_entries")
    kind = models.CharField(max_length=40)
    entry_id = models.CharField(max_length=20)
    told_by = models.CharField(max_length=12)
    recorded_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """One mark for one entry; a confirmation names its person."""

        ordering = ["recorded_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "entry_id"], name="told_once_for_an_entry"),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="told_confirmation_is_whole",
            ),
        ]
