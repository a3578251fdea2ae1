"""A plan is loaded without the text of its protocol; nothing changes in the database."""

from django.db import migrations


class Migration(migrations.Migration):
    """The manager by which relations find a plan."""

    dependencies = [("plans", "0003_hold_orders_without_weight")]

    operations = [
        migrations.AlterModelOptions(name="plan", options={"base_manager_name": "objects", "ordering": ["number"]}),
    ]
