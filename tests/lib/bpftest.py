# SPDX-License-Identifier: Apache-2.0
"""What the bpf tap tells of processes with a login of their own."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import tap

RECORD, DUMP = sys.argv[1:3]
AUID = 54321
# How much longer than on an idle machine things may take.
PATIENCE = float(os.environ.get('SSHTRAIL_PATIENCE', '1'))


class Recording:
    """Events of what happens between begin and end."""

    def __init__(self, folder, watch=()):
        self.folder = folder
        self.file = os.path.join(folder, 'records')
        self.run = subprocess.Popen([RECORD, 'bpf', self.file,
                                     '\n'.join(watch)], text=True,
                                    stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
        self.note = self.run.stdout.readline().strip()
        self.events = []
        self.lost = 0

    def end(self):
        out, problems = self.run.communicate(timeout=60 * PATIENCE)
        tap.equal((self.run.returncode, problems), (0, ''))
        self.lost = int(out.split()[1])
        dump = subprocess.run([DUMP, self.file], capture_output=True,
                              text=True, check=True)
        tap.equal(dump.stderr, 'unparsed 0\n')
        self.events = [json.loads(line) for line in dump.stdout.splitlines()]

    def of(self, ses, kind=None):
        return [e for e in self.events if e.get('ses') == ses and
                kind in (None, e['kind'])]


def plain_folder():
    """Not on overlayfs, which does each thing to a second file, too."""
    for base in (tempfile.gettempdir(), '/run'):
        kind = subprocess.run(['stat', '-f', '-c', '%T', base], text=True,
                              stdout=subprocess.PIPE, check=True).stdout
        if kind.strip() != 'overlayfs':
            return base
    return None


@contextlib.contextmanager
def recording(*watch, folders=()):
    """`watch`: lines as "watch PATH"; FOLDER is the recording's own, and has
    these folders from the beginning."""
    folder = tempfile.mkdtemp(prefix='sshtrail-bpf.', dir=plain_folder())
    # The tests' programs must be reachable for whoever runs them.
    os.chmod(folder, 0o755)
    for name in folders:
        os.makedirs(os.path.join(folder, name))
    try:
        r = Recording(folder, [w.replace('FOLDER', folder) for w in watch])
        try:
            yield r
        finally:
            r.run.kill()
            r.run.wait()
    finally:
        shutil.rmtree(folder)


def login(work, folder='/'):
    """Runs work() in a process with a login of its own; its ses and pid."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            with open('/proc/self/loginuid', 'w') as f:
                f.write(str(AUID))
            with open('/proc/self/sessionid') as f:
                os.write(write, f.read().encode())
            os.chdir(folder)
            code = work() or 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as f:
        ses = int(f.read())
    os.waitpid(pid, 0)
    return ses, pid
