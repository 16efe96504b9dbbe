/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cosign.h"

#include <errno.h>

#include <sodium.h>

#define MARK	      STR("\xe2\x80\x94 ")
#define ALGORITHM     0x04
#define KEY_HASH_LEN  4
#define TIME_LEN      8
#define SIGNATURE_LEN (KEY_HASH_LEN + TIME_LEN + crypto_sign_BYTES)

static void key_hash(
    const struct sign_public *pub, struct str name, uint8_t ret[static 4])
{
	static const char algorithm = ALGORITHM;
	struct sha256_ctx c;
	struct sha256 h;

	sha256_init(&c);
	sha256_add(&c, name.p, name.n);
	sha256_add(&c, "\n", 1);
	sha256_add(&c, &algorithm, 1);
	sha256_add(&c, pub->key, SIGN_PUBLIC_LEN);
	sha256_final(&c, &h);
	memcpy(ret, h.h, KEY_HASH_LEN);
}

static bool split(struct str note, struct str *ret_body, struct str *ret_lines)
{
	size_t at = note.n <= CHECKPOINT_NOTE_MAX ? str_rfind(note, STR("\n\n"))
						  : STR_NPOS;

	*ret_body = str_upto(note, at == STR_NPOS ? 0 : at + 1);
	*ret_lines = str_from(note, at == STR_NPOS ? note.n : at + 2);
	return at != STR_NPOS && ret_lines->n && str_ends(note, STR("\n"));
}

/* What is signed: the time, then the body as it stands in the note. */
static int message(uint64_t seconds, struct str body, struct buf *ret)
{
	buf_printf(
	    ret, "cosignature/v1\ntime %llu\n", (unsigned long long)seconds);
	buf_add_str(ret, body);
	return buf_error(ret);
}

int cosign_add(struct buf *b, struct str name, const struct sign_key *key,
    uint64_t seconds)
{
	uint8_t sig[SIGNATURE_LEN];
	char text[128];
	struct buf m = BUF_INIT;
	struct str body, lines;
	int r = split(buf_str(b), &body, &lines) ? 0 : -EINVAL;

	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == '+')
			r = -EINVAL;
	if (name.n == 0)
		r = -EINVAL;
	if (r == 0)
		r = message(seconds, body, &m);
	if (r == 0) {
		key_hash(&key->pub, name, sig);
		for (unsigned i = 0; i < TIME_LEN; i++)
			sig[KEY_HASH_LEN + i] =
			    (uint8_t)(seconds >> 8 * (TIME_LEN - 1 - i));
		crypto_sign_detached(sig + KEY_HASH_LEN + TIME_LEN, NULL,
		    (const uint8_t *)m.p, m.n, key->secret);
		base64_encode(sig, sizeof sig, text);
		buf_add_str(b, MARK);
		buf_add_str(b, name);
		buf_printf(b, " %s\n", text);
		r = buf_error(b);
	}
	buf_free(&m);
	return r;
}

/* The signature in a line of `name` by this key; false: it is another's. */
static bool find(struct str lines, struct str name,
    const struct sign_public *pub, uint8_t ret[static SIGNATURE_LEN])
{
	uint8_t hash[KEY_HASH_LEN];
	struct str line, who;

	key_hash(pub, name, hash);
	while (lines.n) {
		str_cut(&lines, '\n', &line);
		if (str_skip(&line, MARK) && str_cut(&line, ' ', &who) &&
		    str_eq(who, name) &&
		    base64_decode(line, ret, SIGNATURE_LEN) == SIGNATURE_LEN &&
		    memcmp(ret, hash, sizeof hash) == 0)
			return true;
	}
	return false;
}

int cosign_check(struct str note, struct str name,
    const struct sign_public *pub, uint64_t *ret_seconds, struct err *err)
{
	uint8_t sig[SIGNATURE_LEN];
	struct buf m = BUF_INIT;
	struct str body, lines;
	uint64_t seconds = 0;
	int r;

	if (!split(note, &body, &lines))
		return err_set(err, -EBADMSG, "cosignature: not a signed note");
	if (!find(lines, name, pub, sig))
		return err_set(
		    err, -ENOKEY, "cosignature: none of %.*s", STR_ARG(name));
	for (unsigned i = 0; i < TIME_LEN; i++)
		seconds = seconds << 8 | sig[KEY_HASH_LEN + i];
	r = message(seconds, body, &m);
	if (r == 0 && crypto_sign_verify_detached(sig + KEY_HASH_LEN + TIME_LEN,
			  (const uint8_t *)m.p, m.n, pub->key) != 0)
		r = err_set(err, -EKEYREJECTED,
		    "cosignature: that of %.*s does not verify", STR_ARG(name));
	buf_free(&m);
	if (r == 0)
		*ret_seconds = seconds;
	return r;
}
