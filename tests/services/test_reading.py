"""Opening what others wrote stands in the audit log, and is no act that others see."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db


def last_event():
    event = AuditEvent.objects.order_by("-sequence").first()
    return event.action, event.actor, event.organization, event.object_reference


@pytest.mark.parametrize(
    ("code", "organization"), [("nsa_reviewer", "nsa"), ("northlight_liaison", "northlight")]
)
def test_opened_answers_are_on_record(client, people, code, organization):
    submission = factories.filed(people)
    reader = getattr(people, code)
    client.force_login(reader)
    assert (
        client.get(reverse("reviews:package-detail", args=[submission.reference])).status_code
        == 200
    )
    assert last_event() == ("package.read", reader.email, organization, submission.reference)


def test_an_opened_review_is_on_record(client, people):
    submission = factories.filed(people)
    review = factories.review_filed(submission, people, "nsa")
    client.force_login(people.nsa_lead)
    assert client.get(reverse("reviews:review-detail", args=[review.key])).status_code == 200
    assert last_event() == ("review.read", people.nsa_lead.email, "nsa", str(review.key))


def test_what_stays_shut_is_not_recorded_as_opened(client, people):
    review = factories.review_drafted(factories.filed(people), people, "nsa")
    client.force_login(people.dod_reviewer)
    assert client.get(reverse("reviews:review-detail", args=[review.key])).status_code == 404
    assert not AuditEvent.objects.filter(action="review.read").exists()


def test_a_lab_s_history_names_no_agency_reader_and_an_agency_s_names_its_own(client, people):
    submission = factories.filed(people)
    client.force_login(people.nsa_reviewer)
    client.get(reverse("reviews:package-detail", args=[submission.reference]))
    history = reverse("reviews:submission-history", args=[submission.reference])
    assert "Answers opened" in client.get(history).content.decode()
    for other in (people.northlight_liaison, people.dod_lead):
        client.force_login(other)
        assert "Answers opened" not in client.get(history).content.decode()
