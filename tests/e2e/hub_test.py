#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts and a hub: what a host has seen comes together in one place, whatever
is killed in between; nothing is lost, nothing doubled, nothing changed."""
import contextlib
import json
import os
import random
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import wait_for
from hubtest import Host, Hub, free_port, other_clock, wait_arrived
from trailtest import case, check, equal, main

SEED = int(os.environ.get("SSHTRAIL_SEED", "5"))
ROUNDS = int(os.environ.get("SSHTRAIL_ROUNDS", "12"))


@contextlib.contextmanager
def joined(*names):
    """A hub, and hosts that joined it; all of them run."""
    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(Hub()).start()
        hosts = [stack.enter_context(Host(name)) for name in names]
        for host in hosts:
            host.enroll(hub)
            host.start()
        yield (hub, *hosts)


def note_of(host):
    path = os.path.join(host.dir, "joined", "events:%s.note" % host.name)
    with contextlib.suppress(OSError):
        with open(path) as f:
            return f.read()
    return ""


@case
def comes_together():
    """Two hosts, one hub: its answers, within two seconds, and evidence"""
    with joined("web-01", "db-01") as (hub, web, db):
        web.log_in(40)
        db.log_in(25)
        wait_arrived(hub, web, db)
        web.log_in(1)
        begin = time.monotonic()
        wait_arrived(hub, web)
        took = time.monotonic() - begin
        print("# found %.1f s after it was logged" % took)
        equal(sorted({s["host"] for s in hub.sessions("--limit", "1000")}),
              ["db-01", "web-01"])
        hub.run("verify")
        # Size, root, the host's signature and the hub's.
        wait_for("the hub's signature", lambda: " hub " in note_of(web))
        note = note_of(web).splitlines()
        equal(note[0], "events:web-01")
        equal(len([line for line in note if line.startswith("\u2014")]), 2)
        equal({h.split()[1] for h in
               hub.hub("hosts").stdout.splitlines()[1:]}, {"db-01", "web-01"})
        web.stop()
        db.stop()
        hub.stop()
        hub.run("verify")
        hub.run("reindex")
        equal(hub.ports("web-01"), web.wanted())


@case
def joins_once():
    """A token lets in one host, once; another hub's, or a late one, none"""
    with Hub().start() as hub, Hub().start() as other, \
            Host("web-01") as web, Host("db-01") as db:
        token = hub.token()
        web.enroll(hub, token)
        check("was used" in db.enroll(hub, token, expect=4), "twice")
        check("not the hub" in db.enroll(hub, other.token(), expect=4),
              "of another hub")
        late = hub.token("--valid", "1us")
        check("expired" in db.enroll(hub, late, expect=4), "late")
        check("no token" in db.enroll(hub, "abc", expect=4), "none")
        # With a clock by which no certificate of the hub is good.
        for offset, there in ("-400d", "ahead"), ("+90000d", "behind"):
            told = db.run("enroll", hub.url, hub.token(), expect=4,
                          env=other_clock(FAKETIME=offset)).stderr.decode()
            check("the hub is " in told and there + " of it" in told and
                  "timedatectl" in told, told)
        db.name = "web-01"
        taken = db.enroll(hub, expect=4)
        check("another host, or this hub, is" in taken, taken)
        # The same host again, as after its certificate was lost.
        web.enroll(hub)
        web.start().log_in(3)
        wait_arrived(hub, web)


@case
def shuts_out():
    """A revoked host is refused at once, and comes back with a new token"""
    with joined("web-01") as (hub, web):
        web.log_in(5)
        wait_arrived(hub, web)
        equal(hub.hub("revoke", "web-01").returncode, 0)
        web.log_in(5)
        wait_for("the refusal", lambda: "is shut out" in web.said())
        equal(len(hub.ports("web-01")), 5)
        web.stop()
        web.enroll(hub)
        web.start()
        wait_arrived(hub, web)


def client_file(host):
    return os.path.join(host.dir, "joined", "client.pem")


def certificate(host):
    """Serial number and end of what it shows to the hub."""
    said = subprocess.run(
        ["openssl", "x509", "-noout", "-serial", "-enddate", "-in",
         client_file(host)], capture_output=True, text=True, check=True).stdout
    return dict(line.split("=") for line in said.splitlines())


def grow_old(hub, host, since, left):
    """Its certificate as the hub would have made it `since` ago (days), valid
    for `left` more: signed anew by the hub's authority."""
    now = time.time()
    template = os.path.join(host.top, "template")
    when = [time.strftime("%Y-%m-%d %H:%M:%S UTC",
                          time.gmtime(now + days * 86400))
            for days in (-since, left)]
    with open(template, "w") as f:
        f.write('serial = 0x%s\nactivation_date = "%s"\n'
                'expiration_date = "%s"\nsigning_key\ntls_www_client\n' % (
                    certificate(host)["serial"], *when))
    authority = os.path.join(hub.dir, "hub", "ca")
    made = subprocess.run(
        ["certtool", "--update-certificate", "--load-certificate",
         client_file(host),
         "--load-ca-certificate", authority + ".crt", "--load-ca-privkey",
         authority + ".key", "--template", template],
        capture_output=True, text=True)
    equal(made.returncode, 0, made.stderr)
    with open(client_file(host)) as f:
        key = f.read().partition("-----END CERTIFICATE-----\n")[2]
    check("PRIVATE KEY" in key, "the key is not behind the certificate")
    with open(client_file(host), "w") as f:
        f.write(made.stdout[made.stdout.index("-----BEGIN"):] + key)


@case
def renews_in_time():
    """A certificate is renewed when a third is left; a late one is told"""
    with Hub().start() as hub, Host("web-01") as web, Host("db-01") as db:
        for host, left in (web, 2), (db, -0.01):
            host.enroll(hub)
            grow_old(hub, host, 7, left)
        old = certificate(web)
        web.start().log_in(3)
        db.start().log_in(3)
        wait_for("the new one", lambda: "is renewed" in web.said())
        wait_arrived(hub, web)
        new = certificate(web)
        check(new["serial"] != old["serial"] and
              new["notAfter"] != old["notAfter"], "%s %s" % (old, new))
        wait_for("what to do", lambda: "join again" in db.said())
        equal(hub.ports("db-01"), [])
        # What it has seen meanwhile comes once it has joined again.
        db.stop()
        db.enroll(hub)
        db.start()
        wait_arrived(hub, db)
        # With its new key it is known after a restart, too.
        web.stop()
        web.log_in(2)
        web.start()
        wait_arrived(hub, web)


@case
def ends_with_its_monitor():
    """A monitor that is killed leaves no shipper behind"""
    with joined("web-01") as (hub, web):
        shipper = wait_for("the shipper", web.shipper)
        web.log_in(1)
        wait_arrived(hub, web)
        web.process.kill()
        web.process.wait()
        web.process = None
        wait_for("its end", lambda: not os.path.exists("/proc/%d" % shipper))


@case
def waits_for_the_hub():
    """No hub at the start, and across a restart of the host: all arrives"""
    with joined("web-01") as (hub, web):
        hub.stop()
        web.log_in(20)
        web.wait_for_own()
        web.stop()
        web.log_in(20)
        web.start().log_in(20)
        web.wait_for_own()
        hub.start()
        wait_arrived(hub, web)
        hub.run("verify")


@case
def tells_silence():
    """A host that is stopped, and comes back: both are told"""
    with Hub() as hub, Host("web-01") as web:
        with open(hub.config, "a") as f:
            f.write("silence: 3s\n")
        hub.start()
        web.enroll(hub)
        web.start().log_in(2)
        wait_arrived(hub, web)
        web.kill()
        wait_for("the alert", lambda: [a for a in hub.alerts() if
                 (a["op"], a["host"]) == ("silent", "web-01")])
        web.start()
        wait_for("its return", lambda: [a for a in hub.alerts() if
                 (a["op"], a["host"]) == ("back", "web-01")])


def proves(hub, host, chains):
    """Evidence of a host is made, and proved by what is in it."""
    bundle = os.path.join(hub.dir, "..", "evidence")
    made = subprocess.run(
        [*hub.command("export", "--evidence", "--host", host), "-o", bundle],
        capture_output=True, text=True)
    equal(made.returncode, 0, made.stderr)
    told = subprocess.run(
        [sys.executable, "-B", os.path.join(bundle, "verify_evidence.py"),
         "--key", "@" + os.path.join(hub.dir, "keys", "host.pub")],
        capture_output=True, text=True).stdout
    check("all of it is proved" in told, told)
    for chain in chains:
        check("\n" + chain in told, told)


@case
def tells_a_fork():
    """A store restored from a copy: refused, told, both sides' evidence kept"""
    with joined("web-01") as (hub, web):
        web.log_in(10)
        wait_arrived(hub, web)
        web.stop()
        copy = web.dir + ".copy"
        shutil.copytree(web.dir, copy)
        kept = web.logged
        web.start().log_in(10)
        wait_arrived(hub, web)
        web.stop()
        before = hub.ports("web-01")
        shutil.rmtree(web.dir)
        os.rename(copy, web.dir)
        # Another past: the log, too, was restored.
        with open(web.log, "w"):
            pass
        web.start()
        web.log_in(30)
        wait_for("the refusal", lambda: "restored" in web.said() or
                 "not the one that is kept" in web.said())
        wait_for("the alarm", lambda: [a for a in hub.alerts()
                                       if a.get("op") == "fork"], 90)
        equal(hub.ports("web-01"), before)
        check(kept < len(before), "nothing was new")
        hub.run("verify")
        web.run("verify")
        # Its other past is taken beside the one that is kept.
        check("forked" in hub.hub("hosts").stdout, "not in the list")
        equal(hub.hub("resolve", "web-01").returncode, 0)
        web.stop()
        web.start().log_in(5)
        both = web.wanted()
        wait_for("both pasts", lambda: hub.ports("web-01") == both)
        wait_for("the acknowledgement", lambda: note_of(web).splitlines()[
            1:2] >= [str(web.lines("verify")[0]["frames"])])
        check("joined" in hub.hub("hosts").stdout, "still forked")
        said = [e["reason"] for e in hub.found("search", "--all", "--kind",
                                               "config")
                if e["op"] == "history"]
        check(any("events:web-01:2" in r for r in said), said)
        check("they are those of events:web-01" in
              hub.run("verify").stdout.decode(), "the hole is not told")
        hub.stop()
        proves(hub, "web-01", ["events:web-01:", "events:web-01:2:"])
        hub.run("reindex")
        equal(hub.ports("web-01"), both)


@case
def fills_a_restored_hub():
    """A hub restored from a backup: told by the host, and filled again"""
    with joined("web-01") as (hub, web):
        web.log_in(10)
        wait_arrived(hub, web)
        hub.stop()
        copy = hub.dir + ".copy"
        subprocess.run(["cp", "-a", hub.dir, copy], check=True)
        hub.start()
        web.log_in(10)
        wait_arrived(hub, web)
        wait_for("the acknowledgement",
                 lambda: note_of(web).splitlines()[1:2] >= ["21"])
        hub.stop()
        shutil.rmtree(hub.dir)
        os.rename(copy, hub.dir)
        hub.start()
        web.log_in(1)
        wait_arrived(hub, web)
        wait_for("that it is told", lambda: "has signed" in web.said())
        hub.run("verify")


def health(hub):
    context = ssl.create_default_context(
        cafile=os.path.join(hub.dir, "hub", "ca.crt"))
    try:
        with urllib.request.urlopen(hub.url + "/v1/health",
                                    context=context) as answer:
            return json.load(answer)["state"]
    except urllib.error.HTTPError as e:
        return json.load(e)["state"]


@case
def outlives_a_full_disk():
    """No room at the hub: refused, told, and what hosts kept arrives"""
    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(Hub(mebibytes=64)).start()
        web = stack.enter_context(Host("web-01"))
        web.enroll(hub)
        web.start().log_in(10)
        wait_arrived(hub, web)
        # Little is left: hosts are refused, and people answered.
        hub.disk.fill(8 << 20)
        wait_for("its health", lambda: health(hub) == "no room")
        web.log_in(10)
        wait_for("the refusal", lambda: "hardly any room" in web.said())
        equal(len(hub.ports("web-01")), 10)
        hub.disk.make_room()
        wait_arrived(hub, web)
        # Nothing is left, which it learns in the middle of its work.
        for _ in range(2):
            hub.disk.fill()
            web.log_in(300)
            time.sleep(1.5)
            check(hub.process.poll() is None, hub.said())
            equal(health(hub), "no room")
            hub.disk.make_room()
            wait_arrived(hub, web)
        equal(health(hub), "good")
        rooms = [a["reason"] for a in hub.alerts() if a["op"] == "room"]
        check(any("hardly any" in r for r in rooms) and
              "room again" in rooms[0], rooms)
        hub.stop()
        hub.run("verify")
        hub.run("reindex")
        equal(hub.ports("web-01"), web.wanted())


class Proxy(threading.Thread):
    """An HTTP proxy that connects, and counts."""

    def __init__(self):
        super().__init__(daemon=True)
        import socket
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        self.connected = 0

    def run(self):
        import socket
        while True:
            client, _ = self.socket.accept()
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(1024)
            host, port = head.split()[1].rsplit(b":", 1)
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            self.connected += 1
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(a, b),
                                 daemon=True).start()

    @staticmethod
    def copy(a, b):
        with contextlib.suppress(OSError):
            while piece := a.recv(65536):
                b.sendall(piece)
        for s in (a, b):
            with contextlib.suppress(OSError):
                s.shutdown(2)


@case
def goes_through_a_proxy():
    """A hub that is reached through an HTTP proxy only"""
    proxy = Proxy()
    proxy.start()
    with Hub().start() as hub, Host("web-01") as web:
        web.run("enroll", hub.url, hub.token(), "--name", "web-01", "--proxy",
                proxy.url)
        equal(proxy.connected, 2)
        with open(web.config, "a") as f:
            f.write("hub: {proxy: '%s'}\n" % proxy.url)
        web.start().log_in(7)
        wait_arrived(hub, web)
        check(proxy.connected > 2, "it went elsewhere")


def kill_something(rng, hub, hosts):
    """What was killed; it runs again when this returns."""
    host = rng.choice(hosts)
    what = rng.choice(["hub", "hub", "shipper", "collector", "daemon"])
    if what == "hub":
        hub.kill()
        time.sleep(rng.uniform(0, 0.7))
        hub.start()
    elif what == "daemon":
        host.kill()
        host.start()
    elif what == "shipper":
        if host.shipper():
            os.kill(host.shipper(), signal.SIGKILL)
    elif time.monotonic() - host.collector_killed > 61:
        # Twice within a minute is no chance: the monitor would give up.
        host.collector_killed = time.monotonic()
        times = host.said().count("collecting into")
        os.kill(host.collector_pid(), signal.SIGKILL)
        host.wait_collecting(times + 1)
    return what if what == "hub" else "%s of %s" % (what, host.name)


@case
def outlives_kills():
    """Hub, shippers, collectors and daemons killed at random: all is there"""
    print("# SSHTRAIL_SEED=%d SSHTRAIL_ROUNDS=%d" % (SEED, ROUNDS))
    rng = random.Random(SEED)
    with joined("web-01", "db-01") as (hub, *hosts):
        for n in range(ROUNDS):
            for host in hosts:
                host.log_in(rng.randrange(1, 400))
            time.sleep(rng.uniform(0, 1.2))
            print("# %d: %s" % (n, kill_something(rng, hub, hosts)))
        for host in hosts:
            host.log_in(1)
        wait_arrived(hub, *hosts, seconds=120)
        hub.run("verify")
        for host in hosts:
            host.stop()
            host.run("verify")
        hub.stop()
        hub.run("verify")
        hub.run("reindex")
        for host in hosts:
            equal(hub.ports(host.name), host.wanted(), host.name)


main()
