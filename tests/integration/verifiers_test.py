#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The C verifier and the one in Python must say the same of any damage.

usage: verifiers_test.py TRAIL_TOOL VERIFY_TRAIL_PY
"""

import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

TOOL, OTHER = sys.argv[1:3]
sys.path.insert(0, os.path.dirname(OTHER))
import verify_trail as vt  # noqa: E402

ORIGIN = "events:tool"
# Frames of the three segments that make() makes: a new boot begins one.
COUNTS = (40, 30, 30)


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)


def tool(*args):
    done = run(TOOL, *map(str, args))
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{args}: {done.stderr}")
    return done


def verdicts(done):
    found = {line.split()[0] for line in done.stdout.splitlines()}
    return done.returncode, tuple(sorted(found)), done.stdout


class Trail:
    """A trail in a directory, with ways to damage it."""

    def __init__(self, directory):
        self.top = directory
        self.at = os.path.join(directory, "events")

    def make(self):
        os.mkdir(self.at)
        for boot, count in enumerate(COUNTS):
            tool("append", self.at, count, 300, 0, boot + 1)

    def names(self):
        return sorted(n for n in os.listdir(self.at) if vt.SEGMENT.match(n))

    def path(self, n):
        return os.path.join(self.at, self.names()[n])

    def read(self, n):
        with open(self.path(n), "rb") as f:
            data = f.read()
        if self.path(n).endswith(".zst"):
            data = subprocess.run(["zstd", "-dcq"], input=data, check=True,
                                  stdout=subprocess.PIPE).stdout
        header = vt.Header(data)
        frames, at = [], header.length
        while at < len(data):
            length = vt.read_frame(data, at)[1]
            frames.append(data[at:at + length])
            at += length
        return data[:header.length], frames

    def write(self, n, header, frames, path=None):
        data = header + b"".join(frames)
        path = path or self.path(n)
        if path.endswith(".zst"):
            data = zstd(data)
        with open(path, "wb") as f:
            f.write(data)

    def checkpoint(self):
        with open(os.path.join(self.at, "checkpoint"), "rb") as f:
            return f.read()

    def put(self, name, data):
        with open(os.path.join(self.at, name), "wb") as f:
            f.write(data)


def resum(frame):
    frame = bytearray(frame)
    struct.pack_into("<I", frame, 0, len(frame))
    crc = vt.crc32c(bytes(frame[:4] + frame[8:]))
    struct.pack_into("<I", frame, 4, crc)
    return bytes(frame)


def reheader(header):
    return header[:-4] + struct.pack("<I", vt.crc32c(header[:-4]))


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


CASES = []


def case(*expected):
    def add(function):
        CASES.append((function.__name__, function, tuple(sorted(expected))))
        return function
    return add


@case()
def untouched(t):
    pass


@case()
def front_removed(t):
    os.unlink(t.path(0))


@case("EDITED")
def payload_bit(t):
    header, frames = t.read(1)
    frames[5] = flip(frames[5], 50)
    t.write(1, header, frames)


@case("EDITED")
def payload_bit_with_checksum(t):
    header, frames = t.read(1)
    frames[5] = resum(flip(frames[5], 50))
    t.write(1, header, frames)


def shift_last_time(t, by):
    header, frames = t.read(2)
    frame = bytearray(frames[29])
    time, = struct.unpack_from("<q", frame, 16)
    struct.pack_into("<q", frame, 16, time + by)
    frames[29] = resum(bytes(frame))
    t.write(2, header, frames)


@case("EDITED")
def time_later_in_last_segment(t):
    shift_last_time(t, 3600000000)


@case("CLOCK", "EDITED")
def time_earlier_in_last_segment(t):
    shift_last_time(t, -3600000000)


@case("EDITED")
def number_out_of_range(t):
    for n, number in ((0, 1 << 63), (1, (1 << 64) - 1)):
        header, frames = t.read(n)
        frame = bytearray(frames[15])
        struct.pack_into("<Q", frame, 8, number)
        frames[15] = resum(bytes(frame))
        t.write(n, header, frames)


@case("EDITED")
def frame_changed_behind_one_numbered_0(t):
    """What comes too early or too late must not end the comparison unsaid."""
    header, frames = t.read(2)
    extra = bytearray(frames[5])
    struct.pack_into("<Q", extra, 8, 0)
    frames[5] = resum(flip(frames[5], 50))
    t.write(2, header, frames[:5] + [resum(bytes(extra))] + frames[5:])


@case("EDITED")
def frame_zeroed(t):
    header, frames = t.read(2)
    frames[10] = bytes(len(frames[10]))
    t.write(2, header, frames)


@case("EDITED")
def frame_appended_in_closed_segment(t):
    header, frames = t.read(0)
    t.write(0, header, frames + [b"left behind"])


@case("EDITED")
def header_bit(t):
    header, frames = t.read(1)
    t.write(1, flip(header, 60), frames)


@case("EDITED")
def header_frontier_with_checksum(t):
    header, frames = t.read(1)
    t.write(1, reheader(flip(header, 85)), frames)


@case("EDITED")
def compressed_bit(t):
    with open(t.path(0), "rb") as f:
        data = f.read()
    with open(t.path(0), "wb") as f:
        f.write(flip(data, len(data) // 2))


def zstd(data):
    return subprocess.run(["zstd", "-cq", f"--stream-size={len(data)}"], input=data,
                          check=True, stdout=subprocess.PIPE).stdout


def write_parts(t, n, magic=0x184d2a53, length=8, off=0):
    """In two parts, with a mark between them that is `off` by some frames."""
    header, frames = t.read(n)
    half = len(frames) // 2
    first = struct.unpack_from("<Q", frames[half], 8)[0]
    path = t.path(n)
    if not path.endswith(".zst"):
        os.unlink(path)
        path += ".zst"
    with open(path, "wb") as f:
        f.write(zstd(header + b"".join(frames[:half])))
        f.write(struct.pack("<IIQ", magic, length, first + off))
        f.write(zstd(b"".join(frames[half:])))


@case()
def in_parts(t):
    for n in range(len(t.names())):
        write_parts(t, n)


@case()
def mark_that_lies(t):
    write_parts(t, 1, off=1)


@case()
def mark_of_another_kind(t):
    write_parts(t, 1, magic=0x184d2a5f)


@case("EDITED")
def mark_that_is_none(t):
    write_parts(t, 1, magic=0x184d2a43)


@case("EDITED")
def mark_that_is_too_long(t):
    write_parts(t, 1, length=1 << 30)


@case("EDITED")
def two_copies(t):
    header, frames = t.read(0)
    frames[3] = flip(frames[3], 60)
    t.write(0, header, frames, t.path(0)[:-4] + ".tmp")
    name = t.path(0)[:-4]
    os.rename(name + ".tmp", name)


@case("BADSIG")
def header_note_with_checksum(t):
    header, frames = t.read(1)
    at = header.index(b"events:tool\n40\n") + 12
    t.write(1, reheader(flip(header, at)), frames)


@case("TRUNCATED")
def last_byte_gone(t):
    with open(t.path(2), "r+b") as f:
        f.truncate(os.path.getsize(t.path(2)) - 1)


@case("TRUNCATED")
def last_frames_gone(t):
    header, frames = t.read(2)
    t.write(2, header, frames[:-3])


@case("TRUNCATED")
def last_segment_gone(t):
    os.unlink(t.path(2))


@case("TRUNCATED")
def all_segments_gone(t):
    for name in t.names():
        os.unlink(os.path.join(t.at, name))


@case("TRUNCATED", "UNSEALED_TAIL")
def checkpoint_gone(t):
    os.unlink(os.path.join(t.at, "checkpoint"))


@case("MISSING")
def middle_segment_gone(t):
    os.unlink(t.path(1))


@case("MISSING")
def frame_gone(t):
    header, frames = t.read(1)
    t.write(1, header, frames[:7] + frames[8:])


@case("MISSING")
def frames_gone_at_a_segments_end(t):
    header, frames = t.read(1)
    t.write(1, header, frames[:-2])


@case("MISSING")
def segment_cut_within_a_frame(t):
    header, frames = t.read(1)
    t.write(1, header, frames[:-1] + [frames[-1][:-9]])


@case("REORDERED")
def frames_swapped(t):
    header, frames = t.read(1)
    frames[3], frames[4] = frames[4], frames[3]
    t.write(1, header, frames)


@case("REORDERED")
def frame_repeated(t):
    header, frames = t.read(1)
    t.write(1, header, frames[:4] + frames[3:])


@case("REORDERED")
def segments_swapped(t):
    one, two = t.read(0), t.read(1)
    t.write(0, *two)
    t.write(1, *one)


@case("FORKED")
def other_history_signed(t):
    kept = t.checkpoint()
    shutil.rmtree(t.at)
    os.mkdir(t.at)
    tool("append", t.at, 120, 310, 0, 1)
    t.put("elsewhere.checkpoint", kept)


@case("FORKED")
def two_signed_of_one_size(t):
    kept = t.checkpoint()
    shutil.rmtree(t.at)
    os.mkdir(t.at)
    tool("append", t.at, 100, 310, 0, 1)
    t.put("elsewhere.checkpoint", kept)


@case("FORKED")
def segments_of_two_histories(t):
    """Two that went on from one state; one segment of the other is added."""
    other = os.path.join(t.top, "other")
    shutil.copytree(t.at, other)
    tool("append", t.at, 20, 300, 0, 4)
    tool("append", other, 5, 305, 0, 3)
    tool("append", other, 5, 305, 0, 5)
    name = sorted(n for n in os.listdir(other) if vt.SEGMENT.match(n))[-1]
    shutil.copy(os.path.join(other, name), t.at)


@case("TRUNCATED")
def rolled_back_but_remembered(t):
    old = os.path.join(t.top, "old")
    shutil.copytree(t.at, old)
    tool("append", t.at, 5, 300, 0, 3)
    kept = t.checkpoint()
    shutil.rmtree(t.at)
    os.rename(old, t.at)
    t.put("hub.checkpoint", kept)


@case("BADSIG", "UNSEALED_TAIL")
def checkpoint_size_changed(t):
    t.put("checkpoint", t.checkpoint().replace(b"\n100\n", b"\n101\n"))


@case("EDITED", "UNSEALED_TAIL")
def checkpoint_is_no_note(t):
    t.put("checkpoint", b"no note\n")


@case("UNTRUSTED_KEY", "UNSEALED_TAIL")
def other_key(t):
    os.unlink(os.path.join(t.top, "host.key"))
    os.unlink(os.path.join(t.top, "host.pub"))
    os.mkdir(os.path.join(t.top, "x"))
    tool("append", os.path.join(t.top, "x"), 1, 50)


@case("UNSEALED_TAIL")
def crashed(t):
    tool("append", t.at, 5, 300, 5, 3, "crash")


@case("UNSEALED_TAIL")
def torn_tail(t):
    tool("append", t.at, 5, 300, 1, 3, "crash")
    with open(t.path(2), "ab") as f:
        f.write(b"\x40\x01\0\0torn")


# Damage by chance: what both verifiers say of it is not known before, only that
# they say the same.

def any_bit(t, n, rng):
    data = bytearray(b"".join((t.read(n)[0], *t.read(n)[1])))
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    t.write(n, bytes(data), [])


def any_cut(t, n, rng):
    data = b"".join((t.read(n)[0], *t.read(n)[1]))
    t.write(n, data[:rng.randrange(len(data))], [])


def any_hole(t, n, rng):
    data = b"".join((t.read(n)[0], *t.read(n)[1]))
    at, length = rng.randrange(len(data)), rng.choice((1, 40, 4096))
    more = rng.choice((b"", bytes(length), rng.randbytes(length)))
    t.write(n, data[:at] + more + data[at + length:], [])


def any_number(t, n, rng):
    header, frames = t.read(n)
    i = rng.randrange(len(frames))
    frame = bytearray(frames[i])
    number = rng.choice((0, 1, 1 << 63, (1 << 64) - 1, rng.randrange(110)))
    struct.pack_into("<Q", frame, 8, number)
    frames[i] = resum(bytes(frame))
    t.write(n, header, frames)


def any_field(t, n, rng):
    header, frames = t.read(n)
    i = rng.randrange(len(frames))
    frame = bytearray(frames[i])
    frame[rng.randrange(8, 40)] ^= 1 << rng.randrange(8)
    frames[i] = resum(bytes(frame))
    t.write(n, header, frames)


def any_extra(t, n, rng):
    header, frames = t.read(n)
    frame = bytearray(rng.choice(frames))
    number = rng.choice((0, 1, 1 << 63, (1 << 64) - 1, rng.randrange(110)))
    struct.pack_into("<Q", frame, 8, number)
    frames.insert(rng.randrange(len(frames) + 1), resum(bytes(frame)))
    t.write(n, header, frames)


def any_order(t, n, rng):
    header, frames = t.read(n)
    i, j = sorted((rng.randrange(len(frames)), rng.randrange(len(frames))))
    t.write(n, header, rng.choice((frames[:i] + frames[j:], frames[j:] + frames[:j],
                                   frames[:j] + frames[i:])))


def any_header(t, n, rng):
    header, frames = t.read(n)
    header = bytearray(header)
    header[rng.randrange(len(header))] ^= 1 << rng.randrange(8)
    t.write(n, reheader(bytes(header)), frames)


def any_note(t, n, rng):
    note = bytearray(t.checkpoint())
    note[rng.randrange(len(note))] ^= 1 << rng.randrange(8)
    t.put(rng.choice(("checkpoint", "kept.checkpoint")), bytes(note))


def any_name(t, n, rng):
    name = "%020d.seg" % rng.choice((0, 1, 2, 41, 42, 71, 101, 1 << 63))
    if t.path(n).endswith(".zst"):
        name += ".zst"
    move = rng.choice((shutil.copy, os.rename))
    if name != t.names()[n]:
        move(t.path(n), os.path.join(t.at, name))


ANY = (any_bit, any_cut, any_hole, any_number, any_field, any_extra, any_order,
       any_header, any_note, any_name)
ROUNDS = int(os.environ.get("SSHTRAIL_ROUNDS", "20"))
SEED = int(os.environ.get("SSHTRAIL_SEED", "1"))


def by_chance(n):
    rng = random.Random(SEED * 1000003 + n)
    steps = [rng.choice(ANY) for _ in range(rng.choice((1, 1, 2)))]

    def function(t):
        for step in steps:
            try:
                step(t, rng.randrange(len(t.names())), rng)
            except (vt.Damaged, subprocess.CalledProcessError, IndexError, ValueError):
                pass  # the step before left nothing to read it by
    names = "_".join(step.__name__ for step in steps)
    return f"chance_{SEED}_{n}_{names}", function, None


def all_frames(t):
    """The bytes of each segment behind its header, in order."""
    found = []
    for name in t.names():
        if int(name[:20]) == 0:
            continue  # no segment
        data = vt.Verifier(t.at, ORIGIN.encode(), None).read_segment(name)
        found.append(data[vt.Header(data).length:])
    return found


def is_as_signed(t, signed):
    """No frame was changed; segments may be gone in front, bytes added behind."""
    now = b"".join(all_frames(t))
    return any(now.startswith(b"".join(signed[n:])) for n in range(len(signed)))


def check(number, made, name, function, expected):
    """On a copy of the trail in `made`."""
    signed = all_frames(Trail(made))
    with tempfile.TemporaryDirectory(prefix="sshtrail-verifiers.") as top:
        shutil.copytree(made, top, dirs_exist_ok=True)
        trail = Trail(top)
        function(trail)
        code_c, set_c, text_c = verdicts(tool("verify", trail.at))
        with open(os.path.join(top, "host.pub"), encoding="ascii") as f:
            key = f.read().strip()
        code_p, set_p, text_p = verdicts(
            run(sys.executable, OTHER, trail.at, ORIGIN, key))
        if expected is None:
            expected = set_p
        sound = set(expected) <= vt.NOTED
        forged = sound and not is_as_signed(trail, signed)
    good = (set_c == set_p == expected and text_c == text_p and not forged
            and code_c == code_p == (0 if sound else 3))
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print(f"# {'frames were changed, ' * forged}expected {expected}\n# C: {code_c} {text_c.split()}\n"
              f"# Python: {code_p} {text_p.split()}")
    return good


def main():
    if not shutil.which("zstd"):
        print("1..0 # SKIP the zstd program is not installed")
        return 0
    cases = CASES + [by_chance(n) for n in range(ROUNDS)]
    print(f"1..{len(cases)}")
    with tempfile.TemporaryDirectory(prefix="sshtrail-verifiers.") as made:
        Trail(made).make()
        good = [check(i + 1, made, *c) for i, c in enumerate(cases)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
