/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/checkpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static struct checkpoint example(void)
{
	struct checkpoint cp = {STR("events:web-01"), 42, {{0}}, STR_NONE};

	memset(cp.root.h, 0xab, sizeof cp.root.h);
	return cp;
}

static struct str sign(
    struct buf *b, const struct checkpoint *cp, const struct sign_key *key)
{
	assert_int_equal(checkpoint_sign(cp, key, b), 0);
	return buf_str(b);
}

static void test_round_trip(void **state)
{
	struct sign_key key = key_of(1), other = key_of(2);
	struct checkpoint cp = example(), got;
	struct buf b = BUF_INIT;
	struct str note;

	cp.extension = STR("time 1\nx\n");
	note = sign(&b, &cp, &key);
	assert_true(str_starts(
	    note, STR("events:web-01\n42\n"
		      "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n"
		      "time 1\nx\n\n\xe2\x80\x94 events:web-01 ")));
	assert_int_equal(checkpoint_verify(note, &key.pub, &got, NULL), 0);
	assert_true(str_eq(got.origin, cp.origin));
	assert_true(str_eq(got.extension, cp.extension));
	assert_int_equal(got.size, 42);
	assert_memory_equal(&got.root, &cp.root, sizeof cp.root);
	assert_int_equal(
	    checkpoint_verify(note, &other.pub, &got, NULL), -ENOKEY);
	buf_free(&b);
}

/* Every single bit of the note counts. */
static void test_every_bit(void **state)
{
	struct sign_key key = key_of(1);
	struct checkpoint cp = example(), got;
	struct buf b = BUF_INIT;
	struct str note = sign(&b, &cp, &key);

	for (size_t i = 0; i < 8 * note.n; i++) {
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
		assert_int_not_equal(
		    checkpoint_verify(note, &key.pub, &got, NULL), 0);
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
	}
	for (size_t n = 0; n < note.n; n++)
		assert_int_not_equal(
		    checkpoint_verify(str_upto(note, n), &key.pub, &got, NULL),
		    0);
	assert_int_equal(checkpoint_verify(note, &key.pub, &got, NULL), 0);
	buf_free(&b);
}

static void test_other_signatures(void **state)
{
	struct sign_key key = key_of(1), other = key_of(2);
	struct checkpoint cp = example(), got;
	struct buf b = BUF_INIT, forged = BUF_INIT;
	struct str note = sign(&b, &cp, &key), theirs;
	size_t at;

	/* A cosignature by a witness, of a longer kind. */
	buf_add_z(&b, "\xe2\x80\x94 witness AAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	note = buf_str(&b);
	assert_int_equal(checkpoint_verify(note, &key.pub, &got, NULL), 0);
	/* A good signature, and one under the same name that is not. */
	cp.size = 43;
	theirs = sign(&forged, &cp, &key);
	at = str_rfind(theirs, STR("\n\n")) + 2;
	buf_add_str(&b, str_from(theirs, at));
	note = buf_str(&b);
	assert_int_equal(
	    checkpoint_verify(note, &key.pub, &got, NULL), -EKEYREJECTED);
	/* Signed by a stranger under our name. */
	buf_clear(&b);
	note = sign(&b, &cp, &other);
	assert_int_equal(
	    checkpoint_verify(note, &key.pub, &got, NULL), -ENOKEY);
	buf_free(&b);
	buf_free(&forged);
}

#define ROOT "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n"
#define SIG  "\n\xe2\x80\x94 a AAAAAAAA\n"

static void test_hostile(void **state)
{
	static const char *const cases[] = {"", "\n", "\n\n", "\n\n\n", "a\n\n",
	    "a\n1\n" ROOT, "a\n1\n" ROOT "\n", "\n1\n" ROOT SIG,
	    "a b\n1\n" ROOT SIG, "a+b\n1\n" ROOT SIG, "a\n\n" ROOT SIG,
	    "a\n01\n" ROOT SIG, "a\n+1\n" ROOT SIG, "a\n-1\n" ROOT SIG,
	    "a\n1 \n" ROOT SIG, "a\n18446744073709551616\n" ROOT SIG,
	    "a\n1\nAAAA\n" SIG, "a\n1\n" ROOT "\n" ROOT SIG,
	    "a\n1\n" ROOT "x\ty\n" SIG, "a\n1\n" ROOT "\n\xe2\x80\x94 a \n",
	    "a\n1\n" ROOT "\n\xe2\x80\x94 a AAAA\n",
	    "a\n1\n" ROOT "\n\xe2\x80\x94 AAAAAAAA\n",
	    "a\n1\n" ROOT "\n- a AAAAAAAA\n",
	    "a\n1\n" ROOT "\n\xe2\x80\x94 a AAAAAAAA", "a\n1\n" ROOT SIG "\n",
	    "a\n1\n" ROOT SIG "x\n"};
	struct sign_key key = key_of(1);
	struct checkpoint got;
	struct err err;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    checkpoint_verify(str_z(cases[i]), &key.pub, &got, &err),
		    -EBADMSG);
}

static void test_refuses_to_sign(void **state)
{
	static const struct str origins[] = {
	    {NULL, 0}, {"a b", 3}, {"a+b", 3}, {"a\n", 2}, {"\x7f", 1}};
	static const struct str extensions[] = {
	    {"x", 1}, {"\n", 1}, {"a\n\n", 3}, {"a\rb\n", 4}};
	struct sign_key key = key_of(1);
	struct checkpoint cp;
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
		cp = example();
		cp.origin = origins[i];
		assert_int_equal(checkpoint_sign(&cp, &key, &b), -EINVAL);
	}
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
		cp = example();
		cp.extension = extensions[i];
		assert_int_equal(checkpoint_sign(&cp, &key, &b), -EINVAL);
	}
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_every_bit),
	    cmocka_unit_test(test_other_signatures),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_refuses_to_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
