"""Print or write docs/workflow.md from the transition table."""

from django.conf import settings
from django.core.management.base import BaseCommand

from reviews import workflow


class Command(BaseCommand):
    help = "Print docs/workflow.md as the transition table has it; --write writes it."

    def add_arguments(self, parser):
        parser.add_argument("--write", action="store_true")

    def handle(self, *args, **options):
        if options["write"]:
            (settings.BASE_DIR / "docs" / "workflow.md").write_text(workflow.as_markdown())
        else:
            self.stdout.write(workflow.as_markdown())
