/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/rec/peer.h"

#include <errno.h>

#include "sources/pty/record.h"
#include "sources/rec/wire.h"

/* What each type of message may be, and what becomes of it. */
static const struct rule {
	bool first;    /* the first message, and no other */
	bool bytes;    /* has some; the first may have none */
	uint16_t type; /* enum pty_type */
} rules[WIRE_N_TYPES] = {
    [WIRE_OPEN] = {true, true, PTY_OPEN},
    [WIRE_SIZE] = {false, false, PTY_SIZE},
    [WIRE_OUTPUT] = {false, true, PTY_OUTPUT},
    [WIRE_INPUT] = {false, true, PTY_INPUT},
    [WIRE_MASKED] = {false, false, PTY_MASKED},
    [WIRE_CLOSE] = {false, false, PTY_CLOSE},
};

static void add_record(const struct peer *p, uint16_t type, uint32_t flags,
    uint32_t status, struct str bytes, struct buf *to)
{
	const struct pty_rec rec = {
	    .head = {REC_PEER_MAGIC, PTY_VERSION, type,
		(uint32_t)(sizeof rec + bytes.n), p->who.sshd, p->time},
	    .serial = p->serial,
	    .offset = p->offset,
	    .ppid = p->who.ppid,
	    .auid = p->who.auid,
	    .ses = p->who.ses,
	    .index = p->command ? p->who.pid : p->index,
	    .rows = p->rows,
	    .cols = p->cols,
	    .flags = flags | (p->command ? PTY_COMMAND | PTY_UNREAD : 0),
	    .n = (uint32_t)bytes.n,
	    .status = status,
	};

	buf_add(to, &rec, sizeof rec);
	buf_add_str(to, bytes);
}

static bool is_sound(const struct peer *p, const struct wire_message *m)
{
	const struct rule *rule;

	if (m->type == 0 || m->type >= WIRE_N_TYPES || m->n > WIRE_BYTES_MAX)
		return false;
	rule = &rules[m->type];
	if (rule->first == p->opened ||
	    (rule->bytes ? !m->n && !rule->first : m->n) ||
	    m->offset < p->offset || m->offset > INT64_MAX / 4)
		return false;
	if (m->type == WIRE_OPEN)
		return m->version == WIRE_VERSION &&
		       (m->flags & WIRE_COMMAND ? m->n <= WIRE_ARGS_MAX
						: !m->n);
	return !p->command;
}

/* Bytes in pieces as the kernel's records have them. */
static void take_bytes(
    struct peer *p, uint16_t type, struct str bytes, struct buf *to)
{
	while (bytes.n) {
		struct str piece = str_upto(bytes, PTY_CHUNK);

		add_record(p, type, 0, 0, piece, to);
		bytes = str_from(bytes, piece.n);
		if (type == PTY_OUTPUT)
			p->offset += piece.n;
	}
}

static void take_open(struct peer *p, const struct wire_message *m,
    struct str bytes, struct buf *to)
{
	p->opened = true;
	p->command = m->flags & WIRE_COMMAND;
	p->index = m->index;
	add_record(p, PTY_OPEN,
	    (m->flags & WIRE_LATE ? PTY_LATE : 0) |
		(m->flags & WIRE_RESUMED ? PTY_RESUMED : 0) |
		(m->flags & WIRE_CUT ? PTY_CUT : 0),
	    0, bytes, to);
}

static void take(struct peer *p, const struct wire_message *m, struct str bytes,
    uint64_t now, struct buf *to)
{
	if (m->time > p->time)
		p->time = m->time < now ? m->time : now;
	p->offset = m->offset;
	if (m->type == WIRE_OPEN || m->type == WIRE_SIZE) {
		p->rows = m->rows;
		p->cols = m->cols;
	}
	p->closed = m->type == WIRE_CLOSE;
	if (m->type == WIRE_OPEN)
		take_open(p, m, bytes, to);
	else if (bytes.n)
		take_bytes(p, rules[m->type].type, bytes, to);
	else
		add_record(p, rules[m->type].type,
		    (m->flags & WIRE_EXITED ? PTY_EXITED : 0) |
			(m->flags & WIRE_RESUMED ? PTY_RESUMED : 0),
		    m->status, STR_NONE, to);
}

ssize_t peer_take(struct peer *p, struct str data, uint64_t now, struct buf *to)
{
	struct str rest = data;
	struct wire_message m;

	while (!p->closed && rest.n >= sizeof m) {
		memcpy(&m, rest.p, sizeof m);
		if (!is_sound(p, &m))
			return -EBADMSG;
		if (rest.n < sizeof m + m.n)
			break;
		take(p, &m, str_upto(str_from(rest, sizeof m), m.n), now, to);
		rest = str_from(rest, sizeof m + m.n);
	}
	return (ssize_t)(data.n - rest.n);
}

void peer_gone(struct peer *p, uint64_t now, struct buf *to)
{
	if (!p->opened || p->closed)
		return;
	p->closed = true;
	if (now > p->time)
		p->time = now;
	add_record(p, PTY_CLOSE, p->command ? 0 : PTY_KILLED, 0, STR_NONE, to);
}
