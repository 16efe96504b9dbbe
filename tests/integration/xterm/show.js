// SPDX-License-Identifier: Apache-2.0
// As tests/lib/screen_dump.c, of xterm.js: the same lines for the same pieces.
//
// usage: node show.js NODE_MODULES CHUNK-FILE STEP [HISTORY]
'use strict';
const fs = require('fs');
const path = require('path');

const [modules, file, step, history] = process.argv.slice(2);
const {Terminal} = require(path.join(modules, '@xterm/headless'));
const {Unicode11Addon} = require(path.join(modules, '@xterm/addon-unicode11'));

// docs/recordings.md: a version, two times, then pieces.
function* pieces(bytes) {
  let at = 17;
  const varint = () => {
    let value = 0, shift = 1;
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
      shift *= 128;
    }
  };
  while (at < bytes.length) {
    const piece = {mark: String.fromCharCode(bytes[at++])};
    varint();
    if (piece.mark === 's') {
      piece.cols = varint();
      piece.rows = varint();
    } else if ('boi'.includes(piece.mark)) {
      const n = varint();
      piece.bytes = bytes.subarray(at, at + n);
      at += n;
    } else if (piece.mark === 'l') {
      varint();
    }
    piece.last = at >= bytes.length;
    yield piece;
  }
}

const INDEXED = 0x1000000, RGB = 0x2000000;
const BOLD = 0x4000000, DIM = 0x8000000, ITALIC = 0x10000000,
  BLINK = 0x20000000, INVERSE = 0x40000000, INVISIBLE = 0x80000000;
const STRIKE = 0x04, OVERLINE = 0x08;

function color(value, isDefault, isRgb) {
  return isDefault ? 0 : (isRgb ? RGB : INDEXED) + value;
}

function look(cell) {
  // What a link adds is not an underline that a program asked for.
  const style = cell.extended.urlId ? (cell.fg & 0x10000000 ? 1 : 0)
    : cell.getUnderlineStyle();
  return [
    color(cell.getFgColor(), cell.isFgDefault(), cell.isFgRGB()),
    color(cell.getBgColor(), cell.isBgDefault(), cell.isBgRGB()),
    (cell.isBold() ? BOLD : 0) + (cell.isDim() ? DIM : 0) +
    (cell.isItalic() ? ITALIC : 0) + (cell.isBlink() ? BLINK : 0) +
    (cell.isInverse() ? INVERSE : 0) + (cell.isInvisible() ? INVISIBLE : 0),
    (cell.isStrikethrough() ? STRIKE : 0) + (cell.isOverline() ? OVERLINE : 0) +
    style * 0x20,
  ];
}

function showRow(line, cols, cell) {
  const runs = [];
  let left = null;
  for (let x = 0; x < cols; x++) {
    line.loadCell(x, cell);
    const key = look(cell);
    const half = cell.getWidth() === 0 && cell.getChars() === '';
    const text = half && left === 2 ? '' : cell.getChars() || ' ';
    left = cell.getWidth();
    const run = runs[runs.length - 1];
    if (run && key.every((value, i) => value === run[i + 2])) {
      run[0]++;
      run[1] += text;
    } else {
      runs.push([1, text, ...key]);
    }
  }
  return runs;
}

function show(term, n) {
  const buffer = term._core.buffer;
  const cell = term.buffer.active.getNullCell();
  const rows = [], above = [];
  for (let y = 0; y < buffer.ybase; y++)
    above.push(buffer.lines.get(y).translateToString(true).trimEnd());
  for (let y = 0; y < term.rows; y++)
    rows.push(showRow(buffer.lines.get(buffer.ybase + y), term.cols, cell));
  console.log(JSON.stringify({piece: n, x: buffer.x, y: buffer.y,
    alt: term.buffer.active.type === 'alternate', history: above, rows}));
}

function open(piece) {
  const term = new Terminal({
    ...(piece.mark === 's' ? {cols: piece.cols, rows: piece.rows} : {}),
    allowProposedApi: true, logLevel: 'off',
    scrollback: Number(history || 0),
    // Text does not flow, and nothing comes back from above the screen.
    windowsPty: {buildNumber: 1},
  });
  term.loadAddon(new Unicode11Addon());
  term.unicode.activeVersion = '11';
  return term;
}

async function main() {
  let term = null;
  // xterm.js drops what is no UTF-8; this puts U+FFFD in its place.
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  let n = 0;
  for (const piece of pieces(fs.readFileSync(file))) {
    term = term || open(piece);
    if (piece.mark === 'o') {
      const text = decoder.decode(piece.bytes, {stream: true});
      await new Promise(done => term.write(text, done));
    } else if (piece.mark === 's') {
      term.resize(Math.min(Math.max(piece.cols, 2), 1000),
        Math.min(Math.max(piece.rows, 1), 1000));
    }
    if (++n % Number(step) === 0 || piece.last) show(term, n);
  }
}

main();
