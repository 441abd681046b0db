"""What works and what does not, without Celery, a browser or, if need be, the database."""

import sys

from django.core.management.base import BaseCommand
from django.db import Error

from reviews.services import alarms, health
from reviews.services.health import State

NOT_WORKING = 3  # this command's own failure is 1, and arguments that it does not know are 2


class Command(BaseCommand):
    help = (
        "Print how each part of the portal does; exit 3 when one does not work. With --alarm, "
        "also mail OPERATOR_EMAILS, once for each cause: run it so each minute."
    )

    def add_arguments(self, parser):
        parser.add_argument("--alarm", action="store_true")

    def handle(self, *args, **options):
        try:
            parts = self._parts(alarm=options["alarm"])
        except Error as failure:
            parts = [alarms.unreachable(failure)]
            if options["alarm"]:
                alarms.tell_outside(parts[0])
        for part in parts:
            self.stdout.write(f"{part.state.label:16}{part.name}: {part.words}")
            if part.remedy:
                self.stdout.write(f"{'':16}{part.remedy}")
        if any(part.state is State.NOT_WORKING for part in parts):
            sys.exit(NOT_WORKING)

    def _parts(self, *, alarm):
        found = health.facts()
        parts = health.parts(found, broker=health.broker_answers())
        if alarm:
            alarms.tell(parts, at=found.at)
            alarms.tell_outside(None)
        return parts
