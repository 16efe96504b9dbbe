# SPDX-License-Identifier: Apache-2.0
"""What tests of a hub's inputs share: a hub that listens to senders without an
agent, and what these say."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

from daemontest import PATIENCE, wait_for
from forwardtest import free_port, make_certificates
from hubtest import Hub
from syslogng import SyslogNg
from trailtest import ROOT, check, equal

KEY = "ssh2: ED25519 SHA256:" + "7" * 43


class InputHub(Hub):
    """A hub with all inputs; what is in `more` goes into `inputs` too."""

    def __init__(self, more="", allow="127.0.0.0/8", client_ca=False):
        super().__init__()
        self.udp = free_port(socket.SOCK_DGRAM)
        self.tcp, self.tls, self.audit = (free_port() for _ in range(3))
        self.pki = make_certificates(self.top)
        for name in os.listdir(self.pki):
            os.chmod(os.path.join(self.pki, name), 0o644)
        os.chmod(self.pki, 0o755)
        with open(self.config, "a") as f:
            f.write("inputs:\n  udp: 127.0.0.1:%d\n  tcp: 127.0.0.1:%d\n"
                    "  tls: 127.0.0.1:%d\n  audit: 127.0.0.1:%d\n"
                    "  allow: [%s]\n  cert: %s/server.pem\n"
                    "  key: %s/server.key\n" % (
                        self.udp, self.tcp, self.tls, self.audit, allow,
                        self.pki, self.pki))
            if client_ca:
                f.write("  client_ca: %s/ca.pem\n" % self.pki)
            f.write(more)

    def users(self, host):
        """Whose logins it has of a host, in their order."""
        return [e["user"] for e in self.found(
            "search", "--host", host, "--kind", "auth.ok", "--limit", "100000",
            "--since", "all", "--oldest-first")]

    def wait_users(self, host, users, seconds=30):
        wait_for("%d logins of %s" % (len(users), host),
                 lambda: len(self.users(host)) >= len(users), seconds)
        equal(sorted(self.users(host)), sorted(users), host)

    def gaps(self):
        return self.found("search", "--kind", "gap", "--since", "all")

    def ask(self, path, **headers):
        context = ssl.create_default_context(
            cafile=os.path.join(self.dir, "hub", "ca.crt"))
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, context=context,
                                    timeout=20 * PATIENCE) as answer:
            return answer.read().decode()

    def health(self):
        return json.loads(self.ask("/v1/health"))

    def metrics(self):
        token = self.hub("api-token", "admin").stdout.strip()
        return {k.replace("sshtrail_hub_", ""): float(v) for k, v in (
            line.rsplit(" ", 1) for line in self.ask(
                "/metrics", Authorization="Bearer " + token).splitlines()
            if not line.startswith("#"))}

    def rss(self):
        """KiB."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def login(host, user, n=0, form="5424"):
    """A line of sshd, as bytes without an end."""
    text = "Accepted publickey for %s from 192.0.2.1 port %d %s" % (
        user, 20000 + n, KEY)
    if form == "5424":
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        return ("<38>1 %s.%06dZ %s sshd %d - - %s" % (
            when, n, host, 1000 + n, text)).encode()
    when = time.strftime("%b %e %H:%M:%S", time.gmtime())
    return ("<38>%s %s sshd[%d]: %s" % (when, host, 1000 + n, text)).encode()


def counted(message):
    return b"%d %s" % (len(message), message)


def connect(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), 20 * PATIENCE,
                                    source_address=(source, 0))


def send(port, data, source="127.0.0.1"):
    with connect(port, source) as s:
        s.sendall(data)


def send_udp(port, messages, source="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        for m in messages:
            s.sendto(m, ("127.0.0.1", port))


def logger(port, message, *args, tag="sshd", pid=4711):
    """logger(1), over the network."""
    subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(port), "-t", tag,
                    "--id=%d" % pid, "-p", "auth.info", *args, "--", message],
                   check=True, capture_output=True, timeout=30 * PATIENCE)


def snippet(name):
    """The block of docs/hub.md that begins with the comment `# NAME`: up to the
    next that begins so, or to the text behind it."""
    with open(os.path.join(ROOT, "docs", "hub.md")) as f:
        text = f.read()
    match = re.search(r"\n    # %s\n((?:    (?!# )[^\n]*\n|\n)*)" %
                      re.escape(name), text)
    check(match, "docs/hub.md has no block # " + name)
    return "\n".join(line[4:] for line in match.group(1).splitlines())


def forwarding(way, port, host="localhost", of="rsyslog"):
    """That of rsyslog or syslog-ng, to this port."""
    return re.sub(r'port(="|\()\d+', r"port\g<1>%d" % port,
                  snippet("%s: %s" % (of, way)).replace("hub.example", host))


class Local:
    """A program that reads the socket of a host where others log."""

    def log(self, text, pid=812, tag="sshd"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            when = time.strftime("%b %e %H:%M:%S", time.localtime())
            s.sendto(("<38>%s %s[%d]: %s" % (when, tag, pid, text)).encode(),
                     self.socket)

    def log_in(self, user, n=0):
        self.log("Accepted publickey for %s from 192.0.2.1 port %d %s" % (
            user, 20000 + n, KEY), 1000 + n)


class Rsyslog(Local):
    """rsyslogd that reads a socket of its own, and `conf`."""

    def __init__(self, top, conf, host):
        self.dir = os.path.join(top, "rsyslog-" + host)
        os.makedirs(self.dir, exist_ok=True)
        self.socket = self.dir + "/log"
        with open(self.dir + "/conf", "w") as f:
            f.write('module(load="imuxsock" SysSock.Use="off")\n'
                    'input(type="imuxsock" Socket="%s" '
                    'RateLimit.Interval="0" ParseTrusted="off")\n'
                    'global(localHostname="%s" workDirectory="%s")\n%s\n' % (
                        self.socket, host, self.dir, conf))
        self.run = subprocess.Popen(
            ["rsyslogd", "-n", "-f", self.dir + "/conf", "-i",
             self.dir + "/pid"],
            stdout=open(self.dir + "/out", "ab"), stderr=subprocess.STDOUT)
        wait_for("rsyslogd", lambda: os.path.exists(self.socket) or
                 self.run.poll() is not None)
        check(self.run.poll() is None, open(self.dir + "/out").read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run.send_signal(signal.SIGTERM)
        self.run.wait(20 * PATIENCE)


class SyslogNgSender(Local, SyslogNg):
    """syslog-ng that reads a socket of its own, and `conf`: what docs/hub.md
    says, which needs the names that Debian's syslog-ng.conf has."""

    CONF = """options { keep-hostname(yes); time-reopen(1); };
source s_src { unix-dgram("%s"); };
filter f_auth { facility(auth, authpriv); };
rewrite r_host { set("%s", value("HOST")); };
"""

    def __init__(self, top, conf, host):
        directory = os.path.join(top, "syslog-ng-" + host)
        self.socket = directory + "/log"
        conf = conf.replace("disk-buffer(", 'disk-buffer(dir("%s") ' %
                            directory)
        conf = conf.replace("source(s_src);", "source(s_src); "
                            "rewrite(r_host);")
        super().__init__(directory, self.CONF % (self.socket, host) + conf)

    def is_ready(self):
        return os.path.exists(self.socket)
