# SPDX-License-Identifier: Apache-2.0
"""What tests that change the kernel's audit share: it is left as it was."""
import contextlib
import os
import re
import shutil
import subprocess

from trailtest import Skip, equal

SETTINGS = ("enabled", "failure", "pid", "rate_limit", "backlog_limit",
            "backlog_wait_time")


def auditctl(*args):
    return subprocess.run(["auditctl", *args], capture_output=True, text=True,
                          check=False)


def status():
    return dict(re.findall(r"^(\w+) (\d+)$", auditctl("-s").stdout, re.M))


def audit_state():
    """Settings and rules."""
    now = status()
    return ({name: now[name] for name in SETTINGS if name in now},
            auditctl("-l").stdout)


@contextlib.contextmanager
def audit_as_found():
    """Skips where audit cannot be tested; puts back what the test changes.
    Rules with our keys are removed."""
    if os.geteuid() != 0:
        raise Skip("needs root to change the kernel's audit")
    if not shutil.which("auditctl"):
        raise Skip("no auditctl here")
    before = audit_state()
    if not before[0]:
        raise Skip("the kernel's audit does not answer")
    if before[0]["enabled"] == "2":
        raise Skip("audit is locked")
    if re.search("sshtraild?_", before[1]):
        raise Skip("rules of sshtrail are loaded already")
    try:
        yield before
    finally:
        for key in set(re.findall(r"(?:-k |key=)(sshtraild?_\w+)",
                                  auditctl("-l").stdout)):
            auditctl("-D", "-k", key)
        auditctl("-e", before[0]["enabled"])
        auditctl("-b", before[0]["backlog_limit"])
        auditctl("--backlog_wait_time", before[0]["backlog_wait_time"])
    equal(audit_state(), before, "audit as it was found")
