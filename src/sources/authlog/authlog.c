/* SPDX-License-Identifier: Apache-2.0 */
/* The source of text logs: auth.log, secure, messages, and their exports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sources/audit/records.h"
#include "sources/authlog/log_reader.h"
#include "sources/authlog/program.h"
#include "sources/authlog/wrapped.h"
#include "sources/authlog/year.h"
#include "sources/source.h"

#define EXPECTED                                                               \
	"a syslog line: RFC 3164, ISO 8601 time, RFC 5424, or rsyslog's JSON"

struct source_run {
	struct source_input in;
	struct log_reader *reader;
	struct arena scratch;
	struct year_clock years;
	char year_note[80]; /* where the year of times without one is from */
	struct records *records;  /* of audit; NULL before the first one */
	struct arena record_text; /* until records_keep() */
	bool skip;
	bool scan_skip;
	bool scan_done;
};

static int run_next(struct source_run *run, const struct source_input *in)
{
	run->in = *in;
	run->skip = run->scan_skip = run->scan_done = false;
	year_start(&run->years, in->mtime, in->utc_offset);
	snprintf(run->year_note, sizeof run->year_note, "year from %s",
	    in->mtime_is ? in->mtime_is : "the file's modification time");
	if (run->records)
		records_next_file(run->records, in);
	return 0;
}

static void run_close(struct source_run *run)
{
	if (!run)
		return;
	log_reader_free(run->reader);
	records_free(run->records);
	arena_free(&run->record_text);
	arena_free(&run->scratch);
	free(run);
}

static int run_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run || log_reader_new(&run->reader, in->id_key) < 0) {
		run_close(run);
		return err_set(err, -ENOMEM, "no memory to read %s", in->name);
	}
	run_next(run, in);
	*ret = run;
	return 0;
}

static ssize_t run_prescan(struct source_run *run, struct str data, bool last)
{
	struct log_line l;
	struct str line;
	size_t at = 0;
	bool cut;

	if (run->scan_done)
		return -1;
	while (source_line(data, &at, last, &run->scan_skip, &line, &cut) > 0) {
		enum line_kind kind;

		if (cut)
			continue;
		arena_reset(&run->scratch);
		kind = log_line_parse(line, NULL, &run->scratch, &l);
		if (kind != LINE_MESSAGE)
			continue;
		/* A log whose times have a year has it in all its lines. */
		if (!l.yearless) {
			run->scan_done = true;
			return -1;
		}
		year_scan(&run->years, &l.civil);
	}
	return (ssize_t)at;
}

static void host_set(const struct source_run *run, struct log_entry *e)
{
	if (e->line.host.n)
		return;
	e->line.host = run->in.host;
	e->host_note = str_z(run->in.host_inferred);
}

/* An audit record in the line. Its own time counts, not that of the line. */
static int record_take(
    struct source_run *run, const struct log_entry *e, struct source_sink *sink)
{
	struct records_line line = {.node = e->line.host,
	    .time = e->line.time,
	    .inferred = e->inferred,
	    .offset = e->offset};
	const char *expected;
	int r = wrapped_record(&e->line, &run->record_text, &line.text);

	if (r <= 0)
		return r;
	if (line.node.n)
		line.node = arena_dup(&run->record_text, line.node);
	if (!line.node.p && e->line.host.n)
		return -ENOMEM;
	/* Anybody can write to a text log. */
	if (!run->records && records_new(&run->records, &run->in, false) < 0)
		return -ENOMEM;
	r = records_take(run->records, &line, sink, &expected);
	if (r == 0 && expected)
		source_unparsed(sink, e->offset, e->raw, expected);
	return r;
}

static int line_take(struct source_run *run, struct str line, uint64_t offset,
    struct source_sink *sink)
{
	struct log_entry e = {
	    .raw = line,
	    .source = STR("auth-log"),
	    .offset = offset,
	    .escaped = true,
	};
	enum line_kind kind;
	int err;

	sink->lines++;
	arena_reset(&run->scratch);
	kind = log_line_parse(line, run->in.utc_offset, &run->scratch, &e.line);
	if (kind == LINE_NOISE)
		return 0;
	if (kind == LINE_BAD) {
		source_unparsed(sink, offset, line, EXPECTED);
		return 0;
	}
	if (kind == LINE_CONTINUED)
		return log_reader_continue(run->reader, &e, sink);
	if (e.line.yearless) {
		e.line.time = year_resolve(&run->years, &e.line.civil);
		e.inferred = run->year_note;
	}
	err = record_take(run, &e, sink);
	if (err < 0)
		return err;
	/* A repetition without a host is of whatever host came before. */
	if (!e.line.repeats_last)
		host_set(run, &e);
	return log_reader_take(run->reader, &e, sink);
}

/* The memory of the lines goes away. */
static int records_settle(struct source_run *run, struct source_sink *sink)
{
	int r = run->records ? records_keep(run->records, sink) : 0;

	arena_reset(&run->record_text);
	return r;
}

static ssize_t run_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	struct str line;
	size_t at = 0;
	bool cut;
	int err;

	while (source_line(data, &at, last, &run->skip, &line, &cut) > 0) {
		size_t begin = (size_t)(line.p - data.p);

		if (cut) {
			sink->lines++;
			source_unparsed(sink, offset + begin, line,
			    "a line of less than 64 KiB");
			continue;
		}
		err = line_take(run, line, offset + begin, sink);
		if (err < 0)
			return err;
	}
	err = records_settle(run, sink);
	return err < 0 ? err : (ssize_t)at;
}

static int run_finish(struct source_run *run, struct source_sink *sink)
{
	return run->records ? records_flush(run->records, sink) : 0;
}

static uint64_t run_held(const struct source_run *run, uint64_t end)
{
	return run->records ? records_held(run->records, end) : end;
}

struct probe_count {
	unsigned good, bad, known;
};

static void probe_line(struct str line, struct arena *scratch,
    struct probe_count *count, struct log_line *ret_first)
{
	struct log_line l;
	enum line_kind kind;

	arena_reset(scratch);
	kind = log_line_parse(line, NULL, scratch, &l);
	if (kind == LINE_BAD || (kind == LINE_MESSAGE && !l.tagged)) {
		count->bad++;
		return;
	}
	if (kind != LINE_MESSAGE)
		return;
	if (!count->good++)
		*ret_first = l;
	count->known +=
	    program_find(l.ident) != NULL || str_starts(l.msg, STR("pam_"));
}

static int probe_score(const struct probe_count *count, const char *name)
{
	struct str file = str_z(name);
	bool named;

	if (!count->good || count->bad > count->good)
		return 0;
	named = str_find(file, STR("auth")) != STR_NPOS ||
		str_find(file, STR("secure")) != STR_NPOS;
	return 60 + (count->known ? 25 : 0) + (named ? 5 : 0);
}

static int authlog_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	struct probe_count count = {0};
	struct arena scratch = ARENA_INIT;
	struct log_line first = {0};
	struct str line;
	bool skip = false;
	bool cut;
	size_t at = 0;

	while (count.good + count.bad < 200 &&
	       source_line(head, &at, false, &skip, &line, &cut) > 0)
		probe_line(line, &scratch, &count, &first);
	/* A single line may lack its newline; else a last part is no line. */
	if (!count.good && !count.bad)
		probe_line(str_from(head, at), &scratch, &count, &first);
	if (first.host.p >= head.p && first.host.p < head.p + head.n)
		*ret_host = first.host;
	if (count.good && !first.yearless)
		*ret_time = first.time;
	arena_free(&scratch);
	return probe_score(&count, name);
}

const struct source source_authlog = {
    .name = "auth-log",
    .summary = "sshd, PAM, sudo and account messages in syslog files",
    .probe = authlog_probe,
    .joins = true,
    .open = run_open,
    .next = run_next,
    .prescan = run_prescan,
    .feed = run_feed,
    .finish = run_finish,
    .held = run_held,
    .close = run_close,
};
