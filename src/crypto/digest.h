/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, and the keyed 64-bit hash (SipHash-2-4) behind identities. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/str.h"

#define SHA256_LEN 32

struct sha256 {
	uint8_t h[SHA256_LEN];
};

/* Room for the state of the library in use; checked when compiling. */
struct sha256_ctx {
	_Alignas(16) uint8_t state[128];
};

void sha256_init(struct sha256_ctx *c);
void sha256_add(struct sha256_ctx *c, const void *p, size_t n);
/* Reads the digest so far; more may be added afterwards. */
void sha256_peek(const struct sha256_ctx *c, struct sha256 *ret);
void sha256_final(struct sha256_ctx *c, struct sha256 *ret);
void sha256_of(const void *p, size_t n, struct sha256 *ret);
/* 64 lower-case digits and a NUL. */
void sha256_hex(const struct sha256 *h, char ret[static 65]);
/* False: not 64 hexadecimal digits. */
bool sha256_parse(struct str hex, struct sha256 *ret);

/* HMAC-SHA-256, RFC 2104. */
void hmac_sha256(struct str key, struct str text, struct sha256 *ret);

uint64_t siphash(const uint8_t key[static 16], const void *p, size_t n);

/* Fills from the kernel's generator. */
void random_bytes(void *p, size_t n);

/* Standard base64 with padding. */
size_t base64_len(size_t n); /* with the final NUL */
void base64_encode(const void *p, size_t n, char *ret);
/* Bytes decoded, or -1: not base64, or more than `max` bytes. */
long base64_decode(struct str s, uint8_t *ret, size_t max);

#endif
