// SPDX-License-Identifier: Apache-2.0
// Plays a recording whose screens were made by src/record/html/html.c, which
// describes the data. Text of the recording comes into the page as text only.
'use strict';
(function () {
	const data = JSON.parse(document.getElementById('recording').textContent);
	const segments = data.segments, marks = data.marks;
	const STEP = 5000, IDLE = 2000, HITS_MAX = 1000;
	const BOLD = 1, DIM = 2, ITALIC = 4, INVERSE = 16, INVISIBLE = 32,
		STRIKE = 64, OVERLINE = 128, UNDERLINE = 256;
	const BASE = ['#000000', '#cd3131', '#0dbc79', '#c5b810', '#3b78ff',
		'#bc3fbc', '#11a8cd', '#d0d0d0', '#767676', '#f14c4c', '#23d18b',
		'#f5f543', '#6aa2ff', '#d670d6', '#29b8db', '#ffffff'];

	function element(parent, name, id, text) {
		const e = document.createElement(name);
		if (id)
			e.id = id;
		if (text !== undefined)
			e.textContent = text;
		parent.appendChild(e);
		return e;
	}

	function button(parent, label, title, act) {
		const b = element(parent, 'button', '', label);
		b.title = title;
		b.addEventListener('click', act);
		return b;
	}

	/* --- the page --- */

	document.title = data.title || 'Recording';
	const header = element(document.body, 'header');
	element(header, 'b', '', document.title);
	element(header, 'span', '', ['user', 'host', 'tty', 'command']
		.filter(k => data[k]).map(k => k + ' ' + data[k]).join(', '));
	const main = element(document.body, 'main');
	const view = element(main, 'div', 'view');
	const screen = element(view, 'div', 'screen');
	const aside = element(main, 'aside');
	const query = element(aside, 'input', 'query');
	query.type = 'search';
	query.placeholder = 'find what was shown';
	query.setAttribute('aria-label', query.placeholder);
	const hitsTitle = element(aside, 'h2', 'found', '');
	const hitList = element(aside, 'ol', 'hits');
	element(aside, 'h2', '', marks.length ? 'Commands and marks' : '');
	const markList = element(aside, 'ol', 'marks');
	const footer = element(document.body, 'footer');
	const play = button(footer, '\u25b6', 'play or pause (space)', toggle);
	play.id = 'play';
	const bar = element(footer, 'div', 'bar');
	const range = element(bar, 'input', 'range');
	range.type = 'range';
	range.max = data.duration;
	range.setAttribute('aria-label', 'moment');
	const clock = element(footer, 'time', 'clock');
	const speedLabel = button(footer, '1x', 'speed (< and >)',
		() => setSpeed(speed >= 16 ? 0.5 : speed * 2));
	const idle = element(element(footer, 'label', '', 'skip idle '), 'input');
	idle.type = 'checkbox';

	/* --- the screen at a moment --- */

	let at = 0, segment = -1, frame = 0;
	let defs = [], rows = [], drawn = [], lines = [], cursor = [0, 0, 0];
	const cursorBox = element(screen, 'div', 'cursor');

	function segmentAt(t) {
		let low = 0, high = segments.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (segments[middle].t <= t)
				low = middle + 1;
			else
				high = middle;
		}
		return low - 1;
	}

	function open(number) {
		const s = segments[number];
		segment = number;
		frame = 0;
		defs = [];
		rows = new Array(s.rows).fill(null);
		while (lines.length > s.rows)
			lines.pop().remove();
		while (lines.length < s.rows) {
			const line = element(screen, 'div');
			line.className = 'row';
			lines.push(line);
		}
		drawn.length = s.rows;
		screen.style.minWidth = s.cols + 'ch';
		screen.style.fontSize = Math.max(8, Math.min(16,
			(window.innerWidth - 380) / s.cols / 0.61)) + 'px';
	}

	function apply(f) {
		cursor = [f[1], f[2], f[3]];
		for (let i = 4; i < f.length; i += 2) {
			if (typeof f[i + 1] !== 'number')
				defs.push(f[i + 1]);
			rows[f[i]] = typeof f[i + 1] === 'number' ?
				defs[f[i + 1]] : f[i + 1];
		}
	}

	function color(c) {
		if (c >= 0x1000000)
			return '#' + (c & 0xffffff).toString(16).padStart(6, '0');
		if (c < 16)
			return BASE[c];
		if (c >= 232) {
			const g = 8 + (c - 232) * 10;
			return 'rgb(' + g + ',' + g + ',' + g + ')';
		}
		const level = n => n ? 55 + n * 40 : 0;
		return 'rgb(' + [(c - 16) / 36, (c - 16) / 6 % 6, (c - 16) % 6]
			.map(n => level(n | 0)).join() + ')';
	}

	function paint(span, style) {
		const f = style[2], s = span.style;
		let front = style[0], back = style[1];
		front = front < 0 ? '' : color(
			f & BOLD && front < 8 ? front + 8 : front);
		back = back < 0 ? '' : color(back);
		if (f & INVERSE)
			[front, back] = [back || '#000', front || '#d0d0d0'];
		s.color = f & INVISIBLE ? 'transparent' : front;
		s.backgroundColor = back;
		s.fontWeight = f & BOLD ? 'bold' : '';
		s.opacity = f & DIM ? '0.6' : '';
		s.fontStyle = f & ITALIC ? 'italic' : '';
		s.textDecorationLine = [f & UNDERLINE && 'underline',
			f & STRIKE && 'line-through',
			f & OVERLINE && 'overline'].filter(Boolean).join(' ');
	}

	function drawRow(line, def) {
		line.textContent = '';
		for (let i = 0; def && i < def.length; i += 3) {
			const span = element(line, 'span', '', def[i]);
			span.style.width = def[i + 2] + 'ch';
			if (def[i + 1])
				paint(span, data.styles[def[i + 1]]);
		}
	}

	function draw() {
		for (let y = 0; y < rows.length; y++) {
			if (drawn[y] === rows[y])
				continue;
			drawRow(lines[y], rows[y]);
			drawn[y] = rows[y];
		}
		cursorBox.style.left = cursor[0] + 'ch';
		cursorBox.style.top = cursor[1] * 1.25 + 'em';
		cursorBox.hidden = !cursor[2];
		range.value = at;
		clock.textContent = span(at) + ' / ' + span(data.duration) + '  ' +
			new Date(data.start + at).toISOString()
				.replace('T', ' ').replace(/\..*/, ' UTC');
	}

	function seek(t) {
		const before = at;
		at = Math.max(0, Math.min(data.duration, t));
		const want = Math.max(0, segmentAt(at));
		if (segments.length && (want !== segment || at < before))
			open(want);
		const frames = segments.length ? segments[segment].frames : [];
		while (frame < frames.length && frames[frame][0] <= at)
			apply(frames[frame++]);
		draw();
		showNow();
	}

	/* --- time --- */

	function span(ms) {
		const two = n => String(n).padStart(2, '0');
		const s = Math.floor(ms / 1000), h = Math.floor(s / 3600);
		return (h ? h + ':' + two(Math.floor(s / 60) % 60)
			: Math.floor(s / 60)) + ':' + two(s % 60);
	}

	/* "12.5", "0:12", "1:02:03" in milliseconds; NaN. */
	function parse(text) {
		return text.split(':').reduce((all, n) => all * 60 + Number(n), 0) *
			1000;
	}

	let playing = false, speed = 1, last = 0;

	function setSpeed(n) {
		speed = Math.max(0.25, Math.min(64, n));
		speedLabel.textContent = speed + 'x';
	}

	function nextChange() {
		const s = segments[segment];
		if (s && frame < s.frames.length)
			return s.frames[frame][0];
		return segment + 1 < segments.length ? segments[segment + 1].t
			: data.duration;
	}

	function tick(now) {
		if (!playing)
			return;
		let t = at + (now - last) * speed;
		last = now;
		if (idle.checked && nextChange() - t > IDLE)
			t = nextChange() - IDLE / 4;
		seek(t);
		if (at >= data.duration)
			toggle();
		else
			requestAnimationFrame(tick);
	}

	function toggle() {
		playing = !playing;
		play.textContent = playing ? '\u23f8' : '\u25b6';
		if (!playing)
			return;
		if (at >= data.duration)
			seek(0);
		last = performance.now();
		requestAnimationFrame(tick);
	}

	/* --- commands, and what is looked for --- */

	function addMoment(list, t, text) {
		const item = element(list, 'li');
		button(item, span(t) + '  ' + text, text, () => seek(t));
		return item;
	}

	const markItems = marks.map(m => addMoment(markList, m[0], m[1]));
	for (const m of marks) {
		const tick = element(bar, 'i');
		tick.style.left = m[0] / (data.duration || 1) * 100 + '%';
	}

	function showNow() {
		let now = -1;
		while (now + 1 < marks.length && marks[now + 1][0] <= at)
			now++;
		markItems.forEach((item, i) => {
			item.className = i === now ? 'now' : '';
		});
	}

	function jumpMark(step) {
		const later = marks.filter(m => m[0] > at);
		const earlier = marks.filter(m => m[0] < at - 500);
		if (step > 0 && later.length)
			seek(later[0][0]);
		if (step < 0 && earlier.length)
			seek(earlier[earlier.length - 1][0]);
	}

	let hits = [];

	function textOf(def) {
		let text = '';
		for (let i = 0; i < def.length; i += 3)
			text += def[i];
		return text;
	}

	/* Rows that hold the text, when they came to stand where they do. */
	function find(text) {
		const found = [], wanted = text.toLowerCase();
		for (const s of segments) {
			const known = [], stands = [];
			for (const f of s.frames) {
				for (let i = 4; i < f.length; i += 2) {
					if (typeof f[i + 1] !== 'number') {
						const row = textOf(f[i + 1]);
						known.push(row.toLowerCase().includes(wanted) ?
							row.trim() : null);
					}
					const row = known[typeof f[i + 1] === 'number' ?
						f[i + 1] : known.length - 1];
					if (row !== null && !stands.includes(row) &&
					    found.length < HITS_MAX)
						found.push([f[0], row]);
					stands[f[i]] = row;
				}
			}
		}
		return found.filter((h, i) => i === 0 || h[1] !== found[i - 1][1]);
	}

	function search() {
		hits = query.value ? find(query.value) : [];
		hitList.textContent = '';
		hitsTitle.textContent = query.value ? hits.length + ' found' : '';
		for (const h of hits)
			addMoment(hitList, h[0], h[1]);
	}

	function jumpHit(step) {
		const later = hits.filter(h => h[0] > at);
		const earlier = hits.filter(h => h[0] < at);
		if (step > 0 && later.length)
			seek(later[0][0]);
		if (step < 0 && earlier.length)
			seek(earlier[earlier.length - 1][0]);
	}

	query.addEventListener('change', search);
	range.addEventListener('input', () => seek(Number(range.value)));
	const keys = {
		' ': toggle,
		ArrowLeft: () => seek(at - STEP),
		ArrowRight: () => seek(at + STEP),
		'[': () => jumpMark(-1),
		']': () => jumpMark(1),
		'<': () => setSpeed(speed / 2),
		'>': () => setSpeed(speed * 2),
		i: () => { idle.checked = !idle.checked; },
		n: () => jumpHit(1),
		N: () => jumpHit(-1),
		'/': () => query.focus(),
		Home: () => seek(0),
		End: () => seek(data.duration),
	};
	document.addEventListener('keydown', e => {
		if (e.target === query || e.ctrlKey || e.altKey || e.metaKey ||
		    !Object.prototype.hasOwnProperty.call(keys, e.key) ||
		    (e.key === ' ' && e.target !== document.body))
			return;
		e.preventDefault();
		keys[e.key]();
	});

	/* "#t=0:12&q=text": that moment, and that text looked for. */
	function fromAddress() {
		const given = new URLSearchParams(location.hash.slice(1));
		if (given.get('q')) {
			query.value = given.get('q');
			search();
		}
		const t = parse(given.get('t') || '0');
		seek(Number.isFinite(t) ? t : 0);
	}

	window.addEventListener('hashchange', fromAddress);
	fromAddress();
}());
