"""A submission's life through the real services."""

from datetime import timedelta

import pytest

from accounts import audit
from reviews.exceptions import IllegalTransition, NotPermitted, WindowRefused
from reviews.services import lifecycle
from tests import factories


def test_filing_opens_720_hours(people, start):
    submission = factories.filed(people)
    assert submission.status == "under_review"
    assert (submission.opens_at, submission.closes_at) == (start, start + timedelta(hours=720))
    assert audit.verify() is None


def test_a_second_filing_is_illegal(people, start):
    submission = factories.filed(people)
    with pytest.raises(IllegalTransition):
        lifecycle.file(
            submission,
            certifier_title="x",
            revision=submission.revision,
            by=people.northlight_liaison,
            at=start,
        )


def test_agency_cannot_withdraw(people, start):
    submission = factories.filed(people)
    with pytest.raises(NotPermitted):
        lifecycle.withdraw(submission, by=people.nsa_lead, at=start)
