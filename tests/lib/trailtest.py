# SPDX-License-Identifier: Apache-2.0
"""What end-to-end tests share: run the program, compare, print TAP."""
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

SSHTRAIL = os.environ.get("SSHTRAIL", "sshtrail")
CORPUS = os.environ.get("SSHTRAIL_CORPUS", "tests/corpus")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

_cases = []


def case(function):
    """Registers a test case; its docstring is its name."""
    _cases.append(function)
    return function


class Skip(Exception):
    """The machine lacks something: the reason is shown."""


class Known(Exception):
    """It fails, for a reason that is known: shown, and no failure."""


class Store:
    """A store directory of its own, gone after the test."""

    def __init__(self, parent=None):
        self.top = tempfile.mkdtemp(prefix="sshtrail-test.", dir=parent)
        self.dir = os.path.join(self.top, "store")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def write(self, name, data):
        """A file beside the store; its path."""
        path = os.path.join(self.top, name)
        with open(path, "wb") as out:
            out.write(data)
        return path

    def command(self, *args):
        return [SSHTRAIL, args[0], "--store", self.dir, *args[1:]]

    def run(self, *args, expect=0, stdin=None, env=None):
        """Runs a subcommand; fails unless it ends with `expect`."""
        done = subprocess.run(
            self.command(*args), input=stdin, capture_output=True,
            env={**os.environ, "TZ": "UTC", **(env or {})}, timeout=600)
        if expect is not None and done.returncode != expect:
            raise AssertionError(
                "%s ended with %d, not %d:\n%s%s" % (
                    " ".join(args), done.returncode, expect,
                    done.stdout.decode(errors="replace")[-2000:],
                    done.stderr.decode(errors="replace")[-4000:]))
        return done

    def lines(self, *args, expect=0):
        """JSON objects that a subcommand prints."""
        out = self.run(*args, "--json", expect=expect).stdout
        return [json.loads(line) for line in out.splitlines()]

    def import_(self, *paths, expect=0, **kwargs):
        return json.loads(self.run("import", "--json", *paths, expect=expect,
                                   **kwargs).stdout)

    def sessions(self, *args):
        return self.lines("ls", "--since", "all", *args)

    def events(self, *args):
        return self.lines("search", "--since", "all", "--oldest-first", *args)

    def answers(self):
        """All that a store answers."""
        return {"events": _facts(
                    e for e in self.events("--limit", "100000000")
                    if not e["kind"].startswith("import.")),
                "sessions": self.told_sessions()}

    def told_sessions(self):
        """Those of answers()."""
        return _facts(self.sessions("--limit", "1000000"))


def _facts(things):
    """Ordered, without what depends on arrival, or on the secret key from
    which each store makes its ids."""
    bare = ({k: v for k, v in thing.items() if k not in (
        "seq", "src", "file_name", "id", "session", "tracks", "n_tracks")}
            for thing in things)
    return sorted(bare, key=lambda t: json.dumps(t, sort_keys=True))


def decompressed(data):
    """What lies in frames of zstd, wherever they begin."""
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
    room = ctypes.create_string_buffer(8 << 20)
    at, found = data.find(b"\x28\xb5\x2f\xfd"), b""
    while at >= 0:
        frame = data[at:at + (4 << 20)]
        n = zstd.ZSTD_findFrameCompressedSize(frame, ctypes.c_size_t(len(frame)))
        if not zstd.ZSTD_isError(ctypes.c_size_t(n)):
            got = zstd.ZSTD_decompress(room, ctypes.c_size_t(len(room)), frame,
                                       ctypes.c_size_t(n))
            if not zstd.ZSTD_isError(ctypes.c_size_t(got)):
                found += room.raw[:got]
        at = data.find(b"\x28\xb5\x2f\xfd", at + 4)
    return found


def equal(got, expected, what=""):
    if got != expected:
        raise AssertionError("%s: got %r, expected %r" % (what, got, expected))


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def main():
    failed = 0
    for number, function in enumerate(_cases, 1):
        name = (function.__doc__ or function.__name__).strip().split("\n")[0]
        try:
            function()
            print("ok %d - %s" % (number, name))
        except Skip as reason:
            print("ok %d - %s # SKIP %s" % (
                number, name, " ".join(str(reason).split())))
        except Known as reason:
            print("not ok %d - %s # TO" "DO %s" % (number, name, reason))
        except Exception:  # a test that breaks has failed
            failed += 1
            print("not ok %d - %s" % (number, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        sys.stdout.flush()
    print("1..%d" % len(_cases))
    return 1 if failed else 0
