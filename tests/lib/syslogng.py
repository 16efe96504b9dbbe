# SPDX-License-Identifier: Apache-2.0
"""A real syslog-ng, and one that receives. Debian's package cannot stand beside
rsyslog's: scripts/install-packages unpacks it, without installing it."""
import glob
import json
import os
import re
import shutil
import socket
import subprocess

from forwardtest import free_port, lines_of, wait_until
from trailtest import Skip

UNPACKED = "/usr/local/lib/sshtrail-tests/syslog-ng-core"


def program():
    """What runs it, and the environment for that."""
    there = shutil.which("syslog-ng")
    if there:
        return [there], None
    there = UNPACKED + "/usr/sbin/syslog-ng"
    if not os.access(there, os.X_OK):
        raise Skip("no syslog-ng")
    lib = UNPACKED + "/usr/lib/syslog-ng"
    return ([there, "--module-path", *glob.glob(lib + "/[0-9]*")],
            {**os.environ, "LD_LIBRARY_PATH": lib})


class SyslogNg:
    """One in the foreground, with files of its own below `dir`."""

    def __init__(self, directory, conf):
        self.command, self.env = program()
        self.dir = directory
        os.makedirs(self.dir, exist_ok=True)
        with open(self.dir + "/conf", "w") as f:
            f.write("@version: 3.38\n" + conf)

    def is_ready(self):
        raise NotImplementedError

    def begin(self):
        assert self.run.poll() is None, open(self.dir + "/said").read()
        return self.is_ready()

    def __enter__(self):
        files = [x for name in ("persist-file", "control", "pidfile")
                 for x in ("--" + name, "%s/%s" % (self.dir, name))]
        self.run = subprocess.Popen(
            [*self.command, "-F", "--no-caps", "-f", self.dir + "/conf",
             *files], env=self.env, stdin=subprocess.DEVNULL,
            stdout=open(self.dir + "/said", "ab"), stderr=subprocess.STDOUT)
        wait_until(self.begin)
        return self

    def __exit__(self, *_):
        self.run.terminate()
        self.run.wait(20)


class Receiver(SyslogNg):
    """Takes both framings, TLS with certificates, and datagrams."""

    CONF = r"""options { keep-hostname(yes); };
source s {
 syslog(ip(127.0.0.1) port(%(octets)d) transport(tcp));
 network(ip(127.0.0.1) port(%(lines)d) transport(tcp) flags(syslog-protocol));
 syslog(ip(127.0.0.1) port(%(udp)d) transport(udp));
 syslog(ip(127.0.0.1) port(%(tls)d) transport(tls)
  tls(cert-file("%(pki)s/server.pem") key-file("%(pki)s/server.key")
   ca-file("%(pki)s/ca.pem") peer-verify(required-trusted)));
};
template t {
 template("$(format-json pri=$PRI host=$HOST app=$PROGRAM msgid=$MSGID sd=$SDATA msg=$MSG)\n");
};
destination d { file("%(dir)s/out" template(t)); };
log { source(s); destination(d); };
"""

    def __init__(self, top, pki):
        directory = os.path.join(top, "syslog-ng")
        self.ports = {name: free_port() for name in ("octets", "lines", "tls")}
        self.ports["udp"] = free_port(socket.SOCK_DGRAM)
        super().__init__(directory, self.CONF % {
            **self.ports, "pki": pki, "dir": directory})

    def is_ready(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.ports["lines"])) == 0

    def messages(self):
        return [json.loads(l) for l in lines_of(self.dir + "/out")]

    def eids(self):
        return sorted(re.search(r' eid="([^"]*)"', m["sd"]).group(1)
                      for m in self.messages())
