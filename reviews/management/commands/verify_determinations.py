"""Compare determinations and criteria with the audit log."""

from django.core.management.base import BaseCommand, CommandError

from reviews.services import determination_record


class Command(BaseCommand):
    help = (
        "Compare every determination and every version of a criterion with the audit log: exits 1 "
        "and names what differs, what has no event, and what is gone. Run verify_audit as well: "
        "it says whether the log itself holds."
    )

    def handle(self, *args, **options):
        wrong, agreeing, unhashed = [], 0, 0
        for rows in determination_record.chunks():
            compared = determination_record.compare(rows)
            for row in rows:
                found = compared[row.pk]
                agreeing += found.agrees
                unhashed += not found.hashed
                if found.differs:
                    name = f"Determination {row.number} on {row.submission.reference}"
                    wrong.append(f"{name}: {', '.join(found.differs)}.")
        wrong += [f"Gone: {name}." for name in determination_record.without_a_row()]
        wrong += [f"Criterion {name}: differs." for name in determination_record.altered_criteria()]
        if wrong:
            raise CommandError(
                "These do not agree with the audit log:\n" + "\n".join(sorted(wrong))
            )
        self.stdout.write(
            f"{agreeing} determinations agree with the audit log; of {unhashed} that were written "
            "before hashes were recorded, outcome, number, signer and time do."
        )
