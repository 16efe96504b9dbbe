#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records real programs on a terminal, as chunks of docs/recordings.md: how
the files of tests/corpus/screen/ that are named after programs were made.

As root, in a folder that holds nothing of interest to others: programs see
processes and a host name of their own.

usage: record_screens.py OUTDIR [NAME...]
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

sys.dont_write_bytecode = True
import screens

# name: (command, [(seconds to wait, keys or (columns, rows))...]). Ends when
# the keys are used up and the program is gone.
SHOWS = {
    'vim': ('vim -u NONE -N -c "syntax on|set number hlsearch" meson.build', [
        (.5, 'jjjddp'), (.3, 'ihelk\x7flo w\xc3\xb6rld\x1b'), (.3, '/src\r'),
        (.3, 'n'), (.3, '\x06\x06'), (.3, '\x02'), (.3, (100, 30)),
        (.4, ':split\r'), (.3, (60, 20)), (.4, 'Goend\x1bgg'),
        (.3, ':qall!\r')]),
    'less': ('less -R meson.build', [
        (.3, ' '), (.3, ' '), (.3, 'b'), (.3, '/zstd\r'), (.3, 'n'),
        (.3, 'G'), (.3, 'kkk'), (.3, 'g'), (.3, 'q')]),
    'htop': ('htop -d 5', [(1.5, '\x1b[B\x1b[B'), (1, 't'), (1, (100, 24)),
                           (1, 'q')]),
    'top': ('top -d 1 -w 80', [(2.5, 'c'), (1.5, 'q')]),
    'tmux': ('tmux -L sshtrail-corpus -f /dev/null new "sh"', [
        (1, 'ls\r'), (.5, '\x02%'), (.5, 'seq 40\r'), (.5, '\x02"'),
        (.5, 'echo \xce\xbb\xe2\x94\x80\xe6\xbc\xa2\r'), (.5, (100, 30)),
        (.5, 'exit\r'), (.5, 'exit\r'), (.5, 'exit\r')]),
    'mc': ('mc -d', [(1, '\x1b[B\x1b[B'), (.5, '\t'), (.5, '\x1b9'),
                     (.5, '\x1b\x1b'), (.5, '\x1b0'), (.5, '\r')]),
    'dialog': ('dialog --gauge "Copying" 8 50 < /dev/fd/9; '
               'dialog --menu "Choose" 12 40 4 a First b Second c \xce\x93',
               [(2, '\x1b[B'), (.3, '\x1b[B'), (.3, '\r')]),
    'build': ('cd "$(mktemp -d)" && printf "int main(void){int x;}\\n" >a.c && '
              'gcc -fdiagnostics-color=always -Wall -Wextra -c a.c; '
              'ls -l --color=always /usr/lib | head -60', []),
    'apt': ('apt-get -o Dpkg::Progress-Fancy=1 -o APT::Color=1 install -y '
            '--reinstall --no-install-recommends hello', []),
    'progress': ('i=0; while [ $i -le 300 ]; do printf "\\r[%3d%%] %s" '
                 '$((i/3)) "$(printf "%*s" $((i/6)) "" | tr " " "#")"; '
                 'i=$((i+1)); done; echo; for w in one two three; do printf '
                 '"\\r\\033[Kworking on %s" $w; sleep .2; done; echo', []),
    'utf8': ('printf "na\xc3\xafve e\xcc\x81 \xe6\x97\xa5\xe6\x9c\xac '
             '\xf0\x9f\x98\x80 \xe0\xa4\xb9\xe0\xa4\xbf '
             '\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \\377 \\342\\202 end\\n"; '
             'head -c 3000 /usr/share/i18n/locales/translit_circle '
             '2>/dev/null; i=0; while [ $i -lt 40 ]; do printf '
             '"\xe6\xbc\xa2\xe5\xad\x97"; i=$((i+1)); done; echo', []),
    'shell': ('PS1="\\\\$ " bash --norc -i', [
        (.3, 'echo helk'), (.2, '\x7f'), (.2, 'lo\r'), (.3, 'ls --color /\r'),
        (.3, 'cat /etc/os-release\r'), (.3, 'clear\r'),
        (.3, 'printf "\\ec\\e[44m\\e[2J\\e[0mblue"\r'), (.3, 'history\x01#\r'),
        (.3, (40, 12)), (.2, 'seq 30\r'), (.3, 'exit\r')]),
}


def set_size(fd, cols, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))


def feed_gauge():
    """Percents for dialog --gauge, on descriptor 9."""
    read, write = os.pipe()
    if os.fork() == 0:
        for percent in range(0, 101, 5):
            os.write(write, b'%d\n' % percent)
            time.sleep(.05)
        os._exit(0)
    os.close(write)
    os.dup2(read, 9)
    os.close(read)


def record(command, keys):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM='xterm-256color', LC_ALL='C.UTF-8', HOME='/root')
        if '/dev/fd/9' in command:
            feed_gauge()
        time.sleep(.1)
        os.execvp('unshare', ['unshare', '-u', '-p', '-f', '--mount-proc',
                              'sh', '-c', b'hostname example; ' +
                              command.encode('latin-1')])
    set_size(fd, 80, 24)
    pieces, last = [(0, (80, 24))], time.monotonic_ns()
    due = time.monotonic() + (keys[0][0] if keys else 10 ** 6)
    keys = list(keys)
    while True:
        wait = max(0, min(due - time.monotonic(), 20))
        readable = select.select([fd], [], [], wait)[0]
        now = time.monotonic_ns()
        if readable:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            pieces.append((now - last, data))
            if not data:
                break
            last = now
        elif keys:
            what = keys.pop(0)[1]
            if isinstance(what, tuple):
                set_size(fd, *what)
                pieces.append((now - last, what))
                last = now
            else:
                os.write(fd, what.encode('latin-1'))
            due = time.monotonic() + (keys[0][0] if keys else 10 ** 6)
        else:
            break
    os.close(fd)
    os.waitpid(pid, 0)
    return pieces


def main():
    out = sys.argv[1]
    for name in sys.argv[2:] or SHOWS:
        pieces = record(*SHOWS[name])
        with open(os.path.join(out, name), 'wb') as f:
            f.write(screens.chunk(pieces))
        print(name, len(pieces), 'pieces')


main()
