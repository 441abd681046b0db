"""Every class of faults with three seeds; ``make faults`` runs them with twenty and more."""

import pytest

from tests.faults import report
from tests.faults.classes import CLASSES, outcomes

pytestmark = pytest.mark.postgresql
SEEDS = (1, 2, 3)


@pytest.mark.parametrize("name", CLASSES)
def test_nothing_is_late_lost_or_twice(name, held_clock, django_db_setup, django_db_blocker):
    held_clock.release()  # the processes have the real time
    with django_db_blocker.unblock():
        found = list(outcomes(name, SEEDS))
    assert [outcome.seed for outcome in found] == list(SEEDS)
    assert report.broken(found) == []


def test_a_rule_that_does_not_hold_is_named_with_class_and_seed():
    kept = report.Outcome("kept", 1, injected=1, duplicated=1, allowed_duplicates=1)
    wrong = [
        report.Outcome("lost", 2, injected=1, lost=1),
        report.Outcome("twice", 3, injected=1, duplicated=1),
        report.Outcome("unsaid", 9, injected=1, duplicated=1, unrecorded=1, allowed_duplicates=1),
        report.Outcome("late", 4, injected=1, late=1),
        report.Outcome("open", 5, injected=1, allowed_after=1),
        report.Outcome("slow", 6, injected=1, recoveries=[1.0, 121.0]),
        report.Outcome("idle", 7),
        report.Outcome("other", 8, injected=1, broken=["half a report"]),
    ]
    complaints = report.broken([kept, *wrong])
    assert [line.partition(":")[2].partition(":")[0] for line in complaints] == [
        f" {one.name}, seed {one.seed}" for one in wrong
    ]
    assert all(line in report.table([kept, *wrong]) for line in complaints)
