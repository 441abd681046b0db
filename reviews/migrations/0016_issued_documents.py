from datetime import UTC

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ENDINGS = ("submission.concluded", "submission.expired")


def compose(apps, schema_editor):
    """The reports issued so far get the content that their pages have shown."""
    rows = apps.get_model("reviews", "Report").objects.select_related(
        "submission__model_version__lab"
    )
    for report in rows.order_by("pk").iterator(chunk_size=500):
        report.content = _content(apps, report)
        report.save(update_fields=["content"])


def _content(apps, report):
    one = report.submission
    event = (
        apps.get_model("accounts", "AuditEvent")
        .objects.filter(submission=one.reference, action__in=ENDINGS)
        .order_by("sequence")
        .first()
    )
    organizations = apps.get_model("accounts", "Organization").objects
    issuer = organizations.filter(code=event.organization).first() if event else None
    content = {
        "format": 1,
        "kind": "report",
        "reference": one.reference,
        "lab": one.model_version.lab.name,
        "model": f"{one.model_version.family} {one.model_version.version}",
        "checkpoint_sha256": one.model_version.checkpoint_sha256,
        "opens_at": _text(one.opens_at),
        "closes_at": _text(one.closes_at),
        "issued_at": _text(report.issued_at),
        "issued_by": issuer.name if issuer else "",
        "agencies": _agencies(apps, one),
        "determination": _determination(apps, one),
    }
    if event:
        content["audit_head"] = {
            "sequence": event.sequence - 1,
            "sha256": event.previous_sha256,
        }
    return content


def _agencies(apps, submission):
    positions = apps.get_model("reviews", "AgencyPosition").objects
    latest = {
        position.agency_id: position
        for position in positions.filter(submission=submission).order_by("version")
    }
    leading = apps.get_model("reviews", "SubmissionGroupObjectPermission").objects.filter(
        content_object=submission,
        permission__codename="lead_submission",
        group__seat__role="lead",
    )
    agencies = {*latest, *leading.values_list("group__seat__organization", flat=True)}
    found = []
    for agency in apps.get_model("accounts", "Organization").objects.filter(pk__in=agencies):
        filed = latest.get(agency.pk)
        found.append(
            {
                "code": agency.code,
                "name": agency.name,
                "outcome": filed.outcome if filed else "",
                "summary": filed.summary if filed else "",
                "filed_at": _text(filed.filed_at) if filed else None,
            }
        )
    return found


def _determination(apps, submission):
    signed = apps.get_model("reviews", "Determination").objects.filter(
        submission=submission, shared_at__isnull=False
    )
    made = signed.order_by("-number").first()
    return made and {
        "outcome": made.outcome,
        "rationale": made.rationale,
        "authority": made.authority,
        "external_reference": made.external_reference,
        "signed_at": _text(made.signed_at),
    }


def _text(at):
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_sectors'),
        ('reviews', '0015_discussion'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PreliminaryLetter',
            fields=[
                ('submission', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='letter', serialize=False, to='reviews.submission')),
                ('issued_at', models.DateTimeField()),
                ('content', models.JSONField()),
                ('issued_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LetterEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1)),
                ('text', models.TextField(blank=True, verbose_name='issues so far')),
                ('nothing_so_far', models.BooleanField(default=False)),
                ('filed_at', models.DateTimeField()),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                ('filed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('submission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='letter_entries', to='reviews.submission')),
            ],
            options={
                'ordering': ['agency__name', '-version'],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('submission', 'agency', 'version'), name='letter_entry_version_once'), models.CheckConstraint(condition=models.Q(models.Q(('nothing_so_far', True), ('text', '')), models.Q(('nothing_so_far', False), models.Q(('text', ''), _negated=True)), _connector='OR'), name='letter_entry_issues_or_none')],
            },
        ),
        migrations.AddField(
            model_name='report',
            name='content',
            field=models.JSONField(null=True),
        ),
        migrations.RunPython(compose),
        migrations.AlterField(
            model_name='report',
            name='content',
            field=models.JSONField(),
        ),
    ]
