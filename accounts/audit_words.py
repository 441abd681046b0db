"""The audit log's vocabulary: what each code says in plain words."""

GROUPS = {
    "Accounts": {
        "account.signed_in": "Signed in",
        "account.sign_in_refused": "Sign-in failed",
        "account.signed_out": "Signed out",
        "account.zone_changed": "Time zone changed",
        "account.delivery_chosen": "Delivery of notices chosen",
        "expertise.recorded": "Expertise of a reviewer recorded",
        "absence.added": "Absence noted",
        "absence.ended": "Absence ended early",
        "feed.created": "Address of a calendar made",
        "feed.revoked": "Address of a calendar revoked",
    },
    "Organizations and seats": {
        "personnel.recorded": "Terms, training or limit of a person recorded",
        "organization.founded": "Organization set up",
        "organization.tagged": "Sectors of a trusted partner recorded",
        "organization.sized": "Size of a lab recorded",
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
        "assignment.accepted": "Assignment accepted",
        "assignment.declined": "Assignment declined",
        "assignment.ended": "Assignment taken back by a lead",
        "declaration.filed": "Absence of a conflict of interest declared",
        "question.added": "Recusal question added",
        "question.ended": "Recusal question retired",
        "review.saved": "Review draft saved",
        "note.saved": "Private notes saved",
        "review.filed": "Review filed",
        "review.read": "Review opened",
        "review.recused": "Recusal declared",
        "position.filed": "Position filed",
        "consultation.requested": "Consultations asked for",
        "consultation.recorded": "Consultation recorded",
        "determination.written": "Determination written, waiting for its second signer",
        "determination.set_aside": "Determination that nobody can sign set aside",
        "determination.issued": "Determination issued",
        "determination.shared": "Determination shared with the lab",
        "determination.answered": "Lab's response to the determination recorded",
        "criterion.proposed": "Version of a criterion proposed",
        "criterion.confirmed": "Version of a criterion confirmed",
        "report.answered": "Lab's response to the report recorded",
    },
    "Information requests": {
        "information_request.drafted": "Information request drafted",
        "information_request.edited": "Draft of an information request changed",
        "information_request.joined": "Information request joined",
        "information_request.dropped": "Draft of an information request dropped",
        "information_request.issued": "Information request issued to the lab",
        "information_request.taken_back": "Information request taken back",
        "information_request.answered": "Information request answered by the lab",
        "information_request.read": "Information request opened",
    },
    "Discussion": {
        "thread.opened_own_agency": "Thread opened within the agency",
        "thread.opened_agencies": "Thread opened with all reviewing agencies",
        "thread.opened_with_lab": "Thread opened between the lab and the agencies",
        "post.written_own_agency": "Post written within the agency",
        "post.written_agencies": "Post written to all reviewing agencies",
        "post.written_with_lab": "Post written between the lab and the agencies",
        "post.edited_own_agency": "Post edited within the agency",
        "post.edited_agencies": "Post to all reviewing agencies edited",
        "post.edited_with_lab": "Post between the lab and the agencies edited",
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
    "answer": "answering {}",
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
    "join": "joining {}",
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
    "share": "sharing {} with the lab",
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
    "grant": "access grant",
    "rfi": "information request",
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
    "content_sha256": "SHA-256 of what it says",
    "evidence": "SHA-256 of each document, as it was then",
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
