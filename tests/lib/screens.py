# SPDX-License-Identifier: Apache-2.0
"""Recordings for tests of the terminal model: read, written, made up."""
import random


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def chunk(pieces):
    """The payload of docs/recordings.md. A piece: (ns since the one before,
    bytes) or (ns, (columns, rows))."""
    out = bytearray(b'\1' + (10 ** 18).to_bytes(8, 'little') +
                    (10 ** 9).to_bytes(8, 'little'))
    for delta, what in pieces:
        if isinstance(what, tuple):
            out += b's' + varint(delta) + varint(what[0]) + varint(what[1])
        else:
            out += b'o' + varint(delta) + varint(len(what)) + what
    return bytes(out)


WIDE = ['日本語', '한국어', '中', '😀']
WORDS = ['a', 'root', 'hello', '/etc/passwd', '-rw-r--r--', '  ', 'x' * 30,
         '100%', 'tab\tbed', '~', '`qqjklmx`', '#', 'Zürich', 'naïve',
         'e\u0301', 'a\u0308\u0301b', '─│┌┐',
         'क\u094dष', '\u0e17\u0e35\u0e48', 'fi\u200dn', '→', '∀x∈ℝ']


class Random:
    """What programs send, and what nobody sends, from a seed. Left out is
    what docs/terminal-model.md lists as differences."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.alternate = self.origin = False
        # Columns only become more: what was cut off stays so with us.
        self.cols = self.r.choice([2, 3, 20, 40, 80, 80, 80])
        self.rows = self.r.choice([2, 3, 5, 24, 24, 24, 50])
        # Halves of wide characters that shifting cells leaves: one or other.
        self.wide = seed % 2

    def number(self):
        return self.r.choice(['', '', '0', '1', '2', '3', '5', '8',
                              str(self.r.randrange(100)),
                              self.r.choice(['79', '80', '81', '24', '25',
                                             '999', '65536'])])

    def color(self):
        r = self.r.randrange
        return self.r.choice([
            str(r(30, 38)), str(r(40, 48)), str(r(90, 98)), str(r(100, 108)),
            '38;5;%d' % r(256), '48;5;%d' % r(256),
            '38;2;%d;%d;%d' % (r(256), r(256), r(256)),
            '48;2;%d;%d;%d' % (r(256), r(256), r(256)),
            '38:5:%d' % r(256), '48:2::%d:%d:%d' % (r(256), r(256), r(256)),
            '39', '49'])

    def attribute(self):
        return self.r.choice(['0', '', '1', '2', '3', '4', '5', '7', '8', '9',
                              '21', '22', '23', '24', '25', '27', '28', '29',
                              '53', '55', '4:3', '4:0', '4:5', self.color(),
                              self.color(), self.color()])

    def sgr(self):
        return '\33[%sm' % ';'.join(self.attribute() for _ in
                                    range(self.r.randrange(1, 4)))

    def move(self):
        final = self.r.choice('ABCDEFGHdfIZ`ae')
        if final in 'Hf':
            return '\33[%s;%s%s' % (self.number(), self.number(), final)
        return '\33[%s%s' % (self.number(), final)

    def edit(self):
        return self.r.choice([
            lambda: '\33[%sJ' % self.r.choice('012'),
            lambda: '\33[%sK' % self.r.choice(['', '0', '1', '2']),
            lambda: '\33[%s%s' % (self.number(), self.r.choice(
                'LMX' if self.wide else 'LMP@X')),
            lambda: '\33[%s%s' % (self.r.choice(['', '1', '2', '5', '30']),
                                  self.r.choice('ST')),
            lambda: '' if self.wide else '\33[%s%s' % (
                self.r.choice(['', '2', '9']),
                self.r.choice(["'}", "'~", ' @', ' A'])),
            lambda: 'z\33[%db' % self.r.randrange(1, self.cols + 1)])()

    def margins(self):
        top = 1 if self.origin else self.r.randrange(1, self.rows + 1)
        return '\33[%d;%dr' % (top, self.r.randrange(1, self.rows + 3))

    def mode(self):
        if self.r.random() < .2:
            self.origin = not self.origin
            return '\33[r\33[?6h' if self.origin else '\33[?6l'
        return self.r.choice(['' if self.wide else '\33[?7l', '\33[?7h',
                              '' if self.wide else '\33[4h',
                              '\33[4l', '\33[4l', '\33[?25l', '\33[?25h',
                              '\33[?2004h', '\33[?1002;1006h', '\33='])

    def screen(self):
        # The alternate screen is left without origin mode and with the set
        # and cursor that it would be entered with.
        self.origin = False
        self.alternate = not self.alternate
        on = 'h' if self.alternate else 'l'
        number = self.r.choice(['1049', '1047', '47'])
        return '\33[?6l\33[?%s%s\0337' % (number, on) + PLAIN

    def escape(self):
        return self.r.choice(['\33M', '\33D', '\33E', '\33M', '\33D',
                              '\0337', '\0338' + PLAIN, '\33[s',
                              '\33[u' + PLAIN, '\33(0', '\33(B', '\33)0',
                              '\16', '\17', '\33[m\33#8' if self.r.random() < .1
                              else '\33[D\33H', '\33[g', '\33[!p' + PLAIN])

    def ignored(self):
        return self.r.choice(['\33]0;title\7', '\33]2;t\33\\', '\33P1$q"p\33\\',
                              '\33_Gf=1;AAAA\33\\', '\33^x\33\\', '\33[?1$p',
                              '\33[c', '\33[6n', '\33]52;c;?\7', '\33[22;0t',
                              '\33[8;10;10t', '\33[>4;2m', '\33[?u', '\5'])

    def text(self):
        words = WORDS + WIDE if self.wide else WORDS
        return ''.join(self.r.choice(words) + self.r.choice(['', ' '])
                       for _ in range(self.r.randrange(1, 5)))

    def token(self):
        kinds = [(40, self.text), (14, self.sgr), (14, self.move),
                 (8, self.edit), (3, self.margins), (3, self.mode),
                 (1, self.screen), (5, self.escape), (2, self.ignored),
                 (8, lambda: '\r\n'), (3, lambda: '\n'), (3, lambda: '\b'),
                 (2, lambda: '\r'), (2, lambda: '\t')]
        return self.r.choices([k for _, k in kinds], [w for w, _ in kinds])[0]()

    def pieces(self, n):
        """Cut anywhere, inside of characters and sequences too."""
        yield 1000, (self.cols, self.rows)
        for _ in range(n):
            if self.r.random() < .01 and not self.alternate:
                self.cols = max(self.cols, self.r.choice([80, 81, 132, 200]))
                self.rows = self.r.choice([2, 5, 24, 25, 50])
                self.origin = False
                yield 1000, '\33[?6l'.encode()
                yield 1000, (self.cols, self.rows)
                continue
            data = ''.join(self.token() for _ in range(4)).encode()
            cut = self.r.randrange(len(data) + 1)
            yield 1000, data[:cut]
            yield 10 ** 6, data[cut:]


# After what restores a cursor: the character sets, as those that xterm.js
# keeps differ.
PLAIN = '\33(B\33)B\17\33[0m'


def hostile(seed, n):
    """Bytes that are mostly controls, cut anywhere."""
    r = random.Random(seed)
    some = b'\33[]P?;:0123456789\30\32\7\r\n\b\t\x7f\xc2\x9b\xe2\x82\xffhlmHJKr@'
    for _ in range(n):
        yield 1000, bytes(r.choice(some) if r.random() < .8 else
                          r.randrange(256) for _ in range(r.randrange(40)))
