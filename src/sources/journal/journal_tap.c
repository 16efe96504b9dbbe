/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The systemd journal as it is written, by libsystemd. Root hands over the
 * journal's files, so that who reads them needs neither a group nor a way to
 * /var/log/journal; new ones are asked for as they come. Entries are given in
 * the form of `journalctl -o export`, with the fields that the source wants.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/follow.h"
#include "sources/journal/entry.h"
#include "sources/journal/journal_fds.h"

#define READ_MAX     ((size_t)1 << 20)
#define READ_ENTRIES 512
/* Places are known within the last two reads. */
#define MARKS	     (2 * READ_ENTRIES + 1)
#define CURSOR_MAX   256
/* A file just made has no header yet: how often it is opened again. */
#define RETRIES	     10

/* Behind which byte of all that was given which entry ends. */
struct mark {
	uint64_t end;
	char cursor[CURSOR_MAX];
};

struct tap_run {
	int watch;
	sd_journal *journal;
	bool replaced; /* there is a new file */
	bool pending;  /* the entry at hand was not given yet */
	unsigned retries;
	unsigned n_bad; /* files that could not be read, most at one time */
	uint64_t lost;
	uint64_t given; /* bytes */
	uint64_t n_marks;
	struct mark marks[MARKS]; /* a ring */
};

static void mark_set(struct tap_run *run, const char *cursor)
{
	struct mark *m = &run->marks[run->n_marks++ % MARKS];

	m->end = run->given;
	snprintf(m->cursor, sizeof m->cursor, "%s", cursor);
}

static const char *last_cursor(const struct tap_run *run)
{
	return run->n_marks ? run->marks[(run->n_marks - 1) % MARKS].cursor
			    : "";
}

static int mark_here(struct tap_run *run)
{
	char *cursor;
	int r = sd_journal_get_cursor(run->journal, &cursor);

	if (r < 0)
		return r;
	mark_set(run, cursor);
	free(cursor);
	return 0;
}

static void close_all(const int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		close(fds[i]);
}

static void drop_files(struct tap_run *run)
{
	sd_journal_close(run->journal);
	run->journal = NULL;
	fd_close(&run->watch);
}

/* Those of `fds` that are journals, to the front; the others are closed. */
static unsigned keep_readable(int *fds, unsigned n)
{
	unsigned kept = 0;
	sd_journal *one;
	int copy;

	for (unsigned i = 0; i < n; i++) {
		copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (copy >= 0 &&
		    sd_journal_open_files_fd(&one, &copy, 1, 0) == 0) {
			sd_journal_close(one);
			fds[kept++] = fds[i];
		} else {
			fd_close(&copy);
			close(fds[i]);
		}
	}
	return kept;
}

/*
 * One damaged file makes libsystemd refuse them all: leave it out. With none
 * left run->journal stays NULL until they were opened again.
 */
static int open_readable(struct tap_run *run, int *fds, unsigned n)
{
	unsigned n_all = n;
	int r;

	n = keep_readable(fds, n);
	if (run->retries < RETRIES) {
		run->retries++;
		run->replaced = true;
	} else if (n_all - n > run->n_bad) {
		run->lost += n_all - n - run->n_bad;
		run->n_bad = n_all - n;
	}
	if (n == 0)
		return run->replaced ? 0 : -EBADMSG;
	r = sd_journal_open_files_fd(&run->journal, fds, n, 0);
	if (r < 0)
		close_all(fds, n);
	return r;
}

static int take_files(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	unsigned n = opened->n_fd - JOURNAL_FD_FILES;
	int fds[TAP_FDS_MAX];
	int r;

	if (opened->n_fd <= JOURNAL_FD_FILES || opened->n_fd > TAP_FDS_MAX)
		return err_set(err, -EINVAL, "these are no journal files");
	memcpy(fds, opened->fd + JOURNAL_FD_FILES, n * sizeof *fds);
	run->watch = opened->fd[JOURNAL_FD_WATCH];
	/* On success, and only then, the descriptors are libsystemd's. */
	r = sd_journal_open_files_fd(&run->journal, fds, n, 0);
	if (r < 0)
		r = open_readable(run, fds, n);
	if (r < 0)
		return err_sys(err, r, "cannot read the journal's files");
	if (run->journal)
		sd_journal_set_data_threshold(run->journal, SOURCE_LINE_MAX);
	return 0;
}

/* Behind the last entry there is. */
static int seek_end(struct tap_run *run)
{
	int r = sd_journal_seek_tail(run->journal);

	if (r >= 0)
		r = sd_journal_previous(run->journal);
	if (r > 0)
		return mark_here(run);
	return r < 0 ? r : sd_journal_seek_head(run->journal);
}

/*
 * Whether the entry at hand is that of `cursor`. Its file and number in it
 * ("s=...;i=...") change when journald moves entries from /run to /var; boot,
 * times and the hash of its fields stay.
 */
static bool is_at(struct tap_run *run, const char *cursor)
{
	char *here;
	const char *a, *b;
	bool same;

	if (sd_journal_get_cursor(run->journal, &here) < 0)
		return false;
	a = strstr(here, ";b=");
	b = strstr(cursor, ";b=");
	same = a && b && strcmp(a, b) == 0;
	free(here);
	return same;
}

/* Behind the entry `cursor`; when it is gone, with what is left behind it. */
static int seek_behind(struct tap_run *run, const char *cursor)
{
	int r = sd_journal_seek_cursor(run->journal, cursor);

	if (r >= 0)
		r = sd_journal_next(run->journal);
	if (r > 0) {
		run->pending = !is_at(run, cursor);
		run->lost += run->pending;
		return 0;
	}
	run->lost++;
	return sd_journal_seek_head(run->journal);
}

static int journal_start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	struct tap_run *run = calloc(1, sizeof *run);
	int r;

	if (!run) {
		close_all(opened->fd, opened->n_fd);
		return err_set(err, -ENOMEM, "no memory for the journal");
	}
	if (place && *place)
		mark_set(run, place);
	r = take_files(run, opened, err);
	if (r == 0 && run->journal) {
		r = place && *place ? seek_behind(run, place) : seek_end(run);
		if (r < 0)
			err_sys(err, r, "cannot find the place in the journal");
	}
	if (r < 0) {
		drop_files(run);
		free(run);
		return r;
	}
	*ret = run;
	return 0;
}

static int journal_fd(const struct tap_run *run)
{
	return run->watch;
}

static void take_notice(struct tap_run *run, const struct inotify_event *ev)
{
	if (ev->mask & (IN_MODIFY | IN_IGNORED))
		return;
	run->replaced = true;
	run->retries = 0;
}

/* As journalctl: text as it is, all else with its length in front. */
static void add_field(struct buf *to, struct str field)
{
	struct str name, value = field;
	uint64_t n;
	bool text = true;

	if (!str_cut(&value, '=', &name) ||
	    journal_field_find(name) == JOURNAL_N_FIELDS)
		return;
	for (size_t i = 0; i < value.n && text; i++)
		text = (unsigned char)value.p[i] >= ' ' || value.p[i] == '\t';
	if (text) {
		buf_add_str(to, field);
	} else {
		n = value.n;
		buf_add_str(to, name);
		buf_add_char(to, '\n');
		buf_add_u64le(to, n);
		buf_add_str(to, value);
	}
	buf_add_char(to, '\n');
}

static int add_entry(struct tap_run *run, struct buf *to)
{
	size_t begin = to->n, n;
	const void *data;
	uint64_t time;
	int r = sd_journal_get_realtime_usec(run->journal, &time);

	if (r < 0)
		return r;
	buf_printf(to, "__REALTIME_TIMESTAMP=%" PRIu64 "\n", time);
	sd_journal_restart_data(run->journal);
	while ((r = sd_journal_enumerate_available_data(
		    run->journal, &data, &n)) > 0)
		add_field(to, str_make(data, n));
	if (r < 0) {
		/* Half an entry would pass for a whole one. */
		to->n = begin;
		return r;
	}
	buf_add_char(to, '\n');
	if (buf_error(to))
		return buf_error(to);
	run->given += to->n - begin;
	return mark_here(run);
}

static int journal_read(struct tap_run *run, struct buf *to, struct err *err)
{
	size_t begin = to->n;
	int r;

	follow_drain(run->watch, take_notice, run);
	if (!run->journal)
		return TAP_REOPEN;
	for (unsigned i = 0; i < READ_ENTRIES && to->n - begin < READ_MAX;
	     i++) {
		r = run->pending ? 1 : sd_journal_next(run->journal);
		run->pending = false;
		if (r < 0)
			return err_sys(err, r, "cannot read the journal");
		if (r == 0)
			return run->replaced ? TAP_REOPEN : TAP_IDLE;
		r = add_entry(run, to);
		if (r == -ENOMEM)
			return err_set(err, r, "no memory for the journal");
		if (r < 0)
			run->lost++;
	}
	return TAP_MORE;
}

static int journal_reopened(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	const char *cursor = last_cursor(run);
	int r;

	drop_files(run);
	run->replaced = false;
	r = take_files(run, opened, err);
	if (r < 0 || !run->journal)
		return r;
	r = *cursor ? seek_behind(run, cursor)
		    : sd_journal_seek_head(run->journal);
	return r < 0 ? err_sys(err, r, "cannot go on in the journal") : 0;
}

static void journal_place(
    const struct tap_run *run, size_t unread, struct buf *ret)
{
	uint64_t first = run->n_marks > MARKS ? run->n_marks - MARKS : 0;
	uint64_t i = run->n_marks;

	if (!i)
		return;
	while (--i > first && run->marks[i % MARKS].end + unread > run->given)
		;
	buf_add_z(ret, run->marks[i % MARKS].cursor);
}

static unsigned journal_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	ret[0] = (struct tap_loss){run->lost,
	    "in the journal: damaged, or removed before it was read"};
	return 1;
}

static void journal_stop(struct tap_run *run)
{
	if (!run)
		return;
	drop_files(run);
	free(run);
}

const struct tap tap_journal = {
    .name = "journal",
    .source = "journal",
    .help = "the systemd journal",
    .open = journal_fds_open,
    .start = journal_start,
    .fd = journal_fd,
    .read = journal_read,
    .reopened = journal_reopened,
    .place = journal_place,
    .lost = journal_lost,
    .stop = journal_stop,
};
