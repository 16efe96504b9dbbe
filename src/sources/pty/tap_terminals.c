/* SPDX-License-Identifier: Apache-2.0 */
/* What the terminals of SSH sessions show, from programs in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/pty/load.h"
#include "sources/pty/record.h"
#include "sources/pty/tend.h"

struct tap_run {
	struct tap_opened opened;
	struct reader reader;
};

static int terminals_open(
    struct tap_opened *ret, const char *path, struct err *err)
{
	static const char boot_id[] = "/proc/sys/kernel/random/boot_id";
	struct tap_opened got = {.n_fd = 0, .name = "terminals"};
	bool input = path && strcmp(path, TAP_TERMINALS_INPUT) == 0;
	int r;

	if (path && !input)
		return err_set(err, -EINVAL, "terminals have no path");
	r = pty_load(&got, input, err);
	if (r == 0) {
		got.fd[READER_BOOT] = open(boot_id, O_RDONLY | O_CLOEXEC);
		if (got.fd[READER_BOOT] < 0)
			r = err_sys(err, -errno, "cannot open %s", boot_id);
	}
	if (r < 0)
		tap_opened_close(&got);
	else
		*ret = got;
	return r;
}

static void terminals_refresh(const struct tap_opened *opened, const char *path)
{
	pty_count_missed(opened);
}

static void terminals_stop(struct tap_run *run)
{
	reader_close(&run->reader);
	tap_opened_close(&run->opened);
	free(run);
}

static int terminals_start(struct tap_run **ret,
    const struct tap_opened *opened, const char *place, struct err *err)
{
	static const struct reader_kind kind = {
	    PTY_RING_BYTES, PTY_N_TYPES, PTY_MAGIC, PTY_VERSION};
	struct tap_run *run = calloc(1, sizeof *run);
	int r;

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->opened = *opened;
	r = reader_open(&run->reader, opened, &kind);
	if (r < 0) {
		terminals_stop(run);
		return err_sys(
		    err, r, "cannot map or poll the ring of the bpf programs");
	}
	/* To attach it is not this process's business. */
	if (opened->kept[0] == PTY_BY_CALLS)
		fd_close(&run->opened.fd[PTY_FD_CALLS]);
	*ret = run;
	return 0;
}

static int terminals_fd(const struct tap_run *run)
{
	return run->reader.poll_fd;
}

static int terminals_read(struct tap_run *run, struct buf *to, struct err *err)
{
	return reader_read(&run->reader, to, err);
}

static int terminals_reopened(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	return err_set(err, -EINVAL, "terminals are never opened anew");
}

/* What was taken from the ring is gone from it. */
static void terminals_place(
    const struct tap_run *run, size_t unread, struct buf *ret)
{
}

static unsigned terminals_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	ret[0] = (struct tap_loss){reader_lost(&run->reader),
	    "the ring of the programs that watch terminals was full, or one of "
	    "them was not run"};
	return 1;
}

const struct tap tap_terminals = {
    .name = "terminals",
    .source = "terminals",
    .help = "what the terminals of SSH sessions show, from programs in the "
	    "kernel",
    .open = terminals_open,
    .refresh = terminals_refresh,
    .tender = &pty_tender,
    .start = terminals_start,
    .fd = terminals_fd,
    .read = terminals_read,
    .reopened = terminals_reopened,
    .place = terminals_place,
    .lost = terminals_lost,
    .stop = terminals_stop,
};
