"""Chained rows: heads of chains, audited acts, and audited reads in batches.

No name of a person stands here: people, patients and subjects are opaque identifiers.
"""

from django.db import models

from afterglow.clinic.chain import EMPTY
from afterglow.clinic.models import AppendOnlyModel

HASH = 64
IDENTIFIER = 64


class ChainHead(models.Model):
    """The last link of a chain, sealed with the key so that it cannot be moved back; locked while appending."""

    name = models.CharField(primary_key=True, max_length=80)
    seq = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=HASH, default=EMPTY)
    seal = models.CharField(max_length=HASH, default="")


class AuditEvent(AppendOnlyModel):
    """One act: who, what, on which subject, when; `detail` holds codes and identifiers only."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=IDENTIFIER, db_index=True)
    action = models.CharField(max_length=80, db_index=True)
    subject_type = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=IDENTIFIER, db_index=True)
    patient = models.CharField(max_length=IDENTIFIER, blank=True, db_index=True)
    site = models.CharField(max_length=IDENTIFIER, blank=True)
    detail = models.BinaryField()
    previous = models.CharField(max_length=HASH)
    hash = models.CharField(max_length=HASH)


class ReadBatch(AppendOnlyModel):
    """Reads that were made durable together; the chain runs over batches."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    digest = models.CharField(max_length=HASH)
    previous = models.CharField(max_length=HASH)
    hash = models.CharField(max_length=HASH)


class ReadEvent(AppendOnlyModel):
    """One reading of a chart or a session: who, what, whose."""

    batch = models.ForeignKey(ReadBatch, on_delete=models.PROTECT, related_name="reads")
    place = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=IDENTIFIER, db_index=True)
    what = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=IDENTIFIER)
    patient = models.CharField(max_length=IDENTIFIER, blank=True, db_index=True)

    class Meta:
        """One read per place of a batch."""

        constraints = [models.UniqueConstraint(fields=["batch", "place"], name="read_once_per_place")]
