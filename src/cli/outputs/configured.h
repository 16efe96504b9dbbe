/* SPDX-License-Identifier: Apache-2.0 */
/* An output of a directory of configuration files. Failures are told. */
#ifndef CLI_OUTPUTS_CONFIGURED_H
#define CLI_OUTPUTS_CONFIGURED_H

#include "cli/filters.h"
#include "outputs/config.h"

/* Load one; free with output_config_free(), also after a failure. */
int configured_load(struct cli *c, const char *dir, const char *name,
    struct output_config *ret);

/*
 * The query of its filter. Strings point into cfg and *f, which is to be freed
 * with filters_free().
 */
int configured_filter(struct cli *c, struct output_config *cfg,
    struct filters *f, struct query *ret);

#endif
