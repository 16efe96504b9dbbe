/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/checkpoint.h"

#include <errno.h>

#include <sodium.h>

/* An em dash and a blank start each signature line. */
#define SIGNATURE_MARK STR("\xe2\x80\x94 ")

#define SIGNATURES_MAX 64
#define KEY_HASH_LEN   4
#define SIGNATURE_LEN  (KEY_HASH_LEN + crypto_sign_BYTES)

static bool name_is_good(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c <= ' ' || c == '+' || c == 0x7f)
			return false;
	}
	return name.n > 0;
}

/* Lines that are not empty and hold no control characters. */
static bool lines_are_good(struct str lines)
{
	struct str line;

	while (lines.n > 0) {
		if (!str_cut(&lines, '\n', &line) || line.n == 0)
			return false;
		for (size_t i = 0; i < line.n; i++)
			if ((unsigned char)line.p[i] < ' ')
				return false;
	}
	return true;
}

static void note_add_signature(
    struct buf *b, struct str body, struct str name, const struct sign_key *key)
{
	uint8_t sig[SIGNATURE_LEN];
	char text[128];

	sign_key_hash(&key->pub, name, sig);
	crypto_sign_detached(sig + KEY_HASH_LEN, NULL, (const uint8_t *)body.p,
	    body.n, key->secret);
	base64_encode(sig, sizeof sig, text);
	buf_add_char(b, '\n');
	buf_add_str(b, SIGNATURE_MARK);
	buf_add_str(b, name);
	buf_add_char(b, ' ');
	buf_add_z(b, text);
	buf_add_char(b, '\n');
}

int checkpoint_sign(
    const struct checkpoint *cp, const struct sign_key *key, struct buf *b)
{
	char root[64];
	size_t start = b->n;
	struct buf body = BUF_INIT;
	int r;

	if (!name_is_good(cp->origin) || !lines_are_good(cp->extension) ||
	    cp->origin.n + cp->extension.n > CHECKPOINT_NOTE_MAX / 4)
		return -EINVAL;
	base64_encode(cp->root.h, SHA256_LEN, root);
	buf_add_str(&body, cp->origin);
	buf_add_char(&body, '\n');
	buf_add_u64(&body, cp->size);
	buf_add_char(&body, '\n');
	buf_add_z(&body, root);
	buf_add_char(&body, '\n');
	buf_add_str(&body, cp->extension);
	r = buf_error(&body);
	if (r == 0) {
		buf_add_str(b, buf_str(&body));
		note_add_signature(b, buf_str(&body), cp->origin, key);
		r = buf_error(b);
	}
	if (r < 0)
		b->n = start;
	buf_free(&body);
	return r;
}

static bool body_parse(struct str body, struct checkpoint *ret)
{
	struct str size, root;

	if (!str_cut(&body, '\n', &ret->origin) || !name_is_good(ret->origin) ||
	    !str_cut(&body, '\n', &size) || !str_cut(&body, '\n', &root))
		return false;
	if (!str_u64(size, &ret->size) || size.p[0] < '0' ||
	    (size.n > 1 && size.p[0] == '0'))
		return false;
	if (base64_decode(root, ret->root.h, SHA256_LEN) != SHA256_LEN)
		return false;
	ret->extension = body;
	return lines_are_good(body);
}

enum signature {
	SIGNATURE_BAD,
	SIGNATURE_OTHER,
	SIGNATURE_WRONG,
	SIGNATURE_GOOD
};

static enum signature signature_check(struct str line, struct str body,
    struct str origin, const struct sign_public *pub)
{
	uint8_t sig[256], hash[KEY_HASH_LEN];
	struct str name;
	long n;

	if (!str_skip(&line, SIGNATURE_MARK) || !str_cut(&line, ' ', &name) ||
	    !name_is_good(name))
		return SIGNATURE_BAD;
	n = base64_decode(line, sig, sizeof sig);
	/* Other kinds of key have longer signatures; they are not ours. */
	if (n < KEY_HASH_LEN + 1)
		return SIGNATURE_BAD;
	sign_key_hash(pub, origin, hash);
	if (!str_eq(name, origin) || memcmp(sig, hash, KEY_HASH_LEN) != 0)
		return SIGNATURE_OTHER;
	if (n != SIGNATURE_LEN ||
	    crypto_sign_verify_detached(sig + KEY_HASH_LEN,
		(const uint8_t *)body.p, body.n, pub->key) != 0)
		return SIGNATURE_WRONG;
	return SIGNATURE_GOOD;
}

int checkpoint_verify(struct str note, const struct sign_public *pub,
    struct checkpoint *ret, struct err *err)
{
	struct str body, lines, line;
	size_t split = STR_NPOS;
	unsigned n = 0, n_good = 0;

	if (note.n <= CHECKPOINT_NOTE_MAX)
		split = str_rfind(note, STR("\n\n"));
	if (split == STR_NPOS)
		return err_set(err, -EBADMSG,
		    "checkpoint: not a signed note of at most %d bytes",
		    CHECKPOINT_NOTE_MAX);
	body = str_upto(note, split + 1);
	lines = str_from(note, split + 2);
	if (!body_parse(body, ret))
		return err_set(err, -EBADMSG,
		    "checkpoint: not an origin, a size and a root hash");
	while (lines.n > 0) {
		bool whole = str_cut(&lines, '\n', &line);
		enum signature s;

		s = signature_check(line, body, ret->origin, pub);
		if (!whole || s == SIGNATURE_BAD || ++n > SIGNATURES_MAX)
			return err_set(err, -EBADMSG,
			    "checkpoint: a malformed signature line");
		if (s == SIGNATURE_WRONG)
			return err_set(err, -EKEYREJECTED,
			    "checkpoint: the signature does not verify");
		n_good += s == SIGNATURE_GOOD;
	}
	if (n == 0)
		return err_set(err, -EBADMSG, "checkpoint: no signature");
	if (n_good == 0)
		return err_set(err, -ENOKEY,
		    "checkpoint: signed by another key than the one given");
	return 0;
}
