/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/utmp/wal.h"

#include <endian.h>

#define HEADER_LEN 32
#define FRAME_LEN  24	       /* before each page */
#define MAGIC	   0x377f0682u /* with 1 added: checksums are big endian */
#define VERSION	   3007000u
#define PAGE_MIN   512u
#define PAGE_MAX   65536u

/* Of the database. */
#define DB_HEADER_LEN 100
#define DB_PAGE_SIZE  16 /* big endian; 1: 65536 */

/* Words of the header, of a frame. */
enum { HEADER_MAGIC, HEADER_VERSION, HEADER_PAGE, HEADER_SALT = 4 };
enum { FRAME_PAGE, FRAME_COMMIT, FRAME_SALT };

static uint32_t word(const char *p, size_t i)
{
	uint32_t v;

	memcpy(&v, p + 4 * i, sizeof v);
	return be32toh(v);
}

struct sum {
	uint32_t a, b;
};

/* n is a multiple of 8. */
static struct sum sum_add(struct sum s, const char *p, size_t n, bool little)
{
	for (size_t i = 0; i < n / 4; i += 2) {
		uint32_t x = word(p, i), y = word(p, i + 1);

		s.a += (little ? __builtin_bswap32(x) : x) + s.b;
		s.b += (little ? __builtin_bswap32(y) : y) + s.a;
	}
	return s;
}

/* The two words at p are this sum. */
static bool sum_is(struct sum s, const char *p)
{
	return word(p, 0) == s.a && word(p, 1) == s.b;
}

static const char *frame_at(const struct wal *w, size_t i)
{
	size_t len = FRAME_LEN + w->page_size;

	if ((w->bytes.n - HEADER_LEN) / len <= i)
		return NULL;
	return w->bytes.p + HEADER_LEN + i * len;
}

/* Frames of an older round through the log lie behind, with other salts. */
static bool same_round(const struct wal *w, const char *frame)
{
	return memcmp(frame + 4 * FRAME_SALT, w->bytes.p + 4 * HEADER_SALT,
		   8) == 0;
}

static bool commits_behind(const struct wal *w, size_t i)
{
	const char *frame;

	while ((frame = frame_at(w, i++)))
		if (same_round(w, frame) && word(frame, FRAME_COMMIT))
			return true;
	return false;
}

/* How many frames are whole; counts those up to the last commit. */
static size_t read_frames(struct wal *w, struct sum s)
{
	const char *frame;
	size_t i = 0;

	for (; (frame = frame_at(w, i)); i++) {
		s = sum_add(s, frame, 8, w->little);
		s = sum_add(s, frame + FRAME_LEN, w->page_size, w->little);
		if (!word(frame, FRAME_PAGE) || !same_round(w, frame) ||
		    !sum_is(s, frame + 16))
			break;
		if (!word(frame, FRAME_COMMIT))
			continue;
		w->n_frames = i + 1;
		w->db_size = (uint64_t)word(frame, FRAME_COMMIT) * w->page_size;
	}
	return i;
}

const char *wal_open(struct wal *ret, struct str bytes)
{
	struct sum s = {0, 0};
	uint32_t magic, page;
	const char *p = bytes.p;

	*ret = (struct wal){.bytes = bytes};
	if (bytes.n == 0)
		return NULL;
	if (bytes.n < HEADER_LEN)
		return "its header is cut off";
	magic = word(p, HEADER_MAGIC);
	page = word(p, HEADER_PAGE);
	ret->little = magic == MAGIC;
	s = sum_add(s, p, HEADER_LEN - 8, ret->little);
	if (magic >> 1 != MAGIC >> 1 || word(p, HEADER_VERSION) != VERSION ||
	    page < PAGE_MIN || page > PAGE_MAX || page & (page - 1) ||
	    !sum_is(s, p + HEADER_LEN - 8))
		return "its header is damaged";
	ret->page_size = page;
	return commits_behind(ret, read_frames(ret, s))
		   ? "it is damaged: later commits in it are not read"
		   : NULL;
}

static size_t db_page_size(struct str db)
{
	const unsigned char *p = (const unsigned char *)db.p + DB_PAGE_SIZE;
	size_t n = (size_t)p[0] << 8 | p[1];

	return n == 1 ? PAGE_MAX : n;
}

uint64_t wal_db_size(const struct wal *w, struct str db)
{
	if (!w->n_frames)
		return db.n;
	/* A log adds the pages that it holds, and few that were never used. */
	if (db.n < DB_HEADER_LEN || w->page_size != db_page_size(db) ||
	    w->db_size / 2 > db.n + w->bytes.n)
		return 0;
	return w->db_size;
}

void wal_apply(const struct wal *w, unsigned char *db)
{
	for (size_t i = 0; i < w->n_frames; i++) {
		const char *frame = frame_at(w, i);
		uint64_t at =
		    (uint64_t)(word(frame, FRAME_PAGE) - 1) * w->page_size;

		/* A later commit may have made the database shorter. */
		if (at < w->db_size)
			memcpy(db + at, frame + FRAME_LEN, w->page_size);
	}
}
