"""Many grants revoked, or moved by a record, while one of them changes, on real PostgreSQL."""

import pytest
from django.db import connection

from accounts import audit
from accounts.models import AuditEvent
from reviews import clock
from reviews.models import AccessGrant
from reviews.services import access, bulk_revocation, extensions, readiness
from tests import factories
from tests.services.test_bulk_revocation import DAY, _any
from tests.services.test_concurrency import at_once

pytestmark = pytest.mark.postgresql
ROUNDS = 8


@pytest.fixture(autouse=True)
def on_postgresql():
    assert connection.vendor == "postgresql", "run these with a PostgreSQL DATABASE_URL"


def revoking(people, listed):
    return lambda: bulk_revocation.revoke(
        _any, digest=listed.digest, reason="", by=people.administrator, at=clock.system()
    )


def row(model, pk):
    return model.objects.get(pk=pk)


def test_an_authorization_and_a_bulk_revocation_at_once(committed_people):
    """One of them comes first, and the other is refused whole."""
    people, submission = committed_people, factories.filed(committed_people)
    for _ in range(ROUNDS):
        others = [factories.grant(submission, people) for _ in range(2)]
        waits = factories.grant(submission, people, state="consented")
        listed = bulk_revocation.preview(_any, by=people.administrator, at=clock.system())
        assert len(listed.ending) == 3
        answers = at_once(
            revoking(people, listed),
            lambda pk=waits.pk: access.authorize(
                row(AccessGrant, pk), by=people.second_administrator, at=clock.system()
            ),
        )
        ended = AccessGrant.objects.filter(
            pk__in=[waits.pk, *(one.pk for one in others)], revoked_at__isnull=False
        ).count()
        assert (answers, ended) in [
            ({"done": 1, "Conflict": 1}, 3),
            ({"done": 1, "StaleForm": 1}, 0),
        ]
        if not ended:
            again = bulk_revocation.preview(_any, by=people.administrator, at=clock.system())
            revoking(people, again)()
    assert not AccessGrant.objects.live(clock.system()).exists()
    assert AuditEvent.objects.filter(action="grant.revoked").count() == 3 * ROUNDS
    assert audit.verify() is None


def test_an_extension_and_a_bulk_revocation_at_once(committed_people, start):
    """Extended or not, all that was listed has ended, and nobody waited for ever."""
    people, submission = committed_people, factories.filed(committed_people)
    for _ in range(ROUNDS):
        grant, _ = (factories.grant(submission, people) for _ in range(2))
        later = extensions.request(
            grant, ends_at=start + 20 * DAY, reason="More.", by=people.nsa_lead, at=start
        )
        extensions.consent(grant.extensions.get(), by=people.northlight_liaison, at=start)
        listed = bulk_revocation.preview(_any, by=people.administrator, at=clock.system())
        answers = at_once(
            revoking(people, listed),
            lambda later=later: extensions.authorize(
                row(type(later), later.pk), by=people.second_administrator, at=clock.system()
            ),
        )
        assert answers in [{"done": 2}, {"done": 1, "Conflict": 1}]
        assert not AccessGrant.objects.running(clock.system()).exists()
    assert AuditEvent.objects.filter(action="grant.revoked").count() == 2 * ROUNDS
    assert audit.verify() is None


def test_a_personnel_record_and_a_revocation_at_once(committed_people):
    """Whichever comes first, both are done: they lock in the same order."""
    people, submission = committed_people, factories.filed(committed_people)
    for number in range(ROUNDS):
        grant = factories.grant(submission, people)
        until = clock.system() + (100 + number) * DAY
        answers = at_once(
            lambda until=until: readiness.record(
                people.nsa_reviewer,
                nondisclosure_until=until,
                training_until=until,
                by=people.administrator,
                at=clock.system(),
            ),
            lambda pk=grant.pk: access.revoke(
                row(AccessGrant, pk), reason="", by=people.northlight_liaison, at=clock.system()
            ),
        )
        assert answers == {"done": 2}
    assert audit.verify() is None
