# SPDX-License-Identifier: Apache-2.0
"""Connects to a port of 127.0.0.1 by io_uring, without the system call for it;
ends with 77 where there is no io_uring. usage: ring.py PORT"""
import ctypes
import mmap
import socket
import struct
import sys

IO_URING_SETUP, IO_URING_ENTER = 425, 426
IORING_OP_CONNECT, IORING_ENTER_GETEVENTS = 16, 1
SQES_OFFSET = 0x10000000
NO_RING = 77

libc = ctypes.CDLL(None)
params = bytearray(120)
ring = libc.syscall(IO_URING_SETUP, 4, (ctypes.c_char * 120).from_buffer(params))
if ring < 0:
    sys.exit(NO_RING)
# struct io_sqring_offsets in struct io_uring_params.
_, tail, _, _, _, _, array = struct.unpack_from("7I", params, 40)
queue = mmap.mmap(ring, max(array + 16, 4096), mmap.MAP_SHARED, offset=0)
entries = mmap.mmap(ring, 4096, mmap.MAP_SHARED, offset=SQES_OFFSET)
address = ctypes.create_string_buffer(
    struct.pack("<H", socket.AF_INET) + struct.pack(">H", int(sys.argv[1])) +
    socket.inet_aton("127.0.0.1") + bytes(8), 16)
s = socket.socket()
# opcode, flags, ioprio, fd, off (the length), addr
struct.pack_into("BBHiQQII", entries, 0, IORING_OP_CONNECT, 0, 0, s.fileno(),
                 16, ctypes.addressof(address), 0, 0)
struct.pack_into("I", queue, array, 0)
struct.pack_into("I", queue, tail, 1)
if libc.syscall(IO_URING_ENTER, ring, 1, 1, IORING_ENTER_GETEVENTS, None, 0) != 1:
    sys.exit(NO_RING)
