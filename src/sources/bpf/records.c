/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/records.h"

int records_probe(struct str head, uint32_t magic, uint16_t version)
{
	struct rec_head first;

	if (head.n < sizeof first)
		return 0;
	memcpy(&first, head.p, sizeof first);
	return first.magic == magic && first.version == version ? 95 : 0;
}

/*
 * Bytes of the record that data begins with; 0: it is not all here; -1: no
 * record begins here.
 */
static ssize_t record_size(const struct records *r, struct str data, bool last)
{
	struct rec_head head;

	if (data.n < sizeof head)
		return last ? -1 : 0;
	memcpy(&head, data.p, sizeof head);
	if (head.magic != r->magic || head.size < sizeof head ||
	    head.size > REC_MAX)
		return -1;
	if (head.size > data.n)
		return last ? -1 : 0;
	return (ssize_t)head.size;
}

static void skip_byte(struct records *r, struct str rest, uint64_t offset,
    struct source_sink *sink)
{
	if (!r->skip) {
		sink->lines++;
		source_unparsed(sink, offset, str_upto(rest, 1), r->expected);
	}
	r->skip = true;
}

ssize_t records_feed(struct records *r, struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t at = 0;
	int err = 0;

	while (err == 0 && at < data.n) {
		struct str rest = str_from(data, at);
		ssize_t n = record_size(r, rest, last);

		if (n == 0)
			break;
		if (n < 0) {
			skip_byte(r, rest, offset + at, sink);
			at++;
			continue;
		}
		r->skip = false;
		sink->lines++;
		err =
		    r->take(run, str_upto(rest, (size_t)n), offset + at, sink);
		at += (size_t)n;
	}
	return err < 0 ? err : (ssize_t)at;
}

bool records_clock(struct records *r, struct str record)
{
	struct rec_clock rec;

	if (record.n != sizeof rec)
		return false;
	memcpy(&rec, record.p, sizeof rec);
	r->boot_known = true;
	for (size_t i = 0; i < sizeof rec.boot; i++)
		r->boot_known &= str_hexdigit(rec.boot[i]) >= 0;
	memcpy(r->boot, rec.boot, sizeof r->boot);
	r->real_offset = rec.real_offset;
	r->clock_known = true;
	return true;
}

bool records_time(const struct records *r, uint64_t boot, int64_t *ret)
{
	return r->clock_known && boot <= INT64_MAX &&
	       !__builtin_add_overflow((int64_t)boot, r->real_offset, ret) &&
	       *ret >= 0 && *ret / 1000 < TIME_MAX;
}

struct str records_boot(const struct records *r)
{
	return str_make(r->boot, r->boot_known ? sizeof r->boot : 0);
}
