# SPDX-License-Identifier: Apache-2.0
"""What tests that change the kernel's audit share: it is left as it was."""
import contextlib
import os
import re
import shutil
import subprocess
import tempfile

from daemontest import wait_for
from trailtest import Skip, equal

SETTINGS = ("enabled", "failure", "pid", "rate_limit", "backlog_limit",
            "backlog_wait_time")

AUDITD_CONF = """local_events = yes
write_logs = yes
log_file = %s/audit.log
log_format = %s
plugin_dir = %s
q_depth = 20000
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 50
num_logs = 2
max_log_file_action = ROTATE
space_left = 75
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
"""

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


@contextlib.contextmanager
def auditd(plugin=None, form="RAW"):
    """An auditd of our own, and its log; `plugin` is run by it."""
    with tempfile.TemporaryDirectory(prefix="audit_tap.") as top:
        path = os.path.join(top, "auditd.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(AUDITD_CONF % (top, form, top))
        os.chmod(path, 0o640)
        if plugin:
            path = os.path.join(top, "sshtrail.conf")
            with open(path, "w", encoding="ascii") as f:
                f.write("active = yes\ndirection = out\npath = %s\n"
                        "type = always\nformat = string\n" % plugin)
            os.chmod(path, 0o640)
        run = subprocess.Popen(["auditd", "-n", "-s", "enable", "-c", top],
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        try:
            wait_for("auditd", lambda: status()["pid"] == str(run.pid) or
                     run.poll() is not None)
            if run.poll() is not None:
                raise Skip("auditd does not start here")
            # Still there for the reader when all is written.
            log = open(os.path.join(top, "audit.log"), encoding="utf-8")
            yield run.pid, log
        finally:
            run.terminate()
            run.wait(timeout=20)


def plugin_connected():
    """auditd's plugin and sshtraild are."""
    with open("/proc/net/unix", encoding="ascii") as f:
        return [line for line in f
                if line.endswith("/run/sshtrail/audit-plugin\n") and
                line.split()[5] == "03"]
