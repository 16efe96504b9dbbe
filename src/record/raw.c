/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the output, one behind the other, and nothing else. */
#include "record/format.h"

static void begin(void *state, struct format_files *files,
    const struct head *head, uint64_t boot)
{
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *p)
{
	if (piece_is_shown(p))
		buf_add_str(&files->part[0], p->bytes);
}

static const struct format_writer writer = {
    .begin = begin,
    .piece = add_piece,
};

const struct format format_raw = {
    .name = "raw",
    .help = "the bytes of the output alone",
    .hostile = true,
    .writer = &writer,
};
