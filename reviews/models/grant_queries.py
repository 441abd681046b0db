"""What AccessGrant computes of one row, said for the database: the only place that says it twice.

tests/services/test_grant_queries.py holds each against the row's own answer. An instant asked
about is never earlier than a fact: for what was so then, the audit log is read.
"""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, Least

from reviews.clock import FULL_WINDOW
from reviews.models.grant_states import GrantState
from reviews.models.grant_suspension import GrantSuspension
from reviews.models.submission import Submission

# How long before its time a lead may say that access is still needed.
RECERTIFIED_WITHIN = timedelta(days=7)
# Everything that can end access; the earliest does.
WINDOW_ENDS = ("submission__closes_at", "submission__ended_at")
OWN_ENDS = ("ends_at", "revoked_at", "lapses_at")
# Whose access the window bounds; a partner's begins after it.
OF_AGENCY = Q(partner__isnull=True)
AUTHORIZED = Q(authorized_at__isnull=False)
CONSENTED = Q(consented_at__isnull=False)
AGREED = Q(agreed_at__isnull=False)
DECLINED = Q(declined_at__isnull=False)
REVOKED = Q(revoked_at__isnull=False)
ATTESTED = Q(agency_attested_at__isnull=False, lab_attested_at__isnull=False)


class AskedOfEach(Exists):
    """EXISTS that is asked of each row that remains; PostgreSQL cannot gather its rows first.

    It takes a grant's end and its window's for independent, expects few rows and sorts all.
    """

    template = "EXISTS(%(subquery)s OFFSET 0)"


def live(at: datetime) -> Q:
    """That the model may be used by the grant at the instant ``at``."""
    window = Submission.objects.window_open(at).filter(pk=OuterRef("submission"))
    own = Q(authorized_at__lte=at, starts_at__lte=at, runs_until__gt=at)
    return own & (~OF_AGENCY | Q(AskedOfEach(window))) & ~Q(suspended(at))


def suspended(at: datetime) -> Exists:
    """That some side has suspended the grant and not resumed it by ``at``."""
    return AskedOfEach(GrantSuspension.objects.in_force(at).filter(grant=OuterRef("pk")))


def some_suspended(at: datetime) -> Q:
    """As ``suspended``, for asking it of many: the few that are, are gathered once."""
    return Q(pk__in=GrantSuspension.objects.in_force(at).values("grant"))


def running(at: datetime, path: str = "") -> Q:
    """That the grant at ``path`` is not over at ``at``, whatever it waits for."""
    partners = Q(**{f"{path}partner__isnull": False})
    inside = Q(**{f"{path}submission__review_ends_at__gt": at})
    return Q(**{f"{path}runs_until__gt": at}) & (inside | partners)


def running_parts(at: datetime) -> tuple[Q, Q]:
    """``running`` as two conditions that no grant fulfils both of: an agency's, and a partner's.

    PostgreSQL reads the few windows that are open for the first, and none for the second.
    """
    going = Q(runs_until__gt=at)
    return going & OF_AGENCY & Q(submission__review_ends_at__gt=at), going & ~OF_AGENCY


def running_by_end(at: datetime) -> Q:
    """``running`` for the first few in the order of ``ends_at``, in which an index has them."""
    return Q(ends_at__gt=at) & ~over(at) & ~DECLINED


def replaced() -> Q:
    """That it proposes a partner under a submission that a later one stands in place of."""
    later = Submission.objects.replacing(
        OuterRef("submission__model_version"), OuterRef("submission__opens_at")
    )
    return ~OF_AGENCY & ~AUTHORIZED & Q(Exists(later))


def over(at: datetime) -> Q:
    """That its time has ended at ``at``, or earlier, for whichever reason came first."""
    return _any(OWN_ENDS, at) | OF_AGENCY & _any(WINDOW_ENDS, at)


def _any(ends: tuple[str, ...], at: datetime) -> Q:
    return reduce(or_, (Q(**{f"{end}__lte": at}) for end in ends))


def effective_end() -> Case:
    """When access ends, or ended, for whichever reason comes first."""
    return _bounded(OWN_ENDS, WINDOW_ENDS)


def _bounded(own: tuple[str, ...], windows: tuple[str, ...]) -> Case:
    return Case(When(OF_AGENCY, then=first_of(*own, *windows)), default=first_of(*own))


def first_of(*ends: str) -> Least:
    """The earliest of the columns, of which ``ends_at`` always has a value."""
    # SQLite's least of null is null.
    return Least(*(F(end) if end == "ends_at" else Coalesce(F(end), F("ends_at")) for end in ends))


def state(at: datetime) -> Case:
    """What ``state_at(at)`` says, as a column."""
    return Case(
        When(DECLINED, then=Value(GrantState.DECLINED.value)),
        When(ATTESTED, then=Value(GrantState.CLOSED_OUT.value)),
        When(REVOKED, then=Value(GrantState.REVOKED.value)),
        When(over(at) & AUTHORIZED, then=Value(GrantState.ENDED.value)),
        When(over(at), then=Value(GrantState.RAN_OUT.value)),
        When(~CONSENTED, then=Value(GrantState.REQUESTED.value)),
        When(~AUTHORIZED & AGREED, then=Value(GrantState.AWAITING_TERMS.value)),
        When(~AUTHORIZED, then=Value(GrantState.CONSENTED.value)),
        When(Q(suspended(at)), then=Value(GrantState.SUSPENDED.value)),
        When(starts_at__gt=at, then=Value(GrantState.SCHEDULED.value)),
        default=Value(GrantState.LIVE.value),
        output_field=models.CharField(),
    )


def in_state(wanted: GrantState, at: datetime) -> Q:
    """That ``state_at(at)`` is ``wanted``, in a form that finds few rows among many."""
    ended = over(at) & ~DECLINED & ~REVOKED & ~ATTESTED
    authorized = running(at) & AUTHORIZED
    stopped = some_suspended(at)
    return {
        GrantState.REQUESTED: running(at) & ~CONSENTED,
        GrantState.DECLINED: DECLINED,
        GrantState.CONSENTED: running(at) & CONSENTED & ~AGREED & ~AUTHORIZED,
        GrantState.AWAITING_TERMS: running(at) & CONSENTED & AGREED & ~AUTHORIZED,
        GrantState.RAN_OUT: ended & ~AUTHORIZED,
        GrantState.SCHEDULED: authorized & Q(starts_at__gt=at) & ~stopped,
        GrantState.LIVE: authorized & Q(starts_at__lte=at) & ~stopped,
        GrantState.SUSPENDED: authorized & stopped,
        GrantState.REVOKED: REVOKED & ~ATTESTED,
        GrantState.ENDED: ended & AUTHORIZED,
        GrantState.CLOSED_OUT: ATTESTED,
    }[wanted]


def ends_within(at: datetime, span: timedelta) -> Q:
    """That the model may be used by it now, and no more when ``span`` has passed."""
    return in_state(GrantState.LIVE, at) & ends_by(at + span)


def ends_by(at: datetime) -> Q:
    """That a grant that is not over now will be at ``at``."""
    return Q(runs_until__lte=at) | OF_AGENCY & Q(submission__review_ends_at__lte=at)


def to_close_out(at: datetime) -> Q:
    """That access by it ended at ``at`` or earlier, and a side has not attested its closeout."""
    return over(at) & AUTHORIZED & ~ATTESTED


def to_close_out_parts(at: datetime) -> tuple[Q, Q]:
    """``to_close_out`` as two conditions that no grant fulfils both of.

    By a date of its own, which an index tells without the submission, or by its window's alone.
    PostgreSQL joins few rows for each, and for both at once every submission there ever was.
    """
    # An agency's access lies inside a window, so one that ended before its grant did is recent.
    recent = Q(
        submission__closes_at__gt=at - FULL_WINDOW, submission__closes_at__lt=at + FULL_WINDOW
    )
    by_window = OF_AGENCY & Q(closeout_from__gt=at) & _any(WINDOW_ENDS, at) & recent
    return Q(closeout_from__lte=at), by_window


class AccessGrantQuerySet(models.QuerySet):
    def live(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants by which the model may be used at the instant ``at``."""
        return self.filter(live(at))

    def running(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants that are not over at ``at``."""
        return self.filter(running(at))

    def attestable(self, at: datetime, side: str) -> "AccessGrantQuerySet":
        """Grants of which ``attestable_at(at, side)`` is true."""
        # The second, which the others imply, is what an index holds.
        waits = {f"{side}_attested_at__isnull": True, "closeout_from__isnull": False}
        return self.over_since(at).filter(**waits)

    def agreeable(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants of which ``agreeable_at(at)`` is true."""
        return self.filter(running(at) & ~OF_AGENCY & ~AGREED)

    def acceptable(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants of which ``acceptable_at(at)`` is true."""
        superseded = running(at) & AUTHORIZED & Q(terms_until__isnull=False)
        return self.filter(in_state(GrantState.AWAITING_TERMS, at) | superseded)

    def recertifiable(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants of which ``recertifiable_at(at)`` is true."""
        by = F("recertify_by")
        near = Q(recertify_by__lte=at + RECERTIFIED_WITHIN)
        first = Q(ends_at__gt=by) & (~OF_AGENCY | Q(submission__review_ends_at__gt=by))
        return self.filter(running(at), near, first, authorized_at__isnull=False)

    def over_since(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants that were authorized and have been over since ``at``, or longer."""
        return self.filter(over(at) & AUTHORIZED)

    def in_state(self, wanted: GrantState, at: datetime) -> "AccessGrantQuerySet":
        """Grants of which ``state_at(at)`` is ``wanted``."""
        return self.filter(in_state(wanted, at))

    def listed(self, at: datetime, *, last_first: bool = False) -> "AccessGrantQuerySet":
        """Each with its ``end``, by the window and its lapse as they now are, and its ``place``.

        The places count from the other side with ``last_first``, so that a list in descending
        order also begins with what is live.
        """
        order = (2, 1, 0) if last_first else (0, 1, 2)
        return self.annotate(
            end=_bounded(("ends_at", "lapses_at"), ("submission__closes_at",)),
            place=Case(
                When(live(at), then=Value(order[0])),
                When(running(at), then=Value(order[1])),
                default=Value(order[2]),
            ),
        )
