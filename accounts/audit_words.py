"""The audit log's vocabulary: what each code says in plain words."""

GROUPS = {
    "Accounts": {
        "account.signed_in": "Signed in",
        "account.sign_in_refused": "Sign-in failed",
        "account.signed_out": "Signed out",
        "account.zone_changed": "Time zone changed",
        "account.shortcuts_changed": "Keyboard shortcuts switched on or off",
        "account.delivery_chosen": "Delivery of notices chosen",
        "absence.added": "Absence noted",
        "absence.ended": "Absence ended early",
        "feed.created": "Address of a calendar made",
        "feed.revoked": "Address of a calendar revoked",
        "filter.saved": "Filter of a list saved",
        "filter.removed": "Saved filter of a list removed",
    },
    "Organizations and seats": {
        "personnel.recorded": "Terms, training or limit of a person recorded",
        "organization.founded": "Organization set up",
        "organization.tagged": "Sectors of a trusted partner recorded",
        "seat.requested": "Seat asked for, waiting for a second administrator",
        "seat.declined": "Request for a seat declined",
        "seat.given": "Seat given",
        "seat.taken": "Seat removed",
    },
    "Submissions": {
        "submission.drafted": "Draft begun",
        "submission.revised": "Answers changed",
        "submission.filed": "Filed; the window opened",
        "submission.shortened": "Window shortened",
        "submission.withdrawn": "Withdrawn; all access ended",
        "submission.concluded": "Report issued; review concluded",
        "submission.expired": "The end of the window was recorded",
        "submissions.exported": "Submissions exported as a file",
        "export.asked": "File of submissions asked for",
        "export.read": "File of submissions downloaded",
        "submission.agency_attached": "Agency attached",
        "submission.agency_detached": "Agency detached",
    },
    "Answers and documents": {
        "package.read": "Answers opened",
        "document.added": "Document version added",
        "document.restricted": "Document's readers changed",
        "document.read": "Document opened",
    },
    "Reviews and determinations": {
        "review.assigned": "Reviewer assigned",
        "review.coauthors_chosen": "Co-authors of a review chosen",
        "review.saved": "Review draft saved",
        "note.saved": "Private notes saved",
        "review.filed": "Review filed",
        "review.read": "Review opened",
        "review.recused": "Recusal declared",
        "position.filed": "Position filed",
        "consultation.requested": "Consultations asked for",
        "consultation.recorded": "Consultation recorded",
        "determination.written": "Determination written, waiting for its second signer",
        "determination.issued": "Determination issued",
        "report.answered": "Lab's response to the report recorded",
    },
    "Access to models": {
        "grant.requested": "Access to the model asked for",
        "grant.consented": "Lab consented to access",
        "grant.declined": "Lab declined access",
        "grant.authorized": "Access authorized",
        "grant.agreed": "Government agreed to a trusted partner",
        "grant.terms_accepted": "Partner accepted the terms",
        "terms.published": "Terms for trusted partners published",
        "grant.lapse_set": "When access lapses changed with the grantee's record",
        "grant.user_lapse_set": "When a named person's use lapses changed with her record",
        "grant.user_dropped": "A named person left off access",
        "grant.recertified": "Access said to be still needed",
        "grant.extension_requested": "Later end of access asked for",
        "grant.extension_consented": "Lab consented to a later end of access",
        "grant.extension_declined": "Lab declined a later end of access",
        "grant.extension_taken_back": "Request for a later end taken back",
        "grant.extended": "Access extended",
        "grant.suspended": "Access suspended",
        "grant.resumed": "Suspension of access lifted",
        "grant.revoked": "Access revoked",
        "grant.used": "Model access details opened",
        "grant.agency_attested": "Closeout attested by the agency",
        "grant.lab_attested": "Closeout attested by the lab",
        "grants.exported": "Access grants exported as a file",
    },
    "Labs' gateways": {
        "gateway.added": "Gateway added",
        "gateway.revoked": "Gateway revoked",
        "gateway.read": "Current grants read by a gateway's secret address",
        "gateway.attested": "What a gateway enforces compared",
        "signal.sent": "Message about access taken by a gateway",
        "signal.dead": "Message about access given up",
        "signal.requeued": "Message about access sent again",
    },
    "Notices": {
        "notice.requeued": "Undelivered mail sent again",
    },
    "The portal itself": {
        "portal.backup_accepted": "An older database accepted; events are missing",
    },
    "Refusals": {
        "refused.signed_out": "Refused: a form sent without signing in",
        "refused.health-detail": "Refused: opening the health page",
        "refused.audit-list": "Refused: opening the audit log",
        "refused.board-detail": "Refused: opening the access board",
        "refused.timeline-detail": "Refused: opening the timeline of access",
        "refused.grants-revoke": "Refused: revoking several access grants at once",
        "refused.grants-export": "Refused: exporting access grants",
        "refused.submissions-export": "Refused: exporting submissions",
        "refused.version-download": "Refused: downloading a document version",
        "refused.csrf": "Refused: a form from an outdated page or another site",
    },
}
WORDS = {code: words for group in GROUPS.values() for code, words in group.items()}
# A refused step is recorded under its page's URL name, a noun and one of these verbs.
REFUSED = "refused."
STEPS = {
    "accept": "accepting the terms of {}",
    "add": "adding {}",
    "assign": "assigning {}",
    "attest": "attesting the closeout of {}",
    "authorize": "authorizing {}",
    "confirm": "confirming {}",
    "consent": "consenting to {}",
    "create": "beginning {}",
    "decline": "declining {}",
    "detail": "opening {}",
    "download": "downloading {}",
    "edit": "changing {}",
    "end": "ending {}",
    "file": "filing {}",
    "give": "giving {}",
    "grants": "opening the access grants of {}",
    "history": "opening the history of {}",
    "issue": "issuing {}",
    "list": "opening the list of {noun}s",
    "read": "marking {} as read",
    "propose": "proposing {}",
    "publish": "publishing {}",
    "record": "recording {}",
    "recuse": "declaring a recusal from {}",
    "request": "asking for {}",
    "requeue": "sending {} again",
    "respond": "responding to {}",
    "restrict": "changing the readers of {}",
    "revoke": "revoking {}",
    "shorten": "shortening {}",
    "sign": "signing {}",
    "take": "removing {}",
    "use": "using {}",
    "withdraw": "withdrawing {}",
    "write": "writing {}",
}
NOUNS = {
    "comparison": "comparison of a gateway",
    "delivery": "undelivered mail",
    "export": "file of submissions",
    "grant": "access grant",
    "signal": "message to a gateway",
    "version": "document version",
}
DETAILS = {
    "accept_by": "To be accepted by",
    "because": "Why it is over",
    "closes_at": "Window ends",
    "ends_at": "Access ends",
    "fields": "Answers",
    "method": "Request",
    "most_grants": "Most access grants at once",
    "nondisclosure_until": "Nondisclosure terms run until",
    "sha256": "SHA-256",
    "size": "Size in bytes",
    "starts_at": "Access starts",
    "training_until": "Training runs until",
    "terms_sha256": "SHA-256 of the terms",
    "tried": "Fingerprint of the address tried",
    "users": "Named besides the grantee",
    "users_lapse_at": "When the use of each lapses",
    "zone": "Time zone",
}


def words(code: str) -> str:
    """What happened, in plain words; for a code that is not listed, the code without its signs."""
    if code in WORDS:
        return WORDS[code]
    if code.startswith(REFUSED):
        noun, _, verb = code.removeprefix(REFUSED).partition("-")
        noun = NOUNS.get(noun, noun)
        one = f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
        return f"Refused: {STEPS.get(verb, plain(f'{noun} {verb}')).format(one, noun=noun)}"
    return plain(code).capitalize()


def label(detail: str) -> str:
    """What a detail of an event is called."""
    return DETAILS.get(detail) or plain(detail).capitalize()


def plain(code: str) -> str:
    """A code as words."""
    return code.replace(".", " ").replace("_", " ").replace("-", " ").strip()
