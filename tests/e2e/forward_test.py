#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events are forwarded to a file and to a real rsyslogd over UDP, TCP and TLS:
each arrives, in any order of import and across kills of the forwarder."""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from forwardtest import (Outputs, free_port, lines_of, log,
                         make_certificates, wait_until)
from syslogng import Receiver
from trailtest import Skip, Store, case, main


@case
def late_events_arrive():
    """what is older than what was sent already is sent, each once"""
    with Store() as store:
        out = Outputs(store)
        path = store.top + "/events"
        out.add("f", "type: file\nfile: {path: %s}\n" % path)
        out.import_("a.log", log(700))
        out.run("--once")
        out.import_("b.log", log(50, day=20), host="web-02")
        out.run("--once", "f")
        out.run("--once", "f")
        want = store.run("export").stdout.decode().splitlines()
        # What is concluded of an event may have changed meanwhile.
        facts = lambda lines: sorted((e["host"], e["seq"], e["kind"])
                                     for e in map(json.loads, lines))
        assert facts(lines_of(path)) == facts(want), len(lines_of(path))
        status = json.loads(out.run("--status").stdout)
        assert status["events_behind"] == 0 and status["failures"] == 0


@case
def filters_hold():
    """the filter of an output is that of search"""
    with Store() as store:
        out = Outputs(store)
        path = store.top + "/events"
        out.add("f", "type: file\nfile: {path: %s}\nfilter: {user: [u3, u5], "
                "from: [198.51.100.5], kind: [auth]}\n" % path)
        out.import_("a.log", log(20))
        out.run("--once")
        assert [json.loads(l)["user"] for l in lines_of(path)] == ["u5"]
        out.add("n", "type: file\nstart: now\nfile: {path: %s.n}\n" % path)
        out.run("--once", "n")
        assert lines_of(path + ".n") == []
        out.add("bad", "type: file\nfilter: {knd: [auth]}\n")
        done = out.run("--once", expect=4)
        assert b"bad.yml:3:10" in done.stderr and b"kind?" in done.stderr, \
            done.stderr
        out.run("--once", "../f", expect=2)
        # Where it has come to is kept elsewhere: it begins anew.
        out.run("--once", "--state", store.top + "/other", "f")
        assert [json.loads(l)["user"] for l in lines_of(path)] == ["u5"] * 2
        assert os.path.exists(store.top + "/other/f.place")


@case
def secrets_are_masked():
    """what the masks know leaves only where the output says so"""
    with Store() as store:
        out = Outputs(store)
        path = store.top + "/events"
        out.add("f", "type: file\nfile: {path: %s}\n" % path)
        out.add("plain", "type: file\nmasks: off\nfile: {path: %s.p}\n" % path)
        out.import_("a.log", b"Nov 22 10:00:00 web-01 sudo:   ann : TTY=pts/0 ; "
                    b"PWD=/root ; USER=root ; COMMAND=/usr/bin/curl --password="
                    b"Summer41 vault_pin=4711x\n")
        with open(store.dir + "/masks", "w") as f:
            f.write("vault_pin= value\n")
        out.run("--once")
        masked, plain = lines_of(path), lines_of(path + ".p")
        assert masked == store.run("export").stdout.decode().splitlines()
        assert "[masked] vault_pin=[masked]" in masked[0], masked
        assert "Summer41 vault_pin=4711x" in plain[0], plain
        with open(store.dir + "/masks", "w") as f:
            f.write("x\n")
        assert b"masks:1" in out.run("--once", "f", expect=4).stderr
        assert lines_of(path) == masked


@case
def files_rotate():
    """a file that is large becomes .1, and nothing is lost over it"""
    with Store() as store:
        out = Outputs(store)
        path = store.top + "/events"
        out.add("f", "type: file\nfile: {path: %s, size: 20KiB, keep: 50}\n"
                "batch: {events: 50}\n" % path)
        out.import_("a.log", log(500))
        with open(path, "w") as torn:
            torn.write('{"whole":1}\n{"to')
        out.run("--once")
        names = [n for n in os.listdir(store.top) if n.startswith("events")]
        got = [l for n in names for l in lines_of(store.top + "/" + n)]
        assert len(names) > 3 and got.count('{"whole":1}') == 1
        got.remove('{"whole":1}')
        want = store.run("export").stdout.decode().splitlines()
        assert sorted(got) == sorted(want)


class Rsyslogd:
    """A receiver of its own that writes each message as JSON."""

    CONF = """
module(load="imtcp" %(tcp)s)
module(load="imudp")
input(type="imtcp" address="127.0.0.1" port="%(port)d")
input(type="imudp" address="127.0.0.1" port="%(udp)d" rcvbufSize="4m")
global(workDirectory="%(dir)s" %(global_)s parser.escapeControlCharactersOnReceive="off")
template(name="t" type="list" option.jsonf="on") {
 property(outname="pri" name="pri" format="jsonf")
 property(outname="host" name="hostname" format="jsonf")
 property(outname="app" name="app-name" format="jsonf")
 property(outname="msgid" name="msgid" format="jsonf")
 property(outname="sd" name="structured-data" format="jsonf")
 property(outname="msg" name="msg" format="jsonf")
}
action(type="omfile" file="%(out)s" template="t")
"""

    def __init__(self, top, tls=None):
        self.port, self.udp = free_port(), free_port(socket.SOCK_DGRAM)
        self.dir = os.path.join(top, "rsyslog")
        os.makedirs(self.dir, exist_ok=True)
        self.out = self.dir + "/out.json"
        tcp = global_ = ""
        if tls:
            tcp = ('streamDriver.name="gtls" streamDriver.mode="1" '
                   'streamDriver.authMode="x509/certvalid"')
            global_ = ('defaultNetstreamDriverCAFile="%s/ca.pem" '
                       'defaultNetstreamDriverCertFile="%s/server.pem" '
                       'defaultNetstreamDriverKeyFile="%s/server.key"' % (
                           tls, tls, tls))
        with open(self.dir + "/conf", "w") as f:
            f.write(self.CONF % {
                "tcp": tcp, "global_": global_, "port": self.port,
                "udp": self.udp, "dir": self.dir, "out": self.out})
        self.start()

    def start(self):
        self.run = subprocess.Popen(
            ["rsyslogd", "-n", "-f", self.dir + "/conf", "-i",
             self.dir + "/pid"],
            stdout=open(self.dir + "/log", "ab"), stderr=subprocess.STDOUT)
        wait_until(self.listens)

    def listens(self):
        if self.run.poll() is not None:
            raise AssertionError(open(self.dir + "/log").read())
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def messages(self):
        return [json.loads(l) for l in lines_of(self.out)]

    def eids(self):
        return [re.search(r' eid="([^"]*)"', m["sd"]).group(1)
                for m in self.messages()]

    def __enter__(self):
        return self

    def stop(self, how=signal.SIGTERM):
        self.run.send_signal(how)
        self.run.wait(20)

    def __exit__(self, *_):
        self.stop()


def need_rsyslog(tls=False):
    if not shutil.which("rsyslogd"):
        raise Skip("no rsyslogd")
    if tls and not (shutil.which("certtool") and
                    any(os.path.exists(d + "/rsyslog/lmnsd_gtls.so") for d in
                        ("/usr/lib/x86_64-linux-gnu", "/usr/lib64",
                         "/usr/lib/aarch64-linux-gnu", "/usr/lib"))):
        raise Skip("no rsyslog-gnutls or certtool")


def syslog_conf(port, transport, more=""):
    return ("type: syslog\nsyslog: {host: 127.0.0.1, port: %d, transport: %s}"
            "\nretry: 200ms\ntimeout: 5s\n%s" % (port, transport, more))


def send_to_rsyslog(transport, more="", tls=None):
    with Store() as store:
        out = Outputs(store)
        if tls:
            tls = make_certificates(store.top)
            more = more.replace("@", tls)
        with Rsyslogd(store.top, tls) as server:
            port = server.udp if transport == "udp" else server.port
            out.add("s", syslog_conf(port, transport, more))
            out.import_("a.log", log(300))
            out.run("--once")
            want = out.eids()
            wait_until(lambda: len(server.messages()) >= len(want))
            assert sorted(server.eids()) == want
            first = [m for m in server.messages() if m["msgid"] == "AUTHFAIL"][0]
            assert first["app"] == "sshtrail" and first["host"] == "web-01"
            assert first["pri"] == "84"
            assert 'user="x\\"\\]\\\\[y"' in first["sd"], first
            assert first["msg"].strip().startswith("password failed")
            said = store.run("test-output", "--config", out.dir, "s").stdout
            assert b"accepted" in said, said
            wait_until(lambda: len(server.messages()) > len(want))
            assert "a test" in server.messages()[-1]["msg"]


@case
def rsyslog_udp():
    """rsyslogd takes the datagrams as they were meant"""
    need_rsyslog()
    send_to_rsyslog("udp")


@case
def rsyslog_tcp():
    """rsyslogd takes octet counted frames"""
    need_rsyslog()
    send_to_rsyslog("tcp")


@case
def syslog_ng():
    """syslog-ng takes both framings, TLS and datagrams as they were meant"""
    with Store() as store:
        out = Outputs(store)
        tls = make_certificates(store.top)
        with Receiver(store.top, tls) as server:
            for name, transport, more in (
                    ("octets", "tcp", ""), ("udp", "udp", ""),
                    ("lines", "tcp", ", framing: lines"), ("tls", "tls", "")):
                conf = syslog_conf(server.ports[name], transport)
                out.add(name, conf.replace("}", more + "}"))
            with open(out.dir + "/tls.yml", "a") as f:
                f.write("tls: {ca: %s/ca.pem, cert: %s/client.pem, key: "
                        "%s/client.key, name: localhost}\n" % (tls, tls, tls))
            out.import_("a.log", log(100))
            out.run("--once")
            want = sorted(4 * out.eids())
            wait_until(lambda: len(server.messages()) >= len(want))
            assert server.eids() == want
            hostile = [m for m in server.messages() if
                       'user="x\\"\\]\\\\[y"' in m["sd"]]
            assert len(hostile) == 4
            for m in hostile:
                assert (m["app"], m["host"], m["msgid"], m["pri"]) == (
                    "sshtrail", "web-01", "AUTHFAIL", "84"), m
                assert m["msg"].startswith("password failed"), m


@case
def rsyslog_tls():
    """rsyslogd takes TLS with certificates on both sides"""
    need_rsyslog(tls=True)
    send_to_rsyslog(
        "tls", "tls: {ca: @/ca.pem, cert: @/client.pem, key: @/client.key, "
        "name: localhost}\n", tls=True)


@case
def wrong_server_is_refused():
    """nothing goes to a TLS server of another name, or unknown authority"""
    need_rsyslog(tls=True)
    with Store() as store:
        out = Outputs(store)
        tls = make_certificates(store.top)
        with Rsyslogd(store.top, tls) as server:
            out.add("name", syslog_conf(
                server.port, "tls", "tls: {ca: %s/ca.pem, cert: %s/client.pem, "
                "key: %s/client.key, name: other.example}\n" % (
                    tls, tls, tls)))
            out.add("ca", syslog_conf(
                server.port, "tls", "tls: {cert: %s/client.pem, key: "
                "%s/client.key, name: localhost}\n" % (tls, tls)))
            out.import_("a.log", log(3))
            done = out.run("--once", "name", expect=4)
            assert b"name in the certificate" in done.stderr, done.stderr
            done = out.run("--once", "ca", expect=4)
            assert b"NOT trusted" in done.stderr, done.stderr
            assert server.messages() == []


@case
def server_restarts():
    """a syslog server that goes and comes loses nothing, a dead one stops no
    other output"""
    need_rsyslog()
    with Store() as store:
        out = Outputs(store)
        with Rsyslogd(store.top) as server:
            out.add("s", syslog_conf(server.port, "tcp",
                                     "batch: {events: 20}\npoll: 20ms\n"))
            out.add("f", "type: file\npoll: 20ms\nfile: {path: %s/f}\n" %
                    store.top)
            out.import_("0.log", log(200))
            run = subprocess.Popen(out.command(), stderr=subprocess.PIPE)
            since = lambda: json.loads(out.run("--status", "s").stdout).get(
                "failing_since")
            try:
                wait_until(lambda: len(set(server.eids())) >= 50)
                server.stop(signal.SIGKILL)
                for i in range(1, 4):
                    out.import_("%d.log" % i, log(100, first=1000 * i))
                want = out.eids()
                wait_until(lambda: len(lines_of(store.top + "/f")) ==
                           len(want))
                wait_until(since)
                server.start()
                wait_until(lambda: set(server.eids()) == set(want))
                wait_until(lambda: not since())
            finally:
                run.send_signal(signal.SIGTERM)
                said = run.communicate(timeout=20)[1]
            assert run.returncode == 0, said
            assert b"trying again" in said and b"forwards again" in said, said


@case
def kills_lose_nothing():
    """killed at any time, the forwarder sends each event, and again only the
    batch that was under way"""
    seed = int(os.environ.get("SEED", "7"))
    print("# seed %d" % seed)
    rng = random.Random(seed)
    with Store() as store:
        out = Outputs(store)
        path = store.top + "/events"
        out.add("f", "type: file\nformat: rfc5424\nfile: {path: %s}\n"
                "batch: {events: 5}\npoll: 10ms\n" % path)
        out.import_("0.log", log(400))
        for i in range(15):
            run = subprocess.Popen(out.command("f"), stderr=subprocess.DEVNULL,
                                   start_new_session=True)
            time.sleep(rng.uniform(0.0, 0.25))
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            if i % 5 == 0:
                out.import_("%d.log" % (i + 1), log(
                    40, day=10 + i, first=500 * (i + 1)))
        run = out.run("--once")
        got = re.findall(r' eid="(\w+-\d+)"', "\n".join(lines_of(path)))
        assert sorted(set(got)) == out.eids(), (len(got), len(out.eids()))
        assert len(got) - len(set(got)) <= 15 * 5, len(got) - len(set(got))


@case
def one_forwarder_only():
    """a second forwarder of the same output is refused; a damaged place too"""
    with Store() as store:
        out = Outputs(store)
        out.add("f", "type: file\nfile: {path: %s/f}\n" % store.top)
        out.import_("a.log", log(5))
        run = subprocess.Popen(out.command(), stderr=subprocess.DEVNULL)
        wait_until(lambda: len(lines_of(store.top + "/f")) > 4)
        done = out.run("--once", expect=4)
        assert b"already" in done.stderr, done.stderr
        run.send_signal(signal.SIGTERM)
        assert run.wait(10) == 0
        with open(out.state + "/f.place", "r+b") as f:
            f.seek(20)
            f.write(b"7")
        done = out.run("--once", expect=4)
        assert b"damaged" in done.stderr, done.stderr


sys.exit(main())
