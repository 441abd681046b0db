"""Lists of access grants: a line for each, with who said what when."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import Organization
from accounts.roles import Kind
from portal import keyset
from portal.templatetags.foreview import instant_html
from reviews import audience, policy
from reviews.forms.access_grants import GrantFilter
from reviews.models.access_grant import CLOSEOUT_DUE, CLOSEOUT_OVERDUE
from reviews.models.grant_states import PLACES
from reviews.policy import Action

PARTIES = (
    *("agency", "partner", "grantee"),
    *("requested_by", "consented_by", "agreed_by", "authorized_by"),
)
CURSOR = {"place": keyset.number, "end": keyset.instant, "key": UUID}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, ready to print; ``model`` is empty for whoever may not see it."""

    place: str
    url: str
    reference: str
    lab: str
    model: str
    grantee: str
    agency: str
    level: str
    starts: SafeString
    ends: SafeString
    state: SafeString
    words: SafeString


def filter_of(request):
    """The filter that the address of the list carries; its choices betray no lab to another."""
    visible = policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
    parties = list(
        Organization.objects.filter(
            Q(pk__in=visible.values("lab"))
            | Q(pk__in=visible.values("agency"))
            | Q(pk__in=visible.values("partner"))
        )
    )
    return GrantFilter(
        request.GET,
        labs=[party for party in parties if party.kind == Kind.LAB],
        agencies=[party for party in parties if party.kind == Kind.AGENCY],
        partners=[party for party in parties if party.kind == Kind.PARTNER],
    )


def closeout(grant, at, side):
    """Whether a side, "agency" or "lab", has attested the closeout; else when it is due."""
    attested_at = getattr(grant, f"{side}_attested_at")
    if attested_at is None:
        return closeout_due(grant, at)
    excepted = getattr(grant, f"{side}_exceptions")
    words = "Attested, with exceptions," if excepted else "Attested"
    return format_html("{} {}", words, instant_html(attested_at))


def closeout_due(grant, at):
    """Until when closeout is to be attested of access that has ended, or since when overdue."""
    due, overdue = (grant.effective_end() + span for span in (CLOSEOUT_DUE, CLOSEOUT_OVERDUE))
    if at >= overdue:
        return format_html("<strong>Overdue</strong> since {}", instant_html(overdue))
    said = "Was due {}<br>overdue from {}" if at >= due else "Due {}<br>overdue from {}"
    return format_html(said, instant_html(due), instant_html(overdue))


def page(request, grants, *, descending):
    """A page of ``grants``, each a Row; what is live comes first."""
    readable = policy.allowed(request.user, Action.VIEW, at=request.at)
    knowing = policy.allowed(request.user, Action.KNOW_PEOPLE, at=request.at)
    grants = (
        grants.listed(request.at, last_first=descending)
        .select_related("submission__model_version__lab", *PARTIES)
        .prefetch_related("suspensions")
        .annotate(
            with_model=Exists(readable.filter(pk=OuterRef("submission"))),
            knows_people=Exists(knowing.filter(pk=OuterRef("pk"))),
        )
    )
    found = keyset.page(request, grants, CURSOR, descending=descending)
    found.rows[:] = [_row(grant, request.at) for grant in found.rows]
    return found


def _row(grant, at):
    state = grant.state_at(at)
    over_at = grant.declined_at or grant.over_at(at)
    version = grant.submission.model_version
    to = None if grant.knows_people else version.lab  # a partner's own people say none of these
    authorized_at = None if grant.agreed_at else grant.authorized_at
    said = [
        ("Asked", grant.requested_by, grant.agency, grant.requested_at),
        ("Consented", grant.consented_by, version.lab, grant.consented_at),
        ("Agreed", grant.agreed_by, None, grant.agreed_at),
        ("Authorized", grant.authorized_by, None, authorized_at),
    ]
    return Row(
        PLACES[state.place],
        grant.get_absolute_url(),
        grant.submission.reference,
        version.lab.short_name,
        str(version) if grant.with_model else "",
        grant.grantee.name,
        grant.holder().short_name,
        grant.get_access_level_display(),
        instant_html(grant.starts_at),
        instant_html(grant.end),
        format_html("{}<br>{}", state.label, instant_html(over_at)) if over_at else state.label,
        format_html_join(
            SafeString("<br>"),
            "{} by {}, {}",
            (
                (word, audience.named(who, of, to=to), instant_html(when))
                for word, who, of, when in said
                if when
            ),
        ),
    )
