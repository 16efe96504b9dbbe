/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/tries.h"

#include "base/hash.h"
#include "base/when.h"

/* Longer than sshd lets a login take; then the pid is another process. */
#define SAME_PROCESS (600 * USEC_PER_SEC)
/* sshd's monitor and its child each tell that a name is unknown. */
#define UNKNOWN_TOLD 2

enum {
	PAM_PENDING = 1 << 0, /* sshd's record of the attempt is to come */
	BY_METHOD = 1 << 1,   /* Red Hat's sshd: USER_AUTH is the attempt */
	ANY = 1 << 2,	      /* an attempt was told */
};

static size_t slot_of(struct tries *t, const struct event *ev)
{
	uint64_t key = hash_stable(ev->host) ^
		       hash_u64((uint64_t)event_int(ev, F_PID, -1) + 1);
	size_t i = hash_u64(key) % TRIES_SLOTS;
	int64_t ago = ev->time - t->slots[i].time;

	if (t->slots[i].key != key || ago > SAME_PROCESS ||
	    ago < -SAME_PROCESS) {
		memset(&t->slots[i], 0, sizeof t->slots[i]);
		t->slots[i].key = key;
		t->slots[i].serial = -1;
	}
	t->slots[i].time = ev->time;
	return i;
}

static enum try what_is(
    struct tries *t, size_t i, const struct event *ev, bool unknown)
{
	struct str type = event_str(ev, F_TYPE);
	unsigned flags = t->slots[i].flags;
	bool method = str_eqz(type, "USER_AUTH");

	if (str_eqz(type, "USER_ERR")) {
		t->slots[i].flags = (uint8_t)(flags | ANY);
		return flags & ANY ? TRY_TOLD : TRY_WEAK;
	}
	if (str_starts(event_str(ev, F_OP), STR("PAM:"))) {
		t->slots[i].flags = (uint8_t)(flags | PAM_PENDING | ANY);
		return TRY_COUNTS;
	}
	if (method)
		flags |= BY_METHOD;
	t->slots[i].flags = (uint8_t)((flags & ~(unsigned)PAM_PENDING) | ANY);
	if (flags & PAM_PENDING || (flags & BY_METHOD && !method))
		return TRY_TOLD;
	if (unknown && t->slots[i].n_unknown < UNKNOWN_TOLD) {
		t->slots[i].n_unknown++;
		t->slots[i].flags = (uint8_t)flags;
		return TRY_TOLD;
	}
	return TRY_COUNTS;
}

enum try tries_see(
    struct tries *t, const struct event *ev, int64_t serial, bool unknown)
{
	size_t i = slot_of(t, ev);

	/* An event is built again when more of it comes. */
	if (t->slots[i].serial != serial) {
		t->slots[i].what = what_is(t, i, ev, unknown);
		t->slots[i].serial = serial;
	}
	return t->slots[i].what;
}
