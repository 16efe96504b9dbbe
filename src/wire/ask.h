/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question to a hub as the parameters of a URL, ?since=...&host=a&host=b:
 * struct query, name by name (docs/hub-api.yaml says what each means).
 */
#ifndef WIRE_ASK_H
#define WIRE_ASK_H

#include "base/buf.h"
#include "base/err.h"
#include "store/query.h"

struct ask {
	struct query q;
	unsigned groups;      /* of counts: bit set of enum group_by */
	struct str find;      /* session to look up, as struct store_ops does */
	struct str recording; /* CHAIN:NUMBER, as struct recording has them */
};

/* Asks for all. */
void ask_init(struct ask *a);

/*
 * Take one parameter, decoded. Texts point into `value`. -EINVAL, and err says
 * what is wrong, also where there is no such parameter.
 */
int ask_take(struct ask *a, struct str name, struct str value, struct err *err);

/*
 * Append the parameters, encoded, with '&' between; nothing for what is as
 * ask_init() made it. Windows are left out.
 */
void ask_write(const struct ask *a, struct buf *b);

/* Append bytes as they stand in a URL. */
void ask_encode(struct str s, struct buf *b);

/* The name of a parameter, NULL behind the last one. */
const char *ask_name(size_t i);

#endif
