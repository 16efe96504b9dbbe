# SPDX-License-Identifier: Apache-2.0
"""A few lines of TAP for tests of the program from outside."""
import sys
import traceback


class Skip(Exception):
    pass


def run(tests):
    failed = 0
    print('1..%d' % len(tests))
    for number, test in enumerate(tests, 1):
        name = test.__name__
        try:
            test()
            print('ok %d %s' % (number, name))
        except Skip as skip:
            print('ok %d %s # SKIP %s' % (number, name, skip))
        except Exception:
            failed += 1
            print('not ok %d %s' % (number, name))
            for line in traceback.format_exc().splitlines():
                print('# ' + line)
    sys.exit(1 if failed else 0)


def equal(got, expected):
    if got != expected:
        raise AssertionError('got %r, expected %r' % (got, expected))
