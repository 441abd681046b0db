"""The audit log's vocabulary: what each code says in plain words."""

GROUPS = {
    "Accounts": {
        "account.signed_in": "Signed in",
        "account.sign_in_refused": "Sign-in failed",
        "account.signed_out": "Signed out",
        "account.zone_changed": "Time zone changed",
    },
    "Organizations and seats": {
        "organization.founded": "Organization set up",
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
        "review.saved": "Review draft saved",
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
        "grant.revoked": "Access revoked",
        "grant.used": "Model access details opened",
        "grant.agency_attested": "Closeout attested by the agency",
        "grant.lab_attested": "Closeout attested by the lab",
    },
    "The portal itself": {
        "portal.backup_accepted": "An older database accepted; events are missing",
    },
    "Refusals": {
        "refused.signed_out": "Refused: a form sent without signing in",
        "refused.health-detail": "Refused: opening the health page",
        "refused.audit-list": "Refused: opening the audit log",
        "refused.version-download": "Refused: downloading a document version",
        "refused.csrf": "Refused: a form from an outdated page or another site",
    },
}
WORDS = {code: words for group in GROUPS.values() for code, words in group.items()}
# A refused step is recorded under its page's URL name, a noun and one of these verbs.
REFUSED = "refused."
STEPS = {
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
    "file": "filing {}",
    "give": "giving {}",
    "grants": "opening the access grants of {}",
    "history": "opening the history of {}",
    "issue": "issuing {}",
    "list": "opening the list of {noun}s",
    "record": "recording {}",
    "recuse": "declaring a recusal from {}",
    "request": "asking for {}",
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
NOUNS = {"grant": "access grant", "version": "document version"}
DETAILS = {
    "closes_at": "Window ends",
    "ends_at": "Access ends",
    "fields": "Answers",
    "method": "Request",
    "sha256": "SHA-256",
    "size": "Size in bytes",
    "tried": "Fingerprint of the address tried",
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
