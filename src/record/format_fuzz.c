/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the files of the format FUZZED, one behind the other, each but
 * the first behind a line "--part N": read at once, read in small pieces, with
 * the same result, and what was read written in each format.
 */
#include "record/memory_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void split(struct memory *m, struct str s)
{
	static const struct str mark = STR_INIT("\n--part ");
	unsigned part = 0;

	while (part < FORMAT_PARTS_MAX) {
		size_t at = str_find(s, mark);

		m->part[part] = str_upto(s, at);
		if (at == STR_NPOS || at + mark.n + 2 > s.n)
			return;
		part = (unsigned)(s.p[at + mark.n] - '0');
		s = str_from(s, at + mark.n + 2);
	}
}

static void read_split(
    struct memory *m, const struct format *f, struct str s, size_t step)
{
	split(m, s);
	memory_read(m, f, step);
}

static void write_as(
    const struct format *from, const struct format *to, struct str s)
{
	struct format_files files = {0};
	struct memory m = {.told = BUF_INIT, .to = to, .files = &files};

	m.writing = calloc(1, to->writer->size + 1);
	if (!m.writing)
		abort();
	read_split(&m, from, s, (size_t)1 << 16);
	if (to->writer->end)
		to->writer->end(m.writing, &files);
	if (to->writer->free)
		to->writer->free(m.writing);
	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++) {
		if (buf_error(&files.part[i]))
			abort();
		buf_free(&files.part[i]);
	}
	free(m.writing);
	buf_free(&m.told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct format *f = format_find(STR(FUZZED));
	struct memory whole = {.told = BUF_INIT}, bits = {.told = BUF_INIT};
	struct str s = str_make(data, size);
	bool several;
	unsigned part;

	if (!f)
		abort();
	format_detect(s, "x", &part);
	read_split(&whole, f, s, size);
	read_split(&bits, f, s, 61);
	if (!str_eq(buf_str(&whole.told), buf_str(&bits.told)))
		abort();
	/* A file of several recordings is for several files. */
	several = str_find(buf_str(&whole.told), STR("\n1 begin")) != STR_NPOS;
	for (size_t i = 0; formats[i] && !several; i++)
		if (formats[i]->writer)
			write_as(f, formats[i], s);
	buf_free(&whole.told);
	buf_free(&bits.told);
	return 0;
}
