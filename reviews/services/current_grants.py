"""The signed list of a lab's live grants: by the clock, when it is asked for, and soon old.

It mends whatever a gateway missed: who is not on a list that has not expired is kept out.
"""

from datetime import datetime, timedelta

from django.conf import settings

from reviews.models import AccessGrant, Gateway
from reviews.services import gateway_signals, signing

# How long a gateway may go by one list.
LASTS = timedelta(minutes=5)


def document(gateway: Gateway, *, at: datetime) -> str:
    """Every grant of the gateway's lab that is live at ``at``, as a JSON Web Signature."""
    grants = AccessGrant.objects.live(at).filter(**{gateway_signals.LAB: gateway.lab_id})
    return signing.document(
        {
            "iss": settings.SITE_URL,
            "aud": str(gateway.key),
            "iat": int(at.timestamp()),
            "exp": int((at + LASTS).timestamp()),
            "grants": [
                gateway_signals.facts(grant, at)
                for grant in gateway_signals.related(grants).order_by("key")
            ],
        }
    )
