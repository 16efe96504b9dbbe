#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Terminals of real SSH sessions, recorded by sshtraild: what a client got is
what the recording holds, byte by byte; what has no terminal is not recorded."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import HOST, PATIENCE, Disk, wait_for
from playtest import Player
from sshdtest import need_taps
from terminaltest import (TAPS, Window, cast, export, of_kind, one_connection,
                          own_terminal, recording_host, stored, told,
                          wait_closed)
from trailtest import case, check, equal, main

# Megabytes, but where the machine is an emulated one.
LINES = int(400000 / PATIENCE ** 2)
EVERYTHING = r"""
trap 'stty size' WINCH
stty size; printf '\033[1;31mred\033[0m \342\202\254 \303\n'
echo ready; while ! read -t 0.1 line; do :; done
head -c 200000 /dev/urandom
stty -opost; head -c 100000 /dev/zero; stty opost
seq 1 LINES
echo the end
"""


def close_of(daemon, sshd, got, user):
    """Of the recording that has as many bytes."""
    return wait_for("a recording of %d bytes" % len(got), lambda: [
        e for e in told(daemon, sshd, "channel.close", 0 if user else None)
        if e["bytes_read"] == len(got)])[0]


@case
def records_what_the_client_got():
    """Text, escapes, binary, megabytes, windows: byte by byte"""
    with recording_host() as (daemon, sshd):
        for user in (None, "root"):
            t = Window(sshd, "bash -c '%s'" % EVERYTHING.replace(
                "'", "'\\''").replace("LINES", str(LINES)), (24, 80), user)
            t.wait_for(b"ready")
            t.resize(50, 132)
            t.wait_for(b"50 132")
            t.type(b"go on\r")
            got = t.end()
            check(len(got) > 7 * LINES, "%d bytes" % len(got))
            check(b"the end" in got, "it ended")
            close = close_of(daemon, sshd, got, user)
            equal(close.get("lost"), None)
            equal(close.get("partial"), None)
            check(export(daemon, close) == got, "other bytes")
            head, lines = cast(daemon, close)
            equal((head["version"], head["width"], head["height"]),
                  (2, 80, 24))
            equal(of_kind(lines, "r"), ["132x50"])
            equal({e[1] for e in lines}, {"o", "r"})
            equal(sorted(e[0] for e in lines), [e[0] for e in lines])
            text = "".join(of_kind(lines, "o"))
            check(text == got.decode(errors="replace"), "other text")
            equal(close["trust"], "kernel")
            check(close["auid"] != 4294967295 and close["ses"], close)
        check_story(daemon, close, got)
        check_screens(daemon, close)
        check_evidence(daemon, close, got)


def check_story(daemon, close, got):
    story = daemon.run("show", close["session"]).stdout.decode()
    line = [x for x in story.splitlines() if x.startswith("  recorded")][0]
    check("%d: pts/" % close["recording"] in line and "KiB" in line or
          "MiB" in line, line)
    opened = [e for e in daemon.lines("show", close["session"])
              if e["kind"] == "channel.open"]
    equal([e["size"] for e in opened], ["80x24"])
    equal([e["recording"] for e in opened], [close["recording"]])
    name = os.path.join(daemon.top, "last.cast")
    daemon.run("export", close["session"], "--format", "asciicast",
               "--output", name)
    daemon.run("export", close["session"], "--format", "asciicast",
               "--output", name, expect=4)
    if shutil.which("asciinema"):
        # It opens its terminal, though it does nothing with it.
        master, slave = os.openpty()
        shown = subprocess.run(
            ["asciinema", "cat", name], stdin=slave, capture_output=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"}, preexec_fn=own_terminal)
        os.close(master)
        os.close(slave)
        equal(shown.returncode, 0, shown.stderr)
        check(shown.stdout.decode() == got.decode(errors="replace"),
              "asciinema shows something else")
    else:
        print("# asciinema is not installed: not asked")
    third = export(daemon, close, "asciicast-v3").decode().splitlines()
    equal(json.loads(third[0])["version"], 3)


def digest_of(closes):
    """As docs/recordings.md says."""
    return hashlib.sha256(b"".join(bytes.fromhex(e["sha256"]) for e in sorted(
        closes, key=lambda e: e["seq"]))).hexdigest()


def check_session_close(daemon, session):
    """It vouches for all recordings of the session."""
    def vouching():
        return [e for e in daemon.lines("show", session, "--json")
                if "recordings_sha256" in e]
    wait_for("a session.close that vouches", vouching)
    closes = [e for e in daemon.lines("show", session, "--json")
              if e["kind"] == "channel.close" and "recording" in e]
    for e in vouching():
        equal(e["kind"], "session.close")
        equal(e["recordings"], len(closes))
        equal(e["recorded"], sum(c["recorded"] for c in closes))
        equal(e["recordings_sha256"], digest_of(closes))
    return e["recordings_sha256"]


def check_screens(daemon, close):
    """They are made when a recording has ended, and something is found."""
    wait_for("screens of the recording", lambda: os.path.exists(os.path.join(
        daemon.dir, "screens", "recordings:bastion01",
        str(close["recording"]))))
    found = daemon.lines("search", "--json", "--text", "the end", "--session",
                         close["session"])
    found = [e for e in found if e["kind"] == "screen" and
             e["recording"] == close["recording"]]
    equal([e["text"] for e in found], ["the end"])


def check_evidence(daemon, close, got):
    """Verified, made again, and changed."""
    digest = check_session_close(daemon, close["session"])
    before = daemon.run("show", close["session"]).stdout
    check(digest.encode() in before, before)
    rows = {r["chain"]: r for r in daemon.lines("verify", "--json")}
    equal(rows["recordings:bastion01"]["recordings"], 2)
    equal(rows["recordings:bastion01"]["sessions"], 2)
    daemon.stop()
    daemon.run("reindex")
    equal(daemon.run("show", close["session"]).stdout, before)
    check(export(daemon, close) == got, "other bytes")
    chain = os.path.join(daemon.dir, "trail", "recordings:bastion01")
    last = sorted(n for n in os.listdir(chain) if n.endswith(".seg"))[-1]
    with open(os.path.join(chain, last), "r+b") as f:
        data = f.read()
        f.seek(data.rindex(b"the end"))
        f.write(b"no end!")
    out = daemon.run("verify", expect=3).stdout.decode()
    check(" recording seq %d" % close["recording"] in out, out)
    daemon.run("export", close["session"], "--format", "raw", "--recording",
               str(close["recording"]), expect=3)
    shutil.rmtree(chain)
    out = daemon.run("verify", expect=3).stdout.decode()
    check("events:bastion01: MISSING recording seq %d:" % close["recording"]
          in out, out)


@case
def gives_way_on_a_full_disk():
    """Little room: a hole in the recording, which goes on behind it"""
    with recording_host("reserve: 32MiB\n", start=False) as (daemon, sshd), \
            Disk(daemon.dir, 128) as disk:
        daemon.start()
        need_taps(daemon, TAPS)

        def gap(text):
            return wait_for(text, lambda: [e for e in daemon.found(
                "search", "--all", "--kind", "gap") if text in e["reason"]])[0]
        t = Window(sshd, "echo before; read x; head -c 300000 /dev/zero | "
                   "tr '\\0' x; read y; echo after")
        opened = wait_for("its begin", lambda: told(
            daemon, sshd, "channel.open"))[0]
        wait_for("what came before",
                 lambda: b"before" in export(daemon, opened, expect=None))
        disk.fill(16 << 20)
        gap("little room is left")
        t.type(b"\r")
        wait_for("what is not recorded", lambda: len(t.got()) > 300000)
        # The client may have it before the daemon has read of it.
        wait_for("the daemon",
                 lambda: daemon.tap("terminals")["bytes"] > 300000)
        disk.make_room()
        gap("there was little room")
        t.type(b"\r")
        got = t.end()
        close, = wait_closed(daemon, sshd, 1)
        equal(close["bytes_read"] + close["lost"], len(got))
        check(close["lost"] >= 300000, close)
        raw = export(daemon, close)
        check(raw.startswith(b"before") and raw.endswith(b"after\r\n"), raw)
        equal(len(raw), close["bytes_read"])
        check(of_kind(cast(daemon, close)[1], "m"), "no marker of the hole")
        equal(daemon.status()["recordings"]["trouble"], "")


@case
def keeps_sessions_apart():
    """Two at once, and two channels of one connection: none is mixed"""
    with recording_host() as (daemon, sshd):
        shells = [Window(sshd, "for i in $(seq 1 3000); do echo %s $i; "
                           "done; sleep 0.2" % (name * 40))
                  for name in ("a", "b")]
        with one_connection(sshd) as options:
            shells += [Window(sshd, "for i in $(seq 1 3000); do echo %s $i; "
                              "done" % (name * 40), options=options)
                       for name in ("c", "d")]
            want = sorted(t.end() for t in shells)
        got = sorted(export(daemon, e) for e in wait_closed(daemon, sshd, 4))
        check([g[:200] for g in got] == [w[:200] for w in want], "begins")
        check(got == want, "mixed")
        equal(len({e["ses"] for e in told(daemon, sshd, "channel.close")}), 3, "sessions")
        daemon.stop()


@case
def leaves_transfers_alone():
    """Commands without a terminal, sftp: no recording, where none is asked for"""
    with recording_host() as (daemon, sshd):
        payload = os.urandom(100000)
        with open(sshd.path("payload"), "wb") as f:
            f.write(payload)
        done = sshd.ssh(sshd.person, "cat", stdin=payload)
        check(done.stdout == payload, done.stderr)
        done = subprocess.run(
            ["sftp", "-b", "-", *sshd.options(sshd.person),
             sshd.person.name + "@127.0.0.1"],
            input=b"put %s copy\nget copy %s\n" % (
                sshd.path("payload").encode(), sshd.path("back").encode()),
            capture_output=True, timeout=60 * PATIENCE)
        with open(sshd.path("back"), "rb") as f:
            check(f.read() == payload, done.stderr)
        Window(sshd, "echo only this").end()
        equal(len(wait_closed(daemon, sshd, 1)), 1)
        equal(wait_closed(daemon, sshd, 1)[0]["bytes_read"], 11)
        daemon.stop()


@case
def is_followed():
    """play --follow shows what comes, until the session ends"""
    with recording_host() as (daemon, sshd):
        t = Window(sshd, "printf 'one\\n'; read x; tput setaf 1; echo two; "
                   "read y; stty size", (24, 80))
        opened = wait_for("its begin", lambda: told(
            daemon, sshd, "channel.open"))[0]
        wait_for("its first line",
                 lambda: b"one" in export(daemon, opened, expect=None))
        p = Player(daemon, opened["session"], "--follow")
        p.wait(r"^one", "live")
        t.type(b"\r")
        p.wait(r"two", "live")
        # From the beginning on, and to what is now.
        p.press("0", r"0:00 / ", without=["two"])
        p.press("G", r"two")
        t.resize(30, 100)
        p.wait(r"columns 1-80 of 100", "live")
        t.type(b"\r")
        t.end()
        p.wait(r"30 100", "ended")
        equal(p.end(), 0)
        wait_closed(daemon, sshd, 1)
        p = Player(daemon, opened["session"], "--follow")
        equal(p.end(None), 2)


@case
def masks_what_is_not_echoed():
    """With input on: what echo shows is kept, a password is not"""
    with recording_host("terminals: {input: on}\n") as (daemon, sshd):
        t = Window(sshd, "bash -c 'echo ready; read line; "
                     "read -s -p secret: word; echo; echo length ${#word}; "
                     "read last; echo over $last'")
        t.wait_for(b"ready")
        t.type(b"visible-line\r")
        t.wait_for(b"secret:")
        t.type(b"hunter2-")
        t.type(b"swordfish\r")
        t.wait_for(b"length 17")
        t.type(b"seen-again\r")
        t.wait_for(b"over")
        got = t.end()
        close = wait_closed(daemon, sshd, 1)[0]
        check(export(daemon, close) == got, "other bytes")
        _, lines = cast(daemon, close)
        equal("".join(of_kind(lines, "i")),
              "visible-line\rseen-again\r")
        equal(of_kind(lines, "m"),
              ["typed without echo: not recorded"])
        equal(close["bytes_written"], len("visible-line\rseen-again\r"))
        equal(close["masked"], 1)
        story = daemon.run("show", close["session"]).stdout
        check(b", input masked once" in story, "%r" % story)
        daemon.stop()
        data = stored(daemon)
        check(b"visible-line" in data, "this should be there")
        for part in (b"hunter", b"swordfish"):
            check(part not in data, "the password was stored")


@case
def outlives_its_own_death():
    """Killed in the middle: the rest is recorded, and that some is missing"""
    with recording_host() as (daemon, sshd):
        t = Window(sshd, "for i in 1 2 3; do read line; "
                     "echo answer $line; done")
        wait_for("it", lambda: told(daemon, sshd, "channel.open"))
        t.type(b"one\r")
        t.wait_for(b"answer one")
        time.sleep(0.5)
        os.kill(daemon.collector(), signal.SIGKILL)
        daemon.wait_collecting(2)
        t.type(b"two\r")
        t.wait_for(b"answer two")
        time.sleep(0.5)
        collector = daemon.collector()
        os.kill(daemon.process.pid, signal.SIGKILL)
        os.kill(collector, signal.SIGKILL)
        daemon.process.wait()
        wait_for("its end", lambda: not os.path.exists(
            "/proc/%d" % collector))
        daemon.start()
        t.type(b"three\r")
        got = t.end()
        check(b"answer three" in got, got)
        parts = wait_closed(daemon, sshd, 3)
        texts = [export(daemon, e) for e in sorted(
            parts, key=lambda e: e["recording"])]
        for text, word in zip(texts, (b"one", b"two", b"three")):
            check(b"answer " + word in text, texts)
        equal(b"".join(texts), got, "in all")
        equal([e.get("partial") for e in parts][:2], [True, True])
        check("killed" in parts[0]["reason"], parts[0])
        equal(len({e["session"] for e in parts}), 1, "sessions")
        gaps = [e for e in told(daemon, sshd, "gap")
                if "before its recording began" in e.get("reason", "")]
        equal(len(gaps), 2, "gaps")
        equal({g["session"] for g in gaps}, {parts[0]["session"]})
        check_session_close(daemon, parts[0]["session"])
        daemon.stop()
        daemon.run("verify")
        before = daemon.run("show", parts[0]["session"]).stdout
        daemon.run("reindex")
        equal(daemon.run("show", parts[0]["session"]).stdout, before)


def reload(daemon, *more):
    """Read the configuration again, with these lines in it."""
    said = daemon.said().count("collecting into")
    with open(daemon.config, "a") as f:
        f.writelines(more)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_collecting(said + 1)


@case
def goes_on_over_a_reload():
    """The configuration read again: one recording of each, and no gap"""
    with recording_host("commands: {output: on}\n") as (daemon, sshd):
        t = Window(sshd, "echo ready; for i in $(seq 20000); do echo $i; done;"
                   " read line; stty size; echo the end; exit 3")
        command = subprocess.Popen(
            sshd.command(sshd.person, "echo before; read x; echo behind >&2; "
                         "exit 4"), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        t.wait_for(b"ready")
        wait_for("both", lambda: len(
            told(daemon, sshd, "channel.open")) == 2)
        first = daemon.collector()
        reload(daemon)
        reload(daemon, "commit: {interval: 100ms}\n")
        check(daemon.collector() != first, "the same collector")
        t.resize(50, 132)
        t.type(b"x\r")
        command.communicate(b"x\n")
        got = t.end()
        check(b"the end" in got and b"50 132" in got, got[-100:])
        closes = {e["chan_type"]: e for e in wait_closed(daemon, sshd, 2)}
        equal(len(told(daemon, sshd, "channel.open")), 2)
        close = closes["terminal"]
        check(export(daemon, close) == got, "other bytes")
        equal(export(daemon, closes["command"]), b"before\nbehind\n")
        equal([(e.get("partial"), e.get("lost"), e.get("reason"))
               for e in closes.values()], [(None, None, None)] * 2)
        equal((close["bytes_read"], closes["command"]["exit"]), (len(got), 4))
        equal(daemon.found("search", "--all", "--kind", "gap"), [])
        check_session_close(daemon, close["session"])
        daemon.stop()
        daemon.run("verify")
        daemon.run("reindex")
        check(export(daemon, close) == got, "made again, other bytes")


@case
def ends_what_does_not_go_on():
    """Reloaded and stopped at once, or no more recorded: that is told"""
    with recording_host() as (daemon, sshd):
        t = Window(sshd, "echo first; read line")
        wait_for("it", lambda: told(daemon, sshd, "channel.open"))
        t.wait_for(b"first")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.stop()
        equal([e["reason"] for e in told(daemon, sshd, "channel.close")],
              ["the daemon was stopped"])
        t.type(b"\r")
        t.end()
        daemon.start()
        t = Window(sshd, "echo second; read line")
        t.wait_for(b"second")
        wait_for("it", lambda: len(told(daemon, sshd, "channel.open")) == 2)
        with open(daemon.config) as f:
            text = f.read()
        with open(daemon.config, "w") as f:
            f.write(text.replace("terminals: auto", "terminals: off"))
        reload(daemon)
        t.type(b"\r")
        t.end()
        close = wait_closed(daemon, sshd, 2)[-1]
        equal(close["reason"], "the daemon was stopped")
        equal(export(daemon, close), b"second\r\n")


@case
def ends_what_ended_unheard():
    """The end found no room in the ring: it is told when there is some"""
    with recording_host() as (daemon, sshd):
        t = Window(sshd, "echo first; read x; stty -opost; "
                   "head -c 12000000 /dev/zero | tr '\\0' x; "
                   "for i in $(seq 100); do echo; sleep 0.01; done; "
                   "echo full; read y")
        wait_for("it", lambda: told(daemon, sshd, "channel.open"))
        os.kill(daemon.collector(), signal.SIGSTOP)
        t.type(b"\r")
        t.wait_for(b"full")
        # Records of sizes are as long as that of the end.
        for cols in range(100, 120):
            t.resize(30, cols)
            time.sleep(0.05)
        t.type(b"\r")
        got = t.end()
        os.kill(daemon.collector(), signal.SIGCONT)
        close, = wait_closed(daemon, sshd, 1)
        check(close["lost"] > 1 << 20, close)
        equal(close["bytes_read"] + close["lost"], len(got))
        check("reason" not in close, close)
        gaps = [e for e in told(daemon, sshd, "gap") if e.get("tty")]
        equal(sum(e["lost"] for e in gaps), close["lost"])
        equal(daemon.status()["recordings"]["open"], 0)


@case
def stops_with_the_daemon():
    """A terminal that is open when the daemon stops: told, and what was"""
    with recording_host() as (daemon, sshd):
        t = Window(sshd, "echo first; read line; echo second")
        t.wait_for(b"first")
        wait_for("it", lambda: told(daemon, sshd, "channel.open"))
        daemon.stop()
        t.type(b"x\r")
        t.end()
        close = told(daemon, sshd, "channel.close")
        equal([e["reason"] for e in close], ["the daemon was stopped"])
        equal(export(daemon, close[0]), b"first\r\n")


@case
def takes_in_what_others_recorded():
    """What script recorded in a session is imported into that session"""
    with recording_host() as (daemon, sshd):
        files = [os.path.join(sshd.person.home, f)
                 for f in ("a.timing", "a.out", "a.in")]
        t = Window(sshd, "script -q --log-timing %s --log-out %s --log-in %s "
                   "-c 'stty size; read line; echo got $line'; echo end"
                   % tuple(files))
        t.wait_for(b"24 80")
        t.type(b"x\r")
        got = t.end()
        close, = wait_closed(daemon, sshd, 1)
        # The same terminal, but of somebody else.
        other = Window(sshd, "sleep 1", user="root")
        other.end()
        wait_for("root's", lambda: told(daemon, sshd, "channel.close", 0))
        daemon.stop()
        for again in (2, 0):
            done = json.loads(daemon.run("import", "--json", "--host", HOST,
                                         *files).stdout)
            equal(done["kinds"].get("channel.open", 0) +
                  done["kinds"].get("channel.close", 0), again)
        opened, = [e for e in daemon.found("search", "--all", "--kind",
                                           "channel.open")
                   if e["source"] == "recordings"]
        equal((opened["session"], opened["tty"], opened["size"]),
              (close["session"], close["tty"], "80x24"))
        check("inferred" in opened and opened["trust"] == "text", opened)
        story = daemon.run("show", close["session"]).stdout.decode()
        name = "import:%s:%d" % (HOST, opened["recording"])
        for text in (" %d: pts/" % close["recording"], name + ": pts/"):
            check(text in story, "no %r in %s" % (text, story))
        daemon.run("export", close["session"], "-F", "raw", expect=2)
        inner = daemon.run("export", close["session"], "-F", "raw",
                           "--recording", name).stdout
        check(inner.startswith(b"24 80") and inner.endswith(b"got x\r\n"),
              inner)
        equal(inner + b"end\r\n", got)
        daemon.run("verify")


sys.exit(main())
