/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a big audit log out of a recorded one: repeats it with growing times,
 * serial numbers, processes and sessions until N megabytes are written.
 *
 *     make_audit_log RECORDED MEGABYTES > big.log
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "sources/audit/line.h"

#define MAX_INPUT ((size_t)64 << 20)
#define PID_RANGE 4000000

struct shift {
	int64_t time; /* microseconds */
	uint64_t serial, pid, ses;
};

struct recorded {
	struct str text;
	int64_t first, last;
	uint64_t serials, sessions;
};

static struct str read_all(const char *name, char *ret)
{
	FILE *f = fopen(name, "rb");
	size_t n = f && ret ? fread(ret, 1, MAX_INPUT, f) : 0;

	if (f)
		fclose(f);
	return str_make(ret, n);
}

/* A number behind `key`, or `unset` when there is none. */
static uint64_t number_after(struct str s, struct str key, uint64_t unset)
{
	size_t at = str_find(s, key), n = 0;
	uint64_t v;

	if (at == STR_NPOS)
		return unset;
	s = str_from(s, at + key.n);
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return str_u64(str_upto(s, n), &v) ? v : unset;
}

static void survey(struct recorded *r)
{
	struct str rest = r->text, text;
	uint64_t low = UINT64_MAX, high = 0;

	while (str_cut(&rest, '\n', &text)) {
		struct audit_line line;
		int64_t time;
		uint32_t serial;
		uint64_t ses = number_after(text, STR(" ses="), 0);

		if (line_split(text, &line) || line_id(line.id, &time, &serial))
			continue;
		r->first = r->first && r->first < time ? r->first : time;
		r->last = r->last > time ? r->last : time;
		low = low < serial ? low : serial;
		high = high > serial ? high : serial;
		if (ses < UINT32_MAX && ses > r->sessions)
			r->sessions = ses;
	}
	r->serials = high - low + 1;
}

/* Copy text up to and with `key`, then the shifted number behind it. */
static bool shift_number(
    struct buf *out, struct str *s, struct str key, uint64_t by, uint64_t range)
{
	size_t at = str_find(*s, key), n = 0;
	uint64_t v;

	if (at == STR_NPOS)
		return false;
	buf_add(out, s->p, at + key.n);
	*s = str_from(*s, at + key.n);
	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (str_u64(str_upto(*s, n), &v) && v < UINT32_MAX) {
		buf_add_u64(out, (v + by) % range);
		*s = str_from(*s, n);
	}
	return true;
}

static void shift_line(struct buf *out, struct str text, const struct shift *by)
{
	struct audit_line line;
	int64_t time;
	uint32_t serial;
	struct str rest;

	if (line_split(text, &line) || line_id(line.id, &time, &serial))
		return;
	time += by->time;
	buf_add(out, text.p, (size_t)(line.id.p - text.p));
	buf_printf(out, "%lld.%03lld:%llu", (long long)(time / 1000000),
	    (long long)(time / 1000 % 1000),
	    (unsigned long long)(serial + by->serial));
	rest = str_make(line.id.p + line.id.n,
	    text.n - (size_t)(line.id.p + line.id.n - text.p));
	shift_number(out, &rest, STR(" ppid="), by->pid, PID_RANGE);
	shift_number(out, &rest, STR(" pid="), by->pid, PID_RANGE);
	shift_number(out, &rest, STR(" ses="), by->ses, UINT32_MAX);
	buf_add_str(out, rest);
	buf_add_char(out, '\n');
}

/* 0, or what the program ends with. */
static int write_copies(const struct recorded *r, uint64_t bytes)
{
	struct buf out = BUF_INIT;
	uint64_t written = 0;
	int ret = 0;

	for (uint64_t i = 0; !ret && r->serials && written < bytes; i++) {
		struct shift by = {(int64_t)i * (r->last - r->first + 1000000),
		    i * r->serials, i * 7919, i * r->sessions};
		struct str rest = r->text, text;

		buf_clear(&out);
		while (str_cut(&rest, '\n', &text))
			shift_line(&out, text, &by);
		if (buf_error(&out) || !out.n ||
		    fwrite(out.p, 1, out.n, stdout) != out.n)
			ret = 4;
		written += out.n;
	}
	buf_free(&out);
	return ret;
}

int main(int argc, char **argv)
{
	char *text = malloc(MAX_INPUT);
	struct recorded r = {
	    .text = argc == 3 ? read_all(argv[1], text) : STR_NONE};
	uint64_t megabytes;
	int ret = 2;

	if (r.text.n && str_u64(str_z(argv[2]), &megabytes)) {
		survey(&r);
		ret = write_copies(&r, megabytes << 20);
	} else {
		fprintf(stderr, "usage: make_audit_log RECORDED MEGABYTES\n");
	}
	free(text);
	return fclose(stdout) && !ret ? 4 : ret;
}
