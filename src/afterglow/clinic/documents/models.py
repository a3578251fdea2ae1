"""Filed documents: bytes once by hash, and what they are for whom."""

from typing import ClassVar

from django.db import models

from afterglow.clinic.models import OpaqueIdModel


class DocumentContent(models.Model):
    """The bytes of a document, named by their own SHA-256."""

    APPEND_ONLY: ClassVar[bool] = True

    digest = models.CharField(primary_key=True, max_length=64)
    media_type = models.CharField(max_length=80)
    body = models.BinaryField()


class Document(OpaqueIdModel):
    """One document of a patient's chart."""

    APPEND_ONLY: ClassVar[bool] = True

    patient = models.ForeignKey("people.Patient", on_delete=models.PROTECT, related_name="documents")
    session = models.ForeignKey(
        "dosing_sessions.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="documents"
    )
    content = models.ForeignKey(DocumentContent, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    recorded_at = models.DateTimeField(db_index=True)
    recorded_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Newest last."""

        ordering = ["recorded_at"]
