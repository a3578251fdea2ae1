"""Keeps who waits for a second score, and marks every course: end of induction and relapse are read anew."""

from django.db import migrations, models
from django.utils import timezone


def mark_every_course(apps, schema_editor) -> None:
    stale = apps.get_model("outcomes", "StaleCourse")
    keys = apps.get_model("outcomes", "CourseSummary").objects.order_by("pk").values_list("pk", flat=True)
    now = timezone.now()
    stale.objects.bulk_create(
        [stale(patient_id=key, marked_at=now) for key in keys], batch_size=500, ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [("outcomes", "0003_name_the_version")]

    operations = [
        migrations.AddField(
            model_name="coursescore",
            name="waits_for_second",
            field=models.BooleanField(null=True),
        ),
        migrations.RunPython(mark_every_course, migrations.RunPython.noop),
    ]
