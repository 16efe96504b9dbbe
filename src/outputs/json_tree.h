/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes one JSON object from paths, "process.parent.pid": objects open and
 * close by themselves. Paths that share a beginning follow one another, which
 * is the order of the tables that they come from.
 */
#ifndef OUTPUTS_JSON_TREE_H
#define OUTPUTS_JSON_TREE_H

#include "base/buf.h"

#define JSON_TREE_PATH_MAX 96

struct json_tree {
	struct buf *b;
	char path[JSON_TREE_PATH_MAX]; /* of what was written last */
	size_t n;
	bool any;
};

void json_tree_begin(struct json_tree *t, struct buf *b);
/* All up to the value of `path`; the caller appends the value to the buffer. */
void json_tree_at(struct json_tree *t, const char *path);
void json_tree_end(struct json_tree *t);

#endif
