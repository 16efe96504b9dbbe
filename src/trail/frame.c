/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/frame.h"

#include "base/crc32c.h"
#include "trail/le.h"

enum {
	AT_LEN = 0,
	AT_CRC = 4,
	AT_SEQ = 8,
	AT_REALTIME = 16,
	AT_BOOTTIME = 24,
	AT_TYPE = 32,
	AT_STREAM = 36,
};

/* The length, and all behind the checksum itself. */
static uint32_t frame_crc(const char *p, size_t len)
{
	return crc32c(crc32c(0, p, AT_CRC), p + AT_SEQ, len - AT_SEQ);
}

void frame_put(struct buf *b, const struct frame *f)
{
	size_t len = FRAME_HEADER_LEN + f->payload.n;
	char *p = buf_reserve(b, len);

	if (!p)
		return;
	memset(p, 0, FRAME_HEADER_LEN);
	le32_put(p + AT_LEN, (uint32_t)len);
	le64_put(p + AT_SEQ, f->seq);
	le64_put(p + AT_REALTIME, (uint64_t)f->realtime);
	le64_put(p + AT_BOOTTIME, (uint64_t)f->boottime);
	p[AT_TYPE] = (char)f->type;
	le32_put(p + AT_STREAM, f->stream);
	if (f->payload.n)
		memcpy(p + FRAME_HEADER_LEN, f->payload.p, f->payload.n);
	le32_put(p + AT_CRC, frame_crc(p, len));
	b->n += len;
}

bool frame_is_plain(const void *p)
{
	static const char none[AT_STREAM - AT_TYPE - 1];

	return memcmp((const char *)p + AT_TYPE + 1, none, sizeof none) == 0;
}

size_t frame_len(const void *p)
{
	return le32_get(p);
}

uint64_t frame_seq(const void *p)
{
	return le64_get((const char *)p + AT_SEQ);
}

enum frame_type frame_type(const void *p)
{
	return (enum frame_type)((const uint8_t *)p)[AT_TYPE];
}

enum frame_state frame_get(struct str bytes, struct frame *ret, size_t *ret_len)
{
	const char *p = bytes.p;
	size_t len;

	if (bytes.n < AT_CRC)
		return FRAME_CUT;
	len = frame_len(p);
	if (len < FRAME_HEADER_LEN || len > FRAME_LEN_MAX)
		return FRAME_DAMAGED;
	if (len > bytes.n)
		return FRAME_CUT;
	if (le32_get(p + AT_CRC) != frame_crc(p, len))
		return FRAME_DAMAGED;
	ret->seq = le64_get(p + AT_SEQ);
	if (ret->seq == 0 || ret->seq > UINT64_MAX / 2)
		return FRAME_DAMAGED;
	ret->realtime = (int64_t)le64_get(p + AT_REALTIME);
	ret->boottime = (int64_t)le64_get(p + AT_BOOTTIME);
	ret->type = (enum frame_type)(uint8_t)p[AT_TYPE];
	ret->stream = le32_get(p + AT_STREAM);
	ret->payload = str_make(p + FRAME_HEADER_LEN, len - FRAME_HEADER_LEN);
	*ret_len = len;
	return FRAME_WHOLE;
}

size_t frame_resync(struct str bytes, uint64_t after)
{
	uint64_t span = bytes.n / FRAME_HEADER_LEN + 1;
	unsigned tries = 0;
	struct frame f;
	size_t len;

	for (size_t at = 1; at + FRAME_HEADER_LEN <= bytes.n; at++) {
		uint64_t seq = le64_get(bytes.p + at + AT_SEQ);

		/* So that a checksum is rarely computed in vain. */
		if (seq <= after || seq - after > span)
			continue;
		if (++tries > FRAME_RESYNC_TRIES)
			break;
		if (frame_get(str_from(bytes, at), &f, &len) == FRAME_WHOLE)
			return at;
	}
	return STR_NPOS;
}

bool frame_is_same(const struct frame *a, const struct frame *b)
{
	return a->seq == b->seq && a->realtime == b->realtime &&
	       a->boottime == b->boottime && a->type == b->type &&
	       a->stream == b->stream && str_eq(a->payload, b->payload);
}
