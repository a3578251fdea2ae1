"""The app `tasks`."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    """Tasks: everything with a due time and an owner, escalation, the on-call roster and surveillance."""

    name = "afterglow.clinic.tasks"
    label = "tasks"
