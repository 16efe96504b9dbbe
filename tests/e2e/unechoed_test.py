#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Passwords in recordings of other programs, which keep all that is typed: what
real programs ask for without showing it is in no byte of the store, and what
was shown is there as it was typed."""
import concurrent.futures
import json
import os
import shlex
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from recorders import PROMPT, Screen, in_own_files, name, \
    why_no_own_files, write_sudoers
from trailtest import Skip, Store, case, check, decompressed, equal, main

STARS = """
import termios, tty, os
old = termios.tcgetattr(0)
tty.setraw(0)
os.write(1, b"word: ")
while os.read(0, 1) != b"\\r":
    os.write(1, b"*")
termios.tcsetattr(0, termios.TCSANOW, old)
"""
NOBODY = "setpriv --reuid=65534 --clear-groups "
# Name, what is typed to run it, and what is typed when something was asked.
PROGRAMS = (
    ("getpass", "python3 -c 'import getpass; getpass.getpass()'",
     [("Password:", "getpass-Secret-1")]),
    ("read", "bash -c 'read -s -p word: w; echo'", [("word:", "read-Secret-2")]),
    ("readline", "bash -c 'read -e -s -p word: w; echo'",
     [("word:", "readline-Secret-3")]),
    ("stty", "stty -echo; printf word:; read w; stty echo",
     [("word:", "stty-Secret-4")]),
    ("stars", "python3 " + name("stars"), [("word:", "stars-Secret-5")]),
    ("sudo", NOBODY + "sudo -k -p word: true", [("word:", "sudo-Secret-6")]),
    ("su", NOBODY + "su root -c true", [("Password:", "su-Secret-7")]),
    ("passwd", "passwd", [("New password:", "passwd-Secret-8"),
                          ("etype new password:", "passwd-Secret-9")]),
)
RECORDERS = {
    "script": (["script", "-q", "-f", "--log-timing", name("a.timing"),
                "--log-out", name("a.out"), "--log-in", name("a.in"), "-c",
                "sh"], ["a.timing", "a.out", "a.in"]),
    "asciinema": (["asciinema", "rec", "-q", "--stdin", "-c", "sh",
                   name("b.cast")], ["b.cast"]),
    "tlog-rec": (["tlog-rec", "--log-input=on", "--writer=file",
                  "--file-path=" + name("c.tlog"), "sh"], ["c.tlog"]),
    "sudo": (["sudo", "-E", "sh"], ["sudo/00/00/01/"]),
}
# The account keeps its password whatever passwd would do.
OWN_SHADOW = "cp -p /etc/shadow %s.$$ && mount --bind %s.$$ /etc/shadow && " % (
    name("shadow"), name("shadow"))


def type_in(s, what):
    """As late as nobody is quick: within a millisecond tlog keeps no order."""
    time.sleep(0.02)
    os.write(s.master, what)


def work(recorder):
    """Somebody does all this on a terminal that is recorded."""
    s = Screen(in_own_files(*RECORDERS[recorder][0], others=OWN_SHADOW))
    for program, line, answers in PROGRAMS:
        s.wait(PROMPT)
        type_in(s, (": before-" + program + "; " + line + "\r").encode())
        s.wait(b"\n")
        for prompt, answer in answers:
            s.wait(prompt.encode())
            type_in(s, answer.encode() + b"\r")
    s.wait(PROMPT)
    # As somebody types, letter by letter.
    for key in b"echo by-key\r":
        type_in(s, bytes([key]))
        s.wait(bytes([key]) if key != 13 else b"\n")
    s.wait(PROMPT)
    os.write(s.master, b"exit\r")
    s.end()
    for _, _, answers in PROGRAMS:
        for _, answer in answers:
            check(answer.encode() not in s.seen, "%s is shown" % answer)


def record():
    """Which recorders are here, and have recorded."""
    here = [r for r in RECORDERS if shutil.which(r)]
    with open(name("stars"), "w") as f:
        f.write(STARS)
    write_sudoers("Defaults log_input, log_output, log_passwords\n"
                  "Defaults iolog_file=%%{seq}, iolog_dir=%s, setenv\n"
                  "Defaults passwd_tries=1, !lecture\n"
                  "root ALL=(ALL) NOPASSWD: ALL\n"
                  "nobody ALL=(ALL) ALL\n" % name("sudo"))
    with concurrent.futures.ThreadPoolExecutor(len(here)) as pool:
        list(pool.map(work, here))
    return here


def all_bytes(store):
    data = b""
    for top, _, names in os.walk(store.dir):
        for n in names:
            with open(os.path.join(top, n), "rb") as f:
                data += f.read()
    return data + decompressed(data)


def typed(store, session):
    cast = store.run("export", session, "--format", "asciicast").stdout
    events = [json.loads(line) for line in cast.splitlines()[1:]]
    return "".join(e[2] for e in events if e[1] == "i")


@case
def passwords():
    """No password is kept of what was recorded, and all that was shown is"""
    if why_no_own_files():
        raise Skip(why_no_own_files())
    here = record()
    secrets = [a for _, _, answers in PROGRAMS for _, a in answers]
    for r in here:
        files = [name(f) for f in RECORDERS[r][1]]
        with Store() as store, Store() as other:
            done = store.import_("--host", "web", *files)
            check(done["masked"] >= len(PROGRAMS), "%s: %s" % (r, done))
            closed, = store.events("--kind", "channel.close")
            equal(closed["masked"], done["masked"], r)
            data = all_bytes(store)
            for secret in secrets:
                check(secret.encode() not in data, "%s: %s" % (r, secret))
            keys = typed(store, closed["session"])
            for program, line, _ in PROGRAMS:
                check(": before-%s; %s\r" % (program, line) in keys,
                      "%s: %s is not kept: %r" % (r, program, keys))
            # What comes last may have ended the shell before it was shown.
            check("echo by-key\r" in keys, "%s: %r" % (r, keys))
            story = store.run("show", closed["session"]).stdout.decode()
            check("input masked %d times" % done["masked"] in story, story)
            equal((store.import_("--host", "web", *files)["events"]), 0, r)

            kept = other.import_("--host", "web", "--keep-unechoed", *files)
            equal(kept["masked"], 0, r)
            session = other.sessions("--local")[0]["session"]
            keys = typed(other, session)
            for secret in secrets:
                check(secret + "\r" in keys, "%s: not kept: %s" % (r, secret))
    check(here, "nothing that records is here")
    print("# " + ", ".join(here))


@case
def said():
    """The summary says it"""
    with Store() as store:
        cast = store.write("a.cast", b'{"version": 2, "width": 80, "height": 24}\n'
                           b'[0.1, "o", "word: "]\n[0.2, "i", "secret\\r"]\n'
                           b'[0.3, "o", "\\r\\n$ "]\n[0.4, "i", "ls\\r"]\n'
                           b'[0.5, "o", "ls\\r\\n"]\n')
        said_ = store.run("import", "--host", "web", cast).stdout.decode()
        check("typed and not shown: left out 1 time in 1 recording "
              "(--keep-unechoed keeps it)" in said_, said_)


if __name__ == "__main__":
    sys.exit(main())
