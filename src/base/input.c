/* SPDX-License-Identifier: Apache-2.0 */
#include "base/input.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/codec.h"

#define RAW_SIZE ((size_t)128 << 10)

struct input {
	int fd;
	void (*tap)(void *ctx, const void *p, size_t n);
	void *ctx;
	uint64_t raw_bytes;	   /* read so far */
	uint64_t content;	   /* given out so far */
	const struct codec *codec; /* NULL: read as it is */
	void *state;
	uint8_t *raw; /* RAW_SIZE bytes; those from `at` to `n` are unused */
	size_t at, n;
	bool eof;
	bool between; /* a member ended, the next one did not begin */
	bool over;    /* nothing more can be given */
	int pending;  /* error to be given after the good bytes */
	struct err why;
};

static ssize_t read_raw(struct input *in, void *p, size_t n, struct err *err)
{
	ssize_t r;

	do
		r = read(in->fd, p, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, -errno, "cannot read");
	in->raw_bytes += (uint64_t)r;
	if (r && in->tap)
		in->tap(in->ctx, p, (size_t)r);
	return r;
}

static struct str unused(const struct input *in)
{
	return str_make(in->raw + in->at, in->n - in->at);
}

/* One read behind what is unused. */
static int fill(struct input *in, struct err *err)
{
	ssize_t r;

	memmove(in->raw, in->raw + in->at, in->n - in->at);
	in->n -= in->at;
	in->at = 0;
	r = read_raw(in, in->raw + in->n, RAW_SIZE - in->n, err);
	if (r < 0)
		return (int)r;
	in->n += (size_t)r;
	in->eof = r == 0;
	return 0;
}

/* Reads no more than it takes to tell the format: a pipe may be slow. */
static int find_codec(
    struct input *in, const struct codec **ret, struct err *err)
{
	bool more;
	int r = 0;

	*ret = codec_find(unused(in), &more);
	while (!*ret && more && !in->eof && r == 0) {
		r = fill(in, err);
		*ret = codec_find(unused(in), &more);
	}
	return r;
}

int input_open(struct input **ret, int fd,
    void (*tap)(void *ctx, const void *p, size_t n), void *ctx, struct err *err)
{
	struct input *in = calloc(1, sizeof *in);
	uint8_t *raw = malloc(RAW_SIZE);
	int r;

	if (!in || !raw) {
		free(in);
		free(raw);
		return err_set(err, -ENOMEM, "out of memory");
	}
	in->fd = fd;
	in->tap = tap;
	in->ctx = ctx;
	in->raw = raw;
	r = find_codec(in, &in->codec, err);
	if (r == 0 && in->codec && in->codec->open(&in->state))
		r = err_set(err, -ENOMEM, "out of memory");
	if (r) {
		input_close(in);
		return r;
	}
	*ret = in;
	return 0;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	if (in->state)
		in->codec->close(in->state);
	free(in->raw);
	free(in);
}

static ssize_t read_plain(struct input *in, void *p, size_t n, struct err *err)
{
	struct str left = unused(in);

	if (left.n == 0)
		return read_raw(in, p, n, err);
	left = str_upto(left, n);
	memcpy(p, left.p, left.n);
	in->at += left.n;
	return (ssize_t)left.n;
}

/* Some tools fill up the last block of a file with zeros. */
static int skip_padding(struct input *in, struct err *err)
{
	for (;;) {
		int r;

		while (in->at < in->n && in->raw[in->at] == 0)
			in->at++;
		if (in->at < in->n || in->eof)
			return 0;
		r = fill(in, err);
		if (r)
			return r;
	}
}

static int begin_member(struct input *in, struct err *err)
{
	const struct codec *next = NULL;
	int r = skip_padding(in, err);

	if (r == 0)
		r = find_codec(in, &next, err);
	if (r)
		return r;
	if (in->at == in->n) {
		in->over = true;
		return 0;
	}
	if (!next || strcmp(next->name, in->codec->name) != 0) {
		in->pending = err_set(&in->why, -EBADMSG,
		    "something else follows the %s data at byte %llu",
		    in->codec->name,
		    (unsigned long long)(in->raw_bytes - (in->n - in->at)));
		return 0;
	}
	in->between = false;
	if (in->codec->restart(in->state))
		in->pending = err_set(&in->why, -ENOMEM, "out of memory");
	return 0;
}

static void note_damage(struct input *in, int code, const char *reason)
{
	in->pending = err_set(&in->why, code,
	    "%s data is damaged: %s (near byte %llu, %llu bytes of content "
	    "were read)",
	    in->codec->name, reason,
	    (unsigned long long)(in->raw_bytes - (in->n - in->at)),
	    (unsigned long long)in->content);
}

/* The content that one step gives, which may be none. */
static size_t step(struct input *in, void *p, size_t n)
{
	struct codec_io io = {in->raw + in->at, in->n - in->at, p, n};
	struct err reason;
	size_t given, used;
	int r = in->codec->step(in->state, &io, &reason);

	given = n - io.out_n;
	used = in->n - in->at - io.in_n;
	in->at += used;
	in->content += given;
	in->between = r == CODEC_END;
	if (r < 0)
		note_damage(in, r, reason.text);
	else if (r == CODEC_MORE && given == 0 && used == 0 && in->eof)
		note_damage(in, -EBADMSG, "the end is missing");
	return given;
}

static ssize_t give_error(struct input *in, struct err *err)
{
	in->over = true;
	return err_set(err, in->pending, "%s", in->why.text);
}

static ssize_t read_content(
    struct input *in, void *p, size_t n, struct err *err)
{
	while (!in->over) {
		size_t given;
		int r = 0;

		if (in->pending)
			return give_error(in, err);
		if (in->between) {
			r = begin_member(in, err);
			if (r)
				return r;
			continue;
		}
		if (in->at == in->n && !in->eof)
			r = fill(in, err);
		if (r)
			return r;
		given = step(in, p, n);
		if (given)
			return (ssize_t)given;
	}
	return 0;
}

ssize_t input_read(struct input *in, void *p, size_t n, struct err *err)
{
	if (n > SSIZE_MAX)
		n = SSIZE_MAX;
	if (n == 0)
		return 0;
	return in->codec ? read_content(in, p, n, err)
			 : read_plain(in, p, n, err);
}

const char *input_compression(const struct input *in)
{
	return in->codec ? in->codec->name : "";
}

uint64_t input_raw_bytes(const struct input *in)
{
	return in->raw_bytes;
}
