# SPDX-License-Identifier: Apache-2.0
"""What tests of sshtrail-rec share: it, set up as a package would, a daemon
that listens to it, and an sshd that runs it for everybody."""
import contextlib
import grp
import os
import shutil
import subprocess
import tempfile

from sshdtest import need_programs, run, watched_host
from trailtest import Skip

SSHTRAIL_REC = os.environ.get("SSHTRAIL_REC", "sshtrail-rec")
GROUP = "sshtrail-rec"
NAME = "sshtrail-r"
SETTINGS = "/etc/sshtrail/rec.yml"
TAPS = "audit: off, bpf: off, journal: off, wtmp: off, btmp: off, rec: %s"


class Recorder:
    """The program with its group's bit, and its settings; as it was before
    when the test ends."""

    def __init__(self):
        if os.geteuid() != 0:
            raise Skip("only root can set up sshtrail-rec")
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with self.stack:
            # Where set-group-id programs work, which they do not in each /tmp.
            self.top = tempfile.mkdtemp(prefix="sshtrail-rec.", dir="/opt")
            self.stack.callback(shutil.rmtree, self.top, True)
            os.chmod(self.top, 0o755)
            self._make_group()
            self._keep_settings()
            self.program = os.path.join(self.top, "sshtrail-rec")
            self.socket = os.path.join(self.top, "socket")
            self.spool = os.path.join(self.top, "spool")
            shutil.copy(SSHTRAIL_REC, self.program)
            os.chown(self.program, 0, grp.getgrnam(GROUP).gr_gid)
            os.chmod(self.program, 0o2755)
            self.configure()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _make_group(self):
        need_programs("groupadd", "groupdel")
        try:
            grp.getgrnam(GROUP)
        except KeyError:
            run("groupadd", "--system", GROUP)
            self.stack.callback(subprocess.run, ["groupdel", GROUP])

    def _keep_settings(self):
        made = not os.path.isdir(os.path.dirname(SETTINGS))
        os.makedirs(os.path.dirname(SETTINGS), exist_ok=True)
        if os.path.exists(SETTINGS):
            kept = os.path.join(self.top, "settings")
            shutil.copy2(SETTINGS, kept)
            self.stack.callback(shutil.copy2, kept, SETTINGS)
        else:
            if made:
                self.stack.callback(os.rmdir, os.path.dirname(SETTINGS))
            self.stack.callback(os.unlink, SETTINGS)

    def configure(self, more=""):
        with open(SETTINGS, "w") as f:
            f.write("socket: %s\nspool: %s\n%s" % (
                self.socket, self.spool, more))
        os.chmod(SETTINGS, 0o644)


@contextlib.contextmanager
def recorded_host(forced, start=True, settings="", taps="terminals: off",
                  sshd_more=""):
    """A person whose ForceCommand, or whose login shell, records."""
    with Recorder() as recorder:
        recorder.configure(settings)
        if forced:
            sshd_more += "ForceCommand %s\n" % recorder.program
        with watched_host(NAME, TAPS % recorder.socket + ", " + taps,
                          "rec: {spool: %s}\n" % recorder.spool, start,
                          sshd_more=sshd_more) as (daemon, sshd):
            if not forced:
                run("usermod", "-s", recorder.program, NAME)
            yield recorder, daemon, sshd
