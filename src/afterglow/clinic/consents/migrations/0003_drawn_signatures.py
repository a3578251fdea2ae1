import django.db.models.deletion
from django.db import migrations, models

import afterglow.clinic.ids


class Migration(migrations.Migration):
    dependencies = [("consents", "0002_keep_identity_check")]

    operations = [
        migrations.CreateModel(
            name="DrawnSignature",
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
                ("path", models.TextField(max_length=12000)),
                ("width", models.PositiveSmallIntegerField()),
                ("height", models.PositiveSmallIntegerField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "consent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="drawn", to="consents.consent"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("path", ""), _negated=True), name="drawn_signature_is_drawn"
                    )
                ]
            },
        ),
    ]
