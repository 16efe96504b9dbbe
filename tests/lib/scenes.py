# SPDX-License-Identifier: Apache-2.0
"""Scenes: what people do over SSH, each from an address of its own, side by
side under one sshd and one sshtraild, and what sshtrail tells of them."""
import concurrent.futures
import contextlib
import os
import subprocess

import trailtest
from daemontest import HOST, Daemon, wait_for, waits_of
from sshdtest import Sshd, need_programs, run
from trailtest import Known, Skip, check, equal

OTHERS = "journal: off, wtmp: off, btmp: off"
# What a run captures with, by its name on the command line.
TAPS = {"audit": "audit: auto, bpf: off, " + OTHERS,
        "bpf": "audit: off, bpf: auto, " + OTHERS,
        "both": "audit: auto, bpf: auto, " + OTHERS}
RULES = [
    "-S execve,execveat",
    "-S connect -F success=1 -F a2=16",
    # sshd does not wait for the connections of its forwards.
    "-S connect -F exit=-EINPROGRESS -F a2=16",
    "-S connect -F exit=-EINPROGRESS -F a2=28",
    "-S connect -F success=1 -F a2=28",
    "-S bind -F success=1 -F a2=16",
    "-S bind -F success=1 -F a2=28",
]
AT_ONCE = 4
# For what is known not to come: many times what it takes where it comes.
KNOWN_SECONDS = 10

_scenes = []


def scene(name, fails=None, last=False):
    """Registers a scene. `fails`: why what it wants is not so yet; `last`: it
    disturbs others and comes behind them, alone."""
    def register(function):
        _scenes.append((name, fails, last, function))
        return function
    return register


class Audit:
    """Audit with our rules, and as it was before."""

    def __init__(self):
        need_programs("auditctl")
        try:
            was = run("auditctl", "-s")
        except RuntimeError as error:
            raise Skip("the kernel's audit is not available: %s" % error)
        self.was = dict(line.split(maxsplit=1) for line in was.splitlines())
        if self.was["pid"] != "0":
            raise Skip("an audit daemon runs here already")
        if not run("auditctl", "-l").startswith("No rules"):
            raise Skip("audit rules are loaded already")

    def __enter__(self):
        run("auditctl", "-e", "1", "-b", "16384")
        run("auditctl", "--backlog_wait_time", "0")
        for rule in RULES:
            run("auditctl", "-a", "always,exit", "-F", "arch=b64",
                *rule.split(), "-F", "auid!=unset", "-k", "st")
        return self

    def __exit__(self, *_):
        run("auditctl", "-D")
        run("auditctl", "-e", self.was["enabled"], "-b",
            self.was["backlog_limit"])
        run("auditctl", "--backlog_wait_time",
            self.was.get("backlog_wait_time", "0"))


class World:
    """What the scenes share. Its users: ann, bob and sam, who may use sudo."""

    def __init__(self, taps):
        self.taps = taps
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with self.stack:
            if "audit: auto" in TAPS[self.taps]:
                self.stack.enter_context(Audit())
            self.daemon = self.stack.enter_context(Daemon(TAPS[self.taps]))
            self.daemon.configure(TAPS[self.taps],
                                  "commit: {interval: 100ms}\n")
            self.daemon.start()
            for tap in self.daemon.status()["taps"]:
                if tap["tap"] == self.taps and not tap["open"]:
                    raise Skip(tap["note"])
            listen = ["127.0.0.1"]
            if os.path.exists("/proc/net/if_inet6"):
                listen.append("::1")
            self.sshd = self.stack.enter_context(Sshd(
                self.daemon.log, "X11Forwarding yes\nX11UseLocalhost yes\n",
                listen))
            for name in ("ann", "bob", "sam"):
                setattr(self, name, self.sshd.user("st-" + name))
            self._let_use_sudo(self.sam)
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _let_use_sudo(self, user):
        path = "/etc/sudoers.d/sshtrail-test"
        with open(path, "w") as f:
            f.write("%s ALL=(ALL) NOPASSWD: ALL\n" % user.name)
        os.chmod(path, 0o440)
        self.stack.callback(os.unlink, path)


class Scene:
    """One scene's view of the world."""

    def __init__(self, world, number):
        self.world, self.number = world, number
        self.daemon, self.sshd = world.daemon, world.sshd
        self.ann, self.bob, self.sam = world.ann, world.bob, world.sam
        self.addr = "127.0.20.%d" % (number + 1)

    def path(self, name):
        """Of a file of this scene."""
        return self.sshd.path("%d-%s" % (self.number, name))

    def file(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def ssh(self, user, *words, expect=0, **kwargs):
        """What came on its standard output."""
        kwargs.setdefault("addr", self.addr)
        done = self.sshd.ssh(user, *words, **kwargs)
        if expect is not None:
            equal(done.returncode, expect, done.stderr)
        return done.stdout

    def program(self, program, user, *words, stdin=None):
        """scp, sftp ... as this user."""
        done = subprocess.run(
            [program, *self.sshd.options(user, addr=self.addr), *words],
            input=stdin, capture_output=True, timeout=120)
        equal(done.returncode, 0, done.stderr)
        return done.stdout

    def terminal(self, user, *words, **kwargs):
        kwargs.setdefault("addr", self.addr)
        return self.sshd.terminal(user, *words, **kwargs)

    def rows(self, *args):
        return self.daemon.found(*args, "--all", "--limit", "10000")

    def sessions(self, n=1, ended=True, addr=None):
        """Of this scene's address, in the order they began, when they are
        there, tied to the kernel's session, and over."""
        last = []

        def look():
            last[:] = self.rows("ls", "--reverse", "--from",
                                addr or self.addr)
            return len(last) >= n and all(
                s["ses"] is not None and (s["end"] or not ended) for s in last)
        try:
            wait_for("%d sessions" % n, look)
        except AssertionError as error:
            raise AssertionError("%s; there is %r" % (error, last))
        equal(len(last), n, "sessions: %r" % last)
        return last

    def session(self, user, ended=True, addr=None, **fields):
        """The only one, with what holds of all."""
        got, = self.sessions(ended=ended, addr=addr)
        want = {"host": HOST, "user": getattr(user, "name", user),
                "addr": addr or self.addr, "method": "publickey", **fields}
        if user in (self.ann, self.bob, self.sam):
            want["auid"] = user.uid
            if want["method"] == "publickey" and "fp" not in want:
                want["fp"] = user.fingerprint
        equal({k: got[k] for k in want}, want, "session")
        check(got["port"] and got["start"], got)
        return got

    def shows(self, session, *flags, **fields):
        """Of the session, by and by: what is captured by several ways comes
        in no order, its end before its last commands, too."""
        now = []

        def look():
            now[:] = [s for s in self.rows("ls", "--from", session["addr"])
                      if s["session"] == session["session"]
                      and set(flags) <= set(s["flags"])
                      and all(s[k] == v for k, v in fields.items())]
            return now
        wait_for("flags %r, %r of %r" % (flags, fields, session), look)

    def events(self, session, kind):
        return self.rows("search", "--oldest-first", "--session",
                         session["session"], "--kind", kind)

    def event(self, session, kind, **fields):
        """The first one of the session with these fields."""
        found = []

        def look():
            found[:] = self.events(session, kind)
            return [e for e in found
                    if all(e.get(k) == v for k, v in fields.items())]
        try:
            return wait_for("%s %r" % (kind, fields), look)[0]
        except AssertionError as error:
            raise AssertionError("%s; there is %r" % (error, [
                {k: e.get(k) for k in (*fields, "argv", "op", "addr", "port",
                                       "reason") if e.get(k) is not None}
                for e in found][:40]))

    def ran(self, session, *commands):
        """The commands, in this order among others."""
        want = [c.split() if isinstance(c, str) else c for c in commands]
        self.event(session, "exec", argv=want[-1])
        found = iter([e.get("argv") for e in self.events(session, "exec")])
        for argv in want:
            check(argv in found, "%r is missing, or not after those before" %
                  argv)


def _result(future, fails):
    try:
        future.result()
    except Skip:
        raise
    except Exception as error:
        if fails:
            raise Known("%s (%s)" % (fails, str(error).split("\n")[0][:200]))
        raise
    if fails:
        raise AssertionError("this is so by now: take the mark away")


def _play(function, scene, fails):
    with waits_of(KNOWN_SECONDS) if fails else contextlib.nullcontext():
        function(scene)


def _register(name, fails, get_future):
    def function():
        _result(get_future(), fails)
    function.__doc__ = name
    trailtest.case(function)


def _fail(error):
    future = concurrent.futures.Future()
    future.set_exception(error)
    return future


def main(argv):
    """All scenes; or those whose name holds argv[2]."""
    taps, wanted = argv[1], " ".join(argv[2:])
    scenes = [s for s in _scenes if wanted in s[0]]
    with contextlib.ExitStack() as stack:
        try:
            world = stack.enter_context(World(taps))
        except Skip as reason:
            for name, fails, _, _ in scenes:
                _register(name, None, lambda r=reason: _fail(r))
            return trailtest.main()
        pool = stack.enter_context(
            concurrent.futures.ThreadPoolExecutor(AT_ONCE))
        alone = concurrent.futures.ThreadPoolExecutor(1)
        stack.enter_context(alone)
        side_by_side = []
        for number, (name, fails, last, function) in enumerate(scenes):
            scene = Scene(world, number)
            if callable(fails):
                fails = fails(taps)
            if not last:
                future = pool.submit(_play, function, scene, fails)
                side_by_side.append(future)
                _register(name, fails, lambda f=future: f)
        for number, (name, fails, last, function) in enumerate(scenes):
            if last:
                _register(name, fails, lambda s=Scene(world, number),
                          f=function: alone.submit(
                              lambda: (concurrent.futures.wait(side_by_side),
                                       f(s))))
        return trailtest.main()
