#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sshtraild while people work over SSH: what it takes live is what an import
of the same logs gives; nothing is lost or doubled when it ends or is killed."""
import contextlib
import datetime
import glob
import json
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from audittest import (audit_as_found, audit_state, auditctl, auditd,
                       plugin_connected, status)
from daemontest import (HOST, SSHTRAILD, Daemon, Disk, ServiceManager,
                        user_to_be, wait_for)
from trailtest import Skip, Store, case, check, equal, main

FACTS = ("user", "addr", "method", "key", "commands", "tty", "flags", "ses",
         "n_priv", "n_auth_fail", "bytes_in", "bytes_out")


BEGIN = int(time.time())
WAYS = {"audit": "audit: auto, bpf: off, journal: off",
        "both": "audit: auto, bpf: auto, journal: off",
        "bpf": "audit: off, bpf: auto, journal: off"}


@case
def takes_live_what_an_import_gives():
    """People at work under a real sshd: live, in each way, as by import"""
    with contextlib.ExitStack() as stack:
        daemons = {way: stack.enter_context(Daemon(taps))
                   for way, taps in WAYS.items()}
        out = os.path.join(daemons["audit"].top, "recording")
        os.mkdir(out)
        log = os.path.join(out, "auth.log")
        open(log, "w").close()
        for way, daemon in daemons.items():
            daemon.log = log
            daemon.configure(WAYS[way])
            daemon.start()
        record(out)
        for way, daemon in daemons.items():
            taps = {t["tap"]: t for t in daemon.status()["taps"]}
            for name, tap in taps.items():
                equal(tap["lost"], 0, "%s: %s" % (way, name))
                equal(tap["unparsed"], 0, "%s: %s" % (way, name))
            daemon.stop()
            daemons[way] = (daemon, taps)
        check(daemons["audit"][1]["audit"]["events"] > 200, daemons["audit"])
        with Store() as store:
            store.import_("--host", HOST, *(
                os.path.join(out, name)
                for name in ("auth.log", "audit.log", "wtmp", "btmp")))
            check(len(store.sessions()) >= 9, store.sessions())
            for way, (daemon, taps) in daemons.items():
                if way == "audit" or taps["bpf"]["open"]:
                    gives(way, daemon, store)


def record(out):
    done = subprocess.run(
        [os.path.join(HERE, "record"), out],
        env={**os.environ, "RECORD_PORT": str(20000 + os.getpid() % 12000)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300)
    if done.returncode == 77:
        raise Skip((done.stdout.strip().splitlines() or ["?"])[-1])
    equal(done.returncode, 0, done.stdout + done.stderr)


def gives(way, daemon, want):
    # Of one sudo audit tells more than once.
    facts = [f for f in FACTS if way != "bpf" or f != "n_priv"]
    want = told(want, facts)
    equal(told(daemon, facts), want, way)
    daemon.run("verify")
    daemon.run("reindex")
    equal(told(daemon, facts), want, way + ", index made again")


def told(store, facts):
    """Without what wtmp held before: it is put back behind the recording."""
    return sorted((s["start"][:19], *(str(s.get(f)) for f in facts))
                  for s in store.lines("ls", "--since", "@%d" % BEGIN,
                                       "--limit", "1000"))


@case
def goes_on_where_it_stopped():
    """Stopped and started: what was written meanwhile is read, once"""
    with Daemon() as daemon:
        daemon.start().log_logins(0, 50)
        daemon.wait_logins(50)
        daemon.stop()
        daemon.log_logins(50, 30)
        daemon.start()
        daemon.wait_logins(80)
        equal(daemon.status()["repeated"], 0)
        daemon.stop()
        os.rename(daemon.log, daemon.log + ".1")
        with open(daemon.log + ".1", "a"):
            pass
        daemon.log_logins(80, 20)
        daemon.start()
        daemon.wait_logins(100)
        kinds = [e["kind"] for e in daemon.events("--kind", "agent")]
        equal(kinds, ["agent.start", "agent.stop"] * 2 + ["agent.start"])
        daemon.stop()
        daemon.run("verify")


def write_line(daemon, time_of_day, text):
    with open(daemon.log, "a") as f:
        f.write("2026-11-24T%s.000000+00:00 %s sshd[5000]: %s\n" % (
            time_of_day, HOST, text))


@case
def keeps_sessions_whole():
    """A session that outlives the daemon is one session, with its end"""
    with Daemon() as daemon:
        daemon.start()
        write_line(daemon, "10:00:00", "Accepted publickey for ann from "
                   "192.0.2.9 port 3333 ssh2: ED25519 SHA256:%043d" % 7)
        wait_for("the login", lambda: daemon.logins())
        daemon.stop()
        daemon.start()
        write_line(daemon, "10:05:00",
                   "Disconnected from user ann 192.0.2.9 port 3333")
        wait_for("the end", lambda: daemon.run(
            "search", "--all", "--kind", "conn.close", expect=None).stdout)
        daemon.stop()
        for what in ("live", "index made again"):
            sessions = daemon.sessions()
            equal([(s["user"], s["start"][11:19], s["end"][11:19])
                   for s in sessions], [("ann", "10:00:00", "10:05:00")], what)
            equal(sessions[0]["n_tracks"], 1, what)
            daemon.run("reindex")


@case
def survives_the_death_of_its_collector():
    """A killed collector is followed by another, and a gap says so"""
    with Daemon() as daemon:
        daemon.start()
        for round in range(3):
            daemon.log_logins(100 * round, 100)
            if round == 1:
                os.kill(daemon.collector(), signal.SIGKILL)
                daemon.wait_collecting(2)
        daemon.wait_logins(300)
        gaps = daemon.events("--kind", "gap")
        equal([g["service"] for g in gaps if g["op"] == "lost"],
              ["collector"])
        check("signal 9" in gaps[-1]["reason"], gaps)
        os.kill(daemon.collector(), signal.SIGKILL)
        equal(daemon.process.wait(timeout=20), 4, "exit")
        check("died twice" in daemon.said(), daemon.said())
        daemon.process = None
        daemon.run("verify")


@case
def follows_one_whose_monitor_was_killed():
    """Its collector, busy for a while, is waited for; another daemon is not"""
    with Daemon() as daemon:
        daemon.start().log_logins(0, 10)
        daemon.wait_logins(10)
        collector = daemon.collector()
        os.kill(collector, signal.SIGSTOP)
        daemon.process.kill()
        daemon.process.wait()
        later = threading.Timer(1, os.kill, (collector, signal.SIGCONT))
        later.start()
        daemon.log_logins(10, 10)
        daemon.start()
        later.join()
        daemon.wait_logins(20)
        second = subprocess.run(
            [SSHTRAILD, "--config", daemon.config],
            capture_output=True, text=True, timeout=60)
        equal(second.returncode, 4)
        check("another sshtraild answers" in second.stderr, second.stderr)
        daemon.stop()
        daemon.run("verify")


@case
def tells_when_it_was_stopped():
    """Stopped for a while, it says from when to when it did not run"""
    with Daemon() as daemon:
        daemon.start().log_logins(0, 1)
        daemon.wait_logins(1)
        os.kill(daemon.collector(), signal.SIGSTOP)
        begin = time.time()
        daemon.log_logins(1, 1)
        time.sleep(5.5)
        os.kill(daemon.collector(), signal.SIGCONT)
        daemon.wait_logins(2)
        gap, = wait_for("a gap", lambda: [
            e for e in daemon.found("search", "--all", "--kind", "gap")
            if "did not get on" in e["reason"]])
        since, until = (datetime.datetime.fromisoformat(
            gap[key].replace("Z", "+00:00")).timestamp()
            for key in ("since", "until"))
        check(since <= begin and until >= begin + 5.5, gap)
        equal(daemon.found("search", "--all", "--kind", "clock"), [])
        daemon.stop()
        daemon.run("verify")


def check_told_kills(daemon, kills):
    """And no gap for the two stops at the end, which were asked for."""
    gaps = [g for g in daemon.events("--kind", "gap") if g["op"] == "lost"]
    stops = daemon.events("--kind", "agent.stop")
    # A collector that outlives its monitor by a moment says so itself; a run
    # killed before it wrote anything is within the gap of the next.
    gone = [s for s in stops if "monitor is gone" in s.get("reason", "")]
    equal(len(stops) - len(gone), 2, "stops")
    check(0 < len(gaps) + len(gone) <= kills, "%d gaps, %d stops of %d" % (
        len(gaps), len(gone), kills))
    for gap in gaps:
        equal(gap["service"], "sshtraild")
        check(gap["since"] <= gap["until"] < stops[-2]["time"], gap)


def kill_whole(daemon):
    collector = daemon.collector()
    os.kill(daemon.process.pid, signal.SIGKILL)
    os.kill(collector, signal.SIGKILL)
    daemon.process.wait()
    wait_for("its end", lambda: not os.path.exists("/proc/%d" % collector))


@case
def loses_nothing_to_kills():
    """Killed as a whole in a loop while lines come: none lost, none doubled"""
    kills = int(os.environ.get("SSHTRAIL_KILLS", "12"))
    with Daemon() as daemon:
        n = 0
        for round in range(kills):
            daemon.start()
            for _ in range(5):
                daemon.log_logins(n, 40)
                n += 40
                time.sleep(0.013 * round)
            kill_whole(daemon)
        daemon.start()
        daemon.wait_logins(n)
        daemon.stop()
        daemon.start().stop()
        check_told_kills(daemon, kills)
        daemon.run("verify")


@case
def reloads():
    """SIGHUP: a new configuration is taken, a wrong one is not"""
    with Daemon() as daemon:
        daemon.start().log_logins(0, 10)
        daemon.wait_logins(10)
        before = daemon.collector()
        with open(daemon.config, "a") as f:
            f.write("tapps: {}\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for("a word", lambda: "not reloaded" in daemon.said())
        check(re.search(r"sshtraild.yml:\d+:\d+: ", daemon.said()),
              daemon.said())
        equal(daemon.collector(), before)
        daemon.configure("audit: off, bpf: off, journal: off, wtmp: off, "
                         "btmp: off", "commit: {interval: 100ms}\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_collecting(2)
        check(daemon.collector() != before, "the same collector")
        daemon.log_logins(10, 10)
        daemon.wait_logins(20)
        equal(daemon.status()["repeated"], 0)
        daemon.stop()


def own_rules():
    return [line for line in auditctl("-l").stdout.splitlines()
            if "sshtraild_" in line]


def audit_note(daemon):
    return next(t["note"] for t in daemon.status()["taps"]
                if t["tap"] == "audit")


@case
def loads_audit_rules():
    """Rules of its own: on request, once, also after a kill; then as before"""
    taps = "audit: auto, bpf: off, journal: off, wtmp: off, btmp: off"
    with audit_as_found() as before, Daemon(taps) as daemon:
        def configure(rules):
            daemon.configure(taps, "audit: {rules: %s}\n" % rules)

        def reload(rules, times):
            configure(rules)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_collecting(times)

        # One that is there already is left, whoever made it.
        other = ("always,exit", "-F", "arch=b64", "-S", "execve,execveat",
                 "-F", "auid!=unset", "-k", "somebody")
        equal(auditctl("-a", *other).returncode, 0)
        found = audit_state()
        try:
            configure("on")
            daemon.start()
            rules = own_rules()
            check(len(rules) > 20, rules)
            check(not any("execve" in r and "b64" in r for r in rules), rules)
            now = audit_state()[0]
            equal((now["enabled"], now["backlog_wait_time"]), ("1", "0"))
            note = audit_note(daemon)
            check("%d rules of its own" % len(rules) in note, note)
            check("beside 1 that" in note and "refused" not in note, note)
            kill_whole(daemon)
            equal(own_rules(), rules, "after a kill")
            daemon.start()
            equal(own_rules(), rules, "found again")
            check("%d rules of its own" % len(rules) in audit_note(daemon),
                  audit_note(daemon))
            reload("off", 3)
            equal(audit_state(), found, "switched off")
            reload("on", 4)
            equal(len(own_rules()), len(rules))
            daemon.stop()
            equal(audit_state(), found, "stopped")
        finally:
            auditctl("-d", *other)
        equal(before, audit_state())


def flood(n):
    """Messages of a program to audit (AUDIT_USER)."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as s:
        for _ in range(n):
            s.sendto(struct.pack("=IHHII", 24, 1005, 1, 1, 0) + b"flood\0\0\0",
                     (0, 0))


@case
def counts_what_audit_lost():
    """Records that the kernel's audit lost: gaps, each once, with the count"""
    taps = "audit: auto, bpf: off, journal: off, wtmp: off, btmp: off"
    with audit_as_found(), Daemon(taps) as daemon:
        rate = status()["rate_limit"]

        def told():
            gaps = daemon.lines("search", "--since", "all", "--kind", "gap",
                                expect=None)
            return sum(e["lost"] for e in gaps
                       if e.get("lost") and e["service"] == "audit")

        auditctl("-e", "1")
        try:
            auditctl("-r", "5")
            flood(100)
            before = int(status()["lost"])
            daemon.start()
            flood(200)
            lost = int(status()["lost"]) - before
            check(lost > 150, "lost %d" % lost)
            # As the kernel's own log says it.
            with open(daemon.log, "a") as f:
                f.write(time.strftime("%Y-%m-%dT%H:%M:%S") +
                        ".999999+00:00 %s kernel: [  77.000000] audit: "
                        "audit_lost=%d audit_rate_limit=5 "
                        "audit_backlog_limit=64\n" % (HOST, lost))
            # A few may be lost before it counts, others' while it does.
            wait_for("a gap", lambda: told() > lost - 5)
            check(told() <= int(status()["lost"]) - before,
                  "%d of %d" % (told(), lost))
            taps = {t["tap"]: t for t in daemon.status()["taps"]}
            check(taps["audit"]["lost"] > lost - 5, taps)
            equal(taps["auth-log"]["left_out"], 1)
            # The last ones are told at the end.
            flood(200)
            lost = int(status()["lost"]) - before
            daemon.stop()
            check(lost - 5 < told() <= int(status()["lost"]) - before,
                  "%d of %d" % (told(), lost))
        finally:
            auditctl("-r", rate)


@case
def takes_from_auditds_plugin():
    """auditd's plugin: connected, and across a restart nothing lost or twice"""
    plugin = os.environ["SSHTRAIL_AUDIT_PLUGIN"]
    taps = "audit: auto, bpf: off, journal: off, wtmp: off, btmp: off"
    address = "192.0.2.%d" % (1 + os.getpid() % 250)

    def login(name):
        """A record of a program, as of PAM."""
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as s:
            text = (b"op=PAM:authentication acct=\"%s\" exe=\"/usr/sbin/sshd\" "
                    b"hostname=? addr=%s terminal=ssh res=failed\0"
                    % (name, address.encode()))
            s.sendto(struct.pack("=IHHII", 16 + len(text), 1100, 1, 1, 0) +
                     text, (0, 0))

    with audit_as_found(), auditd(plugin, "ENRICHED"), \
            Daemon(taps) as daemon:
        def told():
            return sorted(e["user"] for e in daemon.found(
                "search", "--since", "all", "--kind", "auth.fail")
                          # Not what others on this machine fail at meanwhile.
                          if e["source"] == "audit" and
                          e.get("addr") == address)

        daemon.start()
        wait_for("the plugin", plugin_connected)
        equal(daemon.tap("audit")["doing"], "auditd's plugin is connected")
        login(b"first")
        wait_for("the first", lambda: told() == ["first"])
        daemon.stop()
        wait_for("its end", lambda: not plugin_connected())
        login(b"second")
        daemon.start()
        login(b"third")
        wait_for("all three", lambda: len(told()) >= 3)
        time.sleep(0.5)  # more than the ways are apart
        equal(told(), ["first", "second", "third"])
        equal(daemon.tap("audit")["lost"], 0)
        daemon.stop()
    check(not os.path.exists("/run/sshtrail/audit-plugin"), "a socket is left")


@case
def tells_the_service_manager():
    """READY=1 once it collects, STOPPING=1 when it ends (sd_notify)"""
    with Daemon() as daemon:
        with ServiceManager(daemon.top) as manager:
            with manager.called():
                daemon.start()
            check(manager.told().startswith("READY=1\n"), "ready")
            daemon.stop()
            equal(manager.told(), "STOPPING=1")


def check_runs_on(daemon):
    """All that runs while the configuration is read again is told, once."""
    loops = subprocess.Popen(
        ["/bin/sh", "-c", "echo 4242 >/proc/self/loginuid; n=0; while [ -e "
         "%s ]; do n=$((n + 1)); /bin/echo run $n; done" % daemon.log],
        stdout=subprocess.PIPE, text=True)
    loops.stdout.readline()
    with open(daemon.config, "a") as f:
        f.write("commit: {interval: 100ms}\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_collecting(2)
    os.rename(daemon.log, daemon.log + ".1")
    n = 1 + len(loops.communicate()[0].splitlines())

    def told():
        return [int(e["argv"][2]) for e in daemon.events(
            "--kind", "exec", "--cmd", "/bin/echo run", "--limit", "100000")]
    wait_for("the last one", lambda: n in told())
    equal(told(), list(range(1, n + 1)))
    equal(daemon.found("search", "--all", "--kind", "gap"), [])


@case
def watches_programs_in_the_kernel():
    """taps.bpf: what is run in a session is known, with its arguments"""
    if os.geteuid() != 0:
        raise Skip("only root can load programs into the kernel")
    with Daemon("audit: off, bpf: auto, journal: off, wtmp: off, "
                "btmp: off") as daemon:
        daemon.start()
        bpf = daemon.tap("bpf")
        if not bpf["open"]:
            raise Skip(bpf["note"])
        # A process of a session, as pam_loginuid makes one.
        ran = subprocess.run(
            ["/bin/sh", "-c", "echo 4242 >/proc/self/loginuid && "
             "/bin/echo seen by the kernel; exit 3"], capture_output=True)
        if ran.returncode != 3 or not ran.stdout:
            raise Skip("the audit login uid cannot be set here")
        found = wait_for("the program", lambda: [
            json.loads(line) for line in daemon.run(
                "search", "--all", "--json", "--cmd", "seen by the kernel",
                "--kind", "exec", expect=None).stdout.splitlines()])
        equal(found[-1]["argv"], ["/bin/echo", "seen", "by", "the", "kernel"])
        equal((found[-1]["auid"], found[-1]["trust"]), (4242, "kernel"))
        check_runs_on(daemon)
        daemon.stop()
        daemon.run("verify")


@case
def is_shut_in():
    """The collector is nobody: no root, no capability, no way out"""
    if os.geteuid() != 0:
        raise Skip("only root can give privileges up")
    with Daemon() as daemon:
        daemon.start()
        with open("/proc/%d/status" % daemon.collector()) as f:
            facts = dict(line.split(":", 1) for line in f)
        uid = str(pwd.getpwnam(user_to_be()).pw_uid)
        equal(facts["Uid"].split(), [uid] * 4)
        equal([int(facts[name], 16) for name in
               ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")], [0] * 5)
        equal((facts["NoNewPrivs"].strip(), facts["Seccomp"].strip()),
              ("1", "2"))
        equal(facts["Groups"].split(), [])
        mode = os.stat(daemon.socket).st_mode
        equal(mode & 0o777, 0o660)
        daemon.stop()


@case
def follows_live():
    """sshtrail follow shows a login within a second of its line"""
    with Daemon() as daemon:
        daemon.start().log_logins(0, 1)
        daemon.wait_logins(1)
        follow = subprocess.Popen(
            daemon.command("follow", "--json", "--kind", "auth.ok",
                           "--since", "all"),
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        equal(json.loads(follow.stdout.readline())["port"], 20000)
        # Follow looks at what is of now: a line with the time that it is.
        with open(daemon.log, "a") as f:
            f.write(time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()) +
                    " %s sshd[77]: Accepted password for bob from 192.0.2.2 "
                    "port 4711 ssh2\n" % HOST)
        begin = time.monotonic()
        equal(json.loads(follow.stdout.readline())["port"], 4711)
        check(time.monotonic() - begin < 5, "late")
        follow.kill()
        follow.wait()
        follow.stdout.close()
        daemon.stop()


@case
def tells_how_it_does():
    """sshtrail status: who is there, how much comes, what it takes"""
    with Daemon() as daemon:
        daemon.start()
        equal(daemon.status()["sessions_open"], 0)
        daemon.log_logins(0, 3)
        daemon.wait_logins(3)
        now = wait_for("three open sessions", lambda: (
            lambda s: s["sessions_open"] == 3 and s)(daemon.status()))
        equal([(s["user"], s["addr"], s["since"][:10])
               for s in now["sessions"]],
              [("ann", "192.0.2.1", "2026-11-21")] * 3)
        check(now["spool"]["segments"] >= 1, now["spool"])
        check(now["spool"]["bytes"] > 500 < now["spool"]["index"], now)
        check(now["disk"]["size"] > now["disk"]["free"] > 0, now["disk"])
        check(now["cpu"] > 0 and now["memory"] > 1 << 20, now)
        equal(now["lost"], 0)
        equal(now["pid"], daemon.process.pid)

        def rates():
            short, long = daemon.status()["rates"]
            return (short["seconds"] <= 11 and short["events"] > 0 and
                    short["bytes"] > 0 and long["seconds"] > 0)
        write_line(daemon, "23:59:59",
                   "Disconnected from user ann 192.0.2.1 port 20000")
        wait_for("rates", rates)
        wait_for("two open sessions",
                 lambda: daemon.status()["sessions_open"] == 2)
        text = daemon.run("status", "--socket", daemon.socket).stdout.decode()
        for wanted in ("2 sessions open:", "  ann from 192.0.2.1 since 2026-",
                       ", process %d, " % daemon.process.pid,
                       " events/s, ", "MiB in ", "GiB free", "s of CPU"):
            check(wanted in text, text)
        daemon.stop()


def reasons(daemon):
    return [e["reason"] for e in daemon.found(
        "search", "--all", "--kind", "gap")]


@case
def outlives_a_full_disk():
    """A full disk: logins by the reserve, then none; all of them when there
    is room again, and gaps that say so"""
    with Daemon() as daemon, Disk(daemon.dir, 64) as disk:
        daemon.configure("audit: off, bpf: off, journal: off, wtmp: off, "
                         "btmp: off", "reserve: 8MiB\n")
        daemon.start().log_logins(0, 10)
        daemon.wait_logins(10)
        reserve = os.path.join(daemon.dir, "reserve")
        wait_for("the reserve", lambda: os.path.exists(reserve))
        disk.fill(1 << 20)
        wait_for("it is told", lambda: any(
            "neither files" in r for r in reasons(daemon)))
        disk.fill()
        wait_for("the reserve goes", lambda: not os.path.exists(reserve))
        daemon.log_logins(10, 10)
        daemon.wait_logins(20)
        # And what the reserve was is used up, too.
        first = daemon.collector()
        disk.fill()
        daemon.log_logins(20, 50)
        wait_for("its end", lambda: "is full" in daemon.said())
        check(daemon.process.poll() is None, daemon.said())
        disk.make_room()
        daemon.wait_logins(70)
        check(daemon.collector() != first, "another collector")
        gap, = (e for e in daemon.events("--kind", "gap")
                if "was full" in e["reason"])
        check(gap["since"] <= gap["until"], gap)
        wait_for("it is over", lambda: any(
            "there was little room" in r or "was full" in r
            for r in reasons(daemon)))
        wait_for("the reserve", lambda: os.path.exists(reserve))
        daemon.stop()
        daemon.run("verify")
        equal(len(daemon.logins()), 70)


def wait_reason(daemon, what):
    wait_for(what, lambda: any(what in r for r in reasons(daemon)))


@case
def notices_who_removes_its_files():
    """A segment is put back, an index made again; and a gap says so"""
    with Daemon() as daemon:
        daemon.start().log_logins(0, 20)
        daemon.wait_logins(20)
        segment, = glob.glob(os.path.join(daemon.dir, "trail", "*", "*.seg"))
        os.unlink(segment)
        wait_reason(daemon, "it was put back")
        os.rename(segment, segment + ".elsewhere")
        wait_for("the segment", lambda: os.path.exists(segment))
        os.unlink(segment + ".elsewhere")
        daemon.log_logins(20, 20)
        daemon.wait_logins(40)
        daemon.run("verify")
        shutil.rmtree(os.path.join(daemon.dir, "index"))
        daemon.wait_collecting(2)
        check("somebody removed the index" in daemon.said(), daemon.said())
        daemon.log_logins(40, 1)
        daemon.wait_logins(41)
        wait_reason(daemon, "somebody removed the index")
        daemon.stop()
        daemon.run("verify")
    # All of it: what was there is lost, and that is told.
    with Daemon() as daemon:
        daemon.start().log_logins(0, 5)
        daemon.wait_logins(5)
        # Not while it is at work, which would put some of it back.
        collector = daemon.collector()
        os.kill(collector, signal.SIGSTOP)
        shutil.rmtree(daemon.dir)
        os.kill(collector, signal.SIGCONT)
        daemon.wait_collecting(2)
        wait_reason(daemon, "somebody removed the segment")
        daemon.log_logins(5, 1)
        wait_for("a login", lambda: daemon.logins() == [20005])
        daemon.stop()
        daemon.run("verify")


@case
def says_what_is_wrong():
    """Bad configurations and users: what, where, and what to do"""
    with Daemon() as daemon:
        daemon.configure("audit: off", "user: no-such-user\n")
        if os.geteuid() == 0:
            with open(daemon.config) as f:
                text = re.sub(r"^user: daemon\n", "", f.read(), flags=re.M)
            with open(daemon.config, "w") as f:
                f.write(text)
            done = subprocess.run([SSHTRAILD, "-c", daemon.config],
                                  capture_output=True, text=True, timeout=20)
            equal(done.returncode, 4)
            check("useradd" in done.stderr, done.stderr)
        with open(daemon.config, "w") as f:
            f.write("store: relative\n")
        done = subprocess.run([SSHTRAILD, "--check", "-c", daemon.config],
                              capture_output=True, text=True, timeout=20)
        equal(done.returncode, 2)
        check(":1:8: " in done.stderr, done.stderr)
        done = daemon.run("status", "--socket", daemon.socket, expect=4)
        check(b"not running" in done.stderr, done.stderr)


sys.exit(main())
