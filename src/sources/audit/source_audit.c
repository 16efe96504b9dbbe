/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of the Linux audit system (auditd's audit.log, raw or enriched; the
 * text that plug-ins and `ausearch --raw` give).
 */
#include <errno.h>
#include <stdlib.h>

#include "sources/audit/line.h"
#include "sources/audit/records.h"

#define PROBE_LINES 50
/* So far behind a line its bytes are asked for: a page, within which processors
 * read ahead by themselves. */
#define READ_AHEAD  4096
#define CACHE_LINE  64

struct source_run {
	struct records *records;
	bool skip; /* the rest of an overlong line follows */
	bool cut;  /* the line at hand is such a one */
};

/* What ausearch puts between events. */
static bool is_separator(struct str line)
{
	return line.n == 0 || str_eq(line, STR("----")) ||
	       str_starts(line, STR("time->"));
}

static int audit_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	struct audit_line line;
	struct str text;
	uint32_t serial;
	bool more = true;

	for (int i = 0; i < PROBE_LINES && more; i++) {
		more = str_cut(&head, '\n', &text);
		if (line_split(text, &line) ||
		    line_id(line.id, ret_time, &serial))
			continue;
		*ret_host = line.node;
		return i == 0 ? 99 : 90;
	}
	*ret_time = 0;
	return 0;
}

static int audit_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run || records_new(&run->records, in, true) < 0) {
		free(run);
		return err_set(err, -ENOMEM, "no memory for reading %s",
		    in->name ? in->name : "an audit log");
	}
	*ret = run;
	return 0;
}

static int audit_next(struct source_run *run, const struct source_input *in)
{
	run->skip = false;
	records_next_file(run->records, in);
	return 0;
}

static int take_line(struct source_run *run, struct str text, uint64_t offset,
    struct source_sink *sink)
{
	const struct records_line line = {.text = text, .offset = offset};
	const char *expected = "a line of less than 64 KiB";
	bool record = text.n >= 4 && memcmp(text.p, "type", 4) == 0;
	int r = 0;

	if (!record && is_separator(text))
		return 0;
	sink->lines++;
	if (!run->cut)
		r = records_take(run->records, &line, sink, &expected);
	if (r == 0 && expected)
		source_unparsed(sink, offset, text, expected);
	return r;
}

/* Ask for as many bytes, READ_AHEAD further on, as the line has. */
static inline void read_ahead(struct str data, size_t at, size_t n)
{
	if (data.n - at < READ_AHEAD + n)
		return;
	for (size_t i = 0; i < n; i += CACHE_LINE)
		__builtin_prefetch(data.p + at + READ_AHEAD + i);
}

/* source_line(), with its common case here. */
static inline int next_line(struct source_run *run, struct str data, size_t *at,
    bool last, struct str *ret)
{
	if (!run->skip && *at < data.n) {
		const char *p = data.p + *at;
		const char *end = memchr(p, '\n', data.n - *at);

		if (end && end > p && end[-1] != '\r' &&
		    (size_t)(end - p) < SOURCE_LINE_MAX) {
			*ret = str_make(p, (size_t)(end - p));
			read_ahead(data, *at, ret->n);
			*at += ret->n + 1;
			run->cut = false;
			return 1;
		}
	}
	return source_line(data, at, last, &run->skip, ret, &run->cut);
}

static ssize_t audit_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t at = 0, from = 0;
	struct str text;
	int r;

	while (next_line(run, data, &at, last, &text)) {
		from = (size_t)(text.p - data.p);
		r = take_line(run, text, offset + from, sink);
		if (r < 0)
			return r;
	}
	r = records_keep(run->records, sink);
	return r < 0 ? r : (ssize_t)at;
}

static int audit_finish(struct source_run *run, struct source_sink *sink)
{
	return records_flush(run->records, sink);
}

static uint64_t audit_held(const struct source_run *run, uint64_t end)
{
	return records_held(run->records, end);
}

static void audit_close(struct source_run *run)
{
	if (!run)
		return;
	records_free(run->records);
	free(run);
}

const struct source source_audit = {
    .name = "audit",
    .summary = "Linux audit log (audit.log), raw or enriched",
    .probe = audit_probe,
    .joins = true,
    .open = audit_open,
    .next = audit_next,
    .feed = audit_feed,
    .finish = audit_finish,
    .held = audit_held,
    .close = audit_close,
};
