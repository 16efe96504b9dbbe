#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What play shows on a terminal, which keys do what there, and that it gives
the terminal back. The terminal is python3-pyte's."""
import json
import os
import re
import shutil
import signal
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from playtest import PATIENCE, Player
from trailtest import Store, case, check, equal, main

STORE = Store()
BEGIN = 1700000000  # 2023-11-14 22:13:20 UTC
# All that may reach the terminal, but for text.
OURS = re.compile(
    rb"\033\[(\?1049[hl]|\?7[hl]|\?25[hl]|H|2J|K|[0-9;]+[mH])|[ -~]"
    rb"|[\xc2-\xf4][\x80-\xbf]+")


def cast(name, events, width=80, height=24):
    """An asciicast of [time, code, text]; the id of its session."""
    head = {"version": 2, "width": width, "height": height,
            "timestamp": BEGIN, "title": name}
    path = STORE.write(name + ".cast", b"\n".join(
        json.dumps(line).encode() for line in [head, *events]) + b"\n")
    STORE.import_("--host", "web", path)
    for event in STORE.events("--kind", "channel.open"):
        if event.get("text") == name:
            return event["session"]
    raise AssertionError("%s was not imported" % name)


def typing():
    """Somebody types three commands in a minute."""
    out, at = [], 0.0
    for i, command in enumerate(("uname", "helk\b \blo", "exit")):
        at = 20.0 * i + 1
        out.append([at, "o", "$ "])
        for c in command:
            at += 0.1
            out.append([at, "o", c])
        out.append([at + 1, "o", "\r\nanswer %d\r\n" % i])
    return out


@case
def plays():
    """A recording is shown in its time, paused, and moved about in"""
    session = cast("typing", typing())
    p = Player(STORE, session, "--speed", "20")
    p.wait(r"answer 0", r"\$ hello", r"answer 1")
    p.wait(r"answer 2", r"ended +22:14:\d\d +0:4\d / 0:4\d +20x")
    p.press(" ", r"playing", without=["answer 1"])
    p.press(" ", r"paused")
    p.press("\033[H", r"paused .* 0:00 /", without=["uname"])
    p.press("\033[C", r" 0:05 ", r"answer 0")
    p.press("\033[C", r" 0:10 ")
    p.press("\033[D\033[D", r" 0:00 ", without=["uname"])
    p.press(".", r"\$ *\n")
    p.press(".", r"\$ u *\n")
    p.press("G", r"answer 2")
    p.press("<", r" 10x")
    p.press(">>", r" 40x")
    equal(p.end(), 0)


@case
def goes_to_times():
    """g takes offsets and times of the clock, and --at and --until do"""
    session = cast("times", typing())
    p = Player(STORE, session)
    p.press(" ", "paused")
    for typed, wanted in (("0:22", "0:22"), ("+10", "0:32"), ("-0:02", "0:30"),
                          ("22:13:25", "0:05"), ("12s", "0:12"),
                          ("2023-11-14 22:13:45", "0:25"), ("9:59", "0:4")):
        p.press("g" + typed, "g" + re.escape(typed))
        p.press("\r", r"(paused|ended) .* %s" % wanted)
    p.press("gx\r", r"no such time")
    p.press("g1\033", r"ended", without=["g1"])
    equal(p.end(), 0)
    p = Player(STORE, session, "--at", "0:30", "--until", "0:31", "--speed", "4")
    p.wait(r"answer 1", r" end .* 0:31 / ")
    p.press(" ", r"playing .* 0:3[2-9]")
    equal(p.end(), 0)
    done = STORE.run("export", session, "--format", "raw")
    check(b"helk" in done.stdout, "raw bytes")


@case
def searches():
    """/ finds what stood on the screen, n and N go on from there"""
    session = cast("search", typing())
    p = Player(STORE, session)
    p.press(" ", "paused")
    p.press("/HELLO", "/HELLO")
    p.press("\r", r"\$ hello", r"hit 1 of 1", without=["helk", "answer 1"])
    equal([x for x in range(80) if p.screen.buffer[2][x].reverse],
          [2, 3, 4, 5, 6])
    p.press("/answer\r", r"answer 1", r"hit 2 of 3")
    p.press("n", r"answer 2", r"hit 3 of 3")
    p.press("n", r"answer 0", r"from the beginning again: hit 1 of 3",
            without=["answer 1"])
    p.press("N", r"answer 2", r"from the end again: hit 3 of 3")
    p.press("N", r"hit 2 of 3", without=["answer 2"])
    p.press("/nothing like it\r", r"not found")
    equal(p.end(), 0)


@case
def passes_idle_time():
    """i passes over the time in which nothing comes; --idle begins so"""
    session = cast("idle", [[1, "o", "first"], [3600, "o", " second"],
                            [3601, "o", " third"]])
    p = Player(STORE, session, "--idle", "0.2", "--speed", "2")
    p.wait(r"first second third", r"no idle", r"ended .* 1:00:01 / 1:00:01")
    p.press("\033[H", r"0:0\d / ")
    p.press("i", r"idle time is played", without=["no idle"])
    p.press("g2\r", r"first")
    p.press("i", r"first second third")
    equal(p.end(), 0)


@case
def smaller_terminal():
    """Of a window larger than the terminal a part is shown, and said which"""
    rows = "".join("\033[%d;1H%03d" % (y, y) + "".join(
        "%10d" % x for x in range(10, 140, 10)) for y in range(1, 51))
    session = cast("large", [[0.1, "o", rows + "\033[50;130Hcursor"]],
                   width=140, height=50)
    p = Player(STORE, session, rows=10, cols=60)
    p.wait(r"cursor", r"columns 77-1", r"ended")
    p.press("k", r"ended")
    p.press("h" * 20, r"columns 1-60 of 140", r"^0\d\d ", without=["cursor"])
    p.press("k" * 60, r"^001 ")
    p.press("c", r"cursor")
    p.resize(60, 150)
    os.kill(p.pid, signal.SIGWINCH)
    p.wait(r"^001 ", r"cursor", r"2023-11-14 22:13:20", without=["columns"])
    equal(p.end(), 0)


@case
def nothing_gets_through():
    """Whatever was recorded, the terminal gets nothing but text and colours"""
    hostile = ("\033]0;title\007\033]52;c;ZXZpbA==\007\033[21t\033[6n\033[c"
               "\033P$qm\033\\\033_Gx\033\\\033[?1000h\033[?2004h\033[5i\033Z"
               "\005\033c\033[?1049h\033#8\033(0\033[8;9;9t\033[!p\u202e\u200b"
               "\x9b21t\ue0001\033[2J\033[Hreached \033[31mred")
    session = cast("hostile", [
        [0.1, "o", hostile], [0.2, "m", "mark \033[6n\u202e"]])
    p = Player(STORE, session)
    p.wait(r"reached", r"ended", r"mark: mark \\x1b\[6n")
    equal(p.screen.buffer[0][8].fg, "red")
    equal(p.end(), 0)
    rest = OURS.sub(b"", p.seen)
    equal(rest.strip(b"\r\n"), b"", "left over")
    check(b"\xe2\x80\xae" not in p.seen and b"title" not in p.seen, "hidden")


@case
def helps():
    """? shows the keys, and goes back"""
    p = Player(STORE, cast("help", typing()))
    p.press(" ", "paused")
    p.press("?", r"pause, or go on", r"q +quit", r"any key goes back")
    p.press("x", r"paused", without=["any key"])
    equal(p.end(), 0)


@case
def gives_the_terminal_back():
    """However it ends, and while it is stopped, the terminal is as it was"""
    session = cast("ends", typing())
    for how in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        p = Player(STORE, session)
        p.wait("playing")
        os.kill(p.pid, how)
        equal(p.end(None), -how)
        check(p.seen.endswith(b"\033[?1049l"), "%r" % p.seen[-50:])
    p = Player(STORE, session)
    p.wait("playing")
    equal(p.end("\003"), -signal.SIGINT)


@case
def slow_terminal():
    """A terminal that takes nothing holds up neither keys nor signals"""
    session = cast("fast", [[i / 100, "o", "\033[H" + "".join(
        chr(97 + (i + k) % 26) for k in range(1900))] for i in range(2000)])
    for how in ("q", signal.SIGTERM):
        p = Player(STORE, session, "--speed", "10")
        p.wait("playing")
        time.sleep(1)
        begin = time.monotonic()
        if how == "q":
            os.write(p.fd, b"q")
        else:
            os.kill(p.pid, how)
        status = os.waitstatus_to_exitcode(os.waitpid(p.pid, 0)[1])
        equal(status, 0 if how == "q" else -how)
        check(time.monotonic() - begin < PATIENCE, "it took long")
        equal(termios.tcgetattr(p.fd), p.before)
        os.close(p.fd)


@case
def plain_terminal():
    """Where the locale has no UTF-8, or no colours are wanted, none is sent"""
    session = cast("plain", [[0, "o", "h\u00e4 \033[31mred\u6f22."]])
    p = Player(STORE, session, env={"LC_ALL": "C", "NO_COLOR": "1"})
    p.wait(r"^h\? red\? \.", "ended")
    equal(p.end(), 0)
    check(p.seen.isascii() and b"31m" not in p.seen, "%r" % p.seen)


# A shell with job control: what it says stands on the terminal that it has
# meanwhile.
SHELL = """set -m; was=$(stty -g); "$@"
test "$was" = "$(stty -g)" && echo IS STOPPED; read; fg >/dev/null
test "$was" = "$(stty -g)" && echo HAS ENDED"""


@case
def stopped():
    """^Z gives the terminal to the shell, and it is taken again"""
    p = Player(STORE, cast("stop", typing()), under=("bash", "-c", SHELL, "bash"))
    p.wait("playing")
    p.press("\032")
    while b"IS STOPPED" not in p.seen:
        check(p.read(PATIENCE), "%r" % p.seen[-300:])
    check(b"\033[?1049l" in p.seen, "the other screen is still shown")
    p.resize(30, 90)
    p.screen.reset()
    p.press("\r", r"\n playing .*")
    equal(p.screen.display[29].split()[0], "playing")
    p.press("q")
    while b"HAS ENDED" not in p.seen:
        check(p.read(PATIENCE), "%r" % p.seen[-300:])
    equal(p.end(None), 0)


def record_exec(serial, at, pid, ppid, exe, *argv):
    head = "msg=audit(%d.000:%d):" % (BEGIN + at, serial)
    return """type=SYSCALL %s arch=c000003e syscall=59 success=yes exit=0 a0=1 \
a1=2 a2=3 a3=4 items=0 ppid=%d pid=%d auid=1000 uid=1000 gid=1000 euid=1000 \
suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=pts3 ses=5 comm="%s" \
exe="%s" key="k"
type=EXECVE %s argc=%d %s
""" % (head, ppid, pid, os.path.basename(exe), exe, head, len(argv),
       " ".join('a%d="%s"' % a for a in enumerate(argv)))


@case
def commands():
    """[ and ] go from command to command, and the last row names it"""
    audit = """type=LOGIN msg=audit(%d.000:1): pid=20 uid=0 \
old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=5 res=1
""" % (BEGIN - 1)
    audit += record_exec(2, 0, 30, 20, "/bin/bash", "-bash")
    for i, name in enumerate(("ls", "make", "reboot")):
        audit += record_exec(3 + i, 10 + 20 * i, 40 + i, 30, "/bin/" + name,
                             name, "-x")
    text = "$ ls\r\n$ make\r\n$ reboot\r\n"
    tlog = {"ver": "2.3", "host": "web", "rec": "r1", "user": "ann",
            "term": "xterm", "session": 5, "id": 1, "pos": 0, "time": BEGIN,
            "timing": "=80x24>2+9500>4+20000>8+20000>%d+15000>1" % (
                len(text) - 15), "in_txt": "", "in_bin": [], "out_txt": text,
            "out_bin": []}
    STORE.import_("--host", "web", STORE.write("audit.log", audit.encode()))
    STORE.import_("--host", "web", STORE.write(
        "rec.tlog", json.dumps(tlog).encode() + b"\n"))
    session, = {e["session"] for e in STORE.events("--kind", "channel.open")
                if e.get("format") == "tlog"}
    p = Player(STORE, session)
    p.press(" ", "paused")
    p.press("]", r"0:10 / .*\$ ls -x")
    p.press("]", r"0:30 / .*\$ make -x")
    p.press("[", r"0:10 / .*\$ ls -x")
    p.press("[", r"this is the first command")
    p.press("]]]", r"this is the last command", r"0:50 /")
    p.press("g0:45\r", r"0:45 / .*\$ make -x")
    p.press("[", r"0:30 / .*\$ make -x")
    equal(p.end(), 0)


@case
def command_without_terminal():
    """Of a command without a terminal both streams are shown, line by line"""
    folder = os.path.join(STORE.top, "io", "00", "00", "01")
    os.makedirs(folder)

    def write(name, data):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)
    write("log", b"%d:ann:root:root::24:80\n/home/ann\n/bin/backup all\n"
          % BEGIN)
    write("stdout", b"one\ntwo\n")
    write("stderr", b"failed\n")
    write("timing", b"1 0.5 4\n2 0.5 7\n1 0.5 4\n")
    STORE.import_("--host", "web", folder)
    session, = {e["session"] for e in STORE.events("--kind", "channel.open")
                if e.get("format") == "sudo"}
    p = Player(STORE, session)
    p.wait(r"^one\nfailed\ntwo\n", "ended")
    equal(p.end(), 0)


@case
def long_recording():
    """A jump in a long recording shows what stood there, and is quick"""
    lines = "\r\n".join("%09d" % i for i in range(400))
    session = cast("long", [[i, "o", "\033[2J\033[H%s\r\npiece %d"
                             % (lines, i)] for i in range(1000)])
    p = Player(STORE, session)
    p.press(" ", "paused")
    p.press("g15:00\r", r"15:00 / 16:39", r"piece 900\n")
    took = []
    for i in (3, 900, 555, 42, 998, 777, 1, 640, 333):
        begin = time.monotonic()
        p.press("g%d\r" % i, r"piece %d\n" % i)
        took.append(time.monotonic() - begin)
    # Sanitizers and other tests slow it down: measured is 20 ms.
    check(sorted(took)[4] < 1, "jumps took %r s" % took)
    p.press("/piece 500\r", r"piece 500\n", r"hit 1 of 1")
    equal(p.end(), 0)


@case
def damaged():
    """What cannot be read of a recording is told, and the rest is shown"""
    session = cast("damaged", [[i, "o", " " * 60000 + "\033[2J\033[Hpart %d" % i]
                               for i in range(10)])
    with Store() as store:
        shutil.copytree(STORE.dir, store.dir)
        chain = os.path.join(store.dir, "trail", "recordings:import:web")
        for name in os.listdir(chain):
            with open(os.path.join(chain, name), "r+b") as f:
                at = f.read().find(b"Hpart 6")
                if at >= 0:
                    f.seek(at)
                    f.write(b"Hpast")
        p = Player(store, session, "--speed", "10")
        p.wait(r"^part [45]", r"the recording is damaged", without=["past"])
        equal(p.end(), 3)
        check(b"sshtrail verify tells more" in p.seen, "%r" % p.seen[-200:])


@case
def without_terminal():
    """Without a terminal, or with a wrong option, it says what to do"""
    session = cast("none", typing())
    said = STORE.run("play", session, expect=2).stderr
    check(b"export" in said and b"asciicast" in said, "%r" % said)
    for args in (("--speed", "0"), ("--at", "soon"), ("--follow",),
                 ("--until", "x")):
        p = Player(STORE, session, *args)
        equal(p.end(None), 2, args)
        check(b"\033" not in p.seen, "%r" % p.seen)
    p = Player(STORE, session, env={"TERM": "dumb"})
    equal(p.end(None), 2)
    p = Player(STORE, session + ":77")
    equal(p.end(None), 2)
    check(b"no recording of it is named 77" in p.seen, "%r" % p.seen)


if __name__ == "__main__":
    sys.exit(main())
