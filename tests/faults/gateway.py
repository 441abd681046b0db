"""Class gateway: a lab's receiver is killed, slow, away or attacked; so are the workers.

The receiver is a real process with TLS. Access begins, stops and ends meanwhile by the real
services; each change is to take effect there once, and none to be lost.
"""

import contextlib
import http.client
import json
import random
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.test import override_settings

from accounts.models import AuditEvent
from deploy.local import commands
from reviews.models import AccessGrant, GatewaySignal
from reviews.models.grant_states import Side
from reviews.services import access, gateway_signals, lifecycle, signing, suspensions
from tests import certificates, factories
from tests.faults import gateway_door
from tests.faults.report import Outcome
from tests.faults.scene import TWO_MINUTES, Scene, now
from tests.faults.stack import HERE, Stack, own_port, until
from tests.gateways import added

NAME = "gateway"
ACTS = [
    *("500", "503", "302", "400", "drop", "stall", "kill", "kill-sender"),
    *("500-after", "drop-after", "stall-after", "kill-after", "kill-sender-after"),
]
LIVES = timedelta(seconds=12)  # far longer than a sweep takes


def run(seeds, folder, server):
    """One outcome for each seed, on one stack and one gateway whose processes are restarted."""
    scene = Scene.open(server)
    with (
        override_settings(GATEWAY_ALLOWED_HOSTS=[HERE], GRANTS_PER_PERSON=50),
        Lab(folder, scene.people) as lab,
        Stack(
            folder,
            server.port,
            GATEWAY_ALLOWED_HOSTS=HERE,
            SSL_CERT_FILE=str(folder / "certificate.pem"),
        ) as stack,
    ):
        stack.start("redis")
        stack.start("worker", "beat")
        for seed in seeds:
            yield _one(seed, scene, stack, lab)


class Lab:
    """The lab's receiver, started again whenever it ends: ``with Lab(folder, people) as lab``."""

    def __init__(self, folder, people):
        self.folder, self.port = folder, own_port()
        self.gateway, _ = added(people, now(), url=f"https://{HERE}:{self.port}/hooks")
        self.script = gateway_door.script(folder)

    def __enter__(self):
        certificates.write(self.folder)
        (self.folder / "jwks.json").write_text(json.dumps(signing.public_keys()))
        (self.folder / "gateway").write_text(str(self.gateway.key))
        self._going, self.restarts, self._process = True, 0, None
        self.reference = gateway_door.receiver(
            str(self.gateway.key), self.folder, signing.public_keys()
        )
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        self._thread.join()
        self._process.kill()
        self._process.wait()

    def _keep(self):
        words = [sys.executable, "-m", "tests.faults.gateway_door", self.folder, str(self.port)]
        while self._going:
            if self._process is None or self._process.poll() is not None:
                self.restarts += self._process is not None
                with (self.folder / "door.log").open("ab") as log:
                    self._process = commands.start(
                        [str(word) for word in words],
                        cwd=settings.BASE_DIR,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
            time.sleep(0.1)

    def kill(self):
        """It is gone without a word, and comes back."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    def plan(self, acts):
        """The next messages meet these."""
        self.script.executemany("INSERT INTO script (act) VALUES (?)", [(act,) for act in acts])

    def unmet(self):
        """What of the plan has not happened."""
        return [act for (act,) in self.script.execute("SELECT act FROM script WHERE NOT done")]

    def arrived(self):
        """Every message as it came: its name, when it was sent, its signature and its body."""
        return list(self.script.execute("SELECT id, sent, signature, body FROM arrived"))

    def effects(self):
        """How often each (grant, sequence) took effect."""
        return Counter(self.reference.db.execute("SELECT key, sequence FROM effects"))

    def seen(self):
        """The names of what was taken."""
        return {name for (name,) in self.reference.db.execute("SELECT id FROM seen")}

    def attack(self, name, sent, signature, body):
        """The status that somebody else's message is answered with."""
        trust = ssl.create_default_context(cafile=self.folder / "certificate.pem")
        link = http.client.HTTPSConnection(HERE, self.port, timeout=10, context=trust)
        headers = {
            "webhook-id": name,
            "webhook-timestamp": sent,
            "webhook-signature": signature,
            "x-adversary": "yes",
        }
        try:
            link.request("POST", "/hooks", body, headers)
            return link.getresponse().status
        finally:
            link.close()


def _one(seed, scene, stack, lab):
    chance, outcome = random.Random(seed), Outcome(NAME, seed)
    acts = chance.choices(ACTS, k=chance.randint(3, 6))
    lab.plan(acts)
    outcome.injected = len(acts)
    grants = _begin(scene, chance)
    for step in chance.sample(["worker", "lab", "nothing"], k=2):
        _change(scene, chance, grants)
        if step == "worker":
            stack.kill("worker")
            stack.start("worker")
        elif step == "lab":
            lab.kill()
        outcome.injected += step != "nothing"
    _change(scene, chance, grants)
    _end(scene, chance, grants)
    back = time.time()
    _settle(lab, grants, outcome, back)
    outcome.injected += _attack(lab, chance, outcome)
    _judge(lab, grants, outcome)
    outcome.survived = outcome.injected if not outcome.problems() else 0
    return outcome


def _begin(scene, chance):
    """Grants that are live or about to be."""
    submission = factories.filed(scene.people, at=now())
    found = []
    for number in range(chance.randint(2, 4)):
        later = timedelta(seconds=2) if number == 1 else timedelta()
        found.append(
            factories.grant(
                submission,
                scene.people,
                starts_at=now() + later,
                ends_at=now() + (LIVES if number == 0 else timedelta(days=1)),
            )
        )
    return found


def _fresh(grants):
    return list(AccessGrant.objects.filter(pk__in=[grant.pk for grant in grants]).order_by("pk"))


def _change(scene, chance, grants):
    """One of them stops or goes on, by its lab or an administrator."""
    time.sleep(chance.uniform(0, 1))
    grant = chance.choice(_fresh(grants))
    side = chance.choice([Side.LAB, Side.ADMINISTRATION])
    by = scene.people.northlight_liaison if side is Side.LAB else scene.people.administrator
    if grant.resumable_at(now(), side):
        suspensions.resume(grant, side=side, by=by, at=now())
    elif grant.suspendable_at(now(), side):
        suspensions.suspend(grant, side=side, reason="", by=by, at=now())


def _end(scene, chance, grants):
    """The first ends by its own time, the others by somebody's word, once they have begun."""
    told = until(
        lambda: GatewaySignal.objects.filter(grant=grants[1]).exists() or _stopped(grants[1])
    )
    assert told, "The start of a grant was never told."
    if chance.random() < 0.3:
        lifecycle.withdraw(grants[0].submission, by=scene.people.northlight_liaison, at=now())
        return
    for grant in _fresh(grants)[1:]:
        access.revoke(grant, reason="", by=scene.people.administrator, at=now())
        time.sleep(chance.uniform(0, 0.5))
    time.sleep(max(0.0, grants[0].ends_at.timestamp() - time.time()))


def _stopped(grant):
    """Whether it was suspended before it began, so that nobody was told of it."""
    return bool(_fresh([grant])[0].suspended_by_sides(now()))


def _settle(lab, grants, outcome, since):
    """All is told within two minutes of ``since``, or the rule is broken."""

    def settled():
        # In this order: a sweep may write between the two questions.
        untold = gateway_signals.untold(lab.gateway, now()).exists()
        return not untold and not GatewaySignal.objects.unsent().filter(grant__in=grants).exists()

    if until(settled, seconds=since + TWO_MINUTES - time.time()):
        outcome.recoveries.append(max(0.0, time.time() - since))
    else:
        outcome.broken.append("something still waits two minutes after the restart")


def _attack(lab, chance, outcome):
    """How many messages of somebody else's were sent: replayed, changed, out of their time."""
    before = lab.effects()
    name, sent, signature, body = chance.choice(lab.arrived())
    again = lab.attack(name, sent, signature, body)
    if again not in (204, 400):  # old by now, or known
        outcome.broken.append(f"a replay was answered {again}")
    changed = body.replace(b'"ended"', b'"active"').replace(b'"sequence":', b'"sequence":9')
    forged = [
        (name, sent, signature, changed),
        (f"{name}9", sent, signature, body),
        (name, str(int(time.time()) - 400), signature, body),
        (name, str(int(time.time())), "v1a,AAAA", body),
    ]
    for one in forged:
        if (status := lab.attack(*one)) != 400:
            outcome.broken.append(f"a forgery was answered {status}")
    if lab.effects() != before:
        outcome.broken.append("somebody else's message took effect")
    return 1 + len(forged)


def _judge(lab, grants, outcome):
    """Each change took effect once, in order, and none is lost."""
    told = list(GatewaySignal.objects.filter(grant__in=grants).order_by("grant", "sequence"))
    seen, effects = lab.seen(), lab.effects()
    outcome.expected = len(told)
    for one in told:
        arrived = f"msg_{one.key.hex}" in seen
        outcome.delivered += arrived
        outcome.lost += not arrived
        outcome.dead += one.dead_at is not None
        if (one.sent_at is None) == arrived:
            outcome.broken.append(f"{one.kind}: sent {one.sent_at}, taken {arrived}")
        outcome.duplicated += max(0, effects[str(one.grant.key), one.sequence] - 1)
    events = AuditEvent.objects.filter(
        action="signal.sent", object_reference__in=[str(one.key) for one in told]
    )
    if events.count() != len(told):
        outcome.broken.append(f"{events.count()} events of {len(told)} messages")
    if unmet := lab.unmet():
        lab.script.execute("UPDATE script SET done = 1")
        outcome.broken.append(f"no message met {', '.join(unmet)}")
    for grant in _fresh(grants):
        of_it = [one for one in told if one.grant_id == grant.pk]
        _judge_one(lab, grant, of_it, outcome)


def _judge_one(lab, grant, told, outcome):
    end = grant.effective_end()
    if end > now():
        outcome.broken.append(f"{grant} has not ended")
    # Nobody hears of what was stopped before it began and never went on.
    if told and told[-1].facts["state"] != "ended":
        outcome.broken.append(f"the end of {grant} was not told")
    if told and told[-1].occurred_at != end:
        outcome.broken.append(f"{grant} ended {end}, and {told[-1].occurred_at} was told")
    if [one.sequence for one in told] != list(range(1, len(told) + 1)):
        outcome.broken.append(f"{grant} has a gap in what was told")
    known = lab.reference.db.execute(
        "SELECT sequence, facts FROM grants WHERE key = ?", [str(grant.key)]
    ).fetchone()
    if told and (
        known is None or (known[0], json.loads(known[1])["state"]) != (len(told), "ended")
    ):
        outcome.broken.append(f"the gateway has {known} of {grant}")
    if lab.reference.lets_in(str(grant.key), grant.grantee.email, now()):
        outcome.allowed_after += 1
