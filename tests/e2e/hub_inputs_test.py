#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hub takes syslog from hosts without an agent: real rsyslogd and logger(1)
by UDP, TCP and TLS, and whoever means it ill."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import PATIENCE, wait_for
from hubtest import Host, wait_arrived
from inputtest import (InputHub, Rsyslog, SyslogNgSender, connect, counted,
                       forwarding, logger, login, send, send_udp, snippet)
from trailtest import SSHTRAIL, Skip, case, check, equal, main

EXEC = "".join("type=%s msg=audit(1795770000.12%%(n)d:8%%(n)d): %s\n" % r for r in (
    ("SYSCALL", "arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 "
     "a3=0 items=1 ppid=7 pid=8 auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 "
     "fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=3 comm=\"id\" "
     "exe=\"/usr/bin/id\" subj=unconfined key=(null)\x1dUID=\"ann\""),
    ("EXECVE", "argc=3 a0=\"id\" a1=\"-u\" a2=\"%(n)d\""),
    ("CWD", "cwd=\"/home/ann\""),
    ("PROCTITLE", "proctitle=6964002D75")))


@case
def logger_by_all_ways():
    """logger(1) by UDP and TCP, in both forms and framings; sessions are told"""
    with InputHub() as hub:
        hub.start()
        host = socket.gethostname()
        accepted = "Accepted password for u%d from 192.0.2.1 port %d ssh2"
        for n, (port, args) in enumerate((
                (hub.udp, ["-d", "--rfc5424"]), (hub.udp, ["-d", "--rfc3164"]),
                (hub.tcp, ["-T", "--rfc5424"]), (hub.tcp, ["-T", "--rfc3164"]),
                (hub.tcp, ["-T", "--octet-count", "--rfc5424"]),
                (hub.tcp, ["-T", "--octet-count", "--rfc3164"]))):
            logger(port, accepted % (n, 30000 + n), *args, pid=4000 + n)
            logger(port, "pam_unix(sshd:session): session opened for user "
                   "u%d(uid=%d) by (uid=0)" % (n, 1000 + n), *args,
                   pid=4000 + n)
        hub.wait_users(host, ["u%d" % n for n in range(6)])
        sessions = wait_for("the sessions", lambda: [
            s for s in hub.found("ls", "--since", "all")
            if s["host"] == host] if len(hub.found(
                "ls", "--since", "all")) >= 6 else None)
        equal(sorted((s["user"], s["port"]) for s in sessions),
              [("u%d" % n, 30000 + n) for n in range(6)])
        # By sudo and an audit record, as audisp-syslog forwards it.
        logger(hub.udp, "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/id",
               "-d", tag="sudo")
        logger(hub.udp, "type=USER_LOGIN msg=audit(1795770000.123:77): pid=9 "
               "uid=0 auid=1000 ses=3 msg='op=login id=1000 exe=\"/usr/sbin/"
               "sshd\" hostname=? addr=192.0.2.1 terminal=/dev/pts/1 "
               "res=success'", "-d", tag="audisp-syslog")
        wait_for("sudo", lambda: hub.found(
            "search", "--kind", "priv", "--since", "all"))
        events = wait_for("audit", lambda: [
            e for e in hub.found("search", "--host", host, "--since", "all")
            if e["source"] == "audit"])
        equal(events[0]["serial"], 77)
        for e in hub.found("search", "--host", host, "--since", "all"):
            equal((e["trust"], e["sender"]), ("network", "127.0.0.1"), e)
        shown = hub.run("show", sessions[0]["session"]).stdout.decode()
        check("network sender 127.0.0.1" in shown, shown)
        # From elsewhere.
        client = os.path.join(hub.top, "client")
        os.mkdir(client)
        there = {**os.environ, "HOME": client, "XDG_CONFIG_HOME": client}
        token = hub.hub("api-token", "admin").stdout
        run = lambda *args, **kwargs: subprocess.run(
            [SSHTRAIL, *args], env=there, check=True, capture_output=True,
            text=True, timeout=60, **kwargs).stdout
        run("login", hub.url, "--name", "h", input=token)
        check("u5" in run("--hub", "h", "ls", "--since", "all"), "ls")
        shown = run("--hub", "h", "show", sessions[0]["session"])
        check("network sender 127.0.0.1" in shown, shown)
        hub.stop()
        told = hub.answers()
        hub.run("reindex")
        equal(hub.answers(), told, "made again")
        chains = {r["chain"]: r for r in hub.found("verify")}
        check("sender:127.0.0.1" in chains, chains)


@case
def rsyslog_by_all_ways():
    """rsyslogd with what docs/hub.md says, by UDP, TCP and TLS"""
    if not shutil.which("rsyslogd"):
        raise Skip("no rsyslogd")
    with InputHub() as hub:
        hub.start()
        for way, port in (("udp", hub.udp), ("tcp", hub.tcp), ("tls", hub.tls)):
            conf = forwarding(way, port).replace(
                "/etc/sshtrail/hub-ca.crt", hub.pki + "/ca.pem")
            with Rsyslog(hub.top, conf, "host-" + way) as rsyslog:
                for n in range(20):
                    rsyslog.log_in("u%d" % n, n)
                hub.wait_users("host-" + way, ["u%d" % n for n in range(20)])
        log = os.path.join(hub.top, "audit.log")
        conf = snippet("rsyslog: audit").replace(
            "/var/log/audit/audit.log", log) + forwarding("tcp", hub.tcp)
        with open(log, "w") as f, Rsyslog(hub.top, conf, "audited"):
            for n in range(5):
                f.write(EXEC % {"n": n})
                f.flush()
            events = wait_for("the records", lambda: [
                e for e in [hub.found("search", "--host", "audited", "--kind",
                                      "exec", "--since", "all")]
                if len(e) == 5])[0]
        equal(sorted(e["argv"] for e in events),
              [["id", "-u", str(n)] for n in range(5)])
        equal({(e["trust"], e["exe"]) for e in events},
              {("network", "/usr/bin/id")})
        hub.stop()


@case
def syslog_ng_by_all_ways():
    """syslog-ng with what docs/hub.md says, by UDP, TCP and TLS"""
    with InputHub() as hub:
        hub.start()
        for way, port in (("udp", hub.udp), ("tcp", hub.tcp), ("tls", hub.tls)):
            conf = forwarding(way, port, of="syslog-ng").replace(
                "/etc/sshtrail/hub-ca.crt", hub.pki + "/ca.pem")
            with SyslogNgSender(hub.top, conf, "ng-" + way) as sender:
                for n in range(20):
                    sender.log_in("u%d" % n, n)
                hub.wait_users("ng-" + way, ["u%d" % n for n in range(20)])
        hub.stop()


def over_a_kill(local, of):
    with InputHub() as hub:
        conf = forwarding("tcp", hub.tcp, "127.0.0.1", of).replace(
            'action.resumeInterval="10"', 'action.resumeInterval="1"')
        hub.start()
        with local(hub.top, conf, "web-01") as sender:
            for n in range(2):
                sent = ["r%d-%d" % (n, i) for i in range(50)]
                for i, user in enumerate(sent):
                    sender.log_in(user, i)
                wait_for("all of them",
                         lambda: set(sent) <= set(hub.users("web-01")))
                hub.kill()
                # The first goes into a connection that nobody reads: plain
                # TCP tells its sender of no loss.
                sender.log_in("down-%d" % n)
                time.sleep(0.2)
                sender.log_in("down-again-%d" % n)
                hub.start()
                wait_for("what waited", lambda: "down-again-%d" % n in
                         hub.users("web-01"))
        users = hub.users("web-01")
        equal(sorted(set(users)), sorted(users), "nothing twice")
        check({"r%d-%d" % (n, i) for n in range(2) for i in range(50)} <=
              set(users), "nothing lost")
        hub.stop()
        hub.run("verify")


@case
def rsyslog_over_a_kill():
    """The hub is killed again and again: what rsyslogd sends is there once"""
    if not shutil.which("rsyslogd"):
        raise Skip("no rsyslogd")
    over_a_kill(Rsyslog, "rsyslog")


@case
def syslog_ng_over_a_kill():
    """The hub is killed again and again: what syslog-ng sends is there once"""
    over_a_kill(SyslogNgSender, "syslog-ng")


@case
def killed_under_way():
    """What the hub took more than a second before it is killed is there"""
    with InputHub() as hub:
        hub.start()
        sent = {}
        with connect(hub.tcp) as s:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                n = len(sent)
                s.sendall(login("web", "t%d" % n, n) + b"\n")
                send_udp(hub.udp, [login("web", "d%d" % n, n)], "127.0.0.2")
                sent[n] = time.monotonic()
                time.sleep(0.01)
            hub.kill()
        killed = time.monotonic()
        hub.start()
        old = {way + str(n) for n, at in sent.items() for way in "td"
               if at < killed - PATIENCE}
        users = hub.users("web")
        equal(old - set(users), set())
        equal(len(set(users)), len(users), "nothing twice")
        print("# %d of %d were lost" % (2 * len(sent) - len(users),
                                        2 * len(sent)))
        hub.stop()


@case
def tls_with_certificates():
    """With an authority senders are known by name, and others are refused"""
    with InputHub(client_ca=True) as hub:
        hub.start()
        context = ssl.create_default_context(cafile=hub.pki + "/ca.pem")
        try:
            with context.wrap_socket(connect(hub.tls),
                                     server_hostname="localhost") as s:
                s.sendall(login("web-01", "nobody") + b"\n")
                s.settimeout(20)
                check(s.recv(1) == b"", "it answers")
        except (ssl.SSLError, ConnectionError):
            pass
        send(hub.tls, b"GET / HTTP/1.0\r\n\r\n")
        context.load_cert_chain(hub.pki + "/client.pem",
                                hub.pki + "/client.key")
        with context.wrap_socket(connect(hub.tls),
                                 server_hostname="localhost") as s:
            for n in range(100):
                s.sendall(counted(login("web-01", "u%d" % n, n)))
        hub.wait_users("web-01", ["u%d" % n for n in range(100)])
        if shutil.which("rsyslogd"):
            ca = 'CAFile="%s/ca.pem"' % hub.pki
            conf = forwarding("tls", hub.tls).replace(
                'CAFile="/etc/sshtrail/hub-ca.crt"',
                ca + " " + " ".join(
                    'defaultNetstreamDriver%sFile="%s/client.%s"' % (
                        what, hub.pki, end)
                    for what, end in (("Cert", "pem"), ("Key", "key"))))
            with Rsyslog(hub.top, conf, "web-02") as rsyslog:
                rsyslog.log_in("certified")
                hub.wait_users("web-02", ["certified"])
        event = hub.found("search", "--kind", "auth.ok", "--since", "all")[0]
        equal(event["sender"], "client (127.0.0.1)")
        metrics = hub.metrics()
        check(metrics['sender_messages_total{sender="client"}'] >= 100, metrics)
        check(metrics['inputs_refused_total{why="guest"}'] >= 2, metrics)
        hub.stop()
        check("sender:client" in [r["chain"] for r in hub.found("verify")],
              "no chain")


@case
def hostile_senders():
    """Endless lines, garbage, halves, strangers, too many: counted, told, and
    of bounded cost; a host that ships is not spoken for"""
    with InputHub("  senders: 20\n  connections: 40\n",
                  allow="127.0.0.0/26") as hub, Host("web") as web:
        hub.start()
        web.enroll(hub)
        web.start()
        web.log_in(5)
        wait_arrived(hub, web)
        before = hub.rss()
        # Endless, by both framings, and into audit's port.
        for port, begin in ((hub.tcp, b"<38>"), (hub.tcp, b"999999999 <38>"),
                            (hub.audit, b"type=X "), (hub.audit, b"\xfe\0\0\xff")):
            with connect(port, "127.0.0.2") as s:
                try:
                    s.sendall(begin)
                    s.settimeout(1)
                    for _ in range(64):
                        s.sendall(b"x" * 65536)
                except OSError:
                    pass
        # Garbage and halves, everywhere.
        for port in (hub.tcp, hub.tls, hub.audit):
            send(port, os.urandom(4096) + b"\n", "127.0.0.3")
            send(port, counted(login("h", "half"))[:-9], "127.0.0.3")
        send_udp(hub.udp, [os.urandom(n) for n in range(1, 1400, 7)] + [b""],
                 "127.0.0.3")
        # A half is no login.
        equal(hub.users("h"), [])
        # Strangers; and more senders than may be.
        send_udp(hub.udp, [login("h", "stranger")], "127.0.0.200")
        try:
            send(hub.tcp, login("h", "stranger") + b"\n", "127.0.0.200")
        except OSError:
            pass
        for n in range(5, 60):
            send_udp(hub.udp, [login("crowd", "c%d" % n, n)], "127.0.0.%d" % n)
        # Connections that never say anything.
        idle = []
        for n in range(200):
            try:
                idle.append(connect(hub.tls if n % 2 else hub.tcp,
                                    "127.0.0.%d" % (1 + n % 9)))
            except OSError:
                pass
        # The name of a host that ships.
        send_udp(hub.udp, [login("web", "mallory", n) for n in range(20)],
                 "127.0.0.5")
        wait_for("the alert", lambda: [
            e for e in hub.alerts() if e.get("op") == "sender"])
        # Hosts' names without end.
        send_udp(hub.udp, [login("h%d" % n, "u", n) for n in range(2000)],
                 "127.0.0.6")
        for s in idle:
            s.close()
        # Who ships is not held up, nor spoken for.
        web.log_in(5)
        wait_arrived(hub, web)
        check("mallory" not in hub.users("web"), "spoken for")
        check("mallory" in hub.users("127.0.0.5"), hub.users("127.0.0.5"))
        grown = hub.rss() - before
        check(grown < 300 * 1024, "%d KiB more" % grown)
        metrics = hub.metrics()
        check(metrics['sender_forged_total{sender="127.0.0.5"}'] == 20, metrics)
        for why in ("stranger", "crowd", "guest", "nobody"):
            check(metrics['inputs_refused_total{why="%s"}' % why] > 0, why)
        check(hub.health()["senders"] <= 20, hub.health())
        check(hub.health()["senders_lost"] > 8, hub.health())
        wait_for("the gaps", lambda: len([
            e for e in hub.gaps() if e.get("op") == "inputs"]) >= 4)
        equal({e["user"] for e in hub.found("search", "--kind", "auth.ok",
               "--since", "all", "--limit", "100000")} &
              {"stranger", "half", "nobody"}, set())
        # Begun anew nobody has spoken yet: who was kept out has a place, and
        # what is known of who gave it stays.
        web.stop()
        hub.stop()
        known = {r["chain"] for r in hub.found("verify")}
        late = {"sender:127.0.0.%d" % n for n in range(50, 60)}
        equal(known & late, set())
        hub.start()
        for n in range(50, 60):
            send_udp(hub.udp, [login("crowd", "late", n)], "127.0.0.%d" % n)
        wait_for("who came late", lambda: hub.users("crowd").count(
            "late") == 10)
        told = [e["reason"] for e in hub.found("search", "--all", "--kind",
                "config") if e.get("op") == "sender"]
        check(any("to 127.0.0.59; its chain stays" in t for t in told), told)
        check(hub.health()["senders"] <= 20, hub.health())
        hub.stop()
        equal({r["chain"] for r in hub.found("verify")},
              known | late)


@case
def flood():
    """One sender floods: others and hosts go on; what was dropped is a gap"""
    with InputHub("  rate: 200KiB\n") as hub, Host("web") as web:
        hub.start()
        web.enroll(hub)
        web.start()
        send_udp(hub.udp, [login("noisy", "first")], "127.0.0.2")
        noise = b"<38>Nov 27 10:00:00 x cron[1]: " + b"y" * 1000
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, \
                connect(hub.tcp, "127.0.0.2") as flooding:
            s.bind(("127.0.0.2", 0))
            flooding.setblocking(False)
            accepted = 0
            calm = connect(hub.tcp, "127.0.0.3")
            for n in range(20):
                for _ in range(200):
                    s.sendto(noise, ("127.0.0.1", hub.udp))
                try:
                    while accepted < 64 << 20:
                        accepted += flooding.send((noise + b"\n") * 64)
                except BlockingIOError:
                    pass
                calm.sendall(login("calm", "u%d" % n, n) + b"\n")
                time.sleep(0.02)
            web.log_in(20)
            wait_arrived(hub, web, seconds=20)
            hub.wait_users("calm", ["u%d" % n for n in range(20)], 20)
            calm.close()
        # Its connection was not read: that is back-pressure.
        check(accepted < 64 << 20, accepted)
        wait_for("the gap", lambda: [
            e for e in hub.gaps() if e.get("sender") == "127.0.0.2"
            and e["lost"] > 0 and "rate" in e["reason"]])
        lost = hub.metrics()['sender_lost_total{sender="127.0.0.2"}']
        check(lost > 100, lost)
        web.stop()
        hub.stop()


@case
def while_it_sleeps():
    """What the kernel drops is counted; what waits when the hub ends is taken"""
    with InputHub("  rate: 1GiB\n") as hub:
        hub.start()
        pid = hub.process.pid
        s = connect(hub.tcp)
        s.sendall(login("awake", "first") + b"\n")
        hub.wait_users("awake", ["first"])
        os.kill(pid, signal.SIGSTOP)
        sent = 30000
        send_udp(hub.udp, (b"<38>Nov 27 10:00:00 x cron[1]: " + b"y" * 1000
                           for _ in range(sent)))
        os.kill(pid, signal.SIGCONT)
        taken = lambda: hub.metrics()[
            'sender_messages_total{sender="127.0.0.1"}'] - 1
        dropped = lambda: hub.metrics()['inputs_refused_total{why="kernel"}']
        wait_for("what it had room for", taken)
        # With the next one that comes it is told how many did not.
        send_udp(hub.udp, [login("awake", "second", 2)])
        wait_for("all of them", lambda: taken() + dropped() == sent + 1)
        check(dropped() > 0, "nothing was dropped")
        gap = wait_for("the gap", lambda: [
            e for e in hub.gaps() if e.get("op") == "inputs"])[0]
        check(0 < gap["lost"] <= dropped(), gap)
        os.kill(pid, signal.SIGSTOP)
        for n in range(1000):
            s.sendall(login("asleep", "u%d" % n, n) + b"\n")
        send_udp(hub.udp, [login("asleep", "udp", 1000)])
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
        hub.stop()
        s.close()
        equal(sorted(hub.users("asleep")),
              sorted(["u%d" % n for n in range(1000)] + ["udp"]))


@case
def retention():
    """What a sender said goes by the policy, while it and others say more"""
    with InputHub() as hub:
        policy = os.path.join(hub.top, "retention.yml")
        with open(policy, "w") as f:
            f.write("rules: ['127.0.0.2 events max_bytes=1KiB']\n")
        with open(hub.config, "a") as f:
            f.write("retention: {config: %s, every: 1s}\n" % policy)
        hub.start()
        with connect(hub.tcp, "127.0.0.2") as old, \
                connect(hub.tcp, "127.0.0.3") as kept:
            for n in range(7000):
                old.sendall(
                    b"<38>1 2026-10-01T00:00:00.%06dZ old sshd %d - - Invalid "
                    b"user %s%d from 192.0.2.7 port %d\n" % (
                        n, 1000 + n, b"x" * 900, n, 1024 + n))
            kept.sendall(login("kept", "before", 1) + b"\n")
            removals = lambda: [e for e in hub.found(
                "search", "--kind", "config", "--since", "all")
                                if e["op"] == "retention"]
            wait_for("the removal", removals, 120)
            for s, host in ((old, "old"), (kept, "kept")):
                s.sendall(login(host, "after", 2) + b"\n")
            wait_for("what came later", lambda: "after" in hub.users("old"))
            hub.wait_users("kept", ["before", "after"])
        hub.stop()
        equal({e["target"] for e in removals()}, {"sender:127.0.0.2"})
        told = hub.found("verify")
        equal([r["chain"] for r in told if "removed" in r],
              ["sender:127.0.0.2"])


@case
def wrong_configuration():
    """Inputs that nobody may use, or that are no addresses, are refused"""
    for more, said in (
            ("inputs: {udp: 127.0.0.1:5514}\n", "inputs.allow"),
            ("inputs: {udp: localhost, allow: ['::1']}\n", "no address"),
            ("inputs: {tcp: '127.0.0.1:0', allow: [192.0.2.1/24]}\n",
             "no network"),
            ("inputs: {tls: '127.0.0.1:0', allow: ['::1'], cert: /dev/null, "
             "key: /dev/null}\n", "inputs.tls"),
            ("inputs: {cert: /x}\n", "go together")):
        with InputHub() as hub:
            with open(hub.config) as f:
                text = f.read()
            with open(hub.config, "w") as f:
                f.write(text[:text.index("inputs:")] + more)
            done = hub.hub("serve")
            check(done.returncode != 0 and said in done.stderr, done.stderr)


sys.exit(main())
