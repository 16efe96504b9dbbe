# SPDX-License-Identifier: Apache-2.0
"""What tests of sshtrail-hub share: a hub on loopback, and hosts that ship."""
import atexit
import contextlib
import functools
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

import daemontest
from daemontest import PATIENCE, Daemon, Disk, user_to_be, wait_for
from trailtest import SSHTRAIL, Skip, Store, check, equal

SSHTRAIL_HUB = os.environ.get("SSHTRAIL_HUB", "sshtrail-hub")


def use_build(build):
    """Its programs, whatever the environment says."""
    global SSHTRAIL_HUB, SSHTRAIL
    SSHTRAIL_HUB = os.path.join(build, "src/hub/sshtrail-hub")
    SSHTRAIL = os.path.join(build, "src/cli/sshtrail")


def other_clock(**settings):
    """The environment of a program that is to have another time: by FAKETIME,
    or what else libfaketime is told."""
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        raise Skip("faketime is not installed")
    return {"LD_PRELOAD": found[0], "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0",
            **settings}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@functools.cache
def within_reach(user):
    """The hub's program and sshtrail: copies where the user cannot get at
    them, as in a checkout below /root."""
    names = (SSHTRAIL_HUB, SSHTRAIL, SSHTRAIL + "-net")
    if not user or subprocess.run(["test", "-x", SSHTRAIL_HUB], user=user,
                                  group=user, extra_groups=[]).returncode == 0:
        return names[:2]
    top = tempfile.mkdtemp(prefix="sshtrail-test.")
    atexit.register(shutil.rmtree, top)
    os.chmod(top, 0o755)
    copies = [os.path.join(top, os.path.basename(name)) for name in names]
    for name, copy in zip(names, copies):
        shutil.copy(name, copy)
    return copies[:2]


class Hub(Store):
    """sshtrail-hub with a store of its own, as a user without rights; on a
    disk of so many MiB."""

    def __init__(self, address="127.0.0.1", name="localhost", mebibytes=0):
        super().__init__()
        self.disk = Disk(self.dir, mebibytes) if mebibytes else None
        self.under = ()  # what stands before the program
        self.user = user_to_be()
        self.rights = {"user": self.user, "group": self.user,
                       "extra_groups": []} if self.user else {}
        os.chmod(self.top, 0o755)
        if self.user:
            os.chown(self.top, pwd.getpwnam(self.user).pw_uid, -1)
        self.program, self.cli = within_reach(self.user)
        self.port = free_port()
        self.url = "https://%s:%d" % (name, self.port)
        self.config = os.path.join(self.top, "hub.yml")
        self.out = open(os.path.join(self.top, "out"), "w+")
        self.process = None
        with open(self.config, "w") as f:
            f.write("name: hub\nstore: %s\nlisten:\n  address: %s\n"
                    "  port: %d\n" % (self.dir, address, self.port))
        equal(self.hub("init", self.dir, name).returncode, 0)

    def command(self, *args):
        return [self.cli, *super().command(*args)[1:]]

    def hub(self, *args):
        return subprocess.run(
            [self.program, "--config", self.config, *args], **self.rights,
            capture_output=True, text=True, timeout=60 * PATIENCE)

    def start(self):
        said = self.said().count("listening at")
        self.process = subprocess.Popen(
            [*self.under, self.program, "--config", self.config, "serve"],
            **({} if self.under else self.rights), stdin=subprocess.DEVNULL,
            stdout=self.out, stderr=self.out)
        wait_for("the hub", lambda: self.process.poll() is not None or
                 self.said().count("listening at") > said)
        check(self.process.poll() is None, "it ended: " + self.said())
        return self

    def said(self):
        with open(self.out.name) as f:
            return f.read()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(timeout=30 * PATIENCE), 0, self.said())
        self.process = None

    def __exit__(self, *args):
        if self.process:
            self.kill()
        self.out.close()
        if self.disk:
            self.disk.__exit__()
        super().__exit__(*args)

    def token(self, *args):
        done = self.hub("token", *args)
        equal(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def found(self, *args):
        """JSON objects that a query prints; none is no failure."""
        done = self.run(*args, "--json", expect=None)
        check(done.returncode in (0, 1), done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ports(self, host):
        """Of the logins that it has of a host."""
        return sorted(e["port"] for e in self.found(
            "search", "--all", "--host", host, "--kind", "auth.ok", "--limit",
            "1000000"))

    def alerts(self):
        return self.found("search", "--all", "--kind", "alert")


class Host(Daemon):
    """A host that ships; its log tells of logins, from port 20000 on."""

    def __init__(self, name, **kwargs):
        self.name = name
        self.logged = 0
        self.collector_killed = -1000
        super().__init__(**kwargs)

    def configure(self, taps, more=""):
        super().configure(taps, more)
        with open(self.config) as f:
            text = f.read()
        with open(self.config, "w") as f:
            f.write(text.replace("host: " + daemontest.HOST,
                                 "host: " + self.name))

    def enroll(self, hub, token=None, expect=0):
        """What it said."""
        done = self.run("enroll", hub.url, token or hub.token(), "--name",
                        self.name, expect=expect)
        return done.stderr.decode()

    def log_in(self, n):
        """So many more people log in."""
        with open(self.log, "a") as f:
            for i in range(self.logged, self.logged + n):
                f.write("2026-11-2%dT%02d:%02d:%02d.000000+00:00 %s "
                        "sshd[%d]: Accepted publickey for ann from 192.0.2.1 "
                        "port %d ssh2: ED25519 SHA256:%043d\n" % (
                            1 + i // 86400, i // 3600 % 24, i // 60 % 60,
                            i % 60, self.name, 1000 + i, 20000 + i, 7))
        self.logged += n

    def wanted(self):
        return list(range(20000, 20000 + self.logged))

    def wait_for_own(self):
        """All that it logged is in its own store."""
        wait_for("%d logins" % self.logged, lambda: len(self.found(
            "search", "--all", "--kind", "auth.ok", "--limit", "1000000")) >=
            self.logged)

    def child(self, name):
        """Pid of its process of that name, or None."""
        for pid in children_of(self.process.pid):
            with contextlib.suppress(OSError):
                with open("/proc/%d/comm" % pid) as comm:
                    if comm.read().strip() == name:
                        return pid
        return None

    def shipper(self):
        return self.child("sshtrail-ship")

    def collector_pid(self):
        return wait_for("the collector",
                        lambda: self.child("sshtrail-coll"))

    def kill(self):
        """The daemon whole, as a power failure would."""
        pids = [self.process.pid] + children_of(self.process.pid)
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        for pid in pids:
            wait_for("the end of %d" % pid, lambda: has_ended(pid))


def has_ended(pid):
    """Whoever is the first process may take its time to ask for its status."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def children_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(child) for child in f.read().split()]


def wait_arrived(hub, *hosts, seconds=60):
    for host in hosts:
        wait_for("%d logins of %s" % (host.logged, host.name),
                 lambda: len(hub.ports(host.name)) >= host.logged, seconds)
        equal(hub.ports(host.name), host.wanted(), host.name)
