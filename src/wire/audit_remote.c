/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/audit_remote.h"

#include <errno.h>

#define MAGIC	    0xff0000feU
#define MAGIC_FIRST '\xfe'
#define AT_VERSION  4
#define AT_TYPE	    6
#define AT_LENGTH   10
#define AT_SEQUENCE 12

static uint32_t get(struct str s, size_t at, unsigned bytes)
{
	uint32_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | (uint8_t)s.p[at + bytes];
	return v;
}

static void put(struct buf *b, uint32_t v, unsigned bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_add_char(b, (char)(v & 0xff));
}

int audit_remote_has_headers(struct str data)
{
	return data.n == 0 ? -1 : data.p[0] == MAGIC_FIRST;
}

int audit_remote_next(struct str *data, struct audit_remote *ret)
{
	size_t n;

	if (data->n < AUDIT_REMOTE_HEADER)
		return data->n >= 4 && get(*data, 0, 4) != MAGIC ? -EPROTO : 0;
	if (get(*data, 0, 4) != MAGIC || data->p[AT_VERSION] != 0)
		return -EPROTO;
	n = get(*data, AT_LENGTH, 2);
	if (data->n < AUDIT_REMOTE_HEADER + n)
		return 0;
	ret->type = get(*data, AT_TYPE, 4);
	ret->sequence = get(*data, AT_SEQUENCE, 4);
	ret->text = str_trim(str_upto(str_from(*data, AUDIT_REMOTE_HEADER), n));
	*data = str_from(*data, AUDIT_REMOTE_HEADER + n);
	return 1;
}

void audit_remote_answer(enum audit_remote_type type, uint32_t sequence,
    struct str text, struct buf *ret)
{
	text = str_upto(text, UINT16_MAX);
	put(ret, MAGIC, 4);
	put(ret, 0, 2);
	put(ret, type, 4);
	put(ret, (uint32_t)text.n, 2);
	put(ret, sequence, 4);
	buf_add_str(ret, text);
}
