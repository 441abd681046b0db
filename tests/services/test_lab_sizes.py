"""How large a lab is: recorded by administrators, once for each change."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts import labs
from accounts.models import AuditEvent, Organization
from tests import factories
from tests.services.agency_pages import signed_in, text_of

LIST = "accounts:lab-list"


def editing(code):
    return reverse("accounts:lab-edit", args=[code])


def test_an_administrator_records_the_size_of_a_lab(people):
    administrator = signed_in(people.administrator)
    assert text_of(administrator.get(reverse(LIST))).count("Not recorded") == 2
    assert "500 people or more" in text_of(administrator.get(editing("basalt")))
    for _ in range(2):
        answer = administrator.post(editing("basalt"), {"size": "large"})
        assert (answer.status_code, answer.url) == (302, reverse(LIST))
    assert factories.organization("basalt").size == "large"
    event = AuditEvent.objects.get(action="organization.sized")
    assert (event.object_reference, event.details) == ("basalt", {"people": "large"})
    shown = text_of(administrator.get(reverse(LIST)))
    assert "500 people or more" in shown
    assert shown.count("Not recorded") == 1
    assert administrator.post(editing("basalt"), {"size": ""}).status_code == 302
    assert factories.organization("basalt").size == ""
    assert administrator.post(editing("basalt"), {"size": "vast"}).status_code == 422


def test_an_unknown_size_and_the_size_of_an_agency_are_refused(people, start):
    with pytest.raises(ValueError, match="vast"):
        labs.measure(
            factories.organization("basalt"), size="vast", by=people.administrator, at=start
        )
    for code, size in (("nsa", "large"), ("basalt", "vast")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Organization.objects.filter(code=code).update(size=size)
    assert signed_in(people.administrator).get(editing("nsa")).status_code == 404


def test_nobody_else_finds_it(people):
    for code in ("northlight_liaison", "nsa_lead", "auditor", "superuser"):
        browser = signed_in(getattr(people, code))
        assert browser.get(reverse(LIST)).status_code == 404, code
        assert browser.post(editing("basalt"), {"size": "large"}).status_code == 404, code
