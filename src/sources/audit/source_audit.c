/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of the Linux audit system (auditd's audit.log, raw or enriched; the
 * text that plug-ins and `ausearch --raw` give).
 */
#include <errno.h>
#include <stdlib.h>

#include "sources/audit/build.h"

#define PROBE_LINES 50

struct source_run {
	struct build *build;
	struct groups *groups;
	struct source_sink *sink; /* of the call in progress */
	bool skip;		  /* the rest of an overlong line follows */
	bool cut;		  /* the line at hand is such a one */
};

static bool is_kernel_loss(struct str line)
{
	return str_starts(line, STR("audit: backlog limit exceeded")) ||
	       str_starts(line, STR("audit: rate limit exceeded")) ||
	       str_starts(line, STR("audit: audit_lost="));
}

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

static int run_event(void *ctx, const struct group *g, bool force)
{
	struct source_run *run = ctx;
	int r = build_event(run->build, g, force);

	if (r)
		return r;
	r = run->sink->event(run->sink, &run->build->ev);
	return r < 0 ? r : 0;
}

static int audit_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run || build_new(&run->build, in) < 0 ||
	    groups_new(&run->groups) < 0) {
		if (run)
			build_free(run->build);
		free(run);
		return err_set(err, -ENOMEM, "no memory for reading %s",
		    in->name ? in->name : "an audit log");
	}
	*ret = run;
	return 0;
}

static int audit_next(struct source_run *run, const struct source_input *in)
{
	run->build->in = *in;
	run->skip = false;
	groups_next_file(run->groups);
	return 0;
}

static int add_line(struct source_run *run, struct str text, uint64_t offset,
    const struct groups_sink *sink, const char **expected)
{
	struct audit_line line;
	unsigned type;

	*expected = line_split(text, &line);
	if (*expected)
		return 0;
	type = names_type(run->build->names, line.type);
	return groups_add(run->groups, &line, type,
	    names_role(run->build->names, type), offset, sink, expected);
}

static int take_line(struct source_run *run, struct str text, uint64_t offset,
    const struct groups_sink *sink)
{
	const char *expected = "a line of less than 64 KiB";
	bool record = text.n >= 4 && memcmp(text.p, "type", 4) == 0;
	int r;

	if (!record && is_separator(text))
		return 0;
	run->sink->lines++;
	if (!record && is_kernel_loss(text)) {
		build_gap(run->build, groups_clock(run->groups), text, offset);
		r = run->sink->event(run->sink, &run->build->ev);
		return r < 0 ? r : 0;
	}
	r = run->cut ? 0 : add_line(run, text, offset, sink, &expected);
	if (r == 0 && expected)
		source_unparsed(run->sink, offset, text, expected);
	return r;
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
	const struct groups_sink out = {run_event, run};
	size_t at = 0, from = 0;
	struct str text;
	int r = 0;

	run->sink = sink;
	while (next_line(run, data, &at, last, &text)) {
		from = (size_t)(text.p - data.p);
		r = take_line(run, text, offset + from, &out);
		if (r < 0)
			return r;
	}
	r = groups_keep(run->groups, &out);
	return r < 0 ? r : (ssize_t)at;
}

static int audit_finish(struct source_run *run, struct source_sink *sink)
{
	const struct groups_sink out = {run_event, run};

	run->sink = sink;
	return groups_flush(run->groups, &out);
}

static uint64_t audit_held(const struct source_run *run, uint64_t end)
{
	return groups_held(run->groups, end);
}

static void audit_close(struct source_run *run)
{
	if (!run)
		return;
	build_free(run->build);
	groups_free(run->groups);
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
