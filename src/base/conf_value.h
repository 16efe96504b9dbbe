/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a configuration: from text to type. Knows no YAML. */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include "base/conf.h"

/*
 * Put the value that `s` says in its place. 0; -EINVAL: it is none as
 * conf_describe() says; -ENOMEM. Not for lists.
 */
int conf_set_value(
    const struct conf *c, const struct conf_key *key, struct str s);

/* One text of a list, kept; *ret as conf_set_value(). */
int conf_keep_text(
    const struct conf *c, struct str s, size_t max, const char **ret);

/* All texts of a list, which are kept already. */
int conf_set_list(const struct conf *c, const struct conf_key *key,
    const char *const *v, size_t n);

#endif
