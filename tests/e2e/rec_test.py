#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sshtrail-rec under a real sshd, as ForceCommand and as login shell: what a
client gets is what it would get without, and what the recording holds."""
import contextlib
import grp
import hashlib
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import PATIENCE, wait_for
from rectest import GROUP, NAME, recorded_host
from sshdtest import need_programs, need_taps
from terminaltest import (Window, cast, export, of_kind, one_connection,
                          told)
from trailtest import case, check, equal, main

LINES = int(200000 / PATIENCE ** 2)
EVERYTHING = r"""
trap 'stty size' WINCH
stty size; printf '\033[1;31mred\033[0m \342\202\254 \303\n'
echo ready; while ! read -t 0.1 line; do :; done
head -c 200000 /dev/urandom
stty -opost; head -c 100000 /dev/zero; stty opost
seq 1 LINES
echo the end; exit 7
"""
SHOWN = b"ready> echo one\none\nready> echo two\ntwo\nready> echo three\n" \
    b"three\nready> exit\nlogout\n"
GOES_ON = "another recording holds what was shown after it"
RESUMED = "another recording holds what was shown before"
KILLED = "the recorder of the terminal was killed, or it failed"


def quoted(script):
    return "bash -c '%s'" % script.replace("'", "'\\''")


def close_of(daemon, sshd, n):
    """Of the terminal that showed so many bytes."""
    return wait_for("a recording of %d bytes" % n, lambda: [
        e for e in told(daemon, sshd, "channel.close")
        if e.get("bytes_read") == n])[0]


def check_recorded(daemon, sshd, got):
    close = close_of(daemon, sshd, len(got))
    check(export(daemon, close) == got, "other bytes")
    equal([close.get(k) for k in ("lost", "partial", "reason")], [None] * 3)
    equal((close["source"], close["trust"]), ("rec", "daemon"))
    return close


def show(sshd, script, size=(24, 80)):
    """What a terminal of its own gets, and how ssh ends."""
    w = Window(sshd, quoted(script), size)
    return w.end(), w.process.returncode


class SharedHost:
    """One that records in one form, for cases that leave it as it was. Each of
    them has a person of its own."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.forced = None
        self.persons = 0

    def end(self):
        self.stack.close()
        self.forced = None

    def play(self, function, forced):
        if self.forced != forced:
            self.end()
            self.host = self.stack.enter_context(recorded_host(
                forced, sshd_more="PermitUserEnvironment yes\n"))
            self.forced = forced
        recorder, daemon, sshd = self.host
        self.persons += 1
        sshd.person = sshd.user(
            "%s%d" % (NAME, self.persons),
            shell="/bin/bash" if forced else recorder.program)
        try:
            function(recorder, daemon, sshd)
        except Exception:
            # What it left may be all sorts of things.
            self.end()
            raise


_host = SharedHost()
_forms = {True: [], False: []}


def forced(function):
    """As ForceCommand, on the host of such cases."""
    _forms[True].append(function)
    return function


def login_shell(function):
    """As the person's login shell."""
    _forms[False].append(function)
    return function


def both(function):
    return forced(login_shell(function))


def register(function, form):
    def run():
        _host.play(function, form)
    run.__doc__ = "%s: %s" % (
        "ForceCommand" if form else "login shell", function.__doc__)
    case(run)


@both
def records_what_the_client_got(_, daemon, sshd):
    """Text, escapes, binary, megabytes, windows: byte by byte"""
    t = Window(sshd, quoted(EVERYTHING.replace("LINES", str(LINES))))
    t.wait_for(b"ready")
    t.resize(50, 132)
    t.wait_for(b"50 132")
    t.type(b"go on\r")
    got = t.end()
    equal(t.process.returncode, 7)
    check(len(got) > 6 * LINES and b"the end" in got, "it ended")
    close = check_recorded(daemon, sshd, got)
    equal(close["exit"], 7)
    head, lines = cast(daemon, close)
    equal((head["width"], head["height"]), (80, 24))
    equal(of_kind(lines, "r"), ["132x50"])
    equal({e[1] for e in lines}, {"o", "r"})
    daemon.run("verify")


@both
def ends_as_the_shell_did(_, daemon, sshd):
    """Status 0 and 7, a signal, a program that is not there"""
    for script, status in (("exit 0", 0), ("exit 7", 7), ("no-such", 127)):
        got, returned = show(sshd, script)
        equal(returned, status, script)
        if got:
            equal(check_recorded(daemon, sshd, got)["exit"], status)
    script = "echo dying; kill -TERM $$"
    got, returned = show(sshd, script)
    # ssh(1) says so of a signal, which it does not tell.
    equal(returned, 255)
    equal(check_recorded(daemon, sshd, got)["signal"], signal.SIGTERM)


@both
def is_a_terminal_to_the_shell(recorder, daemon, sshd):
    """Job control, sizes, the variable that names it, who is in the session"""
    with sshd.terminal(sshd.person) as t:
        equal(t.say("tty").strip(), t.say("echo $SSH_TTY").strip())
        equal(t.say("echo $SHELL $0").strip(), "/bin/bash -bash")
        equal(t.say("ps -o tty= $$").strip(), t.say("tty").strip()[5:])
        t.type("sleep 100")
        time.sleep(0.5)
        t.process.stdin.write(b"\x1a")
        t.process.stdin.flush()
        t.wait("Stopped")
        t.wait("ready> ")
        check("Stopped" in t.say("jobs"), "it is stopped")
        t.type("fg")
        t.wait("sleep 100")
        time.sleep(0.3)
        t.process.stdin.write(b"\x03")
        t.process.stdin.flush()
        t.wait("ready> ")
        equal(t.say("echo $?").strip(), "130")
        # No signal that is ignored or blocked, no group, and no descriptor, of
        # the recorder's.
        equal(t.say("grep -c '^Sig[BI].*:.0*$' /proc/self/status").strip(),
              "2")
        equal(t.say("id -Gn").strip(), sshd.person.name)
        equal(t.say("echo /proc/self/fd/*").split()[-1], "/proc/self/fd/3")
        # One within is as one of sshd's; then the terminal is as it was.
        t.type("%s -c 'echo within; cat </dev/tty'" % recorder.program)
        t.wait("within\r\n")
        t.process.stdin.write(b"typed\n\x04")
        t.process.stdin.flush()
        t.wait("typed\r\ntyped\r\nready> ")
        equal(t.say("echo there >/dev/tty").strip(), "there")
        equal(t.leave("exit 5"), 5)


ODD = {"LANG": "xx_YY.broken", "LC_ALL": "no\xffne", "TMPDIR": "/no/where",
       "LD_LIBRARY_PATH": "/no/libraries", "LOCPATH": "/no", "PLAIN": "x y"}


@both
def hands_the_environment_on(_, daemon, sshd):
    """Broken locales, and what a set-group-id program loses itself"""
    sshd.person.write(".ssh/environment", "".join(
        "%s=%s\n" % x for x in ODD.items()))
    for value in (sshd.ssh(sshd.person, "env -0").stdout,
                  show(sshd, "env -0 | tr '\\0' '\\n'")[0]):
        lines = value.replace(b"\r\n", b"\n").replace(
            b"\0", b"\n").split(b"\n")
        for name, text in ODD.items():
            check(("%s=%s" % (name, text)).encode() in lines,
                  "%s in %r" % (name, lines))
        check(b"SHELL=/bin/bash" in lines, "SHELL")


@both
def passes_commands_through(_, daemon, sshd):
    """Bytes both ways, standard error, ends of input, statuses"""
    ssh, person = sshd.ssh, sshd.person
    data = os.urandom(3000000)
    done = ssh(person, "cat; echo err >&2; exit 9", stdin=data)
    equal((done.stdout == data, done.stderr, done.returncode),
          (True, b"err\n", 9))
    # What PAM says of the day comes before.
    shown = ssh(person, stdin=b"echo $0; cat\nmore\n").stdout
    check(shown.endswith(b"-bash\nmore\n"), shown)
    equal(ssh(person, "cat; tty", options=("-n",)).stdout, b"not a tty\n")
    equal(ssh(person, "wc -c", stdin=b"").stdout, b"0\n")
    equal(ssh(person, "kill -9 $$").returncode, 255)
    equal(ssh(person, "sleep 2 & echo $! >&2; exec 1>&- 2>&-").returncode, 0)
    closes = wait_for("its end", lambda: [
        e for e in told(daemon, sshd, "channel.close")])
    equal({e.get("recording") for e in closes}, {None})
    opens = told(daemon, sshd, "channel.open")
    check(["bash", "-c", "wc -c"] in [e.get("argv") for e in opens], opens)
    equal({e["chan_type"] for e in opens}, {"command"})


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


@both
def passes_transfers_through(_, daemon, sshd):
    """sftp, scp by both protocols, rsync: the same files"""
    need_programs("sftp", "scp", "rsync")
    source = sshd.path("source")
    with open(source, "wb") as f:
        f.write(os.urandom(2000000))
    person, home = sshd.person, sshd.person.home
    options = sshd.options(person)
    at = person.name + "@127.0.0.1:"
    batch = sshd.path("batch")
    with open(batch, "w") as f:
        f.write("put %s one\nget one %s\n" % (source, sshd.path("back")))
    subprocess.run(["sftp", *options, "-b", batch, at[:-1]], check=True,
                   capture_output=True, timeout=60 * PATIENCE)
    subprocess.run(["scp", *options, source, at + "two"], check=True,
                   timeout=60 * PATIENCE)
    subprocess.run(["scp", "-O", *options, source, at + "three"], check=True,
                   timeout=60 * PATIENCE)
    subprocess.run(["rsync", "-e", " ".join(["ssh", *options]), source,
                    at + "four"], check=True, timeout=60 * PATIENCE)
    for name in ("one", "two", "three", "four"):
        equal(digest(os.path.join(home, name)), digest(source), name)
    equal(digest(sshd.path("back")), digest(source))
    opens = wait_for("the last one", lambda: [
        x for x in [told(daemon, sshd, "channel.open")]
        if any("rsync --server" in e["argv"][2] for e in x)])[0]
    equal({e.get("recording") for e in opens}, {None})


@case
def goes_on_without_the_daemon():
    """Killed within a session and back; away from the beginning"""
    with recorded_host(True) as (_, daemon, sshd):
        with sshd.terminal(sshd.person) as t:
            t.say("echo one")
            daemon.process.kill()
            daemon.process.wait()
            equal(t.say("echo two").strip(), "two")
            # Its collector still answers.
            daemon.start()
            wait_for("the recorder", lambda: len(
                told(daemon, sshd, "channel.open")) == 2)
            t.say("echo three")
            equal(t.leave(), 0)
        first, second = wait_for("both ends", lambda: [
            x for x in [told(daemon, sshd, "channel.close")]
            if len(x) == 2])[0]
        equal((export(daemon, first) + export(daemon, second)).replace(
            b"\r\n", b"\n"), SHOWN)
        equal([e for e in daemon.found("search", "--all", "--kind", "gap")
               if e["source"] == "rec"], [])
        again = told(daemon, sshd, "channel.open")[1]
        equal((again["partial"], again["reason"]), (True, RESUMED))
        daemon.stop()
        equal(sshd.ssh(sshd.person, "echo x; exit 4").returncode, 4)
        got, status = show(sshd, "echo there; exit 3")
        equal((got, status), (b"there\r\n", 3))


def make_spool(recorder):
    """As the daemon makes it."""
    os.mkdir(recorder.spool)
    os.chown(recorder.spool, 0, grp.getgrnam(GROUP).gr_gid)
    os.chmod(recorder.spool, 0o1730)


@case
def spools_what_no_daemon_took():
    """A session that ends, and one that shows much, while there is none"""
    with recorded_host(True, start=False, settings="memory: 2MiB\n") as (
            recorder, daemon, sshd):
        make_spool(recorder)
        short, status = show(sshd, "ls %s; echo alone; exit 3" %
                             recorder.spool)
        equal(status, 3)
        check(b"Permission denied" in short, short)
        equal(len(os.listdir(recorder.spool)), 1)
        t = Window(sshd, quoted("seq 1 400000; echo half; read x; echo $x"))
        t.wait_for(b"half")
        equal(len(os.listdir(recorder.spool)), 2)
        daemon.start()
        wait_for("the recorder", lambda: told(daemon, sshd, "channel.open"))
        t.type(b"rest\r")
        got = t.end()
        closes = wait_for("all of it", lambda: [
            x for x in [told(daemon, sshd, "channel.close")] if len(x) == 3],
            60)[0]
        equal([e.get("lost") for e in closes], [None] * 3)
        alone, much, rest = sorted(closes, key=lambda e: e["time"])
        equal((export(daemon, alone), alone["exit"]), (short, 3))
        check(export(daemon, much) + export(daemon, rest) == got, "other bytes")
        equal((much["reason"], much["partial"]), (GOES_ON, True))
        check(much["ses"] and much["auid"] == sshd.person.uid, much)
        wait_for("an empty spool", lambda: not os.listdir(recorder.spool), 60)
        equal([e for e in daemon.found("search", "--all", "--kind", "gap")
               if e["source"] == "rec"], [])
        daemon.run("verify")


@case
def counts_what_has_no_room():
    """Beyond the limit of memory and spool: a hole of known size"""
    with recorded_host(True, start=False, settings="memory: 2MiB\n"
                       "spool_limit: 3MiB\n") as (recorder, daemon, sshd):
        make_spool(recorder)
        got, _ = show(sshd, "head -c 9000000 /dev/zero; echo x")
        daemon.start()
        close = wait_for("it", lambda: told(
            daemon, sshd, "channel.close"), 60)[0]
        equal(close["bytes_read"] + close["lost"], len(got))
        check(close["bytes_read"] > 3000000 - 65536, close)
        gap = [e for e in daemon.found("search", "--all", "--kind", "gap")
               if e["source"] == "rec"][0]
        equal(gap["lost"], close["lost"])


@case
def refuses_where_it_is_told_to():
    """fail: closed, but for the rescue group"""
    with recorded_host(True, start=False, settings="fail: closed\n") as (
            recorder, _, sshd):
        done = sshd.ssh(sshd.person, "echo x")
        equal((done.returncode, done.stdout), (254, b""))
        got, status = show(sshd, "echo x")
        equal(status, 254)
        check(b"cannot be recorded (sshtraild does not answer)" in got, got)
        recorder.configure("fail: closed\nrescue: %s\n" % sshd.person.name)
        equal(sshd.ssh(sshd.person, "echo x").stdout, b"x\n")
        equal(show(sshd, "echo x"), (b"x\r\n", 0))
        recorder.configure("no: such\n  key")
        equal(show(sshd, "echo x"), (b"x\r\n", 0))


ATTACKS = r"""
rec=$(ps -o ppid= $PPID | tr -d ' ')
for file in mem environ fd/0 root; do
  ( exec 3</proc/$rec/$file ) 2>/dev/null && echo "opened $file"
done
outer=/dev/pts/$(( $(cut -d ' ' -f 7 /proc/$rec/stat) & 255 ))
( echo unseen >$outer ) 2>/dev/null && echo "wrote to $outer"
python3 - SOCKET $rec <<'END'
import ctypes, os, socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
    print("connected")
except OSError:
    pass
if ctypes.CDLL(None).ptrace(16, int(sys.argv[2]), 0, 0) == 0:
    print("attached")
END
echo tried all
"""


@both
def withstands_its_user(recorder, daemon, sshd):
    """No look inside, no other way to sshd's terminal, no forged record"""
    script = os.path.join(sshd.person.home, "attacks")
    sshd.person.write("attacks", ATTACKS.replace("SOCKET", recorder.socket))
    with sshd.terminal(sshd.person) as t:
        equal(t.say("bash attacks").strip(), "tried all")
        t.say("exec bash --norc", until="$ ")
        t.process.kill()
    os.unlink(script)


@both
def ends_the_session_when_it_is_killed(_, daemon, sshd):
    """The terminal is gone with it, and it is told"""
    for how in ("KILL", "ABRT"):
        before = len(told(daemon, sshd, "channel.close"))
        with sshd.terminal(sshd.person) as t:
            t.say("trap '' HUP; echo to be seen")
            t.type("kill -%s $PPID; sleep 1; echo not $(echo any) more" % how)
            rest = t.process.communicate(timeout=30 * PATIENCE)[0]
            check(b"not any more\r\n" not in rest, rest)
            equal(t.process.returncode, 255)
        close = wait_for("its end", lambda: told(
            daemon, sshd, "channel.close")[before:])[0]
        equal((close["reason"], close["partial"]), (KILLED, True))
        check(b"to be seen" in export(daemon, close), "what came before")
        gaps = [e for e in daemon.found("search", "--all", "--kind", "gap")
                if e["source"] == "rec" and e["reason"] == KILLED]
        equal(len(gaps), before + 1)


@forced
def stops_showing_while_it_is_stopped(_, daemon, sshd):
    """SIGSTOP: nothing is shown that is not recorded"""
    t = Window(sshd, quoted(
        "rec=$PPID; echo before; sleep 0.5; kill -STOP $rec; echo meanwhile; "
        "sleep 2; kill -CONT $rec; sleep 0.2; echo behind"))
    t.wait_for(b"before")
    time.sleep(1)
    check(b"meanwhile" not in t.got(), t.got())
    check_recorded(daemon, sshd, t.end())


@case
def keeps_input_where_it_is_told_to():
    """What is echoed; a password is not"""
    with recorded_host(True, settings="input: on\n") as (_, daemon, sshd):
        t = Window(sshd, quoted(
            "echo ready; read a; echo got $a; stty -echo; read b; stty echo; read c; "
            "echo the end $b"))
        t.wait_for(b"ready")
        t.type(b"open\r")
        t.wait_for(b"got open")
        time.sleep(0.5)
        t.type(b"secret\r")
        time.sleep(0.5)
        t.type(b"again\r")
        close = check_recorded(daemon, sshd, t.end())
        _, lines = cast(daemon, close)
        typed = "".join(of_kind(lines, "i"))
        equal(typed, "open\ragain\r")


@login_shell
def shares_a_connection(_, daemon, sshd):
    """Terminals and commands side by side in one connection"""
    with one_connection(sshd) as options:
        windows = [Window(sshd, "echo window %d; sleep 0.3" % i,
                          options=options) for i in range(5)]
        equal(sshd.ssh(sshd.person, "echo x", options=options).stdout, b"x\n")
        for w in windows:
            check(b"window" in w.end(), "it was shown")
        closes = wait_for("six ends", lambda: [
            x for x in [told(daemon, sshd, "channel.close")] if len(x) == 6])
        equal(len({e["session"] for e in closes[0]}), 1)


@case
def steps_aside_for_the_kernel():
    """Where the kernel records, one recording, and no terminal between"""
    with recorded_host(True, taps="terminals: auto") as (_, daemon, sshd):
        need_taps(daemon, "terminals: auto")
        with sshd.terminal(sshd.person) as t:
            parent = t.say("ps -o comm= $PPID").strip()
            check(parent.startswith("sshd"), parent)
            equal(t.leave(), 0)
        closes = wait_for("its end", lambda: told(
            daemon, sshd, "channel.close"))
        equal([e["source"] for e in closes], ["terminals"])
        rec = [x for x in daemon.status()["taps"] if x["tap"] == "rec"][0]
        check("terminals" in rec.get("doing", ""), rec)


# The host of one form is there for all of its cases.
for form, functions in _forms.items():
    for function in functions:
        register(function, form)
with _host.stack:
    sys.exit(main())
