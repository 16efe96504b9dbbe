# SPDX-License-Identifier: Apache-2.0
"""What tests of crashes and faults share: programs that are struck at a named
point (tests/lib/strike.c), and what must hold after whatever was done."""
import collections
import json
import os
import signal
import subprocess
import time

import daemontest
import hubtest
from daemontest import PATIENCE, wait_for
from hubtest import Host, Hub
from trailtest import SSHTRAIL, Skip, check, equal

STRIKE = os.environ.get("SSHTRAIL_STRIKE", "strike")
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")

# name: (process, call, file), as strike takes them. The call is not made where
# the process is killed: what is named was done just before.
AGENT = {
    "event-read": ("sshtrail-coll", "write", "*/trail/events:*.seg*"),
    "frame-written": ("sshtrail-coll", "sync", "*/trail/events:*.seg*"),
    "segment-begun": ("sshtrail-coll", "rename", "*/trail/events:*.seg"),
    "synced": ("sshtrail-coll", "open", "*/trail/events:*/checkpoint.*"),
    "signed": ("sshtrail-coll", "rename", "*/trail/events:*/checkpoint"),
    "seal-begun": ("sshtrail-coll", "write", "*/trail/events:*.zst*"),
    "seal-written": ("sshtrail-coll", "rename", "*/trail/events:*.zst"),
    "sealed": ("sshtrail-coll", "unlink", "*/trail/events:*.seg"),
    "reserve-taken": ("sshtrail-coll", "allocate", "*/trail/events:*/reserve"),
    "committing": ("sshtrail-coll", "write", "*/index/catalogue.db-wal"),
    "cursor-written": ("sshtrail-coll", "rename", "*/places"),
}
SHIPPER = {
    "batch-read": ("sshtrail-ship", "send", "socket:*"),
    "sent": ("sshtrail-ship", "recv", "socket:*"),
    "ack-read": ("sshtrail-ship", "open", "*joined/events:*.note.*"),
    "ack-applied": ("sshtrail-ship", "rename", "*joined/events:*.note"),
}
HUB = {
    "received": ("sshtrail-hub", "write", "*/trail/events:h*.seg*"),
    "hub-written": ("sshtrail-hub", "sync", "*/trail/events:h*.seg*"),
    "hub-segment-begun": ("sshtrail-hub", "rename", "*/trail/events:h*.seg"),
    "hub-stored": ("sshtrail-hub", "open", "*/writer.note.*"),
    "cosigned": ("sshtrail-hub", "rename", "*/writer.note"),
    "pre-ack": ("sshtrail-hub", "send", "socket:*"),
    "hub-signed": ("sshtrail-hub", "rename", "*/checkpoint"),
    "hub-committing": ("sshtrail-hub", "write", "*/index/catalogue.db-wal"),
    "output-read": ("sshtrail*", "write", "*/forwarded"),
    "output-sent": ("sshtrail*", "sync", "*/forwarded"),
    "output-cursor": ("sshtrail*", "rename", "*/outputs/f*"),
}
# These come only behind frames that are not signed. They are left by who is
# killed at:
UNSIGNED = {"segment-begun": "synced", "seal-begun": "synced",
            "seal-written": "synced", "sealed": "synced",
            "hub-segment-begun": "pre-ack"}
FAULTS = {"write": ("EIO", "ENOSPC", "short"), "sync": ("EIO", "ENOSPC"),
          "rename": ("EIO", "ENOSPC"), "open": ("EIO", "ENOSPC"),
          "allocate": ("ENOSPC", "EIO"), "unlink": ("EIO",)}


def faults_of(points):
    """(name, action) of all that can be done at them, but kill."""
    return [(name, action) for name, (_, call, _) in points.items()
            for action in FAULTS.get(call, ())]


def can_strike():
    done = subprocess.run([STRIKE, "-l", "/dev/null", "true/write/*/1",
                           "count", "/bin/true"], capture_output=True,
                          text=True)
    if done.returncode:
        raise Skip("ptrace: " + done.stderr.strip())


class Struck:
    """A program that runs under strike, or (point None) just so."""

    def __init__(self, top, name, argv, out, user=None, point=None,
                 action="kill", when=1):
        self.point, self.action = point, action
        self.log = os.path.join(top, "strike.log")
        if os.path.exists(self.log):
            os.unlink(self.log)
        self.name = name
        at = "/".join((*point, str(when))) if point else "none/send/none/1"
        self.process = subprocess.Popen(
            [STRIKE, *(["-u", user] if user else []), "-l", self.log, at,
             action, *argv], env=ENV, stdin=subprocess.DEVNULL, stdout=out,
            stderr=out)

    def struck(self):
        try:
            with open(self.log) as f:
                return f.read().split()[1:] == ["1"]
        except FileNotFoundError:
            return False

    def fail_power(self):
        self.process.send_signal(signal.SIGUSR1)
        self.process.wait(timeout=30 * PATIENCE)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.fail_power()

    def __enter__(self):
        return self


def strike_host(host, point=None, action="kill", when=1):
    return Struck(host.top, host.name,
                  [daemontest.SSHTRAILD, "--config", host.config], host.out,
                  None, point, action, when)


def strike_hub(hub, point=None, action="kill", when=1):
    return Struck(hub.top, "hub",
                  [hubtest.SSHTRAIL_HUB, "--config", hub.config, "serve"],
                  hub.out, hub.user, point, action, when)


class Forwarding(Hub):
    """A hub that writes what it knows to a file as well."""

    BATCH = 5

    def __init__(self):
        super().__init__()
        outputs = os.path.join(self.top, "outputs")
        self.forwarded = os.path.join(self.dir, "forwarded")
        os.mkdir(outputs)
        with open(os.path.join(outputs, "f.yml"), "w") as f:
            f.write("type: file\nformat: json\nfile: {path: %s}\npoll: 50ms\n"
                    "batch: {events: %d}\n" % (self.forwarded, self.BATCH))
        with open(self.config, "a") as f:
            f.write("outputs: {config: %s, program: %s}\n" % (
                outputs, SSHTRAIL))

    def sent(self):
        """Logins in the file: how often each (host, port)."""
        found = collections.Counter()
        try:
            with open(self.forwarded, "rb") as f:
                lines = f.read().split(b"\n")
        except FileNotFoundError:
            return found
        for line in lines[:-1]:
            event = json.loads(line)
            if event["kind"] == "auth.ok":
                found[event["host"], event["port"]] += 1
        return found


def acknowledged(host):
    """Frames of its events that a hub has cosigned."""
    try:
        with open(os.path.join(host.dir, "joined", "events:%s.note" %
                               host.name)) as f:
            return int(f.read().split("\n")[1])
    except FileNotFoundError:
        return 0


def kept(store, chain):
    """Frames that are signed there."""
    with open(os.path.join(store.dir, "trail", chain, "checkpoint")) as f:
        return int(f.read().split("\n")[1])


def check_all(hub, hosts, crashes):
    """Everything is there, once; what the outputs got at most a batch twice
    for each crash; all trees verify; what is new arrives."""
    for host in hosts:
        host.log_in(1)
    hubtest.wait_arrived(hub, *hosts, seconds=120)
    wanted = {(h.name, port) for h in hosts for port in h.wanted()}
    if isinstance(hub, Forwarding):
        wait_for("the output", lambda: set(hub.sent()) >= wanted, 60)
        sent = hub.sent()
        equal(set(sent), wanted, "sent")
        twice = sum(sent.values()) - len(sent)
        check(twice <= crashes * hub.BATCH, "sent twice: %d" % twice)
    for store in (hub, *hosts):
        store.run("verify")
    for host in hosts:
        equal(host.found_ports(), host.wanted(), host.name + " itself")
        chain = "events:" + host.name
        check(acknowledged(host) <= kept(hub, chain),
              "%s: %d acknowledged" % (host.name, acknowledged(host)))


class Victim(Host):
    def found_ports(self):
        return sorted(e["port"] for e in self.found(
            "search", "--all", "--kind", "auth.ok", "--limit", "1000000"))
