#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What processes of a session do to watched files, told by the bpf tap.

usage: bpf_files_test.py TAP_RECORD SOURCE_DUMP
"""
import ctypes
import mmap
import os
import struct
import subprocess
import sys
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             '..', folder) for folder in ('cli', 'lib')]
import tap  # noqa: E402
from bpftest import AUID, login, recording  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
REFUSED = -13
NOBODY = 65534


def files(r, ses):
    """(op, path, path2, exit) below FOLDER, with that written as `~`."""
    def short(path):
        return path and path.replace(r.folder, '~')
    return [(e['op'], short(e['path']), short(e.get('path2')), e.get('exit'))
            for e in r.of(ses, 'file')]


def write(path, text='x'):
    with open(path, 'w') as f:
        f.write(text)


def as_nobody(work):
    child = os.fork()
    if child == 0:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            work()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def changes_are_told():
    with recording('watch FOLDER/etc') as r:
        top = r.folder + '/etc'
        os.makedirs(top + '/sub')
        write(r.folder + '/other')

        def work():
            write(top + '/new')
            write(top + '/new')
            with open(top + '/new', 'a'):
                pass
            os.chmod(top + '/new', 0o4755)
            os.chown(top + '/new', 1, 2)
            os.truncate(top + '/new', 3)
            os.utime(top + '/new', (1, 1))
            os.link(top + '/new', top + '/sub/hard')
            os.symlink('../any', top + '/soft')
            os.rename(top + '/new', top + '/sub/newer')
            os.rename(r.folder + '/other', top + '/soft')
            os.mkdir(top + '/made', 0o700)
            os.rmdir(top + '/made')
            os.mkfifo(top + '/fifo')
            os.setxattr(top + '/sub/newer', 'trusted.x', b'v')
            os.removexattr(top + '/sub/newer', 'trusted.x')
            os.unlink(top + '/fifo')
            os.chdir(top + '/sub')
            os.unlink('hard')
        ses, pid = login(work)
        r.end()
        tap.equal(files(r, ses), [
            ('create', '~/etc/new', None, None),
            ('open-write', '~/etc/new', None, None),
            ('open-write', '~/etc/new', None, None),
            ('chmod', '~/etc/new', None, None),
            ('chown', '~/etc/new', None, None),
            ('truncate', '~/etc/new', None, None),
            ('utime', '~/etc/new', None, None),
            ('link', '~/etc/sub/hard', '~/etc/new', None),
            ('symlink', '~/etc/soft', '../any', None),
            ('rename', '~/etc/new', '~/etc/sub/newer', None),
            ('rename', '~/other', '~/etc/soft', None),
            ('mkdir', '~/etc/made', None, None),
            ('rmdir', '~/etc/made', None, None),
            ('mknod', '~/etc/fifo', None, None),
            ('setxattr', '~/etc/sub/newer', None, None),
            ('removexattr', '~/etc/sub/newer', None, None),
            ('delete', '~/etc/fifo', None, None),
            ('delete', '~/etc/sub/hard', None, None)])
        got = r.of(ses, 'file')
        tap.equal([e.get('mode') for e in got if 'mode' in e],
                  [0o644, 0o4755, 0o700, 0o644])
        tap.equal(got[4]['text'], 'uid=1 gid=2')
        for e in got:
            tap.equal((e['pid'], e['auid'], e['exe'], e['trust'],
                       e['success']),
                      (pid, AUID, os.path.realpath(sys.executable), 'kernel',
                       True))
            assert 'inferred' not in e, e


def what_is_not_watched_is_not_told():
    with recording('watch FOLDER/etc', 'read FOLDER/secret') as r:
        os.makedirs(r.folder + '/etc')
        write(r.folder + '/etc/file')
        write(r.folder + '/secret')

        def work():
            write(r.folder + '/etc2')
            os.rename(r.folder + '/etc2', r.folder + '/etc3')
            os.unlink(r.folder + '/etc3')
            open(r.folder + '/etc/file').close()
            os.open(r.folder + '/secret', os.O_PATH)
            os.stat(r.folder + '/secret')
        ses, _ = login(work)
        write(r.folder + '/etc/file')
        r.end()
        tap.equal(files(r, ses), [])
        tap.equal([e for e in r.events if e['kind'] == 'file' and
                   r.folder in e.get('path', '')], [])


def reading_is_told():
    with recording('read FOLDER/secret', 'read FOLDER/keys',
                   'read id_test',
                   folders=('keys/deeper', 'home')) as r:
        names = ('secret', 'keys/key', 'keys/deeper/key', 'home/id_test')
        for name in names:
            write(os.path.join(r.folder, name))

        def work():
            for name in names:
                open(os.path.join(r.folder, name)).close()
            # A new file of the same name, as passwd(1) makes one.
            write(r.folder + '/fresh')
            os.rename(r.folder + '/fresh', r.folder + '/secret')
            open(r.folder + '/secret').close()
        ses, _ = login(work)
        r.end()
        tap.equal(files(r, ses), [
            ('open-read', '~/secret', None, None),
            ('open-read', '~/keys/key', None, None),
            ('open-read', '~/home/id_test', None, None),
            ('open-read', '~/secret', None, None)])


def names_count_anywhere():
    with recording('watch .ssh') as r:
        def work():
            os.makedirs(r.folder + '/home/ann/.ssh')
            write(r.folder + '/home/ann/.ssh/authorized_keys')
        ses, _ = login(work)
        r.end()
        tap.equal(files(r, ses), [
            ('mkdir', '~/home/ann/.ssh', None, None),
            ('create', '~/home/ann/.ssh/authorized_keys', None, None)])


def refusals_are_told():
    with recording('watch FOLDER/etc', 'read FOLDER/secret',
                   folders=('etc/closed',)) as r:
        for name in ('etc/file', 'etc/closed/file', 'secret'):
            write(os.path.join(r.folder, name))
            os.chmod(os.path.join(r.folder, name), 0o600)
        os.chmod(r.folder + '/etc/closed', 0o700)

        def attempt(call, *args):
            try:
                call(*args)
            except OSError as e:
                assert -e.errno == REFUSED or e.errno == 1, e

        def attempts():
            attempt(open, r.folder + '/etc/file', 'w')
            attempt(open, r.folder + '/etc/closed/file', 'w')
            attempt(open, r.folder + '/secret')
            os.chdir(r.folder)
            attempt(open, 'etc/file', 'w')
            attempt(open, 'secret')
            os.chdir(r.folder + '/etc')
            attempt(open, 'file', 'w')
            attempt(os.unlink, r.folder + '/etc/file')
            attempt(os.rename, 'file', 'file2')
            attempt(os.chmod, 'file', 0o777)
            attempt(os.mkdir, 'dir')
        ses, _ = login(lambda: as_nobody(attempts))
        r.end()
        tap.equal(files(r, ses), [
            ('open-write', '~/etc/file', None, REFUSED),
            ('open-write', '~/etc/closed/file', None, REFUSED),
            ('open-read', '~/secret', None, REFUSED),
            ('open-read', '~/secret', None, REFUSED),
            ('open-write', '~/etc/file', None, REFUSED),
            ('delete', '~/etc/file', None, REFUSED),
            ('rename', '~/etc/file', '~/etc/file2', REFUSED),
            ('chmod', '~/etc/file', None, -1),
            ('mkdir', '~/etc/dir', None, REFUSED)])
        tap.equal({e['success'] for e in r.of(ses, 'file')}, {False})


def no_other_way_hides_a_file():
    with recording('watch FOLDER/etc') as r:
        top = r.folder + '/etc'
        for folder in ('/etc', '/jail', '/bound'):
            os.makedirs(r.folder + folder)
        write(top + '/file')
        os.symlink(top, r.folder + '/link')

        def jailed(path):
            child = os.fork()
            if child == 0:
                try:
                    os.chroot(r.folder + '/jail')
                    write(path)
                finally:
                    os._exit(0)
            os.waitpid(child, 0)

        def work():
            write(r.folder + '/link/file')
            write('/proc/self/root' + top + '/file')
            fd = os.open(top + '/file', os.O_PATH)
            write('/proc/self/fd/%d' % fd)
            # O_TMPFILE, then a name for it.
            fd = os.open(top, os.O_TMPFILE | os.O_WRONLY)
            assert LIBC.linkat(
                -100, b'/proc/self/fd/%d' % fd, -100,
                (top + '/named').encode(), 0x400) == 0
            os.rename(top + '/named', top + '/file')
            assert LIBC.unshare(0x20000) == 0
            run = subprocess.run
            run(['mount', '--make-rprivate', '/'], check=True)
            run(['mount', '--bind', top, r.folder + '/bound'], check=True)
            write(r.folder + '/bound/file')
            run(['mount', '--bind', top, r.folder + '/jail'], check=True)
            jailed('/file')
        ses, _ = login(work)
        r.end()
        got = [e for e in files(r, ses) if '~' in e[1] and
               e[0] != 'mount']
        tap.equal([(op, path) for op, path, _, _ in got[:3]],
                  [('open-write', '~/etc/file')] * 3)
        op, path, _, _ = got[3]
        assert (op, path.startswith('~/etc/#')) == ('create', True), got[3]
        tap.equal(got[4][:2], ('link', '~/etc/named'))
        tap.equal(got[5][:3], ('rename', '~/etc/named', '~/etc/file'))
        tap.equal([(op, path) for op, path, _, _ in got[6:]],
                  [('open-write', '~/etc/file')] * 2)


def io_uring_open(path, flags):
    """openat through a ring, without a system call for it."""
    params = bytearray(120)
    buf = (ctypes.c_char * 120).from_buffer(params)
    ring = LIBC.syscall(425, 4, buf)
    if ring < 0:
        raise tap.Skip('io_uring is not allowed here')
    at = struct.unpack_from('10I', params, 0)
    assert at[0] == 4
    sq = struct.unpack_from('8I', params, 40)
    size = sq[6] + 4 * 4
    sq_ring = mmap.mmap(ring, max(size, 4096), mmap.MAP_SHARED, offset=0)
    sqes = mmap.mmap(ring, 4096, mmap.MAP_SHARED, offset=0x10000000)
    name = ctypes.create_string_buffer(path.encode())
    # opcode 18 (OPENAT), fd AT_FDCWD, addr, len (mode), open flags
    struct.pack_into('BBHiQQII', sqes, 0, 18, 0, 0, -100, 0,
                     ctypes.addressof(name), 0o644, flags)
    struct.pack_into('I', sq_ring, sq[6], 0)
    tail, = struct.unpack_from('I', sq_ring, sq[1])
    struct.pack_into('I', sq_ring, sq[1], tail + 1)
    assert LIBC.syscall(426, ring, 1, 1, 1, None, 0) == 1


def io_uring_does_not_hide_a_file():
    with recording('watch FOLDER/etc') as r:
        os.makedirs(r.folder + '/etc')
        ses, pid = login(lambda: io_uring_open(
            r.folder + '/etc/new', os.O_CREAT | os.O_WRONLY))
        r.end()
        if not os.path.exists(r.folder + '/etc/new'):
            raise tap.Skip('io_uring is not allowed here')
        tap.equal(files(r, ses), [('create', '~/etc/new', None, None)])
        tap.equal(r.of(ses, 'file')[0]['pid'], pid)


PROGRAM_32 = r'''
static int call(int nr, const char *a, int b, int c)
{
	int r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b),
	    "d"(c) : "memory");
	return r;
}
void _start(void)
{
	call(5, "new", 0101, 0644);
	call(38, "new", (int)"newer", 0);
	call(10, "newer", 0, 0);
	call(1, 0, 0, 0);
}
'''


def programs_of_32_bits_are_seen():
    with recording('watch FOLDER/etc') as r:
        os.makedirs(r.folder + '/etc')
        source = r.folder + '/p.c'
        program = r.folder + '/p'
        write(source, PROGRAM_32)
        if subprocess.run(['gcc', '-m32', '-O1', '-static', '-nostdlib',
                           '-ffreestanding', '-fno-pie', '-no-pie',
                           '-fno-stack-protector', '-o', program,
                           source], stderr=subprocess.DEVNULL).returncode:
            raise tap.Skip('no compiler for programs of 32 bits')
        try:
            subprocess.run(program, cwd=r.folder, check=True)
        except (OSError, subprocess.CalledProcessError):
            raise tap.Skip('the kernel runs no programs of 32 bits')
        ses, _ = login(lambda: subprocess.run(program).returncode,
                       r.folder + '/etc')
        r.end()
        tap.equal(files(r, ses), [
            ('create', '~/etc/new', None, None),
            ('rename', '~/etc/new', '~/etc/newer', None),
            ('delete', '~/etc/newer', None, None)])


def racing_arguments_do_not_lie():
    """One thread changes the name while another opens it."""
    with recording('watch FOLDER/etc') as r:
        os.makedirs(r.folder + '/etc')
        os.makedirs(r.folder + '/tmp')
        # Of one length: the bytes change in place.
        names = [(r.folder + p).encode() for p in ('/etc/x', '/tmp/x')]

        def work():
            name = ctypes.create_string_buffer(names[0])
            done = []

            def change():
                i = 0
                while not done:
                    i += 1
                    ctypes.memmove(name, names[i % 2], len(names[0]))
            thread = threading.Thread(target=change)
            thread.start()
            deadline = time.time() + 2
            n = 0
            while time.time() < deadline:
                fd = LIBC.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
                if fd < 0:
                    continue
                n += os.readlink('/proc/self/fd/%d' % fd).encode() == names[0]
                os.close(fd)
            done.append(True)
            thread.join()
            write(r.folder + '/count', str(n))
        ses, _ = login(work)
        with open(r.folder + '/count') as f:
            n = int(f.read())
        r.end()
        got = [e for e in files(r, ses) if e[1] == '~/etc/x']
        tap.equal((len(got), r.lost), (n, 0))
        tap.equal(len(files(r, ses)), n)


def floods_are_told_or_counted():
    n = 20000
    with recording('watch FOLDER/etc') as r:
        os.makedirs(r.folder + '/etc')

        def work():
            for _ in range(n):
                os.close(os.open(r.folder + '/etc/x',
                                 os.O_WRONLY | os.O_CREAT))
        ses, _ = login(work)
        r.end()
        tap.equal(len(files(r, ses)) + r.lost, n)


def main():
    with recording() as r:
        if r.run.poll() == 3 or not r.note:
            print('1..0 # SKIP no bpf here: %s' %
                  r.run.stderr.read().strip().replace('\n', ' '))
            return
        print('# ' + r.note)
        r.end()
        taken = r.note.partition('not ')[0]
        if 'opens' not in taken:
            print('1..0 # SKIP this kernel refuses the programs for files: ' +
                  r.note)
            return
    tap.run([changes_are_told, what_is_not_watched_is_not_told,
             reading_is_told, names_count_anywhere, refusals_are_told,
             no_other_way_hides_a_file, io_uring_does_not_hide_a_file,
             programs_of_32_bits_are_seen, racing_arguments_do_not_lie,
             floods_are_told_or_counted])


main()
