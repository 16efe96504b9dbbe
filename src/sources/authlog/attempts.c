/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/attempts.h"

#include <stdlib.h>

#include "base/hash.h"

#define SLOTS	   4096
#define REASON_MAX 100

struct slot {
	uint64_t key;	 /* host and pid */
	uint64_t client; /* address and port; 0: not known yet */
	bool verbose;	 /* sshd writes a line for each failure */
	bool counted;	 /* an auth.fail was emitted */
	uint8_t n_reason;
	char reason[REASON_MAX]; /* of a refusal whose `Failed` is to come */
};

struct attempts {
	struct slot slots[SLOTS];
};

struct attempts *attempts_new(void)
{
	return calloc(1, sizeof(struct attempts));
}

void attempts_free(struct attempts *a)
{
	free(a);
}

static uint64_t client_of(const struct event *ev)
{
	if (!event_has(ev, F_ADDR) || !event_has(ev, F_PORT))
		return 0;
	return hash_stable(event_str(ev, F_ADDR)) ^
	       hash_u64((uint64_t)ev->v[F_PORT].i + 1);
}

static struct slot *slot_of(
    struct attempts *a, const struct event *ev, struct str host, int64_t pid)
{
	uint64_t key = hash_stable(host) ^ hash_u64((uint64_t)pid + 2);
	struct slot *s = &a->slots[hash_u64(key) % SLOTS];
	uint64_t client = client_of(ev);

	if (s->key != key || ev->kind == EVENT_CONN_OPEN ||
	    (client && s->client && s->client != client)) {
		memset(s, 0, sizeof *s);
		s->key = key;
	}
	if (client)
		s->client = client;
	return s;
}

/* A refused key or certificate was offered by that method, said or not. */
static void method_conclude(struct message *m)
{
	struct str type = str_z(m->form->type);

	if (!event_has(m->ev, F_METHOD) &&
	    (str_starts(type, STR("key-")) || str_starts(type, STR("cert-"))))
		event_set_str(m->ev, F_METHOD, STR("publickey"));
}

static void refusal_see(struct slot *s, struct message *m)
{
	struct str reason = str_upto(event_str(m->ev, F_REASON), REASON_MAX);

	if (!s->verbose && !(m->form->flags & FORM_ONCE && s->counted)) {
		s->counted = true;
		method_conclude(m);
		return;
	}
	m->ev->kind = EVENT_OTHER;
	message_set_str(m, F_TEXT, m->text);
	if (m->form->flags & FORM_ONCE || !reason.n)
		return;
	memcpy(s->reason, reason.p, reason.n);
	s->n_reason = (uint8_t)reason.n;
}

/* The reason lives in the slot: valid while the event is emitted. */
static void reason_give(struct slot *s, struct event *ev)
{
	if (!s->n_reason || event_has(ev, F_REASON))
		return;
	event_set_str(ev, F_REASON, str_make(s->reason, s->n_reason));
	event_set_str(ev, F_INFERRED,
	    STR("reason: from the line before of the same process"));
	s->n_reason = 0;
}

bool attempts_see(
    struct attempts *a, struct message *m, struct str host, int64_t pid)
{
	unsigned flags = m->form ? m->form->flags : 0;
	struct slot *s;

	if (!(flags & (FORM_VERBOSE | FORM_COUNTED | FORM_WEAK | FORM_REFUSAL |
			  FORM_ACCEPTED)))
		return false;
	s = slot_of(a, m->ev, host, pid);
	if (flags & FORM_VERBOSE)
		s->verbose = true;
	if (flags & FORM_REFUSAL)
		refusal_see(s, m);
	if (flags & FORM_COUNTED) {
		s->counted = true;
		reason_give(s, m->ev);
	}
	if (flags & FORM_ACCEPTED)
		memset(s, 0, sizeof *s);
	/* Failed keys of an unknown user have no line at any LogLevel. */
	if (!(flags & FORM_WEAK) || s->counted ||
	    (s->verbose && !(flags & FORM_INVALID)))
		return false;
	s->counted = true;
	return true;
}
