"""Reaching patients: only through a scope, or by search within one."""

from typing import Any

from django.db import models


class PatientQuerySet(models.QuerySet[Any]):
    """Patients, narrowed."""

    def visible_to(self, user: Any) -> "PatientQuerySet":
        """Return the patients whose charts the user may open."""
        from afterglow.clinic import policy

        return policy.scope(user, self)

    def search(self, text: str) -> "PatientQuerySet":
        """Return patients whose name or number holds every word of `text`, whatever its case and accents."""
        from afterglow.clinic.people.models.patients import normalise_name

        found = self
        for word in normalise_name(text.replace("\x00", "").replace(",", " ")).split():
            found = found.filter(search_key__contains=word)
        return found
