# SPDX-License-Identifier: Apache-2.0
"""Manual pages: every command and option is there, and mandoc is content.

usage: test_man.py PROGRAM SSHTRAIL.1 COMMAND...

The commands are those of which pages are installed: all of $SSHTRAIL_NET.
$SSHTRAIL: the program that is installed beside it.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap

PROGRAM, OVERVIEW = sys.argv[1:3]
INSTALLED = sys.argv[3:]


def output(*args):
    return subprocess.run((PROGRAM,) + args, capture_output=True, text=True,
                          check=True).stdout


def listed(text):
    lines = text.split('Commands:\n')[1].split('\n\n')[0].splitlines()
    return [line.split()[0] for line in lines]


def commands():
    return listed(output('help'))


def lint(page):
    if not shutil.which('mandoc'):
        raise tap.Skip('no mandoc')
    done = subprocess.run(['mandoc', '-Tlint', '-Wwarning'], input=page,
                          capture_output=True, text=True)
    tap.equal(done.stdout, '')


def test_all_are_installed():
    text = subprocess.run([os.environ['SSHTRAIL_NET'], 'help'],
                          capture_output=True, text=True, check=True).stdout
    tap.equal(sorted(INSTALLED), sorted(listed(text)))


def test_overview_names_commands():
    with open(OVERVIEW) as file:
        page = file.read()
    for name in commands():
        assert '.It Cm %s\n' % name in page, name
        assert '.Xr sshtrail-%s 1' % name in page, name
    lint(page)


def test_every_option():
    for name in commands():
        shown = re.findall(r'^  +(?:-(\w), )?--([\w-]+)',
                           output(name, '--help'), re.M)
        assert ('h', 'help') in shown, (name, shown)
        page = output('help', '--mdoc', name)
        for letter, option in shown:
            wanted = 'Fl \\-%s' % option.replace('-', '\\-')
            if letter:
                wanted = 'Fl %s , %s' % (letter, wanted)
            assert '.It ' + wanted in page, (name, wanted)


def test_pages_are_clean():
    for name in commands():
        lint(output('help', '--mdoc', name))


def test_help_is_the_same():
    for name in commands():
        tap.equal(output('help', name), output(name, '--help'))


def test_help_fits():
    for name in commands():
        for line in output('help', name).splitlines():
            assert len(line) <= 80, (name, line)


def run_alone(*args):
    """As where sshtrail-net is missing; an empty one cannot be run, too."""
    with tempfile.TemporaryDirectory() as path:
        program = shutil.copy(os.environ['SSHTRAIL'], path)
        with open(os.path.join(path, 'sshtrail-net'), 'w') as file:
            os.fchmod(file.fileno(), 0o755)
        return subprocess.run([program, *args], capture_output=True,
                              text=True, env={'SSHTRAIL_STORE': path})


def test_alone():
    for args in ['--help'], ['-h'], ['help']:
        done = run_alone(*args)
        tap.equal(done.returncode, 0)
        assert 'sshtrail-net: Exec format error' in done.stderr, done.stderr
        assert {'ls', 'import'} < set(listed(done.stdout)), done.stdout
        assert 'enroll' not in done.stdout, done.stdout
    tap.equal(run_alone('help', 'ls').stdout, output('help', 'ls'))
    assert run_alone('completion', 'bash').stdout.startswith('#')
    for args in ['login'], ['nonsense'], ['ls', '--hub', 'x']:
        done = run_alone(*args)
        tap.equal((done.returncode, done.stdout), (4, ''))
        assert 'install sshtrail anew' in done.stderr, done.stderr
    tap.equal(run_alone().returncode, 2)


tap.run([value for name, value in list(globals().items())
         if name.startswith('test_')])
