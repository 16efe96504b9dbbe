#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A damaged index: said what to do, made again, the same answers."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import CORPUS, Skip, Store, case, check, equal, main

LOG = os.path.join(CORPUS, "sshd-9.2p1-verbose", "auth.iso8601.log")
with open(LOG, "rb") as f:
    LINES = f.read()


def catalogue(store):
    return os.path.join(store.dir, "index", "catalogue.db")


def flip(path, at, n=64):
    with open(path, "r+b") as f:
        f.seek(at)
        old = f.read(n)
        f.seek(at)
        f.write(bytes(b ^ 0xff for b in old))


def corrupt_begin(store):
    flip(catalogue(store), 0)


def corrupt_schema(store):
    flip(catalogue(store), 100, 3900)


def cut_catalogue(store):
    os.truncate(catalogue(store), 8192)


def empty_catalogue(store):
    os.truncate(catalogue(store), 0)


def no_catalogue(store):
    os.unlink(catalogue(store))


def no_index(store):
    shutil.rmtree(os.path.join(store.dir, "index"))


def says_what_to_do(store, *command):
    done = store.run(*command, expect=4)
    equal(done.stderr.count(b"sshtrail reindex"), 1, "%s: %r" % (command, done.stderr))


@case
def catalogue_damaged():
    """a damaged catalogue: ls says so, reindex and import mend it"""
    with Store() as store:
        store.import_(LOG)
        before = store.answers()
        equal(len(before["sessions"]), 20, "sessions")
        for damage in (corrupt_begin, corrupt_schema, cut_catalogue, empty_catalogue,
                       no_catalogue, no_index):
            for mend in (["reindex"], ["import", LOG]):
                damage(store)
                says_what_to_do(store, "ls", "--all")
                store.run(*mend, expect=None)
                check(store.answers() == before, "%s, then %s: answers differ" % (damage.__name__, mend[0]))
                store.run("verify")


@case
def block_damaged():
    """a block that is damaged, cut or gone is named; nothing is left out"""
    with Store() as store:
        days = [LINES.replace(b"2026-11-22T", b"2026-%02d-%02dT" % (1 + i // 28, 1 + i % 28)) for i in range(150)]
        path = store.write("auth.log", b"".join(days))
        store.import_(path)
        blocks = os.path.join(store.dir, "index", "blocks")
        names = os.listdir(blocks)
        check(names, "there are blocks")
        search = ("search", "--all", "--kind", "auth.ok", "--limit", "1000000", "--json")
        before = store.run(*search).stdout
        equal(before.count(b"\n"), 150 * 20, "logins")

        def header():
            flip(os.path.join(blocks, os.listdir(blocks)[0]), 40)

        def content():
            block = os.path.join(blocks, os.listdir(blocks)[0])
            size = os.path.getsize(block)
            for at in range(4096, size, 4096):
                flip(block, at)

        def cut():
            block = os.path.join(blocks, os.listdir(blocks)[0])
            os.truncate(block, os.path.getsize(block) // 2)

        def gone():
            os.unlink(os.path.join(blocks, os.listdir(blocks)[0]))

        for damage, mend in ((header, "reindex"), (content, "reindex"), (cut, "import"), (gone, "import")):
            damage()
            says_what_to_do(store, *search)
            store.run(*([mend] if mend == "reindex" else [mend, LOG]), expect=None)
            done = store.run(*search).stdout
            check(done.count(b"\n") in (150 * 20, 151 * 20), "%s: %d logins" % (damage.__name__, done.count(b"\n")))
            if mend == "reindex":
                check(done == before, "%s: answers differ" % damage.__name__)


@case
def read_only():
    """a store on media that cannot be written can be asked and verified"""
    if os.geteuid() != 0:
        raise Skip("mounting needs root")
    with Store() as store:
        store.import_(LOG)
        before = store.answers()
        if subprocess.run(["mount", "--bind", store.dir, store.dir], capture_output=True).returncode:
            raise Skip("bind mounts are not possible here")
        try:
            if subprocess.run(["mount", "-o", "remount,bind,ro", store.dir], capture_output=True).returncode:
                raise Skip("cannot mount read-only here")
            check(store.answers() == before, "answers differ")
            store.run("verify")
            done = store.run("import", LOG, expect=4)
            check(b"ead-only" in done.stderr, "says why: %r" % done.stderr)
        finally:
            subprocess.run(["umount", "-l", store.dir])
        for name in ("catalogue.db-wal", "catalogue.db-shm"):
            path = os.path.join(store.dir, "index", name)
            if os.path.exists(path):
                os.unlink(path)
        subprocess.run(["mount", "--bind", store.dir, store.dir], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", store.dir], check=True)
            check(store.answers() == before, "answers of the copy differ")
        finally:
            subprocess.run(["umount", "-l", store.dir])


if __name__ == "__main__":
    sys.exit(main())
