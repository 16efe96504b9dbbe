#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong: damaged, hostile and changing input, a full disk."""
import gzip
import hashlib
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from authtest import LINES, LOG, many_lines, same
from trailtest import Skip, Store, case, check, equal, main

SEED = int(os.environ.get("SSHTRAIL_SEED", "3"))


@case
def same_file_again():
    """the same file again adds nothing, also renamed and compressed"""
    with Store() as store:
        first = store.import_(LOG)
        check(first["events"] > 300, "events were added")
        for path in (LOG, store.write("auth.log.1", LINES),
                     store.write("auth.log.2.gz", gzip.compress(LINES)),
                     store.write("auth.log.3.xz", lzma.compress(LINES))):
            again = store.import_(path, "--host", "bastion01")
            equal(again["events"], 0, path)
            equal(again["files_known"], 1, path)


@case
def grown_file():
    """a grown file adds only what is new, wherever it was cut"""
    with Store() as whole:
        whole.import_(LOG)
        expected = whole.answers()
    rng = random.Random(SEED)
    ends = [i + 1 for i, c in enumerate(LINES) if c == 10]
    for turn in range(6):
        with Store() as store:
            cuts = sorted(rng.sample(ends if turn % 2 else range(len(LINES)), 3)) + [len(LINES)]
            for cut in cuts:
                path = store.write("auth.log", LINES[:cut])
                store.import_(path)
            got = store.answers()
            # A line that was cut itself is told as it was then.
            if turn % 2:
                same(got, expected, "cut at %s" % cuts)
            equal(len(got["sessions"]), len(expected["sessions"]), "sessions, cut at %s" % cuts)
            store.run("verify")


@case
def standard_input():
    """standard input is read like a file, and known again"""
    with Store() as store:
        a = store.import_("-", stdin=LINES)
        b = store.import_("-", stdin=gzip.compress(LINES))
        check(a["events"] > 300, "read")
        equal(b["events"], 0, "again")


@case
def truncated_compressed():
    """damaged compressed files give what is good, a gap and a message"""
    with Store() as store:
        packed = gzip.compress(LINES)
        done = store.run("import", store.write("auth.log.gz", packed[:len(packed) // 2]), expect=None)
        check(b"auth.log.gz" in done.stderr, "names the file: %r" % done.stderr)
        check(store.events("--kind", "gap"), "there is a gap")
        check(len(store.events("--kind", "auth.ok")) > 2, "good part used")


def packed(kind, data):
    """Data as gzip, xz or zstd pack it, in blocks that hold less than all."""
    if kind == "gz":
        return gzip.compress(data)
    if kind == "xz":
        return lzma.compress(data)
    if not shutil.which("zstd"):
        raise Skip("zstd is not installed")
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


def damaged_again(kind):
    whole = packed(kind, many_lines(8))
    at = len(whole) * 9 // 10
    cut = whole[:at]
    for data in (cut, cut + bytes(64) + whole[at + 64:]):
        with Store() as store:
            name = "auth.log.1." + kind
            path = store.write(name, data)
            first = store.import_(path, "--host", "bastion01", expect=None)
            equal(first["gaps"], 1, name)
            end = store.events("--kind", "import.end")[0]
            equal(end["sha256"], hashlib.sha256(data).hexdigest(), "names all of the file")
            equal(end["file_size"], len(data), name)
            for again in (path, store.write("copy." + kind, data)):
                known = store.import_(again, "--host", "bastion01")
                equal(known["events"], 0, again)
                equal(known["files_known"], 1, again)
            store.write(name, whole)
            mended = store.import_(path, "--host", "bastion01")
            equal(mended["gaps"], 0, name)
            if data is cut:  # else wrong text may come before the damage is seen
                equal(len(store.events("--kind", "auth.ok", "--limit", "1000")), 8 * 20, "logins")
            store.run("verify")


@case
def damaged_gzip_again():
    """a damaged gzip file again adds nothing; mended, only what is new"""
    damaged_again("gz")


@case
def damaged_xz_again():
    """a damaged xz file again adds nothing; mended, only what is new"""
    damaged_again("xz")


@case
def damaged_zstd_again():
    """a damaged zstd file again adds nothing; mended, only what is new"""
    damaged_again("zst")


@case
def not_logs():
    """binary, empty, unknown files: said by name; nothing crashes"""
    with Store() as store:
        rng = random.Random(1)
        for name, data in (("noise", rng.randbytes(200000)), ("empty", b""),
                           ("prose.txt", b"dear diary\n" * 100),
                           ("zeros", bytes(100000))):
            path = store.write(name, data)
            done = store.run("import", path, expect=None)
            check(done.returncode in (1, 4), "%s ends with %d" % (name, done.returncode))
            check(name.encode() in done.stderr + done.stdout, "%s is named" % name)


@case
def hostile_lines():
    """endless lines and binary within a log leave the rest readable"""
    with Store() as store:
        middle = len(LINES) // 2
        middle = LINES.index(b"\n", middle) + 1
        rng = random.Random(2)
        data = (LINES[:middle] + b"A" * 3000000 + b"\n" + rng.randbytes(50000)
                + b"\n" + LINES[middle:])
        result = store.import_(store.write("auth.log", data))
        equal(len(store.sessions()), 20, "sessions")
        check(result["unparsed"] > 0, "odd lines are counted")
        check(result["examples"], "and shown")


@case
def no_such_file():
    """a path that is not there: message, exit 4, the rest is imported"""
    with Store() as store:
        done = store.run("import", os.path.join(store.top, "nothing"), LOG, expect=4)
        check(b"nothing" in done.stderr, "named")
        equal(len(store.sessions()), 20, "sessions")


@case
def no_permission():
    """a file that may not be read is named"""
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if not setpriv:
            raise Skip("setpriv is not installed")
        prefix = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
    else:
        prefix = []
    with Store() as store:
        path = store.write("auth.log", LINES)
        os.chmod(path, 0o000)
        os.chmod(store.top, 0o777)
        done = subprocess.run(prefix + store.command("import", path), capture_output=True)
        check(done.returncode in (1, 4), "exit %d" % done.returncode)
        check(b"permission" in (done.stderr + done.stdout).lower(),
              "says why: %r" % (done.stderr + done.stdout))
        # What is found below a directory counts as well: it is not passed over.
        folder = os.path.join(store.top, "folder")
        for name in ("closed", "no-search"):
            os.makedirs(os.path.join(folder, name))
            store.write("folder/%s/auth.log" % name, LINES)
        store.write("folder/auth.log", LINES)
        os.chmod(os.path.join(folder, "closed"), 0o100)
        os.chmod(os.path.join(folder, "no-search"), 0o744)
        done = subprocess.run(prefix + store.command("import", "--json", folder), capture_output=True)
        for name in ("closed", "no-search"):
            os.chmod(os.path.join(folder, name), 0o755)
        equal(done.returncode, 4, "some was not read")
        result = json.loads(done.stdout)
        equal(result["files_read"], 1, "the rest was")
        equal(sorted((os.path.relpath(f["file"], folder), f["reason"].split(":")[0]) for f in result["not_read"]),
              [("closed", "no permission to read it"), ("no-search/auth.log", "no permission to read it")],
              "said")


@case
def usage():
    """wrong options end with 2 and name the option"""
    with Store() as store:
        done = store.run("ls", "--nosuchoption", expect=2)
        check(b"nosuchoption" in done.stderr, "named")
        store.run("import", expect=2)


@case
def no_store():
    """asking a store that is not there ends with 4 and says what to do"""
    with Store() as store:
        done = store.run("ls", expect=4)
        check(b"import" in done.stderr, "hint: %r" % done.stderr)


@case
def newer_store():
    """a store of a newer version is left alone"""
    with Store() as store:
        store.import_(LOG)
        with open(os.path.join(store.dir, "format"), "w") as f:
            f.write("sshtrail store 999\n")
        for command in (["ls"], ["import", LOG], ["reindex"], ["verify"]):
            done = store.run(*command, expect=4)
            check(b"newer" in done.stderr, "%s says so: %r" % (command, done.stderr))


@case
def two_imports():
    """two imports at once: one works, the other says why not, or waits"""
    with Store() as store:
        big = store.write("auth.log", many_lines(250))
        one = subprocess.Popen(store.command("import", big), stdout=subprocess.DEVNULL)
        lock = os.path.join(store.dir, "lock")
        for _ in range(2000):
            if os.path.exists(lock):
                break
            time.sleep(0.002)
        second = subprocess.run(store.command("import", LOG), capture_output=True)
        waited = subprocess.run(store.command("import", "--wait", LOG), capture_output=True)
        equal(one.wait(), 0, "first import")
        equal(waited.returncode, 0, "waiting import")
        if second.returncode != 0:
            equal(second.returncode, 4, "second import")
            check(b"another" in second.stderr, repr(second.stderr))
        store.run("verify")


@case
def changing_file():
    """a file that grows while it is read loses nothing"""
    with Store() as store:
        path = store.write("auth.log", many_lines(100))
        writer = subprocess.Popen(
            [sys.executable, "-c",
             "import sys,time\n"
             "data=open(sys.argv[2],'rb').read()\n"
             "f=open(sys.argv[1],'ab',0)\n"
             "for i in range(0,len(data),4000):\n"
             "    f.write(data[i:i+4000]); time.sleep(0.002)\n", path, LOG])
        store.import_(path)
        writer.wait()
        store.import_(path)
        equal(len(store.events("--kind", "auth.ok")), 101 * 20, "logins")
        store.run("verify")


@case
def full_disk():
    """a full disk: message, exit 4; with room again all is there once"""
    if os.geteuid() != 0:
        raise Skip("mounting a small file system needs root")
    with Store() as big:
        small = os.path.join(big.top, "small")
        os.mkdir(small)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", small],
                          capture_output=True).returncode:
            raise Skip("tmpfs cannot be mounted here")
        try:
            log = big.write("auth.log", many_lines(330))
            with Store(small) as store:
                done = store.run("import", log, expect=4)
                check(b"No space" in done.stderr or b"full" in done.stderr, repr(done.stderr))
                store.run("verify")
                subprocess.run(["mount", "-o", "remount,size=300m", small], check=True)
                store.run("import", log)
                equal(len(store.events("--kind", "auth.ok", "--limit", "1000000")), 330 * 20, "logins")
                store.run("verify")
        finally:
            subprocess.run(["umount", "-l", small])


if __name__ == "__main__":
    sys.exit(main())
