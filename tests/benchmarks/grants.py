"""Access grants in bulk: a million, of which ten thousand are live, as years would leave them.

Every check constraint holds; the same numbers give the same rows, but for the present instant.
"""

from datetime import datetime

from django.db import connection, transaction

from accounts.models import Organization, OrganizationSector, User
from accounts.roles import Kind
from accounts.sectors import Sector
from reviews.models import PartnerTerms
from tests.benchmarks.people import Cast

PEOPLE = 3000
"""Those who are given access; four grants at once each, about, as the limit would have it."""
PARTNERS = 20
"""Whose contacts have three of a hundred grants; each is of two sectors."""
GRANTS = """
WITH kinds AS (
    SELECT n, n %% 100 AS mix,
           CASE WHEN n <= %(live)s THEN 'live'
                WHEN n <= %(live)s * 1.03 THEN 'suspended'
                WHEN n <= %(live)s * 1.08 THEN 'scheduled'
                WHEN n <= %(live)s * 1.13 THEN 'requested'
                WHEN n <= %(live)s * 1.18 THEN 'consented'
                WHEN n %% 100 < 5 THEN 'declined'
                WHEN n %% 100 < 10 THEN 'ran_out'
                WHEN n %% 100 < 15 THEN 'revoked'
                WHEN n %% 1000 = 15 THEN 'ended'
                ELSE 'closed_out' END AS state
    FROM generate_series(1, %(grants)s) AS n
), opened AS (
    SELECT s.*, v.lab_id, row_number() OVER (ORDER BY s.id) - 1 AS place
    FROM reviews_submission AS s JOIN reviews_modelversion AS v ON v.id = s.model_version_id
    WHERE s.status = 'under_review'
), ended AS (
    SELECT s.*, v.lab_id, row_number() OVER (ORDER BY s.id) - 1 AS place
    FROM reviews_submission AS s JOIN reviews_modelversion AS v ON v.id = s.model_version_id
    WHERE s.status IN ('concluded', 'expired', 'withdrawn') AND s.opens_at IS NOT NULL
), placed AS (
    SELECT k.*, coalesce(o.id, e.id) AS submission,
           coalesce(o.created_by_id, e.created_by_id) AS liaison,
           coalesce(o.lab_id, e.lab_id) AS lab,
           coalesce(o.opens_at, e.opens_at) AS opens_at,
           coalesce(o.closes_at, e.closes_at) AS closes_at
    FROM kinds AS k
    LEFT JOIN opened AS o ON n <= %(live)s * 1.18
        AND o.place = n %% (SELECT count(*) FROM opened)
    LEFT JOIN ended AS e ON n > %(live)s * 1.18
        AND e.place = n * 7919::bigint %% (SELECT count(*) FROM ended)
)
INSERT INTO reviews_accessgrant (
    key, submission_id, lab_id, agency_id, grantee_id, purpose, access_level, safeguards,
    environment, team, asked_access_level, asked_safeguards, starts_at, ends_at, requested_at,
    requested_by_id, consented_at, consented_by_id, authorized_at, authorized_by_id, declined_at,
    declined_by_id, decline_reason, revoked_at, revoked_by_id, revoked_because,
    revocation_reason, lapses_because, agency_attested_at, agency_attested_by_id,
    agency_exceptions, lab_attested_at, lab_attested_by_id, lab_exceptions, partner_id,
    agreed_at, agreed_by_id, terms_id)
SELECT gen_random_uuid(), submission, lab, (%(agencies)s::bigint[])[1 + n %% %(many)s],
       (%(grantees)s::bigint[])[1 + n %% %(people)s], 'Evaluation', 'al2', 'in_place',
       'Evaluation network', '', '', '',
       CASE state WHEN 'scheduled' THEN %(at)s + (closes_at - %(at)s) / 2 ELSE opens_at END,
       CASE WHEN state IN ('live', 'suspended') AND mix < 30 THEN %(at)s
            + (closes_at - %(at)s) * (mix + 1) / 100.0 ELSE closes_at END,
       opens_at, %(lead)s,
       CASE WHEN consented THEN opens_at END, CASE WHEN consented THEN liaison END,
       CASE WHEN authorized THEN opens_at END,
       CASE WHEN accepted THEN %(contact)s WHEN authorized THEN %(administrator)s END,
       CASE WHEN state = 'declined' THEN opens_at END,
       CASE WHEN state = 'declined' THEN liaison END, '',
       CASE WHEN state = 'revoked' THEN opens_at + interval '2 days' END,
       CASE WHEN state = 'revoked' THEN %(administrator)s END,
       CASE WHEN state = 'revoked' THEN 'by_administration' ELSE '' END, '', '',
       CASE WHEN attested THEN closes_at END, CASE WHEN attested THEN %(lead)s END, '',
       CASE WHEN attested THEN closes_at END, CASE WHEN attested THEN liaison END, '',
       CASE WHEN accepted THEN (%(partners)s::bigint[])[1 + n %% %(partner_count)s] END,
       CASE WHEN accepted THEN opens_at END, CASE WHEN accepted THEN %(administrator)s END,
       CASE WHEN accepted THEN %(terms)s END
FROM placed,
LATERAL (SELECT state NOT IN ('requested', 'declined', 'ran_out') AS consented,
         state NOT IN ('requested', 'declined', 'ran_out', 'consented') AS authorized,
         state IN ('closed_out', 'revoked') AS attested,
         state IN ('live', 'suspended', 'closed_out') AND mix >= 97 AS accepted) AS facts
"""

SUSPENSIONS = """
INSERT INTO reviews_grantsuspension (grant_id, side, reason, suspended_at, suspended_by_id)
SELECT g.id, 'administration', '', %(at)s, %(administrator)s
FROM reviews_accessgrant AS g JOIN reviews_submission AS s ON s.id = g.submission_id
WHERE s.status = 'under_review' AND g.authorized_at IS NOT NULL AND g.starts_at <= %(at)s
ORDER BY g.id OFFSET %(live)s LIMIT 1000000
"""


def grow(people: Cast, *, grants: int, live: int, at: datetime) -> None:
    """``grants`` grants exist, ``live`` of them live at ``at``, on the submissions there are.

    Needs a database superuser, as ``data.grow`` does.
    """
    agencies = Organization.objects.filter(kind="agency").exclude(code="narrow").order_by("pk")
    values = {
        "at": at,
        "grants": grants,
        "live": live,
        "people": PEOPLE,
        "agencies": list(agencies.values_list("pk", flat=True)),
        "lead": people["lead"].pk,
        "administrator": people["administrator"].pk,
    }
    values["many"] = len(values["agencies"])
    values |= _partners(at)
    named = [User(email=f"{n}@bench.example", name=f"Grantee {n}") for n in range(PEOPLE)]
    User.objects.bulk_create(named, ignore_conflicts=True)
    grantees = User.objects.filter(email__in=[one.email for one in named]).order_by("pk")
    values["grantees"] = list(grantees.values_list("pk", flat=True))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM reviews_accessgrant")
        cursor.execute(GRANTS, values)
        cursor.execute(SUSPENSIONS, values)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _partners(at):
    """What the rows name of the partners: they, a contact who accepts, the terms."""
    texts = {"text": "Terms", "sha256": PartnerTerms.digest("Terms")}
    terms, _ = PartnerTerms.objects.get_or_create(
        version=1, defaults={**texts, "accept_by": at, "published_at": at}
    )
    found = []
    for n in range(PARTNERS):
        code = f"partner-{n}"
        facts = {"name": code, "short_name": code, "kind": Kind.PARTNER}
        partner, _ = Organization.objects.get_or_create(code=code, defaults=facts)
        found.append(partner.pk)
        for sector in (1 + n % len(Sector), 1 + (n + 1) % len(Sector)):
            OrganizationSector.objects.get_or_create(organization=partner, sector=sector)
    contact, _ = User.objects.get_or_create(email="contact@bench.example", name="Contact")
    return {"partners": found, "partner_count": PARTNERS, "contact": contact.pk, "terms": terms.pk}
