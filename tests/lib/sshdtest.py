# SPDX-License-Identifier: Apache-2.0
"""What tests with real logins share: an sshd with PAM on loopback, the syslog
daemon it logs to, users of the test's own, and their ssh."""
import contextlib
import os
import pwd
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

from daemontest import PATIENCE, Daemon, wait_for
from trailtest import Skip

# Whoever has it in /etc/passwd was made by a test, perhaps a killed one.
MADE_BY = "user of a test of sshtrail"
KEPT_FILES = ("/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog")
PROMPT = "ready> "
# Of a watched host: root's logins, too, and nothing that sshd itself would
# show.
WATCHED = "PrintMotd no\nPrintLastLog no\nPermitRootLogin yes\n" \
    "StrictModes no\nAuthorizedKeysFile .ssh/authorized_keys %s\n"


def need_programs(*names):
    for directory in ("/usr/sbin", "/sbin"):
        if directory not in os.environ["PATH"].split(":"):
            os.environ["PATH"] += ":" + directory
    for name in names:
        if not shutil.which(name):
            raise Skip("program %s is not installed" % name)


def run(*command, **kwargs):
    """What it printed; an error where it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, **kwargs)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command), done.stdout))
    return done.stdout


class User:
    """An account of the test, with a key of its own."""

    def __init__(self, name, keys, shell="/bin/bash"):
        self.name = name
        self.key = os.path.join(keys, name)
        self._remove_left_over()
        run("useradd", "-m", "-s", shell, "-c", MADE_BY, name)
        entry = pwd.getpwnam(name)
        self.uid, self.gid, self.home = entry.pw_uid, entry.pw_gid, entry.pw_dir
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
            name + "@laptop", "-f", self.key)
        with open(self.key + ".pub") as f:
            self.write(".ssh/authorized_keys", f.read(), 0o600)
        self.write(".bashrc", "PS1='%s'\n" % PROMPT)
        self.fingerprint = run("ssh-keygen", "-lf", self.key).split()[1]

    def _remove_left_over(self):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(self.name)
            if entry.pw_gecos != MADE_BY:
                raise Skip("there is a user %s on this machine" % self.name)
            self.uid = entry.pw_uid
            self.remove()

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        os.chown(os.path.dirname(path), self.uid, self.gid)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        os.chown(path, self.uid, self.gid)
        return path

    def set_password(self, password):
        subprocess.run(["chpasswd"], input="%s:%s\n" % (self.name, password),
                       text=True, check=True)

    def processes(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.stat("/proc/" + pid).st_uid == self.uid:
                    found.append(int(pid))
        return found

    def remove(self):
        def end():
            pids = self.processes()
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            return not pids
        wait_for("the end of what %s runs" % self.name, end)
        if shutil.which("crontab"):
            subprocess.run(["crontab", "-r", "-u", self.name],
                           capture_output=True)
        subprocess.run(["userdel", "-rf", self.name], capture_output=True)


class Terminal:
    """A person at a terminal: says a line when the prompt is there."""

    def __init__(self, command, prompt=PROMPT):
        self.seen = ""
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, "TERM": "dumb"})
        self.wait(prompt)

    def wait(self, text):
        """What came up to `text`."""
        end = time.monotonic() + 30 * PATIENCE
        fd = self.process.stdout.fileno()
        while text not in self.seen:
            if not select.select([fd], [], [], end - time.monotonic())[0]:
                raise AssertionError("no %r came, but %r" % (text, self.seen))
            got = os.read(fd, 65536)
            if not got:
                raise AssertionError("it ended behind %r" % self.seen)
            self.seen += got.decode(errors="replace")
        before, self.seen = self.seen.split(text, 1)
        return before

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def say(self, line, until=PROMPT):
        self.type(line)
        # What the terminal echoes may itself hold the prompt.
        self.wait(line)
        return self.wait(until)

    def leave(self, line="exit"):
        """Its exit status."""
        self.process.communicate(line.encode() + b"\n", timeout=30 * PATIENCE)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def is_answered(name):
    """Somebody listens there. The socket of a daemon that was killed goes."""
    if not os.path.lexists(name):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        try:
            s.connect(name)
        except ConnectionRefusedError:
            if not stat.S_ISSOCK(os.lstat(name).st_mode):
                return True
            os.unlink(name)
            return False
        except OSError:
            pass
    return True


class Sshd:
    """sshd and rsyslogd; what they changed in this machine is restored."""

    def __init__(self, log, more="", listen=("127.0.0.1",)):
        if os.geteuid() != 0:
            raise Skip("only root can run sshd and make users")
        need_programs("sshd", "rsyslogd", "ssh", "ssh-keygen", "useradd")
        self._need_own_log()
        self.log, self.more, self.listen = log, more, listen
        self.started, self.users = [], []
        self.host, self.socket = "bastion01", "/dev/log"
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with self.stack:
            self.top = tempfile.mkdtemp(prefix="sshtrail-sshd.")
            self.stack.callback(shutil.rmtree, self.top, True)
            os.chmod(self.top, 0o755)
            self._keep_files()
            self.stack.callback(self._remove_users)
            self.stack.callback(self._end_started)
            self._start_syslog()
            self._start_sshd()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def path(self, name):
        return os.path.join(self.top, name)

    def _need_own_log(self):
        if is_answered("/dev/log"):
            raise Skip("/dev/log belongs to a running syslog daemon")

    def _keep_files(self):
        for path in KEPT_FILES:
            if os.path.exists(path):
                kept = self.path(os.path.basename(path))
                run("cp", "-p", path, kept)
                self.stack.callback(run, "cp", "-p", kept, path)

    def _end_started(self):
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(10 * PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)

    def _remove_users(self):
        for user in self.users:
            user.remove()

    def start(self, *command):
        with open(self.path("out"), "a") as out:
            self.started.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out))
        return self.started[-1]

    def _start_syslog(self):
        with open(self.path("rsyslog.conf"), "w") as f:
            f.write('module(load="imuxsock" SysSock.Name="/dev/log" '
                    'SysSock.RateLimit.Interval="0")\n'
                    'template(name="iso" type="string" string="%%timegenerated::'
                    ':date-rfc3339%% %s %%syslogtag%%%%msg:::'
                    'sp-if-no-1st-sp%%%%msg:::drop-last-lf%%\\n")\n'
                    '*.* action(type="omfile" file="%s" template="iso" '
                    'fileCreateMode="0644")\n' % (self.host, self.log))
        self.start("rsyslogd", "-n", "-f", self.path("rsyslog.conf"), "-i",
                   self.path("rsyslog.pid"))
        wait_for("the syslog daemon", lambda: os.path.exists(self.socket))

    def _start_sshd(self):
        for name in ("hostkey", "ca"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                "-f", self.path(name))
        os.makedirs("/run/sshd", exist_ok=True)
        # Above registered ports and below those the kernel gives to clients.
        self.port = 20000 + os.getpid() % 12000
        with open(self.path("sshd_config"), "w") as f:
            f.write("Port %d\nHostKey %s\nPidFile %s\nUsePAM yes\n"
                    "TrustedUserCAKeys %s\nLogLevel VERBOSE\n"
                    "SyslogFacility AUTHPRIV\nMaxStartups 100\n"
                    "PasswordAuthentication yes\n"
                    "KbdInteractiveAuthentication no\n"
                    "Subsystem sftp internal-sftp -l VERBOSE\n%s" % (
                        self.port, self.path("hostkey"), self.path("sshd.pid"),
                        self.path("ca.pub"), self.more))
            for address in self.listen:
                f.write("ListenAddress %s\n" % address)
        self.process = self.start(shutil.which("sshd"), "-D", "-f",
                                  self.path("sshd_config"))
        for address in self.listen:
            wait_for("sshd at " + address, lambda: self._answers(address))

    def _answers(self, address):
        if self.process.poll() is not None:
            with open(self.path("out")) as f:
                raise RuntimeError("sshd ended: " + f.read())
        with contextlib.suppress(OSError), \
                socket.create_connection((address, self.port), 10 * PATIENCE):
            return True

    def user(self, name, **kwargs):
        user = User(name, self.top, **kwargs)
        self.users.append(user)
        return user

    def options(self, user=None, key=None, addr=None, port=None):
        """For ssh, scp and sftp; `addr`: the client's, in 127.0.0.0/8."""
        known = {
            "Port": port or self.port, "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": self.path("known"), "LogLevel": "ERROR",
            "IdentitiesOnly": "yes", "IdentityFile": key or user.key}
        if addr:
            known["BindAddress"] = addr
        return ["-F", "/dev/null"] + [
            "-o%s=%s" % option for option in known.items()]

    def command(self, user, *words, key=None, addr=None, port=None,
                at="127.0.0.1", options=()):
        return ["ssh", *self.options(user, key, addr, port), *options,
                "%s@%s" % (getattr(user, "name", user), at), *words]

    def ssh(self, user, *words, stdin=None, env=None, **kwargs):
        """Runs it: a CompletedProcess with bytes."""
        more = {"input": stdin} if stdin is not None else {
            "stdin": subprocess.DEVNULL}
        return subprocess.run(
            self.command(user, *words, **kwargs), capture_output=True,
            env={**os.environ, **(env or {})}, timeout=60 * PATIENCE, **more)

    def terminal(self, user, *words, options=(), prompt=PROMPT, **kwargs):
        return Terminal(self.command(user, *words, options=("-tt", *options),
                                     **kwargs), prompt)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def need_login_uid():
    with open("/etc/pam.d/sshd") as f:
        if "pam_loginuid" not in f.read():
            raise Skip("/etc/pam.d/sshd has no pam_loginuid: no login uid is "
                       "set")


def need_taps(daemon, taps):
    """Those that are `auto` are open."""
    for tap in daemon.status()["taps"]:
        if tap["tap"] + ": auto" in taps:
            if not tap["open"]:
                raise Skip(tap["note"])
            print("# %s: %s" % (tap["tap"], tap["note"]), flush=True)


@contextlib.contextmanager
def watched_host(name, taps, more="", start=True, listen=("127.0.0.1",),
                 sshd_more=""):
    """A daemon with these taps, which are open where they are `auto`, and an
    sshd with a person of this name, whose key lets in as root, too."""
    if os.geteuid() != 0:
        raise Skip("only root can load programs into the kernel")
    need_login_uid()
    with Daemon(taps) as daemon:
        daemon.configure(taps, more)
        if start:
            daemon.start()
            need_taps(daemon, taps)
        keys = os.path.join(daemon.top, "keys")
        # The daemon's own log is its auth-log: it must not tell these logins.
        with Sshd(os.path.join(daemon.top, "syslog"), WATCHED % keys +
                  sshd_more, listen) as sshd:
            sshd.person = sshd.user(name)
            shutil.copy(sshd.person.key + ".pub", keys)
            os.chmod(keys, 0o644)
            yield daemon, sshd
