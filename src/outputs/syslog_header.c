/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/syslog_header.h"

void syslog_add_pri(
    struct buf *b, const struct traits *t, const struct format_settings *s)
{
	unsigned facility =
	    s->facility >= 0 ? (unsigned)s->facility & 31 : t->facility;

	buf_printf(b, "<%u>", facility * 8 + t->severity);
}

void syslog_add_name(struct buf *b, struct str name, size_t max)
{
	if (name.n == 0)
		buf_add_char(b, '-');
	name = str_upto(name, max);
	for (size_t i = 0; i < name.n; i++)
		buf_add_char(
		    b, name.p[i] > ' ' && name.p[i] < 0x7f ? name.p[i] : '_');
}
