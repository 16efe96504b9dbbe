/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cosign.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

static struct sign_key key_of(uint8_t seed_byte)
{
	uint8_t seed[32];
	struct sign_key key;

	memset(seed, seed_byte, sizeof seed);
	crypto_sign_seed_keypair(key.pub.key, key.secret, seed);
	return key;
}

static void make(struct buf *b, const struct sign_key *log)
{
	struct checkpoint cp = {STR("events:web-01"), 42, {{0}}, STR_NONE};

	assert_int_equal(checkpoint_sign(&cp, log, b), 0);
}

static void test_beside(void **state)
{
	const struct sign_key log = key_of(1), hub = key_of(2),
			      other = key_of(3);
	struct checkpoint cp;
	struct buf b = BUF_INIT;
	uint64_t at = 0;

	make(&b, &log);
	assert_int_equal(
	    cosign_check(buf_str(&b), STR("hub"), &hub.pub, &at, NULL),
	    -ENOKEY);
	assert_int_equal(cosign_add(&b, STR("hub"), &hub, 1795346625), 0);
	assert_int_equal(cosign_add(&b, STR("b"), &other, 7), 0);
	/* The writer's own signature is what it was. */
	assert_int_equal(
	    checkpoint_verify(buf_str(&b), &log.pub, &cp, NULL), 0);
	assert_int_equal(
	    cosign_check(buf_str(&b), STR("hub"), &hub.pub, &at, NULL), 0);
	assert_int_equal(at, 1795346625);
	assert_int_equal(
	    cosign_check(buf_str(&b), STR("b"), &other.pub, &at, NULL), 0);
	assert_int_equal(at, 7);
	assert_int_equal(
	    cosign_check(buf_str(&b), STR("b"), &hub.pub, &at, NULL), -ENOKEY);
	buf_free(&b);
}

/* A changed digit of size, root or time is seen, and so is any other byte. */
static void test_changed(void **state)
{
	const struct sign_key log = key_of(1), hub = key_of(2);
	struct buf b = BUF_INIT;
	uint64_t at;

	make(&b, &log);
	assert_int_equal(cosign_add(&b, STR("hub"), &hub, 1795346625), 0);
	for (size_t i = 0; i < b.n; i++) {
		char was = b.p[i];
		bool of_log = i >= str_find(buf_str(&b), STR("\n\n")) + 2 &&
			      i < str_rfind(buf_str(&b), STR("\xe2\x80\x94"));

		b.p[i] = was == 'B' ? 'C' : 'B';
		if (!of_log)
			assert_int_not_equal(
			    cosign_check(
				buf_str(&b), STR("hub"), &hub.pub, &at, NULL),
			    0);
		b.p[i] = was;
	}
	buf_free(&b);
}

static void test_refused(void **state)
{
	const struct sign_key log = key_of(1), hub = key_of(2);
	struct buf b = BUF_INIT;
	uint64_t at;

	assert_int_equal(cosign_add(&b, STR("hub"), &hub, 1), -EINVAL);
	make(&b, &log);
	assert_int_equal(cosign_add(&b, STR(""), &hub, 1), -EINVAL);
	assert_int_equal(cosign_add(&b, STR("a b"), &hub, 1), -EINVAL);
	assert_int_equal(cosign_add(&b, STR("a+b"), &hub, 1), -EINVAL);
	assert_int_equal(
	    cosign_check(STR("x"), STR("hub"), &hub.pub, &at, NULL), -EBADMSG);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_beside),
	    cmocka_unit_test(test_changed),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
