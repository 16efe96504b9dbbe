#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What root can do to a daemon and to what it keeps: that can be told later."""
import contextlib
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from daemontest import Daemon, wait_for
from plays import case, main
from trailtest import check, equal


def agent_events(w):
    return [e for e in w.found("search", "--since", "all", "--oldest-first",
                               "--limit", "0", "--kind", "agent,gap") if
            e["source"] == "sshtraild"]


def gaps(w):
    return [e for e in agent_events(w) if e["kind"] == "gap"]


@case
def killing_the_monitor():
    """The monitor killed: the collector says so with its last words"""
    with Daemon() as w:
        w.start()
        w.process.kill()
        w.process.wait()
        last = wait_for("the end", lambda: [
            e for e in agent_events(w) if e["kind"] == "agent.stop"])[-1]
        check("the monitor is gone" in last["reason"], last)
        w.process = None


def is_there(pid):
    with contextlib.suppress(OSError):
        with open("/proc/%d/stat" % pid) as f:
            state = f.read().rsplit(")", 1)[1].split()[0]
        # Its other threads may end behind the first one.
        return state != "Z" or len(os.listdir("/proc/%d/task" % pid)) > 1
    return False


@case
def killing_it_whole():
    """All of it killed: the next one says from when on nothing is known"""
    with Daemon() as w:
        w.start()
        was = w.pids()
        wait_for("its start", lambda: agent_events(w))
        # At once: none of them has a last word.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in was:
                os.kill(pid, number)
        w.process.wait()
        wait_for("the end of the collector", lambda: not any(
            is_there(pid) for pid in was))
        w.start()
        gap = wait_for("the gap", lambda: gaps(w))
        equal(len(gap), 1)
        check("without a word" in gap[0]["reason"], gap)
        check(gap[0]["since"] < gap[0]["until"], gap)
        w.stop()
        w.start()
        w.stop()
        equal(len(gaps(w)), 1)


@case
def removing_the_trail():
    """A part of the trail removed: verify says what is missing"""
    with Daemon() as w:
        w.start()
        w.stop()
        segments = sorted(
            os.path.join(at, name)
            for at, _, names in os.walk(os.path.join(w.dir, "trail"))
            for name in names if "checkpoint" not in name)
        check(segments, "there is a trail")
        for name in segments:
            os.remove(name)
        out = w.run("verify", expect=3).stdout
        check(b"MISSING" in out or b"TRUNCATED" in out, out)


@case
def starving_it():
    """The collector stands still: the time is told, and its losses"""
    with Daemon() as w:
        w.start()
        begin = time.monotonic()
        os.kill(w.collector(), signal.SIGSTOP)
        try:
            yield
            time.sleep(max(0, begin + 7 - time.monotonic()))
        finally:
            os.kill(w.collector(), signal.SIGCONT)
        gap = wait_for("the gap", lambda: gaps(w))
        equal(len(gap), 1)
        check("did not get on for" in gap[0]["reason"], gap)
        check("starved" in gap[0]["reason"], gap)
        check(gap[0]["since"] < gap[0]["until"], gap)
        w.stop()


sys.exit(main())
