# SPDX-License-Identifier: Apache-2.0
"""A host to be watched: sshd and sshtraild of our own, on loopback."""
import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError("waited %d s for %s" % (seconds, what))


def why_not():
    """Why no such host can be here, or None."""
    if os.geteuid() != 0:
        return "only root can start sshd with PAM and load bpf programs"
    for program in ("sshd", "ssh", "ssh-keygen", "useradd"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            return "program %s is not installed" % program
    with open("/etc/pam.d/sshd") as f:
        if "pam_loginuid" not in f.read():
            return "/etc/pam.d/sshd has no pam_loginuid: no login uid is set"
    return None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class LoginRecords:
    """What sshd adds to wtmp and btmp in the meantime is taken away again."""
    FILES = ("/var/log/wtmp", "/var/log/btmp")

    def __enter__(self):
        self.sizes = {name: os.path.getsize(name) for name in self.FILES
                      if os.path.exists(name)}
        return self

    def __exit__(self, *_):
        for name, size in self.sizes.items():
            if os.path.getsize(name) > size:
                os.truncate(name, size)


class Sshd:
    """A real sshd on a port of its own; a user of its own, and root, can log
    in with its key."""

    def __init__(self, user, more=""):
        self.user, self.more = user, more
        self.port = free_port()
        self.process = None

    def __enter__(self):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(self.user)
            raise AssertionError("there is a user %s already" % self.user)
        self.records = LoginRecords().__enter__()
        self.dir = tempfile.mkdtemp(prefix="sshtrail-sshd.")
        os.chmod(self.dir, 0o755)
        try:
            self.make_user()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def make_user(self):
        self.home = os.path.join(self.dir, "home")
        subprocess.run(["useradd", "-m", "-d", self.home, "-s", "/bin/bash",
                        self.user], check=True, capture_output=True)
        for name in ("key", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", os.path.join(self.dir, name)], check=True)

    def start(self):
        config = os.path.join(self.dir, "sshd_config")
        with open(config, "w") as f:
            f.write("ListenAddress 127.0.0.1\nListenAddress ::1\nPort {0}\n"
                    "HostKey {1}/host\nPidFile none\nUsePAM yes\n"
                    "AuthorizedKeysFile {1}/key.pub\nStrictModes no\n"
                    "PermitRootLogin yes\n"
                    "MaxStartups 1000\nMaxSessions 100\nLogLevel VERBOSE\n"
                    "PrintMotd no\nSubsystem sftp internal-sftp\n{2}".format(
                        self.port, self.dir, self.more))
        os.makedirs("/run/sshd", exist_ok=True)
        self.log = open(os.path.join(self.dir, "log"), "w")
        sshd = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen(
            [sshd, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)
        wait_for("sshd", self.answers)

    def answers(self):
        assert self.process.poll() is None, "sshd ended"
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                return s.recv(4) == b"SSH-"
        return False

    def ssh(self, *args, user=None, addr="127.0.0.1", port=None):
        """The command that logs in: options of ssh, and the command there."""
        return ["ssh", "-p", str(port or self.port), "-i", self.dir + "/key",
                "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                "-o", "UserKnownHostsFile=" + self.dir + "/known",
                "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", *args[:-1],
                "%s@%s" % (user or self.user, addr), *args[-1:]]

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.log.close()
        subprocess.run(["pkill", "-KILL", "-u", self.user],
                       capture_output=True)
        subprocess.run(["userdel", "-f", self.user], capture_output=True)
        self.records.__exit__()
        shutil.rmtree(self.dir, ignore_errors=True)


COLLECTS = "collecting into"


class Watch:
    """sshtraild with a store of its own."""

    def __init__(self, build, taps):
        self.build, self.taps, self.process = build, taps, None

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="sshtrail-watch.")
        os.chmod(self.dir, 0o755)
        self.store = os.path.join(self.dir, "store")
        self.socket = os.path.join(self.dir, "run", "control")
        config = os.path.join(self.dir, "sshtraild.yml")
        with open(config, "w") as f:
            f.write("host: bench\nstore: %s\nsocket: %s\nuser: daemon\n"
                    "group: daemon\ntaps: {%s}\n" % (
                        self.store, self.socket, self.taps))
        self.out = open(os.path.join(self.dir, "out"), "w+")
        self.config = config
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.times = self.said().count(COLLECTS)
        self.process = subprocess.Popen(
            [os.path.join(self.build, "src/agent/sshtraild"), "-c",
             self.config], stdin=subprocess.DEVNULL, stdout=self.out,
            stderr=self.out)
        wait_for("sshtraild", self.collects)

    def said(self):
        with open(self.out.name) as f:
            return f.read()

    def collects(self):
        assert self.process.poll() is None, "it ended: " + self.said()
        return self.said().count(COLLECTS) > self.times

    def run(self, *args):
        return subprocess.run(
            [os.path.join(self.build, "src/cli/sshtrail"), args[0], "--store",
             self.store, *args[1:]], capture_output=True, text=True)

    def lines(self, *args):
        done = self.run(*args, "--json")
        assert done.returncode in (0, 1), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self):
        return json.loads(subprocess.run(
            [os.path.join(self.build, "src/cli/sshtrail"), "status", "--json",
             "--socket", self.socket], check=True, capture_output=True,
            text=True).stdout)

    def pids(self):
        """Monitor and collector."""
        pid = self.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [pid, *map(int, f.read().split())]

    def cpu(self):
        """Seconds of processor time that it took so far."""
        ticks = 0
        for pid in self.pids():
            with open("/proc/%d/stat" % pid) as f:
                ticks += sum(map(int, f.read().rsplit(")", 1)[1]
                                 .split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Bytes of memory; what is mapped twice or shared counts once."""
        total = 0
        for pid in self.pids():
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total += sum(int(line.split()[1]) * 1024 for line in f
                             if line.startswith("Pss:"))
        return total

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, self.said()
        self.process = None

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.out.close()
        shutil.rmtree(self.dir, ignore_errors=True)
