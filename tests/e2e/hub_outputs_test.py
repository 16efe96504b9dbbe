#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hub runs its outputs: what it knows arrives, whatever ends or fails."""
import json
import os
import signal
import ssl
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import ServiceManager, wait_for
from forwardtest import free_port, lines_of
from hubtest import Hub, children_of
from trailtest import case, check, equal, main


class Forwarding:
    """A hub with outputs: `f` is a file, `dead` a server that is not there."""

    def __init__(self, hub):
        self.hub = hub
        self.dir = os.path.join(hub.top, "outputs")
        self.file = os.path.join(hub.dir, "out")
        os.mkdir(self.dir)
        with open(os.path.join(hub.top, "key"), "w") as f:
            f.write("k\n")
        os.chmod(f.name, 0o640)
        if hub.user:
            os.chown(f.name, os.stat(hub.dir).st_uid, -1)
        self.add("f", "type: file\nfile: {path: %s}\npoll: 50ms\n" % self.file)
        self.add("dead", "type: webhook\nhttp: {url: \"http://127.0.0.1:%d/\", "
                 "secret_file: %s}\nretry: 100ms\n" % (free_port(), f.name))
        with open(hub.config, "a") as f:
            f.write("outputs: {config: %s, program: %s}\n" % (
                self.dir, hub.cli))

    def add(self, name, text):
        with open(os.path.join(self.dir, name + ".yml"), "w") as f:
            f.write(text)

    def starts(self):
        """How often the file tells that the hub was started."""
        return sum(json.loads(l)["kind"] == "agent.start"
                   for l in lines_of(self.file))

    def ask(self, path, **headers):
        context = ssl.create_default_context(
            cafile=os.path.join(self.hub.dir, "hub", "ca.crt"))
        request = urllib.request.Request(self.hub.url + path, headers=headers)
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.read().decode()

    def health(self):
        return json.loads(self.ask("/v1/health"))["outputs"]

    def metrics(self, account="admin"):
        token = self.hub.hub("api-token", account).stdout.strip()
        return dict(
            line.rsplit(" ", 1) for line in self.ask(
                "/metrics", Authorization="Bearer " + token).splitlines()
            if "output" in line and not line.startswith("#"))


def only_child(pid):
    return wait_for("a child", lambda: children_of(pid))[0]


def keeper_of(hub):
    """Below the process that starts another one when it is killed."""
    return only_child(only_child(hub.process.pid))


def gone(pid):
    return not os.path.exists("/proc/%d" % pid)


@case
def outputs_are_run():
    """They get what the hub knows, and the hub tells how they are"""
    with Hub() as hub:
        out = Forwarding(hub)
        hub.start()
        wait_for("the event", lambda: out.starts() == 1)
        wait_for("the failure", lambda: out.health() == "failing")
        wait_for("the figures", lambda: float(out.metrics().get(
            'sshtrail_hub_output_failing_seconds{output="dead"}', 0)) > 0)
        said = out.metrics()
        equal(said["sshtrail_hub_outputs_running"], "1")
        equal(said['sshtrail_hub_output_failing_seconds{output="f"}'], "0")
        check(float(said['sshtrail_hub_output_sent_total{output="f"}']) > 0,
              said)
        check(float(said['sshtrail_hub_output_behind_events{output="dead"}'])
              > 0, said)
        hub.hub("account", "v", "--role", "viewer", "--host", "web-01")
        equal(out.metrics("v"), {})
        check("dead: cannot forward" in hub.said(), hub.said())
        keeper = keeper_of(hub)
        program = only_child(keeper)
        hub.stop()
        check(gone(program), "it is left")
        wait_for("the keeper's end", lambda: gone(keeper))


@case
def whatever_ends():
    """A forwarder that is killed begins again; none outlives its hub"""
    with Hub() as hub:
        out = Forwarding(hub)
        os.unlink(os.path.join(out.dir, "dead.yml"))
        hub.start()
        wait_for("the event", lambda: out.starts() == 1)
        keeper = keeper_of(hub)
        program = only_child(keeper)
        os.kill(program, signal.SIGKILL)
        wait_for("another", lambda: children_of(keeper) not in ([], [program]))
        wait_for("good", lambda: out.health() == "good")
        equal(out.metrics()["sshtrail_hub_outputs_ended_total"], "1")
        program = only_child(keeper)
        hub.kill()
        wait_for("the end", lambda: gone(keeper) and gone(program))
        hub.start()
        wait_for("the event", lambda: out.starts() == 2)
        keeper = keeper_of(hub)
        program = only_child(keeper)
        os.kill(keeper, signal.SIGKILL)
        wait_for("the end", lambda: gone(program))
        wait_for("another keeper", lambda: keeper_of(hub) != keeper)
        wait_for("good", lambda: out.health() == "good")
        hub.stop()
        # A program that is not there stops no hub.
        with open(hub.config, "r+") as f:
            text = f.read().replace(hub.cli, "/nowhere/sshtrail")
            f.seek(0)
            f.write(text)
            f.truncate()
        hub.start()
        wait_for("the news", lambda: "cannot run /nowhere" in hub.said())
        # Its news is heard before its end is seen.
        wait_for("the end", lambda: out.health() == "stopped")
        hub.stop()


@case
def reloaded():
    """SIGHUP: outputs that came are run, those that went are not; the hub
    stays. Its service manager is told of all that"""
    with Hub() as hub, ServiceManager(hub.top) as manager:
        out = Forwarding(hub)
        for name in ("f", "dead"):
            os.unlink(os.path.join(out.dir, name + ".yml"))
        with manager.called():
            hub.start()
        equal(manager.told(), "READY=1\nSTATUS=listening")
        wait_for("none", lambda: out.health() == "none")
        equal(out.metrics(), {})
        out.add("f", "type: file\nfile: {path: %s}\npoll: 50ms\n" % out.file)
        hub.process.send_signal(signal.SIGHUP)
        check(manager.told().startswith("RELOADING=1\nMONOTONIC_USEC="), "")
        equal(manager.told(), "READY=1")
        wait_for("the event", lambda: out.starts() == 1)
        wait_for("good", lambda: out.health() == "good")
        os.rename(out.dir + "/f.yml", out.dir + "/g.yml")
        hub.process.send_signal(signal.SIGHUP)
        wait_for("the event, again", lambda: out.starts() == 2)
        wait_for("its figures", lambda: any(
            'output="g"' in key for key in out.metrics()))
        said = out.metrics()
        check(not any('output="f"' in key for key in said), said)
        # It was told to end, and counts as nothing that went wrong.
        equal(said["sshtrail_hub_outputs_ended_total"], "0")
        check(manager.told().startswith("RELOADING=1\n"), "")
        equal(manager.told(), "READY=1")
        hub.stop()
        equal(manager.told(), "STOPPING=1")


main()
