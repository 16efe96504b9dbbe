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
import sys
import termios

from daemontest import PATIENCE, wait_for
from sshdtest import watched_host
from trailtest import equal

NAME = "sshtrail-t"
TAPS = "audit: off, journal: off, wtmp: off, btmp: off, " \
    "terminals: auto"
# What an sshd asks, which is no command's, and what play_socketpairs() runs.
ASKED = "asked-by-sshd"
SOCKETS = "echo out; echo err >&2; read x; echo $x; exit 5"


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


def recording_host(more="", start=True, sshd_more=""):
    """A daemon that records, and an sshd with a person who may log in."""
    return watched_host(NAME, TAPS, more, start, sshd_more=sshd_more)


@contextlib.contextmanager
def one_connection(sshd):
    """Options of ssh for channels of one connection, which ends with this."""
    options = ("-o", "ControlPath=" + sshd.path("mux"))
    master = subprocess.Popen(
        sshd.command(sshd.person, options=(
            "-o", "ControlMaster=yes", *options, "-N")),
        stdin=subprocess.DEVNULL)
    try:
        wait_for("the master", lambda: os.path.exists(sshd.path("mux")))
        yield options
    finally:
        master.terminate()
        master.wait()


FAKE = r"""
import os, socket, sys
# What pam_exec(8) does with expose_authtok and stdout.
asked, told = os.pipe(), os.pipe()
if os.fork() == 0:
    os.setsid()
    for end, fd in ((asked[0], 0), (told[1], 1), (told[1], 2)):
        os.dup2(end, fd)
    os.execv("/bin/echo", ["echo", sys.argv[3]])
os.close(told[1])
assert os.read(told[0], 100) == sys.argv[3].encode() + b"\n"
os.wait()
# What an sshd without USE_PIPES does, see do_exec_no_pty() in its session.c.
pid = os.fork()
if pid:
    sys.exit(os.waitpid(pid, 0)[1])
with open("/proc/self/loginuid", "w") as f:
    f.write(sys.argv[1])
inout, errors = socket.socketpair(), socket.socketpair()
if os.fork() == 0:
    os.setsid()
    for end, fd in ((inout[1], 0), (inout[1], 1), (errors[1], 2)):
        os.dup2(end.fileno(), fd)
    os.execv("/bin/sh", ["sh", "-c", sys.argv[2]])
inout[1].close()
errors[1].close()
print(os.read(inout[0].fileno(), 100), os.read(errors[0].fileno(), 100))
os.write(inout[0].fileno(), b"more\n")
while os.read(inout[0].fileno(), 100) or os.read(errors[0].fileno(), 100):
    pass
os.wait()
"""


def play_socketpairs(sshd):
    """An sshd that asks pam_exec and was built without pipes, played by a
    script of ours: its child is one that sshd forked."""
    name = sshd.path("bin")
    os.mkdir(name)
    shutil.copy(os.path.realpath(sys.executable), os.path.join(name, "sshd"))
    return subprocess.Popen(
        [os.path.join(name, "sshd"), "-c", FAKE, str(sshd.person.uid),
         SOCKETS, ASKED],
        env={**os.environ, "PYTHONHOME": sys.prefix}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


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


def export(daemon, event, form="raw", expect=0, stream="both"):
    return daemon.run("export", event["session"], "--format", form,
                      "--recording", str(event["recording"]), "--stream",
                      stream, expect=expect).stdout


def stored(daemon):
    """All bytes of the store."""
    data = b""
    for top, _, names in os.walk(daemon.dir):
        for name in names:
            with open(os.path.join(top, name), "rb") as f:
                data += f.read()
    return data


def by_command(daemon, sshd):
    """Of each command the channel.open and channel.close, by the last of its
    arguments."""
    opens, closes = ({e["sid"]: e for e in told(daemon, sshd, kind)
                      if e["chan_type"] == "command"}
                     for kind in ("channel.open", "channel.close"))
    equal(sorted(opens), sorted(closes))
    return {e["argv"][-1]: (e, closes[sid]) for sid, e in opens.items()}


def cast(daemon, event):
    lines = export(daemon, event, "asciicast").decode().splitlines()
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def of_kind(lines, code):
    return [e[2] for e in lines if e[1] == code]
