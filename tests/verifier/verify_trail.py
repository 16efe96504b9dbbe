#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verify a trail with nothing but its files and the public key.

Written from docs/trail-format.md alone, without the project's code, to show
that the format can be checked by somebody else. Needs Python's standard
library and the zstd program.

usage: verify_trail.py DIRECTORY ORIGIN KEY
       KEY: the text of the .pub file, NAME+HASH+BASE64, or @FILE
exit:  0 sound, 3 not sound, 4 could not verify
"""

import base64
import binascii
import hashlib
import os
import re
import stat
import struct
import subprocess
import sys

import ed25519

SEGMENT = re.compile(r"^(\d{20})\.seg(\.zst)?$")
SEGMENT_MAX = 8 << 20
HEADER_MAX = 32 << 10
FRAME_MIN, FRAME_MAX = 40, 40 + (1 << 20)
NOTE_MAX = 16384
RESYNC_TRIES = 256
NOTED = {"CLOCK", "UNSEALED_TAIL"}


class Damaged(Exception):
    """EDITED, BADSIG or UNTRUSTED_KEY is the verdict."""

    def __init__(self, verdict, why):
        super().__init__(why)
        self.verdict = verdict


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = crc_table()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    table = CRC_TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def sha256(data):
    return hashlib.sha256(data).digest()


class Tree:
    """Roots of the perfect subtrees, largest first (RFC 6962, 2.1)."""

    def __init__(self, size=0, frontier=()):
        self.size = size
        self.frontier = list(frontier)

    def copy(self):
        return Tree(self.size, self.frontier)

    def append(self, leaf):
        node, bits = sha256(b"\0" + leaf), self.size
        while bits & 1:
            node = sha256(b"\1" + self.frontier.pop() + node)
            bits >>= 1
        self.frontier.append(node)
        self.size += 1

    def root(self):
        if not self.frontier:
            return sha256(b"")
        node = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            node = sha256(b"\1" + left + node)
        return node


class Key:
    def __init__(self, text):
        name, key_hash, key = text.strip().split("+", 2)  # base64 has + too
        raw = base64.b64decode(key, validate=True)
        if len(raw) != 33 or raw[0] != 1:
            raise ValueError("not an Ed25519 key")
        self.public = raw[1:]
        if self.hash(name).hex() != key_hash:
            raise ValueError("the key does not fit its hash")

    def hash(self, name):
        return sha256(name.encode("utf-8", "surrogateescape") + b"\n\1" + self.public)[:4]


def base64_strict(text):
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw) == text else None


def good_name(name):
    return bool(name) and all(c > 32 and c not in (0x2B, 0x7F) for c in name)


def good_lines(text):
    return text == b"" or text.endswith(b"\n") and all(
        line and min(line) >= 32 for line in text[:-1].split(b"\n"))


def read_note(note, key):
    """Size and root of a signed checkpoint, and its origin."""
    bad = Damaged("EDITED", "not a checkpoint")
    if len(note) > NOTE_MAX:
        raise bad
    body, gap, signatures = note.rpartition(b"\n\n")
    if not gap:
        raise bad
    body += b"\n"
    parts = body.split(b"\n", 3)
    if len(parts) != 4:
        raise bad
    origin, size, root, rest = parts
    root = base64_strict(root)
    if (not good_name(origin) or not re.fullmatch(rb"0|[1-9][0-9]{0,19}", size)
            or int(size) >= 2**64 or root is None or len(root) != 32
            or not good_lines(rest) or not signatures.endswith(b"\n")):
        raise bad
    good = False
    lines = signatures[:-1].split(b"\n")
    for line in lines:
        parts = line.split(b" ", 2)
        raw = base64_strict(parts[2]) if len(parts) == 3 else None
        if (raw is None or parts[0] != "\u2014".encode()
                or not good_name(parts[1]) or not 5 <= len(raw) <= 256
                or len(lines) > 64):
            raise bad
        if parts[1] == origin and raw[:4] == key.hash(origin.decode(
                "utf-8", "surrogateescape")):
            if not ed25519.verify(key.public, body, raw[4:]):
                raise Damaged("BADSIG", "the signature does not verify")
            good = True
    if not good:
        raise Damaged("UNTRUSTED_KEY", "signed by another key")
    return int(size), root, origin


class Header:
    """The header of a segment, its own numbers checked."""

    FIXED = struct.Struct("<8sIHH16sQ16sqqHHI")

    def __init__(self, data):
        if len(data) < 84:
            raise Damaged("EDITED", "no header")
        (magic, self.length, version, _, self.chain, self.first, self.boot,
         _, _, n, note_len, _) = self.FIXED.unpack_from(data)
        if (magic != b"SSHTSEG1" or self.length > min(HEADER_MAX, len(data))
                or self.length != 84 + 32 * n + note_len):
            raise Damaged("EDITED", "not a header")
        crc, = struct.unpack_from("<I", data, self.length - 4)
        if crc != crc32c(data[:self.length - 4]) or version != 1:
            raise Damaged("EDITED", "the header is damaged")
        if (not 0 < self.first <= 2**63 - 1
                or bin(self.first - 1).count("1") != n):
            raise Damaged("EDITED", "the header's tree is not of its size")
        hashes = data[80:80 + 32 * n]
        self.tree = Tree(self.first - 1, [
            hashes[i:i + 32] for i in range(0, 32 * n, 32)])
        self.note = data[80 + 32 * n:self.length - 4]

    def check(self, origin, key):
        size, root, name = read_note(self.note, key)
        chain = sha256(
            b"sshtrail chain 1\n" + origin + b"\n" + key.public)[:16]
        if name != origin or chain != self.chain:
            raise Damaged("EDITED", "a segment of another chain")
        if size != self.tree.size or root != self.tree.root():
            raise Damaged("EDITED", "not the tree that was signed")


class Frame:
    FIXED = struct.Struct("<IIQqqBBHI")


def read_frame(data, at):
    """("whole", length, seq, realtime, boottime), ("cut",) or ("damaged",)."""
    if at + 4 > len(data):
        return ("cut",)
    length, = struct.unpack_from("<I", data, at)
    if not FRAME_MIN <= length <= FRAME_MAX:
        return ("damaged",)
    if at + length > len(data):
        return ("cut",)
    _, crc, seq, realtime, boottime, _, _, _, _ = Frame.FIXED.unpack_from(
        data, at)
    if (crc != crc32c(data[at:at + 4] + data[at + 8:at + length])
            or not 0 < seq < 2**63):
        return ("damaged",)
    return ("whole", length, seq, realtime, boottime)


def resync(data, start, after):
    span = (len(data) - start) // 40 + 1
    tries = 0
    for at in range(start + 1, len(data) - 40 + 1):
        seq, = struct.unpack_from("<Q", data, at + 8)
        if not after < seq <= after + span:
            continue
        tries += 1
        if tries > RESYNC_TRIES:
            break
        if read_frame(data, at)[0] == "whole":
            return at
    return None


class Verifier:
    def __init__(self, directory, origin, key):
        self.directory, self.origin, self.key = directory, origin, key
        self.findings = []
        self.notes = []      # (size, name, root), ascending
        self.claims = []     # (size, name, root, agrees)
        self.tree = Tree()
        self.tree_known = False
        self.next_seq = 0
        self.last_seq = 0
        self.base = 0
        self.segment = ""
        self.boot = bytes(16)
        self.realtime = self.boottime = None

    def found(self, verdict, segment, seq, why):
        self.findings.append((verdict, segment, seq, why))

    def path(self, name):
        return os.path.join(self.directory, name)

    # Reading.

    def read_notes(self, names):
        for name in names:
            if name != "checkpoint" and not name.endswith(".checkpoint"):
                continue
            with open(self.path(name), "rb") as f:
                note = f.read(NOTE_MAX + 1)
            try:
                size, root, origin = read_note(note, self.key)
                if origin != self.origin:
                    raise Damaged("EDITED", "of another chain")
                self.notes.append((size, name, root))
            except Damaged as e:
                self.found(e.verdict, name, 0, str(e))
        self.notes.sort()

    def read_segment(self, name):
        info = os.lstat(self.path(name))
        limit = SEGMENT_MAX + HEADER_MAX
        if not stat.S_ISREG(info.st_mode) or info.st_size > 2 * limit:
            raise Damaged("EDITED", "not a segment")
        with open(self.path(name), "rb") as f:
            data = f.read()
        if name.endswith(".zst"):
            done = subprocess.run(["zstd", "-dcq", "--memory=64MB"], input=data,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=False)
            if done.returncode != 0 or not data:
                raise Damaged("EDITED", "cannot be decompressed")
            data = done.stdout
        if len(data) > limit:
            raise Damaged("EDITED", "too long")
        return data

    # Judging.

    def claim(self, name, size, root):
        self.claims.append((size, name, root, self.tree.root() == root))

    def judge_notes(self, size):
        while self.notes and self.notes[0][0] <= size:
            at, name, root = self.notes.pop(0)
            if at == size:
                self.claim(name, size, root)

    def judge_claims(self):
        agreeing = [c[0] for c in self.claims if c[3]]
        best = max(agreeing) if agreeing else self.base
        edited = False
        for i, (size, name, root, agrees) in enumerate(self.claims):
            if agrees:
                continue
            before = self.claims[i - 1] if i else None
            twice = before and before[0] == size and before[2] != root
            if twice or (agreeing and size <= best):
                self.found("FORKED", name, size, "another history was signed")
            else:
                edited = True
        if edited:
            self.found("EDITED", self.segment, best + 1, "not what was signed")
        self.claims = []

    def see_clock(self, seq, realtime, boottime):
        back = (self.realtime is not None and realtime < self.realtime
                or self.boottime is not None and boottime < self.boottime)
        if back and not self.clock_told:
            self.clock_told = True
            self.found("CLOCK", self.segment, seq, "time ran backwards")
        self.realtime, self.boottime = realtime, boottime

    def walk(self, data, at, following):
        """All frames of a segment; `following`: first number of the next."""
        last, behind_damage = self.tree.size, False
        edited = missing = reordered = cut = torn = 0
        end_unknown = False
        while at < len(data):
            frame = read_frame(data, at)
            if frame[0] == "whole":
                _, length, seq, realtime, boottime = frame
                if seq <= last:
                    reordered = reordered or seq
                else:
                    if seq > last + 1 and not behind_damage:
                        missing = missing or last + 1
                    last = seq
                    if not (edited or missing or reordered):
                        self.tree.append(data[at:at + length])
                        self.see_clock(seq, realtime, boottime)
                        self.judge_notes(seq)
                at += length
                behind_damage = False
                continue
            behind_damage = True
            skip = resync(data, at, last)
            if skip is None and not following and last >= self.sealed:
                torn = last + 1
                break
            if skip is None and frame[0] == "cut":
                cut = last + 1
                break
            edited = edited or last + 1
            if skip is None:
                end_unknown = True
                break
            at = skip
        self.tell(edited, missing, reordered, cut, torn, following)
        self.tree_known = not (edited or missing or reordered or cut)
        lost = end_unknown or (cut and following)
        self.next_seq = 0 if lost else last + 1
        self.last_seq = max(self.last_seq, last)

    def tell(self, edited, missing, reordered, cut, torn, following):
        if edited:
            self.found("EDITED", self.segment, edited, "a damaged frame")
        if reordered:
            self.found("REORDERED", self.segment, reordered, "too late")
        elif missing:
            self.found("MISSING", self.segment, missing, "not there")
        if cut and following:
            verdict = "EDITED" if following == cut else "MISSING"
            self.found(verdict, self.segment, cut, "no whole frame")
        if torn:
            self.found("UNSEALED_TAIL", self.segment, torn, "no whole frame")

    def lost_place(self):
        self.judge_claims()
        self.tree_known, self.next_seq = False, 0

    def check_segment(self, first, names, following):
        name = names[0]
        try:
            data = self.read_segment(name)
            if len(names) > 1:
                try:
                    same = self.read_segment(names[1]) == data
                except Damaged:
                    same = False
                if not same:
                    self.found("EDITED", name, first, "two copies differ")
            header = Header(data)
        except Damaged as e:
            self.found(e.verdict, name, first, str(e))
            self.lost_place()
            return
        if header.first != first:
            self.found("REORDERED", name, first, "another segment")
            self.lost_place()
            return
        trusted = True
        try:
            header.check(self.origin, self.key)
        except Damaged as e:
            self.found(e.verdict, name, first, str(e))
            trusted = False
        follows = self.tree_known and self.next_seq == first
        root = header.tree.root()
        if follows and trusted:
            self.claim(name, header.tree.size, root)
        self.judge_claims()
        if self.next_seq and first > self.next_seq:
            self.found("MISSING", name, self.next_seq, "frames are missing")
        if self.next_seq and first < self.next_seq:
            self.found("FORKED", name, first, "two segments hold this frame")
        if trusted:
            self.sealed = max(self.sealed, header.tree.size)
        if trusted or not follows:
            self.tree = header.tree.copy()
        self.segment, self.base, self.clock_told = name, self.tree.size, False
        if header.boot != self.boot:
            self.boot, self.boottime = header.boot, None
        if trusted:
            self.claim(name, self.base, root)
        self.judge_notes(self.base)
        self.walk(data, header.length, following)

    def run(self):
        names = sorted(os.listdir(self.directory))
        self.read_notes(names)
        self.sealed = max([n[0] for n in self.notes], default=0)
        segments = {}
        for name in names:
            match = SEGMENT.match(name)
            if match and 0 < int(match.group(1)) < 2**64:
                segments.setdefault(int(match.group(1)), []).append(name)
        newest = "checkpoint" in names
        if not segments and not newest and not any(
                n.endswith(".checkpoint") for n in names):
            raise OSError("there is no trail here")
        order = sorted(segments)
        for first, following in zip(order, order[1:] + [0]):
            self.check_segment(first, segments[first], following)
        self.judge_claims()
        for one, two in zip(self.notes, self.notes[1:]):
            if one[0] == two[0] and one[2] != two[2]:
                self.found("FORKED", two[1], two[0], "two histories signed")
        if not newest:
            self.found("TRUNCATED", "checkpoint", 0, "no newest checkpoint")
        if (self.next_seq or not order) and self.last_seq < self.sealed:
            self.found("TRUNCATED", self.segment or "checkpoint",
                       self.last_seq + 1, "fewer frames than were signed")
        if self.next_seq and self.last_seq > self.sealed:
            self.found("UNSEALED_TAIL", self.segment, self.sealed + 1,
                       "frames behind the last checkpoint")
        return {f[0] for f in self.findings} <= NOTED


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    directory, origin, key = sys.argv[1:]
    try:
        if key.startswith("@"):
            with open(key[1:], encoding="ascii") as f:
                key = f.read()
        verifier = Verifier(directory, os.fsencode(origin), Key(key))
        sound = verifier.run()
    except (OSError, ValueError) as e:
        print(e, file=sys.stderr)
        return 4
    for verdict, segment, seq, why in verifier.findings:
        print(verdict, segment, seq)
        print(why, file=sys.stderr)
    return 0 if sound else 3


if __name__ == "__main__":
    sys.exit(main())
