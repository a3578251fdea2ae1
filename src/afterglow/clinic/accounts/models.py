"""Delays after failed attempts, shared by every process."""

from django.db import models


class Throttle(models.Model):
    """Failures of one purpose, name and address; the key is a keyed hash, so that no typed name is stored."""

    key = models.CharField(primary_key=True, max_length=64)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    until = models.DateTimeField()
