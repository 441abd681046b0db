"""Every notice that an earlier release queued gets its own reference."""

import uuid

from django.db import migrations, models


def give(apps, schema_editor):
    notices = apps.get_model("reviews", "Notice").objects
    while batch := list(notices.filter(reference=None).only("pk")[:2000]):
        for notice in batch:
            notice.reference = uuid.uuid4()
        notices.bulk_update(batch, ["reference"])


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_notices")]
    operations = [
        migrations.RunPython(give, elidable=False),
        migrations.AlterField(
            model_name="notice",
            name="reference",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
    ]
