# SPDX-License-Identifier: Apache-2.0
"""What tests of imported logs share: a log that sshd wrote, and whether two
stores hold the same."""
import json
import os
from collections import Counter

from trailtest import CORPUS, equal

LOG = os.path.join(CORPUS, "sshd-9.2p1-verbose", "auth.iso8601.log")
with open(LOG, "rb") as f:
    LINES = f.read()


def many_lines(copies):
    """The log again and again, each day later by one."""
    out = []
    for i in range(copies):
        day = b"2026-%02d-%02dT" % (1 + i // 28 % 12, 1 + i % 28)
        out.append(LINES.replace(b"2026-11-22T", day))
    return b"".join(out)


def same(got, expected, what):
    """Nothing lost, nothing doubled, all concluded as if it was never cut off.
    That it was is told in the trail by a gap."""
    for kind in expected:
        had, has = ([x for x in a[kind] if x.get("kind") != "gap"]
                    for a in (expected, got))
        if had == has:
            continue
        had, has = (Counter(json.dumps(x, sort_keys=True) for x in xs)
                    for xs in (had, has))
        equal(([*(has - had)][:2], [*(had - has)][:2]), ([], []),
              "%s too many, and missing, %s" % (kind, what))
