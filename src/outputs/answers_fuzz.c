/* SPDX-License-Identifier: Apache-2.0 */
/* Servers may answer anything: no record is accepted twice or half refused. */
#include "outputs/answers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS 4

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record records[RECORDS] = {{.state = RECORD_WAITS}};
	struct hec_answer hec;
	struct str body = str_make(data, size);

	records[1].state = RECORD_ACCEPTED;
	(void)answer_bulk(body, records, RECORDS);
	check(records[1].state == RECORD_ACCEPTED);
	for (size_t i = 0; i < RECORDS; i++)
		check((records[i].state == RECORD_REJECTED) ==
		      (records[i].reason[0] != '\0'));
	if (answer_hec(body, &hec))
		check(hec.code >= 0 && hec.bad_event >= -1 && hec.ack_id >= -1);
	(void)answer_hec_acked(body, 7);
	return 0;
}
