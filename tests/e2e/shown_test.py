#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finding what was shown: the moments at which a text stood on the screens of
recordings, which are written here so that every moment is known."""
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from trailtest import Skip, Store, case, check, equal, main

START = 1795348170  # 2026-11-22 11:49:30 UTC
CLEAR = "\x1b[2J\x1b[H"

# Who, on which host, when, and what was shown how many seconds later.
SHOWN = {
    "ann": ("web", 0, [
        (0, "$ "), (11, "helk"), (11.5, "\b \blo"), (12, "\r\nzebras\r\n$ "),
        (30, CLEAR + "\x1b[31mbye ze"), (30.25, "bra\x1b[m\r\n")]),
    "bob": ("db", 20, [
        (0, "$ "), (1, "echo hello"), (1.25, "\r\nhello\r\n$ "),
        (4, CLEAR + "\x1b[?1049hHELLO there, zebra\x1b[5;1H" + "~" * 100),
        (5, "\x1b[?1049l$ exit\r\n")]),
}


def tlog(user, host, start, shown):
    """A recording as tlog-rec writes it: its user and host are believed."""
    timing, last = "=80x24", 0
    for at, text in shown:
        wait, last = round((at - last) * 1000), at
        timing += ("+%d" % wait if wait else "") + ">%d" % len(text)
    return json.dumps({
        "ver": "2.3", "host": host, "rec": user, "user": user, "term": "xterm",
        "session": 1 + start, "id": 1, "pos": 0, "time": START + start,
        "timing": timing, "in_txt": "", "in_bin": [],
        "out_txt": "".join(t for _, t in shown), "out_bin": []}).encode() + b"\n"


def make():
    store = Store()
    store.import_("--host", "other", *[
        store.write(user + ".tlog", tlog(user, *rest))
        for user, rest in SHOWN.items()])
    return store


def moments(store, text, *args, expect=0):
    return [(m["user"], round(m["at"], 3), round(m["gone"], 3), m["text"])
            for m in store.lines("search", "--since", "all", "--text", text,
                                 *args, expect=expect)
            if m["kind"] == "screen"]


HELLO = [("bob", 4, 5, "HELLO there, zebra"), ("bob", 1.25, 4, "hello"),
         ("bob", 1, 4, "$ echo hello"), ("ann", 11.5, 30, "$ hello")]


@case
def finds():
    """A text is found when and where all of it stood, however it was typed"""
    with make() as store:
        equal(moments(store, "hello"), HELLO)
        equal(moments(store, "bye zebra"), [("ann", 30.25, 30.25, "bye zebra")])
        equal(moments(store, "helk", expect=1), [])
        equal(moments(store, "31m", expect=1), [])
        first = store.lines("search", "--all", "--text", "zebras")[0]
        equal((first["kind"], first["host"], first["alternate"], first["time"],
               first["until"]),
              ("screen", "web", False, "2026-11-22T11:49:42.000000Z",
               "2026-11-22T11:50:00.000000Z"))


@case
def derives():
    """Screens are made by the import, and by reindex; without them the same is
    found"""
    with make() as store:
        made = os.path.join(store.dir, "screens", "recordings:import:other")
        names = os.listdir(made)
        equal(len(names), len(SHOWN))

        def screens():
            return [open(os.path.join(made, n), "rb").read() for n in names]
        before = screens()
        shutil.rmtree(os.path.join(store.dir, "screens"))
        equal(moments(store, "hello"), HELLO)
        check(not os.path.exists(made), "a search writes")
        store.run("reindex")
        check(screens() == before, "reindex makes others")


@case
def chooses():
    """Filters choose recordings; those of single events leave moments out"""
    with make() as store:
        ann, bob = HELLO[3:], HELLO[:3]
        equal(moments(store, "hello", "--user", "ann"), ann)
        equal(moments(store, "hello", "--host", "db"), bob)
        equal(moments(store, "hello", "--user", "eve", expect=1), [])
        equal(moments(store, "hello", "--until", "@1795348190"), ann)
        equal(moments(store, "hello", "--since", "@1795348194"), [bob[0], *ann])
        session = store.lines("search", "--all", "--text", "zebras")[0]
        equal(moments(store, "hello", "--session", session["session"]), ann)
        for one in ("--kind", "exec"), ("--exit", "0"), ("--cmd", "e"):
            equal(moments(store, "hello", *one, expect=1), [])


@case
def goes_on():
    """Parts joined by cursors are the whole, in both directions"""
    with make() as store:
        for order in (), ("--reverse",):
            whole = moments(store, "e", *order)
            check(len(whole) > 5, "too few moments")
            for n in 1, 2, 3:
                got, cursor = [], ()
                while True:
                    args = ("search", "--all", "--text", "e", "-n", str(n),
                            "--json", *order, *cursor)
                    done = store.run(*args, expect=None)
                    got += [json.loads(line)
                            for line in done.stdout.splitlines()]
                    mark = re.search(rb"--cursor (\S+)", done.stderr)
                    if not mark:
                        break
                    cursor = ("--cursor", mark[1].decode())
                all_of_it = store.lines("search", "--all", "--text", "e",
                                        *order)
                equal(got, all_of_it, "parts of %d" % n)
                equal(sorted(whole), sorted(moments(store, "e")))


@case
def says_how():
    """Each row names what shows it, and nothing in it acts on a terminal"""
    with make() as store:
        out = store.run("search", "--all", "--text", "HELLO there").stdout
        check(re.search(
            rb"\n2026-11-22 11:49:54  db +bob +\w{4} +screen  "
            rb"sshtrail play \w{4}:import:other:\d+ --at 0:04  for 1s: "
            rb"HELLO there, zebra\n", out), out)


ANN = [(11.5, "$ hello"), (12, "zebras"), (12, "$"), (30.25, "bye zebra")]


def session_of(store, text):
    return store.lines("search", "--all", "--text", text)[0]["session"]


@case
def tells_all():
    """A transcript has every line with its moment, also those of editors"""
    with make() as store:
        ann, bob = session_of(store, "zebras"), session_of(store, "there")
        told = store.lines("show", ann, "--text")
        equal((told[0]["host"], told[0]["recording_chain"]),
              ("web", "import:other"))
        equal([(round(t["at"], 3), t["text"]) for t in told if "text" in t],
              ANN)
        text = store.run("show", bob, "--text").stdout.decode()
        check("\n2026-11-22 11:49:54      0:04 |HELLO there, zebra\n" in text,
              text)
        check("0:04 |" + "~" * 100 + "\n" in text, "a long line is cut")
        equal(text.split("\n", 1)[1].encode(),
              store.run("export", bob, "--format", "text").stdout)


@case
def keeps_the_order():
    """Of one moment, what gave way first comes first, and the end last"""
    with Store() as store:
        store.import_("--host", "h", store.write("a.cast", b"\n".join((
            b'{"version": 3, "term": {"cols": 80, "rows": 24}}',
            b'[0.5, "o", "first\\u001b[2J\\u001b[Hsecond\\r\\n"]',
            b'[0.5, "o", "third\\r\\n"]', b'[0.0, "x", "3"]', b""))))
        # No session came over SSH: the last one is that which was recorded.
        equal([t.get("text", t.get("note"))
               for t in store.lines("show", "last", "--text")[1:]],
              ["first", "second", "third", "exit status 3"])
    with Store() as store:
        store.import_("--host", "h", store.write("auth.log", b"\n"))
        said = store.run("show", "last", "--text", expect=1).stderr
        check(b"ls --all --local" in said, said)


@case
def hides_nothing():
    """What would reorder or hide text on a terminal is escaped in it"""
    with Store() as store:
        store.import_("--host", "h", store.write("a.tlog", tlog("eve", "h", 0, [
            (0, "a\u202eb\u200bc\r\n\x1b]0;title\x07\x9b31md\r\n")])))
        session = store.sessions("--local")[0]["session"]
        text = store.run("show", session, "--text").stdout
        check(b"  a\\u202eb" in text and b"title" not in text, text)
        check(not set(text) & set(range(32)) - {10}, text)


@case
def keeps_descriptors():
    """An import of recordings closes what it opened, and nothing else"""
    if not shutil.which("strace"):
        raise Skip("no strace")
    with Store() as store:
        files = [store.write(user + ".tlog", tlog(user, *rest))
                 for user, rest in SHOWN.items()]
        told = os.path.join(store.top, "closed")
        subprocess.run(
            ["strace", "-f", "-e", "trace=close", "-o", told,
             *store.command("import", *files)], check=True,
            capture_output=True,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        with open(told) as closed:
            bad = [c for c in closed if "close(0)" in c or "EBADF" in c]
        equal(bad, [])


if __name__ == "__main__":
    sys.exit(main())
