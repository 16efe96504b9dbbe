#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A host and its hub over a link that loses, delays, cuts and resets, and with
clocks that jump: nothing is lost, nothing doubled. SSHTRAIL_SEED chooses;
SSHTRAIL_MINUTES goes on for so long (tests/soak)."""
import concurrent.futures
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "verifier"))
sys.dont_write_bytecode = True
from daemontest import wait_for
from faulttest import Forwarding, Victim, acknowledged, check_all
from hubtest import Hub, other_clock, wait_arrived
from link import Link
import verify_trail as trail
from trailtest import case, check, equal, main

SEED = int(os.environ.get("SSHTRAIL_SEED", "17"))
MINUTES = float(os.environ.get("SSHTRAIL_MINUTES", "0"))


class Far(Victim):
    """A host on the far side of a link."""

    def __init__(self, name, link):
        self.link = link
        super().__init__(name)
        self.under = link.far.command()

    def enroll(self, hub):
        self.join(hub.url, hub.token())

    def join(self, url, token):
        command = self.command
        self.command = lambda *args: [*self.under, *command(*args)]
        self.run("enroll", url, token, "--name", self.name)
        self.command = command


WORK = concurrent.futures.ThreadPoolExecutor()


def beside(function):
    """Registers a case that is begun now, beside the others: they wait most of
    the time."""
    future = WORK.submit(function)

    def look():
        future.result()
    look.__doc__ = function.__doc__
    return case(look)


def partition(rng, link, hub, host):
    link.cut = True
    host.log_in(rng.randrange(1, 50))
    time.sleep(rng.uniform(0.5, 2.5))
    link.cut = False


def restart_apart(rng, link, hub, host):
    """The host's daemon is killed and begun anew while it reaches no hub."""
    link.cut = True
    host.log_in(rng.randrange(1, 50))
    host.kill()
    host.log_in(rng.randrange(1, 50))
    host.start()
    host.log_in(rng.randrange(1, 50))
    link.cut = False


def hub_away(rng, link, hub, host):
    """The hub is killed, and the host restarted before it is back."""
    hub.kill()
    host.log_in(rng.randrange(1, 50))
    host.kill()
    host.start()
    hub.start()


def resets(rng, link, hub, host):
    for _ in range(3):
        link.resets = rng.randrange(1, 4)
        host.log_in(rng.randrange(1, 200))
        time.sleep(rng.uniform(0.1, 0.6))
    link.resets = 0


TROUBLE = (partition, resets, restart_apart, hub_away)


@beside
def over_a_bad_link():
    """10 % loss, delay, partitions, resets; hub and host restarted in them"""
    print("# SSHTRAIL_SEED=%d SSHTRAIL_MINUTES=%g" % (SEED, MINUTES))
    rng = random.Random(SEED)
    with Link(SEED) as link, Hub(link.near.address, link.near.address) as hub, \
            Far("far", link) as host:
        hub.under = link.near.command(hub.user)
        hub.start()
        host.enroll(hub)
        host.start()
        host.log_in(5)
        wait_arrived(hub, host)
        link.loss, link.delay, link.jitter = 0.1, 0.03, 0.02
        end, n = time.monotonic() + 60 * MINUTES, 0
        while n < len(TROUBLE) or time.monotonic() < end:
            what = TROUBLE[n] if n < len(TROUBLE) else rng.choice(TROUBLE)
            before = link.lost
            what(rng, link, hub, host)
            host.log_in(rng.randrange(1, 100))
            wait_arrived(hub, host, seconds=120)
            n += 1
            if MINUTES:
                print("# %d: %s, %d packets lost" % (
                    n, what.__name__, link.lost - before), flush=True)
        check_all(hub, [host], n)
        print("# %d packets, %d lost, %d made resets" % (
            link.passed, link.lost, link.reset))
        check(link.reset > 0 and link.lost > 10, "the link was good")
        link.loss = link.delay = link.jitter = 0
        host.stop()
        hub.stop()
        equal(hub.ports("far"), host.wanted())


def last_segment(store, chain):
    at = os.path.join(store.dir, "trail", chain)
    return os.path.join(at, max(n for n in os.listdir(at)
                                if n.endswith(".seg")))


def unsigned_from(store, chain):
    """Where in its last segment what was not signed yet begins."""
    with open(last_segment(store, chain), "rb") as f:
        data = f.read()
    with open(os.path.join(store.dir, "trail", chain, "checkpoint")) as f:
        signed = int(f.read().split("\n")[1])
    at = trail.Header(data).length
    while at < len(data):
        frame = trail.read_frame(data, at)
        if frame[0] != "whole" or frame[2] > signed:
            break
        at += frame[1]
    return at


def tear(rng, store, chain):
    """What a power failure may leave behind what was signed."""
    at, path = unsigned_from(store, chain), last_segment(store, chain)
    with open(path, "rb") as f:
        tail = f.read()[at:]
    how = rng.choice(("cut", "bit", "zeros", "noise"))
    if how == "cut" or not tail:
        tail = tail[:rng.randrange(len(tail) + 1)] + b"\x90\x01\0\0half"
    elif how == "bit":
        bit = rng.randrange(8 * len(tail))
        tail = tail[:bit // 8] + bytes([tail[bit // 8] ^ 1 << bit % 8]) + \
            tail[bit // 8 + 1:]
    else:
        n = rng.randrange(1, 5000)
        tail += bytes(n) if how == "zeros" else rng.randbytes(n)
    with open(path, "r+b") as f:
        f.truncate(at)
        f.seek(at)
        f.write(tail)
    return how


@beside
def torn_files():
    """Tails torn behind the last checkpoint, indexes gone, at host and hub"""
    print("# SSHTRAIL_SEED=%d SSHTRAIL_MINUTES=%g" % (SEED, MINUTES))
    rng = random.Random(SEED)
    with Forwarding() as hub, Victim("web") as host:
        hub.start()
        host.enroll(hub)
        host.start().log_in(5)
        wait_arrived(hub, host)
        end, n = time.monotonic() + 60 * MINUTES, 0
        while n < 3 or time.monotonic() < end:
            host.log_in(rng.randrange(50, 300))
            time.sleep(rng.uniform(0, 0.4))
            host.kill()
            hub.kill()
            done = [tear(rng, host, "events:web"), tear(rng, hub, "events:web")]
            if n % 3 == 1:
                shutil.rmtree(os.path.join(host.dir, "index"))
                shutil.rmtree(os.path.join(hub.dir, "index"))
                done.append("no indexes")
            print("# %d: %s" % (n, ", ".join(done)), flush=True)
            n += 1
            hub.start()
            host.start()
            wait_arrived(hub, host, seconds=120)
        check_all(hub, [host], n)
        host.stop()
        hub.stop()


def fake_clock(**settings):
    """What stands before a program that is to have another time."""
    return ["env", *map("=".join, other_clock(**settings).items())]


@beside
def clocks_jump():
    """The host's clock a day ahead, then behind, then right: all arrives"""
    with Forwarding() as hub, Victim("web") as host:
        hub.start()
        host.enroll(hub)
        host.start().log_in(5)
        wait_arrived(hub, host)
        for offset in ("+1d", "-5m", "-1d", ""):
            before = acknowledged(host)
            host.kill()
            host.log_in(20)
            host.under = fake_clock(FAKETIME=offset) if offset else []
            host.start().log_in(20)
            if offset == "-1d":
                # The hub's certificate is of tomorrow: what comes waits.
                wait_for("its own", lambda: host.found_ports() ==
                         host.wanted())
                equal(acknowledged(host), before)
                continue
            wait_for("frames with the clock at %s" % (offset or "0"),
                     lambda: acknowledged(host) >= before + 40)
        check_all(hub, [host], 4)
        told = host.run("verify").stdout.decode()
        check("CLOCK" in told, told)
        host.stop()
        hub.stop()
        hub.run("verify")


def as_user(user):
    return ["setpriv", "--reuid", user, "--regid", user,
            "--clear-groups"] if user else []


class Clock:
    """Of a program while it runs. The file lies where its sandbox lets it
    look."""

    def __init__(self, of, *user):
        self.file = os.path.join(of.dir, "clock")
        self.set("+0d")
        of.under = [*user, *fake_clock(FAKETIME_TIMESTAMP_FILE=self.file,
                                       FAKETIME_CACHE_DURATION="1")]

    def set(self, offset):
        with open(self.file + "~", "w") as f:
            f.write(offset + "\n")
        os.chmod(self.file + "~", 0o644)
        os.rename(self.file + "~", self.file)
        time.sleep(1.2)


@beside
def clocks_jump_under_way():
    """Clocks that are set while hub and host run: all arrives, nobody counts
    as silent, and a day behind is told"""
    with Hub() as hub, Victim("web") as host:
        hub.start()
        host.enroll(hub)
        host.start().log_in(5)
        wait_arrived(hub, host)
        host.stop()
        hub.stop()
        own, hubs = Clock(host), Clock(hub, *as_user(hub.user))
        hub.start()
        host.start()
        # Not so far back that their certificates are of another day: below.
        for clock, offset in ((own, "+1d"), (hubs, "+1d"), (own, "-5m"),
                              (hubs, "-5m"), (own, "+0d"), (hubs, "-1d")):
            clock.set(offset)
            host.log_in(20)
            if offset != "-1d":
                wait_arrived(hub, host, seconds=120)
        wait_for("what it says", lambda: "in its time" in host.said())
        hubs.set("+0d")
        check_all(hub, [host], 0)
        told = host.run("verify").stdout.decode()
        check("CLOCK" in told, told)
        equal([e["op"] for e in hub.alerts()], [])
        host.stop()
        hub.stop()
        hub.run("verify")


sys.exit(main())
