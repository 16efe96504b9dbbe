# SPDX-License-Identifier: Apache-2.0
"""What tests of forwarding share: a store with events, and its outputs."""
import os
import re
import socket
import subprocess
import time

HOSTILE = 'x"]\\[y'


def log(n, day=22, first=0):
    """Lines of sshd, and one name that would break out of its quotes."""
    lines = []
    for i in range(first, first + n):
        user = HOSTILE if i == first else "u%d" % i
        lines.append("Nov %d %02d:%02d:%02d web-01 sshd[%d]: Failed password "
                     "for invalid user %s from 198.51.100.%d port %d ssh2" % (
                         day, 10 + i // 3600, i // 60 % 60, i % 60, 1000 + i,
                         user, i % 250, 1024 + i))
    return ("\n".join(lines) + "\n").encode()


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in %d s" % seconds)
        time.sleep(0.02)


class Outputs:
    """A store with events, and outputs of it."""

    def __init__(self, store):
        self.store = store
        self.dir = os.path.join(store.top, "outputs")
        self.state = os.path.join(store.top, "state")
        os.mkdir(self.dir)

    def add(self, name, text):
        with open(os.path.join(self.dir, name + ".yml"), "w") as f:
            f.write("state: %s\n%s" % (self.state, text))

    def command(self, *args):
        return self.store.command("forward", "--config", self.dir, *args)

    def run(self, *args, expect=0):
        return self.store.run("forward", "--config", self.dir, *args,
                              expect=expect)

    def import_(self, name, data, host="web-01"):
        self.store.import_("--host", host, self.store.write(name, data))

    def eids(self):
        out = self.store.run("export", "--format", "rfc5424").stdout.decode()
        return sorted(re.findall(r' eid="(\w+-\d+)"', out))


def lines_of(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode().splitlines()
    except FileNotFoundError:
        return []


def make_certificates(top):
    """ca, server (of localhost) and client, as NAME.pem and NAME.key."""
    d = os.path.join(top, "tls")
    os.mkdir(d)
    tool = ["certtool", "--no-text"]
    for name, text in (
            ("ca", "cn=test ca\nca\ncert_signing_key\n"),
            ("server", "cn=localhost\ndns_name=localhost\ntls_www_server\n"
             "signing_key\nencryption_key\n"),
            ("client", "cn=client\ntls_www_client\nsigning_key\n"
             "encryption_key\n")):
        with open("%s/%s.tmpl" % (d, name), "w") as f:
            f.write("expiration_days=2\n" + text)
        run = lambda *a: subprocess.run(
            [*tool, *a], check=True, capture_output=True)
        run("--generate-privkey", "--key-type=ecdsa", "--outfile",
            "%s/%s.key" % (d, name))
        if name == "ca":
            run("--generate-self-signed", "--load-privkey", d + "/ca.key",
                "--template", d + "/ca.tmpl", "--outfile", d + "/ca.pem")
        else:
            run("--generate-certificate", "--load-privkey",
                "%s/%s.key" % (d, name), "--load-ca-certificate",
                d + "/ca.pem", "--load-ca-privkey", d + "/ca.key",
                "--template", "%s/%s.tmpl" % (d, name), "--outfile",
                "%s/%s.pem" % (d, name))
    return d


def secret(store, text, mode=0o600):
    path = store.write("secret", text.encode() + b"\n")
    os.chmod(path, mode)
    return path
