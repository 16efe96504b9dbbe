/* SPDX-License-Identifier: Apache-2.0 */
/* What outputs are called: a directory has a file NAME.yml for each. */
#ifndef OUTPUTS_NAMES_H
#define OUTPUTS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define OUTPUT_NAME_MAX 64

/* Letters, digits, '-' and '_': it becomes part of file names. */
bool output_is_name(struct str name);

/* Sorted. */
struct output_names {
	char **v;
	size_t n;
};

/*
 * All of the directory; other files are passed over. 0 or a negative errno,
 * with the directory in err. Free it in any case.
 */
int output_names_read(
    struct output_names *ret, const char *dir, struct err *err);
/* 0, -EINVAL: no name, or -ENOMEM. The caller adds them sorted. */
int output_names_add(struct output_names *names, struct str name);
void output_names_free(struct output_names *names);

#endif
