#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts, their hub and its output, struck at named points: killed, or a call
that fails. SSHTRAIL_SEED chooses where and when; SSHTRAIL_MINUTES goes on for
so long, in the order of chance (tests/soak)."""
import concurrent.futures
import contextlib
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import PATIENCE, wait_for
from faulttest import (AGENT, HUB, SHIPPER, UNSIGNED, Forwarding, Victim,
                       can_strike, check_all, faults_of, strike_host,
                       strike_hub)
from trailtest import case, check, equal, main

SEED = int(os.environ.get("SSHTRAIL_SEED", "11"))
MINUTES = float(os.environ.get("SSHTRAIL_MINUTES", "0"))
HOSTS = 3  # one of which is left alone, so that the hub gets something
SOON = 1.5  # seconds that a round lasts for a later call: it may never come
REACH = 30  # and for the first: it must be reached
KILLS, FAULTS = 13, 6  # rounds of the short run: all points once
POINTS = {"hub": HUB, "agent": AGENT, "shipper": SHIPPER}
NOTHING = ({}, None, "count", 1)
WHENS = (1, 2, 3, 5, 8, 13) if MINUTES else (1, 2)


class Plan:
    """What is struck next: all of it once, in the order of chance, at the first
    call; then again, at one of those that follow."""

    def __init__(self, rng, points, things):
        self.rng, self.points, self.things = rng, points, list(things)
        self.left, self.whens = [], (1,)
        self.deal()

    def deal(self):
        self.left = list(self.things)
        self.rng.shuffle(self.left)

    def next(self):
        if not self.left:
            self.whens = WHENS
            self.deal()
        return (self.points, *self.left.pop(), self.rng.choice(self.whens))


def misses(running, what, waited):
    """Whether something that is to be reached was not yet, and may be soon."""
    left = [when for r, (_, name, _, when) in zip(running, what)
            if name and not r.struck()]
    return left and waited < PATIENCE * (REACH if 1 in left else SOON)


def a_round(rng, hub, hosts, what):
    """`what`: (points, name, action, when) of the hub and of each host. Who was
    struck. All of it is ended as by a power failure, if it has not ended."""
    with contextlib.ExitStack() as stack:
        running = []
        for victim, (points, name, action, when) in zip((hub, *hosts), what):
            ready = "listening at" if victim is hub else "collecting into"
            heard = victim.said().count(ready)
            running.append(stack.enter_context(
                (strike_hub if victim is hub else strike_host)(
                    victim, points.get(name), action, when)))
            if not name:
                wait_for(ready, lambda: victim.said().count(ready) > heard)
        begun = time.monotonic()
        while misses(running, what, time.monotonic() - begun):
            for host in hosts:
                host.log_in(rng.randrange(1, 12))
            time.sleep(rng.uniform(0.05, 0.3))
        if any(how[2] != "kill" for how in what):
            time.sleep(0.2)  # what failed has its consequences
        return [r.struck() for r in running]


def leave_unsigned(rng, hub, hosts, what):
    """Some points come only where the last writer left frames that are not
    signed: those who are struck there are killed like that before."""
    before = [(points, UNSIGNED.get(name), "kill", 1) if name in UNSIGNED
              else NOTHING for points, name, *_ in what]
    if any(how[1] for how in before):
        check(all(hit for how, hit in zip(
            before, a_round(rng, hub, hosts, before)) if how[1]),
              "before %s" % (what,))


class Plans:
    """Whose turn it is: the hub's with two collectors; or, while the hub is
    left alone, that of two shippers. One host always is, so that there is
    something to ship and to be received."""

    def __init__(self, rng, actions):
        self.rng, self.turn = rng, 0
        self.plans = {name: Plan(rng, points, actions(points))
                      for name, points in POINTS.items()}

    def next(self):
        self.turn += 1
        shippers = self.turn % 5 == 0
        return [NOTHING if shippers else self.plans["hub"].next(),
                *(self.plans["shipper" if shippers else "agent"].next()
                  for _ in range(HOSTS - 1)), NOTHING]


def strikes(seed, actions, rounds):
    """Lines of what was done; what was tried at the first call, and what of
    it was not reached."""
    rng = random.Random(seed)
    plans = Plans(rng, actions)
    said, tried, missed = [], set(), set()
    with Forwarding() as hub, contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(Victim("h%d" % n)) for n in range(HOSTS)]
        hub.start()
        for host in hosts:
            host.enroll(hub)
            # The first time it begins where its log ends.
            host.start().stop()
        hub.stop()
        end, n = time.monotonic() + MINUTES * 60, 0
        while n < rounds or time.monotonic() < end:
            what = plans.next()
            rng.shuffle(hosts)
            leave_unsigned(rng, hub, hosts, what)
            done = [(*how[1:], hit) for how, hit in zip(
                what, a_round(rng, hub, hosts, what)) if how[1]]
            first = [(name, action, hit) for name, action, when, hit in done
                     if when == 1]
            tried |= {(name, action) for name, action, _ in first}
            missed |= {(name, action) for name, action, hit in first if not hit}
            said.append("# %d: %s" % (n, ", ".join(
                "%s %s %d%s" % (*how, "" if hit else " (not reached)")
                for *how, hit in done)))
            if MINUTES:
                print(said.pop(), flush=True)
            n += 1
        hub.start()
        for host in hosts:
            host.start()
        check_all(hub, hosts, n)
        for host in hosts:
            host.stop()
        hub.stop()
        hub.run("verify")
    return said, tried, missed


def kills_of(points):
    return [(name, "kill") for name in points]


# The two wait most of the time: side by side.
WORK = concurrent.futures.ThreadPoolExecutor(2)
RUNS = {actions: WORK.submit(strikes, SEED, actions, rounds) for
        actions, rounds in ((kills_of, KILLS), (faults_of, FAULTS))}


def result_of(actions):
    can_strike()
    print("# SSHTRAIL_SEED=%d SSHTRAIL_MINUTES=%g" % (SEED, MINUTES))
    said, tried, missed = RUNS[actions].result()
    print("\n".join(said))
    equal(missed, set(), "not reached")
    return tried


@case
def killed_at_every_point():
    """Killed at each named point: all that was acknowledged is there, once"""
    equal({name for name, _ in result_of(kills_of)},
          {name for points in POINTS.values() for name in points}, "tried")


@case
def calls_that_fail():
    """Calls that fail or write half: nothing lost, nothing doubled"""
    check(len(result_of(faults_of)) >= 2 * FAULTS, "little was tried")


sys.exit(main())
