/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/answers.h"

#include <errno.h>
#include <stdio.h>

#include "core/flat_json.h"

/* The value of a key in an object; false: it is not there. */
static bool find(struct str object, const char *key, struct json_pair *ret)
{
	struct flat_json j = {.rest = object};

	while (flat_json_next(&j, ret) == 1)
		if (str_eqz(ret->key, key))
			return true;
	return false;
}

/* An object without its brackets, with them again. */
static struct str whole(const struct json_pair *p)
{
	return str_make(p->raw.p - 1, p->raw.n + 2);
}

static int64_t number_of(struct str object, const char *key)
{
	struct json_pair p;
	int64_t v;

	if (find(object, key, &p) && p.type == JSON_PLAIN &&
	    str_i64(p.raw, &v) && v >= 0)
		return v;
	return -1;
}

static struct str raw_of(struct str object, const char *key)
{
	struct json_pair p;

	return find(object, key, &p) && p.type == JSON_STRING ? p.raw
							      : STR_NONE;
}

/* {"create":{"status":400,"error":{"type":"...","reason":"..."}}} */
static bool take_item(struct str item, struct record *rec)
{
	struct flat_json j = {.rest = item};
	struct json_pair action, error;
	int64_t status;
	char reason[RECORD_REASON_MAX];

	if (flat_json_next(&j, &action) != 1 || action.type != JSON_OBJECT)
		return false;
	status = number_of(whole(&action), "status");
	if (status < 0)
		return false;
	if (status == 200 || status == 201 || status == 409) {
		rec->state = RECORD_ACCEPTED;
	} else if (status != 429 && status < 500) {
		struct str type = STR_NONE, why = STR_NONE;

		if (find(whole(&action), "error", &error) &&
		    error.type == JSON_OBJECT) {
			type = raw_of(whole(&error), "type");
			why = raw_of(whole(&error), "reason");
		}
		snprintf(reason, sizeof reason, "status %lld: %.*s: %.*s",
		    (long long)status, STR_ARG(str_upto(type, 60)),
		    STR_ARG(str_upto(why, 100)));
		record_reject(rec, str_z(reason));
	}
	return true;
}

int answer_bulk(struct str body, struct record *records, size_t n)
{
	struct json_pair errors, items, item;
	bool all = find(body, "errors", &errors) && errors.type == JSON_PLAIN &&
		   str_eqz(errors.raw, "false");
	struct str rest;

	if (!find(body, "items", &items) || items.type != JSON_ARRAY)
		return -EBADMSG;
	rest = items.raw;
	for (size_t i = 0; i < n; i++) {
		if (records[i].state != RECORD_WAITS)
			continue;
		if (flat_json_item(&rest, &item) != 1 ||
		    item.type != JSON_OBJECT)
			return -EBADMSG;
		if (all)
			records[i].state = RECORD_ACCEPTED;
		else if (!take_item(whole(&item), &records[i]))
			return -EBADMSG;
	}
	return 0;
}

bool answer_hec(struct str body, struct hec_answer *ret)
{
	ret->code = number_of(body, "code");
	ret->ack_id = number_of(body, "ackId");
	ret->bad_event = number_of(body, "invalid-event-number");
	ret->text = raw_of(body, "text");
	return ret->code >= 0;
}

bool answer_hec_acked(struct str body, int64_t ack_id)
{
	struct json_pair acks, one;
	char key[24];

	snprintf(key, sizeof key, "%lld", (long long)ack_id);
	return find(body, "acks", &acks) && acks.type == JSON_OBJECT &&
	       find(whole(&acks), key, &one) && one.type == JSON_PLAIN &&
	       str_eqz(one.raw, "true");
}
