/* SPDX-License-Identifier: Apache-2.0 */
/* What both forms of syslog messages begin with. */
#ifndef OUTPUTS_SYSLOG_HEADER_H
#define OUTPUTS_SYSLOG_HEADER_H

#include "outputs/event_format.h"
#include "outputs/traits.h"

/* "<110>". */
void syslog_add_pri(
    struct buf *b, const struct traits *t, const struct format_settings *s);

/*
 * A name for a header: printable ASCII without blanks, others as '_', at most
 * `max` bytes; "-" where there is none.
 */
void syslog_add_name(struct buf *b, struct str name, size_t max);

#endif
