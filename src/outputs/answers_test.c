/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/answers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define W RECORD_WAITS
#define A RECORD_ACCEPTED
#define R RECORD_REJECTED

static const struct {
	const char *body;
	int result;
	enum record_state before[3], after[3];
	const char *reason; /* of the one that is refused */
} bulks[] = {
    {"{\"took\":1,\"errors\":false,\"items\":[{\"create\":{\"status\":201}},"
     "{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}",
	0, {W, W, W}, {A, A, A}, NULL},
    {"{\"errors\":true,\"items\":[{\"create\":{\"status\":409,\"error\":{"
     "\"type\":\"version_conflict_engine_exception\"}}},"
     "{\"create\":{\"status\":429}},{\"create\":{\"status\":503}}]}",
	0, {W, W, W}, {A, W, W}, NULL},
    {"{\"errors\":true,\"items\":[{\"create\":{\"status\":400,\"error\":{"
     "\"type\":\"t\",\"reason\":\"bad\"}}},{\"create\":{\"status\":200}}]}",
	0, {W, A, W}, {R, A, A}, "status 400: t: bad"},
    /* Fewer items than records, none at all, and other things. */
    {"{\"errors\":false,\"items\":[{\"create\":{\"status\":201}}]}", -EBADMSG,
	{W, W, W}, {A, W, W}, NULL},
    {"{\"errors\":false}", -EBADMSG, {W, W, W}, {W, W, W}, NULL},
    {"{\"errors\":true,\"items\":[1,2,3]}", -EBADMSG, {W, W, W}, {W, W, W},
	NULL},
    {"{\"errors\":true,\"items\":[{},{},{}]}", -EBADMSG, {W, W, W}, {W, W, W},
	NULL},
    {"{\"errors\":true,\"items\":[{\"create\":{\"status\":\"201\"}}]}",
	-EBADMSG, {W, W, W}, {W, W, W}, NULL},
    {"<html>proxy</html>", -EBADMSG, {W, W, W}, {W, W, W}, NULL},
    {"", -EBADMSG, {W, W, W}, {W, W, W}, NULL},
};

static void items_of_bulk_decide(void **state)
{
	for (size_t i = 0; i < sizeof bulks / sizeof *bulks; i++) {
		struct record records[3] = {{.state = W}};

		for (size_t k = 0; k < 3; k++)
			records[k].state = bulks[i].before[k];
		assert_int_equal(answer_bulk(str_z(bulks[i].body), records, 3),
		    bulks[i].result);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(records[k].state, bulks[i].after[k]);
			if (records[k].state == R)
				assert_string_equal(
				    records[k].reason, bulks[i].reason);
		}
	}
}

static void splunk_is_understood(void **state)
{
	struct hec_answer a;

	assert_true(answer_hec(
	    STR("{\"text\":\"Success\",\"code\":0,\"ackId\":7}"), &a));
	assert_true(a.code == 0 && a.ack_id == 7 && a.bad_event == -1);
	assert_true(answer_hec(STR("{\"text\":\"Invalid data format\","
				   "\"code\":6,\"invalid-event-number\":1}"),
	    &a));
	assert_true(a.code == 6 && a.bad_event == 1 && a.ack_id == -1);
	assert_false(answer_hec(STR("{\"code\":-1}"), &a));
	assert_false(answer_hec(STR("nonsense"), &a));
	assert_true(answer_hec_acked(STR("{\"acks\":{\"7\":true}}"), 7));
	assert_false(answer_hec_acked(STR("{\"acks\":{\"7\":false}}"), 7));
	assert_false(answer_hec_acked(STR("{\"acks\":{\"8\":true}}"), 7));
	assert_false(answer_hec_acked(STR("{\"acks\":[7]}"), 7));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_of_bulk_decide),
	    cmocka_unit_test(splunk_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
