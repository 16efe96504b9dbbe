/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/event_json.h"

static int64_t parse_time(struct str s)
{
	struct str whole = s;
	uint64_t sec = 0, frac = 0;

	if (str_cut(&s, '.', &whole)) {
		assert_true(str_u64(s, &frac));
		for (size_t i = s.n; i < 6; i++)
			frac *= 10;
	}
	assert_true(str_u64(whole, &sec));
	return (int64_t)(sec * 1000000 + frac);
}

static struct str parse_list(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i];
	p[s.n] = '\0';
	for (size_t i = 0; i < s.n; i++)
		if (p[i] == ',')
			p[i] = '\0';
	return str_make(p, s.n + 1);
}

static void set_field(
    struct event *ev, struct str key, struct str value, struct arena *a)
{
	enum field f = event_field_parse(key);
	int64_t i;

	if (str_eqz(key, "trust")) {
		ev->trust = (enum trust)trust_parse(value);
		return;
	}
	if (str_eqz(key, "boot") || str_eqz(key, "host")) {
		*(key.p[0] == 'b' ? &ev->boot : &ev->host) = value;
		return;
	}
	if (f == EVENT_N_FIELDS)
		fail_msg("no such key: %.*s", STR_ARG(key));
	if (event_fields[f].type == FIELD_STR) {
		event_set_str(ev, f, value);
	} else if (event_fields[f].type == FIELD_LIST) {
		event_set_str(ev, f, parse_list(value, a));
	} else {
		assert_true(str_i64(value, &i));
		event_set_int(ev, f, i);
	}
}

bool scenario_event(struct str line, struct event *ev, struct arena *a)
{
	struct str source, kind, time, word, key;

	line = str_trim(line);
	if (!line.n || line.p[0] == '-')
		return false;
	if (line.p[0] == '{') {
		assert_int_equal(event_from_json(ev, line, a, NULL), 0);
		return true;
	}
	str_cut(&line, ' ', &source);
	str_cut(&line, ' ', &kind);
	str_cut(&line, ' ', &time);
	if (event_kind_parse(kind) < 0)
		fail_msg("no such kind: %.*s", STR_ARG(kind));
	event_init(ev, (enum event_kind)event_kind_parse(kind));
	ev->trust = TRUST_DAEMON;
	ev->host = STR("h");
	ev->source = source;
	ev->time = parse_time(time);
	while (line.n) {
		str_cut(&line, ' ', &word);
		str_cut(&word, '=', &key);
		set_field(ev, key, word, a);
	}
	return true;
}

static struct str keep(struct arena *a, struct str s)
{
	return s.n ? arena_dup(a, s) : s;
}

static int take_track(void *ctx, const struct track *t)
{
	struct scenario *s = ctx;
	struct track *to = NULL;

	for (size_t i = 0; i < s->n_tracks; i++)
		if (s->tracks[i].id == t->id)
			to = &s->tracks[i];
	if (!to) {
		s->tracks =
		    realloc(s->tracks, (s->n_tracks + 1) * sizeof *s->tracks);
		to = &s->tracks[s->n_tracks++];
	}
	*to = *t;
	to->host = keep(&s->a, t->host);
	to->boot = keep(&s->a, t->boot);
	to->user = keep(&s->a, t->user);
	to->addr = keep(&s->a, t->addr);
	to->method = keep(&s->a, t->method);
	to->key_type = keep(&s->a, t->key_type);
	to->fp = keep(&s->a, t->fp);
	to->cert_id = keep(&s->a, t->cert_id);
	to->tty = keep(&s->a, t->tty);
	to->origin = keep(&s->a, t->origin);
	to->reason = keep(&s->a, t->reason);
	to->notes = keep(&s->a, t->notes);
	return 0;
}

static int take_boot(void *ctx, const struct boot *b)
{
	struct scenario *s = ctx;

	s->boots = realloc(s->boots, (s->n_boots + 1) * sizeof *s->boots);
	s->boots[s->n_boots++] = (struct boot){
	    keep(&s->a, b->host), keep(&s->a, b->boot_id), b->time};
	return 0;
}

static bool next_saved(struct str *all, struct str *key, struct str *data)
{
	uint64_t n[2];

	if (!varint_get(all, &n[0]) || !varint_get(all, &n[1]))
		return false;
	*key = str_upto(*all, n[0]);
	*data = str_upto(str_from(*all, n[0]), n[1]);
	*all = str_from(*all, n[0] + n[1]);
	return true;
}

static int save(void *ctx, struct str key, struct str data)
{
	struct scenario *s = ctx;

	buf_add_varint(&s->saved, key.n);
	buf_add_varint(&s->saved, data.n);
	buf_add_str(&s->saved, key);
	buf_add_str(&s->saved, data);
	return buf_error(&s->saved);
}

static int load(void *ctx, struct str key, struct buf *ret)
{
	struct scenario *s = ctx;
	struct str all = buf_str(&s->saved), k, data;

	while (next_saved(&all, &k, &data)) {
		if (!str_eq(k, key))
			continue;
		buf_clear(ret);
		buf_add_str(ret, data);
	}
	return buf_error(ret);
}

static void take_all(struct scenario *s)
{
	const struct correlate_sink sink = {take_track, take_boot, s};

	assert_int_equal(correlator_drain(s->c, &sink), 0);
}

static void begin_import(struct scenario *s)
{
	take_all(s);
	buf_clear(&s->saved);
	assert_int_equal(
	    correlator_part(s->c, STR("log"), ++s->part, false), 0);
}

static void run_event(struct scenario *s, struct str line)
{
	struct event ev;

	if (!scenario_event(line, &ev, &s->a))
		return;
	assert_int_equal(correlate(s->c, &ev), 0);
	buf_printf(&s->log, "%016llx %s%s%s%.*s\n",
	    (unsigned long long)ev.track,
	    event_has(&ev, F_INTERACTIVE)
		? event_int(&ev, F_INTERACTIVE, 0) ? "typed " : "script "
		: "",
	    event_has(&ev, F_SETUP) ? "setup " : "",
	    event_has(&ev, F_INFERRED) ? "inferred " : "",
	    STR_ARG(event_str(&ev, F_LOGIN_USER)));
	/* Draining at any moment must change nothing. */
	if (s->cut || line.n % 3 == 0)
		take_all(s);
	if (!s->cut)
		return;
	assert_int_equal(correlator_save(s->c), 0);
	assert_int_equal(correlator_part(s->c, STR("log"), s->part, false), 0);
}

static void run(struct scenario *s, const char *text)
{
	static const uint8_t key[16] = {1, 2, 3};
	const struct correlate_memory memory = {load, save, s};
	struct str rest = str_z(text), line;

	assert_int_equal(correlator_new(&s->c, key, &memory), 0);
	begin_import(s);
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		line = str_trim(line);
		if (str_starts(line, STR("---")))
			begin_import(s);
		else
			run_event(s, line);
	}
	take_all(s);
}

void scenario_run(struct scenario *s, const char *text)
{
	*s = (struct scenario){.a = ARENA_INIT, .log = BUF_INIT};
	run(s, text);
}

void scenario_run_cut(struct scenario *s, const char *text)
{
	*s = (struct scenario){.a = ARENA_INIT, .log = BUF_INIT, .cut = true};
	run(s, text);
}

void scenario_free(struct scenario *s)
{
	correlator_free(s->c);
	free(s->tracks);
	free(s->boots);
	arena_free(&s->a);
	buf_free(&s->log);
	buf_free(&s->saved);
}

static void shuffle(struct track *t, size_t n, unsigned seed)
{
	for (size_t i = n; seed && i > 1; i--) {
		size_t k = (seed = seed * 1103515245u + 12345u) / 65536 % i;
		struct track swap = t[i - 1];

		t[i - 1] = t[k];
		t[k] = swap;
	}
}

static void add_flags(struct buf *b, unsigned flags)
{
	static const char letters[] = "LCRSTFGHYI!";

	if (flags & ((1u << (sizeof letters - 1)) - 1))
		buf_add_char(b, ' ');

	for (unsigned i = 0; letters[i]; i++)
		if (flags & 1u << i)
			buf_add_char(b, letters[i]);
}

static void add_text(struct buf *b, const char *name, struct str s)
{
	if (s.n)
		buf_printf(b, " %s=%.*s", name, STR_ARG(s));
}

static void add_number(struct buf *b, const char *name, int64_t v, int64_t none)
{
	if (v != none)
		buf_printf(b, " %s=%lld", name, (long long)v);
}

static void add_session(struct buf *b, const struct session *s)
{
	const struct track *t = &s->sum;

	buf_printf(b, "%zu", s->n_tracks);
	add_text(b, "origin", t->origin);
	add_text(b, "user", t->user);
	add_text(b, "addr", t->addr);
	add_number(b, "port", t->port, -1);
	add_number(b, "ses", t->ses, -1);
	add_text(b, "method", t->method);
	add_text(b, "tty", t->tty);
	buf_printf(b, " %lld-%lld", (long long)(t->start / 1000000),
	    (long long)(t->end / 1000000));
	add_flags(b, t->flags);
	add_number(b, "exec", t->n_exec, 0);
	add_number(b, "file", t->n_file, 0);
	add_number(b, "fail", t->n_auth_fail, 0);
	add_number(b, "priv", t->n_priv, 0);
	add_number(b, "in", t->bytes_in, -1);
	add_number(b, "out", t->bytes_out, -1);
	add_text(b, "reason", t->reason);
	add_text(b, "notes", t->notes);
	buf_add_char(b, '\n');
}

static int by_start(const void *va, const void *vb)
{
	const struct track *a = va, *b = vb;

	if (a->session != b->session)
		return a->session < b->session ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int by_sum(const void *va, const void *vb)
{
	const struct session *a = va, *b = vb;

	if (a->sum.start != b->sum.start)
		return a->sum.start < b->sum.start ? -1 : 1;
	if (a->sum.port != b->sum.port)
		return a->sum.port < b->sum.port ? -1 : 1;
	return (a->sum.id > b->sum.id) - (a->sum.id < b->sum.id);
}

void scenario_sessions(struct scenario *s, unsigned seed, struct buf *ret)
{
	struct session *list = calloc(s->n_tracks + 1, sizeof *list);
	size_t n = 0, i = 0;

	shuffle(s->tracks, s->n_tracks, seed);
	assert_int_equal(
	    join_tracks(s->tracks, s->n_tracks, s->boots, s->n_boots), 0);
	if (s->n_tracks)
		qsort(s->tracks, s->n_tracks, sizeof *s->tracks, by_start);
	while (i < s->n_tracks) {
		size_t k = i;

		while (k < s->n_tracks &&
		       s->tracks[k].session == s->tracks[i].session)
			k++;
		assert_int_equal(
		    merge_tracks(&list[n], s->tracks + i, k - i, &s->a), 0);
		assert_true(list[n].sum.id == s->tracks[i].session);
		n++;
		i = k;
	}
	qsort(list, n, sizeof *list, by_sum);
	for (i = 0; i < n; i++)
		add_session(ret, &list[i]);
	free(list);
}
