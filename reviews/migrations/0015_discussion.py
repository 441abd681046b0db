"""Threads, posts and their earlier texts.

The database itself refuses to change who reads a thread, to move a post to another thread, and
to change an earlier text, on SQLite and on PostgreSQL. SQLite's INSERT OR REPLACE deletes and
inserts without an update, hence the guards before insert.
"""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

# table: (the columns that stay as they were written, what is said of another value).
STAYS = {
    'reviews_thread': (
        ('audience', 'agency_id', 'submission_id', 'key'),
        'the audience of a thread stays as it was stated',
    ),
    'reviews_post': (
        ('thread_id', 'organization_id', 'author_id', 'posted_at', 'key'),
        'a post stays in its thread',
    ),
    'reviews_postversion': (
        ('post_id', 'number', 'text', 'edited_at'),
        'an earlier text stays as it was',
    ),
}


def create(apps, schema_editor):
    statements = sqlite if schema_editor.connection.vendor == 'sqlite' else postgresql
    for table, (columns, words) in STAYS.items():
        for statement in statements(table, columns, words):
            schema_editor.execute(statement, params=None)


def sqlite(table, columns, words):
    changed = ' OR '.join(f'NEW.{name} IS NOT OLD.{name}' for name in ('id', *columns))
    yield f"""CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} WHEN {changed}
    BEGIN SELECT RAISE(ABORT, '{words}'); END"""
    known = 'id = NEW.id' + (' OR key = NEW.key' if 'key' in columns else '')
    if 'number' in columns:
        known += ' OR post_id = NEW.post_id AND number = NEW.number'
    yield f"""CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {known})
    BEGIN SELECT RAISE(ABORT, '{words}'); END"""  # noqa: S608 - names of this file


def postgresql(table, columns, words):
    changed = ' OR '.join(f'NEW.{name} IS DISTINCT FROM OLD.{name}' for name in ('id', *columns))
    yield f"""CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{words}'; END $$"""
    yield f"""CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW
    WHEN ({changed}) EXECUTE FUNCTION {table}_stays()"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_sectors'),
        ('reviews', '0014_information_requests'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('audience', models.CharField(choices=[('own_agency', 'Own agency only'), ('agencies', 'All reviewing agencies'), ('with_lab', 'With the lab')], editable=False, max_length=10)),
                ('title', models.CharField(max_length=200)),
                ('opened_at', models.DateTimeField()),
                ('posted_at', models.DateTimeField(verbose_name='last posted at')),
                ('agency', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization', verbose_name='opened by')),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('submission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='threads', to='reviews.submission')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('text', models.TextField()),
                ('posted_at', models.DateTimeField()),
                ('edited_at', models.DateTimeField(null=True)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='posts', to='reviews.thread')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PostAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='reviews.document')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='reviews.post')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('post', 'document'), name='post_attachment_once')],
            },
        ),
        migrations.CreateModel(
            name='PostMention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='reviews.post')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('post', 'person'), name='post_mention_once')],
            },
        ),
        migrations.CreateModel(
            name='PostVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('text', models.TextField()),
                ('edited_at', models.DateTimeField()),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='reviews.post')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('post', 'number'), name='post_version_once')],
            },
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['submission', '-posted_at', '-key'], name='thread_newest'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(('audience__in', ['own_agency', 'agencies', 'with_lab'])), name='thread_audience_known'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(fields=['thread', '-posted_at', '-key'], name='post_newest'),
        ),
        migrations.RunPython(create, elidable=False),
    ]
