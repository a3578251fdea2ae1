import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import afterglow.clinic.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "__first__"),
        ("plans", "__first__"),
        ("sites", "__first__"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("holder", models.CharField(blank=True, max_length=64)),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ProtocolSnapshot",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("protocol", models.CharField(max_length=80)),
                ("body", models.BinaryField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Session",
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
                ("place", models.CharField(blank=True, max_length=80)),
                ("phase", models.CharField(db_index=True, default="booked", max_length=40)),
                ("is_closed", models.BooleanField(default=False)),
                ("planned_at", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField(db_index=True)),
                ("last_seq", models.PositiveIntegerField(default=0)),
                ("last_recorded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "head_hash",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000", max_length=64
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sessions", to="people.patient"
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="plans.plan",
                    ),
                ),
                (
                    "protocol",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="dosing_sessions.protocolsnapshot",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sessions", to="sites.site"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EventNote",
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
                ("field", models.CharField(max_length=80)),
                ("text", models.TextField(blank=True)),
                ("digest", models.CharField(max_length=64)),
                ("recorded_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_by", models.CharField(blank=True, max_length=64)),
                ("withdrawn_reason", models.CharField(blank=True, max_length=80)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="dosing_sessions.session"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CommandReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=80)),
                ("by", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
                ("first_seq", models.PositiveIntegerField()),
                ("last_seq", models.PositiveIntegerField()),
                ("findings", models.JSONField(default=list)),
                ("recorded_at", models.DateTimeField()),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="dosing_sessions.session",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SessionEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveIntegerField()),
                ("type", models.CharField(max_length=80)),
                ("version", models.PositiveSmallIntegerField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("by", models.CharField(blank=True, max_length=64)),
                ("second", models.CharField(blank=True, max_length=64)),
                ("body", models.BinaryField()),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="dosing_sessions.session"
                    ),
                ),
            ],
            options={
                "ordering": ["session", "seq"],
            },
        ),
        migrations.CreateModel(
            name="SiteAnchor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site", models.CharField(max_length=64)),
                ("seq", models.PositiveBigIntegerField()),
                ("session", models.CharField(db_index=True, max_length=64)),
                ("session_seq", models.PositiveIntegerField()),
                ("session_hash", models.CharField(max_length=64)),
                ("recorded_at", models.DateTimeField()),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("site", "seq"), name="anchor_once_per_place")],
            },
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("head_hash", "0000000000000000000000000000000000000000000000000000000000000000"),
                        ("last_recorded_at__isnull", True),
                        ("last_seq", 0),
                    ),
                    models.Q(
                        ("last_recorded_at__isnull", False),
                        ("last_seq__gt", 0),
                        models.Q(
                            ("head_hash", "0000000000000000000000000000000000000000000000000000000000000000"),
                            _negated=True,
                        ),
                    ),
                    _connector="OR",
                ),
                name="session_head_matches_events",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at__isnull", True), ("withdrawn_by", ""), ("withdrawn_reason", "")),
                    models.Q(
                        ("text", ""),
                        ("withdrawn_at__isnull", False),
                        models.Q(("withdrawn_by", ""), _negated=True),
                        models.Q(("withdrawn_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="note_withdrawal_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="commandreceipt",
            constraint=models.UniqueConstraint(fields=("session", "key"), name="receipt_once_per_key"),
        ),
        migrations.AddConstraint(
            model_name="sessionevent",
            constraint=models.UniqueConstraint(fields=("session", "seq"), name="event_once_per_place"),
        ),
        migrations.AddConstraint(
            model_name="sessionevent",
            constraint=models.CheckConstraint(condition=models.Q(("seq__gt", 0)), name="event_places_begin_at_one"),
        ),
    ]
