#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ways around a recorder, tried under a real sshd: each is seen, and it is
seen whose it was. What cannot be seen stands in docs/limits.md."""
import base64
import contextlib
import os
import signal
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from audittest import audit_as_found, auditctl
from daemontest import Daemon, wait_for
from sshdtest import free_port, need_taps, watched_host
from trailtest import Skip, case, check, equal, main

TAPS = "bpf: auto, terminals: auto, audit: off, journal: off, wtmp: off, " \
    "btmp: off"


def ssh(*args, user=None, **kwargs):
    """The command that logs in: options of ssh, and the command there."""
    return sshd.command(user or sshd.person, args[-1], key=sshd.person.key,
                        options=args[:-1], **kwargs)


class Session:
    """One login, known by the port that its client had."""

    def __init__(self, command, *options, user=None, addr="127.0.0.1",
                 expect=0):
        done = subprocess.run(
            ssh(*options, "echo $SSH_CLIENT; " + command, user=user, at=addr),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        if expect is not None and done.returncode != expect:
            raise AssertionError("ssh ended with %d: %s%s" % (
                done.returncode, done.stdout.decode(errors="replace"),
                done.stderr.decode(errors="replace")))
        first, _, self.out = done.stdout.partition(b"\n")
        self.addr, self.port = first.split()[0].decode(), int(first.split()[1])

    def id(self):
        """As ls has it."""
        def find():
            return [s["session"] for s in watch.found(
                "ls", "--since", "all", "--limit", "0")
                if s.get("port") == self.port and s["addr"] == self.addr]
        return wait_for("session from port %d" % self.port, find)[-1]

    def events(self, kind):
        return watch.found("search", "--since", "all", "--oldest-first",
                           "--limit", "0", "--session", self.id(), "--kind",
                           kind)

    def sees(self, kind, test, n=1):
        """The events of this session that test() is true of: n of them."""
        def find():
            found = [e for e in self.events(kind) if test(e)]
            return len(found) >= n and found
        return wait_for("%s in session %s" % (kind, self.id()), find)

    def runs(self, *argv):
        return self.sees("exec", lambda e: e["argv"] == list(argv))[-1]


@case
def encoded_scripts():
    """Commands that no screen shows: base64 to a shell"""
    hidden = base64.b64encode(b"/bin/echo hidden in base64\n").decode()
    Session("echo %s | base64 -d | sh >/dev/null" % hidden).runs(
        "/bin/echo", "hidden", "in", "base64")


@case
def no_echo():
    """Typed while the terminal shows nothing"""
    Session("stty -echo; /bin/true unseen", "-tt").runs("/bin/true", "unseen")


@case
def second_channel():
    """Another channel of a connection that is open"""
    path = sshd.path("mux")
    master = subprocess.Popen(
        ssh("-M", "-S", path, "echo $SSH_CLIENT; sleep 60"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    first = master.stdout.readline().split()
    try:
        second = Session("/bin/true second channel", "-S", path)
        equal(second.port, int(first[1]))
        second.runs("/bin/true", "second", "channel")
    finally:
        subprocess.run(ssh("-S", path, "-O", "exit", ""),
                       capture_output=True)
        master.kill()
        master.wait()
        master.stdout.close()


@case
def forwards():
    """A forward to somewhere else: the connection that sshd makes for it"""
    port = free_port()
    forward = subprocess.Popen(
        ssh("-L", "%d:127.0.0.1:%d" % (port, sshd.port),
                 "echo $SSH_CLIENT; sleep 60"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    client = int(forward.stdout.readline().split()[1])
    try:
        inner = subprocess.run(
            ssh("echo $SSH_CLIENT", port=port),
            stdin=subprocess.DEVNULL, capture_output=True)
        equal(inner.returncode, 0, inner.stderr)
        outer = Session.__new__(Session)
        outer.port, outer.addr = client, "127.0.0.1"
        made = outer.sees("net.connect", lambda e: e["port"] == sshd.port)
        # Its local end is the client that the inner session came from.
        equal(made[-1]["lport"], int(inner.stdout.split()[1]))
        # So a story goes on with that one.
        hop, = wait_for("the hop", lambda: [
            s for s in watch.found("story", outer.id(), "--all")
            if "hop" in s and s["port"] == made[-1]["lport"]])
        equal((hop["hop"], hop["hop_from"]), ("port", outer.id()))
    finally:
        forward.kill()
        forward.wait()
        forward.stdout.close()


@case
def left_behind():
    """What goes on after the end: setsid, nohup, two forks"""
    s = Session("(setsid nohup sh -c 'sleep 1; /bin/true left behind' "
                ">/dev/null 2>&1 &)")
    s.sees("session.close", lambda e: True)
    s.runs("/bin/true", "left", "behind")


@case
def deep_chains():
    """Thirty shells, one in the other, the outer ones gone"""
    with open(sshd.path("deep"), "w") as f:
        f.write('[ $1 -gt 0 ] || exec /bin/true deep\n'
                'sh "$0" $(($1 - 1)) &\n')
    Session("sh %s 30; sleep 1" % sshd.path("deep")).runs("/bin/true", "deep")


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


@case
def other_names():
    """A program by another name: argv[0], a copy, a link"""
    s = Session("cp /bin/true ./sshd; ln -s /bin/true innocent; "
                "./sshd copied; ./innocent linked; exec -a crond true fake")
    copied, linked = s.runs("./sshd", "copied"), s.runs("./innocent", "linked")
    fake = s.runs("crond", "fake")
    true = os.path.realpath("/bin/true")
    equal((copied["exe"], linked["exe"], linked["path"], fake["exe"]),
          (sshd.person.home + "/sshd", true,
           sshd.person.home + "/innocent", true))


@case
def floods():
    """One command among thousands"""
    s = Session("i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done; "
                "/bin/true in the flood; "
                "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done")
    s.runs("/bin/true", "in", "the", "flood")
    s.sees("exec", lambda e: e["argv"] == ["/bin/true"], 1500)


@case
def long_arguments():
    """What matters stands behind 100 KB of arguments"""
    s = Session("/bin/true $(head -c 100000 /dev/zero | tr '\\0' x) "
                "$(seq 3000) payload")
    long = s.sees("exec", lambda e: e["argv"][-1] == "payload")[-1]
    equal((len(long["argv"]), len(long["argv"][1])), (3003, 100000))
    check("cut" not in long and "partial" not in long, "it is whole")


RACE = r'''
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
text = ctypes.create_string_buffer(b"A" * 64)
argv = (ctypes.c_char_p * 3)(b"cat", b"/proc/self/cmdline", None)
words = (ctypes.c_void_p * 4)(ctypes.addressof(ctypes.create_string_buffer(
    b"sh")), 0, ctypes.addressof(text), 0)
for i in range(60):
    pid = os.fork()
    if pid == 0:
        def change():
            while True:
                ctypes.memset(text, 65 + int.from_bytes(os.urandom(1), "big")
                              % 26, 64)
        threading.Thread(target=change, daemon=True).start()
        keep = [ctypes.create_string_buffer(b) for b in
                (b"sh", b"-c", b"tr '\\0' ' ' </proc/$$/cmdline; echo")]
        words = (ctypes.c_void_p * 5)(*[ctypes.addressof(k) for k in keep],
                                      ctypes.addressof(text), 0)
        libc.execve(b"/bin/sh", words, None)
        os._exit(1)
    os.waitpid(pid, 0)
'''


@case
def racing_memory():
    """Arguments that another thread changes during the exec"""
    s = Session("python3 -c %s" % quote(RACE))
    # What the programs themselves found as their arguments.
    ran = sorted(line.split()[-1] for line in s.out.decode().splitlines())
    equal(len(ran), 60)
    told = s.sees("exec", lambda e: len(e["argv"]) == 4 and
                  len(e["argv"][3]) == 64, 60)
    equal(sorted(e["argv"][3] for e in told), ran)


MEMFD = r'''
import os, sys
fd = os.memfd_create("nothing here", 0)
os.write(fd, open("/bin/true", "rb").read())
os.execve(fd, ["kworker/0:1", "from memory"], {})
'''


@case
def without_a_file():
    """A program that has no file: memfd and execveat"""
    e = Session("python3 -c %s" % quote(MEMFD)).runs("kworker/0:1",
                                                     "from memory")
    equal(e["exe"], "/memfd:nothing here (deleted)")


@case
def deleted_file():
    """A program that is deleted while it runs"""
    s = Session("cp /bin/sleep ./gone; ./gone 0.5 & sleep 0.2; rm gone; wait")
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


@case
def static_programs():
    """No library that could be preloaded, no system call by libc"""
    path = tiny(sshd.path("tiny64"), 64)
    Session("%s raw" % path).runs(path, "raw")


def runs(path):
    try:
        return subprocess.run([path], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


@case
def other_architecture():
    """A 32-bit program on a 64-bit kernel"""
    path = tiny(sshd.path("tiny32"), 32)
    if not runs(path):
        raise Skip("this kernel runs no 32-bit programs")
    Session("%s raw" % path).runs(path, "raw")


@case
def builtins():
    """No program at all: a shell connects by itself"""
    s = Session("exec 3<>/dev/tcp/127.0.0.1/%d; read -u 3 line" % sshd.port)
    e = s.sees("net.connect", lambda e: e["port"] == sshd.port)[-1]
    equal(os.path.basename(e["exe"]), "bash")


@case
def killing_it():
    """A user kills the daemon and removes its files: he may not"""
    pid = watch.process.pid
    s = Session("kill -9 %s; rm -rf %s; cat %s/keys/host.key; true" % (
        " ".join(map(str, watch.pids())), watch.dir, watch.dir))
    equal(s.out, b"")
    equal((watch.process.poll(), watch.process.pid), (None, pid))
    s.runs("rm", "-rf", watch.dir)


@case
def login_uid_taken_off():
    """root takes the login uid off, which audit's rules ask for"""
    s = Session("echo 4294967295 >/proc/self/loginuid; /bin/true nobody now; "
                "(setsid sh -c 'sleep .3; /bin/true nobody later' &)",
                user="root")
    s.sees("priv", lambda e: e["type"] == "LEFT")
    for word in ("now", "later"):
        equal(s.runs("/bin/true", "nobody", word)["auid"], 0)


@case
def login_uid_of_another():
    """root takes the login uid of another: a session within his"""
    s = Session("echo 61234 >/proc/self/loginuid; /bin/true framed",
                user="root")

    def framed():
        return [e for e in watch.found(
            "search", "--all", "--since", "all", "--limit", "0", "--kind",
            "session.open") if e.get("auid") == 61234]
    inner = wait_for("the inner session", framed)[0]
    outer = s.sees("session.open", lambda e: True)[0]
    equal((inner["old_auid"], inner["old_ses"]), (0, outer["ses"]))
    shown = watch.run("show", "--since", "all",
                      inner["session"]).stdout.decode()
    check("began within another audit session" in shown, shown)


@case
def ipv6():
    """A client that comes over IPv6"""
    s = Session("/bin/true six", addr="::1")
    equal(s.addr, "::1")
    s.runs("/bin/true", "six")


@case
def escape_sequences():
    """Arguments aimed at whoever reads them"""
    s = Session("/bin/true $'\\e]0;owned\\a\\e[2J\\e[31m' $'\\u202e'")
    s.sees("exec", lambda e: e["argv"][0] == "/bin/true")
    for out in (watch.run("show", "--since", "all", s.id()).stdout,
                watch.run("search", "--since", "all", "--session", s.id(),
                          "--kind", "exec").stdout):
        out = out.decode()
        check("owned" in out, out)
        bad = [c for c in out if (ord(c) < 32 and c != "\n") or
               ord(c) in (0x7f, 0x202e)]
        equal(bad, [], "control characters")


@case
def tmux_left_behind():
    """A tmux server that outlives its session, and another that uses it"""
    if subprocess.run(["which", "tmux"], capture_output=True).returncode:
        raise Skip("tmux is not installed")
    first = Session("tmux -L evade new-session -d -s kept; sleep 0.5")
    second = Session("tmux -L evade send-keys -t kept "
                     "'/bin/true within tmux' Enter; sleep 1")
    # It is the doing of the session that started the server: that it was
    # typed from another one, its send-keys tells.
    first.runs("/bin/true", "within", "tmux")
    second.sees("exec", lambda e: "send-keys" in e["argv"])
    Session("tmux -L evade kill-server")


@case
def detaching_programs():
    """root cannot detach the programs while the daemon lives"""
    if subprocess.run(["which", "bpftool"], capture_output=True).returncode:
        raise Skip("bpftool is not installed")
    s = Session("""bpftool link list -j |
        python3 -c 'import json, sys
for l in json.load(sys.stdin): print(l["id"])' |
        while read id; do bpftool link detach id $id 2>/dev/null; done
        /bin/true still seen""", user="root")
    s.runs("/bin/true", "still", "seen")


def agent_events(w):
    return [e for e in w.found("search", "--since", "all", "--oldest-first",
                               "--limit", "0", "--kind",
                               "agent,gap,clock") if
            e["source"] == "sshtraild"]


@case
def setting_the_clock():
    """root sets the clock, forward and back"""
    def step(seconds):
        try:
            time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
        except OSError as e:
            raise Skip("the clock cannot be set here: %s" % e)

    def told():
        return [e["reason"][:22] for e in agent_events(watch)
                if e["kind"] == "clock"]
    step(0.8)
    try:
        wait_for("the clock", lambda: len(told()) == 1)
    finally:
        step(-0.8)
    wait_for("the clock", lambda: len(told()) == 2)
    equal(sorted(told()),
          ["the clock was set back", "the clock was set forw"])


@case
def killing_the_monitor():
    """root kills the monitor: the collector says so with its last words"""
    with Daemon(TAPS) as w:
        w.start()
        w.process.kill()
        w.process.wait()
        last = wait_for("the end", lambda: [
            e for e in agent_events(w) if e["kind"] == "agent.stop"])[-1]
        check("the monitor is gone" in last["reason"], last)
        w.process = None


def is_there(pid):
    with contextlib.suppress(OSError):
        with open("/proc/%d/stat" % pid) as f:
            state = f.read().rsplit(")", 1)[1].split()[0]
        # Its other threads may end behind the first one.
        return state != "Z" or len(os.listdir("/proc/%d/task" % pid)) > 1
    return False


@case
def killing_it_whole():
    """root kills all of it: the next one says from when on nothing is known"""
    with Daemon(TAPS) as w:
        w.start()
        was = w.pids()
        wait_for("its start", lambda: agent_events(w))
        # At once: none of them has a last word.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in was:
                os.kill(pid, number)
        w.process.wait()
        wait_for("the end of the collector", lambda: not any(
            is_there(pid) for pid in was))
        w.start()
        gap = wait_for("the gap", lambda: [
            e for e in agent_events(w) if e["kind"] == "gap"])
        equal(len(gap), 1)
        check(gap[0]["since"] < gap[0]["until"], gap)
        check("without a word" in gap[0]["reason"], gap)
        w.stop()
        w.start()
        w.stop()
        equal(len([e for e in agent_events(w) if e["kind"] == "gap"]), 1)


@case
def starving_it():
    """root lets the collector stand still: the time is told, and its losses"""
    with Daemon(TAPS) as w:
        w.start()
        collector = w.collector()
        os.kill(collector, signal.SIGSTOP)
        try:
            time.sleep(7)
        finally:
            os.kill(collector, signal.SIGCONT)
        gap = wait_for("the gap", lambda: [
            e for e in agent_events(w) if e["kind"] == "gap"])
        equal(len(gap), 1)
        check("did not get on for" in gap[0]["reason"], gap)
        check("starved" in gap[0]["reason"], gap)
        check(gap[0]["since"] < gap[0]["until"], gap)
        w.stop()


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
def removing_the_trail():
    """root removes a part of the trail: verify says what is missing"""
    with Daemon(TAPS) as w:
        w.start()
        w.stop()
        segments = sorted(
            os.path.join(at, name)
            for at, _, names in os.walk(os.path.join(w.dir, "trail"))
            for name in names if "checkpoint" not in name)
        check(segments, "there is a trail")
        for name in segments:
            os.remove(name)
        out = w.run("verify", expect=3).stdout
        check(b"MISSING" in out or b"TRUNCATED" in out, out)


@case
def trail_is_sound():
    """After all of it: nothing lost, and the trail verifies"""
    equal([t["lost"] for t in watch.status()["taps"]],
          [0] * len(watch.status()["taps"]))
    watch.stop()
    watch.run("verify")


try:
    with watched_host("sshtrail-evade", TAPS,
                      listen=("127.0.0.1", "::1")) as (watch, sshd):
        code = main()
except Skip as reason:
    print("1..0 # SKIP %s" % reason)
    code = 0
sys.exit(code)
