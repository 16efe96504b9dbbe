#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events are forwarded to web servers that misbehave as real ones do: too
busy, partly refusing, silent, gone in the middle, answering nonsense."""
import hashlib
import hmac
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from forwardtest import Outputs, lines_of, log, secret
from trailtest import Store, case, main
from webtest import Server, hang_up, reply


CONF = """type: %s
http: {url: "%s", secret_file: %s}
retry: 100ms
timeout: 700ms
batch: {events: 40}
"""


class Elastic:
    """Keeps documents by _id, as a data stream does."""

    def __init__(self):
        self.docs, self.turn, self.refused = {}, 0, None
        self.twice = 0

    def item(self, eid, doc):
        number = int(eid.split("-")[1])
        if number == 17:
            self.refused = eid
            return {"create": {"_id": eid, "status": 400, "error": {
                "type": "document_parsing_exception",
                "reason": "field [x] is \"wrong\""}}}
        if number == 23 and self.turn < 9:
            return {"create": {"_id": eid, "status": 429, "error": {
                "type": "es_rejected_execution_exception"}}}
        if eid in self.docs:
            self.twice += 1
            return {"create": {"_id": eid, "status": 409, "error": {
                "type": "version_conflict_engine_exception"}}}
        self.docs[eid] = doc
        return {"create": {"_id": eid, "status": 201}}

    def answer(self, handler, path, body):
        self.turn += 1
        assert path == "/logs/_bulk"
        assert handler.headers["Authorization"] == "ApiKey k3y"
        if self.turn == 1:
            return reply(handler, 429, {"error": "busy"}, Retry_After="1")
        if self.turn == 2:
            return reply(handler, 200, b"<html>a proxy's page</html>")
        if self.turn == 3:
            time.sleep(1.2)
            return hang_up(handler)
        lines = body.decode().splitlines()
        items = [self.item(json.loads(head)["create"]["_id"], json.loads(doc))
                 for head, doc in zip(lines[::2], lines[1::2])]
        if self.turn == 4:
            return hang_up(handler)
        if self.turn == 6:
            return reply(handler, 503, {"error": "down"})
        reply(handler, 200, {
            "took": 1, "items": items,
            "errors": any(i["create"]["status"] > 201 for i in items)})


@case
def elastic():
    """_bulk: each event once, the refused one in the dead letters"""
    with Store() as store:
        out, sink = Outputs(store), Elastic()
        with Server(sink.answer) as server:
            out.add("es", CONF % ("elastic", server.url + "/logs/_bulk",
                                  secret(store, "k3y")))
            out.import_("a.log", log(100))
            # It ends after some failures; the next one goes on.
            for _ in range(12):
                done = out.run("--once", expect=None)
                if done.returncode == 0:
                    break
            assert done.returncode == 0, done.stderr
            want = set(out.eids()) - {sink.refused}
            assert set(sink.docs) == want, (len(sink.docs), len(want))
            assert sink.twice > 0
            assert all(d["event"]["id"] == e for e, d in sink.docs.items())
            dead = [json.loads(l) for l in lines_of(out.state + "/es.dead")]
            assert [d["eid"] for d in dead] == [sink.refused]
            assert "document_parsing_exception" in dead[0]["reason"]
            assert sink.refused in dead[0]["record"]
            assert b"k3y" not in done.stderr


class Splunk:
    def __init__(self):
        self.turn, self.acks, self.events, self.asked = 0, 0, [], {}
        self.pending = {}
        self.channels = set()

    def acknowledge(self, handler, body):
        ids = json.loads(body)["acks"]
        acks = {}
        for i in ids:
            self.asked[i] = self.asked.get(i, 0) + 1
            # The first is never indexed; others are when asked again.
            acks[str(i)] = i > 1 and self.asked[i] > 1
            if acks[str(i)]:
                self.events += self.pending.pop(i)
        reply(handler, 200, {"acks": acks})

    def answer(self, handler, path, body):
        assert handler.headers["Authorization"] == "Splunk t0ken"
        self.channels.add(handler.headers["X-Splunk-Request-Channel"])
        if path.endswith("/ack"):
            return self.acknowledge(handler, body)
        self.turn += 1
        events = [json.loads(l) for l in body.decode().splitlines()]
        bad = [i for i, e in enumerate(events)
               if e["fields"]["eid"].endswith("-11")]
        if self.turn == 1:
            return reply(handler, 503, {"text": "Server is busy", "code": 9})
        if bad:
            return reply(handler, 400, {
                "text": "Invalid data format", "code": 6,
                "invalid-event-number": bad[0]})
        self.acks += 1
        self.pending[self.acks] = events
        reply(handler, 200, {"text": "Success", "code": 0,
                             "ackId": self.acks})


@case
def splunk():
    """HEC: what is not acknowledged comes again, what is invalid does not"""
    with Store() as store:
        out, sink = Outputs(store), Splunk()
        with Server(sink.answer) as server:
            out.add("hec", CONF % ("splunk", server.url,
                                   secret(store, "t0ken")))
            out.import_("a.log", log(90))
            out.run("--once")
            got = [e["fields"]["eid"] for e in sink.events]
            want = [e for e in out.eids() if not e.endswith("-11")]
            assert sorted(got) == want, (len(got), len(want))
            assert len(sink.channels) == 1
            dead = [json.loads(l) for l in lines_of(out.state + "/hec.dead")]
            assert len(dead) == 1 and dead[0]["eid"].endswith("-11"), dead
            assert "Invalid data format" in dead[0]["reason"]
            first = sink.events[0]
            assert first["host"] and first["event"]["kind"] and first["time"]


class Hook:
    def __init__(self):
        self.turn, self.events = 0, []

    def answer(self, handler, path, body):
        self.turn += 1
        seconds = handler.headers["X-Sshtrail-Timestamp"]
        mac = hmac.new(b"k", seconds.encode() + b"." + body, hashlib.sha256)
        assert handler.headers["X-Sshtrail-Signature"] == \
            "sha256=" + mac.hexdigest()
        assert abs(time.time() - int(seconds)) < 60
        events = [json.loads(l) for l in body.decode().splitlines()]
        if self.turn == 1:
            return reply(handler, 401, b"who are you")
        if len(events) > 1 and any(e.get("user") == "u7" for e in events):
            return reply(handler, 413, b"too large")
        if events[0].get("user") == "u7":
            return reply(handler, 422, b"no such thing\x1b[2J")
        self.events += events
        reply(handler, 204, b"")


@case
def webhook():
    """a signed webhook: a refused batch is tried event by event"""
    with Store() as store:
        out, sink = Outputs(store), Hook()
        with Server(sink.answer) as server:
            out.add("hook", CONF % ("webhook", server.url + "/in",
                                    secret(store, "k")))
            out.import_("a.log", log(60))
            out.run("--once")
            want = [e for e in map(json.loads,
                                   store.run("export").stdout.splitlines())
                    if e.get("user") != "u7"]
            key = lambda e: e["seq"]
            assert sorted(sink.events, key=key) == sorted(want, key=key)
            dead = [json.loads(l) for l in lines_of(out.state + "/hook.dead")]
            assert len(dead) == 1 and "no such thing\\x1b" in \
                dead[0]["reason"], dead
            said = store.run("test-output", "--config", out.dir, "hook").stdout
            assert b"HTTP status 204" in said, said


@case
def secrets_are_kept():
    """a secret that others may read is refused"""
    with Store() as store:
        out = Outputs(store)
        out.add("hook", CONF % ("webhook", "http://127.0.0.1:1/",
                                secret(store, "k", 0o644)))
        out.import_("a.log", log(1))
        done = out.run("--once", expect=4)
        assert b"chmod" in done.stderr, done.stderr
        out.add("hook", "type: splunk\nhttp: {url: \"http://x/\"}\n")
        done = out.run("--once", expect=4)
        assert b"needs http.secret_file" in done.stderr, done.stderr


sys.exit(main())
