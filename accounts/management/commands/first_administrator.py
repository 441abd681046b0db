"""The first two administrators of an installation: between them they give every other seat."""

import getpass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import audit, seats
from accounts.models import Organization, Seat, User
from accounts.roles import NEEDED, Role


class Command(BaseCommand):
    help = (
        "Make an administrator, while there are fewer than two: the second confirms what the "
        "first asks for. Asks for the password."
    )

    def add_arguments(self, parser):
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("--agency", default="nsa")

    @transaction.atomic
    def handle(self, *args, **options):
        if len(seats.administrators()) >= NEEDED[Role.ADMINISTRATOR]:
            raise CommandError("There are two administrators already: they give the other seats.")
        agency = Organization.objects.filter(code=options["agency"]).first()
        if agency is None:
            raise CommandError(f"There is no organization with the code “{options['agency']}”.")
        password = getpass.getpass("Password (15 characters or more): ")
        try:
            validate_password(password)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        person = User.objects.create_user(options["email"], options["name"], password)
        seat = seats.give(
            person=person,
            organization=agency,
            role=Role.ADMINISTRATOR,
            by=audit.SYSTEM,
            at=audit.high_water()[1],
        )
        self.stdout.write(f"{person.name} now holds the seat {Seat.objects.get(pk=seat.pk)}.")
