/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <sodium.h>

/* nettle has a struct and a function of our names. */
#define sha256_ctx nettle_sha256_ctx
#include <nettle/sha2.h>
#undef sha256_ctx
#undef sha256_init

_Static_assert(sizeof(struct nettle_sha256_ctx) <= sizeof(struct sha256_ctx),
    "struct sha256_ctx is too small for nettle's state");
_Static_assert(crypto_shorthash_siphash24_BYTES == sizeof(uint64_t),
    "SipHash-2-4 gives 64 bits");

static struct nettle_sha256_ctx *ctx_of(struct sha256_ctx *c)
{
	return (struct nettle_sha256_ctx *)(void *)c->state;
}

void sha256_init(struct sha256_ctx *c)
{
	nettle_sha256_init(ctx_of(c));
}

void sha256_add(struct sha256_ctx *c, const void *p, size_t n)
{
	if (n)
		nettle_sha256_update(ctx_of(c), n, p);
}

void sha256_peek(const struct sha256_ctx *c, struct sha256 *ret)
{
	struct sha256_ctx copy = *c;

	sha256_final(&copy, ret);
}

void sha256_final(struct sha256_ctx *c, struct sha256 *ret)
{
	nettle_sha256_digest(ctx_of(c), SHA256_LEN, ret->h);
}

void sha256_of(const void *p, size_t n, struct sha256 *ret)
{
	struct sha256_ctx c;

	sha256_init(&c);
	sha256_add(&c, p, n);
	sha256_final(&c, ret);
}

void sha256_hex(const struct sha256 *h, char ret[static 65])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_LEN; i++) {
		ret[2 * i] = digits[h->h[i] >> 4];
		ret[2 * i + 1] = digits[h->h[i] & 15];
	}
	ret[64] = '\0';
}

bool sha256_parse(struct str hex, struct sha256 *ret)
{
	if (hex.n != (size_t)2 * SHA256_LEN)
		return false;
	for (size_t i = 0; i < SHA256_LEN; i++) {
		int hi = str_hexdigit(hex.p[2 * i]);
		int lo = str_hexdigit(hex.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		ret->h[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

#define HMAC_BLOCK 64

static void hmac_pad(struct sha256_ctx *c, const uint8_t *key, uint8_t mask)
{
	uint8_t pad[HMAC_BLOCK];

	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] = key[i] ^ mask;
	sha256_init(c);
	sha256_add(c, pad, sizeof pad);
	explicit_bzero(pad, sizeof pad);
}

void hmac_sha256(struct str key, struct str text, struct sha256 *ret)
{
	uint8_t block[HMAC_BLOCK] = {0};
	struct sha256_ctx c;
	struct sha256 h;

	if (key.n > sizeof block) {
		sha256_of(key.p, key.n, &h);
		memcpy(block, h.h, sizeof h.h);
	} else if (key.n) {
		memcpy(block, key.p, key.n);
	}
	hmac_pad(&c, block, 0x36);
	sha256_add(&c, text.p, text.n);
	sha256_final(&c, &h);
	hmac_pad(&c, block, 0x5c);
	sha256_add(&c, h.h, sizeof h.h);
	sha256_final(&c, ret);
	explicit_bzero(block, sizeof block);
}

uint64_t siphash(const uint8_t key[static 16], const void *p, size_t n)
{
	uint8_t out[crypto_shorthash_siphash24_BYTES];
	uint64_t v = 0;

	crypto_shorthash_siphash24(out, n ? p : "", n, key);
	for (unsigned i = 0; i < sizeof out; i++)
		v |= (uint64_t)out[i] << (8 * i);
	return v;
}

void random_bytes(void *p, size_t n)
{
	randombytes_buf(p, n);
}

size_t base64_len(size_t n)
{
	return (n + 2) / 3 * 4 + 1;
}

void base64_encode(const void *p, size_t n, char *ret)
{
	sodium_bin2base64(ret, base64_len(n), n ? p : (const void *)"", n,
	    sodium_base64_VARIANT_ORIGINAL);
}

long base64_decode(struct str s, uint8_t *ret, size_t max)
{
	const char *end = NULL;
	size_t n = 0;

	if (s.n == 0)
		return 0;
	/* libsodium takes some of these for letters, where char is signed. */
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return -1;
	if (sodium_base642bin(ret, max, s.p, s.n, NULL, &n, &end,
		sodium_base64_VARIANT_ORIGINAL) != 0)
		return -1;
	return end == s.p + s.n ? (long)n : -1;
}
