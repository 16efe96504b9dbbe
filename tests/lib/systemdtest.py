# SPDX-License-Identifier: Apache-2.0
"""What tests under systemd share: our programs and units, as installed."""
import os
import subprocess

from daemontest import PATIENCE
from sshdtest import run

SSHTRAIL = "/usr/local/bin/sshtrail"


def install():
    run("meson", "install", "-C", os.environ["SSHTRAIL_BUILD"], "--no-rebuild")
    for user in ("sshtrail", "sshtrail-hub"):
        if subprocess.run(["id", user], capture_output=True).returncode:
            run("useradd", "--system", "--home-dir", "/", "--shell",
                "/usr/sbin/nologin", user)
    systemctl("daemon-reload")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def systemctl(*args):
    print("# systemctl " + " ".join(args), flush=True)
    done = subprocess.run(["systemctl", *args], capture_output=True, text=True,
                          timeout=120 * PATIENCE)
    if done.returncode:
        raise AssertionError("systemctl %s: %s%s" % (
            " ".join(args), done.stderr, run(
                "journalctl", "-q", "-n", "40", "-u", args[-1])))


def shown(unit, what):
    return run("systemctl", "show", "--value", "-p", what, unit).strip()
