"""Links that were replaced stay known, and an answer about suicide that came late is kept."""

import django.db.models.deletion
from django.db import migrations, models

import afterglow.clinic.ids


class Migration(migrations.Migration):
    dependencies = [
        ("measures", "0003_what_a_release_asked"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerLink",
            fields=[
                ("token_hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("ended_at", models.DateTimeField()),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_links",
                        to="measures.measureform",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LateAnswer",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=afterglow.clinic.ids.make_id,
                        editable=False,
                        max_length=20,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("item", models.CharField(max_length=40)),
                ("value", models.DecimalField(decimal_places=3, max_digits=9)),
                ("key", models.CharField(blank=True, max_length=60, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "alert",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="late_answers",
                        to="measures.riskalert",
                    ),
                ),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="late_answers",
                        to="measures.measureform",
                    ),
                ),
            ],
            options={
                "ordering": ["recorded_at"],
                "constraints": [models.UniqueConstraint(fields=("form", "key"), name="late_answer_key_once")],
            },
        ),
    ]
