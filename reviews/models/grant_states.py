"""What a grant can be at an instant, and the words and the order for it."""

from enum import StrEnum


class GrantState(StrEnum):
    """What a grant is at an instant, from its facts and the clock."""

    REQUESTED = "requested"
    DECLINED = "declined"
    CONSENTED = "consented"
    AWAITING_TERMS = "awaiting_terms"
    RAN_OUT = "ran_out"
    SCHEDULED = "scheduled"
    LIVE = "live"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ENDED = "ended"
    CLOSED_OUT = "closed_out"

    @property
    def label(self):
        return {
            "requested": "Waiting for the lab's consent",
            "consented": "Waiting for an administrator",
            "awaiting_terms": "Waiting for the partner",
            "ran_out": "Ran out",
            "closed_out": "Closed out",
        }.get(self, self.capitalize())

    @property
    def place(self) -> int:
        """Which of ``PLACES`` a list shows it at."""
        if self is GrantState.LIVE:
            return 0
        return 1 if self in (*WAITING, *AUTHORIZED) else 2


class Side(StrEnum):
    """Who may suspend access, each for itself: nobody lifts what another side suspended."""

    LAB = "lab"
    AGENCY = "agency"
    ADMINISTRATION = "administration"


class EndReason(StrEnum):
    """Why a grant, or the request for it, is over."""

    DECLINED = "declined"
    TAKEN_BACK = "taken_back"
    RAN_OUT = "ran_out"
    OWN_END = "own_end"
    WINDOW = "window"
    WITHDRAWN = "withdrawn"
    CONCLUDED = "concluded"
    BY_LAB = "by_lab"
    BY_AGENCY = "by_agency"
    BY_ADMINISTRATION = "by_administration"
    SEAT_REMOVED = "seat_removed"
    RECUSED = "recused"
    DETACHED = "detached"
    TERMS_SUPERSEDED = "terms_superseded"
    NONDISCLOSURE_LAPSED = "nondisclosure_lapsed"
    TRAINING_LAPSED = "training_lapsed"
    NOT_RECERTIFIED = "not_recertified"

    @property
    def label(self):
        return {
            "declined": "The lab declined the request",
            "taken_back": "The agency took the request back",
            "ran_out": "Its time passed before it was authorized",
            "own_end": "It reached its own end",
            "window": "The review window ended",
            "withdrawn": "The lab withdrew the submission",
            "concluded": "The review concluded",
            "by_lab": "The lab revoked it",
            "by_agency": "The agency that asked for it revoked it",
            "by_administration": "An administrator revoked it",
            "terms_superseded": "The partner did not accept the new terms in time",
            "seat_removed": "The grantee's seat was removed",
            "recused": "The grantee is recused from the submission",
            "nondisclosure_lapsed": "The grantee's nondisclosure terms lapsed",
            "training_lapsed": "The grantee's insider-risk training lapsed",
            "not_recertified": "No lead said in time that it is still needed",
        }.get(self, "The agency was detached from the submission")


# Those that are written down; the others follow from the grant's facts and the clock.
REVOKED_BECAUSE = (
    *(EndReason.TAKEN_BACK, EndReason.BY_LAB, EndReason.BY_AGENCY, EndReason.BY_ADMINISTRATION),
    *(EndReason.SEAT_REMOVED, EndReason.RECUSED, EndReason.DETACHED),
    # Of a partner's alone: its access lies outside the window, which ends an agency's.
    EndReason.WITHDRAWN,
)
# Whose word those were; of the others, the agency's.
REVOKED_BY_LAB = (EndReason.BY_LAB, EndReason.WITHDRAWN)
REVOKED_BY_ADMINISTRATORS = (
    *(EndReason.BY_ADMINISTRATION, EndReason.SEAT_REMOVED, EndReason.DETACHED),
)
# Those that come at an instant that is known beforehand, and moved while it has not come.
LAPSES = (
    *(EndReason.NONDISCLOSURE_LAPSED, EndReason.TRAINING_LAPSED),
    *(EndReason.NOT_RECERTIFIED, EndReason.TERMS_SUPERSEDED),
)
PLACES = ("Live now", "Waiting, scheduled or suspended", "Over")
WAITING = (GrantState.REQUESTED, GrantState.CONSENTED, GrantState.AWAITING_TERMS)
AUTHORIZED = (GrantState.SCHEDULED, GrantState.LIVE, GrantState.SUSPENDED)
CONSENTED_TO = (GrantState.CONSENTED, GrantState.AWAITING_TERMS, *AUTHORIZED)
