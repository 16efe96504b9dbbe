/* SPDX-License-Identifier: Apache-2.0 */
/* What terminals of SSH sessions show, and what commands without one write,
 * from programs in the kernel. */
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

static bool take_word(struct pty_wants *wants, struct str word)
{
	if (str_eqz(word, TAP_TERMINALS_INPUT))
		return wants->input = true;
	return str_skip(&word, STR(TAP_TERMINALS_COMMANDS)) &&
	       str_u64(word, &wants->commands);
}

static int terminals_open(
    struct tap_opened *ret, const char *path, struct err *err)
{
	struct tap_opened got = {.n_fd = 0, .name = "terminals"};
	struct str words = path ? str_z(path) : STR_NONE, word;
	struct pty_wants wants = {false};
	int r;

	while (words.n) {
		str_cut(&words, ' ', &word);
		if (!take_word(&wants, word))
			return err_set(err, -EINVAL,
			    "terminals have no path, and '%.*s' is nothing "
			    "that can be told of them",
			    STR_ARG(word));
	}
	r = pty_load(&got, &wants, err);
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
	for (unsigned i = 0; i < opened->kept[1]; i++)
		fd_close(&run->opened.fd[PTY_FD_TENDED + i]);
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
    .alone = true,
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
