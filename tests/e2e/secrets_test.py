#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With input on, what real programs ask for without showing it is in no byte of
the store, and what is typed with echo is: through sshd, with the recorder in
the kernel, and with sshtrail-rec."""
import concurrent.futures
import os
import shlex
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import wait_for
from rectest import NAME as REC_NAME, recorded_host
from terminaltest import NAME, Window, recording_host, stored, told
from trailtest import case, check, decompressed, equal, main

PASSWORD = "aloud-Winter-1"  # of the account; typed to no one who shows it
INNER = "ssh -F /dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR " \
    "-o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no " \
    "-o NumberOfPasswordPrompts=1 -p PORT USER@127.0.0.1"
STARS = """
import sys, termios, tty
old = termios.tcgetattr(0)
tty.setraw(0)
print("word: ", end="", flush=True)
while sys.stdin.read(1) != "\\r":
    print("*", end="", flush=True)
termios.tcsetattr(0, termios.TCSANOW, old)
"""
# Name, what runs, and what is typed when something was asked: prompt, answer.
PROGRAMS = (
    ("getpass", "python3 -c 'import getpass; getpass.getpass()'",
     [("Password:", "getpass-Secret-1")]),
    ("read -s", "bash -c 'read -s -p word: w'", [("word:", "read-Secret-2")]),
    ("readline", "bash -c 'read -e -s -p word: w'",
     [("word:", "readline-Secret-3")]),
    ("stty -echo", "stty -echo; printf word:; read w; stty echo",
     [("word:", "stty-Secret-4")]),
    ("stars", "python3 -c " + shlex.quote(STARS), [("word:", "stars-Secret-5")]),
    ("sudo", "sudo -k; sudo -p word: true", [("word:", PASSWORD)]),
    ("su", "su root -c true", [("Password:", "su-Secret-7")]),
    ("passwd", "passwd", [("urrent password:", "passwd-Secret-8")]),
    ("ssh", INNER + " true", [("password:", PASSWORD)]),
    ("ssh in ssh", INNER.replace("ssh", "ssh -t", 1) +
     " \"bash -c 'read -s -p inner: w'\"",
     [("password:", PASSWORD), ("inner:", "inner-Secret-10")]),
)


def use(sshd, name, script, answers):
    """Types as a person would: a line, what is asked for, another line."""
    script = script.replace("PORT", str(sshd.port)) \
        .replace("USER", sshd.person.name)
    t = Window(sshd, "echo ready; read a; %s; stty sane; echo done; read b" %
               script)
    mark = name.replace(" ", "_").encode()
    t.wait_for(b"ready")
    t.type(b"before-" + mark + b"\r")
    for prompt, answer in answers:
        t.wait_for(prompt.encode())
        t.type(answer.encode() + b"\r")
    t.wait_for(b"done")
    t.type(b"behind-" + mark + b"\r")
    got = t.end()
    for _, answer in answers:
        check(answer.encode() not in got, "%s shows it: %r" % (name, got))
    return mark


def plays(daemon, sshd):
    sshd.person.set_password(PASSWORD)
    here = [p for p in PROGRAMS if shutil.which(p[1].split()[0])]
    print("# " + ", ".join(p[0] for p in here))
    with concurrent.futures.ThreadPoolExecutor(len(here)) as pool:
        marks = list(pool.map(lambda p: use(sshd, *p), here))
    closes = wait_for("their ends", lambda: [
        e for e in told(daemon, sshd, "channel.close") if "recording" in e] if
        len([e for e in told(daemon, sshd, "channel.close")
             if "recording" in e]) >= len(here) else None)
    check(sum(e.get("masked", 0) for e in closes) >= len(here),
          "not told: %s" % closes)
    daemon.stop()
    data = stored(daemon)
    data += decompressed(data)
    for mark in marks:
        for text in (b"before-" + mark, b"behind-" + mark):
            check(data.count(text) >= 2, "%r is not there as typed" % text)
    for name, _, answers in here:
        for _, answer in answers:
            check(answer.encode() not in data, "%s: %s is stored" % (
                name, answer))


@case
def in_the_kernel():
    """The kernel's recorder keeps no secret of the programs"""
    with recording_host("terminals: {input: on}\n") as (daemon, sshd):
        equal(sshd.person.name, NAME)
        plays(daemon, sshd)


@case
def by_sshtrail_rec():
    """sshtrail-rec keeps no secret of the programs"""
    with recorded_host(True, settings="input: on\n") as (_, daemon, sshd):
        equal(sshd.person.name, REC_NAME)
        plays(daemon, sshd)


if __name__ == "__main__":
    sys.exit(main())
