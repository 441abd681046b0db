"""Rows by the thousand, copied from ones that the services made, for what must not grow."""

from accounts import audit
from reviews.models import Submission
from tests.factories import now, sha256

BATCH = 500


def copies(row, count, /, **differing):
    """So many rows like ``row``, each with a key or reference of its own.

    ``differing`` gives, by field, what a row's place in the sequence makes of it.
    """
    kind, made = type(row), []
    fields = [field for field in kind._meta.concrete_fields if field.name not in differing]
    named = {field.name: field for field in fields if field.unique and field.has_default()}
    shared = {
        field.attname: getattr(row, field.attname)
        for field in fields
        if field.name not in named and (not field.primary_key or field.remote_field)
    }
    for place in range(count):
        own = {name: make(place) for name, make in differing.items()}
        own |= {name: field.get_default() for name, field in named.items()}
        made.append(kind(**shared | own))
    return kind.objects.bulk_create(made, batch_size=BATCH)


def like(row, parents, field, /, **differing):
    """One copy of ``row`` for each of the parents, which ``field`` names."""
    return copies(row, len(parents), **{field: lambda place: parents[place]}, **differing)


def submissions(like_this, number):
    """So many submissions of models of their own, attached as ``like_this`` is."""
    first = Submission.objects.count()
    versions = copies(
        like_this.model_version,
        number,
        version=lambda place: f"copy {first + place} like {like_this.pk}",
        checkpoint_sha256=lambda place: sha256(f"{like_this.pk} {first + place}"),
    )
    made = copies(
        like_this,
        number,
        model_version=lambda place: versions[place],
    )
    one_each = [like_this.package, *like_this.group_permissions.all()]
    fields = ["submission", *["content_object"] * (len(one_each) - 1)]
    for row, field in zip(one_each, fields, strict=True):
        like(row, made, field)
    for kind in ("assignments", "agency_reviews", "positions", "declarations"):
        for row in getattr(like_this, kind).all():
            like(row, made, "submission")
    return Submission.objects.filter(pk__in=[one.pk for one in made])


def openings(submission, reader, number):
    """Events, not recorded yet, that say that the reader opened the lab's answers."""
    return [
        audit.entry(
            "package.read",
            by=reader,
            at=now(),
            object_type="submission",
            object_reference=submission.reference,
            submission=submission.reference,
            organization="dod",
        )
        for _ in range(number)
    ]
