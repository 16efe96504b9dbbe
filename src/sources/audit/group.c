/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/group.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

#define N_HEADS	 512
#define NO_GROUP GROUPS_N
/* A jump of serial numbers beyond this is a restart, not a loss. */
#define MAX_JUMP 100000

struct groups {
	struct group ring[GROUPS_N];
	uint16_t heads[N_HEADS];
	size_t at;	   /* next place of the ring to be used */
	struct group *cur; /* of the record before, or NULL */
	size_t n_open;
	size_t oldest; /* no open group lies before it in ring order */
	int64_t clock;
	uint32_t serial; /* highest of this boot */
	struct groups_stats stats;
};

int groups_new(struct groups **ret)
{
	struct groups *gs = calloc(1, sizeof *gs);

	if (!gs)
		return -ENOMEM;
	for (size_t i = 0; i < N_HEADS; i++)
		gs->heads[i] = NO_GROUP;
	*ret = gs;
	return 0;
}

void groups_free(struct groups *gs)
{
	if (!gs)
		return;
	for (size_t i = 0; i < GROUPS_N; i++) {
		free(gs->ring[i].rec);
		buf_free(&gs->ring[i].text);
	}
	free(gs);
}

int64_t groups_clock(const struct groups *gs)
{
	return gs->clock;
}

const struct groups_stats *groups_stats(const struct groups *gs)
{
	return &gs->stats;
}

/* Ids are 20 to 25 bytes long: three words, the last two overlapping. */
static inline bool same_id(struct str a, struct str b)
{
	uint64_t x[3], y[3];

	if (a.n != b.n)
		return false;
	if (a.n < 16 || a.n > 24)
		return str_eq(a, b);
	memcpy(x, a.p, 16);
	memcpy(&x[2], a.p + a.n - 8, 8);
	memcpy(y, b.p, 16);
	memcpy(&y[2], b.p + b.n - 8, 8);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
}

static uint64_t node_hash(struct str node)
{
	return node.n ? hash_bytes(node) : 0;
}

static uint16_t *chain_of(struct groups *gs, int64_t time, uint32_t serial)
{
	uint64_t h = hash_u64((uint64_t)time ^ (uint64_t)serial << 20);

	return &gs->heads[h & (N_HEADS - 1)];
}

static struct group *find(
    struct groups *gs, int64_t time, uint32_t serial, uint64_t node)
{
	uint16_t i = *chain_of(gs, time, serial);

	while (i != NO_GROUP) {
		struct group *g = &gs->ring[i];

		if (g->serial == serial && g->time == time &&
		    g->node_hash == node)
			return g;
		i = g->next;
	}
	return NULL;
}

static void unlink_group(struct groups *gs, struct group *g)
{
	uint16_t *at = chain_of(gs, g->time, g->serial);
	uint16_t self = (uint16_t)(g - gs->ring);

	while (*at != NO_GROUP && *at != self)
		at = &gs->ring[*at].next;
	if (*at == self)
		*at = g->next;
}

/* Its records are no longer needed; its id stays known. */
static void forget(struct group *g)
{
	g->n = g->n_owned = 0;
	buf_clear(&g->text);
	if (g->text.cap > GROUP_MAX_REMEMBERED)
		buf_free(&g->text);
}

static int hand_out(struct groups *gs, struct group *g, bool force,
    const struct groups_sink *sink)
{
	int r = sink->event(sink->ctx, g, force);

	if (r < 0)
		return r;
	g->closing = false;
	if (r > 0)
		return 0;
	gs->stats.amended += g->emitted;
	g->state = GROUP_DONE;
	g->emitted = true;
	gs->n_open--;
	if (g->bytes > GROUP_MAX_REMEMBERED)
		forget(g);
	return 0;
}

/*
 * Hand out what began longest ago and got no record for GROUPS_TIMEOUT. Time
 * alone does not decide: a call that blocked is logged late with its old time,
 * in the midst of newer ones.
 */
static int expire(struct groups *gs, const struct groups_sink *sink)
{
	while (gs->n_open && gs->oldest + GROUPS_MIN_BEHIND < gs->at) {
		struct group *g = &gs->ring[gs->oldest % GROUPS_N];

		if (g->state == GROUP_OPEN) {
			int r;

			if (g == gs->cur ||
			    gs->clock - g->clock <= GROUPS_TIMEOUT)
				return 0;
			r = hand_out(gs, g, true, sink);
			if (r < 0)
				return r;
		}
		gs->oldest++;
	}
	return 0;
}

static void count_serial(struct groups *gs, uint32_t serial, unsigned type)
{
	uint32_t ahead = serial - gs->serial;

	/* auditd numbers its own records by itself. */
	if (type >= 1200 && type <= 1299)
		return;
	if (gs->serial && ahead > 1 && ahead < MAX_JUMP)
		gs->stats.missing += ahead - 1;
	else if (gs->stats.missing && ahead && 0 - ahead < GROUPS_N)
		gs->stats.missing--;
	if (ahead < UINT32_MAX / 2 || 0 - ahead > MAX_JUMP)
		gs->serial = serial;
}

/* The next place of the ring, emptied: hands out the event that held it. */
static int take_place(
    struct groups *gs, const struct groups_sink *sink, struct group **ret)
{
	struct group *g = &gs->ring[gs->at % GROUPS_N];

	if (g->state == GROUP_OPEN) {
		int r = hand_out(gs, g, true, sink);

		if (r < 0)
			return r;
	}
	if (g->state != GROUP_FREE)
		unlink_group(gs, g);
	forget(g);
	g->state = GROUP_FREE;
	gs->at++;
	if (gs->at > GROUPS_N && gs->oldest < gs->at - GROUPS_N)
		gs->oldest = gs->at - GROUPS_N;
	*ret = g;
	return 0;
}

static int begin(struct groups *gs, const struct audit_line *line, int64_t time,
    uint32_t serial, const struct groups_sink *sink)
{
	struct group *g;
	uint16_t *chain;
	int r = take_place(gs, sink, &g);

	if (r < 0)
		return r;
	memset(g, 0, offsetof(struct group, rec));
	g->state = GROUP_OPEN;
	g->time = time;
	g->serial = serial;
	g->node = line->node;
	g->node_hash = node_hash(line->node);
	g->id = line->id;
	chain = chain_of(gs, time, serial);
	g->next = *chain;
	*chain = (uint16_t)(g - gs->ring);
	gs->n_open++;
	gs->cur = g;
	return 0;
}

static int grow(struct group *g)
{
	size_t cap = g->cap ? 2 * g->cap : 16;
	struct group_record *rec;

	if (g->n < g->cap)
		return 0;
	rec = reallocarray(g->rec, cap, sizeof *rec);
	if (!rec)
		return -ENOMEM;
	g->rec = rec;
	g->cap = cap;
	return 0;
}

static bool has_line(const struct group *g, struct str line, size_t from)
{
	for (size_t i = from; i < g->n; i++)
		if (g->rec[i].len == line.n &&
		    memcmp(g->rec[i].line, line.p, line.n) == 0)
			return true;
	return false;
}

/* Whether a record still fits within the limits of one event. */
static bool fits(struct group *g, size_t n, enum audit_role role)
{
	size_t others = g->bytes - g->execve_bytes;

	if (g->n == GROUP_MAX_RECORDS ||
	    (role == ROLE_EXECVE ? g->execve_bytes + n > GROUP_MAX_EXECVE
				 : others + n > GROUP_MAX_OTHERS)) {
		g->cut = true;
		return false;
	}
	g->bytes += n;
	if (role == ROLE_EXECVE)
		g->execve_bytes += n;
	return true;
}

static int append(struct groups *gs, const struct audit_line *line,
    unsigned type, enum audit_role role, uint64_t offset)
{
	struct group *g = gs->cur;
	int r;

	g->clock = gs->clock;
	if (role == ROLE_EOE) {
		g->closing = true;
		return 0;
	}
	if (!fits(g, line->all.n, role))
		return 0;
	r = grow(g);
	if (r < 0)
		return r;
	if (!g->has_offset || offset < g->offset)
		g->offset = offset;
	g->has_offset = true;
	g->roles |= (uint64_t)1 << role;
	g->rec[g->n++] = (struct group_record){.line = line->all.p,
	    .len = (uint16_t)line->all.n,
	    .body = (uint16_t)(line->body.p - line->all.p),
	    .type = (uint16_t)type,
	    .role = (uint8_t)role};
	if (names_single(type) ||
	    (role == ROLE_PROCTITLE && GROUP_HAS(g, ROLE_SYSCALL)))
		g->closing = true;
	return 0;
}

/* Make the event of a line that does not continue the current one current. */
static int select_group(struct groups *gs, const struct audit_line *line,
    unsigned type, enum audit_role role, const struct groups_sink *sink,
    const char **expected)
{
	struct group *g;
	int64_t time;
	uint32_t serial;
	bool late = false;
	int r;

	*expected = line_id(line->id, &time, &serial);
	if (*expected)
		return 0;
	g = gs->cur;
	gs->cur = NULL;
	if (g && g->closing) {
		r = hand_out(gs, g, false, sink);
		if (r < 0)
			return r;
	}
	if (time > gs->clock)
		gs->clock = time;
	g = find(gs, time, serial, node_hash(line->node));
	if (g && g->n) {
		gs->cur = g;
		return expire(gs, sink);
	}
	if (role == ROLE_EOE)
		return 0;
	if (g) {
		late = true;
		unlink_group(gs, g);
		g->state = GROUP_FREE;
	}
	gs->stats.events++;
	count_serial(gs, serial, type);
	r = begin(gs, line, time, serial, sink);
	if (r < 0)
		return r;
	gs->cur->late = late;
	return expire(gs, sink);
}

/* A record for an event that is out already: it will go out once more. */
static void reopen(struct groups *gs, struct group *g)
{
	size_t place = (size_t)(g - gs->ring);
	size_t first = gs->at < GROUPS_N ? 0 : gs->at - GROUPS_N;
	size_t at = first + (place + GROUPS_N - first % GROUPS_N) % GROUPS_N;

	g->state = GROUP_OPEN;
	g->closing = true;
	gs->n_open++;
	if (at < gs->oldest)
		gs->oldest = at;
}

int groups_add(struct groups *gs, const struct audit_line *line, unsigned type,
    enum audit_role role, uint64_t offset, const struct groups_sink *sink,
    const char **expected)
{
	struct group *g = gs->cur;
	int r;

	*expected = line->all.n > UINT16_MAX ? "a shorter record" : NULL;
	if (*expected)
		return 0;
	if (!g || !same_id(g->id, line->id) || !str_eq(g->node, line->node)) {
		r = select_group(gs, line, type, role, sink, expected);
		g = gs->cur;
		if (r < 0 || *expected || !g)
			return r;
		if (has_line(g, line->all, 0)) {
			gs->stats.repeated++;
			return 0;
		}
	} else if (g->n && has_line(g, line->all, g->n - 1)) {
		gs->stats.repeated++;
		return 0;
	}
	if (g->state == GROUP_DONE) {
		if (role == ROLE_EOE)
			return 0;
		reopen(gs, g);
	}
	return append(gs, line, type, role, offset);
}

/* Copy the text of all records of g to memory of its own. */
static int own(struct group *g)
{
	struct buf text = BUF_INIT;
	size_t at = 0;

	if (g->n_owned == g->n)
		return 0;
	/* Its own memory serves again when none of it is in use. */
	if (g->n_owned == 0) {
		text = g->text;
		g->text = BUF_INIT;
	}
	buf_clear(&text);
	if (!buf_reserve(&text, g->bytes + g->node.n))
		return buf_free(&text), -ENOMEM;
	for (size_t i = 0; i < g->n; i++)
		buf_add_str(&text, record_line(&g->rec[i]));
	buf_add_str(&text, g->node);
	for (size_t i = 0; i < g->n; i++) {
		struct group_record *r = &g->rec[i];

		if (i == 0)
			g->id.p = text.p + (g->id.p - r->line);
		r->line = text.p + at;
		at += r->len;
	}
	g->node = str_make(text.p + at, g->node.n);
	buf_free(&g->text);
	g->text = text;
	g->n_owned = g->n;
	return 0;
}

int groups_keep(struct groups *gs, const struct groups_sink *sink)
{
	size_t first = gs->at < GROUPS_N ? 0 : gs->at - GROUPS_N;
	size_t open_bytes = 0;
	int r = 0;

	/* Newest first: the oldest ones go when there is too much. */
	for (size_t at = gs->at; at > first && r >= 0; at--) {
		struct group *g = &gs->ring[(at - 1) % GROUPS_N];

		if (g->state == GROUP_OPEN) {
			open_bytes += g->bytes;
			if (open_bytes > GROUPS_MAX_OPEN) {
				r = hand_out(gs, g, true, sink);
				gs->cur = g == gs->cur ? NULL : gs->cur;
				if (r < 0)
					break;
			}
		}
		r = own(g);
	}
	return r < 0 ? r : 0;
}

void groups_next_file(struct groups *gs)
{
	for (size_t i = 0; i < GROUPS_N; i++)
		gs->ring[i].has_offset = false;
}

int groups_flush(struct groups *gs, const struct groups_sink *sink)
{
	size_t first = gs->at < GROUPS_N ? 0 : gs->at - GROUPS_N;

	for (size_t at = first; at < gs->at && gs->n_open; at++) {
		struct group *g = &gs->ring[at % GROUPS_N];

		if (g->state == GROUP_OPEN) {
			int r = hand_out(gs, g, true, sink);

			if (r < 0)
				return r;
		}
	}
	gs->cur = NULL;
	return 0;
}

uint64_t groups_held(const struct groups *gs, uint64_t end)
{
	for (size_t i = 0; i < GROUPS_N; i++) {
		const struct group *g = &gs->ring[i];

		if (g->state == GROUP_OPEN && g->has_offset && g->offset < end)
			end = g->offset;
	}
	return end;
}
