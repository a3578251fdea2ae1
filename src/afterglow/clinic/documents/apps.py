"""The app `documents`."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents: what was printed or filed, kept by the hash of its bytes."""

    name = "afterglow.clinic.documents"
    label = "documents"
