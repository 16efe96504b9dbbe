/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

/* Every tap, one line each: X(name) stands for `tap_name`. */
#define TAPS(X)                                                                \
	X(journal)                                                             \
	X(auth_log)                                                            \
	X(wtmp)                                                                \
	X(btmp)                                                                \
	X(wtmpdb)                                                              \
	X(lastlog2)                                                            \
	X(audit)                                                               \
	X(bpf)                                                                 \
	X(terminals)                                                           \
	X(rec)

#define X(name) extern const struct tap tap_##name;
TAPS(X)
#undef X

const struct tap *const taps[] = {
#define X(name) &tap_##name,
    TAPS(X)
#undef X
	NULL,
};

const struct tap *tap_find(struct str name)
{
	for (const struct tap *const *t = taps; *t; t++)
		if (str_eqz(name, (*t)->name))
			return *t;
	return NULL;
}

void tap_note(struct tap_opened *o, const char *fmt, ...)
{
	size_t n = strlen(o->note);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(o->note + n, sizeof o->note - n, fmt, ap);
	va_end(ap);
}

void tap_opened_close(struct tap_opened *o)
{
	for (unsigned i = 0; i < o->n_fd; i++)
		fd_close(&o->fd[i]);
	o->n_fd = 0;
}
