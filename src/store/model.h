/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: random events, and the store's answers worked out the plain way.
 */
#ifndef STORE_MODEL_H
#define STORE_MODEL_H

#include "base/arena.h"
#include "store/store.h"

#define MODEL_TRACKS 60
#define MODEL_HOSTS  4
#define MODEL_BEGIN  ((int64_t)1790000000000000)

struct model {
	uint64_t random;
	struct event *v;
	size_t n, cap;
	uint64_t seq[MODEL_HOSTS];
	struct track tracks[MODEL_TRACKS];
	struct query_window windows[MODEL_HOSTS]; /* of the last question */
	struct arena mem;
};

void model_init(struct model *m, uint64_t seed, size_t cap);
void model_free(struct model *m);
uint64_t model_random(struct model *m, uint64_t below);
/* Make one more event; every thousandth amends the one before it. */
struct event *model_make(struct model *m);
/* Add v[from..to) and all tracks, and commit. */
void model_store(
    const struct model *m, struct store *s, size_t from, size_t to);
/* A random question. */
void model_query(struct model *m, struct query *q);
bool model_match(const struct model *m, const struct query *q, size_t i);
/* Indices of what answers q, in its order; free() it. */
size_t *model_answer(const struct model *m, const struct query *q, size_t *n);
struct str model_login(const struct model *m, const struct event *ev);
/* Its own, else its session's. */
struct str model_addr(const struct model *m, const struct event *ev);

/* A new directory below the system's temporary one, and its removal. */
char *model_dir(void);
void model_dir_remove(char *dir);

#endif
