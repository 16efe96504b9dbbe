#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recordings of other programs: what script, ttyrec, asciinema, tlog-rec and
sudo record on a terminal of their own is imported byte by byte, and what is
exported again is played by the program that the format is of."""
import atexit
import collections
import concurrent.futures
import gzip
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from recorders import PROMPT, TOP, Screen, in_own_files, name, set_size, \
    why_no_own_files, write_sudoers
from trailtest import Skip, Store, case, check, equal, main

# Text, colours, what is no UTF-8, much, and another size of the window.
TYPED = (b"printf 'h\\303\\244llo \\377 \\033[1mb\\033[0m\\n'",
         b"seq 1 5000", None, b"stty size", b"exit 3")


def work(argv):
    """Somebody works on a terminal that `argv` records."""
    s = Screen(argv)
    for line in TYPED:
        s.wait(PROMPT)
        if line is None:
            set_size(s.master, 30, 100)
            line = b"true"
        os.write(s.master, line + b"\r")
    s.end()
    return s


# What the recorder is, what it needs, its arguments, and what it keeps: its
# files (a name ending in / is a directory, of which the file "timing" leads).
Recorder = collections.namedtuple("Recorder", "program argv files size input "
                                  "status text")
RECORDERS = {
    "script": Recorder("script", [
        "script", "-q", "-f", "--log-timing", name("a.timing"), "--log-out",
        name("a.out"), "--log-in", name("a.in"), "-c", "sh", ],
        ["a.timing", "a.out", "a.in"], "80x24", True, True, False),
    "script, one file": Recorder("script", [
        "script", "-q", "--log-timing", name("b.timing"), "--log-io",
        name("b.io"), "-c", "sh"],
        ["b.timing", "b.io"], "80x24", True, True, False),
    "script-classic": Recorder("script", [
        "script", "-q", "--timing=" + name("c.timing"), "-c", "sh",
        name("c.typescript")],
        ["c.timing", "c.typescript"], "80x24", False, True, False),
    "ttyrec": Recorder("ttyrec", ["ttyrec", "-e", "sh", name("d.tty")],
                       ["d.tty"], None, False, False, False),
    "asciicast": Recorder("asciinema", [
        "asciinema", "rec", "-q", "--stdin", "-c", "sh", name("e.cast")],
        ["e.cast"], "80x24", True, False, True),
    "tlog": Recorder("tlog-rec", in_own_files(
        "tlog-rec", "--log-input=on", "--writer=file",
        "--file-path=" + name("f.tlog"), "sh"),
        ["f.tlog"], "80x24", True, False, False),
    "sudo": Recorder("sudo", in_own_files("sudo", "-E", "sh"),
                     ["sudo/00/00/01/"], "80x24", True, False, False),
    "sudo, compressed": Recorder(
        "sudo", in_own_files("sudo", "-E", "-u", "#1", "sh"),
        ["zipped/00/00/01/"], "80x24", True, False, False),
}


def format_of(recorder):
    return recorder.split(",")[0]


def record():
    """What was seen on each terminal; recorders that are not here left out."""
    write_sudoers("Defaults log_input, log_output, log_passwords\n"
                  "Defaults iolog_file=%%{seq}, iolog_dir=%s, !compress_io\n"
                  "Defaults>#1 iolog_dir=%s, compress_io\n"
                  "Defaults setenv\n"
                  "root ALL=(ALL) NOPASSWD: ALL\n" % (
                      name("sudo"), name("zipped")))
    can = not why_no_own_files()
    here = {r: v for r, v in RECORDERS.items() if shutil.which(v.program)
            and (can or v.argv[0] != "unshare")}
    with concurrent.futures.ThreadPoolExecutor(len(here)) as pool:
        done = {r: pool.submit(work, v.argv) for r, v in here.items()}
        return {r: d.result() for r, d in done.items()}


SEEN = record()
STORE = Store()
atexit.register(STORE.__exit__)


def paths(recorder):
    return [name(f) for f in RECORDERS[recorder].files]


def recorders():
    """Those that are here; the others are named."""
    for missing in sorted(set(RECORDERS) - set(SEEN)):
        program = RECORDERS[missing].program
        print("# %s: %s" % (missing, why_no_own_files()
                            if shutil.which(program) else
                            program + " is not installed"))
    return [(r, RECORDERS[r], SEEN[r]) for r in SEEN]


def shown(seen, recorder):
    """Of what was seen, what the recorder has seen of it."""
    out = seen.seen
    # tlog-rec ends its own output with a newline.
    if recorder.program == "tlog-rec":
        check(out.endswith(b"\r\n\r\n"), "%r" % out[-40:])
        out = out[:-2]
    return out.decode(errors="replace").encode() if recorder.text else out


SESSIONS = {}


@case
def imports():
    """What each recorded is in the store, byte by byte"""
    for r, recorder, seen in recorders():
        done = STORE.import_("--host", "web", *paths(r))
        equal((done["unparsed"], done["files_read"]), (0, 1), r)
        opened, = [e for e in STORE.events("--kind", "channel.open")
                   if e["session"] not in SESSIONS.values()]
        s = SESSIONS[r] = opened["session"]
        raw = STORE.run("export", s, "--format", "raw").stdout
        check(raw == shown(seen, recorder), "%s: other bytes" % r)
        closed, = STORE.events("--session", s, "--kind", "channel.close")
        equal((opened["format"], opened.get("size")),
              (format_of(r), recorder.size), r)
        equal(closed["bytes_read"], len(raw), r)
        equal("partial" in closed, False, r)
        equal("bytes_written" in closed, recorder.input, r)
        equal(closed.get("exit"), 3 if recorder.status else None, r)
        equal(opened["trust"],
              "daemon" if format_of(r) in ("tlog", "sudo") else "text", r)
        if recorder.program in ("script", "sudo"):
            equal("/dev/" + opened["tty"], seen.name, r)
        if format_of(r) != "script-classic" and recorder.size and \
                recorder.program != "asciinema":
            cast = STORE.run("export", s, "--format", "asciicast").stdout
            check(b'"r", "100x30"]' in cast, "%s: no other size" % r)
    STORE.run("verify")


@case
def nothing_new():
    """The same again, compressed or elsewhere, adds nothing"""
    everything = [p for r in SESSIONS for p in paths(r)]
    done = STORE.import_("--host", "web", *everything)
    equal((done["events"], done["files_read"]), (0, 0))
    elsewhere = name("elsewhere")
    os.mkdir(elsewhere)
    for p in everything:
        if p.endswith("/"):
            shutil.copytree(p, os.path.join(
                elsewhere, p.strip("/").replace("/", "-")))
        elif p.endswith((".tty", ".cast", ".tlog")):
            with open(p, "rb") as f, gzip.open(os.path.join(
                    elsewhere, os.path.basename(p) + ".gz"), "wb") as to:
                to.write(f.read())
        else:
            shutil.copy(p, elsewhere)
    done = STORE.import_("--host", "web", elsewhere)
    equal((done["events"], done["not_read"]), (0, []))
    before = STORE.sessions("--local"), STORE.events()
    STORE.run("reindex")
    check((STORE.sessions("--local"), STORE.events()) == before,
          "an index made again says something else")


@case
def known_by_content():
    """A file that grew by another recording adds that one alone"""
    if "tlog" not in SESSIONS:
        raise Skip("tlog-rec is not installed, or this is not root")
    with open(name("f.tlog")) as f:
        lines = f.read()
    rec = lines.split('"rec":"')[1].split('"')[0]
    grown = name("grown.tlog")
    with open(grown, "w") as f:
        f.write(lines + lines.replace(rec, rec + "0"))
    done = STORE.import_("--host", "web", grown)
    equal((done["kinds"]["channel.open"], done["seen_again"]), (1, 1))


def export(store, session, form):
    out = tempfile.mktemp(dir=TOP)
    store.run("export", session, "--format", form, "--output", out)
    return out


def play_script(path):
    return ["scriptreplay", "-d", "100000", "--log-timing", path + "/timing",
            "--log-out", path + "/typescript"], b"", b"\n"


def play_classic(path):
    return ["scriptreplay", "-d", "100000", path + "/timing",
            path + "/typescript"], b"", b"\n"


def play_ttyrec(path):
    return ["ttyplay", "-n", path], b"\033[8;24;80t", b""


def play_tlog(path):
    # It resets the terminal, and ends a line, behind what it plays.
    return ["tlog-play", "--speed=16", "--reader=file",
            "--file-path=" + path], b"", b"\033[0m\033[?25h\n\0"


def play_sudo(path):
    return ["sudoreplay", "-n", "-s", "100000", "-d", os.path.dirname(path),
            os.path.basename(path)], b"Replaying sudo session: sh\r\n", b""


def play_asciicast(path):
    return ["asciinema", "cat", path], b"", b""


PLAYERS = {"script": play_script, "script-classic": play_classic,
           "ttyrec": play_ttyrec, "tlog": play_tlog, "sudo": play_sudo,
           "asciicast": play_asciicast}


def play(form, session):
    argv, before, behind = PLAYERS[form](export(STORE, session, form))
    s = Screen(argv, raw=True)
    got = s.end()
    equal(s.status, 0, "%r: %r" % (argv, got[-300:]))
    check(got.endswith(behind), "%s: ends with %r" % (form, got[-80:]))
    got = got[:len(got) - len(behind)]
    # What no size is known of, none is told of.
    return got[len(before):] if got.startswith(before) else got


@case
def played_by_others():
    """What is exported is shown by the programs that the formats are of"""
    check("script" in SESSIONS, "nothing was imported")
    wanted = SEEN["script"].seen
    text = wanted.decode(errors="replace").encode()
    for form in PLAYERS:
        program = PLAYERS[form]("")[0][0]
        if not shutil.which(program):
            print("# %s is not installed: not asked" % program)
            continue
        got = play(form, SESSIONS["script"])
        check(got == (text if form == "asciicast" else wanted),
              "%s shows something else: %r" % (program, got[:300]))


def again(of, store):
    """The session of each format in which a recording was exported, and
    imported again."""
    paths = [export(STORE, SESSIONS[of], f) for f in (*PLAYERS, "asciicast-v3")]
    done = store.import_("--host", "web", *paths)
    equal((done["unparsed"], done["files_read"]), (0, len(paths)), of)
    return {e["format"]: e["session"]
            for e in store.events("--kind", "channel.open")}


@case
def comes_back():
    """What is exported and imported again is the same recording"""
    check("script" in SESSIONS, "nothing was imported")
    for of in [r for r in ("script", "asciicast", "sudo") if r in SESSIONS]:
        def exported(store, session, form):
            return store.run("export", session, "--format", form).stdout
        raw = exported(STORE, SESSIONS[of], "raw")
        cast = exported(STORE, SESSIONS[of], "asciicast").splitlines()
        text = raw.decode(errors="replace").encode()
        with Store() as store:
            sessions = again(of, store)
            equal(set(sessions), {*PLAYERS, "asciicast-v3"}, of)
            for form, session in sessions.items():
                check(exported(store, session, "raw") == (
                    text if "cast" in form else raw),
                    "%s of %s: other bytes" % (form, of))
            # Times to the microsecond, input and sizes, too.
            for form in ("asciicast", "sudo"):
                back = exported(store, sessions[form], "asciicast")
                check(back.splitlines()[1:] == cast[1:],
                      "%s of %s: other times or sizes" % (form, of))


@case
def damaged():
    """Of damaged files what is good is used, and what is not is named"""
    def cut(path, data):
        with open(path, "wb") as f:
            f.write(data)
        return path
    with open(name("a.timing"), "rb") as f:
        timing = f.read()
    with open(name("a.out"), "rb") as f:
        shown_by_script = f.read()
    os.mkdir(name("damaged"))
    lines = timing.splitlines(True)
    at = len(lines) // 2
    lines.insert(at, b"O 0.1\033]0;x\007 many\n")
    # The terminal's name is text of whoever wrote the file, too.
    lines = [line.replace(b"/dev/pts", b"/dev/\033[31m\302\2332J/pts")
             for line in lines]
    bad = cut(name("damaged", "timing"), b"".join(lines))
    cut(name("damaged", "a.out"), shown_by_script[:2000])
    with Store() as store:
        done = store.run("import", "--host", "web", name("damaged"))
        check(b"\033" not in done.stdout + done.stderr, "%r" % done.stdout)
        said = done.stdout.decode()
        for text in (bad + ":%d: expected an entry as" % (at + 1),
                     "expected as many bytes in the file of the output",
                     "expected the file of its input beside the timing"):
            check(text in said, "no %r in %s" % (text, said))
        s, = store.sessions("--local")
        raw = store.run("export", s["session"], "--format", "raw").stdout
        check(SEEN["script"].seen.startswith(raw) and len(raw) > 1500,
              "%d bytes" % len(raw))
        closed, = store.events("--kind", "channel.close")
        equal(closed["partial"], True)
        story = store.run("show", s["session"]).stdout
        check(b"not all of it" in story, "it is not said")
        story += store.run("ls", "--local").stdout
        story += store.run("export", s["session"], "-F", "raw", "-R", "x:1",
                           expect=2).stderr
        check(b"pts" in story and b"\033" not in story and
              b"\302\233" not in story, "%r" % story)


if __name__ == "__main__":
    sys.exit(main())
