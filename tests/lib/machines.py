# SPDX-License-Identifier: Apache-2.0
"""Machines on one kernel: each with a network, a /dev/log, a /run, a /var/log
and a name of its own, with an sshd and a syslog daemon that know no other."""
import contextlib
import os
import subprocess

from sshdtest import Sshd, need_programs
from trailtest import Skip

# Its own devices, so that its /dev/log is no other machine's.
SETUP = r"""set -e
hostname "$1"
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/sshd /run/lock /run/dev/pts /run/dev/shm
while read name major minor; do
    mknod -m 666 "/run/dev/$name" c "$major" "$minor"
done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
ptmx 5 2
END
ln -s /proc/self/fd /run/dev/fd
mount --rbind /dev/pts /run/dev/pts
mount --rbind /run/dev /dev
mount -t tmpfs -o mode=755 none /var/log
printf '127.0.0.1 localhost\n%s %s\n' "$2" "$1" >/run/hosts
mount --bind /run/hosts /etc/hosts
touch /var/log/wtmp /var/log/btmp /var/log/lastlog /run/utmp
echo made
exec cat
"""


class Machine:
    """Reached at `address`. The network is that of `router`, which is a machine
    itself and passes on what is for others."""

    def __init__(self, name, address, router=None):
        if os.geteuid() != 0:
            raise Skip("needs root to make namespaces")
        need_programs("unshare", "nsenter", "ip", "hostname")
        self.name, self.address = name, address
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "sh", "-c", SETUP, "sh",
             name, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        try:
            if self.holder.stdout.readline() != "made\n":
                raise Skip("no namespaces: " + self.holder.stderr.read())
            self.ip("link set lo up")
            if router:
                self._connect(router)
            else:
                self.ip("addr add %s dev lo" % address)
                self.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        except BaseException:
            self.__exit__()
            raise

    def _connect(self, router):
        port = "v%d" % self.holder.pid
        try:
            router.ip("link add %s type veth peer name eth0 netns %d" % (
                port, self.holder.pid))
        except RuntimeError as e:
            raise Skip("no veth: %s" % e) from e
        router.ip("link set %s up" % port)
        router.ip("route add %s dev %s" % (self.address, port))
        self.ip("link set eth0 up")
        self.ip("addr add %s peer %s dev eth0" % (
            self.address, router.address))
        self.ip("route add default via " + router.address)

    def command(self, user=None):
        """What stands before a program that is to run on it."""
        become = ["setpriv", "--reuid", user, "--regid", user,
                  "--clear-groups"] if user else []
        return ["nsenter", "--target", str(self.holder.pid), "--net",
                "--mount", "--uts", "--wd=/", *become]

    def run(self, *words):
        done = subprocess.run([*self.command(), *words], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(" ".join(words) + ": " + done.stderr)
        return done.stdout

    def ip(self, words):
        self.run("ip", *words.split())

    def path(self, name):
        """Of a file of it, for those who are elsewhere."""
        return "/proc/%d/root%s" % (self.holder.pid, name)

    def own(self, path, source, mode=0o644):
        """It has `source` there; no other machine sees it."""
        os.chmod(source, mode)
        self.run("mount", "--bind", source, path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
        self.holder.stderr.close()


class MachineSshd(Sshd):
    """Those of a machine; `log` is where its syslog daemon writes."""

    def __init__(self, machine, log, more=""):
        self.machine = machine
        need_programs("sshd", "rsyslogd", "ssh", "ssh-keygen", "useradd")
        self.log, self.more, self.listen = log, more, (machine.address,)
        self.started, self.users = [], []
        self.stack = contextlib.ExitStack()
        self.host, self.socket = machine.name, machine.path("/dev/log")

    def _keep_files(self):
        """Nothing that this machine has is touched."""

    def start(self, *command):
        return super().start(*self.machine.command(), *command)

    def _answers(self, address):
        if self.process.poll() is not None:
            with open(self.path("out")) as f:
                raise RuntimeError("sshd ended: " + f.read())
        return os.path.exists(self.path("sshd.pid"))
