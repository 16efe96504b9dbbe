/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/password.h"

#include <errno.h>
#include <sodium.h>

_Static_assert(PASSWORD_HASH_LEN == crypto_pwhash_STRBYTES,
    "the text of a hash as the library writes it");

int password_hash(struct str password, char ret[static PASSWORD_HASH_LEN])
{
	if (sodium_init() < 0)
		return -ENOMEM;
	return crypto_pwhash_str(ret, password.p, password.n,
		   crypto_pwhash_OPSLIMIT_INTERACTIVE,
		   crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0
		   ? 0
		   : -ENOMEM;
}

bool password_check(const char *hash, struct str password)
{
	return sodium_init() >= 0 &&
	       crypto_pwhash_str_verify(hash, password.p, password.n) == 0;
}
