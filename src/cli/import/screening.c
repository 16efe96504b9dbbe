/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/screening.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/screens.h"

struct screening {
	struct added {
		uint64_t number, last;
	} * v;
	size_t n, cap;
};

int screening_add(struct import_run *run, uint64_t number, uint64_t last)
{
	struct screening *s = run->screening;

	if (!s)
		s = run->screening = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		void *more = reallocarray(s->v, cap, sizeof *s->v);

		if (!more)
			return -ENOMEM;
		s->v = more;
		s->cap = cap;
	}
	s->v[s->n++] = (struct added){number, last};
	return 0;
}

int screening_make(struct import_run *run, struct err *err)
{
	const struct screening *s = run->screening;
	struct piece_reader pieces = {0};
	int r = 0;

	for (size_t i = 0; s && i < s->n && r == 0; i++) {
		const struct recording one = {.chain = str_z(run->chain),
		    .number = s->v[i].number,
		    .last = s->v[i].last};

		r = screens_extend(run->archive, &one, 0, &pieces, err);
	}
	piece_reader_close(&pieces);
	return r;
}

void screening_close(struct screening *s)
{
	if (s)
		free(s->v);
	free(s);
}
