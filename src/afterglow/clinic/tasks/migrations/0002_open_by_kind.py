"""Find the open tasks of a kind without reading all open ones: every page asks for those of a crisis."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index."""

    dependencies = [("tasks", "0001_begin")]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["site", "kind"], name="task_open_by_kind"
            ),
        ),
    ]
