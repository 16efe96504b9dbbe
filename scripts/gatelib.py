# SPDX-License-Identifier: Apache-2.0
"""What the gates share: the files to look at, C without comments, findings."""

import os
import re
import sys


def root_of(argv):
    """The tree to check: the argument, or the one this script lies in."""
    if len(argv) > 1:
        return os.path.abspath(argv[1])
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(root, tops, endings):
    """Names below root, sorted, '/' between their parts."""
    found = []
    for top in tops:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith(endings):
                    path = os.path.relpath(os.path.join(folder, name), root)
                    found.append(path.replace(os.sep, '/'))
    return sorted(found)


def read(root, name):
    with open(os.path.join(root, name), encoding='utf-8',
              errors='replace') as f:
        return f.read()


_LEXEMES = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """C with comments and the insides of literals blanked, lines kept."""
    def blank(match):
        s = match.group(0)
        if s[0] in '"\'':
            return s[0] + ' ' * (len(s) - 2) + s[0]
        return re.sub(r'[^\n]', ' ', s)
    return _LEXEMES.sub(blank, text)


class Function:
    """A function: name, parameters as text, lines of its braces (from 1)."""

    def __init__(self, name, parameters, first, last):
        self.name = name
        self.parameters = parameters
        self.first = first
        self.last = last


def _signature(lines, brace):
    """The lines that belong to the declaration before the brace."""
    start = brace
    while start > 0 and lines[start - 1].strip() and \
            not lines[start - 1].startswith(('}', '#')) and \
            not lines[start - 1].rstrip().endswith(';'):
        start -= 1
    return ' '.join(lines[start:brace])


def functions(code):
    """Relies on the format: a function's braces stand alone in column 0."""
    lines = code.split('\n')
    found = []
    for i, line in enumerate(lines):
        if line.rstrip() != '{':
            continue
        head = re.sub(r'__attribute__\s*\(\(.*?\)\)\s*\)?', ' ',
                      _signature(lines, i))
        match = re.search(r'(\w+)\s*\((.*)\)\s*$', head)
        last = next((j for j in range(i, len(lines))
                     if lines[j].startswith('}')), len(lines) - 1)
        if match:
            found.append(Function(match.group(1), match.group(2), i + 1,
                                  last + 1))
    return found


def table_lines(code):
    """Numbers (from 1) of lines inside initialisers and long macros."""
    inside = set()
    depth = 0
    number = 1
    before = ''
    for at, char in enumerate(code):
        if char == '\n':
            number += 1
            if depth:
                inside.add(number)
        elif char == '{':
            if depth or before == '=':
                depth += 1
        elif char == '}' and depth:
            depth -= 1
        if not char.isspace():
            before = char
    lines = code.split('\n')
    for i, line in enumerate(lines):
        if line.rstrip().endswith('\\'):
            inside.add(i + 2)
    return inside


def finish(found):
    """Print the findings, exit 1 when there are any."""
    for name, line, what in sorted(set(found)):
        print('%s:%d: %s' % (name, line, what))
    sys.exit(1 if found else 0)
