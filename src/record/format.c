/* SPDX-License-Identifier: Apache-2.0 */
#include "record/format.h"

#define SURE_ENOUGH 50

#define ITEM(symbol, name) &format_##symbol,

const struct format *const formats[] = {FORMATS(ITEM, ITEM) NULL};

const struct format *format_find(struct str name)
{
	for (size_t i = 0; formats[i]; i++)
		if (str_eqz(name, formats[i]->name))
			return formats[i];
	return NULL;
}

const struct format *format_detect(
    struct str head, const char *name, unsigned *ret_part)
{
	const struct format *best = NULL;
	int best_sure = SURE_ENOUGH - 1;

	for (size_t i = 0; formats[i]; i++) {
		unsigned part = 0;
		int sure = formats[i]->probe
			       ? formats[i]->probe(head, name, &part)
			       : 0;

		if (sure <= best_sure)
			continue;
		best = formats[i];
		best_sure = sure;
		*ret_part = part;
	}
	return best;
}
