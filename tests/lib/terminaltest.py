# SPDX-License-Identifier: Apache-2.0
"""For tests of terminals: a real sshd on loopback, and ssh under a terminal."""
import contextlib
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import termios

from daemontest import PATIENCE, wait_for
from trailtest import Skip

USER = "sshtrail-t"
TAPS = "audit: off, bpf: off, journal: off, wtmp: off, btmp: off, " \
    "terminals: auto"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sshd:
    """An sshd of its own on loopback, with a user of its own."""

    def __init__(self, top):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        for program in ("sshd", "ssh", "sftp", "ssh-keygen", "useradd"):
            if not shutil.which(program):
                raise Skip("program %s is not installed" % program)
        self.dir = os.path.join(top, "sshd")
        os.mkdir(self.dir)
        self.port = free_port()
        if subprocess.run(["useradd", "-m", "-s", "/bin/bash", USER],
                          capture_output=True).returncode != 0:
            raise Skip("user %s cannot be made" % USER)
        for name in ("hostkey", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", self.path(name)], check=True)
        shutil.copy(self.path("key.pub"), self.path("authorized"))
        for path in (self.dir, self.path("authorized")):
            os.chmod(path, 0o755)
        os.makedirs("/run/sshd", exist_ok=True)
        with open(self.path("config"), "w") as f:
            f.write("ListenAddress 127.0.0.1\nPort %d\nHostKey %s\n"
                    "PidFile none\nUsePAM yes\nStrictModes no\n"
                    "PrintMotd no\nPrintLastLog no\nPermitRootLogin yes\n"
                    "AuthorizedKeysFile %s\nSubsystem sftp internal-sftp\n"
                    "MaxStartups 100\n" % (
                        self.port, self.path("hostkey"),
                        self.path("authorized")))
        self.process = subprocess.Popen(
            [shutil.which("sshd"), "-D", "-e", "-f", self.path("config")],
            stdin=subprocess.DEVNULL,
            stdout=open(self.path("log"), "w"), stderr=subprocess.STDOUT)
        wait_for("sshd", self.answers)

    def path(self, name):
        return os.path.join(self.dir, name)

    def answers(self):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                return s.recv(4) == b"SSH-"

    def close(self):
        self.process.terminate()
        self.process.wait()
        subprocess.run(["pkill", "-KILL", "-u", USER], capture_output=True)
        subprocess.run(["userdel", "-rf", USER], capture_output=True)

    def command(self, *args, program="ssh", user=USER):
        return [program, "-P" if program == "sftp" else "-p", str(self.port),
                "-i", self.path("key"), "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=" + self.path("known"),
                "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", *args[:-1],
                "%s@127.0.0.1" % user, *args[-1:]]


def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """ssh -tt under a terminal of ours, its output in a file."""

    def __init__(self, sshd, command, size=(24, 80), user=USER):
        self.master, slave = os.openpty()
        self.resize(*size)
        self.out = sshd.path("out.%d" % self.master)
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                [a for a in sshd.command("-tt", command, user=user) if a],
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
