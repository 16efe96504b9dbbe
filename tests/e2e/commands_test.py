#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Output of commands without a terminal, recorded by sshtraild where it is told
to: what a client got is what the recording holds, up to the limit; what somebody
transfers is not."""
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import PATIENCE, wait_for
from sshdtest import need_taps
from terminaltest import (ASKED, SOCKETS, TAPS, Window, by_command, cast, export,
                          of_kind, one_connection, play_socketpairs,
                          recording_host, stored, told, wait_closed)
from trailtest import case, check, equal, main

ON = "commands: {output: on}\n"
MIB = 1 << 20
# Of AuthorizedKeysCommand: sshd reads this, too, and it is no command's.
ASKING = "AuthorizedKeysCommand /bin/echo %s\n" \
    "AuthorizedKeysCommandUser nobody\n" % ASKED
MARK = "what-is-transferred"
SEQ = "seq 1 1500000"
# Who opens and closes his pipe does not end what sshd reads from it.
REOPENED = "exec 9</proc/self/fd/1; exec 9<&-; sleep 0.1; echo goes on"
SILENT = "exec >&- 2>&-; sleep 0.2; exit 7"
STREAMS = "echo out; sleep 0.1; echo err >&2; sleep 0.1; echo Öl; exit 3"
MODULE = b"import json, sys\nprint(json.dumps({'changed': False}))\n" \
    b"sys.stderr.write('a warning\\n')\n"


def start(sshd, *words, stdin=subprocess.DEVNULL, **kwargs):
    return subprocess.Popen(sshd.command(sshd.person, *words, **kwargs),
                            stdin=stdin, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def end(process, text=None):
    out, err = process.communicate(text, timeout=60 * PATIENCE)
    return process.returncode, out, err


@case
def records_what_the_client_got():
    """Both streams, exit, scripts as input, 10 MB, a terminal beside them"""
    with recording_host(ON, sshd_more=ASKING) as (daemon, sshd):
        module = "/bin/sh -c 'python3 && sleep 0'"
        runs = [start(sshd, STREAMS), start(sshd, SEQ), start(sshd, SILENT),
                start(sshd, module, stdin=subprocess.PIPE),
                start(sshd, stdin=subprocess.PIPE),
                start(sshd, "kill -9 $$", options=("-n",)),
                play_socketpairs(sshd), start(sshd, REOPENED)]
        window = Window(sshd, "echo in a window")
        inputs = (None, None, None, MODULE, b"echo from a script\n", None,
                  None, None)
        ended = [end(p, text) for p, text in zip(runs, inputs)]
        equal(ended[0], (3, "out\nÖl\n".encode(), b"err\n"))
        equal(ended[3], (0, b'{"changed": false}\n', b"a warning\n"))
        # Behind what sshd writes of the day.
        check(ended[4][1].endswith(b"from a script\n"), ended[4])
        equal(ended[6][0], 0, ended[6])
        numbers = ended[1][1]
        check(len(numbers) > 10 * MIB, len(numbers))
        got = window.end()
        sshd.person.write(".ssh/rc", "echo before\n")
        equal(sshd.ssh(sshd.person, "echo behind").stdout,
              b"before\nbehind\n")
        closes = wait_closed(daemon, sshd, 10)
        equal([export(daemon, e) for e in closes
               if e["chan_type"] == "terminal"], [got])
        check_told(daemon, sshd, numbers, module)
        daemon.stop()
        daemon.run("verify")
        check(ASKED.encode() not in stored(daemon), "not the command's")


def check_told(daemon, sshd, numbers, module):
    pairs = by_command(daemon, sshd)
    opened, close = pairs[STREAMS]
    equal(opened["argv"][1:], ["-c", STREAMS])
    equal(export(daemon, close), "out\nerr\nÖl\n".encode())
    equal(export(daemon, close, stream="stdout"), "out\nÖl\n".encode())
    equal(export(daemon, close, stream="stderr"), b"err\n")
    equal((close["exit"], close["bytes_read"]), (3, 12))
    check(opened["ses"] == close["ses"] and close["trust"] == "kernel", close)
    head, lines = cast(daemon, close)
    check(STREAMS in head["title"], head)
    equal("".join(of_kind(lines, "o")), "out\r\nerr\r\nÖl\r\n")
    story = daemon.run("show", close["session"]).stdout.decode()
    check("  recorded  %d: bash -c" % close["recording"] in story, story)
    check(", exit 3" in story, story)
    opened, close = pairs[SEQ]
    check(export(daemon, close) == numbers[:MIB], "other bytes")
    equal((close["bytes_read"], close["left_out"], close.get("lost")),
          (len(numbers), len(numbers) - MIB, None))
    check("commands.limit" in close["reason"], close)
    check("partial" not in opened, opened)
    equal(of_kind(cast(daemon, close)[1], "m"), [
        "output is not recorded from here on",
        "%d bytes of output were not recorded" % close["left_out"]])
    opened, close = pairs[SILENT]
    equal((opened.get("recording"), close["exit"], close["bytes_read"]),
          (None, 7, 0))
    equal(export(daemon, pairs[module][1], stream="stderr"), b"a warning\n")
    equal(pairs["kill -9 $$"][1]["signal"], 9)
    close = pairs[SOCKETS][1]
    equal(export(daemon, close, stream="stdout"), b"out\nmore\n")
    equal(export(daemon, close, stream="stderr"), b"err\n")
    equal(close["exit"], 5)
    equal(export(daemon, pairs[REOPENED][1]), b"goes on\n")
    opened, close = pairs["echo behind"]
    equal((opened["partial"], export(daemon, close)), (True, b"behind\n"))
    equal(of_kind(cast(daemon, close)[1], "m"),
          ["output may be missing before this"])
    text = export(daemon, pairs["-bash"][1])
    check(text.endswith(b"from a script\n"), text)


def transfers(sshd, top):
    """What to do, how it is called, and why it is not kept."""
    name = os.path.join(top, "payload")
    options = sshd.options(sshd.person)
    at = "%s@127.0.0.1:" % sshd.person.name
    copy = iter(os.path.join(top, "copy%d" % n) for n in range(20))
    rsh = " ".join(["ssh", *options])
    yield "scp", ["scp", "-O", *options, name, at + "a"]
    yield "scp", ["scp", "-O", *options, at + name, next(copy)]
    yield "sftp-server", ["sftp", "-s", "/usr/lib/openssh/sftp-server", "-b",
                          "/dev/stdin", *options, at]
    yield None, ["sftp", "-b", "/dev/stdin", *options, at]
    yield "rsync", ["rsync", "-e", rsh, at + name, next(copy)]
    yield "tar", sshd.command(sshd.person, "cd %s && tar cf - payload" % top)
    yield "tar", sshd.command(sshd.person, "tar cf - %s | base64" % name)
    yield "dd", sshd.command(sshd.person, "dd if=%s" % name)
    yield "no text", sshd.command(sshd.person, "gzip -c %s" % name)
    yield "no text", sshd.command(sshd.person, "head -c 9999 /dev/urandom")
    yield "tar", sshd.command(
        sshd.person, "python3 -c 'import subprocess as s; "
        "print(s.check_output([\"tar\", \"cf\", \"-\", \"%s\"]))'" % name)
    yield "hg", sshd.command(sshd.person, os.path.join(top, "hg") + " serve")
    # A new session of setsid(2), and a parent that is gone.
    yield "scp", sshd.command(
        sshd.person, "(setsid sh -c 'sleep 0.2; exec scp -f %s' </dev/null) "
        "& sleep 1" % name)


@case
def leaves_transfers_out():
    """sftp, scp, rsync, tar, dd, what is no text: told, and not a byte kept"""
    with recording_host(ON) as (daemon, sshd):
        top = sshd.path("files")
        os.mkdir(top)
        os.chmod(top, 0o777)
        with open(os.path.join(top, "payload"), "w") as f:
            f.write((MARK + "\n") * 5000)
        with open(os.path.join(top, "hg"), "w") as f:
            f.write("#!/usr/bin/python3\nprint('%s\\n' * 5000)\n" % MARK)
        os.chmod(f.name, 0o755)
        plays = [p for p in transfers(sshd, top) if shutil.which(p[1][0])]
        running = []
        for _, command in plays:
            running.append(subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE))
        get = b"get %s %s/got%%d\n" % (
            os.path.join(top, "payload").encode(), top.encode())
        ended = [end(p, get % n) for n, p in enumerate(running)]
        for (_, command), (code, out, err) in zip(plays, ended):
            if command[0] != "ssh":
                equal(code, 0, (command, err))
            elif "-f" not in command[-1]:
                check(len(out) > 9000 or "gzip" in command[-1], (command, err))
        want = sorted(why for why, _ in plays if why)
        reasons = [e.get("reason", "kept") for e in
                   wait_closed(daemon, sshd, len(want))]
        equal(sorted(next((w for w in set(want) if r.endswith(w)), r)
                     for r in reasons), want)
        big = [e for e in told(daemon, sshd, "channel.close")
               if e["reason"].endswith("by tar")]
        check(all(e["left_out"] > 50000 for e in big), big)
        sshd.ssh(sshd.person, "echo this is kept")
        wait_closed(daemon, sshd, len(want) + 1)
        daemon.stop()
        data = stored(daemon)
        check(b"this is kept" in data, "this should be there")
        check(MARK.encode() not in data, "payload was stored")


@case
def keeps_channels_apart():
    """Channels of one connection, one given up; sshd killed; one from before"""
    with recording_host(ON, start=False) as (daemon, sshd):
        early = start(sshd, "echo early; cat; echo late",
                      stdin=subprocess.PIPE)
        equal(early.stdout.readline(), b"early\n")
        daemon.start()
        need_taps(daemon, TAPS)
        with one_connection(sshd) as options:
            play_channels(daemon, sshd, options, "abcdef")
        equal(end(early, b"")[1], b"late\n")
        closes = wait_closed(daemon, sshd, 13)
        check_channels(daemon, sshd, closes, "abcdef")
        daemon.stop()


def play_channels(daemon, sshd, options, names):
    runs = [start(sshd, "for i in $(seq 1 2000); do echo %s; echo %s >&2;"
                  " done" % (name * 9, name.upper() * 9), options=options)
            for name in names]
    given_up = start(sshd, "echo begun; exec sleep 1000", options=options)
    equal(given_up.stdout.readline(), b"begun\n")
    window = Window(sshd, "echo window", options=options)
    # By the same descriptors of sshd, one behind the other.
    for n in range(3):
        equal(end(start(sshd, "echo %d; echo >&2" % n, options=options)),
              (0, b"%d\n" % n, b"\n"))
    for name, run in zip(names, runs):
        equal(end(run), (0, (name * 9 + "\n").encode() * 2000,
                         (name.upper() * 9 + "\n").encode() * 2000))
    window.end()
    killed = start(sshd, "echo $PPID; exec sleep 1000")
    serving = int(killed.stdout.readline())
    wait_for("all", lambda: len(told(daemon, sshd, "channel.open")) == 13)
    os.kill(serving, signal.SIGKILL)
    end(killed)
    given_up.kill()
    given_up.wait()


def check_channels(daemon, sshd, closes, names):
    recorded = {export(daemon, e, stream="stdout"): e for e in closes
                if e.get("recording")}
    for name in names:
        e = recorded[(name * 9 + "\n").encode() * 2000]
        equal(export(daemon, e, stream="stderr"),
              (name.upper() * 9 + "\n").encode() * 2000)
    equal(len({e["ses"] for e in closes}), 3, "sessions")
    late = [e for e in closes if "began before" in e.get("reason", "")]
    equal([e["left_out"] for e in late], [len("late\n")])
    opened = [e for e in told(daemon, sshd, "channel.open")
              if "began before" in e.get("reason", "")]
    equal([(e["sid"], e["partial"]) for e in opened],
          [(late[0]["sid"], True)])
    check(b"begun\n" in recorded, "the one given up")
    for n in range(3):
        equal(export(daemon, recorded[b"%d\n" % n]), b"%d\n\n" % n)


sys.exit(main())
