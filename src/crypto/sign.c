/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/fd.h"

#define ALG_ED25519  1
#define SEED_LEN     crypto_sign_SEEDBYTES
#define KEY_FILE_MAX 1024

_Static_assert(SIGN_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(SIGN_SECRET_LEN == crypto_sign_SECRETKEYBYTES, "secret key");

void sign_key_hash(
    const struct sign_public *pub, struct str name, uint8_t ret[static 4])
{
	struct sha256_ctx c;
	struct sha256 h;

	sha256_init(&c);
	sha256_add(&c, name.p, name.n);
	sha256_add(&c, "\n\1", 2);
	sha256_add(&c, pub->key, SIGN_PUBLIC_LEN);
	sha256_final(&c, &h);
	memcpy(ret, h.h, 4);
}

/* NAME+HASH+BASE64(algorithm || key), for the public key and for the seed. */
static void text_add(struct buf *b, struct str name,
    const struct sign_public *pub, const uint8_t key[static 32])
{
	uint8_t typed[1 + 32], h[4];
	char text[64];

	sign_key_hash(pub, name, h);
	typed[0] = ALG_ED25519;
	memcpy(typed + 1, key, 32);
	base64_encode(typed, sizeof typed, text);
	buf_add_str(b, name);
	buf_printf(b, "+%02x%02x%02x%02x+", h[0], h[1], h[2], h[3]);
	buf_add_z(b, text);
	sodium_memzero(typed, sizeof typed);
	sodium_memzero(text, sizeof text);
}

void sign_public_format(
    const struct sign_public *pub, struct str origin, struct buf *b)
{
	text_add(b, origin, pub, pub->key);
}

static bool text_parse(struct str text, struct str *ret_name,
    uint64_t *ret_hash, uint8_t ret[static 32])
{
	uint8_t typed[1 + 32];
	struct str hash;
	bool good;

	if (!str_cut(&text, '+', ret_name) || ret_name->n == 0 ||
	    !str_cut(&text, '+', &hash) || hash.n != 8 ||
	    !str_hex64(hash, ret_hash))
		return false;
	for (size_t i = 0; i < ret_name->n; i++)
		if ((unsigned char)ret_name->p[i] <= ' ')
			return false;
	good = base64_decode(text, typed, sizeof typed) == sizeof typed &&
	       typed[0] == ALG_ED25519;
	memcpy(ret, typed + 1, 32);
	sodium_memzero(typed, sizeof typed);
	return good;
}

static bool hash_fits(
    const struct sign_public *pub, struct str name, uint64_t hash)
{
	uint8_t h[4];

	sign_key_hash(pub, name, h);
	return hash == ((uint64_t)h[0] << 24 | (uint64_t)h[1] << 16 |
			   (uint64_t)h[2] << 8 | h[3]);
}

int sign_public_parse(struct str text, struct sign_public *ret,
    struct str *ret_origin, struct err *err)
{
	struct str name;
	uint64_t hash;

	if (!text_parse(text, &name, &hash, ret->key) ||
	    !hash_fits(ret, name, hash))
		return err_set(err, -EBADMSG,
		    "not a public key of the form NAME+HASH+BASE64");
	if (ret_origin)
		*ret_origin = name;
	return 0;
}

static void key_from_seed(struct sign_key *ret, const uint8_t seed[static 32])
{
	crypto_sign_seed_keypair(ret->pub.key, ret->secret, seed);
}

#define SECRET_PREFIX STR("PRIVATE+KEY+")

static bool secret_parse(struct str text, struct sign_key *ret)
{
	uint8_t seed[SEED_LEN];
	struct str name;
	uint64_t hash;
	bool good;

	good = str_chop(&text, STR("\n")) && str_skip(&text, SECRET_PREFIX) &&
	       text_parse(text, &name, &hash, seed);
	if (good) {
		key_from_seed(ret, seed);
		good = hash_fits(&ret->pub, name, hash);
	}
	sodium_memzero(seed, sizeof seed);
	return good;
}

static int secret_read(
    struct sign_key *ret, int dirfd, const char *file, struct err *err)
{
	char text[KEY_FILE_MAX];
	struct stat st;
	ssize_t n;
	int fd, r = 0;

	fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", file);
	n = fd_read_full(fd, text, sizeof text);
	if (n < 0 || fstat(fd, &st) < 0)
		r = err_sys(
		    err, n < 0 ? (int)n : -errno, "cannot read %s", file);
	else if (st.st_mode & 077)
		r = err_set(err, -EACCES,
		    "%s may be read by others than its owner: check who did, "
		    "then chmod 600",
		    file);
	else if (!secret_parse(str_make(text, (size_t)n), ret))
		r = err_set(err, -EBADMSG, "%s: damaged key file", file);
	sodium_memzero(text, sizeof text);
	fd_close(&fd);
	return r;
}

/* link() does not replace a key that another process made meanwhile. */
static int secret_place(
    int dirfd, const char *tmp, const char *file, struct str text)
{
	int r, fd = openat(dirfd, tmp,
		   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text.p, text.n);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	fd_close(&fd);
	if (r == 0 && linkat(dirfd, tmp, dirfd, file, 0) < 0)
		r = -errno;
	unlinkat(dirfd, tmp, 0);
	if (r == 0 && fsync(dirfd) < 0)
		r = -errno;
	return r;
}

static int secret_make(int dirfd, const char *name, const char *file)
{
	struct buf text = BUF_INIT;
	uint8_t seed[SEED_LEN];
	struct sign_key key;
	uint64_t unique;
	char tmp[300];
	int r;

	random_bytes(seed, sizeof seed);
	random_bytes(&unique, sizeof unique);
	snprintf(
	    tmp, sizeof tmp, "%s.%016llx", file, (unsigned long long)unique);
	key_from_seed(&key, seed);
	/* One allocation, so that no copy of the secret stays behind. */
	buf_reserve(&text, KEY_FILE_MAX);
	buf_add_str(&text, SECRET_PREFIX);
	text_add(&text, str_z(name), &key.pub, seed);
	buf_add_char(&text, '\n');
	r = buf_error(&text);
	if (r == 0)
		r = secret_place(dirfd, tmp, file, buf_str(&text));
	if (text.p)
		sodium_memzero(text.p, text.cap);
	buf_free(&text);
	sodium_memzero(seed, sizeof seed);
	sign_key_wipe(&key);
	return r == -EEXIST ? 0 : r;
}

/* The public file is derived: made when missing, compared when there. */
static int public_settle(
    const struct sign_key *key, int dirfd, const char *name, struct err *err)
{
	struct buf want = BUF_INIT, have = BUF_INIT;
	char file[260];
	int r;

	snprintf(file, sizeof file, "%s.pub", name);
	sign_public_format(&key->pub, str_z(name), &want);
	buf_add_char(&want, '\n');
	r = buf_error(&want);
	if (r == 0)
		r = fd_read_file(dirfd, file, KEY_FILE_MAX, &have);
	if (r == -ENOENT)
		r = fd_replace_file(dirfd, file, 0644, want.p, want.n);
	else if (r == 0 && !str_eq(buf_str(&want), buf_str(&have)))
		r = err_set(
		    err, -EBADMSG, "%s does not belong to %s.key", file, name);
	else if (r == -EFBIG)
		r = err_set(err, -EBADMSG, "%s: damaged key file", file);
	buf_free(&want);
	buf_free(&have);
	return r < 0 && r != -EBADMSG ? err_sys(err, r, "%s", file) : r;
}

int sign_key_load(
    struct sign_key *ret, int dirfd, const char *name, struct err *err)
{
	char file[260];
	int r;

	if (strlen(name) > 200 || *name == '\0' || strpbrk(name, "/+ \n"))
		return err_set(err, -EINVAL, "not a name for a key: %s", name);
	if (sodium_init() < 0)
		return err_set(err, -EIO, "libsodium cannot be used");
	snprintf(file, sizeof file, "%s.key", name);
	if (faccessat(dirfd, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		r = errno == ENOENT ? secret_make(dirfd, name, file) : -errno;
		if (r < 0)
			return err_sys(err, r, "cannot make %s", file);
	}
	r = secret_read(ret, dirfd, file, err);
	if (r == 0)
		r = public_settle(ret, dirfd, name, err);
	if (r < 0)
		sign_key_wipe(ret);
	return r;
}

void sign_key_wipe(struct sign_key *key)
{
	sodium_memzero(key, sizeof *key);
}
