import django.db.models.deletion
from django.db import migrations, models

LAB = """
UPDATE reviews_accessgrant SET lab_id = (
    SELECT v.lab_id FROM reviews_submission AS s
    JOIN reviews_modelversion AS v ON v.id = s.model_version_id
    WHERE s.id = reviews_accessgrant.submission_id
)
"""
# A seat's role decides which permissions it has: taken for independent, PostgreSQL expects a
# tenth of the rows and reads the submissions of all of them one by one.
STATISTICS = """
CREATE STATISTICS seat_and_permission (dependencies, mcv)
ON group_id, permission_id FROM reviews_submissiongroupobjectpermission
"""


def correlate(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(STATISTICS)
        schema_editor.execute('ANALYZE reviews_submissiongroupobjectpermission')


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_sectors'),
        ('reviews', '0009_trusted_partners'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='accessgrant',
            name='grant_running',
        ),
        migrations.RemoveIndex(
            model_name='accessgrant',
            name='grant_to_close_out',
        ),
        migrations.AddField(
            model_name='accessgrant',
            name='lab',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization'),
        ),
        migrations.RunSQL(LAB),
        migrations.AlterField(
            model_name='accessgrant',
            name='lab',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization'),
        ),
        migrations.AddIndex(
            model_name='accessgrant',
            index=models.Index(condition=models.Q(('runs_until__isnull', False)), fields=['runs_until'], include=('id', 'key', 'submission', 'lab', 'agency', 'partner', 'grantee', 'starts_at', 'ends_at', 'consented_at', 'agreed_at', 'authorized_at'), name='grant_running'),
        ),
        migrations.AddIndex(
            model_name='accessgrant',
            index=models.Index(condition=models.Q(('partner__isnull', False), ('runs_until__isnull', False)), fields=['runs_until'], name='grant_running_of_partner'),
        ),
        migrations.AddIndex(
            model_name='accessgrant',
            index=models.Index(condition=models.Q(('closeout_from__isnull', False)), fields=['closeout_from'], include=('submission', 'lab', 'agency', 'partner', 'grantee'), name='grant_to_close_out'),
        ),
        migrations.RunPython(correlate),
        migrations.RenameModel('GatewayReport', 'GatewayComparison'),
        migrations.AlterField(
            model_name='gatewaycomparison',
            name='gateway',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comparisons', to='reviews.gateway'),
        ),
    ]
