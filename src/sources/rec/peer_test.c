/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/rec/peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/pty/record.h"
#include "sources/rec/wire.h"

#define NOW 1000

static const struct peer_who who = {
    .pid = 42, .uid = 1000, .sshd = 41, .ppid = 40, .auid = 1000, .ses = 7};

static void add(struct buf *to, struct wire_message m, const char *bytes)
{
	m.n = (uint32_t)strlen(bytes);
	m.version = m.type == WIRE_OPEN ? WIRE_VERSION : 0;
	buf_add(to, &m, sizeof m);
	buf_add_z(to, bytes);
}

/* Each record as "type:time:offset:flags:bytes ". */
static void describe(struct str records, struct buf *to)
{
	struct pty_rec rec;

	while (records.n) {
		memcpy(&rec, records.p, sizeof rec);
		assert_int_equal(rec.head.magic, REC_PEER_MAGIC);
		assert_int_equal(rec.head.pid, 41);
		assert_int_equal(rec.auid, 1000);
		assert_int_equal(rec.ses, 7);
		buf_printf(to, "%u:%llu:%llu:%u:%.*s ", rec.head.type,
		    (unsigned long long)rec.head.time,
		    (unsigned long long)rec.offset, rec.flags, (int)rec.n,
		    records.p + sizeof rec);
		records = str_from(records, rec.head.size);
	}
}

/* What a peer's messages become, and what peer_take() returned if below 0. */
static void check(struct buf *messages, const char *want, int want_error)
{
	struct peer p = {.who = who, .serial = 9};
	struct buf records = BUF_INIT, text = BUF_INIT;
	ssize_t n = peer_take(&p, buf_str(messages), NOW, &records);

	assert_int_equal(n < 0 ? n : 0, want_error);
	peer_gone(&p, NOW, &records);
	describe(buf_str(&records), &text);
	assert_string_equal(text.n ? buf_z(&text) : "", want);
	buf_free(&records);
	buf_free(&text);
	buf_clear(messages);
}

static const struct wire_message open_message = {
    .type = WIRE_OPEN, .time = 10, .rows = 24, .cols = 80};

static void test_life(void **state)
{
	struct buf b = BUF_INIT;

	add(&b, open_message, "");
	add(&b, (struct wire_message){.type = WIRE_OUTPUT, .time = 11},
	    "hello");
	add(&b,
	    (struct wire_message){.type = WIRE_INPUT, .time = 12, .offset = 5},
	    "x");
	add(&b,
	    (struct wire_message){.type = WIRE_MASKED, .time = 13, .offset = 5},
	    "");
	add(&b,
	    (struct wire_message){.type = WIRE_CLOSE,
		.flags = WIRE_EXITED,
		.time = 14,
		.offset = 5,
		.status = 7 << 8},
	    "");
	add(&b,
	    (struct wire_message){.type = WIRE_OUTPUT, .time = 15, .offset = 5},
	    "late");
	check(
	    &b, "2:10:0:0: 4:11:0:0:hello 5:12:5:0:x 6:13:5:0: 10:14:5:8: ", 0);
	buf_free(&b);
}

/* Times go on, and end now; offsets may leap, which is a loss. */
static void test_times(void **state)
{
	struct buf b = BUF_INIT;

	add(&b, open_message, "");
	add(&b, (struct wire_message){.type = WIRE_OUTPUT, .time = 5}, "a");
	add(&b,
	    (struct wire_message){
		.type = WIRE_OUTPUT, .time = 5000, .offset = 90},
	    "b");
	check(&b, "2:10:0:0: 4:10:0:0:a 4:1000:90:0:b 10:1000:91:32: ", 0);
	buf_free(&b);
}

static void test_big_output(void **state)
{
	char big[2 * PTY_CHUNK + 2];
	struct peer p = {.who = who, .serial = 9};
	struct buf b = BUF_INIT, records = BUF_INIT;
	struct pty_rec rec;
	struct str rest;
	uint32_t n = 0;

	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	add(&b, open_message, "");
	add(&b, (struct wire_message){.type = WIRE_OUTPUT, .time = 11}, big);
	/* But for its last byte nothing is taken of it. */
	assert_int_equal(
	    peer_take(&p, str_upto(buf_str(&b), b.n - 1), NOW, &records),
	    sizeof(struct wire_message));
	assert_int_equal(
	    peer_take(&p, str_from(buf_str(&b), sizeof(struct wire_message)),
		NOW, &records),
	    b.n - sizeof(struct wire_message));
	rest = str_from(buf_str(&records), sizeof rec);
	while (rest.n) {
		memcpy(&rec, rest.p, sizeof rec);
		assert_int_equal(rec.offset, n);
		n += rec.n;
		rest = str_from(rest, rec.head.size);
	}
	assert_int_equal(n, sizeof big - 1);
	buf_free(&b);
	buf_free(&records);
}

static void test_command(void **state)
{
	const uint32_t flags = PTY_COMMAND | PTY_UNREAD;
	struct wire_message open = open_message;
	struct buf b = BUF_INIT, want = BUF_INIT;

	open.flags = WIRE_COMMAND;
	add(&b, open, "ls -l");
	/* It is the command's by now: what it says is not listened to. */
	add(&b, (struct wire_message){.type = WIRE_OUTPUT, .time = 20},
	    "forged");
	buf_printf(&want, "2:10:0:%u:ls -l 10:1000:0:%u: ", flags, flags);
	check(&b, buf_z(&want), -EBADMSG);
	buf_free(&b);
	buf_free(&want);
}

static void test_faults(void **state)
{
	static const struct wire_message bad[] = {
	    {.type = 0}, {.type = WIRE_N_TYPES}, {.type = WIRE_OPEN},
	    {.type = WIRE_OUTPUT, .offset = 4},		 /* goes back */
	    {.type = WIRE_OUTPUT, .offset = UINT64_MAX}, /* out of all bounds */
	    {.type = WIRE_OUTPUT, .offset = 5},		 /* without bytes */
	};
	struct wire_message m = {.type = WIRE_OUTPUT, .n = WIRE_BYTES_MAX + 1};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		add(&b, open_message, "");
		add(&b, (struct wire_message){.type = WIRE_OUTPUT, .time = 11},
		    "hello");
		buf_add(&b, &bad[i], sizeof bad[i]);
		check(&b, "2:10:0:0: 4:11:0:0:hello 10:1000:5:32: ", -EBADMSG);
	}
	/* Not open yet, another version, too long. */
	add(&b, (struct wire_message){.type = WIRE_OUTPUT}, "x");
	check(&b, "", -EBADMSG);
	buf_add(&b, &open_message, sizeof open_message);
	check(&b, "", -EBADMSG);
	add(&b, open_message, "");
	buf_add(&b, &m, sizeof m);
	check(&b, "2:10:0:0: 10:1000:0:32: ", -EBADMSG);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_life),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_big_output),
	    cmocka_unit_test(test_command),
	    cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
