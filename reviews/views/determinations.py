"""Pages of NSA's determination and of the consultations before it."""

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organization
from accounts.roles import CONSULTED
from reviews import policy
from reviews.exceptions import Conflict
from reviews.forms.determinations import AUTHORITY, ConsultationForm, DeterminationForm
from reviews.policy import Action
from reviews.services import determinations
from reviews.services.reports import determination_in_force
from reviews.views.page import find, find_submission, invalid, refused, submission_page


@require_GET
def determination_detail(request, reference):
    """The person sees the determinations and consultations that are hers to see."""
    submission = find_submission(request, reference)
    readable = list(
        policy.allowed(request.user, Action.READ_DETERMINATION, at=request.at)
        .filter(submission=submission)
        .select_related("author", "signer")
    )
    signed = [row for row in readable if row.signed_at]
    unsigned = next((row for row in readable if not row.signed_at), None)
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
        can_sign=unsigned is not None
        and policy.may(request.user, Action.SIGN_DETERMINATION, unsigned, at=request.at),
        determines=determines,
        consultations=consultations,
        all_asked=determines and len(consultations) >= len(CONSULTED),
        own_waiting=any(not row.recorded_at for row in consultations) and not determines,
    )


def _consultations(request, submission):
    return list(
        policy.allowed(request.user, Action.READ_CONSULTATION, at=request.at)
        .filter(submission=submission)
        .select_related("organization")
    )


@require_http_methods(["GET", "POST"])
def consultation_request(request, reference):
    """ONCD, OSTP and CISA have each been asked for their consultation, once."""
    submission = find_submission(request, reference, Action.DETERMINE)
    if request.method == "POST":
        determinations.request_consultations(submission, by=request.user, at=request.at)
        messages.success(request, "ONCD, OSTP and CISA have been asked for their consultation.")
        return redirect("reviews:determination-detail", reference)
    asked = set(submission.consultations.values_list("organization", flat=True))
    offices = Organization.objects.filter(code__in=CONSULTED)
    return submission_page(
        request,
        "reviews/consultation_request.html",
        submission,
        title="Ask for consultations",
        offices=[office for office in offices if office.pk not in asked],
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
    form = DeterminationForm(
        request.POST if request.method == "POST" else None, initial={"authority": AUTHORITY}
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
    return submission_page(
        request,
        "reviews/determination_write.html",
        submission,
        title="Write the determination",
        status=status,
        form=form,
        asked=submission.consultations.count() >= len(CONSULTED),
        unsigned=submission.determinations.filter(signed_at__isnull=True).exists(),
        in_force=determination_in_force(submission),
    )


@require_http_methods(["GET", "POST"])
def determination_sign(request, key):
    """The determination is in force, by the word of a second person."""
    determination = find(request, Action.SIGN_DETERMINATION, key=key)
    submission = determination.submission
    if request.method == "POST":
        determinations.sign(determination, by=request.user, at=request.at)
        messages.success(request, "You signed the determination. It is in force.")
        return redirect("reviews:determination-detail", submission.reference)
    return submission_page(
        request,
        "reviews/determination_sign.html",
        submission,
        title="Sign the determination",
        determination=determination,
        in_force=determination_in_force(submission),
    )
