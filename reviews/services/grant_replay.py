"""What each grant was at a past instant, replayed from audit events and nothing else.

``GRANT_EVENTS`` and ``WINDOW_EVENTS`` say how each event changes what is known. From that the
state follows by the same law as that of the rows, which may have changed since.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from accounts.models import AuditEvent
from reviews.models import AccessGrant
from reviews.models.grant_states import EndReason, GrantState, Side
from reviews.workflow import Status

# What stands for a time that an event of an earlier release does not hold.
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# States that no missing start, end or side could change.
SETTLED = frozenset(
    {
        *(GrantState.DECLINED, GrantState.RAN_OUT, GrantState.REVOKED),
        *(GrantState.ENDED, GrantState.CLOSED_OUT),
    }
)


@dataclass
class PastWindow:
    """A submission's window as far as the events told of it; ``lab`` is a code."""

    reference: str
    lab: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: Status | None = None

    @property
    def status(self) -> Status:
        """What was on record of it."""
        return self.ended_as or (Status.UNDER_REVIEW if self.opens_at else Status.DRAFT)


@dataclass
class PastGrant:
    """A grant as far as the events told of it.

    People are mail addresses, the agency its short name. ``users`` maps those named besides to
    when the use of each lapses. ``missing`` names what the events do not hold.
    """

    key: str
    submission: PastWindow
    requested_at: datetime
    agency: str = ""
    grantee: str = ""
    partner: str = ""
    users: dict[str, datetime | None] = field(default_factory=dict)
    access_level: str = ""
    starts_at: datetime = EARLIEST
    ends_at: datetime = LATEST
    consented_at: datetime | None = None
    agreed_at: datetime | None = None
    agreed_by: str = ""
    declined_at: datetime | None = None
    authorized_at: datetime | None = None
    authorized_by: str = ""
    revoked_at: datetime | None = None
    revoked_because: str = ""
    lapses_at: datetime | None = None
    lapses_because: str = ""
    agency_attested_at: datetime | None = None
    lab_attested_at: datetime | None = None
    sides: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    @property
    def partner_id(self) -> str | None:
        """Whose it is, as of a row; None for an agency's own."""
        return self.partner or None

    def state_at(self, at: datetime) -> GrantState:
        """Its state, by the law of the rows; with a fact missing, the furthest it can be."""
        return AccessGrant.state_at(cast(Any, self), at)

    def in_doubt_at(self, at: datetime) -> set[str]:
        """The missing facts by which its state could be another than ``state_at``."""
        return set() if self.state_at(at) in SETTLED else self.missing

    def end_reason_at(self, at: datetime) -> EndReason | None:
        """Why it is over, as of a row; None while it is not, and where no event says."""
        return AccessGrant.end_reason_at(cast(Any, self), at)

    def over_at(self, at: datetime) -> datetime | None:
        """When it was over, as of a row; else None."""
        return AccessGrant.over_at(cast(Any, self), at)

    def effective_end(self) -> datetime:
        """When access ends, as of a row."""
        return AccessGrant.effective_end(cast(Any, self))

    def suspended_by_sides(self, at: datetime) -> set[str]:
        """Which sides had suspended it and not resumed it."""
        return self.sides

    def people_at(self, at: datetime) -> list[str]:
        """Who could use the model by it, if it was live: its grantee first."""
        others = (who for who, lapses in self.users.items() if lapses is None or lapses > at)
        return [self.grantee, *sorted(others)]


def replay(events: Iterable[AuditEvent]) -> dict[str, PastGrant]:
    """Every grant that ``events``, in the log's order, tell the beginning of, by its key."""
    windows: dict[str, PastWindow] = {}
    grants: dict[str, PastGrant] = {}
    of_window: dict[str, list[PastGrant]] = {}
    for event in events:
        window = windows.setdefault(event.submission, PastWindow(event.submission))
        here = of_window.setdefault(event.submission, [])
        if happened := WINDOW_EVENTS.get(event.action):
            happened(window, here, event)
            continue
        if event.action == "grant.requested":
            grants[event.object_reference] = grant = PastGrant(
                event.object_reference, window, event.at
            )
            here.append(grant)
        told = grants.get(event.object_reference)
        if told is not None:
            told.agency = event.details.get("agency", told.agency)
            told.grantee = event.details.get("grantee", told.grantee)
            GRANT_EVENTS[event.action](told, event)
    return grants


def _time(event: AuditEvent, name: str) -> datetime | None:
    text = event.details.get(name)
    return datetime.fromisoformat(text) if text else None


def _requested(grant: PastGrant, event: AuditEvent) -> None:
    grant.users = dict.fromkeys(event.details.get("users", ()))
    grant.access_level = event.details.get("access_level", "")
    grant.partner = event.details.get("partner", "")
    grant.agency = grant.agency or event.organization
    starts_at, ends_at = _time(event, "starts_at"), _time(event, "ends_at")
    if starts_at and ends_at:
        grant.starts_at, grant.ends_at = starts_at, ends_at
    else:
        grant.missing |= {"start", "end"}


def _consented(grant: PastGrant, event: AuditEvent) -> None:
    grant.consented_at = event.at
    grant.access_level = event.details.get("access_level", grant.access_level)
    _end_set(grant, event)


def _end_set(grant: PastGrant, event: AuditEvent) -> None:
    if ends_at := _time(event, "ends_at"):
        grant.ends_at = ends_at
        grant.missing.discard("end")


def _authorized(grant: PastGrant, event: AuditEvent) -> None:
    grant.authorized_at, grant.authorized_by = event.at, event.actor
    _end_set(grant, event)
    _lapse_set(grant, event)
    lapses = event.details.get("users_lapse_at", ())
    for who, lapses_at in zip(event.details.get("users", ()), lapses, strict=True):
        grant.users[who] = datetime.fromisoformat(lapses_at)


def _agreed(grant: PastGrant, event: AuditEvent) -> None:
    grant.agreed_at, grant.agreed_by = event.at, event.actor


def _terms_accepted(grant: PastGrant, event: AuditEvent) -> None:
    """The first acceptance is the last word; a later one moves the lapse."""
    if grant.authorized_at is None:
        _authorized(grant, event)
        grant.authorized_by = grant.agreed_by
    else:
        _lapse_set(grant, event)


def _lapse_set(grant: PastGrant, event: AuditEvent) -> None:
    grant.lapses_at = _time(event, "lapses_at")
    grant.lapses_because = event.details.get("lapses_because", "")


def _user_lapse_set(grant: PastGrant, event: AuditEvent) -> None:
    grant.users[event.details["user"]] = _time(event, "lapses_at")


def _user_dropped(grant: PastGrant, event: AuditEvent) -> None:
    grant.users.pop(event.details["user"], None)


def _suspended(grant: PastGrant, event: AuditEvent) -> None:
    grant.sides.add(_side(grant, event))


def _resumed(grant: PastGrant, event: AuditEvent) -> None:
    grant.sides.discard(_side(grant, event))


def _side(grant: PastGrant, event: AuditEvent) -> str:
    if "side" not in event.details:
        grant.missing.add("side that suspended it")
    return Side(event.details["side"]) if "side" in event.details else ""


def _revoked(grant: PastGrant, event: AuditEvent) -> None:
    grant.revoked_at, grant.revoked_because = event.at, event.details.get("because", "")


def _declined(grant: PastGrant, event: AuditEvent) -> None:
    grant.declined_at = event.at


def _attested(side: str) -> "OfGrant":
    def attested(grant: PastGrant, event: AuditEvent) -> None:
        setattr(grant, f"{side}_attested_at", event.at)

    return attested


def _nothing(grant: PastGrant, event: AuditEvent) -> None:
    """The event changes nothing of who has access when."""


def _filed(window: PastWindow, here: list[PastGrant], event: AuditEvent) -> None:
    window.lab, window.opens_at = event.organization, event.at
    window.closes_at = _time(event, "closes_at")


def _shortened(window: PastWindow, here: list[PastGrant], event: AuditEvent) -> None:
    """Grants that have begun by the new end end there, and the others stay as they were asked."""
    window.closes_at = end = _time(event, "closes_at")
    for grant in here:
        if end and not grant.partner and grant.starts_at < end < grant.ends_at:
            grant.ends_at = end


def _ended(status: Status) -> "OfWindow":
    def ended(window: PastWindow, here: list[PastGrant], event: AuditEvent) -> None:
        window.ended_as, window.ended_at = status, _time(event, "ended_at") or event.at

    return ended


OfGrant = Callable[[PastGrant, AuditEvent], None]
OfWindow = Callable[[PastWindow, list[PastGrant], AuditEvent], None]
GRANT_EVENTS: dict[str, OfGrant] = {
    "grant.requested": _requested,
    "grant.consented": _consented,
    "grant.declined": _declined,
    "grant.agreed": _agreed,
    "grant.authorized": _authorized,
    "grant.terms_accepted": _terms_accepted,
    "grant.lapse_set": _lapse_set,
    "grant.user_lapse_set": _user_lapse_set,
    "grant.user_dropped": _user_dropped,
    "grant.recertified": _lapse_set,
    "grant.extension_requested": _nothing,
    "grant.extension_consented": _nothing,
    "grant.extension_declined": _nothing,
    "grant.extension_taken_back": _nothing,
    "grant.extended": _end_set,
    "grant.suspended": _suspended,
    "grant.resumed": _resumed,
    "grant.revoked": _revoked,
    "grant.used": _nothing,
    "grant.agency_attested": _attested("agency"),
    "grant.lab_attested": _attested("lab"),
}
WINDOW_EVENTS: dict[str, OfWindow] = {
    "submission.filed": _filed,
    "submission.shortened": _shortened,
    "submission.withdrawn": _ended(Status.WITHDRAWN),
    "submission.concluded": _ended(Status.CONCLUDED),
    "submission.expired": _ended(Status.EXPIRED),
}
