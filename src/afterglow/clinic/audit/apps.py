"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers the protection of append-only tables after each migrate."""

    name = "afterglow.clinic.audit"
    label = "audit"

    def ready(self) -> None:
        """Reinstall the append-only rule whenever tables may have changed."""
        from django.db.models.signals import post_migrate

        from afterglow.clinic.append_only import protect_after_migrate

        post_migrate.connect(protect_after_migrate, dispatch_uid="afterglow-append-only")
