"""Access under every order of words, suspensions, seats and ends, against a model of the law.

``GRANT_STEPS`` says how many steps; the acceptance is 5,000. Each rule tries somebody at random,
and is refused exactly when the model says so.
"""

from collections import Counter

import pytest
from django.contrib.auth.models import Group
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import User
from tests.conftest import START
from tests.people import keep_records
from tests.services.grant_law import MOST, RECERTIFIED
from tests.services.grant_machine import EACH, STEPS, TURNS, Machine

pytestmark = pytest.mark.django_db


def test_live_agrees_with_the_law(people, move_clock, capsys, settings):
    settings.GRANTS_PER_PERSON, settings.RECERTIFICATION_DAYS = MOST, RECERTIFIED.days
    both = User.objects.create_user("both@test.example", "lead and administrator")
    keep_records(both, START)
    both.groups.set(Group.objects.filter(name__in=["nsa:lead", "caisi:administrator"]))
    Machine.world, Machine.move = vars(people) | {"both": both}, staticmethod(move_clock)
    Machine.world_people, Machine.counts = people, Counter()
    examples = max(1, STEPS // EACH)
    run_state_machine_as_test(
        Machine,
        settings=how(
            max_examples=examples,
            stateful_step_count=TURNS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=(Phase.generate,),
        ),
    )
    tried = Counter()
    for (word, _), count in Machine.counts.items():
        tried[word] += count
    with capsys.disabled():
        done = {word: Machine.counts[word, True] for word in tried}
        print(f"\ngrants: {sum(tried.values()):,} steps, {examples} seeds; done/tried:", end=" ")
        print(", ".join(f"{word} {done[word]}/{tried[word]}" for word in sorted(tried)))
    assert sum(tried.values()) >= STEPS / 2
    assert all(done.values()) or STEPS < 4000
