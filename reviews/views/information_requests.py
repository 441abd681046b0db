"""Pages of information requests: the list, one request, and each step of asking and answering.

To a lab no page names a person of an agency, and none shows what is only drafted.
"""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviews import policy
from reviews.exceptions import Conflict, Incomplete, NotPermitted, StaleForm
from reviews.forms.information_requests import (
    AnswerForm,
    DraftForm,
    EditForm,
    IssueForm,
    WithdrawForm,
)
from reviews.models import InformationRequest, RequestAnswer
from reviews.policy import Action
from reviews.services import information_requests, reading
from reviews.services.information_requests import MOST_DAYS, USUAL_DAYS
from reviews.views import request_rows
from reviews.views.page import find, find_submission, invalid, refused, submission_page

SECTION = "Information requests"


def _readable(request):
    return policy.allowed(request.user, Action.READ_INFORMATION_REQUEST, at=request.at)


@require_GET
def rfi_list(request, reference):
    """The person sees the requests that she may read, and how far each is."""
    submission = find_submission(request, reference)
    return submission_page(
        request,
        "reviews/rfi_list.html",
        submission,
        title=SECTION,
        over_at=submission.over_at(request.at),
        **request_rows.page_of(request, submission, _readable(request)),
    )


def _find(request, action, key):
    """(the request as a page says it, its submission), when the person may do that to it."""
    found = find(request, action, key=key)
    rows = InformationRequest.objects.filter(pk=found.pk).select_related(
        "submission__model_version__lab", "drafted_by", "issued_by"
    )
    asked = request_rows.whole(rows).get()
    return asked, asked.submission


def _request_page(request, template, asked, *, title, **context):
    submission = asked.submission
    own = policy.organizations(request.user, Action.DELIBERATE, submission)
    return submission_page(
        request,
        template,
        submission,
        section=SECTION,
        title=title,
        asked=asked,
        name=request_rows.name_of(asked),
        agencies=request_rows.asked_by(asked),
        asked_state=request_rows.state_of(asked, request.at),
        deadline=asked.deadline(),
        own_draft=own.contains(asked.agency),
        cancel_url=asked.get_absolute_url(),
        **context,
    )


@require_GET
def rfi_detail(request, key):
    """The person reads a request, and of its answers what is open to her."""
    asked, submission = _find(request, Action.READ_INFORMATION_REQUEST, key)
    reading.note(asked, Action.READ_INFORMATION_REQUEST, by=request.user, at=request.at)
    follow_ups = _readable(request).filter(follows=asked).order_by("drafted_at", "pk")
    return _request_page(
        request,
        "reviews/rfi_detail.html",
        asked,
        title=f"{request_rows.name_of(asked)}: {asked.subject}",
        answers=_answers(request, asked),
        follow_ups=[(request_rows.name_of(row), row) for row in follow_ups],
        over_at=submission.over_at(request.at),
        buttons=_buttons(request, asked, submission),
    )


def _buttons(request, asked, submission):
    """What the reader may do to the request now."""
    at, person = request.at, request.user
    steps = [
        ("answer", Action.ANSWER_INFORMATION_REQUEST, "Answer", "", not asked.taken_back_at),
        ("issue", Action.ISSUE_INFORMATION_REQUEST, "Issue to the lab", "", asked.is_draft),
        ("edit", Action.EDIT_INFORMATION_REQUEST, "Change", "outline", asked.is_draft),
        (
            "withdraw",
            Action.TAKE_BACK_INFORMATION_REQUEST,
            "Drop this draft" if asked.is_draft else "Take back",
            "outline",
            not asked.taken_back_at and not asked.answered_at,
        ),
    ]
    buttons = [
        {
            "label": label,
            "url": reverse(f"reviews:rfi-{verb}", args=[asked.key]),
            "style": style,
        }
        for verb, action, label, style, fits in steps
        if fits and policy.may(person, action, asked, at=at)
    ]
    return buttons + request_rows.joins_of(request, submission, [asked])[asked.pk]


def _answers(request, asked):
    """(answer, its documents that are open to the reader) of the answers that are."""
    readable = policy.allowed(request.user, Action.READ_INFORMATION_ANSWER, at=request.at)
    answers = list(
        readable.filter(request=asked).select_related("answered_by").order_by("answered_at", "pk")
    )
    chosen = RequestAnswer.documents.through.objects.filter(requestanswer__in=answers)
    open_ones = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    documents = open_ones.in_bulk(list(chosen.values_list("document", flat=True)))
    of = {answer.pk: [] for answer in answers}
    for answer, document in chosen.order_by("document").values_list("requestanswer", "document"):
        if document in documents:
            of[answer].append(documents[document])
    return [(answer, of[answer.pk]) for answer in answers]


def _sent(submission, but=None):
    """The requests of the submission that the lab has."""
    rows = submission.information_requests.filter(issued_at__isnull=False).order_by("-number")
    return rows.exclude(pk=but) if but else rows


def _data(request):
    return request.POST if request.method == "POST" else None


@require_http_methods(["GET", "POST"])
def rfi_write(request, reference):
    """A draft that other agencies can join; whoever writes it sees first what is asked already."""
    action = Action.DRAFT_INFORMATION_REQUEST
    submission = find_submission(request, reference, action)
    agencies = {row.code: row for row in policy.organizations(request.user, action, submission)}
    code = request.GET.get("agency", next(iter(agencies)))
    if code not in agencies:
        raise NotPermitted("You do not do this for that agency now. Nothing was saved.")
    form = DraftForm(
        _data(request),
        sent=_sent(submission),
        initial={"follows": request.GET.get("follows", "")},
    )
    status = invalid(form)
    if form.is_valid():
        given = {"agency": agencies[code], "by": request.user, "at": request.at}
        try:
            asked = information_requests.draft(submission, **form.written(), **given)
        except Conflict as error:
            status = refused(form, error)
            form.opened_now()
        else:
            messages.success(request, "Draft saved. Other agencies see it and can join.")
            return redirect(asked)
    return submission_page(
        request,
        "reviews/rfi_write.html",
        submission,
        section=SECTION,
        title="Draft an information request",
        status=status,
        form=form,
        agency=agencies[code],
        agencies=list(agencies.values()),
        action=f"{request.path}?agency={code}",
        cancel_url=reverse("reviews:rfi-list", args=[reference]),
        **request_rows.page_of(request, submission, _readable(request).filter(taken_back_at=None)),
    )


@require_http_methods(["GET", "POST"])
def rfi_edit(request, key):
    """The draft is as typed."""
    asked, submission = _find(request, Action.EDIT_INFORMATION_REQUEST, key)
    form = EditForm(
        _data(request),
        sent=_sent(submission, but=asked.pk),
        initial={
            **{name: getattr(asked, name) for name in ("subject", "question", "revision")},
            "follows": asked.follows.key if asked.follows else "",
        },
    )

    def change():
        information_requests.edit(asked, **form.written(), by=request.user, at=request.at)
        return "The draft is changed."

    return _step(request, asked, "reviews/rfi_edit.html", "Change this draft", form, change)


def _step(request, asked, template, title, form, act, **context):
    """The page of one step: taken, or shown again with what was typed and why it was refused."""
    status, stale = invalid(form), False
    if form.is_valid():
        try:
            done = act()
        except Incomplete as error:
            form.add_error(error.missing[0], str(error))
            status = 422
        except Conflict as error:
            status, stale = refused(form, error), isinstance(error, StaleForm)
            asked, _ = _find(request, Action.READ_INFORMATION_REQUEST, asked.key)
            if stale and hasattr(form, "opened_on"):
                form.opened_on(asked.revision)
            elif stale:
                form.opened_now()
        else:
            messages.success(request, done)
            return redirect(asked)
    context |= {"form": form, "status": status, "stale": stale, "draft": asked.is_draft}
    return _request_page(request, template, asked, title=title, **context)


@require_POST
def rfi_join(request, key):
    """The lead's agency asks too."""
    action = Action.JOIN_INFORMATION_REQUEST
    asked = find(request, action, key=key)
    agencies = {row.code: row for row in policy.organizations(request.user, action, asked)}
    agency = agencies.get(request.GET.get("agency", next(iter(agencies))))
    if agency is None:
        raise NotPermitted("You do not do this for that agency now. Nothing was saved.")
    information_requests.join(asked, agency=agency, by=request.user, at=request.at)
    messages.success(request, f"{agency.short_name} asks this, too.")
    return redirect(asked)


@require_http_methods(["GET", "POST"])
def rfi_issue(request, key):
    """The lab is asked."""
    asked, submission = _find(request, Action.ISSUE_INFORMATION_REQUEST, key)
    points = _points(submission, request.at)
    form = IssueForm(
        _data(request),
        points=points,
        initial={"revision": asked.revision, "days": min(USUAL_DAYS, len(points))},
    )

    def issue():
        issued = information_requests.issue(
            asked, **form.cleaned_data, by=request.user, at=request.at
        )
        return f"The lab is asked, as request {issued.number}."

    return _step(
        request, asked, "reviews/rfi_issue.html", "Issue this information request", form, issue
    )


def _points(submission, at):
    """(business days, when that is, whether the window ends then) up to the first that does."""
    closes_at, points = submission.closes_at, []
    for days in range(1, MOST_DAYS + 1):
        due_at = information_requests.due_at(submission, days, at=at)
        points.append((days, due_at, due_at == closes_at))
        if due_at == closes_at:
            break
    return points


@require_http_methods(["GET", "POST"])
def rfi_withdraw(request, key):
    """Nobody waits for an answer any more."""
    asked, _ = _find(request, Action.TAKE_BACK_INFORMATION_REQUEST, key)
    issued = asked.issued_at is not None
    form = WithdrawForm(_data(request), issued=issued)

    def take_back():
        information_requests.take_back(asked, **form.cleaned_data, by=request.user, at=request.at)
        return "The request is taken back." if issued else "The draft is dropped."

    title = "Take this request back" if issued else "Drop this draft"
    return _step(request, asked, "reviews/rfi_withdraw.html", title, form, take_back)


@require_http_methods(["GET", "POST"])
def rfi_answer(request, key):
    """The lab's answer is on record."""
    asked, submission = _find(request, Action.ANSWER_INFORMATION_REQUEST, key)
    documents = policy.allowed(request.user, Action.VIEW_DOCUMENT, at=request.at)
    form = AnswerForm(_data(request), documents=documents.filter(submission=submission))

    def answer():
        information_requests.answer(asked, **form.cleaned_data, by=request.user, at=request.at)
        return "Your lab's answer is on record."

    return _step(
        request,
        asked,
        "reviews/rfi_answer.html",
        f"Answer {request_rows.name_of(asked).lower()}",
        form,
        answer,
        answers=_answers(request, asked),
    )
