"""Filing, shortening and withdrawing in the browser: the consequences, and what is refused."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from reviews.services import lifecycle
from reviews.workflow import Status
from tests import factories
from tests.services.lab_pages import (
    FILING,
    VERSION,
    date_parts,
    edit_url,
    file_url,
    fresh,
    text_of,
    url,
)

pytestmark = pytest.mark.django_db


class TestFiling:
    def send(self, lab, submission, **changes):
        return lab.post(file_url(submission), FILING | {"revision": submission.revision} | changes)

    def test_page_says_the_exact_end_and_who_reads(self, lab, people):
        submission = factories.draft(people)
        document = factories.document(submission, people, title="Card of this model")
        page = text_of(lab.get(file_url(submission)))
        # 720 hours from 20 October, 11:00 EDT, across the night that clocks go back.
        assert "Filed now, it ends <time" in page
        assert "Nov. 19, 2026, 10:00 a.m. EST" in page
        assert "NSA" in page
        assert document.title in page
        assert "has been open for review before" not in page

    def test_page_says_when_the_partner_release_ends_it_first(self, lab, people, start):
        submission = factories.draft(people, planned_partner_release_at=start + timedelta(days=3))
        assert "Oct. 23, 2026, 11:00 a.m. EDT" in text_of(lab.get(file_url(submission)))

    def test_page_counts_what_earlier_windows_took(self, lab, people, move_clock, start):
        first = factories.filed(people, **VERSION)
        move_clock(start + timedelta(hours=100, minutes=30))
        lifecycle.withdraw(first, by=people.northlight_liaison, at=factories.now())
        submission = factories.draft(people, **VERSION)
        page = text_of(lab.get(file_url(submission)))
        assert "for 100 hours 30 minutes." in page
        assert "so 619 hours 30 minutes are left" in page
        self.send(lab, submission)
        filed = fresh(submission)
        assert filed.closes_at - filed.opens_at == timedelta(hours=619, minutes=30)

    def test_page_leads_to_each_missing_answer(self, lab, people):
        submission = factories.draft(people, complete=False, contacts="Duty desk.")
        page = lab.get(file_url(submission))
        links = {answer.name: answer.change_url for answer in page.context["missing"]}
        assert set(links) == set(submission.package.CORE) - {"contacts"}
        assert links["weights"] == edit_url(submission, "model") + "#id_weights"
        assert all(f'href="{link}"' in text_of(page) for link in links.values())
        assert "File this submission" not in text_of(page)

    @pytest.mark.parametrize("leave_out", ["certified", "certifier_title"])
    def test_certification_is_required_and_the_rest_kept(self, lab, people, leave_out):
        submission = factories.draft(people)
        response = self.send(lab, submission, **{leave_out: ""})
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [leave_out]
        kept = "Head of policy" if leave_out == "certified" else "checked"
        assert kept in text_of(response)
        assert fresh(submission).status == Status.DRAFT

    def test_incomplete_is_refused_with_links(self, lab, people):
        submission = factories.draft(people, complete=False)
        response = self.send(lab, submission)
        assert response.status_code == 409
        assert "Some required answers are still missing." in text_of(response)
        assert f'href="{edit_url(submission, "safeguards")}#id_contacts"' in text_of(response)
        assert 'value="Head of policy"' in text_of(response)
        assert fresh(submission).status == Status.DRAFT

    def test_second_click_meets_409_and_changes_nothing(self, lab, people):
        submission = factories.draft(people)
        assert self.send(lab, submission).status_code == 302
        filed, events = fresh(submission), AuditEvent.objects.count()
        response = self.send(lab, submission)
        assert response.status_code == 409
        assert "has been filed already" in text_of(response)
        assert (fresh(submission).closes_at, AuditEvent.objects.count()) == (
            filed.closes_at,
            events,
        )
        assert lab.get(file_url(submission)).status_code == 409

    def test_changed_answers_must_be_certified_anew(self, lab, people):
        submission = factories.draft(people)
        changed = lifecycle.revise(
            submission,
            answers={"contacts": "New desk."},
            revision=submission.revision,
            by=people.northlight_admin,
            at=factories.now(),
        )
        response = self.send(lab, submission)
        assert response.status_code == 409
        assert "New desk." in text_of(response)
        assert f'name="revision" value="{changed.revision}"' in text_of(response)
        assert 'value="Head of policy"' in text_of(response)
        assert "checked" not in text_of(response)
        assert fresh(submission).status == Status.DRAFT
        assert self.send(lab, submission, revision=changed.revision).status_code == 302

    def test_version_reviewed_for_720_hours(self, lab, people, move_clock, start):
        factories.filed(people, **VERSION)
        move_clock(start + timedelta(hours=720))
        submission = factories.draft(people, **VERSION)
        page = lab.get(file_url(submission))
        assert "for all of its 720 hours" in text_of(page)
        response = self.send(lab, submission)
        assert response.status_code == 409
        assert "for all of its 720 hours" in text_of(response)
        assert 'value="Head of policy"' in text_of(response)
        assert fresh(submission).status == Status.DRAFT

    def test_version_under_review_already(self, lab, people):
        first = factories.filed(people, **VERSION)
        submission = factories.draft(people, **VERSION)
        assert first.reference in text_of(lab.get(file_url(submission)))
        response = self.send(lab, submission)
        assert response.status_code == 409
        assert "This model version is under review already, as" in text_of(response)

    def test_partner_release_that_has_come(self, lab, people, move_clock, start):
        submission = factories.draft(people, planned_partner_release_at=start + timedelta(hours=1))
        move_clock(start + timedelta(hours=1))
        assert "The planned partner release has passed" in text_of(lab.get(file_url(submission)))
        response = self.send(lab, submission)
        assert (response.status_code, fresh(submission).status) == (409, Status.DRAFT)

    def test_looking_changes_nothing(self, lab, people):
        submission = factories.draft(people)
        before = AuditEvent.objects.count(), fresh(submission).revision
        lab.get(file_url(submission))
        lab.get(edit_url(submission, "model"))
        lab.get(url("submission-withdraw", submission.reference))
        assert (AuditEvent.objects.count(), fresh(submission).revision) == before


class TestShorteningAndWithdrawing:
    def shorten(self, lab, submission, *parts):
        address = url("submission-shorten", submission.reference)
        return lab.post(address, date_parts("closes_at", *parts))

    def test_window_ends_earlier(self, lab, people):
        submission = factories.filed(people)
        page = text_of(lab.get(url("submission-shorten", submission.reference)))
        assert "As it stands, the window ends <time" in page
        response = self.shorten(lab, submission, "10", "30", "2026", "noon")
        assert (response.status_code, response["Location"]) == (302, submission.get_absolute_url())
        assert fresh(submission).closes_at.isoformat() == "2026-10-30T16:00:00+00:00"

    @pytest.mark.parametrize(
        ("parts", "status", "says"),
        [
            (("11", "30", "2026", "noon"), 409, "nobody extends a window"),
            (("10", "20", "2026", "11 am"), 409, "must be later than now"),
            (("11", "1", "2026", "1:30 a.m."), 422, "comes twice"),
            (("", "1", "2026", "noon"), 422, "Add the month."),
        ],
    )
    def test_end_that_cannot_be_is_refused_and_kept(self, lab, people, parts, status, says):
        submission = factories.filed(people)
        response = self.shorten(lab, submission, *parts)
        assert response.status_code == status
        assert says in text_of(response)
        assert f'value="{parts[3]}"' in text_of(response)
        assert fresh(submission).closes_at == submission.closes_at

    def test_draft_has_no_window_to_shorten(self, lab, people):
        submission = factories.draft(people)
        assert lab.get(url("submission-shorten", submission.reference)).status_code == 403

    def test_withdrawing_asks_no_reason_and_ends_access(self, lab, people, client, move_clock):
        submission = factories.filed(people)
        move_clock(factories.now() + timedelta(hours=20))
        page = lab.get(url("submission-withdraw", submission.reference))
        assert "700 hours are left if you withdraw now" in text_of(page)
        assert "<textarea" not in text_of(page)
        response = lab.post(url("submission-withdraw", submission.reference))
        assert (response.status_code, fresh(submission).status) == (302, Status.WITHDRAWN)
        client.force_login(people.nsa_reviewer)
        documents = client.get(url("document-list", submission.reference))
        assert "The documents are closed" in text_of(documents)

    def test_what_ends_is_spelled_out_before(self, lab, people):
        submission = factories.filed(people)
        factories.grant(submission, people)
        factories.grant(submission, people, "dod", state="requested")
        factories.information_request(submission, people)
        shown = text_of(lab.get(f"/submissions/{submission.reference}/withdraw/"))
        assert "It ends for nsa reviewer, NSA." in shown
        assert "dod reviewer" not in shown  # who has no access
        assert "Information requests that then need no answer: 1." in shown
        assert "No report is issued" in shown

    def test_draft_can_be_withdrawn(self, lab, people):
        submission = factories.draft(people)
        page = lab.get(url("submission-withdraw", submission.reference))
        assert "No agency has seen it." in text_of(page)
        lab.post(url("submission-withdraw", submission.reference))
        assert fresh(submission).status == Status.WITHDRAWN
        assert lab.get(edit_url(submission, "model")).status_code == 409

    def test_what_has_ended_cannot_be_withdrawn(self, lab, people, move_clock):
        submission = factories.filed(people)
        move_clock(submission.closes_at)
        response = lab.post(url("submission-withdraw", submission.reference))
        assert (response.status_code, fresh(submission).ended_at) == (409, None)


PAGES = ["submission-file", "submission-shorten", "submission-withdraw"]


@pytest.mark.parametrize("method", ["get", "post"])
class TestOthers:
    def ask(self, client, method, person, submission):
        client.force_login(person)
        addresses = [edit_url(submission, "model")]
        addresses += [url(name, submission.reference) for name in PAGES]
        return [getattr(client, method)(address).status_code for address in addresses]

    def test_other_lab_learns_nothing(self, client, people, method):
        for submission in (factories.draft(people), factories.filed(people)):
            assert self.ask(client, method, people.basalt_liaison, submission) == [404] * 4
            assert fresh(submission).status == submission.status

    @pytest.mark.parametrize("person", ["nsa_reviewer", "nsa_lead", "nsa_official"])
    def test_agency_sees_no_draft_and_changes_nothing_filed(self, client, people, method, person):
        who = getattr(people, person)
        assert self.ask(client, method, who, factories.draft(people)) == [404] * 4
        submission = factories.filed(people)
        assert self.ask(client, method, who, submission) == [403] * 4
        assert fresh(submission).status == Status.UNDER_REVIEW

    @pytest.mark.parametrize("person", ["administrator", "auditor", "superuser"])
    def test_those_who_run_the_portal_see_nothing(self, client, people, method, person):
        who = getattr(people, person)
        assert self.ask(client, method, who, factories.filed(people)) == [404] * 4
