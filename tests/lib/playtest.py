# SPDX-License-Identifier: Apache-2.0
"""sshtrail play on a terminal of the test's own, which is python3-pyte's."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

from trailtest import Skip, check, equal

try:
    import pyte
except ImportError:
    pyte = None

PATIENCE = 60


class Player:
    """sshtrail play on a terminal of its own."""

    def __init__(self, store, *args, rows=24, cols=80, env=None, under=()):
        if not pyte:
            raise Skip("no python3-pyte")
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.seen = b""
        argv = [*under, *store.command("play", *args)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, {
                "PATH": os.environ["PATH"], "TERM": "xterm-256color",
                "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})})
        self.resize(rows, cols)
        self.before = termios.tcgetattr(self.fd)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))
        self.screen.resize(rows, cols)

    def read(self, seconds):
        """False: nothing came for so long, or it has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += got
        self.stream.feed(got)
        return got != b""

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def status(self):
        return self.screen.display[-1].strip()

    def wait(self, *wanted, without=()):
        """Until all that stands on the screen, and none of `without`."""
        end = time.monotonic() + PATIENCE
        while not (all(re.search(w, self.text()) for w in wanted) and
                   not any(w in self.text() for w in without)):
            check(time.monotonic() < end, "waited for %r, but not %r; it "
                  "shows:\n%s" % (wanted, without, self.text()))
            self.read(0.2)

    def press(self, keys, *wanted, without=()):
        os.write(self.fd, keys.encode())
        if wanted or without:
            self.wait(*wanted, without=without)

    def end(self, keys="q"):
        """Its status; the terminal must be as it was."""
        if keys:
            self.press(keys)
        while self.read(PATIENCE):
            pass
        status = os.waitpid(self.pid, 0)[1]
        equal(termios.tcgetattr(self.fd), self.before, "the terminal")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)
