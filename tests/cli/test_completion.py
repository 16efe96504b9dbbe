# SPDX-License-Identifier: Apache-2.0
"""Completion in the real shells.

usage: test_completion.py PROGRAM
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import tap

PROGRAM = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()
os.symlink(PROGRAM, os.path.join(FOLDER.name, 'sshtrail'))
ENV = {'PATH': FOLDER.name + ':' + os.environ['PATH'], 'HOME': FOLDER.name,
       'SSHTRAIL_STORE': 'x', 'LANG': 'C.UTF-8', 'TERM': 'dumb'}
# What the shells are asked, and words that must be and must not be offered.
CASES = [
    ('sshtrail se', ['search'], ['ls']),
    ('sshtrail ls --si', ['--since'], ['--sudo']),
    ('sshtrail show 7', ['7f3a'], ['82bc']),
    ('sshtrail ls --host bas', ['bastion01'], ['db02']),
    ('sshtrail ls --user am', ['amelia'], ['carol']),
    ('sshtrail ls --color al', ['always'], ['never']),
    ('sshtrail help ver', ['verify', 'version'], ['ls']),
    ('sshtrail setup audit-r', ['audit-rules'], ['tty-audit']),
    ('sshtrail completion f', ['fish'], ['bash']),
]


def script(shell):
    if not shutil.which(shell):
        raise tap.Skip('no ' + shell)
    done = subprocess.run([PROGRAM, 'completion', shell], text=True,
                          capture_output=True, check=True)
    path = os.path.join(FOLDER.name, 'complete.' + shell)
    with open(path, 'w') as file:
        file.write(done.stdout)
    return path


def run(args, text=None):
    return subprocess.run(args, env=ENV, input=text, capture_output=True,
                          text=True, timeout=60)


def check(ask):
    for line, wanted, unwanted in CASES:
        offered = ask(line)
        for word in wanted:
            assert word in offered, (line, word, offered)
        for word in unwanted:
            assert word not in offered, (line, word, offered)


BASH = r'''
source "$1"
line=$2
read -ra COMP_WORDS <<< "$line"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_sshtrail
printf '%s\n' "${COMPREPLY[@]}"
'''


def test_bash():
    path = script('bash')

    def ask(line):
        done = run(['bash', '--norc', '-c', BASH, 'bash', path, line])
        tap.equal(done.stderr, '')
        return done.stdout.split('\n')
    check(ask)


def test_bash_equals():
    path = script('bash')
    done = run(['bash', '--norc', '-c', BASH, 'bash', path,
                'sshtrail ls --color = a'])
    tap.equal(done.stdout.split(), ['auto', 'always'])


def test_fish():
    path = script('fish')

    def ask(line):
        done = run(['fish', '--no-config', '-c',
                    'source %s; complete -C "%s"' % (path, line)])
        tap.equal(done.stderr, '')
        return [item.split('\t')[0] for item in done.stdout.splitlines()]
    check(ask)


class Zsh:
    """An interactive zsh: its completion does nothing without a terminal."""

    def __init__(self, path):
        pid, self.fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ,
                        struct.pack('HHHH', 50, 300, 0, 0))
            os.execvpe('zsh', ['zsh', '-f', '-i'], dict(ENV, TERM='xterm'))
        self.pid = pid
        self.say('PS1="; "; autoload -Uz compinit; compinit -D -u; '
                 'source %s; setopt no_beep; print RE""ADY\n' % path)
        self.read_until(['READY'])

    def say(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, words, seconds=20):
        """What is shown until all words are, or nothing comes any more."""
        text, end = '', time.monotonic() + seconds
        while time.monotonic() < end:
            ready = select.select([self.fd], [], [], 0.3)[0]
            if ready:
                text += os.read(self.fd, 65536).decode('utf-8', 'replace')
            elif all(word in text for word in words):
                break
        return re.sub('\033\\[[0-9;?]*[A-Za-z]', '', text)

    def complete(self, line, wanted):
        self.say('\x15' + line + '\t')
        return self.read_until(wanted)

    def close(self):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def test_zsh():
    path = script('zsh')
    tap.equal(run(['zsh', '-n', path]).stderr, '')
    zsh = Zsh(path)
    try:
        for line, wanted, unwanted in CASES:
            shown = zsh.complete(line, wanted)
            for word in wanted:
                assert word in shown, (line, word, shown)
            for word in unwanted:
                assert word not in shown.replace(line, ''), (line, shown)
    finally:
        zsh.close()


def test_no_code_from_the_store():
    """A user name is data, whatever it looks like."""
    done = run(['sshtrail', 'completion', '--words', 'user'])
    tap.equal(done.stdout.split('\n'), ['amelia', 'dave', 'carol', ''])


tap.run([value for name, value in list(globals().items())
         if name.startswith('test_')])
