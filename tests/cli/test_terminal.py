# SPDX-License-Identifier: Apache-2.0
"""The program on a terminal and on pipes that break.

usage: test_terminal.py PROGRAM
"""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import tap

PROGRAM = sys.argv[1]
BASE = {'PATH': os.environ['PATH'], 'TERM': 'xterm', 'LANG': 'C.UTF-8',
        'TZ': 'UTC', 'SSHTRAIL_STORE': 'x'}


def environment(extra):
    env = dict(BASE)
    env.update(extra)
    return env


def on_terminal(args, columns=120, **extra):
    """What a terminal of so many columns is sent, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ,
                    struct.pack('HHHH', 50, columns, 0, 0))
        os.execve(PROGRAM, [PROGRAM] + args, environment(extra))
    data = b''
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        data += piece
    status = os.waitpid(pid, 0)[1]
    os.close(fd)
    return (data.decode('utf-8').replace('\r\n', '\n'),
            os.waitstatus_to_exitcode(status))


def visible(line):
    out = ''
    while line:
        if line.startswith('\033['):
            line = line[line.index('m') + 1:]
        else:
            out += line[0]
            line = line[1:]
    return out


def run(args, **kwargs):
    extra = kwargs.pop('env', {})
    return subprocess.run([PROGRAM] + args, env=environment(extra),
                          capture_output=True, text=True, **kwargs)


def test_fits_the_width():
    for columns in (80, 100, 132):
        out, status = on_terminal(['search', '--all'], columns, PAGER='cat')
        tap.equal(status, 0)
        widths = [len(visible(line)) for line in out.splitlines()]
        assert max(widths) <= columns, (columns, widths)
        assert '\u2026' in out, out


def test_columns_variable():
    out, _ = on_terminal(['search', '--all'], 200, PAGER='cat', COLUMNS='90')
    assert max(len(visible(line)) for line in out.splitlines()) <= 90, out


def test_colors():
    colored, _ = on_terminal(['ls', '--all'], PAGER='cat')
    assert '\033[1mID\033[0m' in colored, colored
    for extra in ({'NO_COLOR': '1'}, {'TERM': 'dumb'}):
        plain, _ = on_terminal(['ls', '--all'], PAGER='cat', **extra)
        assert '\033' not in plain, plain


def test_no_ansi_from_events():
    out, _ = on_terminal(['search', '--all'], 200, PAGER='cat', NO_COLOR='1')
    assert '\033' not in out and '\u202e' not in out, out
    assert '\\x1b]0;pwned' in out, out


def test_other_locale():
    out, _ = on_terminal(['search', '--all'], 90, PAGER='cat', LANG='C')
    assert out.isascii(), out


def test_pager_order():
    first = {'SSHTRAIL_PAGER': 'sed s/^/A:/', 'PAGER': 'sed s/^/B:/'}
    out, _ = on_terminal(['ls', '--all'], **first)
    assert out.startswith('A:'), out
    out, _ = on_terminal(['ls', '--all'], PAGER='sed s/^/B:/')
    assert out.startswith('B:'), out
    out, _ = on_terminal(['ls', '--all', '--no-pager'], **first)
    assert out.startswith('\033[1mID'), out


def test_pager_missing():
    for missing in ('/nonexistent/pager', '/nonexistent/pager -R',
                    'nonexistent-pager'):
        out, status = on_terminal(['ls', '--all'], PAGER=missing)
        tap.equal(status, 0)
        assert 'amelia' in out and 'not found' not in out, out
    for there in ('/bin/sed s/^/A:/', "'sed' s/^/A:/", 'A=A: sed s/^/A:/',
                  '"$SED" s/^/A:/'):
        out, _ = on_terminal(['ls', '--all'], PAGER=there, SED='sed')
        assert out.startswith('A:'), out


def test_pager_not_for_sudo():
    out, _ = on_terminal(['ls', '--all'], SUDO_UID='1000',
                         PAGER='sed s/^/B:/')
    assert 'B:' not in out, out


def test_pager_quits_early():
    out, status = on_terminal(['search', '--all'], PAGER='head -n1')
    tap.equal(status, 0)
    tap.equal(len(out.splitlines()), 1)


def test_no_pager_in_pipe():
    done = run(['ls', '--all'], env={'SSHTRAIL_PAGER': 'sed s/^/A:/'})
    tap.equal(done.returncode, 0)
    assert done.stdout.startswith('ID'), done.stdout


def test_never_cut_in_pipe():
    done = run(['search', '--all'], env={'COLUMNS': '40'})
    assert '\u2026' not in done.stdout, done.stdout


def test_broken_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, 'search', '--all'], stdout=writer,
                          stderr=subprocess.PIPE, env=environment({}))
    os.close(writer)
    tap.equal(done.returncode, 0)
    tap.equal(done.stderr, b'')


def test_full_disk():
    with open('/dev/full', 'w') as full:
        done = subprocess.run([PROGRAM, 'export'], stdout=full,
                              stderr=subprocess.PIPE, env=environment({}))
    tap.equal(done.returncode, 4)
    assert b'No space left' in done.stderr, done.stderr


def test_options_before_the_command():
    done = run(['--utc', '--json', 'ls', '-n1', '--all'])
    tap.equal(done.returncode, 0)
    assert done.stdout.startswith('{"session":'), done.stdout


def test_no_command():
    tap.equal(run([]).returncode, 2)
    tap.equal(run(['lst']).returncode, 2)
    assert 'did you mean "ls"' in run(['lst']).stderr
    tap.equal(run(['--version']).returncode, 0)
    tap.equal(run(['--help']).returncode, 0)
    tap.equal(run(['--store', 'x']).returncode, 2)


def test_store_choice():
    for args, env in ((['ls', '--store', '/given/missing'], {}),
                      (['--store', '/given/missing', 'ls'], {}),
                      (['ls'], {'SSHTRAIL_STORE': '/given/missing'})):
        done = run(args, env=env)
        tap.equal(done.returncode, 4)
        assert 'no store in /given/missing' in done.stderr, done.stderr


def test_zones():
    def first(**env):
        args = env.pop('args', [])
        done = run(['ls', '-n1', '--all'] + args, env=env)
        return done.stdout.splitlines()[1].split()[2]
    tap.equal(first(), '12:10:00')
    tap.equal(first(TZ='Europe/Berlin'), '13:10:00')
    tap.equal(first(TZ='Asia/Kathmandu'), '17:55:00')
    tap.equal(first(TZ='Asia/Kathmandu', args=['--utc']), '12:10:00')


tap.run([value for name, value in list(globals().items())
         if name.startswith('test_')])
