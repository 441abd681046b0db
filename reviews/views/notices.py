"""A person's inbox, how notices reach her by mail, and the mail that did not arrive."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.models import User
from portal import keyset
from portal.context import Link
from portal.templatetags.foreview import instant_html
from portal.timeline import hour_text, zone_label
from reviews import emails, policy
from reviews.exceptions import NotVisible
from reviews.forms.notices import AgainForm, DeliveryForm, NoticeFilter, ReadForm
from reviews.models import Notice
from reviews.models.notice import Delivery, Topic
from reviews.policy import Action
from reviews.services import inbox, notices
from reviews.views.page import find, invalid, require_a_way

CURSOR = {"queued_at": keyset.instant, "reference": UUID}


@dataclass(frozen=True, slots=True)
class Row:
    """One notice, ready to print; ``model`` is empty for whoever may not see it."""

    reference: UUID
    said: emails.Line
    submission: str
    model: str
    when: SafeString
    unread: bool


@require_GET
def notice_list(request):
    """What the person was told, newest first, 50 at a time; reading it changes nothing."""
    form = NoticeFilter(request.GET)
    readable = policy.allowed(request.user, Action.VIEW, at=request.at)
    shown = (
        form.rows(inbox.rows(request.user, at=request.at))
        .select_related(
            "submission__model_version__lab", "grant", "information_request", "on_behalf_of"
        )
        .annotate(with_model=Exists(readable.filter(pk=OuterRef("submission"))))
    )
    page = keyset.page(request, shown, CURSOR, descending=True)
    newest = page.rows[0] if page.rows else None
    return render(
        request,
        "reviews/notice_list.html",
        {
            "form": form,
            "rows": [_row(notice, request.user) for notice in page.rows],
            "any_unread": any(notice.read_at is None for notice in page.rows),
            "through": newest and f"{newest.queued_at.isoformat()}~{newest.reference}",
            "previous_url": page.previous_url,
            "next_url": page.next_url,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Notices", "")],
        },
        status=200 if form.is_valid() else 400,
    )


def _row(notice, reader):
    submission = notice.submission
    notice.recipient = reader
    if notice.grant is not None:
        notice.grant.submission = submission
    if notice.information_request is not None:
        notice.information_request.submission = submission
    return Row(
        notice.reference,
        emails.line(notice, notices.wording(notice.kind), notice.with_model),
        submission.reference,
        f"{submission.lab.short_name} {submission.model_version}" if notice.with_model else "",
        instant_html(notice.queued_at),
        notice.read_at is None,
    )


@require_GET
def notice_detail(request, reference):
    """One notice is opened: it counts as read, and the page that it is about is shown."""
    notice = find(request, Action.READ_NOTICE, reference=reference)
    inbox.mark_read(Notice.objects.filter(pk=notice.pk), at=request.at)
    sees = policy.allowed(request.user, Action.VIEW, at=request.at)
    return redirect(emails.address_of(notice, sees.contains(notice.submission)))


@require_POST
def notice_read(request):
    """One notice is read, or every one that matches the filter up to the newest shown."""
    form = ReadForm(request.POST)
    if not form.is_valid():
        raise BadRequest("The form named no notice.")
    meant = form.rows(NoticeFilter(request.GET).rows(inbox.rows(request.user, at=request.at)))
    asked = request.GET.copy()
    if form.cleaned_data["reference"]:
        # Whatever the filter, and read already or not: a second click is no error.
        meant = form.rows(inbox.rows(request.user, at=request.at))
        if not meant.exists():
            raise NotVisible
    else:
        for cursor in keyset.CURSORS:
            asked.pop(cursor, None)
    count = inbox.mark_read(meant, at=request.at)
    messages.success(request, f"{_number(count)} marked as read.")
    back = reverse("reviews:notice-list")
    return redirect(f"{back}?{asked.urlencode()}" if asked else back)


def _number(count):
    return f"{count or 'No'} notice{'' if count == 1 else 's'}"


@require_http_methods(["GET", "POST"])
def delivery_choose(request):
    """Each topic is delivered as the person chose; what has legal meaning is always mailed."""
    form = DeliveryForm(request.POST if request.method == "POST" else None, person=request.user)
    if form.is_valid():
        notices.decide(request.user, form.wanted(), by=request.user, at=request.at)
        messages.success(request, "How notices reach you is saved.")
        return redirect("reviews:delivery-choose")
    return render(
        request,
        "reviews/delivery_choose.html",
        {
            "form": form,
            "legal": Topic.LEGAL.label,
            "digest_hour": hour_text(notices.DIGEST_HOUR),
            "digest_zone": zone_label(ZoneInfo(request.user.zone)),
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link("Notices", reverse("reviews:notice-list")),
                Link("Settings", ""),
            ],
        },
        status=invalid(form),
    )


@csrf_exempt  # RFC 8058: a mail program sends it, which has no token; the address is the secret
@login_not_required
@require_http_methods(["GET", "POST"])
def topic_mute(request, token):
    """By POST, the mails of the token's topic to the token's person have stopped.

    Its page says the topic and nothing about anybody. Any other token leads nowhere.
    """
    email, topic = emails.muting(token) or ("", Topic.LEGAL)
    person = User.objects.filter(email=email, is_active=True).first()
    if person is None or Delivery.MUTED not in topic.deliveries:
        raise Http404
    if request.method == "POST":
        by = person if request.user == person else audit.nobody(request.META)
        notices.decide(person, {topic: Delivery.MUTED}, by=by, at=request.at)
    return render(
        request,
        "reviews/topic_mute.html",
        {"topic": topic.label, "muted": request.method == "POST"},
    )


@require_GET
def delivery_list(request):
    """Mail that a server refused for good or that came back, for administrators."""
    page = keyset.page(
        request,
        _undelivered(request).select_related("recipient", "submission"),
        CURSOR,
        descending=True,
    )
    return render(
        request,
        "reviews/delivery_list.html",
        {
            "rows": [(notice, notices.wording(notice.kind).subject) for notice in page.rows],
            "previous_url": page.previous_url,
            "next_url": page.next_url,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Undelivered mail", "")],
        },
    )


@require_POST
def delivery_requeue(request):
    """One undelivered notice, or all that the page showed, waits to be sent again."""
    undelivered = _undelivered(request)
    form = AgainForm(request.POST)
    if not form.is_valid():
        raise BadRequest("The form named no notice.")
    count = notices.send_again(form.rows(undelivered), by=request.user, at=request.at)
    messages.success(
        request,
        f"{_number(count)} will be sent again."
        if count
        else "Nothing is left to send again: somebody did it before you.",
    )
    return redirect("reviews:delivery-list")


def _undelivered(request):
    """The undelivered notices; raises NotVisible for whoever has no business with any."""
    require_a_way(request, Action.REQUEUE_NOTICE)
    return policy.allowed(request.user, Action.REQUEUE_NOTICE, at=request.at)
