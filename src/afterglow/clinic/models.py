"""Bases of the clinic's models: opaque identifiers, append-only tables."""

from typing import ClassVar

from django.db import models

from afterglow.clinic.ids import LENGTH, make_id


class OpaqueIdModel(models.Model):
    """A row whose key says nothing: 20 random characters, usable in addresses."""

    id = models.CharField(primary_key=True, max_length=LENGTH, default=make_id, editable=False)

    class Meta:
        """A base only."""

        abstract = True


class AppendOnlyModel(models.Model):
    """A row that is written once; the database itself refuses to change or remove it.

    A concrete subclass is protected because of `APPEND_ONLY`; models that cannot subclass may set the same name.
    """

    APPEND_ONLY: ClassVar[bool] = True

    class Meta:
        """A base only."""

        abstract = True
