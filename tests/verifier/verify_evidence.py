#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verify a bundle that `sshtrail export --evidence` wrote.

Needs nothing but Python's standard library and the two files beside this one;
no program and no store of sshtrail. What is checked, and how to do it by hand,
says README.txt of the bundle.

usage: verify_evidence.py [--key KEY]... [DIRECTORY]
       DIRECTORY: the bundle, unpacked; else where this file is
       KEY: a public key got from elsewhere, as the text of a .pub file,
       NAME+HASH+BASE64, or @FILE: each chain must be signed by one of them
exit:  0 all of it is proved, 3 it is not, 4 could not verify
"""

import hashlib
import json
import os
import re
import struct
import sys

sys.dont_write_bytecode = True
import ed25519
import verify_trail as trail

UNLISTED = {"manifest.json", "manifest.note"}
FORMAT = "sshtrail evidence 1"
EVENT, RECORDING = 1, 2


class Unproved(Exception):
    """What is wrong."""


def demand(condition, what):
    if not condition:
        raise Unproved(what)


class Bundle:
    def __init__(self, directory):
        self.directory = directory

    def read(self, name):
        path = os.path.join(self.directory, *name.split("/"))
        demand(name and ".." not in name.split("/") and name[0] != "/" and
               not os.path.islink(path), "%s: not a name of a file" % name)
        try:
            with open(path, "rb") as f:
                return f.read()
        except OSError as e:
            raise Unproved("%s: %s" % (name, e.strerror)) from e

    def names(self):
        found = set()
        for at, _, files in os.walk(self.directory):
            for name in files:
                found.add(os.path.relpath(os.path.join(at, name),
                                          self.directory).replace(os.sep, "/"))
        return found - UNLISTED

    def key(self, name):
        try:
            return trail.Key(self.read(name).decode("ascii"))
        except ValueError as e:
            raise Unproved("%s: %s" % (name, e)) from e

    def manifest(self):
        """It is signed, and all files are as it lists them."""
        text = self.read("manifest.json")
        size, digest, origin = note(self, "manifest.note",
                                    self.key("keys/store.pub"))
        demand(origin.startswith(b"evidence:"),
               "manifest.note: it is that of something else")
        demand(size == len(text) and digest == trail.sha256(text),
               "manifest.json: it is not what manifest.note signs")
        manifest = json.loads(text)
        demand(manifest["format"] == FORMAT,
               "manifest.json: not of the format %s" % FORMAT)
        listed = {f["name"]: f for f in manifest["files"]}
        for name in sorted(self.names() ^ set(listed)):
            raise Unproved(name + (": it is missing" if name in listed else
                                   ": the manifest does not list it"))
        for name, file in sorted(listed.items()):
            data = self.read(name)
            demand(len(data) == file["size"] and
                   hashlib.sha256(data).hexdigest() == file["sha256"],
                   "%s: not the bytes that the manifest lists" % name)
        return manifest


def note(bundle, name, key):
    try:
        return trail.read_note(bundle.read(name), key)
    except trail.Damaged as e:
        raise Unproved("%s: %s" % (name, e)) from e


def cosigned(text, key):
    """The time of a line by that key below a note (C2SP tlog-cosignature)."""
    body, _, lines = text.rpartition(b"\n\n")
    body += b"\n"
    for line in lines.splitlines():
        name, raw = line.split(b" ")[1:3]
        raw = trail.base64_strict(raw)
        if raw[:4] != trail.sha256(name + b"\n\4" + key.public)[:4]:
            continue
        demand(len(raw) == 4 + 8 + 64, "not a cosignature")
        when, = struct.unpack(">Q", raw[4:12])
        said = b"cosignature/v1\ntime %d\n" % when + body
        if ed25519.verify(key.public, said, raw[12:]):
            return when
    raise Unproved("the cosignature does not verify")


class Frame:
    """One as it is stored (docs/trail-format.md)."""

    def __init__(self, data, at):
        found = trail.read_frame(data, at)
        demand(found[0] == "whole", "a frame is damaged")
        self.length, self.seq = found[1:3]
        self.raw = data[at:at + self.length]
        fields = trail.Frame.FIXED.unpack_from(self.raw)
        self.type, self.stream = fields[5], fields[8]
        self.payload = self.raw[40:]


class Tree(trail.Tree):
    def append_subtree(self, count, node):
        """The root of a whole subtree of `count` leaves, a power of two."""
        demand(count & (count - 1) == 0 and self.size % count == 0,
               "a subtree where none can be")
        bits = self.size // count
        while bits & 1:
            node = trail.sha256(b"\1" + self.frontier.pop() + node)
            bits >>= 1
        self.frontier.append(node)
        self.size += count


class Chain:
    """The frames of one chain, once proved."""

    def __init__(self, bundle, about):
        self.bundle, self.about = bundle, about
        self.name = about["chain"]
        self.directory = about["directory"]
        self.frames = {}
        self.signers = []  # what is said of each note
        self.keys = set()
        self.roots = {}  # size: [(root, note)]
        self.signed = 0  # by the store

    def file(self, name):
        return self.directory + "/" + name

    def read_notes(self):
        for about in self.about["notes"]:
            name = about["file"]
            key = self.bundle.key(about["key"])
            size, root, origin = note(self.bundle, name, key)
            # A hub keeps a second history of NAME as NAME:2; its host signs
            # it as NAME.
            names = [self.name.encode("utf-8", "surrogateescape")]
            if name.endswith("/writer.note"):
                names.append(re.sub(rb"(:[^:]+):\d+$", rb"\1", names[0]))
            demand(origin in names, "%s: of another chain" % name)
            said = "up to frame %d by %s" % (size, about["key"])
            self.keys.add(key.public)
            if "cosigner" in about:
                cosigner = self.bundle.key(about["cosigner"])
                try:
                    when = cosigned(self.bundle.read(name), cosigner)
                except Unproved as e:
                    raise Unproved("%s: %s" % (name, e)) from e
                self.keys.add(cosigner.public)
                said += ", and by %s at %d" % (about["cosigner"], when)
            self.signers.append(said)
            self.roots.setdefault(size, []).append((root, name))
            if name == self.file("checkpoint"):
                self.signed = size

    def compare(self, tree):
        for root, name in self.roots.pop(tree.size, []):
            demand(tree.root() == root, "%s: the frames and the tree are not "
                   "those that it signs" % name)

    def prove(self):
        """The tree from its hashes and the frames that are shown."""
        self.read_notes()
        data, at = self.bundle.read(self.file("frames")), 0
        tree = Tree()
        self.compare(tree)
        for line in self.bundle.read(self.file("tree")).decode().splitlines():
            what, first, count, *node = line.split(" ")
            first, count = int(first), int(count)
            demand(first == tree.size + 1 and count > 0,
                   "%s: out of order" % self.file("tree"))
            if what == "hidden":
                tree.append_subtree(
                    count, trail.base64_strict(node[0].encode()))
                self.compare(tree)
                continue
            demand(what == "shown" and not node, "%s: not a line of it" %
                   self.file("tree"))
            for seq in range(first, first + count):
                frame = Frame(data, at)
                demand(frame.seq == seq, "%s: frame %d in the place of %d" % (
                    self.file("frames"), frame.seq, seq))
                at += frame.length
                tree.append(frame.raw)
                self.frames[seq] = frame
                self.compare(tree)
        demand(at == len(data), "%s: more frames than the tree has" %
               self.file("frames"))
        for size in self.roots:
            raise Unproved("%s: no tree of the size %d that is signed" % (
                self.file("tree"), size))
        events = [f.seq for f in self.frames.values() if f.type == EVENT]
        demand(max(events, default=0) <= self.signed,
               "%s: events that are not signed" % self.file("frames"))

    def check_events(self):
        """The readable lines are what the frames hold."""
        events = [f for f in self.frames.values() if f.type == EVENT]
        if not events:
            return 0
        lines = self.bundle.read(self.file("events.jsonl")).split(b"\n")
        demand(lines.pop() == b"" and len(lines) == len(events),
               "%s: not as many lines as events" % self.file("events.jsonl"))
        for frame, line in zip(events, lines):
            event = json.loads(line)
            demand(set(event) == {"chain", "seq", "event"} and
                   event["seq"] == frame.seq and event["chain"] == self.name and
                   line.endswith(b',"event":' + frame.payload + b"}"),
                   "%s: not what frame %d says" % (
                       self.file("events.jsonl"), frame.seq))
        return len(events)


def check_recording(chains, about):
    """Its frames are those that an event vouches for, if there is one."""
    name, number, last = about["chain"], about["number"], about["last"]
    chain = chains.get(name)
    demand(chain, "recording %d of %s: no such chain" % (number, name))
    frames = [f for seq, f in sorted(chain.frames.items())
              if f.type == RECORDING and f.stream == number % 2**32 and
              seq >= number and (last == 0 or seq <= last)]
    if not about["whole"]:
        return "not all of it was in the store"
    demand(frames and frames[0].seq == number and
           (last == 0 or frames[-1].seq == last),
           "recording %d of %s: not all of its frames are here" % (
               number, name))
    host = name[len("recordings:"):]
    for events in (chains.get("events:" + host), chains.get(host)):
        for frame in events.frames.values() if events else ():
            event = json.loads(frame.payload)
            if (event["kind"] != "channel.close" or "sha256" not in event or
                    event.get("recording") != number or
                    event.get("trust") == "text" and events.name != host):
                continue
            digest = hashlib.sha256(b"".join(f.payload for f in frames))
            demand(event["sha256"] == digest.hexdigest(),
                   "recording %d of %s: not the one that event %d of %s "
                   "vouches for" % (number, name, frame.seq, events.name))
            return "event %d of %s vouches for it" % (frame.seq, events.name)
    return "no event here tells of its end"


def verify(directory, keys, say):
    bundle = Bundle(directory)
    manifest = bundle.manifest()
    say("manifest: signed by keys/store.pub, %d files as it lists them" %
        len(manifest["files"]))
    chains = {}
    for about in manifest["chains"]:
        chain = chains[about["chain"]] = Chain(bundle, about)
        chain.prove()
        events = chain.check_events()
        demand(not keys or chain.keys & {k.public for k in keys},
               "%s: none of the keys given has signed it" % chain.name)
        say("%s: %d frames, %d of them events, signed %s" % (
            chain.name, len(chain.frames), events, "; ".join(chain.signers)))
    for about in manifest["recordings"]:
        say("recording %d of %s: %s" % (about["number"], about["chain"],
                                        check_recording(chains, about)))
    if not keys:
        say("the keys are those of the bundle: compare %s with one that you "
            "have from elsewhere, or give that by --key" %
            bundle.read("keys/store.pub").decode().strip())


def main(args):
    keys, directory = [], os.path.dirname(os.path.abspath(__file__))
    try:
        while args[:1] == ["--key"] and len(args) > 1:
            text = args[1]
            if text.startswith("@"):
                with open(text[1:], encoding="ascii") as f:
                    text = f.read()
            keys.append(trail.Key(text))
            args = args[2:]
        if len(args) > 1 or args and args[0].startswith("-"):
            print(__doc__, file=sys.stderr)
            return 2
        verify(args[0] if args else directory, keys, print)
    except Unproved as e:
        print("NOT PROVED: %s" % e)
        return 3
    except (OSError, MemoryError) as e:
        print("cannot verify: %s" % e, file=sys.stderr)
        return 4
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError,
            struct.error) as e:
        print("NOT PROVED: not a bundle as it should be: %r" % e)
        return 3
    print("all of it is proved")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
