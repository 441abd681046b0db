"""The law of access to models (docs/domain.md section 6) in few lines, for the machine test."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reviews.models.grant_states import Side

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAB = {"northlight_liaison", "northlight_admin"}
LEADS = {"nsa": {"nsa_lead", "both"}, "dod": {"dod_lead"}}
ADMINISTRATORS = {"administrator", "second_administrator", "both"}
HOLDERS = {"nsa": ("nsa_reviewer", "both"), "dod": ("dod_reviewer",)}
TEAMS = {"nsa": ("nsa_reviewer", "both", "nsa_lead"), "dod": ("dod_reviewer", "dod_lead")}
CONTACT, PARTNER = "partner_contact", "keystone-utility"
MOST, RECERTIFIED, NEAR = 4, 5 * DAY, 7 * DAY
EVERYONE = sorted(LAB | LEADS["nsa"] | LEADS["dod"] | ADMINISTRATORS | {"nsa_reviewer", CONTACT})


@dataclass
class Later:
    """An extension that waits."""

    end: datetime
    by: str
    consented: str = ""


@dataclass
class Access:
    """One grant."""

    number: int
    agency: str
    holder: str
    by: str
    start: datetime
    end: datetime
    partner: bool = False
    consented: str = ""
    agreed: str = ""
    authorized: str = ""
    terms: datetime | None = None  # until when, once they are superseded
    over: bool = False
    suspended: set = field(default_factory=set)
    later: Later | None = None
    users: dict = field(default_factory=dict)  # whom it names besides: when their use lapses
    named: set = field(default_factory=set)  # everyone whom it ever named
    recertify: datetime | None = None
    lapse: datetime | None = None

    def heard(self, word, who, side, closes, ends, at, until):
        """What the word makes of it, once it was allowed."""
        if word == "consent":
            self.consented, self.end = who, ends
        elif word == "authorize":
            self.authorized, self.end = who, min(self.end, closes)
            self.recertify = max(self.start, at) + RECERTIFIED
            self.users = {user: min(until[user]) for user in self.users}
            self.lapses(until, at)
        elif word == "agree":
            self.agreed = who
        elif word == "accept":
            self.terms = None
            if not self.authorized:
                self.authorized, self.recertify = who, max(self.start, at) + RECERTIFIED
            self.lapses(until, at)
        elif word == "recertify":
            self.recertify = at + RECERTIFIED
            self.lapses(until, at)
        elif word == "suspend":
            self.suspended.add(side)
        elif word == "resume":
            self.suspended.remove(side)
        elif word == "extend":
            self.later = Later(ends, who)
        elif word == "consent later":
            self.later.consented = who
        elif word == "authorize later":
            self.end, self.later = min(self.later.end, closes), None
        else:
            self.over = True

    def lapses(self, until, at):
        """Its time is that of the facts as they now are, and never one that has passed."""
        facts = (*until[self.holder], self.recertify, self.terms or self.recertify)
        self.lapse = max(min(facts), at)


class Law:
    """Who may do what to which grant, and which are live."""

    def __init__(self):
        self.windows, self.grants, self.absent, self.recused = [], [], set(), set()
        self.until, self.most = {}, {}  # of each person: her two dates, and a wider limit

    def open(self, number, at):
        opens, closes, ended = self.windows[number]
        return opens <= at < closes and not ended

    def stage(self, one, at):
        lapsed = one.lapse and at >= one.lapse
        inside = one.partner or self.open(one.number, at)
        if one.over or lapsed or at >= one.end or not inside:
            return "over"
        if one.authorized or not one.consented:
            return "authorized" if one.authorized else "requested"
        return "awaiting" if one.agreed else "consented"

    def ends(self, one):
        return min(one.end, self.windows[one.number][1])

    def live(self, one, at):
        return self.stage(one, at) == "authorized" and one.start <= at and not one.suspended

    def has(self, who, at):
        """The grants of hers that are authorized and not over."""
        return [
            one
            for one in self.grants
            if self.stage(one, at) == "authorized"
            and (one.holder == who or (who in one.users and one.users[who] > at))
        ]

    def uses(self, who, one, at):
        lapse = one.users.get(who)
        hers = one.holder == who or (lapse is not None and lapse > at)
        return hers and self.live(one, at)

    def ready(self, one, at):
        """Whether everybody's dates last and nobody has too much."""
        return all(
            min(self.until[who]) > at and len(self.has(who, at)) < self.most.get(who, MOST)
            for who in (one.holder, *one.users)
        )

    def may(self, who, word, one, at, side=None):
        stage, later = self.stage(one, at), one.later
        lead, other = who in LEADS[one.agency], who not in {one.by, one.holder} | one.named
        office = who in ADMINISTRATORS
        sides = {Side.LAB: who in LAB, Side.AGENCY: lead, Side.ADMINISTRATION: office}
        apart = who not in {one.holder} | one.named
        fresh = later and who != later.by and apart and stage == "authorized"
        return {
            "consent": stage == "requested" and who in LAB and other,
            "decline": stage == "requested" and who in LAB and other,
            "agree": stage in ("requested", "consented")
            and one.partner
            and not one.agreed
            and office
            and other
            and who != one.consented
            and self.ready(one, at),
            "accept": who == CONTACT
            and (CONTACT, PARTNER) not in self.absent
            and bool(
                (stage == "awaiting" and self.ready(one, at))
                or (stage == "authorized" and one.terms)
            ),
            "authorize": stage == "consented"
            and not one.partner
            and office
            and other
            and who != one.consented
            and self.ready(one, at),
            "revoke": lead or (office and bool(one.agreed))
            if stage == "requested"
            else stage != "over" and any(sides.values()),
            "suspend": stage == "authorized"
            and side not in one.suspended
            and sides.get(side)
            and apart,
            "resume": side in one.suspended and stage == "authorized" and sides.get(side) and apart,
            "recertify": stage == "authorized"
            and lead
            and apart
            and one.recertify <= at + NEAR
            and one.recertify < (one.end if one.partner else self.ends(one)),
            "extend": stage == "authorized"
            and lead
            and not later
            and not one.partner
            and self.open(one.number, at),
            "consent later": fresh and who in LAB and not later.consented,
            "authorize later": fresh
            and office
            and later.consented
            and who != later.consented
            and min(later.end, self.windows[one.number][1]) > one.end,
        }[word]
