"""Seats on which others depend: no one administrator gives them, nor is left alone."""

from concurrent.futures import ThreadPoolExecutor, wait
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import audit, seats
from accounts.exceptions import SeatRefused
from accounts.models import AuditEvent, SeatRequest, User
from reviews.exceptions import Conflict
from tests import factories
from tests.services.test_concurrency import THREADS, at_once

SEATS = "/seats/"


def body(response):
    return response.content.decode()


def asked_for(person, role="determination_official", organization="nsa"):
    """What the services need to know of one seat for one person."""
    return {
        "person": person,
        "organization": factories.organization(organization),
        "role": role,
        "at": factories.now(),
    }


def holds(person, seat):
    return person.groups.filter(name=seat).exists()


def refused(service, **asked):
    """The call, whose refusal ``at_once`` counts as a conflict."""

    def call():
        try:
            service(**asked)
        except SeatRefused as refusal:
            raise Conflict(str(refusal)) from refusal

    return call


@pytest.mark.django_db
class TestASecondAdministrator:
    ASKED = {"email": "dod-lead@demo.example", "role": "determination_official"}  # noqa: RUF012

    @pytest.mark.parametrize("role", ["determination_official", "auditor"])
    def test_gives_the_seat_by_confirming(self, act, people, role):
        asked = self.ASKED | {"role": role}
        assert act("administrator", "post", "/seats/nsa/give/", asked).url == SEATS
        assert not holds(people.dod_lead, f"nsa:{role}")
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.actor) == ("seat.requested", people.administrator.email)
        page = body(act("second_administrator", "get", SEATS))
        assert "dod lead waits for another administrator to confirm the seat of" not in page
        link = f"/seats/nsa/confirm/?email=dod-lead@demo.example&amp;role={role}"
        assert link.replace("@", "%40") in page
        form = body(act("second_administrator", "get", link.replace("&amp;", "&")))
        assert 'value="dod-lead@demo.example"' in form
        assert act("second_administrator", "post", "/seats/nsa/confirm/", asked).url == SEATS
        assert holds(people.dod_lead, f"nsa:{role}")
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.actor) == ("seat.given", people.second_administrator.email)
        assert event.details == {
            "person": people.dod_lead.email,
            "requested_by": people.administrator.email,
        }
        page = body(act("second_administrator", "get", SEATS))
        assert "Waiting for a second administrator" not in page
        assert act("administrator", "post", "/seats/nsa/confirm/", asked).status_code == 422

    def test_cannot_be_gone_round(self, people):
        with pytest.raises(SeatRefused, match="second administrator confirms"):
            seats.give(**asked_for(people.dod_lead), by=people.administrator)
        assert not holds(people.dod_lead, "nsa:determination_official")

    def test_whoever_asks_is_told_that_it_waits(self, act):
        act("administrator", "post", "/seats/nsa/give/", self.ASKED)
        page = body(act("administrator", "get", SEATS))
        assert (
            "dod lead waits for another administrator to confirm the seat of determination "
            "official at NSA."
        ) in page
        assert "/seats/nsa/confirm/" not in page
        assert "Take back" in page

    def test_is_not_whoever_asked(self, act, people):
        act("administrator", "post", "/seats/nsa/give/", self.ASKED)
        response = act("administrator", "post", "/seats/nsa/confirm/", self.ASKED)
        assert response.status_code == 403
        assert "You asked for this seat yourself" in body(response)
        assert not holds(people.dod_lead, "nsa:determination_official")
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.outcome) == ("refused.seat-confirm", "refused")

    def test_is_not_the_person_herself(self, act, people):
        asked = self.ASKED | {
            "email": "second-administrator@demo.example",
            "role": "administrator",
        }
        act("administrator", "post", "/seats/nsa/give/", asked)
        assert "/seats/nsa/confirm/" not in body(act("second_administrator", "get", SEATS))
        response = act("second_administrator", "post", "/seats/nsa/confirm/", asked)
        assert response.status_code == 403
        assert "Nobody gives a seat to themselves" in body(response)
        assert not holds(people.second_administrator, "nsa:administrator")

    @pytest.mark.parametrize("who", ["administrator", "second_administrator"])
    def test_or_the_first_ends_the_request(self, act, people, who):
        act("administrator", "post", "/seats/nsa/give/", self.ASKED)
        assert act(who, "post", "/seats/nsa/decline/", self.ASKED).url == SEATS
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.actor) == ("seat.declined", getattr(people, who).email)
        confirm = act("second_administrator", "post", "/seats/nsa/confirm/", self.ASKED)
        assert confirm.status_code == 422
        assert "Nobody asks for this seat" in body(confirm)
        assert not holds(people.dod_lead, "nsa:determination_official")
        act("administrator", "post", "/seats/nsa/give/", self.ASKED)
        assert SeatRequest.objects.waiting().count() == 1

    def test_is_not_asked_twice(self, act, people):
        act("administrator", "post", "/seats/nsa/give/", self.ASKED)
        response = act("second_administrator", "post", "/seats/nsa/give/", self.ASKED)
        assert response.status_code == 403
        assert "asked for dod lead already" in body(response)
        assert SeatRequest.objects.count() == 1

    def test_confirms_nothing_for_somebody_disabled_since(self, people):
        asked = asked_for(people.dod_lead)
        seats.request(**asked, by=people.administrator)
        User.objects.filter(pk=people.dod_lead.pk).update(is_active=False)
        asked["person"] = User.objects.get(pk=people.dod_lead.pk)
        with pytest.raises(SeatRefused, match="disabled"):
            seats.confirm(**asked, by=people.second_administrator)

    def test_confirms_nothing_for_somebody_who_changed_sides(self, people):
        asked = asked_for(people.superuser)
        seats.request(**asked, by=people.administrator)
        seats.give(**asked_for(people.superuser, "liaison", "basalt"), by=people.administrator)
        with pytest.raises(SeatRefused, match="two sides"):
            seats.confirm(**asked, by=people.second_administrator)

    def test_confirms_nothing_for_an_administrator_who_left(self, people):
        seats.give(**asked_for(people.superuser, "administrator"), by=audit.SYSTEM)
        seats.request(**asked_for(people.dod_lead), by=people.superuser)
        seats.take(**asked_for(people.superuser, "administrator"), by=people.administrator)
        with pytest.raises(SeatRefused, match="is no administrator now"):
            seats.confirm(**asked_for(people.dod_lead), by=people.administrator)
        seats.decline(**asked_for(people.dod_lead), by=people.administrator)

    def test_whoever_is_no_administrator_any_more_changes_nothing(self, people):
        """Her page was open; the services ask again behind the lock."""
        seats.request(**asked_for(people.dod_lead), by=people.administrator)
        for service in (seats.give, seats.request, seats.confirm, seats.decline, seats.take):
            with pytest.raises(SeatRefused, match="no administrator any more"):
                service(**asked_for(people.dod_lead), by=people.nsa_lead)

    def test_the_list_asks_the_same_of_the_database_for_more_requests(self, act, client, people):
        act("administrator", "get", SEATS)
        counts = []
        for person in (people.dod_lead, people.cisa_lead, people.caisi_lead):
            seats.request(**asked_for(person), by=people.administrator)
            client.get(SEATS)
            with CaptureQueriesContext(connection) as captured:
                client.get(SEATS)
            counts.append(len(captured))
        assert len(set(counts)) == 1


@pytest.mark.django_db
class TestTheDatabase:
    def request(self, people, **changes):
        with transaction.atomic():
            return SeatRequest.objects.create(
                **{
                    "seat": factories.organization("nsa").seats.get(role="lead"),
                    "person": people.dod_lead,
                    "requested_by": people.administrator,
                    "requested_at": factories.now(),
                }
                | changes
            )

    def test_takes_a_request_and_its_answer(self, people):
        at = factories.now()
        self.request(people)
        self.request(people, confirmed_by=people.second_administrator, confirmed_at=at)
        self.request(people, declined_by=people.administrator, declined_at=at)

    @pytest.mark.parametrize(
        ("changes", "constraint"),
        [
            ({"person": "administrator"}, "seat_request_for_another"),
            ({"confirmed_by": "administrator"}, "seat_request_confirmed_by_another"),
            ({"confirmed_by": "dod_lead"}, "seat_request_confirmed_by_another"),
            ({"confirmed_by": "second_administrator", "confirmed_at": None}, "confirmed_once"),
            ({"confirmed_at": True}, "seat_request_confirmed_once"),
            (
                {"confirmed_by": "second_administrator", "declined_by": "administrator"},
                "seat_request_confirmed_once",
            ),
            ({"declined_at": True}, "seat_request_declined_once"),
        ],
    )
    def test_refuses_any_other_answer(self, people, changes, constraint):
        row = {}
        for name, value in changes.items():
            if name.endswith("_at"):
                row[name] = value and factories.now()
            else:
                row[name] = getattr(people, value)
                if name != "person":
                    row.setdefault(name.replace("_by", "_at"), factories.now())
        with pytest.raises(IntegrityError, match=constraint):
            self.request(people, **row)

    def test_refuses_a_second_request_while_one_waits(self, people):
        self.request(people)
        with pytest.raises(IntegrityError):
            self.request(people, requested_by=people.second_administrator)


@pytest.mark.django_db
class TestTwoAdministrators:
    def test_are_left_by_every_removal(self, act, people):
        asked = {"email": "second-administrator@demo.example", "role": "administrator"}
        response = act("administrator", "post", "/seats/caisi/take/", asked)
        assert response.status_code == 403
        assert "Foreview needs 2 administrators" in body(response)
        assert "given to somebody else first" in body(response)
        assert holds(people.second_administrator, "caisi:administrator")
        assert AuditEvent.objects.latest("sequence").action == "refused.seat-take"

    def test_are_enough_for_a_third_to_be_removed(self, people):
        seats.give(**asked_for(people.superuser, "administrator"), by=audit.SYSTEM)
        seats.take(**asked_for(people.superuser, "administrator"), by=people.administrator)
        assert not holds(people.superuser, "nsa:administrator")

    def test_are_counted_without_disabled_accounts(self, people):
        seats.give(**asked_for(people.superuser, "administrator"), by=audit.SYSTEM)
        User.objects.filter(pk=people.superuser.pk).update(is_active=False)
        second = asked_for(people.second_administrator, "administrator", "caisi")
        with pytest.raises(SeatRefused, match="there would be fewer"):
            seats.take(**second, by=people.administrator)
        disabled = asked_for(User.objects.get(pk=people.superuser.pk), "administrator")
        seats.take(**disabled, by=people.administrator)

    def test_are_persons_and_not_seats(self, people):
        seats.give(**asked_for(people.second_administrator, "administrator"), by=audit.SYSTEM)
        second = people.second_administrator
        seats.take(**asked_for(second, "administrator", "caisi"), by=people.administrator)
        with pytest.raises(SeatRefused, match="there would be fewer"):
            seats.take(**asked_for(second, "administrator"), by=people.administrator)


@pytest.mark.django_db
class TestSeatsApart:
    @pytest.mark.parametrize("role", ["reviewer", "lead", "determination_official", "auditor"])
    def test_an_administrator_reads_nothing(self, people, role):
        with pytest.raises(SeatRefused, match="reads no submission and no log"):
            seats.give(**asked_for(people.administrator, role), by=audit.SYSTEM)

    @pytest.mark.parametrize("code", ["nsa_reviewer", "nsa_lead", "oncd_official", "auditor"])
    def test_whoever_reads_is_no_administrator(self, people, code):
        with pytest.raises(SeatRefused, match="reads no submission and no log"):
            seats.give(**asked_for(getattr(people, code), "administrator"), by=audit.SYSTEM)

    def test_nobody_is_of_two_labs(self, people):
        with pytest.raises(SeatRefused, match="two sides"):
            seats.give(**asked_for(people.basalt_liaison, "liaison", "northlight"), by=audit.SYSTEM)

    def test_one_agency_s_reviewer_may_be_another_s(self, people):
        seats.give(**asked_for(people.nsa_reviewer, "reviewer", "dod"), by=audit.SYSTEM)
        assert holds(people.nsa_reviewer, "dod:reviewer")

    @pytest.mark.parametrize(
        ("code", "role", "organization"),
        [("auditor", "auditor", "treasury"), ("nsa_signer", "determination_official", "nsa")],
    )
    def test_the_last_that_are_needed_stay(self, people, code, role, organization):
        asked = asked_for(getattr(people, code), role, organization)
        with pytest.raises(SeatRefused, match="there would be fewer"):
            seats.take(**asked, by=people.administrator)
        assert holds(getattr(people, code), f"{organization}:{role}")


@pytest.mark.django_db
class TestTheFirstTwo:
    @pytest.fixture
    def command(self, db, monkeypatch):
        monkeypatch.setattr("getpass.getpass", lambda prompt: "correct horse battery staple")

        def run(email):
            out = StringIO()
            call_command("first_administrator", email, "Somebody", stdout=out)
            return out.getvalue()

        return run

    def test_are_made_at_the_machine_and_give_every_other_seat(self, command):
        assert "Administrator, NSA" in command("first@agency.example")
        command("second@agency.example")
        with pytest.raises(CommandError, match="two administrators already"):
            command("third@agency.example")
        first, second = User.objects.order_by("pk")
        third = User.objects.create_user("third@agency.example", "Third")
        seats.request(**asked_for(third, "administrator"), by=first)
        seats.confirm(**asked_for(third, "administrator"), by=second)
        assert holds(third, "nsa:administrator")


@pytest.mark.postgresql
class TestAtOnce:
    @pytest.fixture(autouse=True)
    def on_postgresql(self):
        assert connection.vendor == "postgresql", "run these with a PostgreSQL DATABASE_URL"

    def test_one_request_confirmed_and_declined_fifty_times(self, committed_people):
        people = committed_people
        asked = asked_for(people.dod_lead)
        seats.request(**asked, by=people.administrator)
        answers = at_once(
            *[
                refused(
                    (seats.confirm, seats.decline)[number % 2],
                    **asked,
                    by=people.second_administrator,
                )
                for number in range(THREADS)
            ],
        )
        assert answers == {"done": 1, "Conflict": THREADS - 1}
        row = SeatRequest.objects.get()
        assert holds(people.dod_lead, "nsa:determination_official") == bool(row.confirmed_at)
        assert audit.verify() is None

    def test_a_request_declined_while_it_is_being_confirmed(self, committed_people):
        people = committed_people
        asked = asked_for(people.dod_lead)
        seats.request(**asked, by=people.administrator)
        answer = meanwhile(
            lambda: seats.confirm(**asked, by=people.second_administrator),
            refused(seats.decline, **asked, by=people.administrator),
        )
        assert answer == {"Conflict": 1}
        assert holds(people.dod_lead, "nsa:determination_official")

    def test_two_of_three_administrators_removed_at_once(self, committed_people):
        people = committed_people
        third = asked_for(people.superuser, "administrator")
        seats.give(**third, by=audit.SYSTEM)
        second = asked_for(people.second_administrator, "administrator", "caisi")
        answer = meanwhile(
            lambda: seats.take(**third, by=people.administrator),
            refused(seats.take, **second, by=people.administrator),
        )
        assert answer == {"Conflict": 1}
        assert seats.administrators() == {
            people.administrator.pk,
            people.second_administrator.pk,
        }


def meanwhile(first, second):
    """The answer of ``second``, begun after ``first`` was done and before it was committed."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            begun = pool.submit(at_once, second)
            assert wait([begun], timeout=1).not_done
        return begun.result(timeout=60)
