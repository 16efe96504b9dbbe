# SPDX-License-Identifier: Apache-2.0
"""Real programs on terminals of their own, and where recorders of terminals
write their files: TOP, which is gone after the test."""
import atexit
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import termios
import time
import tty

from trailtest import check

TOP = tempfile.mkdtemp(prefix="sshtrail-recordings.")
atexit.register(shutil.rmtree, TOP, ignore_errors=True)
PROMPT = b"ready> "
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": TOP, "TERM": "xterm",
       "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh", "PS1": PROMPT.decode(),
       "USER": "root", "LOGNAME": "root"}
# sudo and tlog-rec want files of the system that are of the test only.
OWN_FILES = "mount -t tmpfs none /run && touch /run/utmp && " \
    "mkdir -m 711 /run/sudo && mount --bind %s/sudoers /etc/sudoers && " \
    "%%sexec \"$@\"" % TOP


def own_terminal():
    """In the child: what is standard input becomes its terminal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def set_size(fd, rows, cols):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


class Screen:
    """A program on a terminal; `seen` is all that it wrote there."""

    def __init__(self, argv, raw=False):
        self.master, slave = os.openpty()
        if raw:
            tty.setraw(slave)
        set_size(self.master, 24, 80)
        self.name = os.ttyname(slave)
        self.seen, self.from_here = b"", 0
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=ENV, cwd=TOP,
            preexec_fn=own_terminal)
        os.close(slave)
        self.alarm = time.monotonic() + 60

    def read(self):
        """False: it has ended."""
        check(time.monotonic() < self.alarm, "%r hangs" % self.process.args)
        try:
            got = os.read(self.master, 65536)
        except OSError:
            got = b""
        self.seen += got
        return got != b""

    def wait(self, text):
        while text not in self.seen[self.from_here:]:
            check(self.read(), "ended behind %r" % self.seen[-500:])
        self.from_here = self.seen.index(text, self.from_here) + len(text)

    def end(self):
        """What it wrote; its status in `status`."""
        while self.read():
            pass
        os.close(self.master)
        self.status = self.process.wait()
        return self.seen


def name(*path):
    return os.path.join(TOP, *path)


def in_own_files(*argv, others=""):
    """The command, where /run and sudoers are name("sudoers")'s; `others`:
    what a shell does there before."""
    return ["unshare", "--mount", "sh", "-c", OWN_FILES % others, "sh", *argv]


def why_no_own_files():
    """Why in_own_files() cannot be, or None."""
    if os.geteuid() != 0:
        return "this is not root"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True,
                          text=True)
    return "no mounts of our own here: " + done.stderr.strip() \
        if done.returncode else None


def write_sudoers(text):
    with open(name("sudoers"), "w") as f:
        f.write(text)
    os.chmod(name("sudoers"), 0o440)
    os.chmod(TOP, 0o755)
