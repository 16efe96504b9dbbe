/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/report.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "cli/text/escape.h"
#include "core/event_json.h"

#define FIRST_AFTER   USEC_PER_SEC
#define EVERY	      (USEC_PER_SEC / 5)
/* Of files that were passed over, so many are named. */
#define SKIPPED_SHOWN 8
#define LINE_WIDTH    62

void import_progress_start(
    struct import_progress *p, int fd, const struct import_files *files)
{
	*p = (struct import_progress){
	    .fd = isatty(fd) ? fd : -1, .started = time_now()};
	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].source)
			p->total += files->v[i].size;
}

/* Whether it is time for another line. */
static bool is_due(struct import_progress *p)
{
	int64_t now;

	if (p->fd < 0)
		return false;
	now = time_now();
	if (now - p->started < FIRST_AFTER || now - p->shown < EVERY)
		return false;
	p->shown = now;
	return true;
}

void import_progress_show(struct import_progress *p,
    const struct import_file *f, const struct import_totals *t)
{
	struct buf b = BUF_INIT;

	if (!is_due(p))
		return;
	buf_printf(&b, "\r\033[K%3.0f%%  %llu events  ",
	    p->total ? 100.0 * (double)t->bytes / (double)p->total : 100.0,
	    (unsigned long long)t->events);
	escape_add_cut(&b, str_z(f->path), 50, 0);
	(void)fd_write_all(p->fd, b.p, b.n);
	buf_free(&b);
}

void import_progress_settle(
    struct import_progress *p, uint64_t done, uint64_t total)
{
	struct buf b = BUF_INIT;

	if (!is_due(p))
		return;
	buf_printf(&b, "\r\033[K%3.0f%%  putting parts of logs in order",
	    total ? 100.0 * (double)done / (double)total : 100.0);
	(void)fd_write_all(p->fd, b.p, b.n);
	buf_free(&b);
}

void import_progress_end(struct import_progress *p)
{
	if (p->fd >= 0 && p->shown)
		(void)fd_write_all(p->fd, "\r\033[K", 4);
}

static void add_count(
    struct buf *b, uint64_t n, const char *one, const char *many)
{
	buf_add_u64(b, n);
	buf_add_char(b, ' ');
	buf_add_z(b, n == 1 ? one : many);
}

static uint64_t count_unrecognised(const struct import_files *files)
{
	uint64_t n = 0;

	for (size_t i = 0; i < files->n; i++)
		n += !import_file_format(&files->v[i]);
	return n;
}

/* "exec 122, file 35, ...", in lines that fit a terminal. */
static void add_kinds(struct buf *b, const struct import_totals *t)
{
	size_t line = b->n;
	const char *sep = "    ";

	for (unsigned k = 0; k < EVENT_N_KINDS; k++) {
		if (t->by_kind[k] == 0)
			continue;
		buf_add_z(b, sep);
		buf_printf(b, "%s %llu", event_kind_name((enum event_kind)k),
		    (unsigned long long)t->by_kind[k]);
		sep = ", ";
		if (b->n - line > LINE_WIDTH) {
			line = b->n;
			sep = ",\n    ";
		}
	}
	buf_add_char(b, '\n');
}

static void add_examples(struct buf *b, const struct import_totals *t)
{
	for (size_t i = 0; i < t->n_examples; i++) {
		const struct import_example *ex = &t->examples[i];

		buf_add_z(b, "    ");
		escape_add(b, str_z(ex->path), ESCAPE_NO_LIMIT, 0, NULL);
		if (ex->line)
			buf_printf(b, ":%llu", (unsigned long long)ex->line);
		else
			buf_printf(b, ": at byte %llu",
			    (unsigned long long)ex->offset);
		buf_printf(b, ": expected %s", ex->expected);
		if (ex->n)
			buf_add_z(b, ", found: ");
		escape_add(
		    b, str_make(ex->text, ex->n), ESCAPE_NO_LIMIT, 0, NULL);
		buf_add_char(b, '\n');
	}
}

/* Those that could not be read, or the others; *n: shown already. */
static void list_skipped(struct buf *b, const struct import_files *files,
    bool unreadable, uint64_t *n)
{
	for (size_t i = 0; i < files->n && *n < SKIPPED_SHOWN; i++) {
		const struct import_file *f = &files->v[i];

		if (import_file_format(f) || f->unreadable != unreadable)
			continue;
		buf_add_z(b, "    ");
		escape_add(b, str_z(f->path), ESCAPE_NO_LIMIT, 0, NULL);
		buf_printf(b, ": %s\n", f->why_not);
		++*n;
	}
}

static void add_skipped(struct buf *b, const struct import_files *files)
{
	uint64_t n = 0, all = count_unrecognised(files);

	if (all == 0)
		return;
	buf_add_z(b, "  not read: ");
	add_count(b, all, "file\n", "files\n");
	list_skipped(b, files, true, &n);
	list_skipped(b, files, false, &n);
	if (all > n)
		buf_printf(
		    b, "    and %llu more\n", (unsigned long long)(all - n));
}

void import_summary_text(struct buf *b, const struct import_totals *t,
    const struct import_files *files)
{
	buf_add_z(b, "Imported ");
	add_count(b, t->files_read, "file", "files");
	if (t->files_known) {
		buf_add_z(b, "; nothing new in ");
		add_count(b, t->files_known, "other", "others");
	}
	buf_add_char(b, '\n');
	buf_add_z(b, "  ");
	add_count(b, t->lines, "line or record, ", "lines and records, ");
	add_count(b, t->events, "event added", "events added");
	if (t->seen_again)
		buf_printf(b, ", %llu known already",
		    (unsigned long long)t->seen_again);
	buf_add_char(b, '\n');
	if (t->events)
		add_kinds(b, t);
	if (t->unparsed) {
		buf_add_z(b, "  not understood: ");
		add_count(b, t->unparsed, "line\n", "lines\n");
		add_examples(b, t);
	}
	if (t->gaps) {
		buf_add_z(b, "  gaps found: ");
		buf_add_u64(b, t->gaps);
		buf_add_z(b, " (sshtrail search --kind gap)\n");
	}
	if (t->masked) {
		buf_add_z(b, "  typed and not shown: left out ");
		add_count(b, t->masked, "time in ", "times in ");
		add_count(b, t->masked_in, "recording", "recordings");
		buf_add_z(b, " (--keep-unechoed keeps it)\n");
	}
	add_skipped(b, files);
}

static void add_number(struct buf *b, const char *key, uint64_t n)
{
	buf_printf(b, "\"%s\":%llu,", key, (unsigned long long)n);
}

static void add_json_examples(struct buf *b, const struct import_totals *t)
{
	buf_add_z(b, "\"examples\":[");
	for (size_t i = 0; i < t->n_examples; i++) {
		const struct import_example *ex = &t->examples[i];

		buf_add_z(b, i ? ",{\"file\":" : "{\"file\":");
		json_add_string(b, str_z(ex->path));
		buf_printf(b, ex->line ? ",\"line\":%llu" : ",\"offset\":%llu",
		    (unsigned long long)(ex->line ? ex->line : ex->offset));
		buf_add_z(b, ",\"expected\":");
		json_add_string(b, str_z(ex->expected));
		buf_add_z(b, ",\"text\":");
		json_add_string(b, str_make(ex->text, ex->n));
		buf_add_char(b, '}');
	}
	buf_add_z(b, "],");
}

static void add_json_skipped(struct buf *b, const struct import_files *files)
{
	const char *sep = "";

	buf_add_z(b, "\"not_read\":[");
	for (size_t i = 0; i < files->n; i++) {
		if (import_file_format(&files->v[i]))
			continue;
		buf_add_z(b, sep);
		buf_add_z(b, "{\"file\":");
		json_add_string(b, str_z(files->v[i].path));
		buf_add_z(b, ",\"reason\":");
		json_add_string(b, str_z(files->v[i].why_not));
		buf_add_char(b, '}');
		sep = ",";
	}
	buf_add_char(b, ']');
}

void import_summary_json(struct buf *b, const struct import_totals *t,
    const struct import_files *files)
{
	const char *sep = "";

	buf_add_char(b, '{');
	add_number(b, "files_read", t->files_read);
	add_number(b, "files_known", t->files_known);
	add_number(b, "bytes", t->bytes);
	add_number(b, "lines", t->lines);
	add_number(b, "unparsed", t->unparsed);
	add_number(b, "events", t->events);
	add_number(b, "seen_again", t->seen_again);
	add_number(b, "completed", t->completed);
	add_number(b, "gaps", t->gaps);
	add_number(b, "damaged", t->n_damaged);
	add_number(b, "masked", t->masked);
	buf_add_z(b, "\"kinds\":{");
	for (unsigned k = 0; k < EVENT_N_KINDS; k++) {
		if (t->by_kind[k] == 0)
			continue;
		buf_printf(b, "%s\"%s\":%llu", sep,
		    event_kind_name((enum event_kind)k),
		    (unsigned long long)t->by_kind[k]);
		sep = ",";
	}
	buf_add_z(b, "},");
	add_json_examples(b, t);
	add_json_skipped(b, files);
	buf_add_z(b, "}\n");
}
