#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person goes from a laptop to A, from there to B under an account that
several share, and becomes root there. Hub and agents are killed meanwhile. The
hub, asked from the laptop, tells one story, and all of it.

Laptop, A, B and the hub are machines on one kernel, whose programs (taps.bpf)
see the processes of all. So they run for A alone, and B's sshd has no
pam_loginuid: then the kernel knows no login of B, and A's agent sees nothing
of it. B is a host of which there is only what sshd and sudo log.

SSHTRAIL_SEED chooses who is killed when."""
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import PATIENCE, wait_for
from hubtest import Host, Hub
from machines import Machine, MachineSshd
from sshdtest import Terminal, need_login_uid, need_programs, need_taps
from trailtest import SSHTRAIL, case, check, equal, main

SEED = int(os.environ.get("SSHTRAIL_SEED", "5"))
PERSON, SHARED = "sshtrail-anna", "sshtrail-ops"
LAPTOP, A, B, HUB = ("10.214.0.%d" % n for n in (2, 3, 4, 1))
OFF = "audit: off, journal: off, wtmp: off, btmp: off, rec: off, "
SSHD = "PrintMotd no\nPrintLastLog no\n"
# What root does on B; each is told by sudo.
AS_ROOT = ["/usr/bin/id -u", "/usr/bin/head -c1 /etc/shadow", "/usr/bin/uptime",
           "/usr/bin/true last"]


class Agent(Host):
    """sshtraild on a machine."""

    def __init__(self, machine, taps):
        super().__init__(machine.name, taps=taps)
        self.under = machine.command()

    def enroll_at(self, hub):
        subprocess.run([*self.under, *self.command(
            "enroll", hub.url, hub.token(), "--name", self.name)], check=True,
            capture_output=True)


class Asker:
    """Somebody on the laptop, with a token of his own."""

    def __init__(self, machine, hub):
        self.under = machine.command()
        self.env = dict(os.environ, TZ="UTC0", XDG_CONFIG_HOME=os.path.join(
            hub.top, "laptop"))
        equal(hub.hub("account", "eve", "--role", "auditor").returncode, 0)
        token = hub.hub("api-token", "eve").stdout
        self.ask("login", hub.url, "--name", "h", token=token, hub=())

    def ask(self, *args, token="", hub=("--hub", "h")):
        done = subprocess.run([*self.under, SSHTRAIL, *hub, *args], text=True,
                              input=token, capture_output=True, env=self.env,
                              timeout=60 * PATIENCE)
        check(done.returncode in (0, 1), (args, done.stderr))
        return done.stdout

    def rows(self, *args):
        return [json.loads(line) for line in self.ask(
            *args, "--json").splitlines()]


class World:
    """All machines, what runs on them, and the two accounts."""

    def __init__(self, stack):
        enter = stack.enter_context
        router = enter(Machine("hub", HUB))
        self.laptop = enter(Machine("laptop", LAPTOP, router))
        a, b = (enter(Machine(name, address, router))
                for name, address in (("a", A), ("b", B)))
        self.hub = enter(Hub(HUB, HUB))
        self.hub.under = router.command(self.hub.user)
        self.hub.start()
        self.a = enter(Agent(a, OFF + "bpf: auto"))
        self.b = enter(Agent(b, OFF + "bpf: off"))
        self.without_login_uid(b)
        for agent in (self.a, self.b):
            agent.enroll_at(self.hub)
            agent.start()
        need_taps(self.a, "bpf: auto")
        self.on_a = enter(MachineSshd(a, self.a.log, SSHD))
        self.on_b = enter(MachineSshd(b, self.b.log, SSHD))
        self.person = self.on_a.user(PERSON)
        self.shared = self.on_b.user(SHARED)
        self.may_become_root(b)
        self.may_hop()

    def without_login_uid(self, machine):
        with open("/etc/pam.d/sshd") as f:
            lines = [line for line in f if "pam_loginuid" not in line]
        machine.own("/etc/pam.d/sshd", self.b.write(
            "pam-sshd", "".join(lines).encode()))

    def may_become_root(self, machine):
        top = os.path.join(self.b.top, "sudoers.d")
        os.mkdir(top)
        with open(os.path.join(top, "ops"), "w") as f:
            f.write("%s ALL=(ALL) NOPASSWD: ALL\n" % SHARED)
        os.chmod(f.name, 0o440)
        machine.own("/etc/sudoers.d", top, 0o755)

    def may_hop(self):
        """The person has a key on A."""
        key = self.person.write(".ssh/id_inner", "", 0o600)
        shutil.copyfile(self.shared.key, key)
        self.person.write(
            ".ssh/config", "Host b\nHostname %s\nPort %d\nUser %s\n"
            "IdentityFile %s\nStrictHostKeyChecking no\nLogLevel ERROR\n" % (
                B, self.on_b.port, SHARED, key), 0o600)

    def log_in(self):
        return Terminal([*self.laptop.command(), *self.on_a.command(
            self.person, at=A, options=("-tt",))])


class Killer:
    """Kills, by a seed, and lets what it killed come back some steps later.
    A's agent is back at once: its programs in the kernel end with it, and
    nobody else tells of commands."""

    def __init__(self, world, rng):
        self.rng, self.hub = rng, world.hub
        self.victims = {"hub": world.hub, "a": world.a, "b": world.b}
        self.down, self.killed = set(), []

    def strike(self):
        for name, victim in self.victims.items():
            if name in self.down:
                if self.rng.random() < 0.6:
                    self.back(name)
            elif self.rng.random() < 0.6:
                time.sleep(self.rng.uniform(0, 0.2))
                victim.kill()
                self.killed.append(name)
                self.down.add(name)
                if name == "a":
                    self.back(name)

    def back(self, name):
        self.victims[name].start()
        self.down.remove(name)

    def all_back(self):
        """Whoever was spared is killed now."""
        for name in sorted(set(self.victims) - set(self.killed)):
            self.victims[name].kill()
            self.killed.append(name)
            self.down.add(name)
        for name in sorted(self.down):
            self.back(name)
        print("# killed: " + " ".join(self.killed), flush=True)


def told(store, kind, **facts):
    return [e for e in store.found("search", "--all", "--kind", kind,
                                   "--limit", "10000")
            if all(e.get(k) == v for k, v in facts.items())]


def work(world, killer):
    """What the person does; killed are hub and agents between any two steps.
    A's agent is not killed before it has told what it alone can see."""
    with world.log_in() as terminal:
        wait_for("the login on A", lambda: told(world.a, "auth.ok",
                                                user=PERSON))
        killer.strike()
        terminal.say("ssh b")
        wait_for("the way to B", lambda: told(
            world.a, "net.connect", port=world.on_b.port))
        for command in AS_ROOT:
            killer.strike()
            terminal.say("sudo " + command)
        killer.strike()
        terminal.say("sudo -i", until="# ")
        terminal.say("exit")
        killer.strike()
        terminal.say("exit")
        terminal.leave()


SAME = ("time", "host", "kind", "user", "addr", "port", "pid", "argv", "cmd",
        "sport", "dport", "trust", "source")


def check_store(world):
    """The hub has what each host has, once, and its trees are whole."""
    for agent in (world.a, world.b):
        def of(store):
            """What the hub itself adds of a host, as its joining, is left
            out."""
            return sorted(json.dumps([e.get(f) for f in SAME])
                          for e in store.found("search", "--all", "--limit",
                                               "100000", "--host", agent.name)
                          if e["source"] != "sshtrail-hub")
        wait_for("all of %s at the hub" % agent.name,
                 lambda: of(world.hub) == of(agent), 20)
        agent.run("verify")
    world.hub.run("verify")


def check_story(rows):
    """A session on A with the laptop's address, from it by its port one on B,
    and what root did there, each once, in order."""
    sessions = {r["host"]: r for r in rows if "kind" not in r}
    events = [r for r in rows if "kind" in r]
    equal(sorted(sessions), ["a", "b"], rows)
    outer, inner = sessions["a"], sessions["b"]
    equal((outer["user"], outer["addr"]), (PERSON, LAPTOP))
    equal((inner["user"], inner["addr"]), (SHARED, A))
    equal((inner.get("hop"), inner.get("hop_from")), ("port", outer["session"]))
    equal([e["time"] for e in events], sorted(e["time"] for e in events))
    steps = [(e["host"], e["kind"]) for e in events
             if e["kind"] in ("auth.ok", "net.connect", "priv") or
             e.get("argv") == ["ssh", "b"]]
    equal(steps, [("a", "auth.ok"), ("a", "exec"), ("a", "net.connect"),
                  ("b", "auth.ok")] + [("b", "priv")] * (len(AS_ROOT) + 1))
    equal([e["port"] for e in events if e["kind"] == "auth.ok"],
          [outer["port"], inner["port"]])
    done = [e["cmd"] for e in events if e["kind"] == "priv"]
    equal(done[:-1], AS_ROOT)
    check("bash" in done[-1], done)


def check_all(world):
    check_store(world)
    asker = Asker(world.laptop, world.hub)
    print("# " + asker.ask("story", PERSON, "--all").replace("\n", "\n# "))
    rows = asker.rows("story", PERSON, "--all")
    check_story(rows)
    for row in rows:
        if "kind" not in row:
            check_story(asker.rows("story", row["session"]))
            check(asker.ask("show", row["session"]), row)
    equal(sorted(s["host"] for s in asker.rows("ls", "--all")
                 if s["user"] in (PERSON, SHARED)), ["a", "b"])
    found = asker.rows("search", "--all", "--user", SHARED, "--kind", "priv")
    equal(len(found), len(AS_ROOT) + 1, found)


@case
def one_story():
    """Laptop, A, B, root: one story, while all that keeps it is killed"""
    print("# SSHTRAIL_SEED=%d" % SEED, flush=True)
    need_login_uid()
    need_programs("sudo")
    with contextlib.ExitStack() as stack:
        world = World(stack)
        killer = Killer(world, random.Random(SEED))
        work(world, killer)
        killer.all_back()
        check_all(world)


main()
