#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damage done by hand to a store that the program wrote, and what it says."""
import glob
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import CORPUS, ROOT, Store, case, check, equal, main

LOG = os.path.join(CORPUS, "sshd-9.2p1-verbose", "auth.iso8601.log")
AUDIT = os.path.join(CORPUS, "audit-real", "enriched.log")
VERIFIER = os.path.join(ROOT, "tests", "verifier", "verify_trail.py")


def made():
    store = Store()
    store.import_(LOG)
    return store


def chain_dir(store):
    return os.path.join(store.dir, "trail", "import:bastion01")


def segment(store):
    return sorted(glob.glob(chain_dir(store) + "/*.seg*"))[0]


def verdicts(store, *args):
    """Exit code, and the findings by name."""
    done = store.run("verify", "--json", *args, expect=None)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    text = store.run("verify", *args, expect=done.returncode).stdout.decode()
    found = [r for r in rows if "finding" in r]
    for f in found:
        check(f["finding"] + " " + f["segment"] in text, "%s in %s" % (f, text))
    return done.returncode, {f["finding"] for f in found}


@case
def sound():
    """a store as written is sound"""
    with made() as store:
        equal(verdicts(store), (0, set()), "verify")


@case
def edited():
    """one changed byte, anywhere within the segment"""
    for part in (3, 2):
        with made() as store:
            path = segment(store)
            with open(path, "r+b") as f:
                f.seek(os.path.getsize(path) // part)
                byte = f.read(1)[0]
                f.seek(-1, os.SEEK_CUR)
                f.write(bytes([byte ^ 1]))
            code, found = verdicts(store)
            equal(code, 3, "exit code, part %d" % part)
            check(found & {"EDITED", "TRUNCATED"}, found)


@case
def removed_segment():
    """the segment is gone"""
    with made() as store:
        os.unlink(segment(store))
        code, found = verdicts(store)
        equal(code, 3, "exit code")
        check(found & {"MISSING", "TRUNCATED"}, found)


@case
def another_key():
    """signed by another key than the one that is trusted"""
    with made() as store, made() as other:
        pub = os.path.join(other.dir, "keys", "host.pub")
        code, found = verdicts(store, "--pubkey", pub)
        equal(code, 3, "exit code")
        check("UNTRUSTED_KEY" in found, found)


@case
def emptied_chain():
    """an empty trail is told, and hides no other"""
    with made() as store:
        os.mkdir(os.path.join(store.dir, "trail", "import:aaa"))
        equal(verdicts(store), (0, {"UNSEALED_TAIL"}), "verify")
        with open(segment(store), "ab") as f:
            f.truncate(100)
        equal(verdicts(store)[0], 3, "the other is still verified")


@case
def lost_keys():
    """a lost key is told, never replaced"""
    for name in ("host.key", "id.key"):
        with made() as store:
            path = os.path.join(store.dir, "keys", name)
            os.unlink(path)
            done = store.run("import", AUDIT, expect=4)
            check(name.encode() in done.stderr and b"backup" in done.stderr,
                  done.stderr)
            check(not os.path.exists(path), "%s was made anew" % name)


@case
def damaged_keys():
    """a damaged key is told with what helps, which is no reindex"""
    for name, data in (("host.key", b"x"), ("host.pub", b"x\n"), ("id.key", b"short"), ("id.key", bytes(100))):
        for command in (["import", AUDIT], ["reindex"]):
            with made() as store:
                with open(os.path.join(store.dir, "keys", name), "wb") as f:
                    f.write(data)
                done = store.run(*command, expect=4)
                check(name.encode() in done.stderr and b"backup" in done.stderr, done.stderr)
                check(b"reindex" not in done.stderr.split(b":", 1)[1], done.stderr)
    with made() as store:
        with open(os.path.join(store.dir, "keys", "host.pub"), "wb") as f:
            f.write(b"x\n")
        done = store.run("verify", expect=4)
        check(b"host.pub" in done.stderr and b"--pubkey" in done.stderr, done.stderr)


@case
def begun_store():
    """a store whose maker was killed at its first file is made whole"""
    with Store() as store:
        os.mkdir(store.dir)
        left = os.path.join(store.dir, "format.0123456789abcdef.tmp")
        open(left, "w").close()
        store.import_(LOG)
        equal(verdicts(store), (0, set()), "verify")
    with Store() as store:
        os.mkdir(store.dir)
        open(os.path.join(store.dir, "format.txt"), "w").close()
        done = store.run("import", LOG, expect=4)
        check(b"not empty" in done.stderr, done.stderr)
        check(b"version" not in done.stderr, done.stderr)


@case
def odd_hosts():
    """any --host becomes a trail that can be verified"""
    for host in ("../..\n/x%41", "a b+c", "h" * 3000, "\xe9" * 100, "."):
        with Store() as store:
            store.import_(AUDIT, "--host", host)
            store.run("verify")
            check(len(store.sessions()) == 9, "sessions of %r" % host[:20])
    with Store() as store:
        done = store.run("import", AUDIT, "--host", "", expect=2)
        check(b"--host is empty" in done.stderr, done.stderr)


@case
def second_verifier():
    """the independent verifier agrees"""
    with made() as store:
        def other():
            return subprocess.run(
                [sys.executable, VERIFIER, chain_dir(store), "import:bastion01",
                 "@" + os.path.join(store.dir, "keys", "host.pub")],
                capture_output=True)
        done = other()
        equal(done.returncode, 0, done.stdout + done.stderr)
        with open(segment(store), "r+b") as f:
            f.seek(2000)
            byte = f.read(1)[0]
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte ^ 1]))
        check(other().returncode != 0, "damage is found")


if __name__ == "__main__":
    sys.exit(main())
