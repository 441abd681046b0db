"""The database itself refuses to change the audit log, on SQLite and on PostgreSQL.

SQLite's INSERT OR REPLACE deletes without firing a delete trigger, hence the guard before
insert; PostgreSQL's row triggers miss TRUNCATE, hence statement triggers.
"""

from django.db import migrations

SQLITE = [
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON accounts_auditevent
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON accounts_auditevent
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_only_append BEFORE INSERT ON accounts_auditevent
    WHEN NEW.sequence <= (SELECT COALESCE(MAX(sequence), 0) FROM accounts_auditevent)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_head_stays BEFORE DELETE ON accounts_audithead
    BEGIN SELECT RAISE(ABORT, 'the audit head stays'); END""",
    """CREATE TRIGGER audit_head_advances BEFORE UPDATE ON accounts_audithead
    WHEN NEW.sequence < OLD.sequence OR NEW.latest_at < OLD.latest_at
    BEGIN SELECT RAISE(ABORT, 'the audit head only advances'); END""",
    """CREATE TRIGGER audit_one_head BEFORE INSERT ON accounts_audithead
    WHEN EXISTS (SELECT 1 FROM accounts_audithead)
    BEGIN SELECT RAISE(ABORT, 'there is one audit head'); END""",
]
POSTGRESQL = [
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE
    ON accounts_auditevent FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE
    ON accounts_audithead FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE FUNCTION audit_head_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.sequence < OLD.sequence OR NEW.latest_at < OLD.latest_at THEN
            RAISE EXCEPTION 'the audit head only advances';
        END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER audit_head_advances BEFORE UPDATE ON accounts_audithead
    FOR EACH ROW EXECUTE FUNCTION audit_head_guard()""",
]


def create(apps, schema_editor):
    statements = SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL
    for statement in statements:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_agencies_and_audit_head"),
    ]
    operations = [migrations.RunPython(create, elidable=False)]
