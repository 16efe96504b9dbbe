/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the programs in the kernel (record.h) to events. */
#include <errno.h>
#include <stdlib.h>

#include "sources/bpf/build.h"

static int bpf_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	return records_probe(head, REC_MAGIC, REC_VERSION);
}

static int bpf_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	run->records = (struct records){.magic = REC_MAGIC,
	    .version = REC_VERSION,
	    .expected = "a record of the bpf programs",
	    .take = build_record};
	*ret = run;
	return 0;
}

static void bpf_close(struct source_run *run)
{
	pieces_free(&run->pieces);
	arena_free(&run->mem);
	free(run);
}

static ssize_t bpf_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	return records_feed(&run->records, run, data, offset, last, sink);
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
