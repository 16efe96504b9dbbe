/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compress.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/fd.h"

/*
 * A context is costly to make (hundreds of kilobytes to several megabytes at
 * high levels), so each thread keeps one of each kind until it ends.
 */
struct contexts {
	ZSTD_CCtx *c;
	ZSTD_DCtx *d;
};

static pthread_key_t contexts_key;
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;
static int contexts_error;
static _Thread_local struct contexts contexts;

static void contexts_free(void *p)
{
	struct contexts *own = p;

	ZSTD_freeCCtx(own->c);
	ZSTD_freeDCtx(own->d);
	*own = (struct contexts){NULL, NULL};
}

static void contexts_make_key(void)
{
	contexts_error = -pthread_key_create(&contexts_key, contexts_free);
}

/* The thread's contexts, freed when it ends; NULL when there is no memory. */
static struct contexts *contexts_get(void)
{
	if (contexts.c && contexts.d)
		return &contexts;
	pthread_once(&contexts_once, contexts_make_key);
	if (contexts_error || pthread_setspecific(contexts_key, &contexts))
		return NULL;
	if (!contexts.c)
		contexts.c = ZSTD_createCCtx();
	if (!contexts.d)
		contexts.d = ZSTD_createDCtx();
	return contexts.c && contexts.d ? &contexts : NULL;
}

static void begin_frame(ZSTD_CCtx *c, int level)
{
	ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	/* The fastest with a table that lies in a processor's nearest cache: an
	 * eighth faster, and 2 % larger. */
	if (level == 1)
		ZSTD_CCtx_setParameter(c, ZSTD_c_hashLog, 13);
}

int compress_append(struct buf *b, const void *p, size_t n, int level)
{
	struct contexts *own = contexts_get();
	size_t room = ZSTD_compressBound(n), r;
	char *at;

	if (!own)
		return -ENOMEM;
	at = buf_reserve(b, room);
	if (!at)
		return buf_error(b);
	begin_frame(own->c, level);
	r = ZSTD_compress2(own->c, at, room, p, n);
	if (ZSTD_isError(r))
		return -ENOMEM;
	b->n += r;
	return 0;
}

#define PIECE ((size_t)128 << 10)

struct pieces {
	char in[PIECE], out[PIECE];
};

/* What of the file stands in p->in, compressed and written. */
static int put_piece(
    ZSTD_CCtx *c, int out, struct pieces *p, size_t n, bool last)
{
	ZSTD_inBuffer from = {p->in, n, 0};
	size_t left;

	do {
		ZSTD_outBuffer to = {p->out, sizeof p->out, 0};
		int r;

		left = ZSTD_compressStream2(
		    c, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return -ENOMEM;
		r = fd_write_all(out, p->out, to.pos);
		if (r < 0)
			return r;
	} while (last ? left > 0 : from.pos < from.size);
	return 0;
}

static int put_pieces(
    ZSTD_CCtx *c, int out, int in, off_t size, struct pieces *p)
{
	off_t at = 0;
	int r;

	do {
		ssize_t n = fd_pread_full(in, p->in, sizeof p->in, at);

		if (n < 0)
			return (int)n;
		at += n;
		if (at > size || (n < (ssize_t)sizeof p->in && at < size))
			return -ESTALE;
		r = put_piece(c, out, p, (size_t)n, at == size);
	} while (r == 0 && at < size);
	return r;
}

int compress_file(int out, int in, int level)
{
	struct contexts *own = contexts_get();
	struct pieces *p;
	struct stat st;
	int r;

	if (!own)
		return -ENOMEM;
	if (fstat(in, &st) < 0)
		return -errno;
	p = malloc(sizeof *p);
	if (!p)
		return -ENOMEM;
	begin_frame(own->c, level);
	ZSTD_CCtx_setPledgedSrcSize(own->c, (uint64_t)st.st_size);
	r = put_pieces(own->c, out, in, st.st_size, p);
	free(p);
	return r;
}

/* Whether these are one frame of that size: it costs little to see others. */
static bool is_frame(const void *p, size_t n, size_t size)
{
	uint64_t says;

	return decompressed_size(p, n, &says) == 0 && says == size &&
	       ZSTD_findFrameCompressedSize(p, n) == n;
}

int decompress(const void *p, size_t n, void *ret, size_t size)
{
	struct contexts *own = contexts_get();

	if (!own)
		return -ENOMEM;
	if (!is_frame(p, n, size))
		return -EBADMSG;
	if (ZSTD_decompressDCtx(own->d, ret, size, p, n) != size)
		return -EBADMSG;
	return 0;
}

struct unpacker {
	ZSTD_DCtx *d; /* its own: the thread's serves others in between */
	ZSTD_inBuffer in;
	ZSTD_outBuffer out;
	size_t size;
	bool ended;
};

int unpacker_begin(
    struct unpacker **u, const void *p, size_t n, void *ret, size_t size)
{
	if (!is_frame(p, n, size))
		return -EBADMSG;
	if (!*u) {
		*u = calloc(1, sizeof **u);
		if (*u)
			(*u)->d = ZSTD_createDCtx();
		if (!*u || !(*u)->d) {
			unpacker_free(*u);
			*u = NULL;
			return -ENOMEM;
		}
	}
	ZSTD_DCtx_reset((*u)->d, ZSTD_reset_session_only);
	(*u)->in = (ZSTD_inBuffer){p, n, 0};
	(*u)->out = (ZSTD_outBuffer){ret, 0, 0};
	(*u)->size = size;
	(*u)->ended = false;
	return 0;
}

ssize_t unpacker_reach(struct unpacker *u, size_t until)
{
	if (until > u->out.size)
		u->out.size = until < u->size ? until : u->size;
	/* With all of it there once more: a checksum may follow. */
	while (
	    !u->ended && (u->out.pos < u->out.size || u->out.pos == u->size)) {
		const size_t in = u->in.pos, out = u->out.pos;
		size_t left = ZSTD_decompressStream(u->d, &u->out, &u->in);

		if (ZSTD_isError(left) ||
		    (left && u->in.pos == in && u->out.pos == out))
			return -EBADMSG;
		u->ended = left == 0;
	}
	return u->out.pos == u->out.size ? (ssize_t)u->out.pos : -EBADMSG;
}

void unpacker_free(struct unpacker *u)
{
	if (u)
		ZSTD_freeDCtx(u->d);
	free(u);
}

int decompressed_size(const void *p, size_t n, uint64_t *ret)
{
	unsigned long long size = ZSTD_getFrameContentSize(p, n);

	if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
		return -EBADMSG;
	*ret = size;
	return 0;
}
