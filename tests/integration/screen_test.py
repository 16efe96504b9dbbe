# SPDX-License-Identifier: Apache-2.0
"""The terminal model against another one, @xterm/headless of npm: every row
with its colours and attributes, and the cursor, after every piece.

usage: screen_test.py SCREEN_DUMP CORPUS NODE_MODULES_PARENT
"""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
sys.path.insert(0, os.path.join(HERE, '..', 'cli'))
import screens
import tap

DUMP, CORPUS, WORK = sys.argv[1:4]
XTERM = os.path.join(HERE, 'xterm')


def modules():
    """Where the packages of the lock file are; installed when not yet."""
    place = os.path.join(WORK, 'xterm')
    lock = os.path.join(XTERM, 'package-lock.json')
    for program in 'node', 'npm':
        if not shutil.which(program):
            raise tap.Skip('%s is not installed' % program)
    mine = os.path.join(place, 'package-lock.json')
    if not os.path.exists(mine) or open(mine).read() != open(lock).read():
        os.makedirs(place, exist_ok=True)
        shutil.copy(os.path.join(XTERM, 'package.json'), place)
        partial = mine + '.new'
        shutil.copy(lock, mine)
        try:
            run = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit',
                                  '--no-fund'], cwd=place, capture_output=True,
                                 text=True, timeout=60)
            why = run.stderr.strip().split('\n')[0]
        except subprocess.TimeoutExpired:
            run, why = None, 'no answer in 60 s'
        if not run or run.returncode:
            os.rename(mine, partial)
            raise tap.Skip('npm could not fetch @xterm/headless: ' + why)
    return os.path.join(place, 'node_modules')


def screens_of(command):
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode or run.stderr:
        raise AssertionError('%s: %s' % (command[0], run.stderr[-2000:]))
    return run.stdout.split('\n')


def compare(name, path, history):
    """None, or where they differ first."""
    args = [path, '1', str(history)]
    ours = screens_of([DUMP] + args)
    theirs = screens_of(['node', os.path.join(XTERM, 'show.js'), NODE] + args)
    if len(ours) != len(theirs) or len(ours) < 2:
        return '%s: %d screens and %d' % (name, len(ours), len(theirs))
    for a, b in zip(ours[:-1], theirs[:-1]):
        a, b = json.loads(a), json.loads(b)
        if not history:
            # xterm.js may keep rows above the screen that it shall not keep.
            del a['history'], b['history']
        for key in a:
            for y, (p, q) in enumerate(zip(a[key], b[key])
                                       if key == 'rows' else [(a[key], b[key])]):
                if p != q:
                    return '%s, piece %d, %s %d:\n  %s\n  %s' % (
                        name, a['piece'], key, y, p, q)
    return None


def compare_all(jobs):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [w for w in pool.map(lambda job: compare(*job), jobs) if w]
    if wrong:
        raise AssertionError('\n'.join(wrong))


def made_up(pieces_of, seeds):
    jobs = []
    for seed in seeds:
        path = os.path.join(TEMP, '%s-%d' % (pieces_of.__name__, seed))
        with open(path, 'wb') as f:
            f.write(screens.chunk(pieces_of(seed)))
        jobs.append((path, path, 0))
    compare_all(jobs)


def real_programs():
    names = sorted(os.listdir(CORPUS))
    real = [n for n in names if '-' not in n]
    assert len(real) >= 10, names
    compare_all([(n, os.path.join(CORPUS, n), 500) for n in real])


def what_programs_may_send():
    def random(seed):
        return screens.Random(seed).pieces(80)
    made_up(random, range(1, 9))


def what_nobody_sends():
    def hostile(seed):
        return screens.hostile(seed, 400)
    made_up(hostile, range(1, 4))


def main():
    global NODE, TEMP
    tests = [real_programs, what_programs_may_send, what_nobody_sends]
    try:
        NODE = modules()
    except tap.Skip as skip:
        print('1..0 # SKIP %s' % skip)
        return
    with tempfile.TemporaryDirectory() as TEMP:
        tap.run(tests)


main()
