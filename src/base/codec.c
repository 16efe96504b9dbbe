/* SPDX-License-Identifier: Apache-2.0 */
#include "base/codec.h"

#include <errno.h>
#include <limits.h>
#include <lzma.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

/* zlib counts in unsigned int. */
static unsigned clamp(size_t n)
{
	return n > UINT_MAX ? UINT_MAX : (unsigned)n;
}

static void moved(struct codec_io *io, size_t in, size_t out)
{
	io->in += in;
	io->in_n -= in;
	io->out += out;
	io->out_n -= out;
}

/* gzip */

static int gzip_open(void **ret)
{
	z_stream *z = calloc(1, sizeof *z);

	/* 16: the format of gzip, not that of zlib. */
	if (!z || inflateInit2(z, 16 + MAX_WBITS) != Z_OK) {
		free(z);
		return -ENOMEM;
	}
	*ret = z;
	return 0;
}

static int gzip_restart(void *state)
{
	return inflateReset(state) == Z_OK ? 0 : -ENOMEM;
}

static int gzip_step(void *state, struct codec_io *io, struct err *err)
{
	z_stream *z = state;
	unsigned in = clamp(io->in_n), out = clamp(io->out_n);
	int r;

	z->next_in = io->in;
	z->avail_in = in;
	z->next_out = io->out;
	z->avail_out = out;
	r = inflate(z, Z_NO_FLUSH);
	moved(io, in - z->avail_in, out - z->avail_out);
	if (r == Z_OK || r == Z_BUF_ERROR)
		return CODEC_MORE;
	if (r == Z_STREAM_END)
		return CODEC_END;
	if (r == Z_MEM_ERROR)
		return err_set(err, -ENOMEM, "out of memory");
	return err_set(
	    err, -EBADMSG, "%s", z->msg ? z->msg : "it needs a dictionary");
}

static void gzip_close(void *state)
{
	inflateEnd(state);
	free(state);
}

/* xz */

static int xz_restart(void *state)
{
	lzma_ret r = lzma_stream_decoder(state, CODEC_MEMORY_MAX, 0);

	return r == LZMA_OK ? 0 : -ENOMEM;
}

static void xz_close(void *state)
{
	lzma_end(state);
	free(state);
}

static int xz_open(void **ret)
{
	lzma_stream *x = malloc(sizeof *x);

	if (!x)
		return -ENOMEM;
	*x = (lzma_stream)LZMA_STREAM_INIT;
	if (xz_restart(x)) {
		xz_close(x);
		return -ENOMEM;
	}
	*ret = x;
	return 0;
}

static int xz_error(lzma_ret r, struct err *err)
{
	if (r == LZMA_MEM_ERROR)
		return err_set(err, -ENOMEM, "out of memory");
	if (r == LZMA_MEMLIMIT_ERROR)
		return err_set(
		    err, -EBADMSG, "it asks for more than 128 MiB of memory");
	if (r == LZMA_OPTIONS_ERROR)
		return err_set(err, -EBADMSG, "it uses unknown options");
	if (r == LZMA_FORMAT_ERROR)
		return err_set(err, -EBADMSG, "a header is wrong");
	return err_set(err, -EBADMSG, "contents or a checksum are wrong");
}

static int xz_step(void *state, struct codec_io *io, struct err *err)
{
	lzma_stream *x = state;
	lzma_ret r;

	x->next_in = io->in;
	x->avail_in = io->in_n;
	x->next_out = io->out;
	x->avail_out = io->out_n;
	r = lzma_code(x, LZMA_RUN);
	moved(io, io->in_n - x->avail_in, io->out_n - x->avail_out);
	if (r == LZMA_OK || r == LZMA_BUF_ERROR)
		return CODEC_MORE;
	return r == LZMA_STREAM_END ? CODEC_END : xz_error(r, err);
}

/* zstd */

struct zstd {
	ZSTD_DCtx *d;
	size_t wants; /* bytes up to the end of the next block */
	bool full;    /* the last step ended for want of room */
};

static int zstd_restart(void *state)
{
	struct zstd *z = state;

	ZSTD_DCtx_reset(z->d, ZSTD_reset_session_only);
	z->wants = 5; /* the shortest head that the library can look at */
	z->full = false;
	return 0;
}

static void zstd_close(void *state)
{
	struct zstd *z = state;

	ZSTD_freeDCtx(z->d);
	free(z);
}

static int zstd_open(void **ret)
{
	struct zstd *z = calloc(1, sizeof *z);

	if (!z)
		return -ENOMEM;
	z->d = ZSTD_createDCtx();
	if (!z->d || ZSTD_isError(ZSTD_DCtx_setParameter(
			 z->d, ZSTD_d_windowLogMax, 27))) {
		zstd_close(z);
		return -ENOMEM;
	}
	*ret = z;
	return zstd_restart(z);
}

static size_t zstd_run(struct zstd *z, struct codec_io *io, size_t in_n)
{
	ZSTD_inBuffer in = {io->in, in_n, 0};
	ZSTD_outBuffer out = {io->out, io->out_n, 0};
	size_t r = ZSTD_decompressStream(z->d, &out, &in);

	moved(io, in.pos, out.pos);
	z->full = io->out_n == 0;
	return r;
}

/*
 * The library forgets what it put out in a call that finds damage. So a call
 * gets one block at most, and none while the last one is not all put out.
 */
static int zstd_step(void *state, struct codec_io *io, struct err *err)
{
	struct zstd *z = state;
	size_t room = io->out_n;
	size_t r = z->wants;

	if (z->full)
		r = zstd_run(z, io, 0);
	if (!ZSTD_isError(r) && r && room == io->out_n)
		r = zstd_run(z, io, io->in_n < r ? io->in_n : r);
	if (ZSTD_isError(r))
		return err_set(err, -EBADMSG, "%s", ZSTD_getErrorName(r));
	z->wants = r;
	return r == 0 ? CODEC_END : CODEC_MORE;
}

#define ZSTD_CALLS zstd_open, zstd_restart, zstd_step, zstd_close

static const struct codec codecs[] = {
    {"gzip", STR_INIT("\x1f\x8b\x08"), 0, gzip_open, gzip_restart, gzip_step,
	gzip_close},
    {"xz", STR_INIT("\xfd\x37zXZ\0"), 0, xz_open, xz_restart, xz_step,
	xz_close},
    {"zstd", STR_INIT("\x28\xb5\x2f\xfd"), 0, ZSTD_CALLS},
    /* A frame to be skipped; parallel compressors begin with one. */
    {"zstd", STR_INIT("\x50\x2a\x4d\x18"), 0xf0, ZSTD_CALLS},
};

static bool magic_fits(const struct codec *c, struct str s)
{
	uint8_t mask = c->first_mask ? c->first_mask : 0xff;
	size_t n = s.n < c->magic.n ? s.n : c->magic.n;

	if (n == 0)
		return true;
	return (s.p[0] & mask) == (c->magic.p[0] & mask) &&
	       memcmp(s.p + 1, c->magic.p + 1, n - 1) == 0;
}

const struct codec *codec_find(struct str s, bool *ret_more)
{
	if (ret_more)
		*ret_more = false;
	for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
		if (!magic_fits(&codecs[i], s))
			continue;
		if (s.n >= codecs[i].magic.n)
			return &codecs[i];
		if (ret_more)
			*ret_more = true;
	}
	return NULL;
}
