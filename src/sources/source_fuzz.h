/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For fuzz targets of sources: the first byte chooses the size of the chunks,
 * the rest is content. Asserts what source.h promises of every source: no byte
 * is taken twice or left, and the events are the same in whatever chunks the
 * content comes.
 */
#ifndef SOURCES_SOURCE_FUZZ_H
#define SOURCES_SOURCE_FUZZ_H

#include "sources/test_sink.h"

static inline struct test_sink *fuzz_run(const struct source *src,
    const struct source_input *in, struct str data, size_t chunk)
{
	struct test_sink *t = test_sink_new();

	test_run(src, in, data, chunk, t);
	if (t->sink.unparsed > t->sink.lines || t->sink.n_examples > 10)
		abort();
	return t;
}

static inline void fuzz_source(
    const char *source, const char *name, const uint8_t *data, size_t size)
{
	static const size_t chunks[] = {1, 3, 17, 100, 391, 577, 1000, 5000};
	const struct source *src = source_find(str_z(source));
	struct source_input in = test_input(name);
	struct test_sink *t;
	struct str host = STR_NONE;
	int64_t time = 0;
	int score;

	if (!src)
		abort();
	score = src->probe(
	    str_make(data, size < 65536 ? size : 65536), name, &host, &time);
	if (score < 0 || score > 100)
		abort();
	if (size == 0)
		return;
	t = fuzz_run(src, &in, str_make(data + 1, size - 1), 0);
	if (size < 20000 && !src->whole) {
		struct test_sink *u = fuzz_run(src, &in,
		    str_make(data + 1, size - 1), chunks[data[0] % 8]);

		if (strcmp(test_sink_text(t), test_sink_text(u)) != 0 ||
		    t->sink.unparsed != u->sink.unparsed)
			abort();
		test_sink_free(u);
	}
	test_sink_free(t);
}

#endif
