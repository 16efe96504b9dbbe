/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hop.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

/* A program that logs in elsewhere was run. */
struct hop_run {
	int64_t time;
	size_t session;	     /* index */
	struct str operands; /* its arguments, divided by `divider` */
	char divider;
};

static const char *const programs[] = {
    "ssh", "scp", "sftp", "rsync", "mosh-client", "autossh", "ansible"};

#define N_PROGRAMS (sizeof programs / sizeof programs[0])

const char *hops_program(size_t i)
{
	return i < N_PROGRAMS ? programs[i] : NULL;
}

void hops_init(struct hops *h)
{
	*h = (struct hops){.hosts = INTERN_INIT, .text = ARENA_INIT};
}

void hops_free(struct hops *h)
{
	free(h->v);
	free(h->next_client);
	free(h->runs);
	map_free(&h->by_id);
	map_free(&h->by_client);
	map_free(&h->addresses);
	intern_free(&h->hosts);
	arena_free(&h->text);
}

static uint64_t hash_client(struct str addr, int64_t port)
{
	return hash_bytes(addr) ^ hash_u64((uint64_t)port);
}

static int grow(struct hops *h)
{
	size_t cap = h->cap ? h->cap * 2 : 64;
	void *v = reallocarray(h->v, cap, sizeof *h->v), *next;

	if (!v)
		return -ENOMEM;
	h->v = v;
	next = reallocarray(h->next_client, cap, sizeof *h->next_client);
	if (!next)
		return -ENOMEM;
	h->next_client = next;
	h->cap = cap;
	return 0;
}

int hops_add(struct hops *h, const struct session *s)
{
	const struct track *t = &s->sum;
	struct hop *hop;
	uint64_t *slot;

	if (h->n == h->cap && grow(h) < 0)
		return -ENOMEM;
	hop = &h->v[h->n];
	*hop = (struct hop){.id = t->id,
	    .host = arena_dup(&h->text, t->host),
	    .addr = arena_dup(&h->text, t->addr),
	    .port = t->port,
	    .start = t->start,
	    .end = t->flags & TRACK_CLOSED ? t->end : INT64_MAX,
	    .from = HOP_NOWHERE};
	slot = map_put(&h->by_id, t->id);
	if (!slot || (t->host.n && !hop->host.p))
		return -ENOMEM;
	*slot = h->n + 1;
	h->next_client[h->n] = 0;
	if (hop->addr.n && hop->port > 0) {
		slot =
		    map_put(&h->by_client, hash_client(hop->addr, hop->port));
		if (!slot)
			return -ENOMEM;
		h->next_client[h->n] = *slot;
		*slot = h->n + 1;
	}
	h->n++;
	return 0;
}

size_t hops_find(const struct hops *h, uint64_t id)
{
	const uint64_t *slot = map_get(&h->by_id, id);

	return slot ? *slot - 1 : HOP_NOWHERE;
}

void hops_want(uint64_t want[(EVENT_N_FIELDS + 63) / 64])
{
	static const enum field fields[] = {
	    F_LADDR, F_LPORT, F_COMM, F_EXE, F_ARGV, F_CMD};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		want[fields[i] / 64] |= (uint64_t)1 << (fields[i] % 64);
}

static bool is_loopback(struct str addr)
{
	return str_starts(addr, STR("127.")) || str_eqz(addr, "::1");
}

/* The host has this address; one that two hosts have tells neither. */
static int note_address(struct hops *h, struct str addr, struct str host)
{
	uint32_t number = intern_add(&h->hosts, host);
	uint64_t *slot;

	if (number == INTERN_NONE)
		return -ENOMEM;
	if (!addr.n || is_loopback(addr))
		return 0;
	slot = map_put(&h->addresses, hash_bytes(addr));
	if (!slot)
		return -ENOMEM;
	if (*slot == 0)
		*slot = (uint64_t)number + 1;
	else if (*slot != (uint64_t)number + 1)
		*slot = UINT64_MAX;
	return 0;
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* The login whose client is that local end: the nearest in time. */
static struct hop *find_client(
    struct hops *h, const struct event *ev, size_t from)
{
	const struct str addr = event_str(ev, F_LADDR);
	const int64_t port = event_int(ev, F_LPORT, -1);
	const uint64_t *slot = map_get(&h->by_client, hash_client(addr, port));
	struct hop *best = NULL;

	for (size_t at = slot ? *slot : 0; at; at = h->next_client[at - 1]) {
		struct hop *hop = &h->v[at - 1];

		if (at - 1 == from || hop->port != port ||
		    !str_eq(hop->addr, addr))
			continue;
		/* A loopback address is of each host its own. */
		if (is_loopback(addr) && !str_eq(hop->host, ev->host))
			continue;
		if (!best || distance(hop->start, ev->time) <
				 distance(best->start, ev->time))
			best = hop;
	}
	return best;
}

static void note_connect(struct hops *h, const struct event *ev, size_t from)
{
	struct hop *hop = find_client(h, ev, from);
	int64_t later;

	if (!hop)
		return;
	later = hop->start - ev->time;
	if (distance(0, later) > HOP_CLOCKS_MAX ||
	    (hop->why == HOP_PORT &&
		distance(0, hop->later) <= distance(0, later)))
		return;
	hop->why = HOP_PORT;
	hop->from = from;
	hop->later = later;
}

static bool is_client(struct str name)
{
	for (size_t i = 0; i < N_PROGRAMS; i++)
		if (str_eqz(name, programs[i]))
			return true;
	return false;
}

static struct hop_run *add_run(struct hops *h)
{
	if (array_grow(&h->runs, h->n_runs, &h->cap_runs, sizeof *h->runs) < 0)
		return NULL;
	return &h->runs[h->n_runs++];
}

static int note_run(struct hops *h, const struct event *ev, size_t session)
{
	const bool list = event_has(ev, F_ARGV);
	struct str rest = event_str(ev, list ? F_ARGV : F_CMD), name;
	const char divider = list ? '\0' : ' ';
	struct hop_run *run;

	str_cut(&rest, divider, &name);
	if (!is_client(str_base_name(event_str(ev, F_EXE))) &&
	    !is_client(event_str(ev, F_COMM)) &&
	    !is_client(str_base_name(name)))
		return 0;
	run = add_run(h);
	if (!run)
		return -ENOMEM;
	*run = (struct hop_run){
	    ev->time, session, arena_dup(&h->text, rest), divider};
	return run->operands.p ? 0 : -ENOMEM;
}

int hops_note(struct hops *h, const struct event *ev)
{
	size_t at;
	int r = 0;

	if (ev->kind == EVENT_NET_CONNECT || ev->kind == EVENT_CONN_OPEN)
		r = note_address(h, event_str(ev, F_LADDR), ev->host);
	at = hops_find(h, event_session(ev));
	if (r < 0 || at == HOP_NOWHERE)
		return r;
	if (ev->kind == EVENT_NET_CONNECT)
		note_connect(h, ev, at);
	return ev->kind == EVENT_EXEC ? note_run(h, ev, at) : 0;
}

static int cmp_runs(const void *x, const void *y)
{
	const struct hop_run *a = x, *b = y;

	return (a->time > b->time) - (a->time < b->time);
}

/* "db1" of "deploy@db1", "db1:/srv/x", "ssh://deploy@db1:2222/". */
static struct str host_of(struct str operand)
{
	struct str host = operand, head;

	str_skip(&host, STR("ssh://"));
	if (str_cut(&operand, '@', &head))
		host = operand;
	str_cut(&host, '/', &head);
	host = head;
	str_cut(&host, ':', &head);
	return head;
}

static bool same_host(struct str a, struct str b)
{
	struct str one, two;

	if (str_eq(a, b))
		return true;
	str_cut(&a, '.', &one);
	str_cut(&b, '.', &two);
	/* One of them is without its domain. */
	return one.n && str_eq(one, two) && (!a.n || !b.n);
}

static bool run_names(const struct hop_run *run, struct str host)
{
	struct str rest = run->operands, one;

	while (rest.n) {
		str_cut(&rest, run->divider, &one);
		if (one.n && one.p[0] != '-' && same_host(host_of(one), host))
			return true;
	}
	return false;
}

static size_t first_run(const struct hops *h, int64_t time)
{
	size_t lo = 0, hi = h->n_runs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h->runs[mid].time < time)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The one session that ran ssh before this login, if it was only one. */
static void conclude(struct hops *h, size_t index)
{
	struct hop *hop = &h->v[index];
	const uint64_t *owner = map_get(&h->addresses, hash_bytes(hop->addr));
	enum hop_why best = HOP_NONE;
	bool several = false;

	for (size_t i = first_run(h, hop->start - HOP_RUN_REACH);
	     i < h->n_runs && h->runs[i].time <= hop->start + HOP_RUN_AHEAD;
	     i++) {
		const struct hop_run *run = &h->runs[i];
		const struct hop *from = &h->v[run->session];
		enum hop_why why = HOP_NONE;

		if (run->session == index || from->end < run->time)
			continue;
		if (owner && *owner != UINT64_MAX &&
		    str_eq(intern_str(&h->hosts, (uint32_t)(*owner - 1)),
			from->host))
			why = HOP_ADDRESS;
		else if (!owner && run_names(run, hop->host))
			why = HOP_NAME;
		if (why == HOP_NONE)
			continue;
		several = several || (best && hop->from != run->session);
		best = why;
		hop->from = run->session;
		hop->later = hop->start - run->time;
	}
	hop->why = several ? HOP_NONE : best;
	if (hop->why == HOP_NONE)
		hop->from = HOP_NOWHERE;
}

void hops_finish(struct hops *h)
{
	if (h->n_runs)
		qsort(h->runs, h->n_runs, sizeof *h->runs, cmp_runs);
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].why == HOP_NONE && h->v[i].addr.n)
			conclude(h, i);
}
