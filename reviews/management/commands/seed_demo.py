"""The demonstration's data: a past of eleven weeks, walked through the real services.

Everything happens inside the clock's rehearsal of its instant and in one transaction: all of
it is there, or none. The same code gives the same references, titles and files every time.
"""

import random
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import audit
from accounts.models import User
from reviews import clock
from reviews.demonstration.acts import World
from reviews.demonstration.people import PEOPLE
from reviews.demonstration.script import timeline
from reviews.demonstration.stories import STORIES
from reviews.models import Notice, Submission
from reviews.models import submission as submissions

SEED = "Executive Order 14409"
NO_MAIL = "reviews.demonstration.no_mail.EmailBackend"


class Command(BaseCommand):
    help = "Fill an empty database with the demonstration's people and submissions, once."

    def handle(self, *args, **options):
        if not settings.DEMONSTRATION:
            raise CommandError(
                "seed_demo invents people and submissions, so it runs only in the demonstration. "
                "Set DEMONSTRATION=1, or leave it."
            )
        if self._seeded():
            self.stdout.write("The demonstration data is there already; nothing was changed.")
            return
        base = clock.system().replace(minute=0, second=0, microsecond=0)
        moments = timeline(STORIES, base)
        if audit.high_water()[0] > moments[0].at:
            raise CommandError(
                "This database has been used already, and the demonstration begins weeks ago. "
                "Start from an empty one: stop the portal and remove its database file."
            )
        walk(moments)
        waiting = Notice.objects.filter(sent_at__isnull=True, skipped_at__isnull=True).count()
        self.stdout.write(
            f"Seeded {len(PEOPLE)} people and {Submission.objects.count()} submissions by "
            f"{len(moments)} events; {waiting} notices wait for the worker."
        )

    def _seeded(self):
        return User.objects.filter(email=PEOPLE[0].email).exists() and Submission.objects.exists()


@transaction.atomic
def walk(moments):
    """Every moment has happened, each with the clock at its instant."""
    world = World()
    references = random.Random(SEED)  # noqa: S311 - repeatable on purpose; guards nothing
    with (
        swapped(submissions, "secrets", references),
        swapped(settings, "EMAIL_BACKEND", NO_MAIL),
    ):
        for moment in moments:
            with clock.rehearsal(moment.at):
                world.do(moment)


@contextmanager
def swapped(owner, name, value):
    """Inside, the attribute is ``value``."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
