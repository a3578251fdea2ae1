"""An assessment keeps the row of the triage that was judged, and what that row asks before a dose."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("measures", "0002_asked_by_itself"),
    ]

    operations = [
        migrations.AddField(
            model_name="riskassessment",
            name="emergency_path",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(
            model_name="riskassessment",
            name="has_made_means_safe",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="riskassessment",
            name="triage",
            field=models.CharField(blank=True, default="", max_length=20),
        ),
    ]
