#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person works over a real sshd on a host that has joined a hub: the hub
shows what the host shows, what terminals showed too."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import HOST, wait_for
from hubtest import Hub
from sshdtest import need_taps
from terminaltest import TAPS, Window, export, recording_host, told
from trailtest import case, check, equal, main

FACTS = ("user", "addr", "commands", "tty", "flags", "start", "end")
# Megabytes: more than one batch, while events must not wait for it.
LINES = 300000


def sessions(store):
    return sorted(tuple(str(s.get(f)) for f in FACTS) for s in store.found(
        "ls", "--all", "--limit", "1000"))


def story(store, event):
    """Ids of sessions are made with a key that each store has for itself."""
    text = store.run("show", event["session"]).stdout.decode()
    first, rest = text.split("\n", 1)
    check(first.startswith("session "), first)
    return rest


@case
def shows_what_the_host_shows():
    """Commands and a terminal with megabytes, the hub killed in between"""
    with Hub().start() as hub, recording_host(start=False) as (daemon, sshd):
        daemon.run("enroll", hub.url, hub.token(), "--name", HOST)
        daemon.start()
        need_taps(daemon, TAPS)
        window = Window(sshd, "bash -c 'stty size; seq 1 %d; echo the end'" %
                        LINES)
        equal(sshd.ssh(sshd.person, "true").returncode, 0)
        hub.kill()
        got = window.end()
        check(b"the end" in got and len(got) > 6 * LINES, len(got))
        hub.start()

        def closed(store):
            return [e for e in told(store, sshd, "channel.close")
                    if e["bytes_read"] == len(got)]
        wait_for("the recording", lambda: closed(daemon))
        wait_for("the recording at the hub", lambda: closed(hub), 60)
        wait_for("the same sessions",
                 lambda: sessions(hub) == sessions(daemon))
        check(len(sessions(hub)) >= 2, sessions(hub))

        def all_there():
            return hub.run("verify", expect=None).returncode == 0 and \
                export(hub, closed(hub)[0], expect=None) == got
        wait_for("the same bytes", all_there, 60)
        equal(story(hub, closed(hub)[0]), story(daemon, closed(daemon)[0]))
        hub.run("verify")


main()
