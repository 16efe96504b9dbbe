#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sshtrail doctor with a real daemon: what it says of this host is what the
real programs say, and a marker program is found by the tap that saw it."""
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from audittest import audit_as_found, auditctl, status
from daemontest import Daemon
from trailtest import SSHTRAIL, Skip, case, check, equal, main

OFF = "journal: off, wtmp: off, btmp: off"
RULE = ["always,exit", "-F", "arch=b64", "-S", "execve", "-F", "auid!=unset",
        "-k", "sshtrail_doctor_test"]


def doctor(*args, program=SSHTRAIL, **kwargs):
    """Its findings by check, and its exit status."""
    done = subprocess.run([program, "doctor", "--json", *args],
                          capture_output=True, text=True, timeout=120,
                          **kwargs)
    check(done.returncode in (0, 1), done.stderr)
    equal(done.stderr, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    found = {row["check"]: row for row in rows}
    equal(len(found), len(rows), "one finding for each check")
    for row in rows:
        check(row["level"] in ("ok", "note", "problem", "unseen"), row)
        check(row["seen"] and row["why"], row)
        check(row["level"] not in ("note", "problem") or row["mend"] or
              row["check"] == "audit", row)
    equal(done.returncode,
          int(any(row["level"] == "problem" for row in rows)))
    return found


def need_root():
    if os.geteuid() != 0:
        raise Skip("only root can begin a session")


@case
def says_what_the_programs_say():
    """LogLevel, audit settings, kernel and clock as their own programs tell"""
    found = doctor("--no-capture", "--socket", "/nonexistent")
    check("capture" not in found, found)
    if os.geteuid() == 0 and shutil.which("sshd", path="/usr/sbin"):
        done = subprocess.run(["/usr/sbin/sshd", "-T"], capture_output=True,
                              text=True)
        level = re.search("^loglevel (.*)$", done.stdout, re.M)
        if level:
            equal(found["sshd-loglevel"]["seen"], "LogLevel " + level[1])
    if os.geteuid() == 0 and shutil.which("auditctl") and status():
        equal(found["audit-backlog"]["seen"],
              "backlog_limit " + status()["backlog_limit"])
        equal(found["audit-wait"]["seen"],
              "backlog_wait_time " + status()["backlog_wait_time"])
    equal(found["kernel"]["seen"], "Linux " + os.uname().release)
    equal(found["kernel-btf"]["level"] == "ok",
          os.path.exists("/sys/kernel/btf/vmlinux"))
    equal(found["daemon"]["level"], "problem")
    check("sshtraild" in found["daemon"]["mend"], found["daemon"])


@case
def tells_for_people():
    """A line for each finding; why and how to mend it below"""
    done = subprocess.run(
        [SSHTRAIL, "doctor", "--no-capture", "--socket", "/nonexistent\x1b[2J"],
        capture_output=True, text=True, timeout=120)
    equal(done.returncode, 1, done.stderr)
    check(re.search(r"^problem  daemon +sshtraild: it does not run "
                    r"\(/nonexistent\\x1b\[2J\)\n +why +\S.*\n +mend +\S",
                    done.stdout, re.M), done.stdout)
    check(re.search(r"^\d+ problems?, \d+ notes?, \d+ ok, \d+ not to be seen$",
                    done.stdout, re.M), done.stdout)


@case
def does_what_it_can_without_root():
    """Not root: what cannot be looked at is unseen, and nothing is run"""
    need_root()
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        program = shutil.copy(SSHTRAIL, top)
        found = doctor(program=program, user=nobody.pw_uid,
                       group=nobody.pw_gid, extra_groups=[],
                       env={"HOME": "/nonexistent"})
        for name in ("sshd-loglevel", "audit", "audit-rules", "capture"):
            equal(found[name]["level"], "unseen", name)
        for name in ("sshd-loglevel", "audit"):
            check("only root" in found[name]["seen"], found[name])
        equal(found["kernel"]["level"], "ok")


@case
def proves_capture_by_audit():
    """A marker is seen by audit, in our own session and in one of a user"""
    need_root()
    with audit_as_found(), Daemon("audit: auto, bpf: off, " + OFF) as daemon:
        auditctl("-e", "1")
        added = auditctl("-a", *RULE)
        equal(added.returncode, 0, added.stderr)
        try:
            daemon.start()
            for args in ((), ("--user", "daemon")):
                before = open("/proc/self/loginuid").read()
                found = doctor("--socket", daemon.socket, "--wait", "20",
                               *args)
                equal(open("/proc/self/loginuid").read(), before)
                capture = found["capture"]
                equal((capture["level"], capture["source"]),
                      ("ok", "audit"), capture)
                check(0 <= capture["ms"] < 20000, capture)
                equal(found["daemon"]["level"], "ok")
                equal(found["audit-rules"]["level"], "ok")
                word = re.search("sshtrail-doctor-[0-9a-f]{16}",
                                 capture["seen"])[0]
                # Others on this host run programs too, all told by the rule.
                event = [e for e in daemon.events("--kind", "exec", "--cmd",
                                                  word)
                         if e["argv"] == ["/bin/true", word]]
                equal(len(event), 1, event)
                if args:
                    equal(event[0]["auid"], pwd.getpwnam("daemon").pw_uid)
        finally:
            auditctl("-d", *RULE)
        found = doctor("--socket", daemon.socket, "--wait", "1")
        equal(found["capture"]["level"], "problem")
        check("no audit rule" in found["capture"]["seen"], found["capture"])
        check("setup audit-rules" in found["capture"]["mend"], found)
        daemon.stop()


@case
def proves_capture_by_bpf():
    """A marker is seen by programs in the kernel, without any audit rule"""
    need_root()
    with Daemon("audit: off, bpf: auto, " + OFF) as daemon:
        daemon.start()
        bpf = daemon.tap("bpf")
        if not bpf["open"]:
            raise Skip(bpf["note"])
        capture = doctor("--socket", daemon.socket, "--wait", "20",
                         "--user", "daemon")["capture"]
        equal((capture["level"], capture["source"]), ("ok", "bpf"), capture)
        daemon.stop()


@case
def says_why_nothing_is_seen():
    """A daemon that takes only the log: the marker is not seen, and why"""
    need_root()
    with Daemon("audit: off, bpf: off, " + OFF) as daemon:
        daemon.start()
        found = doctor("--socket", daemon.socket, "--wait", "1")
        equal(found["capture"]["level"], "problem")
        check("no tap takes what is run" in found["capture"]["seen"], found)
        check("what is run" in found["daemon-taps"]["seen"], found)
        os.chmod(daemon.dir, 0o777)
        mode = doctor("--socket", daemon.socket, "--no-capture")["store-mode"]
        equal((mode["level"], mode["file"]), ("problem", daemon.dir))
        check("others can write" in mode["seen"], mode)
        os.chmod(daemon.dir, 0o700)
        said = subprocess.run(
            [SSHTRAIL, "doctor", "--socket", daemon.socket, "--user",
             "no-such-user", "--json"], capture_output=True, text=True)
        check("there is no user" in said.stdout, said.stdout)
        daemon.stop()


sys.exit(main())
