"""What notices of what happened say: a part of reviews/emails.py."""

from reviews.models.notice import NoticeKind, Topic
from reviews.request_words import EVENTS as REQUEST_EVENTS
from reviews.wording import Wording

# {end} is the exact end of the window, or of the access, in the reader's zone; {lapse} is when
# access lapses unless it is recertified.
EVENTS = {
    NoticeKind.FILED_RECEIPT: Wording(
        Topic.LEGAL,
        "Your submission is filed",
        "Your submission is filed and its review window is open. It ends on {end}.",
    ),
    NoticeKind.SUBMISSION_FILED: Wording(
        Topic.LEGAL,
        "A new submission",
        "A new submission is open for review. Its window ends on {end}.",
    ),
    NoticeKind.WINDOW_SHORTENED: Wording(
        Topic.LEGAL,
        "A review window now ends earlier",
        "The lab shortened a review window that you follow. It now ends on {end}.",
    ),
    NoticeKind.WITHDRAWN: Wording(
        Topic.LEGAL,
        "A submission was withdrawn",
        "A submission that you follow was withdrawn. All access to its documents and model "
        "has ended.",
    ),
    NoticeKind.CONCLUDED: Wording(
        Topic.LEGAL,
        "A review concluded",
        "A review that you follow concluded and its report is issued. All access of agencies to "
        "the lab's documents and model has ended.",
    ),
    NoticeKind.FILE_QUARANTINED: Wording(
        Topic.LEGAL,
        "A file is in quarantine",
        "The malware scanner did not pass a file of your submission. Nobody can open that file. "
        "Its page says what was found; add a version that is clean.",
    ),
    NoticeKind.WINDOW_ENDED: Wording(
        Topic.LEGAL,
        "A review window ended",
        "A review window that you follow ended on {end}. All access of agencies to the lab's "
        "documents and model has ended.",
    ),
    NoticeKind.ASSIGNED: Wording(
        Topic.REQUESTS,
        "A review is assigned to you",
        "Your lead assigned a review to you. The window ends on {end}.",
    ),
    NoticeKind.COAUTHOR_ADDED: Wording(
        Topic.REQUESTS,
        "A colleague asks you to write a review together",
        "A reviewer of your agency asks you to write a review together. The window ends on {end}.",
    ),
    NoticeKind.REVIEWER_LEFT: Wording(
        Topic.REQUESTS,
        "A reviewer left a review",
        "A reviewer whom your agency had assigned declined, or has a conflict of interest. See who "
        "else could be assigned: the window ends on {end}.",
    ),
    NoticeKind.REVIEW_FILED: Wording(
        Topic.ACTIVITY,
        "A review was filed",
        "A reviewer of your agency filed a review.",
    ),
    NoticeKind.POSITION_FILED: Wording(
        Topic.ACTIVITY,
        "An agency filed its position",
        "An agency filed its position on a submission that you follow.",
    ),
    NoticeKind.LETTER_ISSUED: Wording(
        Topic.LEGAL,
        "A preliminary-issues letter was issued",
        "The preliminary-issues letter on a submission that you follow was issued. The review "
        "goes on until {end}.",
    ),
    NoticeKind.CONSULTATION_REQUESTED: Wording(
        Topic.REQUESTS,
        "Your consultation is asked for",
        "NSA asks for your office's consultation on a submission. The window ends on {end}.",
    ),
    NoticeKind.SIGNATURE_NEEDED: Wording(
        Topic.REQUESTS,
        "A determination waits for a second signer",
        "A determination waits for a second signer. The window ends on {end}.",
    ),
    NoticeKind.DETERMINATION_ISSUED: Wording(
        Topic.LEGAL,
        "A determination was issued",
        "A determination was issued on a submission that you follow.",
    ),
    NoticeKind.DETERMINATION_SHARED: Wording(
        Topic.LEGAL,
        "A determination was shared with your lab",
        "A determination on a submission of your lab was shared with your lab. If an earlier one "
        "was, this one takes its place.",
    ),
    NoticeKind.THREAD_OPENED: Wording(
        Topic.ACTIVITY,
        "A discussion was opened",
        "A discussion that you can read was opened on a submission that you follow.",
    ),
    NoticeKind.POSTED: Wording(
        Topic.ACTIVITY,
        "A post in a discussion",
        "A post was added to a discussion that you can read.",
    ),
    NoticeKind.MENTIONED: Wording(
        Topic.REQUESTS,
        "A colleague asks you to read a post",
        "A colleague asks you to read a post in a discussion.",
    ),
    NoticeKind.GRANT_REQUESTED: Wording(
        Topic.REQUESTS,
        "A request for access waits for your lab",
        "An agency asks for access to a model of your lab, until {end}. Consent or decline.",
    ),
    NoticeKind.GRANT_DECLINED: Wording(
        Topic.LEGAL,
        "A request for access was declined",
        "The lab declined a request for access that you made.",
    ),
    NoticeKind.GRANT_CONSENTED: Wording(
        Topic.REQUESTS,
        "A request for access waits for an administrator",
        "A lab consented to a request for access until {end}. It waits for an administrator.",
    ),
    NoticeKind.GRANT_NARROWED: Wording(
        Topic.LEGAL,
        "A lab consented to less than was asked for",
        "The lab consented to a request for access that you are a party to, with less than was "
        "asked for. Once it is authorized, access ends on {end}.",
    ),
    NoticeKind.GRANT_AUTHORIZED: Wording(
        Topic.LEGAL,
        "Access was authorized",
        "A request for access that you are a party to was authorized. Access ends on {end}.",
    ),
    NoticeKind.PARTNER_PROPOSED: Wording(
        Topic.REQUESTS,
        "A trusted partner is proposed",
        "An agency proposes that a trusted partner be given access to a model until {end}. The "
        "government's agreement waits for an administrator.",
    ),
    NoticeKind.TERMS_TO_ACCEPT: Wording(
        Topic.REQUESTS,
        "Terms wait for your acceptance",
        "Both sides have agreed that your organization may use a model until {end}. Read the "
        "terms and accept them before access begins.",
    ),
    NoticeKind.TERMS_ACCEPTED: Wording(
        Topic.LEGAL,
        "A trusted partner accepted the terms",
        "A trusted partner accepted the terms of access that you are a party to. Access ends on "
        "{end}.",
    ),
    NoticeKind.TERMS_SUPERSEDED: Wording(
        Topic.LEGAL,
        "New terms wait for your acceptance",
        "The terms that your organization accepted are superseded. Access to a model lapses on "
        "{accept_by} unless the new ones are accepted before.",
    ),
    NoticeKind.EXTENSION_REQUESTED: Wording(
        Topic.REQUESTS,
        "A later end of access is asked for",
        "An agency asks that its access to a model of your lab last longer. It now ends on {end}. "
        "Consent or decline.",
    ),
    NoticeKind.EXTENSION_CONSENTED: Wording(
        Topic.REQUESTS,
        "A later end of access waits for an administrator",
        "A lab consented to a later end of access that now ends on {end}. It waits for an "
        "administrator.",
    ),
    NoticeKind.EXTENSION_DECLINED: Wording(
        Topic.LEGAL,
        "A later end of access was declined",
        "The lab declined a later end of access that you are a party to. It ends on {end}.",
    ),
    NoticeKind.GRANT_EXTENDED: Wording(
        Topic.LEGAL,
        "Access lasts longer",
        "Access that you are a party to was extended. It now ends on {end}.",
    ),
    NoticeKind.GRANT_SUSPENDED: Wording(
        Topic.LEGAL,
        "Access is suspended",
        "Access that you are a party to is suspended until whoever suspended it resumes it. Its "
        "end does not move: {end}.",
    ),
    NoticeKind.GRANT_RESUMED: Wording(
        Topic.LEGAL,
        "A suspension of access was lifted",
        "A suspension of access that you are a party to was lifted. Access ends on {end}.",
    ),
    NoticeKind.GRANT_REVOKED: Wording(
        Topic.LEGAL,
        "Access, or a request for it, has ended",
        "Access that you are a party to, or a request for it, was revoked or taken back.",
    ),
    NoticeKind.GATEWAY_UNREACHED: Wording(
        Topic.LEGAL,
        "A lab's gateway does not take what it is told",
        "A lab's gateway has not taken what it was told of access. Until it does, it may let in "
        "whose access has ended, or keep out whose access lives.",
    ),
    NoticeKind.GATEWAY_DIFFERS: Wording(
        Topic.LEGAL,
        "A lab's gateway and Foreview differ about access",
        "What a lab says that its gateway enforces is not what Foreview has on record about "
        "access.",
    ),
    **REQUEST_EVENTS,
}
