# SPDX-License-Identifier: Apache-2.0
"""Calls itself sshd and connects. usage: renamed.py PORT"""
import ctypes
import socket
import sys

PR_SET_NAME = 15
ctypes.CDLL(None).prctl(PR_SET_NAME, b"sshd")
socket.create_connection(("127.0.0.1", int(sys.argv[1])))
