/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What web servers answer, read as far as it decides about records. Pure: the
 * server may be hostile or broken.
 */
#ifndef OUTPUTS_ANSWERS_H
#define OUTPUTS_ANSWERS_H

#include "outputs/output.h"

/*
 * Of _bulk: an item for each of the n records that wait, in their order. What
 * is there already (409: it was sent before) counts as accepted; 429 and 5xx go
 * on waiting; all else is refused for good. -EBADMSG: it is no such answer,
 * or says nothing of some records, which go on waiting.
 */
int answer_bulk(struct str body, struct record *records, size_t n);

/* Of Splunk's collector; what is absent is -1. False: it is no such answer. */
struct hec_answer {
	int64_t code;
	int64_t ack_id;
	int64_t bad_event; /* its number in the request, from 0 */
	struct str text;   /* raw, in the body */
};
bool answer_hec(struct str body, struct hec_answer *ret);

/* Of its acknowledgements: whether that one is given. */
bool answer_hec_acked(struct str body, int64_t ack_id);

#endif
