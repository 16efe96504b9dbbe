/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog confirms nothing. Over a connection a batch counts as accepted when
 * the other host has confirmed its bytes; what its program has not read when
 * that connection ends is lost there. So the last bytes sent are kept, and
 * sent again first on a new connection: as many as may have lain unread
 * (REPLAY_MAX). They come twice then, with the same identities.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/stream.h"
#include "outputs/output.h"

#define REPLAY_MAX     ((size_t)64 << 10)
#define DATAGRAM_BURST 32

struct syslog_output {
	struct output base; /* first */
	const struct output_config *cfg;
	struct stream *stream;
	struct buf replay; /* whole frames */
};

static int syslog_open(
    struct output **ret, const struct output_config *cfg, struct err *err)
{
	struct syslog_output *o = calloc(1, sizeof *o);

	if (!o)
		return -ENOMEM;
	o->base.ops = outputs[OUTPUT_SYSLOG];
	o->cfg = cfg;
	*ret = &o->base;
	return 0;
}

static void syslog_close(struct output *base)
{
	struct syslog_output *o = (struct syslog_output *)base;

	stream_close(o->stream);
	buf_free(&o->replay);
	free(o);
}

static int connect_stream(struct syslog_output *o, struct err *err)
{
	static const enum stream_kind kinds[] = {[TRANSPORT_UDP] = STREAM_UDP,
	    [TRANSPORT_TCP] = STREAM_TCP,
	    [TRANSPORT_TLS] = STREAM_TLS};
	const struct output_config *cfg = o->cfg;
	const struct stream_config to = {
	    .kind = kinds[cfg->transport],
	    .host = cfg->address,
	    .port = cfg->port,
	    .timeout = cfg->timeout,
	    .ca_file = cfg->ca,
	    .cert_file = cfg->cert,
	    .key_file = cfg->cert_key,
	    .server_name = cfg->server_name,
	};
	int r = stream_open(&o->stream, &to, err);

	if (r == 0 && o->replay.n)
		r = stream_write(o->stream, buf_str(&o->replay), err);
	return r;
}

static void add_frame(
    const struct syslog_output *o, struct buf *b, struct str text)
{
	if (o->cfg->framing == FRAMING_OCTETS) {
		buf_add_u64(b, text.n);
		buf_add_char(b, ' ');
		buf_add_str(b, text);
	} else {
		buf_add_str(b, text);
		buf_add_char(b, '\n');
	}
}

/* The last frames of b that fit are what may have to be sent again. */
static int keep_replay(struct syslog_output *o, const struct buf *b,
    const struct record *records, size_t n)
{
	struct buf frame = BUF_INIT;
	size_t bytes = 0;

	while (n--) {
		buf_clear(&frame);
		add_frame(o, &frame, records[n].text);
		if (bytes + frame.n > REPLAY_MAX)
			break;
		bytes += frame.n;
	}
	buf_free(&frame);
	if (bytes == b->n && o->replay.n + bytes <= REPLAY_MAX) {
		buf_add_str(&o->replay, buf_str(b));
	} else {
		buf_clear(&o->replay);
		buf_add(&o->replay, b->p + b->n - bytes, bytes);
	}
	return buf_error(&o->replay);
}

static int send_frames(
    struct syslog_output *o, struct record *records, size_t n, struct err *err)
{
	struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < n; i++)
		add_frame(o, &b, records[i].text);
	r = buf_error(&b);
	if (r == 0)
		r = stream_write(o->stream, buf_str(&b), err);
	if (r == 0)
		r = stream_settle(o->stream, err);
	if (r == 0)
		r = keep_replay(o, &b, records, n);
	snprintf(o->base.said, sizeof o->base.said,
	    "the other host has confirmed %zu bytes; syslog tells no more",
	    b.n);
	buf_free(&b);
	return r;
}

static int send_datagrams(
    struct syslog_output *o, struct record *records, size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = stream_write(o->stream, records[i].text, err);
		/* What comes faster than it is read is lost at the receiver. */
		if (i % DATAGRAM_BURST == DATAGRAM_BURST - 1)
			poll(NULL, 0, 1);
	}
	snprintf(o->base.said, sizeof o->base.said,
	    "%zu datagrams are sent; nobody confirms them", n);
	return r;
}

static int syslog_send(
    struct output *base, struct record *records, size_t n, struct err *err)
{
	struct syslog_output *o = (struct syslog_output *)base;
	int r = 0;

	if (o->stream && stream_check(o->stream, err) < 0) {
		stream_close(o->stream);
		o->stream = NULL;
	}
	if (!o->stream)
		r = connect_stream(o, err);
	if (r == 0)
		r = o->cfg->transport == TRANSPORT_UDP
			? send_datagrams(o, records, n, err)
			: send_frames(o, records, n, err);
	if (r < 0) {
		stream_close(o->stream);
		o->stream = NULL;
		return r;
	}
	for (size_t i = 0; i < n; i++)
		records[i].state = RECORD_ACCEPTED;
	return 0;
}

const struct output_ops output_syslog = {
    "syslog", syslog_open, syslog_send, syslog_close};
