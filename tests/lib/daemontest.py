# SPDX-License-Identifier: Apache-2.0
"""What tests of sshtraild share: the daemon with a store and log of its own."""
import contextlib
import json
import os
import pwd
import socket
import subprocess
import threading
import time

import trailtest
from trailtest import Skip, Store, check, equal

SSHTRAILD = os.environ.get("SSHTRAILD", "sshtraild")
HOST = "bastion01"
# How much longer than on an idle machine things may take.
PATIENCE = float(os.environ.get("SSHTRAIL_PATIENCE", "1"))


def use_build(build):
    """Its programs, whatever the environment says."""
    global SSHTRAILD
    trailtest.SSHTRAIL = os.path.join(build, "src/cli/sshtrail")
    SSHTRAILD = os.path.join(build, "src/agent/sshtraild")


def user_to_be():
    """An unprivileged account that every Debian has; None: we are not root."""
    return "daemon" if os.geteuid() == 0 else None


# How long a thread waits where the test does not say.
_waits = threading.local()


@contextlib.contextmanager
def waits_of(seconds):
    """Of this thread, but where they are asked for."""
    _waits.seconds = seconds
    try:
        yield
    finally:
        del _waits.seconds


class ServiceManager:
    """What sd_notify(3) speaks to: a socket in the directory `top`."""

    def __init__(self, top):
        self.path = os.path.join(top, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.socket.settimeout(20 * PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.socket.close()

    @contextlib.contextmanager
    def called(self):
        """Who is started here is told of it."""
        os.environ["NOTIFY_SOCKET"] = self.path
        try:
            yield
        finally:
            del os.environ["NOTIFY_SOCKET"]

    def told(self):
        """The next that it is told."""
        return self.socket.recv(4096).decode()


def wait_for(what, condition, seconds=None):
    seconds = (seconds or getattr(_waits, "seconds", 60)) * PATIENCE
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        got = condition()
        if got:
            return got
        # To ask takes from those who are waited for: half of the time at most.
        time.sleep(min(max(0.05, time.monotonic() - begin), 1))
    raise AssertionError("waited %d s for %s" % (seconds, what))


class Disk:
    """A small file system in memory, for a store that fills it."""

    def __init__(self, path, mebibytes):
        self.path = path
        if os.geteuid() != 0:
            raise Skip("only root can mount one")
        os.makedirs(path, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=%dm,mode=700,uid=%d" % (
                mebibytes, pwd.getpwnam(user_to_be()).pw_uid), "none", path],
            capture_output=True, text=True)
        if done.returncode:
            raise Skip("mount: " + done.stderr.strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)

    def free(self):
        fs = os.statvfs(self.path)
        return fs.f_bavail * fs.f_frsize

    def fill(self, leave=0):
        """Until so many bytes are left."""
        piece = b"x" * 65536
        with open(os.path.join(self.path, "filler"), "ab", 0) as f:
            with contextlib.suppress(OSError):
                while self.free() > leave:
                    f.write(piece)

    def make_room(self):
        os.unlink(os.path.join(self.path, "filler"))


class Daemon(Store):
    """sshtraild with a store, socket and log file of its own."""

    def __init__(self, taps="audit: off, bpf: off, journal: off, wtmp: off, "
                 "btmp: off"):
        super().__init__()
        self.under = ()  # what stands before the program
        os.chmod(self.top, 0o755)
        self.log = os.path.join(self.top, "auth.log")
        self.socket = os.path.join(self.top, "run", "control")
        self.config = os.path.join(self.top, "sshtraild.yml")
        self.out = open(os.path.join(self.top, "out"), "w+")
        self.process = None
        self.configure(taps)
        open(self.log, "a").close()
        os.chmod(self.log, 0o644)

    def configure(self, taps, more=""):
        user = user_to_be()
        # Of these there is one on a machine, and other tests have it, too.
        for tap in "terminals", "rec":
            if tap + ":" not in taps:
                taps += ", %s: off" % tap
        with open(self.config, "w") as f:
            f.write("host: %s\nstore: %s\nsocket: %s\n%s%s"
                    "taps: {auth_log: %s, %s}\n" % (
                        HOST, self.dir, self.socket,
                        "user: %s\n" % user if user else "", more, self.log,
                        taps))

    def start(self, program=None):
        said = self.said().count("collecting into")
        self.process = subprocess.Popen(
            [*self.under, program or SSHTRAILD, "--config", self.config],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out)
        self.wait_collecting(said + 1)
        return self

    def wait_collecting(self, times):
        wait_for("the collector", lambda: self.process.poll() is not None or
                 self.said().count("collecting into") >= times)
        check(self.process.poll() is None, "it ended: " + self.said())

    def said(self):
        with open(self.out.name) as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(timeout=30 * PATIENCE), 0, "exit: " + self.said())
        self.process = None

    def __exit__(self, *args):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.out.close()
        super().__exit__(*args)

    def collector(self):
        """Its pid."""
        with open("/proc/%d/task/%d/children" % (
                self.process.pid, self.process.pid)) as f:
            return int(f.read().split()[0])

    def found(self, *args):
        """JSON objects that a query prints; none is no failure."""
        done = self.run(*args, "--json", expect=None)
        check(done.returncode in (0, 1), done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self):
        return json.loads(self.run("status", "--json", "--socket",
                                   self.socket).stdout)

    def tap(self, name):
        """What status tells of it."""
        tap, = (t for t in self.status()["taps"] if t["tap"] == name)
        return tap

    def pids(self):
        """Monitor and collector."""
        return [self.process.pid, self.collector()]

    def log_logins(self, first, n):
        with open(self.log, "a") as f:
            for i in range(first, first + n):
                f.write("2026-11-2%dT10:%02d:%02d.000000+00:00 %s sshd[%d]: "
                        "Accepted publickey for ann from 192.0.2.1 port %d "
                        "ssh2: ED25519 SHA256:%043d\n" % (
                            1 + i // 3600, i // 60 % 60, i % 60, HOST,
                            1000 + i, 20000 + i, 7))

    def logins(self):
        with contextlib.suppress(AssertionError):
            return sorted(e["port"] for e in self.events(
                "--kind", "auth.ok", "--limit", "100000"))
        return []

    def wait_logins(self, n):
        wait_for("%d logins" % n, lambda: len(self.logins()) >= n)
        equal(self.logins(), list(range(20000, 20000 + n)), "ports")
