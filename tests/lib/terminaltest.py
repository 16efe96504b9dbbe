# SPDX-License-Identifier: Apache-2.0
"""What tests of recordings share: ssh under a terminal whose window changes,
and a daemon that records what it shows."""
import contextlib
import fcntl
import json
import os
import shutil
import struct
import subprocess
import termios

from daemontest import PATIENCE, Daemon, wait_for
from sshdtest import Sshd
from trailtest import Skip

NAME = "sshtrail-t"
TAPS = "audit: off, bpf: off, journal: off, wtmp: off, btmp: off, " \
    "terminals: auto"
# root's too; and nothing that sshd itself would show.
SSHD = "PrintMotd no\nPrintLastLog no\nPermitRootLogin yes\n" \
    "StrictModes no\nAuthorizedKeysFile .ssh/authorized_keys %s\n"


def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Window:
    """ssh -tt under a terminal of ours; what it gets lies in a file."""

    def __init__(self, sshd, command, size=(24, 80), user=None, options=()):
        self.master, slave = os.openpty()
        self.resize(*size)
        self.out = sshd.path("window.%d" % self.master)
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                sshd.command(user or sshd.person, command, key=sshd.person.key,
                             options=("-tt", *options)),
                stdin=slave, stdout=out, stderr=subprocess.DEVNULL,
                preexec_fn=own_terminal)
        os.close(slave)

    def resize(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, text):
        os.write(self.master, text)

    def got(self):
        with open(self.out, "rb") as f:
            return f.read()

    def wait_for(self, text):
        wait_for(repr(text), lambda: text in self.got())

    def end(self):
        self.process.wait(timeout=60 * PATIENCE)
        os.close(self.master)
        return self.got()


def need_terminals(daemon):
    tap, = (t for t in daemon.status()["taps"] if t["tap"] == "terminals")
    if not tap["open"]:
        raise Skip(tap["note"])
    print("# terminals are watched " + tap["note"], flush=True)


@contextlib.contextmanager
def recording_host(more="", start=True):
    """A daemon that records, and an sshd with a person who may log in."""
    if os.geteuid() != 0:
        raise Skip("only root can load programs into the kernel")
    with Daemon(TAPS) as daemon:
        daemon.configure(TAPS, more)
        keys = os.path.join(daemon.top, "keys")
        if start:
            daemon.start()
            need_terminals(daemon)
        # The daemon's own log is its auth-log: it must not tell these logins.
        with Sshd(os.path.join(daemon.top, "syslog"), SSHD % keys) as sshd:
            sshd.person = sshd.user(NAME)
            shutil.copy(sshd.person.key + ".pub", keys)
            os.chmod(keys, 0o644)
            yield daemon, sshd


def told(daemon, sshd, kind, auid=None):
    """Of this person: another sshd of the host is recorded, too."""
    auid = sshd.person.uid if auid is None else auid
    done = daemon.run("search", "--all", "--json", "--oldest-first", "--kind",
                      kind, "--limit", "1000", expect=None).stdout
    return [e for e in map(json.loads, done.splitlines())
            if e.get("auid") == auid]


def wait_closed(daemon, sshd, n):
    wait_for("%d recordings" % n,
             lambda: len(told(daemon, sshd, "channel.close")) >= n)
    got = told(daemon, sshd, "channel.close")
    if len(got) != n:
        raise AssertionError("%d recordings, not %d" % (len(got), n))
    return got


def export(daemon, event, form="raw", expect=0):
    return daemon.run("export", event["session"], "--format", form,
                      "--recording", str(event["recording"]),
                      expect=expect).stdout


def cast(daemon, event):
    lines = export(daemon, event, "asciicast").decode().splitlines()
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def of_kind(lines, code):
    return [e[2] for e in lines if e[1] == code]
