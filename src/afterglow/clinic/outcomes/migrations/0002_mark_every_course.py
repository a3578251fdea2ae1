"""Marks every person who has a session, so that the sweep makes the first summaries of a clinic that exists."""

from django.db import migrations
from django.utils import timezone


def mark_every_course(apps, schema_editor) -> None:
    stale = apps.get_model("outcomes", "StaleCourse")
    keys = apps.get_model("dosing_sessions", "Session").objects.order_by("patient").values_list("patient", flat=True)
    now = timezone.now()
    stale.objects.bulk_create(
        [stale(patient_id=key, marked_at=now) for key in keys.distinct()], batch_size=500, ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [("outcomes", "0001_begin"), ("dosing_sessions", "0003_find_sessions_by_opening")]

    operations = [migrations.RunPython(mark_every_course, migrations.RunPython.noop)]
