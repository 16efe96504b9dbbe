#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Secrets in what is exported: what somebody typed into a real bash, mended and
called back letter by letter, is in no format of recordings; --reveal shows it,
and leaves an event, only where there was something to show."""
import atexit
import base64
import fcntl
import functools
import gzip
import json
import os
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from trailtest import Skip, Store, case, check, equal, main
from daemontest import HOST, Daemon, wait_for

FORMATS = ("asciicast", "asciicast-v3", "script", "script-classic", "ttyrec",
           "tlog", "sudo", "raw", "html", "text")
# Typed: what stands in it is a secret, however it comes to the terminal.
TYPED = (
    b"mysql -pWinte\x7f\x7f\x7f\x7f\x7fSummer41 db",  # mended
    b"\x1b[A",  # the same once more, from the history
    b"export TOKEN=Autumn42 X=1",
    b"\x1b[A\x01\x06\x06\x06\x05 Y=2",  # drawn anew, edited at its end
    # Over the edge of a terminal of 40 columns.
    b"true some more words password=Spring43andmuchmoreofit here",
    b"in_colours",
    b"true no-secret-of-any-kind")
SECRETS = ("Summer41", "Autumn42", "Spring43", "andmuchmore", "ofit", "Wint",
           "er44", "Winte")


def type_into(argv, lines, env):
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        os.execvpe(argv[0], argv, env)
    seen = b""

    def read_until(text, at):
        nonlocal seen
        end = time.monotonic() + 20
        while text not in seen[at:]:
            check(time.monotonic() < end, "hangs behind %r" % seen[-300:])
            if select.select([fd], [], [], 1)[0]:
                seen += os.read(fd, 4096)
    read_until(b"ready> ", 0)
    for line in lines:
        at = len(seen)
        # Letter by letter, as people do: each comes back alone.
        for key in re.findall(rb"\x1b\[.|.", line, re.S):
            os.write(fd, key)
            time.sleep(0.004)
        os.write(fd, b"\r")
        read_until(b"\x1b[?2004hready> ", at)
    os.write(fd, b"exit\r")
    try:
        while True:
            got = os.read(fd, 4096)
            if not got:
                break
            seen += got
    except OSError:  # the end of a terminal
        pass
    os.waitpid(pid, 0)
    return seen


TOP = tempfile.mkdtemp(prefix="sshtrail-masks.")
atexit.register(shutil.rmtree, TOP, ignore_errors=True)


@functools.lru_cache
def work():
    """What was seen of it, recorded by script."""
    env = {"PATH": os.environ["PATH"], "HOME": TOP, "TERM": "xterm",
           "LC_ALL": "C.UTF-8", "SHELL": "/bin/bash", "PS1": "ready> "}
    with open(TOP + "/rc", "w") as rc:
        rc.write("PS1='ready> '\nmysql() { :; }\n"
                 "in_colours() { printf '\\033[1mpass\\033[0mword: "
                 "Wint\\033[31mer44\\033[0m\\n'; }\n")
    os.mkdir(TOP + "/rec")
    return type_into(
        ["script", "-q", "--log-timing", TOP + "/rec/timing", "--log-out",
         TOP + "/rec/typescript", "--log-in", TOP + "/rec/stdin", "-c",
         "bash --noprofile --rcfile %s/rc -i" % TOP], TYPED, env)


def record(store):
    seen = work()
    store.import_("--host", "web", TOP + "/rec")
    return seen


def content(path):
    """All that a reader of the file or directory can make of it."""
    if os.path.isdir(path):
        return b"".join(content(os.path.join(path, f))
                        for f in sorted(os.listdir(path)))
    with open(path, "rb") as f:
        data = f.read()
    for packed in re.findall(rb"[A-Za-z0-9+/]{64,}={0,2}", data):
        try:
            raw = base64.b64decode(packed + b"===")
            data += raw + (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b"
                           else b"")
        except (ValueError, OSError):
            pass
    return data


def frames(data):
    """What a ttyrec shows."""
    shown = b""
    while data:
        n = 12 + struct.unpack("<I", data[8:12])[0]
        shown, data = shown + data[12:n], data[n:]
    return shown


def visible(data):
    """Without what is between the letters of a line: sequences, borders of
    events."""
    streams = [data]
    for stream in (b"o", b"i"):
        found = re.findall(rb'\[[0-9.]+, ?"%s", ?("(?:[^"\\]|\\.)*")\]' % stream,
                           data)
        streams.append("".join(map(json.loads, found)).encode())
    return b"\n".join(re.sub(rb"\x1b\[[0-9;?]*[@-~]", b"", s) for s in streams)


def export(store, form, *args, expect=0):
    out = os.path.join(store.top, "%s%d" % (form, len(os.listdir(store.top))))
    session = store.sessions("--local")[0]["session"]
    done = store.run("export", session, "-F", form, "-o", out, *args,
                     expect=expect)
    return out, done.stderr.decode()


def reveals(store):
    done = store.run("search", "--kind", "reveal", "--json", expect=None)
    return [json.loads(line) for line in done.stdout.splitlines()]


@case
def no_format_holds_them():
    """what was typed and shown is masked in all formats"""
    with Store() as store:
        seen = record(store)
        check(b"Summer41" in visible(seen), "not recorded: %r" % seen)
        for form in FORMATS:
            out, said = export(store, form)
            got = content(out)
            got = visible(frames(got) if form == "ttyrec" else got)
            got = got.decode("utf-8", "replace")
            for secret in SECRETS:
                check(secret not in got, "%s: %s in %r" % (
                    form, secret, got[max(0, got.find(secret) - 200):][:400]))
            check("*****" in got and "no-secret-of-any-kind" in got,
                  "%s: %r" % (form, got[:2000]))
            check(re.search(r"\d+ secrets masked; --reveal", said), said)
        equal(reveals(store), [])
        # Nothing moved: where no star stands all is as it was.
        out, _ = export(store, "raw")
        with open(out, "rb") as f:
            raw = f.read()
        check(len(raw) <= len(seen) and all(
            a == b or a == ord("*") for a, b in zip(raw, seen)),
            "%r" % raw)


@case
def shown_only_with_an_event():
    """--reveal shows them, and an event says so, where there are any"""
    with Store() as store:
        seen = record(store)
        out, said = export(store, "raw", "--reveal")
        check("secrets shown; that is recorded" in said, said)
        with open(out, "rb") as f:
            check(b"Summer41" in f.read(), "not shown")
        event, = reveals(store)
        session = store.sessions("--local")[0]["session"]
        equal((event["cmd"], event["uid"]), ("sshtrail export", os.getuid()))
        check(session in event["text"], str(event))
        equal(store.run("verify").returncode, 0)
    with Store() as store:
        at = os.path.join(store.top, "plain.cast")
        with open(at, "w") as f:
            f.write('{"version": 2, "width": 80, "height": 24}\n'
                    '[1.0, "o", "nothing\\r\\n"]\n')
        store.import_("--host", "web", at)
        _, said = export(store, "raw", "--reveal")
        equal((said, reveals(store)), ("", []))


@case
def nothing_without_the_event():
    """where no event can be written nothing is shown"""
    with Store() as store:
        record(store)
        with open(os.path.join(store.dir, "lock"), "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            out, said = export(store, "raw", "--reveal", expect=4)
        check("--reveal: it cannot be recorded" in said, said)
        got = visible(content(out)) if os.path.exists(out) else b""
        check(b"Summer41" not in got, "%r" % got)


@case
def recorded_by_the_daemon():
    """where sshtraild writes to the store it records that secrets are shown"""
    if "SSHTRAILD" not in os.environ:
        raise Skip("SSHTRAILD does not name it")
    with Daemon() as daemon, Store() as other:
        daemon.start()
        with open(daemon.log, "a") as log:
            log.write("Nov 24 10:00:00 %s sudo:      bob : TTY=pts/0 ; "
                      "PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql -pSummer41\n"
                      % HOST)
        wait_for("the event", lambda: daemon.found("search", "--kind", "priv",
                                                   "--since", "all"))

        def export(*args, store=daemon, expect=0):
            done = store.run("export", *args, expect=expect)
            return (b"Summer41" in done.stdout, done.stderr.decode())
        shown, said = export()
        check(not shown and "1 secret masked" in said, said)
        shutil.copytree(daemon.dir, other.dir)
        # Where it cannot be asked, it lends the store.
        shown, said = export("--reveal", "--socket", other.top)
        check(shown and "1 secret shown; that is recorded" in said, said)
        # One who writes to another store.
        with open(os.path.join(other.dir, "lock"), "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shown, said = export("--reveal", "--socket", daemon.socket,
                                 store=other, expect=4)
        check(not shown and "sshtraild writes to " + daemon.dir in said, said)
        shown, said = export("--reveal", "--socket", daemon.socket)
        check(shown and "1 secret shown; that is recorded" in said, said)
        wait_for("the events", lambda: len(reveals(daemon)) == 2)
        equal(reveals(daemon)[0]["source"], "sshtraild")
        equal(reveals(daemon)[1]["source"], "sshtrail")
        event = reveals(daemon)[0]
        equal((event["uid"], event["cmd"], event["text"], event["source"]),
              (os.getuid(), "sshtrail export", "all sessions", "sshtraild"))
        daemon.stop()
        daemon.run("verify")


@case
def rules_of_the_store():
    """the file `masks` of a store has rules of its own"""
    with Store() as store:
        at = os.path.join(store.top, "pin.cast")
        with open(at, "w") as f:
            f.write('{"version": 2, "width": 80, "height": 24}\n')
            for part in ("vault_", "pin=4", "711", " x\r\n"):
                f.write(json.dumps([1.0, "o", part]) + "\n")
        store.import_("--host", "web", at)
        out, said = export(store, "raw")
        equal((content(out), said), (b"vault_pin=4711 x\r\n", ""))
        with open(os.path.join(store.dir, "masks"), "w") as f:
            f.write("vault_pin= value\n")
        out, said = export(store, "raw")
        equal(content(out), b"vault_pin=**** x\r\n")
        check("1 secret masked; --reveal shows it" in said, said)


if __name__ == "__main__":
    check(shutil.which("script"), "script is not installed")
    sys.exit(main())
