"""The demonstration's own pages: sign in as any invented person, and read the mail.

The one file of this mode. The URLs exist only where settings say demonstration, which refuse
every database but the embedded one and every host but loopback; each view asks again. Nothing
else in authorization knows of it.
"""

import ipaddress
import mailbox
import re
from datetime import UTC
from email import message_from_binary_file
from email.policy import default as email_policy
from email.utils import parsedate_to_datetime
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.views.sign_in import arrive, enter
from reviews.demonstration.people import BY_CODE, PEOPLE

NEWEST = 100


def only_here(view):
    """``view`` exists only in the demonstration, and only for this machine."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not (settings.DEMONSTRATION and _loopback(request)):
            raise Http404
        return view(request, *args, **kwargs)

    return login_not_required(guarded)


@only_here
@require_POST
def sign_in(request):
    """Signed in as the invented person whose code was chosen."""
    person = BY_CODE.get(request.POST.get("person", ""))
    user = person and User.objects.filter(email=person.email, is_active=True).first()
    if not user:
        raise Http404
    enter(request, user)
    return arrive(request)


@only_here
@require_GET
def mail_list(request):
    """The newest messages that the demonstration's mail sink took."""
    box = _mailbox()
    keys = sorted(box.iterkeys(), key=_taken, reverse=True) if box is not None else []
    return render(
        request,
        "demo/mail_list.html",
        {
            "mails": [_mail(box, key) for key in keys[:NEWEST]],
            "newest": NEWEST,
            "more": len(keys) > NEWEST,
        },
    )


@only_here
@require_GET
def mail_detail(request, key):
    """One message as text."""
    box = _mailbox()
    # Only a key that the box itself lists: the address never becomes a path.
    if box is None or key not in set(box.iterkeys()):
        raise Http404
    return render(request, "demo/mail_detail.html", {"mail": _mail(box, key, with_text=True)})


def sign_in_context():
    """What the sign-in page shows in the demonstration."""
    return {"demo_people": PEOPLE}


PROXIED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")


def _loopback(request):
    if any(name in request.META for name in PROXIED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _mailbox():
    folder = settings.VAR_DIR / "mail"
    return mailbox.Maildir(folder, factory=None, create=False) if folder.is_dir() else None


def _taken(key):
    # When a Maildir file was delivered is in its name, in numbers of unequal length.
    found = re.match(r"(\d+)\.M(\d+)P\d+Q(\d+)", key)
    return [int(part) for part in found.groups()] if found else [0]


def _mail(box, key, *, with_text=False):
    with box.get_file(key) as file:
        message = message_from_binary_file(file, policy=email_policy)
    body = message.get_body(("plain",)) if with_text else None
    try:
        sent_at = parsedate_to_datetime(message["Date"])
    except (TypeError, ValueError):
        sent_at = None
    return {
        "key": key,
        "sender": message["From"],
        "recipient": message["To"],
        "subject": message["Subject"] or "No subject",
        # "-0000" is UTC without saying where it was written, and Python leaves the zone out.
        "sent_at": sent_at and sent_at.replace(tzinfo=sent_at.tzinfo or UTC),
        "text": body.get_content() if body else "",
    }


app_name = "demo"
urlpatterns = [
    path("sign-in/", sign_in, name="sign-in"),
    path("mail/", mail_list, name="mail-list"),
    path("mail/<str:key>/", mail_detail, name="mail-detail"),
]
