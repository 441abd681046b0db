"""Revoking many grants at once: exactly what was previewed, each on record, or nothing."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from reviews.exceptions import Conflict, StaleForm
from reviews.models import AccessGrant, Notice
from reviews.models.grant_states import EndReason, GrantState, Side
from reviews.services import access, bulk_revocation, lifecycle, suspensions
from reviews.services.tracking import tracked
from tests import factories
from tests.services.grant_pages import body, url
from tests.services.test_grant_list import copies

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
REVOKE = "/access/revoke/"


def live(at):
    return tracked(GrantState.LIVE, at)


def states(at):
    return sorted(
        grant.state_at(at).value for grant in AccessGrant.objects.select_related("submission")
    )


@pytest.fixture
def world(people):
    """Two labs' grants; the submissions of two windows."""
    first, second = factories.filed(people), factories.filed(people, lab="basalt")
    for state in ("requested", "consented", "live", "suspended", "revoked"):
        factories.grant(first, people, state=state)
    factories.grant(second, people, "dod", lab="basalt")
    return first, second


def digest(response):
    return response.context["form"]["digest"].value()


def checked(response, **more):
    """What the page sends as it came, with everything that it lists."""
    keys = [grant.key for grant, *_ in response.context["ending"]]
    return {"digest": digest(response), "grant": keys, **more}


class TestService:
    def test_each_that_was_listed_is_revoked_with_its_own_event_and_notices(
        self, people, world, start
    ):
        listed = bulk_revocation.preview(live, by=people.administrator, at=start)
        before = AuditEvent.objects.filter(action="grant.revoked").count()
        assert {grant.agency.code for grant in listed.ending} == {"nsa", "dod"}
        ended = bulk_revocation.revoke(
            live, digest=listed.digest, reason="Drill.", by=people.administrator, at=start
        )
        assert {grant.pk for grant in ended} == {grant.pk for grant in listed.ending}
        for grant in AccessGrant.objects.filter(pk__in=[grant.pk for grant in ended]):
            assert grant.revoked_because == EndReason.BY_ADMINISTRATION
            assert (grant.revoked_at, grant.revocation_reason) == (start, "Drill.")
            event = AuditEvent.objects.get(action="grant.revoked", object_reference=str(grant.key))
            assert event.actor == people.administrator.email
            assert Notice.objects.filter(grant=grant, kind="grant_revoked").count() > 2
        assert AuditEvent.objects.filter(action="grant.revoked").count() == before + 2
        assert states(start) == [
            *("consented", "requested", "revoked", "revoked", "revoked", "suspended"),
        ]

    def test_a_lab_revokes_its_own_and_no_other(self, people, world, start):
        listed = bulk_revocation.preview(live, by=people.basalt_liaison, at=start)
        bulk_revocation.revoke(
            live, digest=listed.digest, reason="", by=people.basalt_liaison, at=start
        )
        (grant,) = AccessGrant.objects.filter(revoked_by=people.basalt_liaison)
        assert grant.agency.code == "dod"
        assert grant.revoked_because == EndReason.BY_LAB

    def test_what_cannot_be_revoked_is_named_with_who_can_do_what(self, people, world, start):
        listed = bulk_revocation.preview(_any, by=people.administrator, at=start)
        assert len(listed.ending) == 4
        ((grant, why),) = listed.staying
        assert grant.state_at(start) is GrantState.REQUESTED
        assert "Northlight can decline" in why
        assert "lead of NSA can take it back" in why

    @pytest.mark.parametrize(
        "change", ["another", "ended", "suspended", "revoked", "withdrawn", "clock"]
    )
    def test_nothing_is_revoked_when_the_list_has_changed(
        self, people, world, start, move_clock, change
    ):
        listed, at = bulk_revocation.preview(live, by=people.administrator, at=start), start
        grant = listed.ending[0]
        if change == "another":
            factories.grant(world[0], people)
        elif change == "suspended":
            side, by = Side.ADMINISTRATION, people.second_administrator
            suspensions.suspend(grant, side=side, reason="", by=by, at=at)
        elif change == "revoked":
            access.revoke(grant, reason="", by=people.second_administrator, at=at)
        elif change == "withdrawn":
            lifecycle.withdraw(world[1], by=people.basalt_liaison, at=at)
        elif change == "ended":
            AccessGrant.objects.filter(pk=grant.pk).update(ends_at=start + DAY)
            move_clock(start + DAY)
        else:
            move_clock(start + 10 * DAY)
        before = AccessGrant.objects.filter(revoked_at__isnull=False).count()
        with pytest.raises(StaleForm, match="nothing was revoked"):
            bulk_revocation.revoke(
                live, digest=listed.digest, reason="", by=people.administrator, at=at
            )
        assert AccessGrant.objects.filter(revoked_at__isnull=False).count() == before

    def test_another_state_is_another_list(self, people, world, start):
        """The same grants, of which one was authorized meanwhile."""
        listed = bulk_revocation.preview(_any, by=people.administrator, at=start)
        waiting = AccessGrant.objects.get(
            consented_at__isnull=False, authorized_at=None, revoked_at=None
        )
        access.authorize(waiting, by=people.administrator, at=start)
        now = bulk_revocation.preview(_any, by=people.administrator, at=start)
        assert {grant.pk for grant in now.ending} == {grant.pk for grant in listed.ending}
        with pytest.raises(StaleForm):
            bulk_revocation.revoke(
                _any, digest=listed.digest, reason="", by=people.administrator, at=start
            )

    def test_an_empty_list_is_refused(self, people, world, start):
        listed = bulk_revocation.preview(live, by=people.auditor, at=start)
        assert listed.ending == []
        with pytest.raises(Conflict, match="nothing was done"):
            bulk_revocation.revoke(
                live, digest=listed.digest, reason="", by=people.auditor, at=start
            )

    def test_one_go_takes_so_many_and_the_next_the_rest(self, people, start, monkeypatch):
        monkeypatch.setattr(bulk_revocation, "MOST", 3)
        grant = factories.grant(factories.filed(people), people)
        copies(grant, [start + DAY, start + 2 * DAY, start + 3 * DAY])
        for expected, more in ((3, True), (1, False)):
            listed = bulk_revocation.preview(live, by=people.administrator, at=start)
            assert (len(listed.ending), listed.more) == (expected, more)
            bulk_revocation.revoke(
                live, digest=listed.digest, reason="", by=people.administrator, at=start
            )
        assert not AccessGrant.objects.live(start).exists()


def _any(at):
    return tracked(GrantState.LIVE, at) | ~tracked(GrantState.LIVE, at)


class TestPage:
    def test_what_the_preview_lists_ends(self, act, people, world, start):
        shown = act("administrator", "get", REVOKE + "?state=live")
        assert shown.status_code == 200
        assert "What would end: 2" in body(shown)
        for grant, state, _ in shown.context["ending"]:
            assert state == "Live"
            assert url(grant) in body(shown)
        done = act(
            "administrator",
            "post",
            REVOKE + "?state=live",
            checked(shown, reason="Drill."),
        )
        assert (done.status_code, done["Location"]) == (302, "/access/board/")
        assert not AccessGrant.objects.live(start).exists()
        assert "2 grants are revoked" in body(act("administrator", "get", "/access/board/"))

    def test_a_changed_list_is_shown_anew_and_can_be_confirmed(self, act, people, world, start):
        shown = act("administrator", "get", REVOKE + "?state=live")
        factories.grant(world[0], people)
        sent = checked(shown, reason="Drill.")
        refused = act("administrator", "post", REVOKE + "?state=live", sent)
        assert refused.status_code == 409
        assert "nothing was revoked" in body(refused)
        assert "What would end: 3" in body(refused)
        assert "Drill." in body(refused)
        assert AccessGrant.objects.live(start).count() == 3
        assert f'value="{digest(refused)}"' in body(refused)
        assert len(refused.context["left_out"]) == 1  # what came since is not checked
        sent = checked(refused)
        assert act("administrator", "post", REVOKE + "?state=live", sent).status_code == 302
        assert not AccessGrant.objects.live(start).exists()

    def test_what_is_unchecked_stays(self, act, people, world, start):
        shown = act("administrator", "get", REVOKE + "?state=live")
        assert body(shown).count(" checked>") == 2
        sent = checked(shown)
        stays = sent["grant"].pop()
        nothing = {"digest": sent["digest"], "reason": "Drill."}
        refused = act("administrator", "post", REVOKE + "?state=live", nothing)
        assert refused.status_code == 409
        assert "Check at least one grant" in body(refused)
        assert "Drill." in body(refused)
        assert " checked>" not in body(refused)
        assert AccessGrant.objects.live(start).count() == 2
        assert act("administrator", "post", REVOKE + "?state=live", sent).status_code == 302
        assert AccessGrant.objects.live(start).get().key == stays
        assert "1 grant is revoked" in body(act("administrator", "get", "/access/board/"))

    def test_the_same_click_twice_changes_nothing(self, act, people, world):
        shown = act("administrator", "get", REVOKE + "?state=live")
        sent = checked(shown)
        assert act("administrator", "post", REVOKE + "?state=live", sent).status_code == 302
        events = AuditEvent.objects.filter(action="grant.revoked").count()
        assert act("administrator", "post", REVOKE + "?state=live", sent).status_code == 409
        assert AuditEvent.objects.filter(action="grant.revoked").count() == events

    def test_without_a_digest_or_with_a_filter_that_is_none_nothing_ends(self, act, people, world):
        assert act("administrator", "post", REVOKE + "?state=live").status_code == 422
        shown = act("administrator", "get", REVOKE + "?state=live")
        sent = checked(shown)
        for query in ("?state=nonsense", "?state=live&agency=nonsense"):
            assert act("administrator", "post", REVOKE + query, sent).status_code == 400
        assert AccessGrant.objects.filter(revoked_at__isnull=False).count() == 1

    def test_a_lab_is_shown_its_own_and_no_trace_of_another(self, act, people, world):
        page = body(act("northlight_liaison", "get", REVOKE + "?agency=nsa"))
        assert "What would end: 3" in page
        assert "Basalt" not in page
        assert "dod reviewer" not in page
        sent = checked(act("basalt_liaison", "get", REVOKE + "?agency=dod"))
        assert act("northlight_liaison", "post", REVOKE + "?agency=nsa", sent).status_code == 409

    def test_nothing_is_listed_or_revoked_before_something_was_chosen(self, act, people, world):
        shown = act("administrator", "get", REVOKE)
        assert "Choose which grants first" in body(shown)
        assert shown.context["ending"] == []
        sent = {"digest": digest(shown), "reason": "Drill."}
        assert act("administrator", "post", REVOKE, sent).status_code == 409
        assert AccessGrant.objects.filter(revoked_at__isnull=False).count() == 1

    @pytest.mark.parametrize("who", ["auditor", "nsa_lead", "nsa_reviewer", "superuser"])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_nobody_else_has_such_a_page(self, act, people, world, who, method):
        assert act(who, method, REVOKE).status_code == 404
