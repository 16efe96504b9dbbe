#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bundles of evidence prove themselves to who has nothing else: the program
that comes with each of them accepts it, and refuses whatever is changed in it,
also by somebody who signs a new manifest for what he changed."""
import base64
import contextlib
import hashlib
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "verifier"))
sys.dont_write_bytecode = True
import ed25519
import verify_trail as trail
from authtest import LINES
from daemontest import wait_for
from hubtest import Host, Hub, wait_arrived
from trailtest import SSHTRAIL, Store, case, check, equal, main


def verify(bundle, *args):
    """By its own program, alone with it: status, and what it says."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c",
         "import sys, runpy; sys.path.insert(0, sys.argv[1]); "
         "sys.argv = sys.argv[2:]; "
         "runpy.run_path(sys.argv[0], run_name='__main__')",
         bundle, os.path.join(bundle, "verify_evidence.py"), *args],
        capture_output=True, text=True, timeout=300)
    check(done.returncode in (0, 3), done.stderr)
    return done.returncode, done.stdout


def proved(bundle, *args):
    status, said = verify(bundle, *args)
    equal(status, 0, said)
    return said


class Signer:
    """The key of a store, in the hands of a forger."""

    def __init__(self, directory):
        with open(os.path.join(directory, "keys", "host.key")) as f:
            seed = base64.b64decode(f.read().strip().split("+", 4)[4])[1:]
        digest = hashlib.sha512(seed).digest()
        a = int.from_bytes(digest[:32], "little")
        self.a = a & (1 << 254) - 8 | 1 << 254
        self.prefix = digest[32:]
        self.public = self.encode(self.a)

    @staticmethod
    def encode(n):
        x, y, z, _ = ed25519.multiply(n, ed25519.BASE)
        inverse = pow(z, ed25519.P - 2, ed25519.P)
        x, y = x * inverse % ed25519.P, y * inverse % ed25519.P
        return (y | (x & 1) << 255).to_bytes(32, "little")

    def sign(self, text):
        number = lambda *parts: int.from_bytes(
            hashlib.sha512(b"".join(parts)).digest(), "little") % ed25519.L
        r = number(self.prefix, text)
        point = self.encode(r)
        s = (r + number(point, self.public, text) * self.a) % ed25519.L
        return point + s.to_bytes(32, "little")

    def note(self, origin, size, root):
        body = b"%s\n%d\n%s\n" % (origin, size, base64.b64encode(root))
        key = trail.sha256(origin + b"\n\1" + self.public)[:4]
        return body + "\n\u2014 ".encode() + origin + b" " + \
            base64.b64encode(key + self.sign(body)) + b"\n"

    def list_anew(self, bundle):
        """A manifest of what lies there now."""
        manifest = bundle.json("manifest.json")
        origin = bundle.read("manifest.note").split(b"\n")[0]
        manifest["files"] = [
            {"name": f["name"], "size": len(bundle.read(f["name"])),
             "sha256": hashlib.sha256(bundle.read(f["name"])).hexdigest()}
            for f in manifest["files"] if os.path.exists(bundle.at(f["name"]))]
        text = json.dumps(manifest).encode()
        bundle.write("manifest.json", text)
        bundle.write("manifest.note",
                     self.note(origin, len(text), trail.sha256(text)))


class Bundle:
    """A copy to be spoiled."""

    def __init__(self, original, where):
        self.path = shutil.copytree(original, where)

    def at(self, name):
        return os.path.join(self.path, name)

    def read(self, name):
        with open(self.at(name), "rb") as f:
            return f.read()

    def json(self, name):
        return json.loads(self.read(name))

    def write(self, name, data):
        with open(self.at(name), "wb") as f:
            f.write(data)

    def change(self, name, by):
        self.write(name, by(self.read(name)))


def files_of(top):
    return sorted(os.path.relpath(os.path.join(at, name), top)
                  for at, _, names in os.walk(top) for name in names)


def places_of(bundle):
    """The directory of each chain."""
    with open(os.path.join(bundle, "manifest.json")) as f:
        return {c["chain"]: c["directory"] for c in json.load(f)["chains"]}


def flip(at):
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def frames_of(data):
    at, found = 0, []
    while at < len(data):
        length, = struct.unpack_from("<I", data, at)
        found.append(data[at:at + length])
        at += length
    return found


def resum(frame):
    crc = trail.crc32c(frame[:4] + frame[8:])
    return frame[:4] + struct.pack("<I", crc) + frame[8:]


def without_frame(n):
    def change(data):
        found = frames_of(data)
        del found[n]
        return b"".join(found)
    return change


def changed_frame(n, at=-3):
    """Another byte in its payload, and its sum as it must be then."""
    def change(data):
        found = frames_of(data)
        frame = bytearray(found[n])
        frame[at] ^= 1
        found[n] = resum(bytes(frame))
        return b"".join(found)
    return change


def other_digit(data):
    """The first digit of the last line's hash."""
    lines = data.split(b"\n")
    hidden = [i for i, line in enumerate(lines) if line.startswith(b"hidden")]
    words = lines[hidden[0]].split(b" ")
    words[3] = (b"B" if words[3][:1] == b"A" else b"A") + words[3][1:]
    lines[hidden[0]] = b" ".join(words)
    return b"\n".join(lines)


def next_size(data):
    lines = data.split(b"\n")
    lines[1] = b"%d" % (int(lines[1]) + 1)
    return b"\n".join(lines)


def last_signature(data):
    """A byte within the signature in the last line."""
    head, _, raw = data.rstrip(b"\n").rpartition(b" ")
    return head + b" " + base64.b64encode(flip(30)(base64.b64decode(raw))) + \
        b"\n"


def fill(store):
    """Logins, and a terminal that showed something."""
    log = store.write("auth.log", LINES)
    cast = store.write("a.cast", b"".join(
        [b'{"version": 2, "width": 80, "height": 24, "timestamp": 1790000000}'
         b"\n"] +
        [b'[%d.0, "o", "line %d\\r\\n"]\n' % (i, i) for i in range(50)]))
    store.import_("--host", "web", log)
    store.import_("--host", "web", cast)


def export(store, name, *args, **kwargs):
    out = os.path.join(store.top, name)
    store.run("export", *args, "--evidence", "-o", out, **kwargs)
    return out


def by_hand(bundle):
    """What the commands say that README.txt gives."""
    with open(os.path.join(bundle, "README.txt")) as f:
        text = f.read()
    commands = text[text.index("     n=chain1"):text.index("   The text: a")]
    commands = commands.replace("/tmp/", os.path.dirname(bundle) + "/")
    return subprocess.run(["sh", "-ec", commands], cwd=bundle, text=True,
                          check=True, capture_output=True).stdout


def session_with_recording(store):
    return next(s["session"] for s in store.sessions("--local")
                if s["start"] == "2026-09-21T14:13:20.000000Z")


@case
def proves_itself():
    """A directory and a tar file hold the same, and prove all that they hold"""
    with Store() as store:
        fill(store)
        key = "@" + os.path.join(store.dir, "keys", "host.pub")
        out = export(store, "all")
        said = proved(out, "--key", key)
        check("recording 1 of recordings:import:web: event" in said, said)
        check("vouches for it" in said, said)
        wanted = [e for e in store.events("--limit", "100000")
                  if e["kind"] != "reveal"]
        lines = [json.loads(line) for n in ("chain1", "chain2") for line in
                 (open(os.path.join(out, n, "events.jsonl"))
                  if os.path.exists(os.path.join(out, n, "events.jsonl"))
                  else ())]
        equal(sorted((e["seq"], e["event"]["time"]) for e in lines),
              sorted((e["seq"], e["time"]) for e in wanted))
        if shutil.which("openssl"):
            equal(by_hand(out).split("\n")[-2],
                  "Signature Verified Successfully")
        # Only when it was made differs.
        out = export(store, "web", "--host", "web")
        tar = export(store, "all.tar", "--host", "web")
        again = os.path.join(store.top, "again")
        with tarfile.open(tar) as f:
            check(all(m.isfile() and m.uid == 0 and m.mode == 0o600
                      for m in f.getmembers()), "members")
            f.extractall(again)
        proved(again)
        for name in files_of(again):
            if name.startswith(("chain", "keys")):
                with open(os.path.join(out, name), "rb") as one, \
                        open(os.path.join(again, name), "rb") as two:
                    equal(one.read() == two.read(), True, name)
        equal(files_of(out), files_of(again))
        # One session: little of the chain, and no more of its recordings.
        session = session_with_recording(store)
        few = export(store, "few", session)
        said = proved(few)
        equal({e["kind"] for e in map(json.loads, open(os.path.join(
            few, "chain1", "events.jsonl"))) for e in [e["event"]]} -
              {"channel.open", "channel.close", "session.open",
               "session.close"}, set())
        check("recording 1 of" in said, said)
        told = store.events("--kind", "reveal")
        equal([e["cmd"] for e in told], ["sshtrail export --evidence"] * 4)
        check(session in told[-1]["text"], told)
        store.run("verify")


@case
def refuses():
    """What cannot be is told, and nothing is left of it"""
    with Store() as store:
        fill(store)
        for args, why in (
                (["-o", "{top}/a.tar", "-F", "cef"], "form of its own"),
                (["-o", "{top}/a.tar", "--sessions"], "form of its own"),
                ([], "with --output")):
            done = store.run("export", "--evidence", *[
                a.format(top=store.top) for a in args], expect=2)
            check(why.encode() in done.stderr, done.stderr)
        for name in ("a.tar", "a"):
            with open(os.path.join(store.top, name), "w") as f:
                f.write("mine")
            done = store.run("export", "--evidence", "-o", f.name, expect=4)
            check(b"File exists" in done.stderr, done.stderr)
            with open(f.name) as f:
                equal(f.read(), "mine")
        out = os.path.join(store.top, "none")
        store.run("export", "--evidence", "--user", "nobody-such", "-o", out,
                  expect=1)
        check(not os.path.exists(out), "made for nothing")
        # A store that is not what was signed is no evidence.
        chain = os.path.join(store.dir, "trail", "import:web")
        segment, = (n for n in sorted(os.listdir(chain)) if ".seg" in n)
        path = os.path.join(chain, segment)
        with open(path, "rb") as f:
            data = f.read()
        header = trail.Header(data).length
        length, = struct.unpack_from("<I", data, header)
        forged = resum(flip(60)(data[header:header + length]))
        with open(path, "wb") as f:
            f.write(data[:header] + forged + data[header + length:])
        done = store.run("export", "--evidence", "-o", out, expect=4)
        check(b"import:web is not what its checkpoint says" in done.stderr,
              done.stderr)
        check(not os.path.exists(out), "left behind")


# What is changed, and what is said of it when the manifest is signed anew.
FORGERIES = (
    ("event changed", "{events}/frames", changed_frame(2),
     "not those that it signs"),
    ("event damaged", "{events}/frames", flip(100), "a frame is damaged"),
    ("frame removed", "{events}/frames", without_frame(1), "in the place of"),
    ("last frame removed", "{events}/frames", without_frame(-1), "damaged"),
    ("frame repeated", "{events}/frames",
     lambda data: data + frames_of(data)[-1], "more frames"),
    ("proof changed", "{events}/tree", other_digit, "not those that it signs"),
    ("proof cut off", "{events}/tree",
     lambda data: data[:data.rstrip(b"\n").rfind(b"\n") + 1], ""),
    ("size in the checkpoint", "{events}/checkpoint", next_size,
     "does not verify"),
    ("signature of the checkpoint", "{events}/checkpoint", last_signature,
     "does not verify"),
    ("readable event changed", "{events}/events.jsonl",
     lambda data: data.replace(b"2026", b"2025", 1), "not what frame"),
    ("readable event removed", "{events}/events.jsonl",
     lambda data: data[data.index(b"\n") + 1:], "not as many lines"),
    ("byte of the recording", "{recordings}/frames", changed_frame(0),
     "not those that it signs"),
    ("part of the recording", "{recordings}/frames", without_frame(0), ""),
    ("key", "keys/store.pub", lambda data: data[:-6] + b"AAAA=\n", ""),
)


def refused(bundle, why):
    status, said = verify(bundle.path)
    equal(status, 3, said)
    check("NOT PROVED" in said and why in said, said)


@case
def every_change_is_found():
    """What is changed is refused; also when a new manifest is signed for it"""
    with Store() as store:
        fill(store)
        signer = Signer(store.dir)
        out = export(store, "out", "--kind", "auth,channel", "--limit", "10")
        about = places_of(out)
        places = {"events": about["import:web"],
                  "recordings": about["recordings:import:web"]}
        # The forger's own manifest of all as it is, is no forgery.
        same = Bundle(out, os.path.join(store.top, "same"))
        signer.list_anew(same)
        proved(same.path)
        for name in files_of(out):
            spoiled = Bundle(out, os.path.join(store.top, "spoiled"))
            spoiled.change(name, flip(os.path.getsize(spoiled.at(name)) // 2))
            if not name.endswith(".py"):
                refused(spoiled, "")
            else:
                # By a verifier that was got from elsewhere.
                done = subprocess.run(
                    [sys.executable, os.path.join(
                        HERE, "..", "verifier", "verify_evidence.py"),
                     spoiled.path], capture_output=True, text=True)
                equal(done.returncode, 3, name)
            os.unlink(spoiled.at(name))
            if not name.endswith(".py"):
                refused(spoiled, "")
            shutil.rmtree(spoiled.path)
        extra = Bundle(out, os.path.join(store.top, "extra"))
        extra.write("chain1/more", b"")
        refused(extra, "does not list it")
        for what, name, change, why in FORGERIES:
            forged = Bundle(out, os.path.join(store.top, "forged"))
            forged.change(name.format(**places), change)
            signer.list_anew(forged)
            try:
                refused(forged, why)
            except AssertionError as e:
                raise AssertionError("%s: %s" % (what, e)) from e
            shutil.rmtree(forged.path)
        with Store() as other:
            fill(other)
            key = "@" + os.path.join(other.dir, "keys", "host.pub")
            status, said = verify(out, "--key", key)
            equal((status, "none of the keys given" in said), (3, True), said)


@case
def behind_a_hole():
    """Of what retention left: the signed hole stands for what is gone"""
    with Store() as store:
        store.import_(store.write("auth.log", b"".join(
            b"2026-10-01T00:00:00.%06d+00:00 h1 sshd[%d]: Invalid user %s%d "
            b"from 192.0.2.7 port %d\n" % (i, 1000 + i, b"x" * 900, i, 1024 + i)
            for i in range(5000))))
        policy = store.write("retention.yml",
                             b"rules: ['h1 events max_bytes=1KiB']\n")
        store.run("retention", "--config", policy, "--yes")
        out = export(store, "out", "--host", "h1", "--limit", "3")
        equal(len(open(os.path.join(out, "chain1", "events.jsonl"))
                  .readlines()), 3)
        check("removed " in open(os.path.join(
            out, "chain1", "removed.checkpoint")).read(), "the hole")
        proved(out)
        signer = Signer(store.dir)
        hole = Bundle(out, os.path.join(store.top, "hole"))
        hole.change("chain1/removed.checkpoint",
                    lambda data: data.replace(b"because ", b"because not "))
        signer.list_anew(hole)
        refused(hole, "does not verify")


@case
def with_a_hub():
    """A host has the hub's cosignature, a hub that runs the host's signature"""
    with Hub() as hub, Host("web") as web:
        hub.start()
        web.enroll(hub)
        web.start()
        web.log_in(20)
        wait_arrived(hub, web)
        note = os.path.join(web.dir, "joined", "events:web.note")
        wait_for("the hub's line", lambda: os.path.exists(note))
        out = os.path.join(web.top, "evidence")
        web.run("export", "--evidence", "-o", out, "--socket", web.socket)
        said = proved(out, "--key",
                      "@" + os.path.join(web.dir, "keys", "host.pub"))
        check("and by keys/hub.pub at" in said, said)
        told = lambda: [e["cmd"] for e in web.found("search", "--kind",
                                                    "reveal")]
        wait_for("the event", told)
        equal(told(), ["sshtrail export --evidence"])
        # Where the hub runs, as its user.
        out = os.path.join(hub.top, "evidence")
        asked = lambda *args: subprocess.run(
            hub.command("export", "--evidence", "--host", "web", "-o", out,
                        *args), capture_output=True, text=True, **hub.rights)
        if hub.user:
            done = hub.run("export", "--evidence", "-o", out, expect=4)
            check(b"run this as that user" in done.stderr, done.stderr)
            check(not os.path.exists(out), "it was made")
        done = asked()
        equal(done.returncode, 0, done.stderr)
        keys = ["--key", "@" + os.path.join(hub.dir, "keys", "host.pub"),
                "--key", "@" + os.path.join(web.dir, "keys", "host.pub")]
        said = proved(out, *keys)
        check(", and by keys/store.pub at" in said, said)
        proved(out, *keys[:2])
        # What the hub itself told of the host, the host has not signed.
        status, said = verify(out, *keys[2:])
        equal((status, "events:hub: none of the keys" in said), (3, True),
              said)
        signer, places = Signer(hub.dir), places_of(out)
        for change in (last_signature, next_size):
            forged = Bundle(out, os.path.join(hub.top, "forged"))
            forged.change(places["events:web"] + "/writer.note", change)
            signer.list_anew(forged)
            refused(forged, "does not verify")
            shutil.rmtree(forged.path)
        hub.stop()
        hub.start()
        equal([(e["cmd"], e["source"]) for e in hub.found(
            "search", "--kind", "reveal", "--since", "all")
            if e["source"] == "sshtrail"],
              [("sshtrail export --evidence", "sshtrail")])
        web.stop()
        hub.stop()
        hub.run("verify")


def profile(hub, account, *role):
    """The command line of who asks the hub as this account."""
    if role:
        equal(hub.hub("account", account, *role).returncode, 0)
    token = hub.hub("api-token", account).stdout
    env = dict(os.environ, TZ="UTC0",
               XDG_CONFIG_HOME=os.path.join(hub.top, "config-" + account))

    def run(*args, told=""):
        return subprocess.run([SSHTRAIL, *args], env=env, input=told,
                              text=True, capture_output=True, timeout=120)
    done = run("login", hub.url, "--name", "h", told=token)
    equal(done.returncode, 0, done.stderr)
    return lambda *args: run("--hub", "h", *args), token.strip()


@contextlib.contextmanager
def slow(hub, token, path):
    """Somebody who asks, takes what comes first, and no more."""
    context = ssl.create_default_context(
        cafile=os.path.join(hub.dir, "hub", "ca.crt"))
    with socket.socket() as s:
        # So little that the hub has to wait for us.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", hub.port))
        with context.wrap_socket(s, server_hostname="localhost") as tls:
            tls.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\n"
                         "Authorization: Bearer %s\r\n\r\n" %
                         (path, token)).encode())
            check(b" 200 " in tls.recv(64), "refused")
            yield


def told_of_evidence(hub):
    return [e["reason"] for e in hub.found(
        "search", "--all", "--kind", "view", "--limit", "1000")
        if e["op"] == "evidence" and "reason" in e]


@case
def through_a_hub():
    """A bundle fetched from elsewhere is that of the hub's store"""
    with Hub() as hub, Host("web") as web:
        hub.start()
        web.enroll(hub)
        web.start()
        web.log_in(4000)
        wait_arrived(hub, web)
        web.stop()
        ask, token = profile(hub, "admin")
        near, far, tar = (os.path.join(hub.top, name)
                          for name in ("near", "far", "far.tar"))
        # What the host says at its end may come while we look.
        which = ("--evidence", "--host", "web", "--kind", "auth.ok")
        done = subprocess.run(
            hub.command("export", *which, "-o", near),
            capture_output=True, text=True, **hub.rights)
        equal(done.returncode, 0, done.stderr)
        for out in far, tar:
            done = ask("export", *which, "-o", out)
            equal(done.returncode, 0, done.stderr)
            check("with their proof, not masked" in done.stderr, done.stderr)
        unpacked = os.path.join(hub.top, "unpacked")
        with tarfile.open(tar) as f:
            check(all(m.isfile() and m.uid == 0 and m.mode == 0o600
                      for m in f.getmembers()), "members")
            f.extractall(unpacked)
        keys = ["--key", "@" + os.path.join(hub.dir, "keys", "host.pub"),
                "--key", "@" + os.path.join(web.dir, "keys", "host.pub")]
        for out in far, unpacked:
            proved(out, *keys)
            equal(files_of(out), files_of(near))
            place = places_of(out)["events:web"]
            for name in ("frames", "events.jsonl"):
                equal(open(os.path.join(out, place, name), "rb").read() ==
                      open(os.path.join(near, places_of(near)["events:web"],
                                        name), "rb").read(), True, name)
        # What is not there, who may not, and where it cannot be.
        none = os.path.join(hub.top, "none")
        equal(ask("export", "--evidence", "--user", "nobody-such", "-o",
                  none).returncode, 1)
        viewer, _ = profile(hub, "v", "--role", "viewer", "--host", "web")
        done = viewer("export", "--evidence", "-o", none)
        equal(done.returncode, 4)
        check("403" in done.stderr and "ask an auditor" in done.stderr,
              done.stderr)
        check(not os.path.exists(none), "made for nothing")
        done = ask("export", "--evidence", "-o", far)
        equal(done.returncode, 4)
        check("File exists" in done.stderr, done.stderr)
        # All that is told, also when it breaks off.
        # Who is slow holds up no question, and two are all that one may.
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(
                    slow(hub, token, "/api/v1/evidence?host=web"))
            equal(ask("ls", "--all").returncode, 0)
            done = ask("export", "--evidence", "-o", none)
            equal(done.returncode, 4)
            check("try again later" in done.stderr, done.stderr)
        wait_for("their end", lambda: sum(
            r.startswith("broken off")
            for r in told_of_evidence(hub)) >= 2)
        check(any(r.startswith("all of it: ") for r in told_of_evidence(hub)),
              told_of_evidence(hub))
        check("sshtrail --hub export --evidence" in [
            e.get("cmd") for e in hub.found(
                "search", "--all", "--kind", "reveal")], "not told")
        hub.stop()
        hub.run("verify")
        done = ask("export", "--evidence", "-o", none)
        equal(done.returncode, 4)
        check(not os.path.exists(none), "left behind")


sys.exit(main())
