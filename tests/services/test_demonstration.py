"""The demonstration: sign-in without a password exists there, on loopback, and nowhere else."""

import email
import mailbox
import os
import subprocess
import sys

import pytest
from django.conf import settings as real_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import include, path

from accounts.models import AuditEvent, User
from accounts.roles import roles_at
from portal import urls
from reviews.demonstration.people import BY_CODE, ORGANIZATIONS, PEOPLE
from reviews.models import AccessGrant
from tests import factories
from tests.services.test_sign_in import own

SIGN_IN = "/demo/sign-in/"

# The portal's addresses as the demonstration has them.
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
urlpatterns = [*urls.urlpatterns, path("demo/", include("portal.demo"))]


@pytest.fixture
def demonstration(settings, tmp_path):
    """Inside, the portal is the demonstration."""
    settings.DEMONSTRATION = True
    settings.ROOT_URLCONF = __name__
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.mark.django_db
class TestElsewhere:
    @pytest.mark.parametrize("address", [SIGN_IN, "/demo/mail/", "/demo/mail/1.M1P1Q1.here/"])
    def test_the_addresses_do_not_exist(self, client, people, address):
        assert not real_settings.DEMONSTRATION
        nothing = client.get("/no/such/page/")
        for response in (client.get(address), client.post(address, {"person": "nsa-lead"})):
            assert response.status_code == 404
            assert response.content == nothing.content

    def test_nor_would_they_answer_if_they_did(self, client, people, settings, tmp_path):
        settings.ROOT_URLCONF = __name__
        assert client.post(SIGN_IN, {"person": "nsa-lead"}).status_code == 404
        assert client.get("/demo/mail/").status_code == 404
        assert "_auth_user_id" not in client.session

    def test_the_sign_in_page_names_nobody(self, client, people):
        page = client.get("/sign-in/").content.decode()
        assert "nsa-lead" not in page
        assert "demonstration" not in page.lower()


@pytest.mark.django_db
@pytest.mark.usefixtures("demonstration")
class TestSigningIn:
    def test_as_anyone_of_the_list(self, client, people):
        second = BY_CODE["nsa-second-reviewer"]  # whom tests do without
        User.objects.create_user(second.email, second.name)
        for person in PEOPLE:
            response = client.post(SIGN_IN, {"person": person.code})
            assert (response.status_code, response.url) == (302, "/")
            event = AuditEvent.objects.latest("sequence")
            assert (event.action, event.actor) == ("account.signed_in", person.email)

    def test_the_sign_in_page_offers_everyone_with_a_line(self, client, people):
        page = client.get("/sign-in/").content.decode()
        assert page.count('name="person"') == len(PEOPLE) == 23
        assert 'href="/demo/mail/"' in page
        for person in PEOPLE:
            assert f'value="{person.code}"' in page

    def test_as_nobody_else(self, client, people):
        for person in ("disabled", "superuser", "unattached", "", "nsa-lead "):
            assert client.post(SIGN_IN, {"person": person}).status_code == 404
        people.nsa_lead.is_active = False
        people.nsa_lead.save()
        assert client.post(SIGN_IN, {"person": "nsa-lead"}).status_code == 404
        assert "_auth_user_id" not in client.session

    def test_only_from_this_machine(self, people):
        for address in ("192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "", "not an address"):
            client = Client(REMOTE_ADDR=address)
            assert client.post(SIGN_IN, {"person": "nsa-lead"}).status_code == 404
            assert client.get("/demo/mail/").status_code == 404
        forwarded = Client(REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="127.0.0.1")
        assert forwarded.post(SIGN_IN, {"person": "nsa-lead"}).status_code == 404
        assert Client(REMOTE_ADDR="::1").post(SIGN_IN, {"person": "nsa-lead"}).status_code == 302

    def test_only_by_a_form_of_the_page(self, people):
        client = Client(enforce_csrf_checks=True)
        assert client.post(SIGN_IN, {"person": "nsa-lead"}).status_code == 403
        assert client.get(SIGN_IN, {"person": "nsa-lead"}).status_code == 405

    def test_it_never_leads_elsewhere(self, client, people):
        asked = {"person": "nsa-lead", "next": "https://elsewhere.example/"}
        assert client.post(SIGN_IN, asked).url == "/"

    def test_an_interrupted_form_is_offered_again(self, client, people):
        grant = factories.grant(factories.filed(people), people, state="requested")
        client.post(SIGN_IN, {"person": "northlight-liaison"})
        mine = {"typist": own(client.get("/"))["typist"]}
        Session.objects.all().delete()
        refused = client.post(f"/access/{grant.key}/decline/", mine | {"reason": "No capacity."})
        assert refused.status_code == 401
        assert refused.content.count(b'name="kept:reason" value="No capacity."') == 2
        carried = {
            "interrupted": mine["typist"],
            "next": f"/access/{grant.key}/decline/",
        }
        offered = client.post(
            SIGN_IN, carried | {"person": "northlight-liaison", "kept:reason": "No capacity."}
        )
        assert 'name="reason" value="No capacity."' in offered.content.decode()
        assert AccessGrant.objects.get().declined_at is None


@pytest.mark.django_db
class TestMail:
    @pytest.fixture
    def sent(self, demonstration):
        """Keys of three messages in the sink, oldest first."""
        box = mailbox.Maildir(demonstration / "mail")
        keys = []
        for number in (1, 2, 3):
            message = email.message.EmailMessage()
            message["Subject"] = f"Foreview: message {number} <b>"
            message["From"] = "Foreview <no-reply@foreview.example>"
            message["To"] = "nsa-lead@demo.example"
            message["Date"] = "Tue, 20 Oct 2026 15:00:00 +0000"
            message.set_content(f"Open it: http://127.0.0.1:8000/access/{number}/ <script>\n")
            keys.append(box.add(message))
        return keys

    def test_newest_first(self, client, sent):
        response = client.get("/demo/mail/")
        assert [mail["key"] for mail in response.context["mails"]] == sent[::-1]
        page = response.content.decode()
        assert "Oct. 20, 2026, 11:00 a.m. EDT" in page
        assert "message 3 &lt;b&gt;" in page
        assert "nsa-lead@demo.example" in page

    def test_one_as_text(self, client, sent):
        page = client.get(f"/demo/mail/{sent[0]}/").content.decode()
        assert 'href="http://127.0.0.1:8000/access/1/"' in page
        assert "&lt;script&gt;" in page

    @pytest.mark.parametrize(
        "key", ["nothing", "..%2F..%2Fsecret_key", "%2Fetc%2Fpasswd", "..", "new"]
    )
    def test_no_other_file(self, client, sent, key):
        assert client.get(f"/demo/mail/{key}/").status_code == 404

    @pytest.mark.usefixtures("demonstration")
    def test_none_yet(self, client, db):
        assert "No message has been sent yet" in client.get("/demo/mail/").content.decode()
        assert client.get("/demo/mail/1/").status_code == 404


def test_every_seat_of_the_list_exists():
    kinds = {row.code: row.kind for row in ORGANIZATIONS}
    for person in PEOPLE:
        assert person.email == f"{person.code}@demo.example"
        for organization, role in person.seats:
            assert role in roles_at(kinds.get(organization, "agency"), organization)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DATABASE_URL": "postgres://user@127.0.0.1/foreview"}, "only on its embedded database"),
        ({"ALLOWED_HOSTS": "127.0.0.1,foreview.example"}, "only on loopback"),
        ({"ALLOWED_HOSTS": "*"}, "only on loopback"),
        ({}, ""),
    ],
)
def test_it_starts_only_on_the_embedded_database_and_loopback(tmp_path, changes, words):
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("FOREVIEW_TEST", "DATABASE_URL", "ALLOWED_HOSTS", "SECRET_KEY")
    }
    run = subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        env=env | {"DEMONSTRATION": "1", "VAR_DIR": str(tmp_path)} | changes,
        cwd=real_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode == 0) == (not words), run.stderr
    assert words in run.stderr
