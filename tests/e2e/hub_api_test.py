#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hub is asked from elsewhere: the same answers as from its store, by whom
it knows, within what he may see, and all of it is recorded."""
import base64
import contextlib
import functools
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import wait_for
from hubtest import Host, Hub, wait_arrived
from playtest import Player, pyte
from trailtest import SSHTRAIL, case, check, equal, main


class Asker:
    """Somebody with a profile of his own."""

    def __init__(self, hub, token):
        self.hub = hub
        self.token = token
        self.env = dict(os.environ, XDG_CONFIG_HOME=os.path.join(
            hub.top, "config-" + token[:8]), TZ="UTC0")
        done = self.run("login", hub.url, "--name", "h", token=token)
        equal(done.returncode, 0, done.stderr)

    def run(self, *args, token=""):
        return subprocess.run([SSHTRAIL, *args], env=self.env, text=True,
                              input=token, capture_output=True, timeout=120)

    def command(self, *args):
        return [SSHTRAIL, "--hub", "h", *args]

    def ask(self, *args):
        return self.run("--hub", "h", *args)

    def hosts(self, *args):
        done = self.ask("search", "--all", "--limit", "100000", "--json",
                        *args)
        check(done.returncode in (0, 1), done.stderr)
        return {json.loads(line)["host"]
                for line in done.stdout.splitlines()}


def url_of(hub, path, **headers):
    """Status and answer of a request without the CLI."""
    context = ssl.create_default_context(
        cafile=os.path.join(hub.dir, "hub", "ca.crt"))
    method = headers.pop("method", "GET")
    request = urllib.request.Request(
        hub.url + path, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def token_of(hub, name, *args):
    done = hub.hub("api-token", name, *args)
    equal(done.returncode, 0, done.stderr)
    return done.stdout.strip()


STACK = contextlib.ExitStack()


@functools.cache
def filled():
    """A hub that has the logins of two hosts; both hosts are gone."""
    hub = STACK.enter_context(Hub()).start()
    with Host("web-01") as web, Host("db-01") as db:
        for host, n in ((web, 30), (db, 20)):
            host.enroll(hub)
            host.start()
            host.log_in(n)
        wait_arrived(hub, web, db)
        web.stop()
        db.stop()
    return hub


ASKED = [
    ["ls", "--all"], ["ls", "--all", "--local", "--json"],
    ["show", "last"], ["who"], ["last", "--all"], ["failed", "--all"],
    ["search", "--all", "--kind", "auth"],
    ["search", "--all", "--limit", "7", "--json", "--host", "web-01"],
    ["search", "--all", "--host", "db-01", "--count", "host,kind,day"],
    ["search", "--all", "--from", "192.0.2.", "--reverse", "--host", "db-01"],
    ["export", "--host", "web-01"], ["export", "--sessions"],
    ["story", "last", "--all"],
    ["search", "--all", "--host", "db-01", "--text", "192.0.2",
     "--limit", "3"],
    ["show", "ffffffffffff"],
]


def untimed(told):
    """A hub keeps each question as an event, and so as the newest."""
    return re.sub(r"since \S+ \S+, 7 days before the newest",
                  "since 7 days before the newest", told)


@case
def answers_alike():
    """Each command tells through the hub what it tells of its store"""
    hub = filled()
    admin = Asker(hub, token_of(hub, "admin"))
    for args in ASKED:
        far = admin.ask(*args)
        near = subprocess.run(
            [SSHTRAIL, "--store", hub.dir, *args], env=admin.env,
            text=True, capture_output=True, timeout=60)
        equal(far.returncode, near.returncode, (args, far.stderr))
        equal(far.stdout, near.stdout, args)
        equal(untimed(far.stderr), untimed(near.stderr), args)
    # A question goes on where another stopped.
    first = admin.ask("search", "--all", "--host", "web-01", "--json",
                      "--limit", "7")
    cursor = first.stderr.split()[-1]
    rest = admin.ask("search", "--all", "--host", "web-01", "--json",
                     "--cursor", cursor)
    whole = admin.ask("search", "--all", "--host", "web-01", "--json")
    equal(first.stdout + rest.stdout, whole.stdout)
    check("run it there" in admin.ask("verify").stderr, "verify")
    check("at the store" in
          admin.ask("export", "--reveal").stderr, "reveal")


CAST = b"".join(
    [b'{"version": 2, "width": 80, "height": 24, "timestamp": 1790000000}\n'] +
    [b'[%d.0, "o", "line %d of it\\r\\n"]\n' % (i, i) for i in range(60)])


def asked_for(hub, op):
    return [e for e in hub.found("search", "--all", "--kind", "view",
                                 "--limit", "1000") if e["op"] == op]


@case
def shows_recordings():
    """What terminals showed is had through the hub as at its store, by who
    may see the session"""
    with Hub() as hub:
        for host in "one", "two":
            cast = hub.write(host + ".cast", CAST.replace(
                b"of it", b"of " + host.encode()))
            done = subprocess.run(
                hub.command("import", "--host", host, cast), text=True,
                capture_output=True, **hub.rights)
            equal(done.returncode, 0, done.stderr)
        hub.start()
        admin = Asker(hub, token_of(hub, "admin"))
        sessions = {s["host"]: s["session"] for s in hub.found(
            "ls", "--all", "--local")}
        one = sessions["one"]
        for args in (
                ["show", one, "--text"], ["show", one, "--text", "--json"],
                ["export", one, "--format", "asciicast"],
                ["export", one, "--format", "raw"],
                ["export", one, "--format", "html"],
                ["search", "--all", "--text", "line 7 of"],
                ["search", "--all", "--text", "line 1", "--json"],
                ["search", "--all", "--text", "OF TWO", "--limit", "7"],
                ["search", "--all", "--text", "of it", "--user", "ann"],
                # More than the first page of a hub has.
                ["search", "--all", "--text", "line ", "--json"],
                ["search", "--all", "--text", "line ", "--reverse"]):
            far = admin.ask(*args)
            near = subprocess.run(
                [SSHTRAIL, "--store", hub.dir, *args], env=admin.env,
                text=True, capture_output=True, timeout=60)
            equal((far.returncode, far.stderr, far.stdout),
                  (near.returncode, near.stderr, near.stdout), args)
            check("line 7 of one" in far.stdout or args[1] == "--all" or
                  args[0] == "export", args)
        check("line 7 of two" in admin.ask(
            "search", "--all", "--text", "line 7 of").stdout, "not searched")
        equal(hub.hub("account", "v", "--role", "viewer", "--host",
                      "one").returncode, 0)
        viewer = Asker(hub, token_of(hub, "v"))
        check("line 7 of one" in viewer.ask("show", one, "--text").stdout,
              "not shown")
        found = viewer.ask("search", "--all", "--text", "line 7 of").stdout
        check("line 7 of one" in found and "of two" not in found, found)
        # The hub looks through them, and tells it.
        wait_for("that it was searched to be told", lambda: any(
            "text=line%207%20of" in e["text"] and
            e.get("reason", "").startswith("all of it: events 1,")
            for e in asked_for(hub, "screens") if e["user"] == "v"))
        # Only what was shown before: that it was asked for, and its end.
        equal(len([e for e in asked_for(hub, "frames")
                   if e["user"] == "v"]), 2)
        for question, status in (
                ("text=line", 200), ("text=line&host=two", 200), ("", 400),
                ("text=line&kind=exec", 400), ("text=line&cursor=x", 400)):
            got, body = url_of(hub, "/api/v1/screens?" + question,
                               Authorization="Bearer " + viewer.token)[:2]
            equal(got, status, question)
            if status == 200:
                equal("of one" in str(body), "two" not in question, body)
                check("of two" not in str(body), body)
        for chain, status in (("import:one", 200), ("import:two", 404),
                              ("import:none", 404)):
            equal(url_of(hub, "/api/v1/frames?recording=%s:1" % chain,
                         Authorization="Bearer " + viewer.token)[0], status)
        equal(url_of(hub, "/api/v1/frames?recording=x", Authorization=
                     "Bearer " + viewer.token)[0], 400)
        # On a terminal, to its end.
        if pyte:
            player = Player(admin, one, "--speed", "1000", env={
                "XDG_CONFIG_HOME": admin.env["XDG_CONFIG_HOME"]})
            player.wait("line 59 of one")
            equal(player.end(), 0)
        done = admin.ask("play", one, "--follow")
        equal(done.returncode, 2)
        check("at the store of the hub" in " ".join(done.stderr.split()),
              done.stderr)
        seen = [e for e in asked_for(hub, "frames") if e["user"] == "v"]
        check(any("recording=import%3aone%3a1" in e["text"] and
                  e.get("reason", "").startswith("all of it") for e in seen),
              seen)


@case
def shows_what_may_be_seen():
    """A viewer of one host, and of one user, sees nothing of others"""
    hub = filled()
    for args in (["v", "--role", "viewer", "--host", "db-01"],
                 ["u", "--role", "viewer", "--user", "ann"],
                 ["a", "--role", "auditor"]):
        equal(hub.hub("account", *args).returncode, 0)
    viewer = Asker(hub, token_of(hub, "v"))
    user = Asker(hub, token_of(hub, "u"))
    auditor = Asker(hub, token_of(hub, "a"))
    equal(viewer.hosts(), {"db-01"})
    for args in (["--host", "web-01"], ["--text", "web-01"],
                 ["--host", "hub"], ["--kind", "view"]):
        equal(viewer.hosts(*args), set(), args)
    equal(user.hosts(), {"db-01", "web-01"})
    equal(auditor.hosts("--kind", "exec,auth,session,view"),
          {"db-01", "web-01", "hub"})
    of_web = json.loads(auditor.ask(
        "ls", "--all", "--host", "web-01", "--json",
        "--limit", "1").stdout)
    equal(viewer.ask("show", of_web["session"]).returncode, 1)
    equal(auditor.ask("show", of_web["session"]).returncode, 0)
    check("web-01" not in viewer.ask("show", "last").stdout, "last")
    count = viewer.ask("search", "--all", "--count", "host").stdout
    check("db-01" in count and "web-01" not in count, count)
    # What was asked is in the hub's own trail, by whom and for what.
    asked = [json.loads(line) for line in auditor.ask(
        "search", "--kind", "view", "--json", "--all", "--limit",
        "1000").stdout.splitlines()]
    check(any(e["user"] == "v" and e["op"] == "events" and
              "host=web-01" in e.get("text", "") for e in asked), asked)
    # Removed is removed at once.
    equal(hub.hub("account-remove", "v").returncode, 0)
    equal(viewer.ask("ls", "--all").returncode, 4)
    hub.run("verify")


def metrics_for(hub, token):
    status, answer = url_of(hub, "/metrics", Authorization="Bearer " + token)
    equal(status, 200)
    return dict(line.rsplit(" ", 1) for line in answer.splitlines()
                if not line.startswith("#"))


class Follower:
    """sshtrail --hub h follow, its rows in a file."""

    def __init__(self, asker, *args):
        self.out = open(os.path.join(asker.hub.top, "follow-" +
                                     asker.token[:8]), "w+")
        self.process = subprocess.Popen(
            [SSHTRAIL, "--hub", "h", "follow", "--json", *args],
            env=asker.env, stdout=self.out, stderr=subprocess.PIPE, text=True)

    def rows(self):
        with open(self.out.name) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def ports(self):
        return [e["port"] for e in self.rows() if e["kind"] == "auth.ok"]

    def end(self):
        """What it said; it must have ended, or is ended."""
        self.process.terminate()
        return self.process.communicate(timeout=30)[1]


def events_of(hub, token, last=None, **query):
    """A connection that follows, and a reader of its (id, rows) pages."""
    context = ssl.create_default_context(
        cafile=os.path.join(hub.dir, "hub", "ca.crt"))
    headers = {"Authorization": "Bearer " + token}
    if last:
        headers["Last-Event-ID"] = last
    answer = urllib.request.urlopen(urllib.request.Request(
        hub.url + "/api/v1/follow?" + urllib.parse.urlencode(query),
        headers=headers), context=context, timeout=30)
    equal(answer.headers["Content-Type"], "text/event-stream")

    def pages():
        rows = []
        for line in answer:
            if line.startswith(b"data: "):
                rows.append(json.loads(line[6:]))
            elif line.startswith(b"id: "):
                yield line[4:].strip().decode(), rows
                rows = []
    return answer, pages()


@case
def follows_live():
    """What comes is told at once, once, across restarts of hub and followers,
    and to each what he may see"""
    with Hub() as hub, Host("web-01") as web, Host("db-01") as db:
        with open(hub.config, "a") as f:
            f.write("  followers: 4\n")
        hub.start()
        for host in web, db:
            host.enroll(hub)
            host.start().log_in(5)
        wait_arrived(hub, web, db)
        equal(hub.hub("account", "v", "--role", "viewer", "--host",
                      "db-01").returncode, 0)
        admin = Asker(hub, token_of(hub, "admin"))
        viewer = Asker(hub, token_of(hub, "v"))
        all_of_it = Follower(admin, "--kind", "auth.ok")
        part = Follower(viewer)
        since = Follower(Asker(hub, token_of(hub, "admin")), "--kind",
                         "auth.ok", "--since", "2026-11-01")
        wait_for("what is there", lambda: len(since.ports()) == 10)
        wait_for("them", lambda: len([e for e in hub.found(
            "search", "--all", "--kind", "view")
            if e["op"] == "follow"]) == 3)
        web.log_in(7)
        wait_for("the new ones", lambda: len(all_of_it.ports()) == 7)
        # Whoever is cut off goes on where he was.
        hub.kill()
        db.log_in(300)
        web.log_in(300)
        hub.start()
        wait_arrived(hub, web, db)
        for follower, wanted in (
                (all_of_it, web.wanted()[5:] + db.wanted()[5:]),
                (part, db.wanted()[5:]),
                (since, web.wanted() + db.wanted())):
            wait_for("all of it", lambda: len(follower.ports()) >=
                     len(wanted))
            equal(sorted(follower.ports()), sorted(wanted))
        equal({e["host"] for e in part.rows()}, {"db-01"})
        for bad in {"Last-Event-ID": "x"}, {"Last-Event-ID": "gA==;"}, \
                {"Last-Event-ID": "A" * 12000 + ";"}:
            equal(url_of(hub, "/api/v1/follow", Authorization="Bearer " +
                         admin.token, **bad)[0], 400, bad)
        equal(url_of(hub, "/api/v1/follow?limit=1", Authorization="Bearer " +
                     admin.token)[0], 400)
        # One too many, and one who may not any more.
        begin = {"since": "2026-11-01T00:00:00.000000Z", "kind": "auth.ok"}
        _, first = events_of(hub, admin.token, **begin)
        last, rows = next(first)
        check(len(rows) > 50, "not a page but %d rows" % len(rows))
        check("listen.followers" in admin.ask("follow").stderr, "too many")
        equal(hub.hub("account-remove", "v").returncode, 0)
        db.log_in(1)
        equal(part.process.wait(timeout=30), 4)
        check("401" in part.end(), "not told why")
        # By hand: a page, and from its id on the rest, exactly.
        seen = [e["port"] for e in rows]
        answer, pages = events_of(hub, admin.token, last, **begin)
        for last, rows in pages:
            seen += [e["port"] for e in rows]
            if len(seen) >= len(web.wanted() + db.wanted()):
                break
        answer.close()
        equal(sorted(seen), sorted(web.wanted() + db.wanted()))
        equal(all_of_it.end().count("trying again"), 1)
        since.end()


@case
def tells_how_it_gets_on():
    """Health for anybody, metrics for who is known, of what he may see"""
    hub = filled()
    status, answer = url_of(hub, "/v1/health")
    equal((status, json.loads(answer)["state"]), (200, "good"))
    equal(url_of(hub, "/metrics")[0], 401)
    equal(hub.hub("account", "watch", "--role", "viewer", "--host",
                  "web-01").returncode, 0)
    all_of_it = metrics_for(hub, token_of(hub, "admin"))
    equal(float(all_of_it["sshtrail_hub_frames_total"]),
          sum(float(v) for k, v in all_of_it.items() if "chain_frames" in k))
    equal(all_of_it['sshtrail_hub_host_silent{host="db-01"}'], "0")
    part = metrics_for(hub, token_of(hub, "watch"))
    check(not any("db-01" in k for k in part), part)
    check(float(part['sshtrail_hub_chain_frames{chain="events:web-01"}']) > 30,
          part)


@case
def knows_whom():
    """Passwords, tokens, and those that guess"""
    hub = filled()
    def basic(password):
        pair = base64.b64encode(b"ann:" + password.encode()).decode()
        return url_of(hub, "/api/v1/login", method="POST",
                      Authorization="Basic " + pair)
    made = subprocess.run(
        [hub.program, "--config", hub.config, "account",
         "ann", "--role", "auditor", "--password"], **hub.rights,
        input="correct horse\n", text=True, capture_output=True)
    equal(made.returncode, 0, made.stderr)
    equal(url_of(hub, "/api/v1/stats")[0], 401)
    status, answer = basic("correct horse")
    equal(status, 200, answer)
    good = {"Authorization": "Bearer " + json.loads(answer)["token"]}
    equal(url_of(hub, "/api/v1/stats", **good)[0], 200)
    equal(url_of(hub, "/api/v1/events?since=x", **good)[0], 400)
    equal(url_of(hub, "/api/v1/events?login_only=false", **good)[0], 400)
    equal(url_of(hub, "/api/v1/sessions/00ff", **good)[0], 404)
    equal(url_of(hub, "/api/v1/nothing", **good)[0], 404)
    for path in ("events", "sessions", "who", "last", "failed", "hosts",
                 "recordings", "count?by=kind", "stats"):
        status, answer = url_of(hub, "/api/v1/" + path, **good)
        equal(status, 200, path)
        json.loads(answer)
    codes = [basic("wrong %d" % i)[0] for i in range(12)]
    # The case before may have left one.
    equal(codes, sorted(codes))
    check(codes.count(401) in (9, 10), codes)
    equal(basic("correct horse")[0], 429)
    wait_for("the alerts", lambda: len(
        [e for e in hub.alerts() if e.get("op") == "login"]) in (10, 11))
    # Another hub's token is not taken, and its hub not believed.
    with Hub() as other:
        stranger = Asker.__new__(Asker)
        stranger.env = dict(os.environ, XDG_CONFIG_HOME=other.top)
        check("not the hub" in stranger.run(
            "login", hub.url, token=token_of(other, "admin")).stderr,
            "login")


with STACK:
    main()
