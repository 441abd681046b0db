"""Pages of NSA's determination and of the consultations before it."""

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organization
from accounts.roles import CONSULTED
from reviews import policy
from reviews.exceptions import Conflict
from reviews.forms.determinations import (
    AUTHORITY,
    ConsultationForm,
    DeterminationForm,
    DeterminationResponseForm,
    ShareForm,
)
from reviews.policy import Action
from reviews.services import determinations
from reviews.services.reports import determination_for_lab, determination_in_force
from reviews.views.page import find, find_submission, invalid, refused, submission_page

SECTION = "Determination"


@require_GET
def determination_detail(request, reference):
    """The person sees the determinations and consultations that are hers to see."""
    submission = find_submission(request, reference)
    readable = list(
        policy.allowed(request.user, Action.READ_DETERMINATION, at=request.at)
        .filter(submission=submission)
        .select_related("author", "signer", "response")
        .prefetch_related("criteria__criterion")
    )
    signed = [row for row in readable if row.signed_at]
    unsigned = next((row for row in readable if not row.signed_at and not row.set_aside_at), None)
    # An earlier one is named to whoever may read it: a lab does not learn of one not shared.
    known = {row.pk: row for row in readable}
    for place, row in enumerate(reversed(readable), 1):
        row.earlier = known.get(row.supersedes_id)
        # A lab counts what it was told of: a gap would tell it of the rest.
        row.shown_number = place if Action.OWN in submission.may else row.number
    obstacle = determinations.obstacle(unsigned) if unsigned else ""
    consultations = _consultations(request, submission)
    determines = policy.organizations(request.user, Action.DETERMINE, submission).exists()
    return submission_page(
        request,
        "reviews/determination_detail.html",
        submission,
        title="Determination",
        in_force=signed[0] if signed else None,
        superseded=signed[1:],
        unsigned=unsigned,
        obstacle=obstacle,
        set_aside=[row for row in readable if row.set_aside_at],
        can_share=bool(signed)
        and not signed[0].shared_at
        and policy.may(request.user, Action.SHARE_DETERMINATION, signed[0], at=request.at),
        can_sign=unsigned is not None
        and not obstacle
        and policy.may(request.user, Action.SIGN_DETERMINATION, unsigned, at=request.at),
        determines=determines,
        consultations=consultations,
        all_asked=determines and len(consultations) >= len(CONSULTED),
        own_waiting=any(not row.recorded_at for row in consultations) and not determines,
    )


def _consultations(request, submission):
    """Those that the person may read, each with whether its office has anybody to record it."""
    rows = list(
        policy.allowed(request.user, Action.READ_CONSULTATION, at=request.at)
        .filter(submission=submission)
        .select_related("organization")
    )
    reached = determinations.reached(submission) if rows else ()
    for row in rows:
        row.reached = row.organization_id in reached
    return rows


@require_http_methods(["GET", "POST"])
def consultation_request(request, reference):
    """ONCD, OSTP and CISA have each been asked for their consultation, once."""
    submission = find_submission(request, reference, Action.DETERMINE)
    if request.method == "POST":
        determinations.request_consultations(submission, by=request.user, at=request.at)
        messages.success(request, "The consultations are asked for.")
        return redirect("reviews:determination-detail", reference)
    asked = set(submission.consultations.values_list("organization", flat=True))
    offices = Organization.objects.filter(code__in=CONSULTED)
    return submission_page(
        request,
        "reviews/consultation_request.html",
        submission,
        title="Ask for consultations",
        offices=[office for office in offices if office.pk not in asked],
        reached=determinations.reached(submission),
    )


@require_http_methods(["GET", "POST"])
def consultation_record(request, reference):
    """The consulted office's statement is on record."""
    submission = find_submission(request, reference, Action.CONSULT)
    form = ConsultationForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        try:
            determinations.record_consultation(
                submission, **form.cleaned_data, by=request.user, at=request.at
            )
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "Your office's statement is on record.")
            return redirect("reviews:determination-detail", reference)
    consultations = _consultations(request, submission)
    return submission_page(
        request,
        "reviews/consultation_record.html",
        submission,
        title="Record a consultation",
        status=status,
        form=form,
        consultation=next(iter(consultations), None),
    )


@require_http_methods(["GET", "POST"])
def determination_write(request, reference):
    """A determination waits for its second signer."""
    submission = find_submission(request, reference, Action.DETERMINE)
    in_force = determination_in_force(submission)
    unsigned = submission.determinations.unsigned().first()
    own = unsigned if unsigned and unsigned.author_id == request.user.pk else None
    form = DeterminationForm(
        request.POST if request.method == "POST" else None,
        initial=_as_written(own) if own else {"authority": AUTHORITY},
        supersedes=in_force,
    )
    status = invalid(form)
    if form.is_valid():
        try:
            determinations.write(submission, **form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(
                request, "The determination is written. It is in force once a second person signs."
            )
            return redirect("reviews:determination-detail", reference)
    obstacle = determinations.obstacle(unsigned) if unsigned else ""
    return submission_page(
        request,
        "reviews/determination_write.html",
        submission,
        title="Write the determination",
        status=status,
        form=form,
        asked=submission.consultations.count() >= len(CONSULTED),
        own=own,
        unsigned=unsigned is not None and own is None and not obstacle,
        obstacle=obstacle,
        in_force=in_force,
    )


def _as_written(determination):
    """What the determination says, for its author to write it anew."""
    names = ("outcome", "rationale", "authority", "external_reference", "supersedes_reason")
    said = {name: getattr(determination, name) for name in names}
    criteria = determination.criteria.values_list("pk", flat=True)
    return said | {"criteria": list(criteria), "replaces": determination.key}


@require_http_methods(["GET", "POST"])
def determination_sign(request, key):
    """The determination is in force, by the word of a second person."""
    determination = find(request, Action.SIGN_DETERMINATION, key=key)
    submission = determination.submission
    if request.method == "POST":
        determinations.sign(determination, by=request.user, at=request.at)
        messages.success(request, "You signed the determination. It is in force.")
        return redirect("reviews:determination-detail", submission.reference)
    determination.earlier = determination.supersedes
    return submission_page(
        request,
        "reviews/determination_sign.html",
        submission,
        title="Sign the determination",
        determination=determination,
        obstacle="" if determination.signed_at else determinations.obstacle(determination),
        in_force=determination_in_force(submission),
        told=determination_for_lab(submission),
        determines=True,
        consultations=_consultations(request, submission),
    )


@require_http_methods(["GET", "POST"])
def determination_share(request, key):
    """The lab reads the determination, and is told."""
    determination = find(request, Action.SHARE_DETERMINATION, key=key)
    submission = determination.submission
    form = ShareForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            determinations.share(determination, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "The determination is shared with the lab.")
            return redirect("reviews:determination-detail", submission.reference)
    return submission_page(
        request,
        "reviews/determination_share.html",
        submission,
        title="Share the determination with the lab",
        section=SECTION,
        status=status,
        form=form,
        determination=determination,
    )


@require_http_methods(["GET", "POST"])
def determination_respond(request, key):
    """The lab's response stands beside the determination."""
    determination = find(request, Action.RESPOND_TO_DETERMINATION, key=key)
    submission = determination.submission
    form = DeterminationResponseForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        try:
            determinations.respond(
                determination, **form.cleaned_data, by=request.user, at=request.at
            )
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "Your lab's response is on record with the determination.")
            return redirect("reviews:determination-detail", submission.reference)
    return submission_page(
        request,
        "reviews/determination_respond.html",
        submission,
        title="Respond to the determination",
        section=SECTION,
        status=status,
        form=form,
        determination=determination,
        response=getattr(determination, "response", None),
    )
