# SPDX-License-Identifier: Apache-2.0
"""What tests of recordings share: ssh under a terminal whose window changes,
and a daemon that records what it shows."""
import fcntl
import json
import os
import struct
import subprocess
import termios

from daemontest import PATIENCE, wait_for
from sshdtest import watched_host

NAME = "sshtrail-t"
TAPS = "audit: off, journal: off, wtmp: off, btmp: off, " \
    "terminals: auto"


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


def recording_host(more="", start=True):
    """A daemon that records, and an sshd with a person who may log in."""
    return watched_host(NAME, TAPS, more, start)


def told(daemon, sshd, kind, auid=None):
    """Of this person: another sshd of the host is recorded, too."""
    auid = sshd.person.uid if auid is None else auid
    return [e for e in daemon.found("search", "--all", "--oldest-first",
                                    "--kind", kind, "--limit", "1000")
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
