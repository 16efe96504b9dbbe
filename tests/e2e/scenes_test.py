#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""People at work under a real sshd, and what sshtrail tells of each.

usage: scenes_test.py audit|bpf|both [PART OF A NAME]
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import daemontest
import scenes
from daemontest import PATIENCE, wait_for
from scenes import scene
from sshdtest import free_port, need_programs, run
from trailtest import Skip, check, equal

HEX = bytes(range(256))


# --- shells and commands ---

@scene("a shell at a terminal")
def shell_at_terminal(at):
    with at.terminal(at.ann) as terminal:
        tty = terminal.say("tty").split()[-1]
        for line in ("cd /tmp", "/bin/echo one two", "ls /nowhere",
                     "/bin/true"):
            terminal.say(line)
        equal(terminal.leave("exit 3"), 3)
    session = at.session(at.ann, tty=tty[len("/dev/"):])
    at.ran(session, ["-bash"], "tty", "/bin/echo one two", "ls /nowhere",
           "/bin/true")
    equal(at.event(session, "exec", argv=["/bin/true"])["cwd"], "/tmp")
    at.event(session, "channel.open", chan_type="shell")


@scene("a shell without a terminal: ssh host < script")
def shell_without_terminal(at):
    out = at.ssh(at.ann, "-T", stdin=b"id -un\n/bin/echo $((6*7))\nexit 5\n",
                 expect=5)
    equal(out.split()[-2:], [b"st-ann", b"42"])
    session = at.session(at.ann, tty=None)
    at.ran(session, "id -un", "/bin/echo 42")


@scene("one command")
def command(at):
    equal(at.ssh(at.ann, "wc -c </etc/hostname; id -un").split()[-1],
          b"st-ann")
    session = at.session(at.ann, tty=None)
    check(session["end"] >= session["start"], session)
    at.ran(session, ["bash", "-c", "wc -c </etc/hostname; id -un"], "wc -c",
           "id -un")
    at.event(session, "channel.open", chan_type="command")


@scene("several channels in one connection: ControlMaster")
def multiplexed(at):
    control = at.path("mux")
    at.ssh(at.ann, "-N", "-f", options=("-M", "-S", control))
    for number in range(3):
        at.ssh(at.ann, "/bin/echo channel %d" % number,
               options=("-S", control))
    at.ssh(at.ann, options=("-S", control, "-O", "exit"), expect=None)
    session = at.session(at.ann)
    at.ran(session, *("/bin/echo channel %d" % n for n in range(3)))
    equal(len([e for e in at.events(session, "channel.open")
               if e["chan_type"] == "command"]), 3)


@scene("an argument of 100,000 bytes and one of 3,000 words")
def long_arguments(at):
    at.ssh(at.ann, "/bin/true $(printf 'x%.0s' $(seq 100000)); "
           "/bin/true $(seq 3000)")
    session = at.session(at.ann)
    at.ran(session, ["/bin/true", "x" * 100000],
           ["/bin/true", *map(str, range(1, 3001))])


@scene("hostile arguments: newlines, escapes, no UTF-8, an empty one")
def hostile_arguments(at):
    at.ssh(at.ann, r"""/bin/true $'a\nb' '' $'\e[31m' $'\xff' 'a=1 b="c"'""")
    session = at.session(at.ann)
    at.ran(session, ["/bin/true", "a\nb", "", "\x1b[31m", "\udcff",
                     'a=1 b="c"'])


@scene("long lines and binary output come through unchanged")
def output(at):
    data = HEX * 2000
    path = at.file("data", data)
    os.chmod(path, 0o644)
    equal(at.ssh(at.ann, "cat " + path), data)
    line = at.ssh(at.ann, "-tt", "head -c 300000 /dev/zero | tr '\\0' x")
    equal(len(line), 300000)
    first, second = at.sessions(2)
    at.ran(first, "cat " + path)
    at.ran(second, "head -c 300000 /dev/zero")


# --- transfers ---

@scene("sftp: put, get, rename, remove")
def sftp(at):
    data = at.file("up", HEX * 300)
    at.program("sftp", at.ann, "-q", "-b", "-", "st-ann@127.0.0.1", stdin=(
        "put %s there\nget there %s\nrename there kept\nrm kept\n" % (
            data, at.path("down"))).encode())
    session = at.session(at.ann)
    at.shows(session, "transfer")
    home = at.ann.home
    put = at.event(session, "file", op="close", path=home + "/there",
                   bytes_written=256 * 300)
    equal(put["direction"], "upload")
    at.event(session, "file", op="close", path=home + "/there",
             bytes_read=256 * 300, direction="download")
    at.event(session, "file", op="rename", path=home + "/there",
             path2=home + "/kept")
    at.event(session, "file", op="remove", path=home + "/kept")
    at.shows(session, bytes_in=76800, bytes_out=76800)
    at.event(session, "channel.open", chan_type="subsystem", service="sftp")


@scene("scp by sftp (-s)")
def scp_by_sftp(at):
    at.program("scp", at.ann, "-q", "-s", at.file("up", HEX * 40),
               "st-ann@127.0.0.1:by-sftp")
    session = at.session(at.ann)
    at.event(session, "file", op="close", path="by-sftp",
             bytes_written=10240)
    at.shows(session, "transfer")


@scene("scp by its own protocol (-O)")
def scp_alone(at):
    data = HEX * 40
    at.program("scp", at.ann, "-q", "-O", at.file("up", data),
               "st-ann@127.0.0.1:by-scp")
    with open(at.ann.home + "/by-scp", "rb") as f:
        equal(f.read(), data)
    session = at.session(at.ann)
    at.ran(session, "scp -t by-scp")
    at.shows(session, "transfer")


@scene("rsync")
def rsync(at):
    need_programs("rsync")
    run("rsync", "-a", "-e", " ".join(
        ["ssh", *at.sshd.options(at.ann, addr=at.addr)]),
        at.file("up", HEX), "st-ann@127.0.0.1:by-rsync")
    check(os.path.exists(at.ann.home + "/by-rsync"), "not there")
    session = at.session(at.ann)
    started = at.event(session, "exec", comm="rsync")
    equal(started["argv"][:2], ["rsync", "--server"])
    at.shows(session, "transfer")


# --- forwards ---

def answer_once(server):
    server.settimeout(30 * PATIENCE)
    peer, _ = server.accept()
    with peer:
        peer.sendall(b"hello\n")


class Forward:
    """ssh -N with a forward, until its control socket is told to end."""

    def __init__(self, at, user, *options):
        self.at, self.user, self.control = at, user, at.path("forward")
        at.ssh(user, "-N", "-f", options=(
            "-M", "-S", self.control, "-oExitOnForwardFailure=yes", *options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.at.ssh(self.user, options=("-S", self.control, "-O", "exit"),
                    expect=None)


@scene("a local forward (-L)")
def local_forward(at):
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        to = server.getsockname()[1]
        with Forward(at, at.ann, "-L%d:127.0.0.1:%d" % (port, to)), \
                socket.create_connection(("127.0.0.1", port)) as client:
            answer_once(server)
            equal(client.recv(6), b"hello\n")
    session = at.session(at.ann)
    at.event(session, "net.connect", addr="127.0.0.1", port=to)


@scene("a dynamic forward (-D), two destinations")
def dynamic_forward(at):
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server, \
            Forward(at, at.ann, "-D%d" % port):
        to = server.getsockname()[1]
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"\x05\x01\0")
                equal(client.recv(2), b"\x05\0")
                client.sendall(b"\x05\x01\0\x01\x7f\0\0\x01" +
                               to.to_bytes(2, "big"))
                answer_once(server)
                equal(client.recv(10)[:2], b"\x05\0")
    session = at.session(at.ann)

    def ports():
        return [e["port"] for e in at.events(session, "net.connect")]
    wait_for("two connections", lambda: ports().count(to) >= 2)
    equal(ports().count(to), 2)


@scene("connections of a command: each once, by TCP and UDP")
def connections(at):
    with socket.create_server(("127.0.0.1", 0)) as server:
        to = server.getsockname()[1]
        # Both at the same address, as a resolver may.
        at.ssh(at.ann, "for n in 1 2 3; do : <>/dev/udp/127.0.0.1/%d; "
               ": <>/dev/tcp/127.0.0.1/%d; done" % (to, to))
    session = at.session(at.ann)

    def told():
        return [e for e in at.events(session, "net.connect")
                if e["port"] == to]
    wait_for("six connections", lambda: len(told()) >= 6)
    time.sleep(0.3)  # more than audit and bpf are apart
    equal(len(told()), 6)
    if at.world.taps == "both":
        # Which programs the kernel takes decides who tells of UDP.
        udp = "udp," in at.daemon.tap("bpf")["note"].partition("not ")[0]
        equal(sorted(e["source"] for e in told()),
              ["bpf"] * 6 if udp else ["audit"] * 3 + ["bpf"] * 3)


@scene("a remote forward (-R)")
def remote_forward(at):
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        to = server.getsockname()[1]
        with Forward(at, at.ann, "-R%d:127.0.0.1:%d" % (port, to)), \
                socket.create_connection(("127.0.0.1", port)) as client:
            answer_once(server)
            equal(client.recv(6), b"hello\n")
    session = at.session(at.ann)
    at.event(session, "net.listen", laddr="127.0.0.1", lport=port)


def answers(path):
    """A socket is there before who made it listens."""
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


@scene("agent forwarding (-A)")
def agent_forwarding(at):
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", at.path("agent")],
                             stdout=subprocess.DEVNULL)
    try:
        wait_for("the agent", lambda: answers(at.path("agent")))
        env = {"SSH_AUTH_SOCK": at.path("agent")}
        run("ssh-add", "-q", at.ann.key, env={**os.environ, **env})
        out = at.ssh(at.ann, "ssh-add -l", options=("-A",), env=env)
    finally:
        agent.terminate()
        agent.wait()
    check(at.ann.fingerprint.encode() in out, out)
    at.ran(at.session(at.ann), "ssh-add -l")


@scene("X11 forwarding (-X)")
def x11_forwarding(at):
    need_programs("xauth")
    out = at.ssh(at.ann, "echo $DISPLAY; xauth list", options=("-X",),
                 env={"DISPLAY": ":99", "XAUTHORITY": at.path("Xauthority")})
    check(b"localhost:" in out or b"unix:" in out, out)
    at.ran(at.session(at.ann), "xauth list")


# --- who ---

def certificate(at, user, name, principal):
    """A certificate of a new key: its path, and the key's fingerprint."""
    key = at.path("key")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    run("ssh-keygen", "-q", "-s", at.sshd.path("ca"), "-I", name, "-n",
        principal, "-z", "42", key + ".pub")
    return key


@scene("a certificate")
def by_certificate(at):
    key = certificate(at, at.ann, "ann@corp", "st-ann")
    at.ssh(at.ann, "/bin/true", key=key)
    session = at.session(at.ann, fp=run("ssh-keygen", "-lf", key).split()[1],
                         cert_id="ann@corp")
    equal(at.event(session, "auth.ok")["cert_serial"], "42")
    at.ran(session, "/bin/true")


@scene("root, by a certificate")
def root(at):
    key = certificate(at, "root", "ops@corp", "root")
    at.ssh("root", "/bin/true", key=key)
    session = at.session("root", cert_id="ops@corp", auid=0)
    at.shows(session, "root")
    at.ran(session, "/bin/true")


def askpass(at, password):
    path = at.file("askpass", b"#!/bin/sh\necho %s\n" % password.encode())
    os.chmod(path, 0o700)
    return {"SSH_ASKPASS": path, "SSH_ASKPASS_REQUIRE": "force"}


PASSWORD_ONLY = ("-oPreferredAuthentications=password",
                 "-oPubkeyAuthentication=no", "-oNumberOfPasswordPrompts=1")


@scene("a password, at the second attempt")
def password(at):
    at.bob.set_password("right-4711")
    at.ssh(at.bob, "/bin/true", options=PASSWORD_ONLY, expect=255,
           env=askpass(at, "wrong"))
    at.ssh(at.bob, "/bin/true", options=PASSWORD_ONLY,
           env=askpass(at, "right-4711"))
    session = at.session(at.bob, method="password", key=None)
    at.ran(session, "/bin/true")
    failed = wait_for("the failure", lambda: at.rows(
        "search", "--kind", "auth.fail", "--from", at.addr))
    check(any(e["user"] == "st-bob" and e["method"] == "password"
              for e in failed), failed)


@scene("refused: a strange key, unknown and hostile names")
def refused(at):
    key = at.path("strange")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    names = ["st-ann", "nobody-here", "root from 10.9.9.9 port 22 ssh2",
             "from 10.9.9.9 port 22 ssh2"]
    for name in names:
        subprocess.run(
            ["ssh", *at.sshd.options(at.ann, key, at.addr), "-oBatchMode=yes",
             "-l", name, "127.0.0.1", "true"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    def users():
        return {e.get("user") for e in at.rows(
            "search", "--kind", "auth.fail", "--from", at.addr)}
    wait_for("all names", lambda: users() >= set(names))
    equal(at.rows("ls", "--from", "10.9.9.9"), [])


@scene("sudo and su", fails=lambda taps: taps == "bpf" and "what su writes to "
       "the log names no process of the session; audit's record does")
def sudo_and_su(at):
    need_programs("sudo", "su")
    with at.terminal(at.sam) as terminal:
        terminal.say("sudo -n /usr/bin/id -u")
        terminal.say("sudo -n su st-bob -c '/usr/bin/id -un'")
        terminal.leave()
    session = at.session(at.sam)
    at.shows(session, "root", "sudo")
    equal(at.event(session, "exec", argv=["/usr/bin/id", "-u"])["euid"], 0)
    equal(at.event(session, "exec", argv=["/usr/bin/id", "-un"])["euid"],
          at.bob.uid)
    at.event(session, "priv", via="sudo", target="root")
    at.event(session, "priv", via="su", target="st-bob")


@scene("IPv6")
def ipv6(at):
    if "::1" not in at.sshd.listen:
        raise Skip("there is no IPv6 here")
    out = at.ssh(at.ann, "/bin/true; echo $SSH_CONNECTION", at="::1",
                 addr="::1")
    session = at.session(at.ann, addr="::1", port=int(out.split()[1]))
    at.ran(session, "/bin/true")


# --- what outlives the connection ---

def outlive(at, command):
    """Runs in the background until the connection is gone."""
    go = at.path("go")
    at.ssh(at.ann, command % "while [ ! -e %s ]; do sleep 0.2; done; "
           "/bin/echo scene %d" % (go, at.number))
    session = at.session(at.ann)
    at.file("go", b"")
    at.ran(session, "/bin/echo scene %d" % at.number)
    return session


@scene("nohup setsid")
def nohup_setsid(at):
    outlive(at, "nohup setsid sh -c '%s' </dev/null >/dev/null 2>&1 &")


@scene("tmux left behind")
def tmux(at):
    need_programs("tmux")
    session = outlive(at, "tmux -L scene new-session -d '%s'")
    check([e for e in at.events(session, "exec")
           if e.get("comm", "").startswith("tmux")], "no tmux")


def job_session(at, argv):
    """The session in which a job ran: not the one that ordered it."""
    def look():
        for event in at.rows("search", "--kind", "exec", "--text",
                             argv.split()[-1]):
            if event.get("argv") == argv.split():
                return event
    return wait_for(argv, look, 90)


@scene("at")
def at_job(at):
    need_programs("at", "atd")
    at.sshd.start("atd", "-f", "-b", "1")
    at.ssh(at.ann, "echo '/bin/echo at-job-%d' | at now" % at.number)
    session = at.session(at.ann)
    ran = job_session(at, "/bin/echo at-job-%d" % at.number)
    check(ran["auid"] == at.ann.uid, ran)
    check(ran["ses"] != session["ses"], "within the ssh session")


@scene("cron")
def cron_job(at):
    need_programs("cron", "crontab", "unshare")
    at.ssh(at.bob, "echo '@reboot /bin/echo cron-job-%d' | crontab -" %
           at.number)
    session = at.session(at.bob)
    # Nobody else's jobs may run because of a test. Without what lies in /run
    # cron takes this for the start of the system, and its job is run at once.
    at.sshd.start("unshare", "-m", "sh", "-c", "mount -t tmpfs none /run; "
                  "for d in cron.d cron.daily "
                  "cron.hourly cron.weekly cron.monthly; do mount -t tmpfs "
                  "none /etc/$d 2>/dev/null; done; mount --bind /dev/null "
                  "/etc/crontab; mkdir -p %s; cp -p /var/spool/cron/crontabs/"
                  "st-bob %s; mount --bind %s /var/spool/cron/crontabs; "
                  "chgrp crontab %s; exec cron -f" % ((at.path("tabs"),) * 4))
    ran = job_session(at, "/bin/echo cron-job-%d" % at.number)
    check(ran["auid"] == at.bob.uid, ran)
    check(ran["ses"] != session["ses"], "within the ssh session")


# --- not disturbed ---

@scene("as Ansible works: pipelining over a kept connection, ssh -n")
def ansible(at):
    options = ("-oControlMaster=auto", "-oControlPath=" + at.path("cp"),
               "-oControlPersist=60")
    script = b"import os, json\nprint(json.dumps({'uid': os.getuid()}))\n"
    for _ in range(3):
        equal(at.ssh(at.ann, "/bin/sh -c 'echo ~ && sleep 0'",
                     options=("-n", *options)).strip().decode(), at.ann.home)
        equal(at.ssh(at.ann, "/usr/bin/python3", stdin=script,
                     options=options), b'{"uid": %d}\n' % at.ann.uid)
    at.ssh(at.ann, options=(*options, "-O", "exit"), expect=None)
    session = at.session(at.ann)
    # Their end is told by the log, which may be quicker than the kernel.
    wait_for("three programs", lambda: 3 == len([
        e for e in at.events(session, "exec")
        if e.get("argv") == ["/usr/bin/python3"]]))


# --- ends of other kinds ---

@scene("the session's sshd killed: when it ended is told",
       fails=lambda taps: taps == "audit" and "no line of the log tells of "
       "it, and no rule asks for processes that end")
def sshd_killed(at):
    with at.terminal(at.ann) as terminal:
        terminal.say("/bin/true")
        parent = int(terminal.say("echo p=$PPID").split("p=")[-1].split()[0])
        with open("/proc/%d/stat" % parent) as f:
            monitor = int(f.read().rsplit(")", 1)[1].split()[1])
        for pid in (monitor, parent):
            os.kill(pid, signal.SIGKILL)
        terminal.process.wait(30 * PATIENCE)
    session = at.session(at.ann, ended=False)
    at.ran(session, "/bin/true")
    wait_for("its end", lambda: at.session(at.ann, ended=False)["end"], 3)


def end_daemon(daemon):
    """As by kill -9 of both of its processes."""
    collector = daemon.collector()
    for pid in (daemon.process.pid, collector):
        os.kill(pid, signal.SIGKILL)
    daemon.process.wait()
    wait_for("its end", lambda: not os.path.exists("/proc/%d" % collector))


def session_over(at, between):
    """A session that is open while the daemon is not there for a time."""
    with at.terminal(at.ann) as terminal:
        terminal.say("/bin/echo before")
        before = at.session(at.ann, ended=False)
        at.ran(before, "/bin/echo before")
        between()
        terminal.say("/bin/echo after")
        equal(terminal.leave(), 0)
    session = at.session(at.ann)
    at.ran(session, "/bin/echo before", "/bin/echo after")
    equal(session["session"], before["session"], "id")
    if at.world.taps != "audit":
        check("gap" in session["flags"] and "not watched for a time" in
              session["notes"], session)
    at.daemon.run("verify")


@scene("the daemon killed in mid-session", last=True)
def daemon_killed(at):
    def between():
        end_daemon(at.daemon)
        at.daemon.start()
    session_over(at, between)
    check(at.rows("search", "--kind", "gap"), "no gap says so")


@scene("the daemon upgraded in mid-session", last=True)
def daemon_upgraded(at):
    def between():
        at.daemon.stop()
        program = shutil.copy(daemontest.SSHTRAILD, at.path("sshtraild"))
        at.daemon.start(program)
    session_over(at, between)


@scene("all of it verified, the index made again, nothing lost", last=True)
def sound(at):
    equal([(t["tap"], t["lost"]) for t in at.daemon.status()["taps"]
           if t["lost"]], [])
    at.daemon.stop()
    at.daemon.run("verify")
    before = at.daemon.answers()
    at.daemon.run("reindex")
    equal(at.daemon.answers(), before)


sys.exit(scenes.main(sys.argv))
