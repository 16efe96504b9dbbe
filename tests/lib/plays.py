# SPDX-License-Identifier: Apache-2.0
"""Test cases of two parts: what is done, up to a `yield`, and behind it what
must be seen of it. All first parts are played side by side before any second
part looks, so that what takes time to be seen is waited for once."""
import concurrent.futures
import inspect

import trailtest

AT_ONCE = 4

_plays = []


class _Play:
    def __init__(self, function):
        self.parts, self.future = function(), None

    def look(self):
        self.future.result()
        next(self.parts, None)


def case(function):
    """Registers one. Without a `yield` it is run as it is, in its turn."""
    if not inspect.isgeneratorfunction(function):
        return trailtest.case(function)
    play = _Play(function)
    _plays.append(play)

    def look():
        play.look()
    look.__doc__ = function.__doc__
    return trailtest.case(look)


def main():
    # The last first: that is how a long time passes until it looks.
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for play in reversed(_plays):
            play.future = pool.submit(next, play.parts)
    return trailtest.main()
