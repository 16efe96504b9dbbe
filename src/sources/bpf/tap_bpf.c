/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and connections of login sessions, from programs in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/bpf/load.h"
#include "sources/bpf/record.h"
#include "sources/bpf/streams.h"

_Static_assert(EVENT_N_KINDS <= 32, "tap_run.whole has a bit for each");

struct tap_run {
	int fd[TAP_FDS_MAX];
	unsigned n_fd;
	struct reader reader;
	uint32_t whole; /* kinds that are told of every login session ... */
	int64_t since;	/* ... from then on */
	struct streams streams;
};

static void close_fds(int fd[static TAP_FDS_MAX], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fd_close(&fd[i]);
}

static int watch_files(struct tap_opened *to, const char *list)
{
	int n = bpf_watch(to, str_z(list ? list : ""));

	if (n > 0)
		tap_note(to,
		    "; %d files to be watched left out: no path, no name, or "
		    "too long",
		    n);
	return n < 0 ? n : 0;
}

static int bpf_open(struct tap_opened *ret, const char *path, struct err *err)
{
	struct tap_opened got = {.n_fd = 0, .name = "bpf"};
	int r;

	r = bpf_load(&got, err);
	if (r == 0) {
		r = watch_files(&got, path);
		if (r < 0)
			err_sys(err, r, "cannot say what files to watch");
	}
	if (r < 0)
		close_fds(got.fd, got.n_fd);
	else
		*ret = got;
	return r;
}

static void bpf_refresh(const struct tap_opened *opened, const char *path)
{
	bpf_watch(opened, str_z(path ? path : ""));
	bpf_count_missed(opened);
}

static void bpf_stop(struct tap_run *run)
{
	reader_close(&run->reader);
	streams_close(&run->streams);
	close_fds(run->fd, run->n_fd);
	free(run);
}

static int bpf_start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	static const struct reader_kind kind = {
	    REC_RING_BYTES, REC_N_TYPES, REC_MAGIC, REC_VERSION};
	struct tap_run *run = calloc(1, sizeof *run);
	int r;

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(run->fd, opened->fd, sizeof run->fd);
	run->n_fd = opened->n_fd;
	run->whole = (uint32_t)opened->kept[BPF_KEPT_WHOLE];
	run->since = opened->kept[BPF_KEPT_SINCE];
	r = reader_open(&run->reader, opened, &kind);
	if (r == 0)
		r = streams_open(&run->streams,
		    opened->kept[BPF_KEPT_TCP] ? run->fd[BPF_FD_STREAMS] : -1);
	if (r < 0) {
		bpf_stop(run);
		return err_sys(
		    err, r, "cannot map or poll the ring of the bpf programs");
	}
	*ret = run;
	return 0;
}

static int bpf_fd(const struct tap_run *run)
{
	return run->reader.poll_fd;
}

static int bpf_read(struct tap_run *run, struct buf *to, struct err *err)
{
	return reader_read(&run->reader, to, err);
}

static int bpf_reopened(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	return err_set(err, -EINVAL, "bpf never asks to be opened anew");
}

/* What was taken from the ring is gone from it. */
static void bpf_place(const struct tap_run *run, size_t unread, struct buf *ret)
{
}

static unsigned bpf_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	ret[0] = (struct tap_loss){reader_lost(&run->reader),
	    "the bpf programs found no room for a record, or were not run"};
	return 1;
}

/*
 * Execs and ends that failed are not ours to tell; connections that failed on
 * their way are.
 */
static bool bpf_tells(struct tap_run *run, const struct event *ev)
{
	if (ev->kind == EVENT_NET_CONNECT)
		return str_eqz(event_str(ev, F_OP), "connect") &&
		       streams_take(&run->streams, ev);
	return run->whole >> ev->kind & 1 && ev->time >= run->since &&
	       event_int(ev, F_SUCCESS, 1);
}

const struct tap tap_bpf = {
    .name = "bpf",
    .source = "bpf",
    .help = "processes, connections, watched files and changes of user "
	    "of login sessions, from programs in the kernel",
    .alone = true,
    .open = bpf_open,
    .refresh = bpf_refresh,
    .start = bpf_start,
    .fd = bpf_fd,
    .read = bpf_read,
    .reopened = bpf_reopened,
    .place = bpf_place,
    .lost = bpf_lost,
    .tells = bpf_tells,
    .stop = bpf_stop,
};
