"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers the protection of append-only tables after each migrate."""

    name = "afterglow.clinic.audit"
    label = "audit"

    def ready(self) -> None:
        """Reinstall the append-only rule whenever tables may have changed; set up each connection of a server."""
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate

        from afterglow.clinic.append_only import protect_after_migrate
        from afterglow.clinic.postgres import keep_plans

        post_migrate.connect(protect_after_migrate, dispatch_uid="afterglow-append-only")
        connection_created.connect(keep_plans, dispatch_uid="afterglow-keep-plans")
