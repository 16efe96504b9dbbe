#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hub removes by itself what is kept no longer, while hosts send more."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import wait_for
from hubtest import Host, Hub, wait_arrived
from trailtest import case, check, equal, main


def fill(hub, host):
    """Two segments of an import."""
    path = os.path.join(hub.top, host + ".log")
    with open(path, "w") as f:
        f.write("".join(
            "2026-10-01T00:00:00.%06d+00:00 %s sshd[%d]: "
            "Invalid user %s%d from 192.0.2.7 port %d\n" % (
                i, host, 1000 + i, "x" * 900, i, 1024 + i)
            for i in range(2500)))
    os.chmod(path, 0o644)
    subprocess.run(hub.command("import", path), **hub.rights, check=True,
                   capture_output=True)


def removed(hub):
    return {r["chain"]: r["removed"] for r in hub.found("verify")
            if "removed" in r}


@case
def removes_by_itself():
    """What the policy says goes, what is on hold stays, hosts notice nothing"""
    with Hub() as hub, Host("web") as web:
        fill(hub, "old-1")
        fill(hub, "kept-1")
        policy = os.path.join(hub.top, "retention.yml")
        with open(policy, "w") as f:
            f.write("rules: ['*-1 events max_bytes=1KiB']\n"
                    "hold: ['kept-* all']\n")
        hub.start()
        web.enroll(hub)
        web.start()
        web.log_in(10)
        wait_arrived(hub, web)
        hub.stop()
        equal(removed(hub), {})
        with open(hub.config, "a") as f:
            f.write("retention: {config: %s, every: 1s}\n" % policy)
        hub.start()
        pid = hub.process.pid
        web.log_in(10)
        told = lambda: [e for e in hub.found(
            "search", "--kind", "config", "--all")
                        if e["op"] == "retention"]
        wait_for("the event", told, seconds=120)
        web.log_in(10)
        wait_arrived(hub, web, seconds=120)
        equal((hub.process.poll(), hub.process.pid), (None, pid))
        hub.stop()
        gone = removed(hub)
        equal(list(gone), ["import:old-1"])
        equal([(e["source"], e["target"], e["path"]) for e in told()],
              [("sshtrail-hub", "import:old-1", policy)])
        lines = lambda host: [e["seq"] for e in hub.found(
            "search", "--host", host, "--all", "--limit", "20000")
                              if not e["kind"].startswith("import.")]
        check(0 < len(lines("old-1")) < 2500 and
              min(lines("old-1")) > gone["import:old-1"], "found still")
        equal(len(lines("kept-1")), 2500)
        web.stop()


@case
def wrong_policy():
    """A hub does not start with a policy that it does not understand"""
    with Hub() as hub:
        policy = os.path.join(hub.top, "retention.yml")
        with open(policy, "w") as f:
            f.write("events: {max_ages: 1d}\n")
        with open(hub.config, "a") as f:
            f.write("retention: {config: %s}\n" % policy)
        done = hub.hub("serve")
        check(done.returncode != 0 and "retention.yml:1" in done.stderr,
              done.stderr)


sys.exit(main())
