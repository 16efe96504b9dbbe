# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces and the link between them, which loses, delays, cuts
and resets as a test wants it. Its packets pass through this process (tun(4)),
so that it needs no queueing discipline of the kernel, and chance has a seed."""
import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

from trailtest import Skip

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000
TCP, RST = 6, 0x04
LIBC = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One with a tun device of this address."""

    def __init__(self, address, peer):
        self.address = address
        self.holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo made; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        if self.holder.stdout.readline() != b"made\n":
            self.close()
            raise Skip("no network namespace can be made here")
        self.path = "/proc/%d/ns/net" % self.holder.pid
        try:
            self.tun = self.open_tun()
        except OSError as e:
            self.close()
            raise Skip("no tun device: " + e.strerror) from e
        for line in ("link set lo up", "link set t0 up mtu 1400",
                     "addr add %s peer %s dev t0" % (address, peer)):
            subprocess.run([*self.command(), "ip", *line.split()], check=True)

    def open_tun(self):
        """In a thread of its own, which alone is in the namespace."""
        result = []

        def work():
            try:
                with open(self.path, "rb") as ns:
                    if LIBC.setns(ns.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC |
                             os.O_NONBLOCK)
                fcntl.ioctl(fd, TUNSETIFF, struct.pack(
                    "16sH22x", b"t0", IFF_TUN | IFF_NO_PI))
                result.append(fd)
            except OSError as e:
                result.append(e)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(result[0], OSError):
            raise result[0]
        return result[0]

    def command(self, user=None):
        """What stands before a program that is to run in it."""
        become = ["setpriv", "--reuid", user, "--regid", user,
                  "--clear-groups"] if user else []
        return ["nsenter", "--net=" + self.path, *become]

    def close(self):
        if getattr(self, "tun", -1) >= 0:
            os.close(self.tun)
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait()


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def as_reset(packet):
    """The same segment as a reset: what it carried is gone. None: no TCP, or
    nothing in it."""
    head = (packet[0] & 15) * 4
    if packet[0] >> 4 != 4 or packet[9] != TCP:
        return None
    tcp = bytearray(packet[head:head + 20])
    if len(packet) == head + (tcp[12] >> 4) * 4:
        return None
    tcp[12:14] = bytes((5 << 4, RST | 0x10))
    tcp[16:20] = bytes(4)
    ip = bytearray(packet[:head])
    struct.pack_into("!H", ip, 2, head + 20)
    struct.pack_into("!H", ip, 10, 0)
    struct.pack_into("!H", ip, 10, checksum(bytes(ip)))
    pseudo = bytes(ip[12:20]) + struct.pack("!BBH", 0, TCP, 20)
    struct.pack_into("!H", tcp, 16, checksum(pseudo + bytes(tcp)))
    return bytes(ip + tcp)


class Link(threading.Thread):
    """Between `near` and `far`. The settings may be changed while it works."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        if os.geteuid() != 0:
            raise Skip("needs root to make network namespaces")
        self.rng = random.Random(seed)
        self.loss, self.delay, self.jitter = 0.0, 0.0, 0.0
        self.cut, self.resets = False, 0
        self.passed = self.lost = self.reset = 0
        self.stopped = False
        self.near = Namespace("10.213.0.1", "10.213.0.2")
        try:
            self.far = Namespace("10.213.0.2", "10.213.0.1")
        except BaseException:
            self.near.close()
            raise

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.join()
        self.near.close()
        self.far.close()

    def on_its_way(self, packet):
        """It, what becomes of it, or None."""
        if self.cut or self.rng.random() < self.loss:
            self.lost += 1
            return None
        self.passed += 1
        if self.resets:
            forged = as_reset(packet)
            if forged:
                self.resets -= 1
                self.reset += 1
                return forged
        return packet

    def run(self):
        waiting, number = [], 0
        other = {self.near.tun: self.far.tun, self.far.tun: self.near.tun}
        while not self.stopped:
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, to, packet = heapq.heappop(waiting)
                with contextlib.suppress(OSError):
                    os.write(to, packet)
            wait = min(0.05, waiting[0][0] - now) if waiting else 0.05
            for fd in select.select(list(other), [], [], max(wait, 0))[0]:
                with contextlib.suppress(BlockingIOError):
                    packet = self.on_its_way(os.read(fd, 65536))
                    if packet is None:
                        continue
                    due = time.monotonic() + self.delay + self.rng.uniform(
                        -self.jitter, self.jitter)
                    number += 1
                    heapq.heappush(waiting, (due, number, other[fd], packet))
