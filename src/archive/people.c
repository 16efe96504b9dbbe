/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/people.h"

#include <errno.h>

static int note(struct people *p, uint64_t session, struct str user)
{
	uint64_t *number = map_put(&p->users, session);
	uint32_t name = intern_add(&p->names, user);

	if (!number || name == INTERN_NONE)
		return -ENOMEM;
	*number = name;
	return 0;
}

static int note_all(struct people *p, const struct query *q, struct err *err)
{
	const struct store_ops *ops = p->store->ops;
	struct store_cursor *cursor;
	struct session s;
	int r = ops->sessions(p->store, q, &cursor, err);

	if (r < 0)
		return r;
	while ((r = ops->next_session(cursor, &s, err)) > 0) {
		r = note(p, s.sum.id, s.sum.user);
		if (r < 0) {
			err_sys(err, r, "sessions");
			break;
		}
	}
	ops->cursor_close(cursor);
	return r;
}

int people_open(
    struct people *p, struct store *s, const struct query *q, struct err *err)
{
	struct query sessions = *q;

	*p = (struct people){
	    .store = s, .names = INTERN_INIT, .users = MAP_INIT};
	p->chosen = q->n_user || q->n_person || q->n_addr;
	if (!p->chosen)
		return 0;
	sessions.text = sessions.cursor = STR_NONE;
	sessions.limit = 0;
	return note_all(p, &sessions, err);
}

bool people_has(const struct people *p, uint64_t session)
{
	return !p->chosen || map_get(&p->users, session);
}

int people_user(
    struct people *p, uint64_t session, struct str *ret, struct err *err)
{
	const struct query one = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .session = session,
	    .limit = 1};
	const uint64_t *number = map_get(&p->users, session);
	int r = 0;

	*ret = STR_NONE;
	if (!number && session) {
		r = note_all(p, &one, err);
		number = map_get(&p->users, session);
	}
	if (r == 0 && number)
		*ret = intern_str(&p->names, (uint32_t)*number);
	return r;
}

void people_free(struct people *p)
{
	map_free(&p->users);
	intern_free(&p->names);
}
