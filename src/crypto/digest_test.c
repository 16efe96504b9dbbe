/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect_hex(const struct sha256 *h, const char *hex)
{
	char got[65];

	sha256_hex(h, got);
	assert_string_equal(got, hex);
}

/* FIPS 180-4 examples. */
static void test_sha256(void **state)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		 "b855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
		    "0015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06"
		"c1"},
	};
	struct sha256_ctx c;
	struct sha256 h;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		sha256_of(cases[i].text, strlen(cases[i].text), &h);
		expect_hex(&h, cases[i].hex);
	}
	sha256_init(&c);
	for (unsigned i = 0; i < 1000000; i += 100)
		sha256_add(&c,
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaa",
		    100);
	sha256_final(&c, &h);
	expect_hex(&h, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39c"
		       "cc7112cd0");
}

static void test_sha256_peek(void **state)
{
	struct sha256_ctx c;
	struct sha256 h;

	sha256_init(&c);
	sha256_add(&c, NULL, 0);
	sha256_peek(&c, &h);
	expect_hex(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991"
		       "b7852b855");
	sha256_add(&c, "a", 1);
	sha256_peek(&c, &h);
	sha256_add(&c, "bc", 2);
	sha256_final(&c, &h);
	expect_hex(&h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff6"
		       "1f20015ad");
}

/* The example of appendix A of the SipHash paper. */
static void test_siphash(void **state)
{
	uint8_t key[16], text[15];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		text[i] = i;
	assert_int_equal(siphash(key, text, 15), 0xa129ca6149be45e5u);
	assert_int_equal(siphash(key, NULL, 0), 0x726fdb47dd0e0e31u);
}

static void test_random(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
}

/* RFC 4648, section 10. */
static void test_base64(void **state)
{
	static const struct {
		const char *plain, *text;
	} cases[] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	    {"\xfb\xff", "+/8="},
	};
	char text[16];
	uint8_t plain[8];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = strlen(cases[i].plain);

		assert_int_equal(base64_len(n), strlen(cases[i].text) + 1);
		base64_encode(cases[i].plain, n, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(
		    base64_decode(str_z(cases[i].text), plain, sizeof plain),
		    n);
		assert_memory_equal(plain, cases[i].plain, n);
	}
}

static void test_base64_hostile(void **state)
{
	static const char *const cases[] = {"Z", "Zg", "Zg=", "Zg===", "Zg==\n",
	    " Zg==", "Zh==", "Z-8=", "Zm9vZm9vZm9v", "=", "====", "Zg==Zg=="};
	uint8_t plain[8];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    base64_decode(str_z(cases[i]), plain, sizeof plain), -1);
	for (int c = 0x80; c <= 0xff; c++) {
		char text[] = {'Z', 'm', (char)c, 'v', '\0'};

		assert_int_equal(
		    base64_decode(str_z(text), plain, sizeof plain), -1);
	}
}

/* RFC 4231, test cases 2 and 6. */
static void test_hmac(void **state)
{
	char key[131];
	struct sha256 h;

	hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), &h);
	expect_hex(&h,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b9"
	    "64ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_sha256(str_make(key, sizeof key),
	    STR("Test Using Larger Than Block-Size Key - Hash Key First"), &h);
	expect_hex(&h,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f"
	    "0ee37f54");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sha256),
	    cmocka_unit_test(test_sha256_peek),
	    cmocka_unit_test(test_hmac),
	    cmocka_unit_test(test_siphash),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_base64),
	    cmocka_unit_test(test_base64_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
