#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events are mailed by a real mail server (aiosmtpd): over STARTTLS and with
TLS from the start, with a password, in digests; what a filter of the server
does not like keeps nothing else away."""
import email
import email.policy
import json
import logging
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from forwardtest import (Outputs, free_port, lines_of, log,
                         make_certificates, wait_until)
from trailtest import Skip, Store, case, main

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
except ImportError:
    SMTP = None
# It does not like our way of TLS from the start.
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


def need():
    if not SMTP or not shutil.which("certtool"):
        raise Skip("no python3-aiosmtpd or certtool")


class Server:
    """Keeps mails; `judge(text)` may answer for one: None takes it."""

    def __init__(self, tls, judge=lambda text: None, smtps=False):
        self.mails, self.times, self.judge = [], [], judge
        self.users, self.refused = [], 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls + "/server.pem", tls + "/server.key")
        self.port = free_port()
        how = {"authenticator": self.authenticate, "auth_required": True,
               "decode_data": False}
        if smtps:
            # It takes what came in TLS for plain text.
            how["auth_require_tls"] = False
            how["ssl_context"] = context
        else:
            how["require_starttls"] = True
        factory = lambda: SMTP(
            self, hostname="mx", tls_context=None if smtps else context,
            **{k: v for k, v in how.items() if k != "ssl_context"})

        class Own(Controller):
            def factory(self):
                return factory()

        self.controller = Own(self, hostname="127.0.0.1", port=self.port,
                              ssl_context=how.get("ssl_context"))

    def authenticate(self, server, session, envelope, mechanism, data):
        assert isinstance(data, LoginPassword)
        ok = (data.login, data.password) == (b"trail", b"s3cret")
        self.users.append((ok, session.ssl is not None))
        return AuthResult(success=ok, handled=False)

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content,
                                        policy=email.policy.default)
        answer = self.judge(mail.get_content())
        if answer:
            self.refused += 1
            return answer
        mail.receivers = envelope.rcpt_tos
        mail.sender = envelope.mail_from
        self.mails.append(mail)
        self.times.append(time.monotonic())
        return "250 kept"

    def eids(self):
        return [e for m in self.mails
                for e in re.findall(r"(\w+-\d+)\)$", m.get_content(), re.M)]

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()


CONF = """type: mail
mail: {server: "%s://localhost:%d", from: trail@web.example,
  to: [ann@x.example, "bob@x.example"], user: trail, secret_file: %s,
  subject: web, period: %s}
tls: {ca: %s/ca.pem}
retry: 100ms
poll: 20ms
"""


def conf(store, server, tls, scheme="smtp", period="1h", more=""):
    path = store.write("secret", b"s3cret\n")
    os.chmod(path, 0o600)
    return CONF % (scheme, server.port, path, period, tls) + more


@case
def digests():
    """the first event at once, what follows later together, over STARTTLS"""
    need()
    with Store() as store:
        out, tls = Outputs(store), make_certificates(store.top)
        with Server(tls) as server:
            out.add("m", conf(store, server, tls, period="2s"))
            out.import_("0.log", log(1))
            run = subprocess.Popen(out.command(), stderr=subprocess.PIPE)
            try:
                wait_until(lambda: len(server.mails) == 1)
                out.import_("1.log", log(30, first=1000))
                out.import_("2.log", log(30, first=2000))
                want = out.eids()
                wait_until(lambda: len(server.eids()) >= len(want))
            finally:
                run.send_signal(signal.SIGTERM)
                said = run.communicate(timeout=20)[1]
            assert run.returncode == 0 and said == b"", said
            assert sorted(server.eids()) == want, server.eids()
            # A second one, and a third where the machine is slow.
            assert len(server.mails) < 4
            assert all(b - a > 1.9 for a, b in
                       zip(server.times, server.times[1:])), server.times
            assert server.users == [(True, True)] * len(server.mails)
            first, second = server.mails[:2]
            # With begin and end of the import.
            assert first["Subject"] == "web: 3 events"
            assert first["Message-ID"] != second["Message-ID"]
            assert second["To"] == "ann@x.example, bob@x.example"
            assert second["From"] == "trail@web.example"
            assert second.receivers == ["ann@x.example", "bob@x.example"]
            assert second.sender == "trail@web.example"
            assert second["Auto-Submitted"] == "auto-generated"
            assert abs(second["Date"].datetime.timestamp() - time.time()) < 60
            assert 'unknown user x"]\\[y from' in first.get_content()


@case
def from_the_start():
    """TLS from the start; a large mail counts what it leaves out"""
    need()
    with Store() as store:
        out, tls = Outputs(store), make_certificates(store.top)
        with Server(tls, smtps=True) as server:
            text = conf(store, server, tls, "smtps")
            out.add("m", text.replace("subject:", "size: 4KiB, subject:"))
            out.import_("0.log", log(200))
            out.run("--once")
            (mail,) = server.mails
            text = mail.get_content()
            left_out = int(re.search(r"^(\d+) more: ", text, re.M).group(1))
            assert len(text) < 4200 and \
                left_out + len(server.eids()) == 202
            assert mail["Subject"] == "web: 202 events"
            said = store.run("test-output", "--config", out.dir, "m").stdout
            assert b"took a mail of 1 event" in said, said
            assert "a test" in server.mails[-1].get_content()


@case
def refusals():
    """a mail that is refused costs the events at fault only; a busy server
    costs none"""
    need()
    busy = ["452 busy"] * 2
    judge = lambda text: busy.pop() if busy else \
        "554 5.7.1 spam" if re.search(r"user u(7|31) ", text) else None
    with Store() as store:
        out, tls = Outputs(store), make_certificates(store.top)
        with Server(tls, judge) as server:
            out.add("m", conf(store, server, tls))
            out.import_("0.log", log(50))
            out.run("--once")
            dead = [json.loads(l) for l in lines_of(out.state + "/m.dead")]
            assert len(dead) == 2, dead
            assert all("554 5.7.1 spam" in d["reason"] for d in dead), dead
            assert sorted(server.eids() + [d["eid"] for d in dead]) == \
                out.eids()
            assert not re.search(r"user u(7|31) ", "".join(
                m.get_content() for m in server.mails))
            assert server.refused < 20, server.refused


@case
def wrong_ones_get_nothing():
    """no mail to a server of another name or authority, none without TLS; a
    wrong password is waited out"""
    need()
    with Store() as store:
        out, tls = Outputs(store), make_certificates(store.top)
        with Server(tls) as server:
            text = conf(store, server, tls)
            out.add("name", text.replace("localhost", "127.0.0.1"))
            out.add("ca", text.replace("tls: {ca: %s/ca.pem}\n" % tls, ""))
            wrong = store.write("wrong", b"x\n")
            os.chmod(wrong, 0o600)
            out.add("user", re.sub("secret_file: [^,]*,", "secret_file: %s," %
                                   wrong, text))
            out.import_("0.log", log(3))
            for name, says in (("name", b"certificate"),
                               ("ca", b"certificate"), ("user", b"535")):
                done = out.run("--once", name, expect=4)
                assert says in done.stderr, done.stderr
                assert lines_of(out.state + "/%s.dead" % name) == []
            assert server.mails == []
            for change, says in (
                    ("mail: {starttls: off, ", b"over TLS only"),
                    ("mail: {cc: x, ", b"cc")):
                out.add("bad", text.replace("mail: {", change))
                done = out.run("--once", "bad", expect=4)
                assert says in done.stderr, done.stderr
            out.add("bad", text.replace("ann@x.example", "ann"))
            done = out.run("--once", "bad", expect=4)
            assert b"mail.to" in done.stderr, done.stderr


sys.exit(main())
