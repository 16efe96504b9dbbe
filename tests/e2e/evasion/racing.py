# SPDX-License-Identifier: Apache-2.0
"""Starts programs one of whose arguments another thread changes meanwhile;
they print what they got."""
import ctypes
import os
import threading

libc = ctypes.CDLL(None)
TIMES = 20
text = ctypes.create_string_buffer(b"A" * 64)


def change():
    while True:
        ctypes.memset(text, 65 + os.urandom(1)[0] % 26, 64)


for _ in range(TIMES):
    pid = os.fork()
    if pid == 0:
        threading.Thread(target=change, daemon=True).start()
        words = [ctypes.create_string_buffer(word) for word in (
            b"sh", b"-c", b"tr '\\0' ' ' </proc/$$/cmdline; echo")] + [text]
        argv = (ctypes.c_void_p * 5)(*map(ctypes.addressof, words), 0)
        libc.execve(b"/bin/sh", argv, None)
        os._exit(1)
    os.waitpid(pid, 0)
