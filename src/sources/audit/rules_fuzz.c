/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/rules.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever it is, the key lies within it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str raw = str_make(data, size);
	struct rule rule;

	if (!rule_parse(raw, &rule))
		return 0;
	if (rule.key.n &&
	    (rule.key.p < raw.p || rule.key.p + rule.key.n > raw.p + raw.n))
		abort();
	if ((rule.exec_all && !rule.exec) || (rule.exec && rule.never_task))
		abort();
	return 0;
}
