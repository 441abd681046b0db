"""The lab's forms: drafting in steps, filing, shortening, withdrawing, and all that is refused."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from accounts.models import Organization
from reviews.models import ModelVersion, Submission
from reviews.services import lifecycle
from reviews.workflow import Status
from tests import factories
from tests.services.lab_pages import (
    IDENTITY,
    SHA256,
    VERSION,
    date_parts,
    edit_url,
    file_url,
    fresh,
    text_of,
    url,
)

pytestmark = pytest.mark.django_db


class TestCreating:
    def test_draft_is_saved_and_its_first_step_opens(self, lab):
        typed = IDENTITY | {"checkpoint_sha256": f" {SHA256[:32].upper()} {SHA256[32:]}\t"}
        response = lab.post(url("submission-create"), typed)
        submission = Submission.objects.get()
        assert (response.status_code, response["Location"]) == (302, edit_url(submission, "model"))
        assert submission.status == Status.DRAFT
        assert submission.lab_tracking_id == "NL-204"
        assert submission.model_version.checkpoint_sha256 == SHA256
        assert submission.lab.code == "northlight"

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ("abc", "This has 3 characters"),
            ("g" * 64, "This has 64 characters, some of them others"),
            (SHA256 + "0", "This has 65 characters"),
        ],
    )
    def test_bad_checksum_is_named_and_kept(self, lab, typed, says):
        response = lab.post(url("submission-create"), IDENTITY | {"checkpoint_sha256": typed})
        assert response.status_code == 422
        assert says in text_of(response)
        assert f'value="{typed}"' in text_of(response)
        assert 'value="Aurora"' in text_of(response)
        assert not Submission.objects.exists()

    @pytest.mark.parametrize("name", ["kind", "family", "version", "checkpoint_sha256"])
    def test_identity_is_required(self, lab, name):
        response = lab.post(url("submission-create"), IDENTITY | {name: ""})
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [name]
        assert not ModelVersion.objects.exists()

    def test_checkpoint_recorded_under_another_name_is_refused_on_its_field(self, lab, people):
        factories.draft(people, **VERSION)
        response = lab.post(url("submission-create"), IDENTITY | {"version": "5"})
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["checkpoint_sha256"]
        assert "has recorded this checkpoint as Aurora 4.1" in text_of(response)
        assert 'value="5"' in text_of(response)
        assert Submission.objects.count() == 1

    def test_version_recorded_with_another_checkpoint_is_refused_on_its_field(self, lab, people):
        factories.draft(people, **VERSION)
        other = IDENTITY | {"checkpoint_sha256": factories.sha256("other")}
        response = lab.post(url("submission-create"), other)
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["version"]
        assert Submission.objects.count() == 1

    def test_another_labs_version_is_no_contradiction(self, lab, people):
        factories.draft(people, "basalt", **VERSION)
        response = lab.post(url("submission-create"), IDENTITY | {"version": "5"})
        assert response.status_code == 302

    def test_person_of_one_lab_is_not_asked_which(self, lab, people):
        assert "Northlight" in text_of(lab.get(url("submission-create")))
        assert "lab" not in lab.get(url("submission-create")).context["form"].fields

    def test_person_of_two_labs_chooses(self, lab, people):
        basalt = Organization.objects.get(code="basalt")
        # Seats are not given so; whoever holds them is still asked.
        people.northlight_liaison.groups.add(Group.objects.get(name="basalt:liaison"))
        unsaid = lab.post(url("submission-create"), IDENTITY)
        assert (unsaid.status_code, list(unsaid.context["form"].errors)) == (422, ["lab"])
        assert 'value="Aurora"' in text_of(unsaid)
        lab.post(url("submission-create"), IDENTITY | {"lab": basalt.pk})
        assert Submission.objects.get().lab == basalt

    def test_lab_of_others_cannot_be_chosen(self, lab, people, start):
        lab.post(
            url("submission-create"), IDENTITY | {"lab": Organization.objects.get(code="basalt").pk}
        )
        assert Submission.objects.get().lab.code == "northlight"

    @pytest.mark.parametrize("person", ["nsa_reviewer", "nsa_lead", "administrator", "superuser"])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_only_a_lab_drafts(self, client, people, person, method):
        client.force_login(getattr(people, person))
        assert getattr(client, method)(url("submission-create"), IDENTITY).status_code == 403
        assert not Submission.objects.exists()


ANSWERS = {
    "model": IDENTITY
    | {
        "parent_version": "4.0",
        "modalities": ["text", "code"],
        "languages": "English",
        "intended_uses": "General assistance.",
        "restrictions": "None.",
        "weights": "closed",
    },
    "access": date_parts("planned_partner_release_at", "11", "10", "2026", "5:00 p.m.")
    | date_parts("planned_public_release_at", "12", "1", "2026", "9 am")
    | {
        "access_level": "al2",
        "access_means": ["api"],
        "endpoint_reference": "Register entry 7",
        "capacity_limits": "60 requests per minute.",
    },
    "capabilities": {
        "cyber_capability_claims": "Finds known weakness classes.",
        "other_capability_claims": "",
        "safety_framework_tier": "Tier 2",
        "risk_summary": "Assessed in September.",
        "third_party_evaluators": "",
    },
    "safeguards": {
        "safeguards": "Filters.",
        "weight_security": "Two enclaves.",
        "contacts": "Duty desk.",
        "nondisclosure_reference": "NDA-1",
        "foreign_person_limits": "",
    },
}
FOLLOWING = {"model": "access", "access": "capabilities", "capabilities": "safeguards"}


class TestEditing:
    def test_the_title_tells_the_step_and_the_submission(self, lab):
        lab.post(url("submission-create"), IDENTITY)
        submission = Submission.objects.get()
        for number, address in (
            (1, edit_url(submission, "model")),
            (2, edit_url(submission, list(ANSWERS)[1])),
            (5, file_url(submission)),
        ):
            page = text_of(lab.get(address))
            assert f"<title>Step {number} of 5: " in page
            assert f", {submission.reference} | Foreview</title>" in page
        for name in ("document-list", "document-add"):
            page = text_of(lab.get(url(name, submission.reference)))
            assert f", {submission.reference} | Foreview</title>" in page

    def test_four_steps_and_filing(self, lab, start):
        """The whole of a liaison's work, from nothing to an open window."""
        lab.post(url("submission-create"), IDENTITY)
        submission = Submission.objects.get()
        for number, (step, answers) in enumerate(ANSWERS.items(), start=1):
            assert lab.get(edit_url(submission, step)).status_code == 200
            response = lab.post(edit_url(submission, step), answers | {"revision": number})
            following = FOLLOWING.get(step)
            expected = edit_url(submission, following) if following else file_url(submission)
            assert (response.status_code, response["Location"]) == (302, expected)
        saved = fresh(submission)
        assert saved.package.modalities == ["text", "code"]
        assert saved.planned_partner_release_at.isoformat() == "2026-11-10T22:00:00+00:00"
        assert saved.planned_public_release_at.isoformat() == "2026-12-01T14:00:00+00:00"
        page = text_of(lab.get(file_url(submission)))
        assert "General assistance." in page
        assert "Nov. 10, 2026, 5:00 p.m. EST" in page
        filing = {"certified": "on", "certifier_title": "Head of policy", "revision": 5}
        response = lab.post(file_url(submission), filing)
        assert (response.status_code, response["Location"]) == (302, saved.get_absolute_url())
        saved = fresh(submission)
        assert (saved.status, saved.opens_at) == (Status.UNDER_REVIEW, start)
        assert saved.closes_at == saved.planned_partner_release_at
        assert (saved.certified_by.email, saved.certifier_title) == (
            "northlight-liaison@demo.example",
            "Head of policy",
        )

    @pytest.mark.parametrize("step", ["access", "capabilities", "safeguards"])
    def test_blank_step_is_saved_as_blank(self, lab, people, step):
        submission = factories.draft(people)
        response = lab.post(edit_url(submission, step), {"revision": submission.revision})
        assert response.status_code == 302
        answers = response.client.get(edit_url(submission, step)).context["form"].initial
        del answers["revision"]
        assert not any(answers.values())

    def test_only_identity_is_needed_on_the_model_step(self, lab, people):
        submission = factories.draft(people, **VERSION)
        typed = IDENTITY | {"revision": submission.revision}
        assert lab.post(edit_url(submission, "model"), typed).status_code == 302
        assert fresh(submission).package.intended_uses == ""

    def test_what_filing_needs_is_marked(self, lab, people):
        submission = factories.draft(people, complete=False)
        for step in ANSWERS:
            form = lab.get(edit_url(submission, step)).context["form"]
            marked = {field.name for field in form if field.mark == "needed to file"}
            assert marked == set(form.fields) & set(submission.package.CORE)

    def test_either_button_saves_and_leads_on(self, lab, people):
        submission = factories.draft(people)
        typed = ANSWERS["capabilities"] | {"revision": submission.revision, "then": "check"}
        response = lab.post(edit_url(submission, "capabilities"), typed)
        assert response["Location"] == file_url(submission)
        assert fresh(submission).package.risk_summary == "Assessed in September."

    @pytest.mark.parametrize(
        ("partner", "public", "names", "says"),
        [
            (("10", "19", "2026", "9:00"), (), ["planned_partner_release_at"], "is in the past"),
            ((), ("10", "20", "2026", "11 am"), ["planned_public_release_at"], "is in the past"),
            (
                ("12", "2", "2026", "9:00"),
                ("12", "1", "2026", "9:00"),
                ["planned_partner_release_at"],
                "is after the planned public release",
            ),
            (("2", "30", "2027", "9:00"), (), ["planned_partner_release_at"], "has no day 30"),
            (("11", "10", "2026", ""), (), ["planned_partner_release_at"], "Enter a time such"),
        ],
    )
    def test_release_that_cannot_be_is_refused_and_kept(
        self, lab, people, partner, public, names, says
    ):
        submission = factories.draft(people, complete=False)
        typed = (
            date_parts("planned_partner_release_at", *partner)
            | date_parts("planned_public_release_at", *public)
            | {"endpoint_reference": "Register entry 7", "revision": submission.revision}
        )
        response = lab.post(edit_url(submission, "access"), typed)
        assert response.status_code == 422
        assert list(response.context["form"].errors) == names
        assert says in text_of(response)
        assert 'value="Register entry 7"' in text_of(response)
        assert f'value="{(partner or public)[1]}"' in text_of(response)
        saved = fresh(submission)
        assert (saved.revision, saved.package.endpoint_reference) == (submission.revision, "")

    def test_partner_release_at_the_public_release_is_taken(self, lab, people):
        submission = factories.draft(people)
        same = ("12", "1", "2026", "9:00")
        typed = date_parts("planned_partner_release_at", *same) | date_parts(
            "planned_public_release_at", *same
        )
        typed["revision"] = submission.revision
        assert lab.post(edit_url(submission, "access"), typed).status_code == 302

    def test_contradicting_identity_is_refused_on_its_field(self, lab, people):
        factories.draft(people, **VERSION)
        submission = factories.draft(people)
        typed = ANSWERS["model"] | {"version": "5", "revision": submission.revision}
        response = lab.post(edit_url(submission, "model"), typed)
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["checkpoint_sha256"]
        assert "General assistance." in text_of(response)
        assert fresh(submission).model_version == submission.model_version

    def test_too_long_an_answer_is_refused_and_kept(self, lab, people):
        submission = factories.draft(people, complete=False)
        typed = {"safeguards": "x" * 10_001, "revision": submission.revision}
        response = lab.post(edit_url(submission, "safeguards"), typed)
        assert response.status_code == 422
        says = "The limit is 10,000 characters, and this has 10,001. Shorten it by 1."
        assert f"Safeguards: {says}" in text_of(response)
        assert "x" * 10_001 in text_of(response)

    def test_undeclared_fields_change_nothing(self, lab, people, start):
        submission = factories.draft(people)
        typed = ANSWERS["capabilities"] | {
            "revision": submission.revision,
            "status": "under_review",
            "opens_at": start.isoformat(),
            "reference": "FV-AAAA",
            "weights": "open",
        }
        lab.post(edit_url(submission, "capabilities"), typed)
        saved = fresh(submission)
        assert (saved.status, saved.opens_at, saved.reference, saved.package.weights) == (
            Status.DRAFT,
            None,
            submission.reference,
            "closed",
        )

    def test_step_that_does_not_exist(self, lab, people):
        assert lab.get(edit_url(factories.draft(people), "payment")).status_code == 404

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_filed_answers_cannot_change(self, lab, people, method):
        submission = factories.filed(people)
        typed = ANSWERS["capabilities"] | {"revision": submission.revision}
        response = getattr(lab, method)(edit_url(submission, "capabilities"), typed)
        assert response.status_code == 409
        assert "It is now: under review." in text_of(response)
        assert fresh(submission).package.risk_summary == factories.ANSWERS["risk_summary"]


class TestStale:
    def other_saves(self, submission, people, **answers):
        return lifecycle.revise(
            submission,
            answers=answers,
            revision=submission.revision,
            by=people.northlight_admin,
            at=factories.now(),
        )

    def test_typed_is_kept_beside_what_is_saved_and_saving_again_works(self, lab, people):
        submission = factories.draft(people)
        saved = self.other_saves(submission, people, safeguards="Theirs.", contacts="Theirs too.")
        typed = ANSWERS["safeguards"] | {"safeguards": "Mine.", "revision": submission.revision}
        response = lab.post(edit_url(submission, "safeguards"), typed)
        assert response.status_code == 409
        assert "This was changed after you opened it" in text_of(response)
        assert "> Mine.</textarea>" in text_of(response)
        assert [tuple(row) for row in response.context["differences"]] == [
            ("Safeguards", "Theirs.", "Mine."),
            ("Weight-security measures", "Held in two enclaves.", "Two enclaves."),
            ("Contacts", "Theirs too.", "Duty desk."),
        ]
        assert f'name="revision" value="{saved.revision}"' in text_of(response)
        assert fresh(submission).package.safeguards == "Theirs."
        again = lab.post(edit_url(submission, "safeguards"), typed | {"revision": saved.revision})
        assert again.status_code == 302
        assert fresh(submission).package.safeguards == "Mine."

    def test_change_on_another_page_is_said_so(self, lab, people):
        submission = factories.draft(people)
        self.other_saves(submission, people, languages="Korean")
        typed = {name: factories.ANSWERS.get(name, "") for name in ANSWERS["safeguards"]}
        response = lab.post(
            edit_url(submission, "safeguards"), typed | {"revision": submission.revision}
        )
        assert (response.status_code, response.context["differences"]) == (409, [])
        assert "On this page nothing differs" in text_of(response)

    def test_choices_and_instants_are_compared_in_words(self, lab, people, start):
        submission = factories.draft(people)
        self.other_saves(submission, people, planned_partner_release_at=start + timedelta(days=9))
        typed = {"access_level": "al3", "access_means": ["api", "fine_tuning"]}
        response = lab.post(
            edit_url(submission, "access"), typed | {"revision": submission.revision}
        )
        words = {row.question: (row.saved, row.typed) for row in response.context["differences"]}
        assert words["Access offered"] == ("AL1, black box", "AL3, white box")
        assert words["Means of access"] == ("", "API, Fine-tuning")
        assert "Oct. 29, 2026, 11:00 a.m. EDT" in words["Planned partner release"][0]

    def test_form_without_its_revision_counts_as_stale(self, lab, people):
        submission = factories.draft(people)
        response = lab.post(edit_url(submission, "safeguards"), ANSWERS["safeguards"])
        assert response.status_code == 409
        assert fresh(submission).package.contacts == factories.ANSWERS["contacts"]

    def test_signed_out_form_is_kept_to_be_sent_again(self, client, people):
        submission = factories.draft(people)
        typed = ANSWERS["safeguards"] | {"revision": submission.revision}
        response = client.post(edit_url(submission, "safeguards"), typed)
        assert response.status_code == 401
        assert "Two enclaves." in text_of(response)
        assert fresh(submission).package.weight_security == factories.ANSWERS["weight_security"]
