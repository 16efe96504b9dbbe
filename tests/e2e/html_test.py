#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recordings as pages: what a real browser shows at a moment is what our
terminal shows then, text and colours; what was recorded stays text."""
import concurrent.futures
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from screens import chunk
from trailtest import CORPUS, Skip, Store, case, check, equal, main

DUMP = os.environ["SSHTRAIL_SCREEN_DUMP"]
BROWSERS = "chromium", "chromium-headless-shell", "chromium-browser"
PROGRAMS = "vim", "tmux", "less", "htop", "mc", "utf8", "build", "top"
APART = 100  # milliseconds between pieces
HIDDEN = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Page(html.parser.HTMLParser):
    """Rows of the screen: (text, the style of each column); other texts."""

    def __init__(self, source):
        super().__init__()
        self.rows, self.tags, self.texts = [], [], []
        self.inside, self.style, self.where = False, "", ""
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.where = attributes.get("id", tag)
        if attributes.get("class") == "row":
            self.rows.append(["", []])
            self.inside = True
        elif tag == "span" and self.inside:
            self.style = dict(re.findall(r"([a-z-]+): ([^;]*)",
                                         attributes.get("style", "")))
            self.rows[-1][1] += [self.style] * int(self.style.pop("width")[:-2])

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "div"
        self.where = ""

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][0] += data
        else:
            self.texts.append((self.where, data))


def browse(path, address=""):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        raise Skip("no chromium: apt-get install chromium-headless-shell")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         "file://%s#%s" % (path, address)], capture_output=True, timeout=120)
    equal(done.returncode, 0, done.stderr[-1000:])
    return Page(done.stdout.decode())


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def pieces_of(name):
    """Output and sizes of a recording of the corpus."""
    with open(os.path.join(CORPUS, "screen", name), "rb") as file:
        data = file.read()
    pieces, at = [], 17
    while at < len(data):
        kind = data[at:at + 1]
        _, at = varint(data, at + 1)
        first, at = varint(data, at)
        if kind == b"s":
            second, at = varint(data, at)
            pieces.append((first, second))
        else:
            equal(kind, b"o")
            pieces.append(data[at:at + first])
            at += first
    return pieces


def recorded(store, name, pieces):
    """Imported as script's files, which hold any bytes; the page's path."""
    size = pieces[0] if isinstance(pieces[0], tuple) else (80, 24)
    timing = "H 0.000000 COLUMNS %d\nH 0.000000 LINES %d\n" % size
    for piece in pieces:
        if isinstance(piece, tuple):
            timing += "S 0.%d00000 SIGWINCH ROWS=%d COLS=%d\n" % (
                APART // 100, piece[1], piece[0])
        else:
            timing += "O 0.%d00000 %d\n" % (APART // 100, len(piece))
    out = store.write(name + ".out",
                b'Script started on 2026-11-22 11:49:30+00:00 [COLUMNS="%d" '
                b'LINES="%d"]\n' % size +
                b"".join(p for p in pieces if isinstance(p, bytes)))
    store.import_("--host", name, out, store.write(name + ".timing",
                                              timing.encode()))
    session = store.lines("ls", "--local", "--all", "--host", name)[0]
    path = os.path.join(store.top, name + ".html")
    store.run("export", session["session"], "--format", "html", "-o", path)
    return path


def screens(store, name, pieces):
    """What our terminal shows after each of the pieces."""
    path = store.write(name + ".chunk", chunk([(0, p) for p in pieces]))
    done = subprocess.run([DUMP, path, "1"], capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


BASE = ("000000 cd3131 0dbc79 c5b810 3b78ff bc3fbc 11a8cd d0d0d0 767676 f14c4c "
        "23d18b f5f543 6aa2ff d670d6 29b8db ffffff").split()


def rgb(color, bold=False):
    """As the browser writes it; empty: that of the page."""
    value = color & 0xffffff
    if not color >> 24 & 3:
        return ""
    if color >> 24 & 3 == 1:
        value += 8 if bold and value < 8 else 0
        if value < 16:
            value = int(BASE[value], 16)
        elif value < 232:
            levels = (0, 95, 135, 175, 215, 255)
            value -= 16
            value = levels[value // 36] << 16 | levels[value // 6 % 6] << 8 | \
                levels[value % 6]
        else:
            value = (8 + (value - 232) * 10) * 0x10101
    return "rgb(%d, %d, %d)" % (value >> 16, value >> 8 & 255, value & 255)


def colors(fg, bg, flags):
    front, back = rgb(fg, flags & 1 << 26), rgb(bg)
    if flags & 1 << 30:
        front, back = back or "rgb(0, 0, 0)", front or "rgb(208, 208, 208)"
    return front, back, bool(flags & 1 << 26)


def compare(page, screen, what):
    equal(len(page.rows), len(screen["rows"]), what + ": rows")
    for y, runs in enumerate(screen["rows"]):
        text = HIDDEN.sub("", "".join(r[1] for r in runs)).rstrip()
        equal(page.rows[y][0].rstrip(), text, "%s, row %d" % (what, y))
        wanted = [c for r in runs for c in [colors(*r[2:5])] * r[0]]
        got = [(s.get("color", ""), s.get("background-color", ""),
                s.get("font-weight") == "bold") for s in page.rows[y][1]]
        got += [("", "", False)] * (len(wanted) - len(got))
        for x, (a, b) in enumerate(zip(got, wanted)):
            equal(a, b, "%s, row %d, column %d" % (what, y, x))


@case
def shows_what_our_terminal_shows():
    """At any moment the page shows what our terminal shows"""
    def check_one(store, job):
        path, name, shown, i = job
        compare(browse(path, "t=%.3f" % ((i + 1) * APART / 1000)), shown[i],
                "%s, piece %d" % (name, i))

    with Store() as store:
        jobs = []
        for name in PROGRAMS:
            pieces = pieces_of(name)
            path, shown = recorded(store, name, pieces), \
                screens(store, name, pieces)
            jobs += [(path, name, shown, i) for i in (
                len(pieces) // 3, len(pieces) * 2 // 3, len(pieces) - 1)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda job: check_one(store, job), jobs))


EVIL = "</script><script>document.title='pwned'</script><img src=x onerror=" \
    "\"document.title='pwned'\"><!-- <script> \u202eabc"


@case
def keeps_text_text():
    """What was recorded becomes neither tags nor script"""
    with Store() as store:
        path = store.write("evil.cast", "\n".join(map(json.dumps, [
            {"version": 2, "width": 200, "height": 5, "timestamp": 1795348170,
             "title": EVIL}, [0.5, "o", EVIL + "\r\n"], [0.7, "m", EVIL],
            [1, "o", "\r\nend"]])).encode())
        store.import_("--host", "h", path)
        session = store.sessions("--local")[0]["session"]
        page = store.run("export", session, "--format", "html").stdout.decode()
        equal(page.count("<script"), 2)
        equal(page.count("</script"), 2)
        check("<img" not in page and "<!--" not in page, "tags in the page")
        check("default-src 'none'; style-src 'sha256-" in page, "no policy")
        check(not re.search(r"https?://|url\(|@import", page),
              "it asks for something")
        shown = browse(store.write("evil.html", page.encode()),
                       "t=0.7&q=onerror")
        equal(shown.rows[0][0], EVIL.replace("\u202e", ""))
        check("img" not in shown.tags, "an image")
        check(("title", EVIL) in shown.texts, "the title is not that")
        check(("found", "1 found") in shown.texts, "not found")
        check(any(where == "button" and EVIL[:60] in text
                  for where, text in shown.texts), "no mark")


if __name__ == "__main__":
    sys.exit(main())
