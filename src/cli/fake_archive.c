/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: an archive with a fixed index and fixed findings. */
#include <errno.h>

#include <stdlib.h>

#include "archive/beside.h"
#include "archive/recording.h"
#include "archive/screens.h"
#include "archive/screens_search.h"
#include "archive/verify.h"
#include "cli/evidence/evidence.h"
#include "cli/fake_store.h"
#include "cli/play/play.h"
#include "record/chunk.h"

#define N(a) (sizeof(a) / sizeof *(a))

struct archive {
	struct store store;
};

int archive_open(struct archive **ret, const char *dir, enum archive_mode mode,
    struct err *err)
{
	static struct archive fake = {{&fake_store_ops}};

	if (str_ends(str_z(dir), STR("missing")))
		return err_set(err, -ENOENT, "no store in %s", dir);
	*ret = &fake;
	return 0;
}

struct store *archive_store(struct archive *a)
{
	return &a->store;
}

void archive_close(struct archive *a)
{
}

int archive_begin(struct archive *a, const char *chain, struct err *err)
{
	return err_set(err, -EROFS, "nothing is written here");
}

int archive_append(struct archive *a, struct event *ev, struct err *err)
{
	return err_set(err, -EROFS, "nothing is written here");
}

int archive_commit(struct archive *a, struct err *err)
{
	return 0;
}

bool beside_is_hub(const char *dir)
{
	return false;
}

int beside_append(
    const char *dir, const char *chain, struct event *ev, struct err *err)
{
	return err_set(err, -EROFS, "nothing is written here");
}

int evidence_export(struct cli *c, const struct query *q, const char *output,
    const struct reveal *of)
{
	return cli_fail(c, "nothing is proved here");
}

static const struct finding fake_findings[] = {
    {VERDICT_EDITED, "0000000001.seg", 17, "frame differs from its hash"},
    {VERDICT_CLOCK, "0000000002.seg", 40, "time ran backwards by 3s\033[1m"},
};

int archive_verify(const char *dir, const struct sign_public *pub,
    const struct archive_verify_sink *sink, bool *ret_sound, struct err *err)
{
	struct verify_result good = {.frames = 1000,
	    .segments = 2,
	    .bytes = 5 << 20,
	    .first_seq = 1,
	    .last_seq = 1000,
	    .signed_size = 1000,
	    .sound = true};
	const struct vouch_result none = {0}, vouched = {7, 5, 0};
	struct verify_result bad = good;

	if (strcmp(dir, "missing") == 0)
		return err_set(err, -ENOENT, "no store in %s", dir);
	sink->chain(sink->ctx, "import:bastion01", &good, &none);
	sink->chain(sink->ctx, "recordings:bastion01", &good, &vouched);
	*ret_sound = strcmp(dir, "edited") != 0;
	if (*ret_sound)
		return 0;
	for (size_t i = 0; i < 2; i++)
		sink->finding(sink->ctx, "import:db02", &fake_findings[i]);
	bad.sound = false;
	bad.verdicts = 1u << VERDICT_EDITED | 1u << VERDICT_CLOCK;
	sink->chain(sink->ctx, "import:db02", &bad, &none);
	return 0;
}

int screens_make_missing(struct archive *a,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err)
{
	progress(ctx, 1, 1);
	return 0;
}

int archive_reindex(const char *dir,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err)
{
	if (strcmp(dir, "missing") == 0)
		return err_set(err, -ENOENT, "no store in %s", dir);
	progress(ctx, 1, 1);
	return 0;
}

int recording_read(
    struct archive *a, struct recording_read *rr, struct err *err)
{
	static const struct piece pieces[] = {
	    {PIECE_BEGIN, 1000000, (FAKE_START + 1) * INT64_C(1000000000),
		.bytes = STR_INIT("{}")},
	    {PIECE_OUTPUT, 2000000, .bytes = STR_INIT("$ \033[1mls\r\n\377")},
	    {PIECE_SIZE, 5000000000, .cols = 132, .rows = 50},
	    {PIECE_HOLE, 5001000000, .lost = 12},
	    {PIECE_END, 5002000000, .lost = 0},
	};
	static const struct piece command[] = {
	    {PIECE_BEGIN, 1000000, 1700000000000000000,
		.bytes = STR_INIT("{}")},
	    {PIECE_OUTPUT, 2000000, .bytes = STR_INIT("one\ntwo\n")},
	    {PIECE_ERRORS, 2000000, .bytes = STR_INIT("ls: no such\n")},
	    {PIECE_LEFT_OUT, 3000000, .lost = 0},
	    {PIECE_LEFT_OUT, 4000000, .lost = 5000},
	    {PIECE_END, 4000000, .lost = 0},
	};
	const bool terminal = rr->number == 41;
	struct chunk_writer w = {BUF_INIT, 0};
	int r;

	for (size_t i = 0; terminal && i < N(pieces); i++)
		chunk_add(&w, &pieces[i]);
	for (size_t i = 0; !terminal && i < N(command); i++)
		chunk_add(&w, &command[i]);
	rr->found = rr->last;
	r = rr->chunk(rr->ctx, buf_str(&w.bytes));
	buf_free(&w.bytes);
	return r;
}

int play_recording(
    struct cli *c, const struct recording *r, const struct play_options *o)
{
	return cli_fail(c, "nothing is played here");
}

struct screens_search {
	struct screens_query q;
	size_t next;
};

struct screens_search *screens_search_open(
    struct archive *a, const struct screens_query *q)
{
	struct screens_search *s = calloc(1, sizeof *s);

	if (s)
		s->q = *q;
	return s;
}

#define MS(n) ((n)*UINT64_C(1000000))

int screens_search_next(struct screens_search *s, struct err *err)
{
	const struct recording *r = &s->q.recordings[s->next++];
	/* Offsets within the recording, in the order in which they vanished. */
	static const struct screens_hit hits[] = {
	    {.boot_from = MS(1250),
		.boot_to = MS(4000),
		.text = STR_INIT("$ grep x\u202e y")},
	    {.boot_from = MS(7120),
		.boot_to = MS(7300),
		.alternate = true,
		.text = STR_INIT("grep: y: no such file")},
	    {.boot_from = MS(3000),
		.boot_to = MS(700000),
		.text = STR_INIT(
		    "a long line of many rows, of which it is only said what "
		    "stands around the text that was looked for: grep, and "
		    "what comes behind it until that is long enough as well, "
		    "and not what comes then")},
	};

	for (size_t i = 0; i < N(hits); i++) {
		struct screens_hit hit = hits[i];

		hit.match = str_find(hit.text, s->q.text);
		if (r->number != 41 || hit.match == STR_NPOS)
			continue;
		hit.from = r->start + (int64_t)(hit.boot_from / 1000);
		hit.to = r->start + (int64_t)(hit.boot_to / 1000);
		hit.boot_from += 500;
		hit.boot_to += 500;
		hit.boot_begin = 500;
		s->q.hit(s->q.ctx, &hit);
	}
	return 0;
}

void screens_search_close(struct screens_search *s)
{
	free(s);
}

static const char *const fake_verdicts[VERDICT_N] = {
    [VERDICT_EDITED] = "EDITED",
    [VERDICT_TRUNCATED] = "TRUNCATED",
    [VERDICT_MISSING] = "MISSING",
    [VERDICT_REORDERED] = "REORDERED",
    [VERDICT_FORKED] = "FORKED",
    [VERDICT_BADSIG] = "BADSIG",
    [VERDICT_UNTRUSTED_KEY] = "UNTRUSTED_KEY",
    [VERDICT_CLOCK] = "CLOCK",
    [VERDICT_UNSEALED_TAIL] = "UNSEALED_TAIL",
    [VERDICT_AWAITED] = "AWAITED",
};

const char *verdict_name(enum verdict v)
{
	return fake_verdicts[v];
}
