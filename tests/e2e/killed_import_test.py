#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Imports that are killed, and made again."""
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from authtest import many_lines, same
from trailtest import Store, case, main

SEED = int(os.environ.get("SSHTRAIL_SEED", "3"))
KILLS = int(os.environ.get("SSHTRAIL_KILLS", "100"))


def kill_imports(copies, wanted, rng):
    """Kills `wanted` imports of a log, five in each store."""
    data = many_lines(copies)
    with Store() as whole:
        path = whole.write("auth.log", data)
        begin = time.monotonic()
        whole.import_(path)
        took = time.monotonic() - begin
        expected = whole.answers()
    kills = 0
    while kills < wanted:
        with Store() as store:
            path = store.write("auth.log", data)
            for _ in range(5):
                run = subprocess.Popen(store.command("import", path),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(rng.uniform(0, took))
                run.send_signal(signal.SIGKILL)
                kills += run.wait() == -signal.SIGKILL
                trail = os.path.join(store.dir, "trail")
                if os.path.isdir(trail) and os.listdir(trail):
                    store.run("verify")
            store.run("import", path)
            store.run("verify")
            same(store.answers(), expected, "killed")
            store.run("reindex")
            same(store.answers(), expected, "killed, index made again")


@case
def killed_import():
    """SIGKILL at any moment, then again: nothing lost, nothing doubled"""
    rng = random.Random(SEED)
    # Enough for a second segment of the trail, then many moments of a small one.
    kill_imports(60, KILLS // 5, rng)
    kill_imports(15, KILLS - KILLS // 5, rng)


if __name__ == "__main__":
    sys.exit(main())
