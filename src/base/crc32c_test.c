/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 3720 appendix B.4, and the check value of the CRC catalogue. */
static void test_vectors(void **state)
{
	uint8_t in[32];

	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(in, 0, sizeof in);
	assert_int_equal(crc32c(0, in, 32), 0x8a9136aa);
	memset(in, 0xff, sizeof in);
	assert_int_equal(crc32c(0, in, 32), 0x62a8ab43);
	for (unsigned i = 0; i < 32; i++)
		in[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, in, 32), 0x46dd794e);
	for (unsigned i = 0; i < 32; i++)
		in[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, in, 32), 0x113fdb5c);
	assert_int_equal(crc32c_portable(0, in, 32), 0x113fdb5c);
}

/* Both ways agree at every length, alignment and point of division. */
static void test_pieces(void **state)
{
	uint8_t in[80];

	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 167 + 13);
	for (size_t from = 0; from < 9; from++)
		for (size_t n = 0; n + from <= sizeof in; n++) {
			uint32_t whole = crc32c_portable(0, in + from, n);
			uint32_t half = crc32c(0, in + from, n / 3);

			assert_int_equal(crc32c(0, in + from, n), whole);
			assert_int_equal(
			    crc32c(half, in + from + n / 3, n - n / 3), whole);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
