# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: the table of figures, and the release build."""
import math
import os
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class Table:
    def __init__(self):
        self.rows = []

    def add(self, figure, measured, target="", ratio=None):
        """ratio: how many times the target is met; None: just told."""
        verdict = "" if ratio is None else "ok" if ratio >= 1 else "SHORT"
        self.rows.append((figure, measured, target,
                          "" if ratio is None else "%.2f" % ratio, verdict))
        if ratio is not None and not (math.isfinite(ratio) and ratio >= 0):
            sys.exit("%s: no number" % figure)
        print("... %s: %s" % (figure, measured), file=sys.stderr)

    def at_least(self, figure, value, least, unit, note=""):
        self.add(figure, "%.3g %s%s" % (value, unit, note),
                 ">= %g %s" % (least, unit), value / least)

    def at_most(self, figure, value, most, unit, note=""):
        self.add(figure, "%.3g %s%s" % (value, unit, note),
                 "<= %g %s" % (most, unit), most / max(value, 1e-9))

    def all_of(self, figure, found, n):
        """Nothing less than all is right."""
        self.add(figure, "%d of %d" % (found, n), "all", found / n)

    def print(self):
        titles = ("figure", "measured", "target", "ratio", "")
        widths = [max(len(r[i]) for r in self.rows + [titles])
                  for i in range(5)]
        for row in [titles] + self.rows:
            print("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip())

    def short(self):
        return [r[0] for r in self.rows if r[4] == "SHORT"]


class Processes:
    """What these processes take of the host."""

    def __init__(self, *pids):
        self.pids = pids

    def cpu(self):
        """Seconds of processor time so far, of the threads that run."""
        total = 0
        for pid in self.pids:
            tasks = "/proc/%d/task" % pid
            for tid in os.listdir(tasks):
                with open("%s/%s/schedstat" % (tasks, tid)) as f:
                    total += int(f.read().split()[0])
        return total / 1e9

    def memory(self):
        """Bytes of memory; what is mapped twice or shared counts once."""
        total = 0
        for pid in self.pids:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total += sum(int(line.split()[1]) * 1024 for line in f
                             if line.startswith("Pss:"))
        return total


class Peak(threading.Thread):
    """The most memory that they had while they worked."""

    def __init__(self, processes):
        super().__init__(daemon=True)
        self.processes, self.bytes = processes, 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.2):
            self.bytes = max(self.bytes, self.processes.memory())

    def end(self):
        self.over.set()
        self.join()
        return self.bytes


def make_build(targets, build=None):
    """A build directory that has these targets: `build`, where what is missing
    is built, or else the release build at the top, made and kept up to date."""
    own = build is None
    build = os.path.abspath(build or os.path.join(ROOT, "build-bench"))
    if own and not os.path.exists(os.path.join(build, "build.ninja")):
        # As quickstart builds.
        subprocess.run(["meson", "setup", "--buildtype=release", "-Db_lto=true",
                        build, ROOT], check=True, stdout=sys.stderr)
    missing = [t for t in targets
               if own or not os.path.exists(os.path.join(build, t))]
    if missing and subprocess.run(["ninja", "-C", build, *missing],
                                  stdout=sys.stderr).returncode:
        sys.exit("%s: %s could not be built there, see above" % (
            build, ", ".join(missing)))
    return build
