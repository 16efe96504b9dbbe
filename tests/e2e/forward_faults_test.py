#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What receivers do wrong costs no event, and is told: a wrong certificate,
acknowledgements that never come, silence, 429, and ends in mid-write. What
_bulk refuses in part is in forward_web_test.py."""
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from forwardtest import (Outputs, lines_of, log, make_certificates, secret,
                         wait_until)
from trailtest import Skip, Store, case, main
from webtest import Server, hang_up, reply


class Forwarding:
    """`sshtrail forward` of all outputs, until the end of the block."""

    def __init__(self, out):
        self.out, self.said = out, b""

    def failing(self, name):
        status = self.out.run("--status", name, expect=None).stdout
        return status and "failing_since" in json.loads(status)

    def __enter__(self):
        self.run = subprocess.Popen(self.out.command(), stderr=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        self.run.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        self.said = self.run.communicate(timeout=60)[1].decode()
        self.ended_in = time.monotonic() - begun
        assert self.run.returncode == 0, self.said


class Hook:
    """Keeps the identities of what it takes; `first` answers before that."""

    def __init__(self, first=lambda handler, turn: False):
        self.eids, self.first, self.times = [], first, []

    def answer(self, handler, path, body):
        self.times.append(time.monotonic())
        if self.first(handler, len(self.times)):
            return
        self.eids += re.findall(r' eid="(\w+-\d+)"', body.decode())
        reply(handler, 204, b"")


def hook(store, url, more=""):
    return ("type: webhook\nformat: rfc5424\nhttp: {url: \"%s\", "
            "secret_file: %s}\nretry: 100ms\npoll: 50ms\n%s" % (
                url, secret(store, "k"), more))


def dead_letters(out, name):
    return lines_of(out.state + "/%s.dead" % name)


@case
def wrong_certificate():
    """a server with a certificate of another authority or name gets nothing,
    it is told, and all arrives when it is right"""
    if not shutil.which("certtool"):
        raise Skip("no certtool")
    with Store() as store:
        out, sink = Outputs(store), Hook()
        right = make_certificates(store.top)
        os.mkdir(store.top + "/other")
        wrong = make_certificates(store.top + "/other")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(wrong + "/server.pem", wrong + "/server.key")
        with Server(sink.answer, tls=context) as server:
            tls = "tls: {ca: %s/ca.pem}\n" % right
            out.add("h", hook(store, "https://localhost:%d/" % server.port,
                              tls))
            out.import_("a.log", log(60))
            with Forwarding(out) as forward:
                wait_until(lambda: forward.failing("h"))
                assert sink.times == []
                context.load_cert_chain(right + "/server.pem",
                                        right + "/server.key")
                want = out.eids()
                wait_until(lambda: sorted(sink.eids) == want)
            assert "h: cannot forward, trying again" in forward.said
            assert "certificate" in forward.said, forward.said
            assert "h: forwards again" in forward.said, forward.said
            out.add("h", hook(store, server.url, tls))
            said = store.run("test-output", "--config", out.dir, "h",
                             expect=4).stderr
            assert b"certificate" in said and b"127.0.0.1" in said, said
            assert len(sink.times) == 1 and dead_letters(out, "h") == []


class Splunk:
    """An indexer that acknowledges nothing before `works`."""

    def __init__(self):
        self.works, self.batches, self.indexed = False, [], []

    def answer(self, handler, path, body):
        if path.endswith("/ack"):
            ids = json.loads(body)["acks"]
            if self.works:
                self.indexed += [e for i in ids for e in self.batches[i]]
            return reply(handler, 200,
                         {"acks": {str(i): self.works for i in ids}})
        self.batches.append([json.loads(l)["fields"]["eid"]
                             for l in body.decode().splitlines()])
        reply(handler, 200, {"text": "Success", "code": 0,
                             "ackId": len(self.batches) - 1})


@case
def acknowledgements_never_come():
    """HEC: what is received and never acknowledged counts as not sent"""
    with Store() as store:
        out, sink = Outputs(store), Splunk()
        with Server(sink.answer) as server:
            out.add("hec", "type: splunk\nhttp: {url: \"%s\", secret_file: %s}"
                    "\ntimeout: 300ms\nretry: 100ms\nbatch: {events: 40}\n" % (
                        server.url, secret(store, "t0ken")))
            out.import_("a.log", log(60))
            want = out.eids()
            with Forwarding(out) as forward:
                wait_until(lambda: len(sink.batches) >= 3)
                assert forward.failing("hec")
                # The same ones again, and none behind them.
                assert all(b == sink.batches[0] for b in sink.batches)
                sink.works = True
                wait_until(lambda: sorted(set(sink.indexed)) == want)
            assert "does not acknowledge" in forward.said, forward.said
            assert dead_letters(out, "hec") == []


@case
def stalled_beside_fast():
    """a server that never answers delays no other output, and no end"""
    with Store() as store:
        out, path = Outputs(store), store.top + "/events"
        with socket.create_server(("127.0.0.1", 0)) as silent:
            out.add("silent", hook(store, "http://127.0.0.1:%d/" %
                                   silent.getsockname()[1], "timeout: 60s\n"))
            out.add("f", "type: file\nformat: rfc5424\npoll: 20ms\n"
                    "file: {path: %s}\n" % path)
            out.import_("0.log", log(60))
            with Forwarding(out) as forward:
                for i in range(1, 4):
                    wait_until(lambda: len(lines_of(path)) == 62 * i)
                    out.import_("%d.log" % i, log(60, first=1000 * i))
                wait_until(lambda: len(lines_of(path)) == 62 * 4)
                # A minute has not gone by: it still waits.
                assert not os.path.exists(out.state + "/silent.status")
            assert "silent" not in forward.said, forward.said
            assert forward.ended_in < 15, forward.ended_in


@case
def told_to_wait():
    """429: a server is left alone for as long as it asks"""
    def busy(handler, turn):
        if turn < 3:
            reply(handler, 429, b"slowly", Retry_After="2")
        return turn < 3

    with Store() as store:
        out, sink = Outputs(store), Hook(busy)
        with Server(sink.answer) as server:
            out.add("h", hook(store, server.url))
            out.import_("a.log", log(20))
            out.run("--once")
            assert sorted(sink.eids) == out.eids()
            gaps = [b - a for a, b in zip(sink.times, sink.times[1:])]
            assert len(gaps) == 2 and min(gaps) >= 2, gaps
            assert dead_letters(out, "h") == []


def reset(connection):
    """Close it with a reset, whatever was not read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
    connection.close()


class Syslog:
    """Reads a little of its first connections and ends them with a reset."""

    def __init__(self, faults):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.faults, self.read = faults, []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection = self.listener.accept()[0]
            if self.faults:
                self.faults -= 1
                connection.recv(1500)
                reset(connection)
                continue
            self.read.append(b"")
            while data := connection.recv(65536):
                self.read[-1] += data

    def eids(self):
        return set(re.findall(r' eid="(\w+-\d+)"',
                              b"\n".join(self.read).decode()))


@case
def ends_in_mid_write():
    """connections that end while a batch is written lose nothing of it"""
    def cut(handler, turn):
        if turn == 1:
            hang_up(handler)
        elif turn == 2:
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.write(b"only this")
            hang_up(handler)
        elif turn == 3:
            reset(handler.connection)
            handler.close_connection = True
        return turn < 4

    with Store() as store:
        out, web, syslog = Outputs(store), Hook(cut), Syslog(3)
        with Server(web.answer) as server:
            out.add("h", hook(store, server.url, "batch: {events: 40}\n"))
            out.add("s", "type: syslog\nsyslog: {host: 127.0.0.1, port: %d}\n"
                    "retry: 100ms\npoll: 20ms\nbatch: {events: 20}\n" %
                    syslog.port)
            out.import_("a.log", log(120))
            want = out.eids()
            with Forwarding(out):
                wait_until(lambda: sorted(set(web.eids)) == want)
                wait_until(lambda: sorted(syslog.eids()) == want)
            assert dead_letters(out, "h") == dead_letters(out, "s") == []


sys.exit(main())
