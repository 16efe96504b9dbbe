# SPDX-License-Identifier: Apache-2.0
"""Types a command into a terminal of somebody else. usage: push.py TERMINAL"""
import fcntl
import sys
import termios

with open(sys.argv[1], "rb") as tty:
    for c in b"/bin/true pushed\n":
        fcntl.ioctl(tty, termios.TIOCSTI, bytes([c]))
