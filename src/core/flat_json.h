/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one JSON object's pairs without building anything: what log daemons
 * write is one flat object a line, and most of its pairs are not wanted.
 * Nested values are stepped over by counting, not by recursion.
 */
#ifndef CORE_FLAT_JSON_H
#define CORE_FLAT_JSON_H

#include "base/arena.h"

enum json_type {
	JSON_STRING,
	JSON_PLAIN, /* a number, true, false or null */
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_pair {
	struct str key; /* as written, escapes and all */
	enum json_type type;
	struct str raw; /* without the quotes or outer brackets */
	bool escaped;	/* a string with escapes */
};

struct flat_json {
	struct str rest;
	bool started;
};

/* 1: *ret is the next pair. 0: end of the object. -1: not well-formed. */
int flat_json_next(struct flat_json *j, struct json_pair *ret);

/* One `"key": value` at the start of *s, which is moved behind it. */
bool flat_json_pair(struct str *s, struct json_pair *ret);

/*
 * The first value of what an array holds, in *s, which is moved behind it and
 * its comma; ret->key is not set. 1; 0: there is none; -1: not well-formed.
 */
int flat_json_item(struct str *s, struct json_pair *ret);

/*
 * The text of a value: a string without its escapes, an array of numbers as
 * the bytes they are (journald's form of text that is not UTF-8), the first
 * element of an array of strings, anything else as written; STR_NONE for
 * null and when there is no memory. A lone surrogate \udcNN gives the byte NN
 * (see core/event_json.h), any other U+FFFD.
 */
struct str flat_json_text(const struct json_pair *pair, struct arena *a);

#endif
