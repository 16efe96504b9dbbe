/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the programs in the kernel (record.h) to events. */
#include <errno.h>
#include <stdlib.h>

#include "sources/bpf/build.h"

static int bpf_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	struct rec_head first;

	if (head.n < sizeof first)
		return 0;
	memcpy(&first, head.p, sizeof first);
	return first.magic == REC_MAGIC && first.version == REC_VERSION ? 95
									: 0;
}

static int bpf_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	*ret = run;
	return 0;
}

static void bpf_close(struct source_run *run)
{
	pieces_free(&run->pieces);
	arena_free(&run->mem);
	free(run);
}

/*
 * Bytes of the record that data begins with; 0: it is not all here; -1: no
 * record begins here.
 */
static ssize_t record_size(struct str data, bool last)
{
	struct rec_head head;

	if (data.n < sizeof head)
		return last ? -1 : 0;
	memcpy(&head, data.p, sizeof head);
	if (head.magic != REC_MAGIC || head.size < sizeof head ||
	    head.size > REC_MAX)
		return -1;
	if (head.size > data.n)
		return last ? -1 : 0;
	return (ssize_t)head.size;
}

/* Bytes that are no record are one mistake, until the next record begins. */
static void skip_byte(struct source_run *run, struct str rest, uint64_t offset,
    struct source_sink *sink)
{
	if (!run->skip) {
		sink->lines++;
		source_unparsed(sink, offset, str_upto(rest, 1),
		    "a record of the bpf programs");
	}
	run->skip = true;
}

static ssize_t bpf_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < data.n) {
		struct str rest = str_from(data, at);
		ssize_t n = record_size(rest, last);

		if (n == 0)
			break;
		if (n < 0) {
			skip_byte(run, rest, offset + at, sink);
			at++;
			continue;
		}
		run->skip = false;
		sink->lines++;
		r = build_record(
		    run, str_upto(rest, (size_t)n), offset + at, sink);
		at += (size_t)n;
	}
	return r < 0 ? r : (ssize_t)at;
}

static uint64_t bpf_held(const struct source_run *run, uint64_t end)
{
	return pieces_held(&run->pieces, end);
}

const struct source source_bpf = {
    .name = BPF_NAME,
    .summary = "processes, connections and files, from programs in the kernel",
    .probe = bpf_probe,
    .open = bpf_open,
    .feed = bpf_feed,
    .finish = source_finish_nothing,
    .held = bpf_held,
    .close = bpf_close,
};
