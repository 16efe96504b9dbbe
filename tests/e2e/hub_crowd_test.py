#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One who has no certificate cannot take a hub's connections from others,
however slowly he speaks and reads."""
import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import PATIENCE, wait_for
from hubtest import Host, wait_arrived
from inputtest import InputHub, connect, login
from trailtest import case, check, equal, main

ROOM = 40  # connections


class Slow:
    """A connection that does not come to an end by itself; `steps` says what
    it does, a bit each time."""

    def __init__(self, port, steps, source="127.0.0.66"):
        self.socket = connect(port, source)
        self.steps = steps(self)
        self.began = time.monotonic()
        self.lived = None

    def encrypt(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def go_on(self):
        """False: it was ended."""
        try:
            next(self.steps)
            self.socket.setblocking(False)
            try:
                if self.reads and not self.socket.recv(64):
                    raise ConnectionError
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            self.socket.settimeout(20 * PATIENCE)
            return True
        except OSError:
            self.lived = time.monotonic() - self.began
            self.socket.close()
            return False

    reads = True


def silent(slow):
    while True:
        yield


def handshake(slow):
    # A record of 4 KiB whose bytes come one by one.
    slow.socket.sendall(b"\x16\x03\x01\x10\x00\x01\x00\x0f\xfc\x03\x03")
    while True:
        slow.socket.sendall(b"x")
        yield


def head(slow):
    slow.encrypt()
    slow.socket.sendall(b"GET /v1/ca HTTP/1.1\r\nHost: h\r\n")
    while True:
        slow.socket.sendall(b"a")
        yield


def body(slow):
    slow.encrypt()
    slow.socket.sendall(b"POST /v1/enroll HTTP/1.1\r\nHost: h\r\n"
                        b"Content-Length: 16000\r\n\r\n")
    while True:
        slow.socket.sendall(b"a")
        yield


def again(slow):
    """Requests without an end, whose answers are not read."""
    slow.reads = False
    slow.encrypt()
    while True:
        slow.socket.settimeout(0.05)
        with contextlib.suppress(socket.timeout, ssl.SSLWantWriteError):
            for _ in range(100):
                slow.socket.sendall(b"GET /v1/ca HTTP/1.1\r\nHost: h\r\n\r\n")
        yield


class Attack:
    """So many connections all the time: where one ends, another begins."""

    def __init__(self, n, make):
        self.n, self.make = n, make
        self.opened = 0
        self.open = []
        self.done = []
        self.ends = False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ends:
            while len(self.open) < self.n:
                with contextlib.suppress(OSError):
                    self.open.append(self.make(self.opened))
                self.opened += 1
            for slow in list(self.open):
                if not slow.go_on():
                    self.open.remove(slow)
                    self.done.append(slow)
            time.sleep(0.05)

    def __enter__(self):
        self.thread.start()
        wait_for("the attack", lambda: self.opened >= self.n)
        return self

    def __exit__(self, *args):
        self.ends = True
        self.thread.join()
        for slow in self.open:
            slow.socket.close()


def small_hub(patience):
    hub = InputHub("  connections: %d\n" % ROOM)
    with open(hub.config) as f:
        text = f.read()
    with open(hub.config, "w") as f:
        f.write(text.replace("listen:\n", "listen:\n  connections: %d\n  "
                             "patience: %ds\n" % (ROOM, patience)))
    return hub


@case
def hosts_are_served():
    """All that a hub lets connect is asked for and more: a host that has joined
    ships on, another one joins, and who asks is answered"""
    with small_hub(600) as hub, Host("web-01") as web, Host("db-01") as db:
        hub.start()
        web.enroll(hub)
        web.start()
        web.log_in(3)
        wait_arrived(hub, web)
        ways = (silent, handshake, head, body, again)
        with Attack(2 * ROOM, lambda n: Slow(
                hub.port, ways[n % len(ways)])) as attack:
            wait_for("its limit", lambda: attack.done)
            web.log_in(3)
            db.enroll(hub)
            db.start()
            db.log_in(2)
            wait_arrived(hub, web, db)
            equal(hub.health()["name"], "hub")
            check(len(attack.done) > 0, "nobody gave way")
        told = hub.metrics()
        check(told["connections"] <= ROOM, told["connections"])
        check(told["connections_cut_total"] >= ROOM, told)
        hub.stop()


@case
def who_takes_too_long():
    """In whatever way a connection is slow, it ends in time; what is slow and
    honest, and who follows, goes on"""
    with small_hub(2) as hub:
        hub.start()
        token = hub.hub("api-token", "admin").stdout.strip()

        def follows(slow):
            slow.encrypt()
            slow.socket.sendall(
                b"GET /api/v1/follow HTTP/1.1\r\nHost: h\r\nAuthorization: "
                b"Bearer " + token.encode() + b"\r\n\r\n")
            while True:
                yield

        ways = (follows, silent, handshake, head, body, again)
        slow = [Slow(hub.port, way) for way in ways]

        def step():
            for s in slow:
                if s.lived is None:
                    s.go_on()
            return all(s.lived for s in slow[1:])

        # Of the answers that nobody reads the first must fill what lies
        # between.
        wait_for("their ends", step, 30)
        for way, s in list(zip(ways, slow))[1:-1]:
            check(1.5 < s.lived < 8 * PATIENCE, (way.__name__, s.lived))
        check(slow[0].lived is None, "who follows was ended: %s" %
              slow[0].lived)
        slow[0].socket.close()
        hub.stop()


@case
def who_takes_answers():
    """Nobody has all of the threads that make large answers, and who does not
    take what was made for him loses them in time"""
    with small_hub(2) as hub:
        cast = hub.write("big.cast", b"".join(
            [b'{"version": 2, "width": 80, "height": 24, "timestamp": '
             b'1790000000}\n'] +
            [b'[%d.0, "o", "%s\\r\\n"]\n' % (
                i, os.urandom(32 << 10).hex().encode()) for i in range(300)]))
        done = subprocess.run(
            hub.command("import", "--host", "web", cast), text=True,
            capture_output=True, **hub.rights)
        equal(done.returncode, 0, done.stderr)
        hub.start()
        equal(hub.hub("account", "b", "--role", "auditor").returncode, 0)
        tokens = {name: hub.hub("api-token", name).stdout.strip()
                  for name in ("admin", "b")}

        def ask(name):
            s = Slow(hub.port, silent)
            s.encrypt()
            s.socket.sendall(
                b"GET /api/v1/frames?recording=import:web:1 HTTP/1.1\r\n"
                b"Host: h\r\nAuthorization: Bearer " +
                tokens[name].encode() + b"\r\n\r\n")
            status = s.socket.recv(12)
            return s, int(status[9:])

        def is_free():
            s, status = ask("admin")
            s.socket.close()
            return status == 200

        slow = [ask("admin"), ask("admin")]
        equal([status for _, status in slow], [200, 200])
        check(not is_free(), "one account had a third one")
        other, status = ask("b")
        equal(status, 200, "the other account")
        wait_for("who does not take to be ended", is_free, 20)
        for s, _ in [*slow, (other, 0)]:
            s.socket.close()
        # Who takes it has all of it.
        taker, status = ask("b")
        equal(status, 200)
        end = b""
        while b"whole 0 1 0" not in end:
            got = taker.socket.recv(1 << 16)
            check(got, "it ended")
            end = end[-64:] + got
        taker.socket.close()
        wait_for("how they ended to be told", lambda: sum(
            e.get("reason", "").startswith("broken off") for e in hub.found(
                "search", "--all", "--kind", "view", "--limit", "1000")) >= 3)
        hub.stop()


def encrypted(slow):
    slow.encrypt()
    while True:
        yield


@case
def senders_are_heard():
    """All connections of the inputs are asked for and more, of a few addresses,
    by those that say nothing: who sends from another one is heard"""
    with small_hub(600) as hub:
        hub.start()
        ways = ((hub.tls, silent), (hub.tls, handshake), (hub.tls, encrypted),
                (hub.tcp, silent), (hub.audit, silent))
        with Attack(2 * ROOM, lambda n: Slow(
                *ways[n % len(ways)], source="127.0.0.%d" % (60 + n % 6))
                ) as attack:
            wait_for("its limit", lambda: attack.done)
            with connect(hub.tcp, "127.0.0.2") as kept:
                for n in range(5):
                    with connect(hub.tcp, "127.0.0.3") as s:
                        s.sendall(login("web", "b%d" % n, n) + b"\n")
                    kept.sendall(login("web", "a%d" % n, 10 + n) + b"\n")
                    time.sleep(0.2)
            with Slow(hub.tls, encrypted, "127.0.0.4").socket as s:
                s = ssl.create_default_context(
                    cafile=hub.pki + "/ca.pem").wrap_socket(
                        s, server_hostname="localhost")
                s.sendall(login("web", "c", 20) + b"\n")
                s.unwrap()
            hub.wait_users("web", ["c"] + ["%s%d" % (way, n) for way in "ab"
                                           for n in range(5)])
        check(hub.gaps(), "nobody tells of those that were refused")
        hub.stop()


main()
