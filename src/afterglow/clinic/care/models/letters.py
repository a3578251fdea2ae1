"""Update letters to outside clinicians: a draft that is edited, a signature that freezes it, and how it went out."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from afterglow.clinic.models import OpaqueIdModel

AFTER_INDUCTION, STOPPING, UPDATE = "after-induction", "stopping", "update"
KINDS = (AFTER_INDUCTION, STOPPING, UPDATE)
DRAFT, SIGNED, DISCARDED = "draft", "signed", "discarded"
WAYS = ("printed", "handed", "posted", "fax")
# ways by which a letter has left the house; a printed one still lies here
LEFT = ("handed", "posted", "fax")


class Letter(OpaqueIdModel):
    """One letter to one clinician; once signed, its text is the filed document's."""

    SITE_PATH = "patient__site"
    SCOPE_PERMISSION = "care.read"

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=20)
    addressee = models.ForeignKey("care.OutsideClinician", on_delete=models.PROTECT, related_name="letters")
    plan = models.ForeignKey("plans.Plan", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=12, default=DRAFT)
    body = models.TextField()
    version = models.PositiveIntegerField(default=1)
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField()
    edited_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    document = models.OneToOneField(
        "documents.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="letter"
    )

    class Meta:
        """A signature is whole and has its document; one draft of a kind to one person at a time."""

        ordering = ["drafted_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="letter_kind_is_known"),
            models.CheckConstraint(
                condition=Q(
                    state__in=(DRAFT, DISCARDED),
                    signed_at__isnull=True,
                    signed_by__isnull=True,
                    document__isnull=True,
                )
                | Q(state=SIGNED, signed_at__isnull=False, signed_by__isnull=False, document__isnull=False),
                name="letter_signature_is_whole",
            ),
            models.UniqueConstraint(
                fields=["patient", "kind", "addressee"], condition=Q(state=DRAFT), name="one_draft_letter_of_a_kind"
            ),
        ]


class LetterDelivery(OpaqueIdModel):
    """One way in which a signed letter went out, or was printed for it."""

    APPEND_ONLY: ClassVar[bool] = True
    SITE_PATH = "letter__patient__site"
    SCOPE_PERMISSION = "care.read"

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="deliveries")
    way = models.CharField(max_length=12)
    to = models.CharField(max_length=300, blank=True)
    on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In order; a way that is known."""

        ordering = ["recorded_at", "pk"]
        constraints = [models.CheckConstraint(condition=Q(way__in=WAYS), name="letter_way_is_known")]
