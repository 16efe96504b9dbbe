#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One real sshd run in four log formats, held against what really happened."""
import glob
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from trailtest import CORPUS, Skip, Store, case, check, equal, main

DIR = os.path.join(CORPUS, "sshd-9.2p1-verbose")
LOGS = ["auth.rfc3164.log", "auth.iso8601.log", "auth.rfc5424.log", "auth.jsonl"]
with open(os.path.join(DIR, "truth.json")) as f:
    TRUTH = json.load(f)


def counts(store):
    events = store.events()
    fails = [e for e in events if e["kind"] == "auth.fail" and not e.get("weak")
             and e["source"] in ("auth-log", "journal")
             and e.get("ident", "sshd").startswith("sshd")]
    methods = {}
    for e in fails:
        methods[e.get("method")] = methods.get(e.get("method"), 0) + 1
    ok = {}
    for e in events:
        if e["kind"] == "auth.ok":
            ok[e["method"]] = ok.get(e["method"], 0) + 1
    types = {}
    for e in events:
        types[e.get("type")] = types.get(e.get("type"), 0) + 1
    return {"ok": ok, "fail": methods, "partial": types.get("partial"),
            "postponed": types.get("postponed"),
            "invalid": types.get("invalid-user")}


EXPECTED = {
    "ok": {"publickey": 16, "password": 3, "keyboard-interactive/pam": 1},
    "fail": {"password": 35, "publickey": 14, "keyboard-interactive/pam": 1},
    "partial": 1, "postponed": 21, "invalid": 19,
}


def check_format(name):
    with Store() as store:
        store.import_(os.path.join(DIR, name))
        equal(counts(store), EXPECTED, name)
        equal(len(store.sessions()), 20, "sessions in " + name)


for log in LOGS:
    def run(log=log):
        check_format(log)
    run.__doc__ = "%s holds what the run did" % log
    case(run)


@case
def all_formats_at_once():
    """four copies of one stream count once"""
    with Store() as store:
        store.import_(*[os.path.join(DIR, n) for n in LOGS])
        equal(counts(store), EXPECTED)
        equal(len(store.sessions()), 20)


@case
def all_sources():
    """log, wtmp and btmp tell of the same 20 sessions"""
    with Store() as store:
        store.import_(os.path.join(DIR, "auth.iso8601.log"),
                      os.path.join(DIR, "wtmp"), os.path.join(DIR, "btmp"))
        equal(len(store.sessions()), 20)


@case
def other_machines_logs():
    """logs of another machine in somebody's home are not this machine's"""
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):
        raise Skip("no home directory to write to")
    with Store(home) as store:
        top = os.path.join(store.top, "case")
        os.mkdir(top)
        for name in ("auth.iso8601.log", "wtmp", "btmp"):
            shutil.copy(os.path.join(DIR, name), top)
        store.import_(top)
        equal(len(store.sessions()), 20)
        equal({s["host"] for s in store.sessions()}, {"bastion01"})


@case
def truth_steps():
    """each accepted step is a session of that user from that address"""
    with Store() as store:
        store.import_(os.path.join(DIR, "auth.iso8601.log"))
        found = sorted((s["user"], s["addr"]) for s in store.sessions())
        expected = sorted((t["user"], t["src"]) for t in TRUTH["steps"]
                          if str(t.get("expect", "")).startswith("accepted"))
        for pair in expected:
            check(pair in found, "no session for %s from %s" % pair)


@case
def two_factors():
    """a key that was one of two factors says who it was"""
    with Store() as store:
        store.import_(os.path.join(DIR, "auth.iso8601.log"))
        found = [(s["method"], s.get("fp")) for s in store.sessions()
                 if s["user"] == "twofa"]
        equal(found, [("publickey,password", TRUTH["fingerprints"]["twofa"])])


@case
def hostile_names():
    """an address is never taken from a user's name"""
    sources = {t["src"] for t in TRUTH["steps"] if t.get("src")}
    with Store() as store:
        store.import_(os.path.join(DIR, "auth.iso8601.log"))
        for e in store.events("--kind", "auth.fail,auth.ok,conn.open,conn.close"):
            if e.get("addr"):
                check(e["addr"] in sources, "%s from %s" % (e["kind"], e["addr"]))


@case
def any_order():
    """the order of imports does not change the answers"""
    names = ["auth.iso8601.log", "wtmp", "btmp"]
    with Store() as one, Store() as other:
        for n in names:
            one.import_(os.path.join(DIR, n), "--host", "bastion01")
        for n in reversed(names):
            other.import_(os.path.join(DIR, n), "--host", "bastion01")
        a, b = one.answers(), other.answers()
        strip = lambda s: {k: s.get(k) for k in ("user", "addr", "port", "method", "start", "key")}
        equal(sorted(json.dumps(strip(s), sort_keys=True) for s in a["sessions"]),
              sorted(json.dumps(strip(s), sort_keys=True) for s in b["sessions"]))


@case
def reindex():
    """an index made again from the trail gives the same answers"""
    with Store() as store:
        store.import_(*[os.path.join(DIR, n) for n in ["auth.rfc5424.log", "wtmp", "btmp"]])
        before = store.answers(), store.sessions(), store.events()
        store.run("reindex")
        equal((store.answers(), store.sessions(), store.events()), before)
        store.run("verify")


if __name__ == "__main__":
    sys.exit(main())
