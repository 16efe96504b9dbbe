/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/source.h"

#include <endian.h>

#include "base/uninit.h"
#include "crypto/digest.h"

/*
 * Every source, one line each: X(name) stands for `source_name`. Where two are
 * equally sure of a file, the upper one gets it.
 */
#define SOURCES(X)                                                             \
	X(audit)                                                               \
	X(utmp)                                                                \
	X(lastlog)                                                             \
	X(wtmpdb)                                                              \
	X(lastlog2)                                                            \
	X(authlog)                                                             \
	X(journal)                                                             \
	X(journal_file)                                                        \
	X(authorized_keys)                                                     \
	X(identity)                                                            \
	X(passwd)                                                              \
	X(bpf)                                                                 \
	X(terminals)                                                           \
	X(rec)

#define X(name) extern const struct source source_##name;
SOURCES(X)
#undef X

const struct source *const sources[] = {
#define X(name) &source_##name,
    SOURCES(X)
#undef X
	NULL,
};

const struct source *source_detect(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	const struct source *best = NULL;
	int best_score = 0;

	*ret_host = STR_NONE;
	*ret_time = 0;
	for (const struct source *const *s = sources; *s; s++) {
		struct str host = STR_NONE;
		int64_t time = 0;
		int score = (*s)->probe(head, name, &host, &time);

		if (score > best_score) {
			best = *s;
			best_score = score;
			*ret_host = host;
			*ret_time = time;
		}
	}
	return best;
}

const struct source *source_find(struct str name)
{
	for (const struct source *const *s = sources; *s; s++)
		if (str_eqz(name, (*s)->name))
			return *s;
	return NULL;
}

/* Parts up to this length are hashed as they are, longer ones by their hash. */
#define ID_PART_MAX 64

struct id_mix {
	char bytes[1024];
	size_t n;
};

static void id_make_room(
    struct id_mix *mix, const uint8_t key[static 16], size_t n)
{
	uint64_t h;

	if (sizeof mix->bytes - mix->n >= n)
		return;
	h = htole64(siphash(key, mix->bytes, mix->n));
	memcpy(mix->bytes, &h, sizeof h);
	mix->n = sizeof h;
}

/* Stored in trails: the same on every byte order. */
static inline void id_add_u64(
    struct id_mix *mix, const uint8_t key[static 16], uint64_t v)
{
	v = htole64(v);
	id_make_room(mix, key, sizeof v);
	memcpy(mix->bytes + mix->n, &v, sizeof v);
	mix->n += sizeof v;
}

uint64_t source_id(
    const uint8_t key[static 16], const struct str *parts, size_t n)
{
	UNINIT struct id_mix mix;

	mix.n = 0;
	for (size_t i = 0; i < n; i++) {
		id_add_u64(&mix, key, parts[i].n);
		if (parts[i].n > ID_PART_MAX) {
			id_add_u64(
			    &mix, key, siphash(key, parts[i].p, parts[i].n));
		} else if (parts[i].n) {
			id_make_room(&mix, key, parts[i].n);
			memcpy(mix.bytes + mix.n, parts[i].p, parts[i].n);
			mix.n += parts[i].n;
		}
	}
	return siphash(key, mix.bytes, mix.n);
}

void source_unparsed(struct source_sink *sink, uint64_t offset, struct str line,
    const char *expected)
{
	size_t i = sink->n_examples;

	sink->unparsed++;
	if (i == sizeof sink->examples / sizeof sink->examples[0])
		return;
	sink->n_examples++;
	sink->examples[i].offset = offset;
	sink->examples[i].line = sink->lines;
	sink->examples[i].expected = expected;
	line = str_upto(line, sizeof sink->examples[i].text);
	sink->examples[i].n = line.n;
	if (line.n)
		memcpy(sink->examples[i].text, line.p, line.n);
}

void source_event_init(struct event *ev, enum event_kind kind,
    const char *source, const struct source_input *in, uint64_t offset)
{
	event_init(ev, kind);
	ev->trust = TRUST_DAEMON;
	ev->host = in->host;
	ev->source = str_z(source);
	event_set_int(ev, F_OFFSET, (int64_t)offset);
	event_set_str(ev, F_INFERRED, str_z(in->host_inferred));
}

/* Drop what is left of an overlong line; false when its end is not here. */
static bool line_skip_rest(struct str data, size_t *at, bool *skip)
{
	size_t eol = str_find_char(str_from(data, *at), '\n');

	if (eol == STR_NPOS) {
		*at = data.n;
		return false;
	}
	*at += eol + 1;
	*skip = false;
	return true;
}

int source_line(struct str data, size_t *at, bool last, bool *skip,
    struct str *ret_line, bool *ret_cut)
{
	struct str rest, line;
	bool complete;

	*ret_cut = false;
	if (*skip && !line_skip_rest(data, at, skip)) {
		*skip = !last;
		return 0;
	}
	rest = str_from(data, *at);
	if (rest.n == 0)
		return 0;
	line = rest;
	complete = str_cut(&rest, '\n', &line);
	if (line.n >= SOURCE_LINE_MAX) {
		/* The same cut wherever the chunks of the input happen to end.
		 */
		*ret_cut = true;
		*skip = !complete && !last;
		*at += line.n + complete;
		*ret_line = str_upto(line, SOURCE_LINE_MAX - 1);
		return 1;
	}
	if (!complete && !last)
		return 0;
	*at += line.n + complete;
	if (complete)
		str_chop(&line, STR("\r"));
	*ret_line = line;
	return 1;
}

int source_finish_nothing(struct source_run *run, struct source_sink *sink)
{
	return 0;
}

uint64_t source_held_nothing(const struct source_run *run, uint64_t end)
{
	return end;
}
