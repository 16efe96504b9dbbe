#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes of user, ptrace, mounts and the like, told by the bpf tap.

usage: bpf_acts_test.py TAP_RECORD SOURCE_DUMP
"""
import ctypes
import os
import shutil
import struct
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             '..', folder) for folder in ('cli', 'lib')]
import tap  # noqa: E402
from bpftest import AUID, login, recording  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534
PTRACE_ATTACH, PTRACE_DETACH = 16, 17


def told(r, ses, *ops):
    return [e for e in r.of(ses) if e.get('op') in ops]


def changes_of_user_are_told():
    with recording() as r:
        program = os.path.join(r.folder, 'setuid')
        shutil.copy('/bin/true', program)
        os.chown(program, NOBODY, 0)
        os.chmod(program, 0o4755)

        def work():
            subprocess.run([program], check=True)
            child = os.fork()
            if child == 0:
                # To and fro: nothing new.
                os.seteuid(NOBODY)
                os.seteuid(0)
                os.setresuid(1, 1, 1)
                os._exit(0)
            os.waitpid(child, 0)
        ses, pid = login(work)
        r.end()
        got = told(r, ses, 'setuid', 'setuid-exec')
        tap.equal([(e['kind'], e['op'], e['uid'], e['euid'], e['target'],
                    e['text']) for e in got], [
            ('priv', 'setuid-exec', 0, NOBODY, str(NOBODY),
             'was uid=0 euid=0'),
            ('priv', 'setuid', 0, NOBODY, str(NOBODY), 'was uid=0 euid=0'),
            ('priv', 'setuid', 1, 1, '1', 'was uid=0 euid=0')])
        tap.equal(got[0]['exe'], program)
        tap.equal({(e['auid'], e['ppid'], e['success']) for e in got},
                  {(AUID, pid, True)})


def ptrace_is_told():
    with recording() as r:
        other = subprocess.Popen(['sleep', '60'])

        def work():
            LIBC.ptrace(PTRACE_ATTACH, other.pid, None, None)
            os.waitpid(other.pid, 0)
            LIBC.ptrace(PTRACE_DETACH, other.pid, None, None)
            with open('/proc/%d/mem' % other.pid, 'r+b'):
                pass
        ses, pid = login(work)
        other.kill()
        other.wait()
        r.end()
        got = told(r, ses, 'ptrace')
        tap.equal([(e['kind'], e['pid'], e['text'], e['success'])
                   for e in got],
                  [('other', pid, 'pid=%d comm=sleep' % other.pid, True)] * 2)


def mounts_are_told():
    with recording(folders=('a', 'b')) as r:
        def work():
            assert LIBC.unshare(0x20000) == 0
            run = subprocess.run
            run(['mount', '--make-rprivate', '/'], check=True)
            run(['mount', '-t', 'tmpfs', 'some', r.folder + '/a'], check=True)
            run(['mount', '--move', r.folder + '/a', r.folder + '/b'],
                check=True)
            run(['umount', r.folder + '/b'], check=True)
        ses, _ = login(work)
        r.end()
        got = told(r, ses, 'mount', 'umount', 'namespace')
        tap.equal([(e['kind'], e['op'], e.get('path'), e.get('path2'),
                    e.get('text')) for e in got
                   if e.get('path') != '/'], [
            ('other', 'namespace', None, None, 'mnt'),
            ('file', 'mount', r.folder + '/a', 'some', None),
            ('file', 'mount', r.folder + '/b', r.folder + '/a', None),
            ('file', 'umount', r.folder + '/b', None, None)])


def user_namespaces_are_told():
    with recording() as r:
        def work():
            if LIBC.unshare(0x10000000) == 0:
                os.mkdir(r.folder + '/done')
        ses, _ = login(work)
        r.end()
        if not os.path.exists(r.folder + '/done'):
            raise tap.Skip('user namespaces are not allowed here')
        tap.equal([e['text'] for e in told(r, ses, 'namespace')], ['user'])


def bpf_programs_are_told():
    with recording() as r:
        def work():
            # r0 = 0; exit
            code = ctypes.create_string_buffer(
                struct.pack('<BBhiBBhi', 0xb7, 0, 0, 0, 0x95, 0, 0, 0))
            licence = ctypes.create_string_buffer(b'GPL')
            attr = ctypes.create_string_buffer(struct.pack(
                'IIQQIIQII16s', 1, 2, ctypes.addressof(code),
                ctypes.addressof(licence), 0, 0, 0, 0, 0, b'evil'), 128)
            return LIBC.syscall(321, 5, attr, 128) < 0
        ses, pid = login(work)
        r.end()
        tap.equal([(e['kind'], e['pid'], e['text'])
                   for e in told(r, ses, 'bpf-load')],
                  [('other', pid, 'evil')])


def modules_are_told():
    """`dummy`: a network card that is none, and here not even that."""
    if os.path.exists('/sys/module/dummy') or subprocess.run(
            ['modprobe', '-n', '-q', 'dummy'], check=False).returncode:
        raise tap.Skip('there is no module to be loaded')
    with recording() as r:
        ses, _ = login(lambda: subprocess.run(
            ['modprobe', 'dummy', 'numdummies=0'], check=False).returncode)
        subprocess.run(['modprobe', '-r', 'dummy'], check=True)
        r.end()
        got, = told(r, ses, 'module-load')
        tap.equal((got['kind'], got['text'], got['comm'], got['auid']),
                  ('other', 'dummy', 'modprobe', AUID))


def main():
    with recording() as r:
        if r.run.poll() == 3 or not r.note:
            print('1..0 # SKIP no bpf here: %s' %
                  r.run.stderr.read().strip().replace('\n', ' '))
            return
        print('# ' + r.note)
        r.end()
        if 'changes of user' not in r.note.partition('not ')[0]:
            print('1..0 # SKIP this kernel refuses these programs: ' + r.note)
            return
    tap.run([changes_of_user_are_told, ptrace_is_told, mounts_are_told,
             user_namespaces_are_told, bpf_programs_are_told, modules_are_told])


main()
