"""Class redis: FLUSHALL, three restarts, a cut connection, while filings and ends go on."""

import random
import time
from datetime import timedelta

import redis

from tests.faults.doubling import click, draft_ending
from tests.faults.proxy import Proxy
from tests.faults.report import Outcome
from tests.faults.scene import Probe, Scene, judge, now, settle
from tests.faults.stack import Stack

NAME = "redis"


def run(seeds, folder, server):
    """One outcome for each seed; worker, beat and web reach Redis through the proxy."""
    scene, stack = Scene.open(server), Stack(folder, server.port)
    with Proxy(stack.redis_port) as proxy, stack:
        stack.env["REDIS_URL"] = stack.redis_url(proxy.port)
        stack.start("redis")
        stack.start("worker", "beat", "web")
        # Kombu sometimes fails in a connection that Redis left while it was being made, and the
        # worker ends; deploy/systemd starts it again.
        stack.keep("worker", "beat")
        for seed in seeds:
            yield _one(seed, scene, stack, proxy)


def _one(seed, scene, stack, proxy):
    chance, outcome = random.Random(seed), Outcome(NAME, seed)
    ended = stack.revived["worker"]
    submissions = scene.file(chance.randint(1, 2), chance.uniform(4, 6))
    draft = draft_ending(scene, now() + timedelta(seconds=chance.uniform(12, 15)))
    faults = [_flush, _restarts, _cut]
    chance.shuffle(faults)
    with Probe(scene, submissions[-1], stack) as probe:
        time.sleep(chance.uniform(0, 1))
        for fault in faults[: chance.randint(1, 3)]:
            outcome.injected += fault(
                chance, stack, proxy, lambda: _file(draft, scene, stack, outcome)
            )
    back = time.time()
    probe.judge(outcome)
    submissions.append(draft)
    while draft.closes_at > now():
        time.sleep(0.1)
    settle(submissions, outcome, since=back)
    # A worker that ends by itself takes what it is sending with it, like one that is killed.
    judge(scene, submissions, outcome, crashes=stack.revived["worker"] - ended)
    return outcome


def _file(draft, scene, stack, outcome):
    """The draft is filed through the page, whatever the broker does; once."""
    draft.refresh_from_db()
    if draft.status != "draft":
        return
    answers = click(scene, stack, draft, 1)
    if answers != {302: 1}:
        outcome.broken.append(f"filing was answered {dict(answers)} without a broker")
    draft.refresh_from_db()


def _flush(chance, stack, proxy, meanwhile):
    with redis.Redis.from_url(stack.redis_url(stack.redis_port)) as client:
        client.flushall()
    meanwhile()
    return 1


def _restarts(chance, stack, proxy, meanwhile):
    for _ in range(3):
        chance.choice((stack.kill, stack.stop))("redis")
        meanwhile()
        time.sleep(chance.uniform(0, 1.5))
        stack.start("redis")
        time.sleep(chance.uniform(0, 1))
    return 3


def _cut(chance, stack, proxy, meanwhile):
    proxy.refuse()
    meanwhile()
    time.sleep(chance.uniform(0.5, 3))
    proxy.listen()
    return 1
