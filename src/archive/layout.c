/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/fd.h"

#define FORMAT_FILE    "format"
#define FORMAT_TEXT    "sshtrail store "
#define FORMAT_VERSION 1
#define KEYS_DIR       "keys"
#define HOST_KEY       "host"
#define ID_KEY_FILE    "id.key"
#define KEY_ADVICE     "put it back from a backup, or import into a new store"
#define CHAIN_NAME_MAX 120

/* As mkdir -p, for the store directory only. */
static int make_path(const char *dir)
{
	char path[4096];
	size_t n = strlen(dir);

	if (n == 0 || n >= sizeof path)
		return -ENAMETOOLONG;
	memcpy(path, dir, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		path[i] = i < n ? '/' : '\0';
	}
	return 0;
}

/* A new store whose maker was killed holds no more than a temporary file. */
static bool is_foreign(const char *name)
{
	struct str s = str_z(name);

	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       !(str_skip(&s, STR(FORMAT_FILE ".")) &&
		   str_chop(&s, STR(".tmp")));
}

static bool is_empty_dir(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool empty = true;

	if (!d) {
		fd_close(&fd);
		return false;
	}
	while (empty && (e = readdir(d)))
		empty = !is_foreign(e->d_name);
	closedir(d);
	return empty;
}

static int check_format(int dirfd, const char *dir, struct err *err)
{
	struct buf text = BUF_INIT;
	struct str s;
	uint64_t version = 0;
	int r;

	r = fd_read_file(dirfd, FORMAT_FILE, 256, &text);
	s = str_trim(buf_str(&text));
	if (r == 0 &&
	    (!str_skip(&s, STR(FORMAT_TEXT)) || !str_u64(s, &version)))
		r = err_set(err, -EPROTO,
		    "%s/%s is not that of a store of sshtrail: "
		    "name another with --store",
		    dir, FORMAT_FILE);
	else if (r == 0 && version != FORMAT_VERSION)
		r = err_set(err, -EPROTO,
		    "store %s has format %llu, this sshtrail knows %d: "
		    "use the newer sshtrail that wrote it",
		    dir, (unsigned long long)version, FORMAT_VERSION);
	buf_free(&text);
	return r;
}

static int make_format(int dirfd, const char *dir, struct err *err)
{
	char text[64];
	int n, r;

	if (!is_empty_dir(dirfd))
		return err_set(err, -ENOTEMPTY,
		    "%s is not empty and no store: name an empty or a new "
		    "directory with --store",
		    dir);
	n = snprintf(text, sizeof text, FORMAT_TEXT "%d\n", FORMAT_VERSION);
	r = fd_replace_file(dirfd, FORMAT_FILE, 0600, text, (size_t)n);
	return r < 0 ? err_sys(err, r, "%s/%s", dir, FORMAT_FILE) : 0;
}

int layout_open(const char *dir, bool make, int *ret_dirfd, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r = make ? make_path(dir) : 0;

	if (r < 0)
		return err_sys(err, r, "cannot make the store %s", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, -ENOENT, "there is no store at %s", dir);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open the store %s", dir);
	r = check_format(fd, dir, err);
	if (r == -ENOENT && make)
		r = make_format(fd, dir, err);
	else if (r == -ENOENT)
		r = err_set(err, r, "%s is no store of sshtrail", dir);
	else if (r < 0 && r != -EPROTO)
		r = err_sys(err, r, "cannot read %s/%s", dir, FORMAT_FILE);
	if (r < 0)
		return r;
	*ret_dirfd = fd;
	fd = -1;
	return 0;
}

static int load_id_key(int keysfd, uint8_t *id_key, struct err *err)
{
	struct buf b = BUF_INIT;
	int r = fd_read_file(keysfd, ID_KEY_FILE, 64, &b);

	if (r == -EFBIG || (r == 0 && b.n != LAYOUT_ID_KEY_LEN))
		r = err_set(err, -EBADMSG, "%s: damaged key file", ID_KEY_FILE);
	else if (r < 0)
		err_sys(err, r, "cannot read %s", ID_KEY_FILE);
	else
		memcpy(id_key, b.p, LAYOUT_ID_KEY_LEN);
	buf_free(&b);
	if (r != -ENOENT)
		return r;
	random_bytes(id_key, LAYOUT_ID_KEY_LEN);
	r = fd_replace_file(
	    keysfd, ID_KEY_FILE, 0600, id_key, LAYOUT_ID_KEY_LEN);
	return r < 0 ? err_sys(err, r, "keys/%s", ID_KEY_FILE) : 0;
}

/*
 * Keys are made before the first trail. Behind it a new one would hide a loss:
 * a signing key that no trail was signed with, ids that match no stored event.
 */
static int check_keys_kept(int dirfd, struct err *err)
{
	static const char *const files[] = {
	    KEYS_DIR "/" HOST_KEY ".key", KEYS_DIR "/" ID_KEY_FILE};

	if (faccessat(dirfd, LAYOUT_TRAIL, F_OK, 0) < 0)
		return 0;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (faccessat(dirfd, files[i], F_OK, 0) < 0 && errno == ENOENT)
			return err_set(err, -ENOKEY,
			    "%s of the store is gone: " KEY_ADVICE, files[i]);
	return 0;
}

int layout_keys(int dirfd, struct sign_key *key,
    uint8_t id_key[static LAYOUT_ID_KEY_LEN], struct err *err)
{
	CLEANUP_FD int keysfd = -1;
	int r = check_keys_kept(dirfd, err);
	struct err why;

	if (r < 0)
		return r;
	r = fd_open_dir(dirfd, KEYS_DIR, 0700, &keysfd);
	if (r < 0)
		return err_sys(err, r, "cannot open the store's keys");
	r = sign_key_load(key, keysfd, HOST_KEY, &why);
	if (r == 0)
		r = load_id_key(keysfd, id_key, &why);
	/* Not to be taken for a damaged index, which is made anew. */
	if (r == -EBADMSG)
		return err_set(err, -ENOKEY,
		    "keys of the store: %s: " KEY_ADVICE, why.text);
	return r < 0 ? err_set(err, r, "keys of the store: %s", why.text) : 0;
}

int layout_public_key(int dirfd, struct sign_public *ret, struct err *err)
{
	struct buf b = BUF_INIT;
	struct str origin;
	struct err why;
	int r = fd_read_file(dirfd, KEYS_DIR "/" HOST_KEY ".pub", 4096, &b);

	if (r < 0)
		err_set(&why, r, "%s", strerror(-r));
	else
		r = sign_public_parse(
		    str_trim(buf_str(&b)), ret, &origin, &why);
	buf_free(&b);
	if (r == 0)
		return 0;
	return err_set(err, -ENOKEY,
	    "cannot read the public key %s/%s.pub: %s: name a copy with "
	    "--pubkey",
	    KEYS_DIR, HOST_KEY, why.text);
}

static bool plain_in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr(".:_-", c));
}

/* A leading dot is encoded too: no hidden names, no "..". */
static int encode_name(const char *chain, char *ret, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (const char *p = chain; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (n + 4 > size)
			return -ENAMETOOLONG;
		if (plain_in_name(*p) && !(p == chain && *p == '.')) {
			ret[n++] = *p;
			continue;
		}
		ret[n++] = '%';
		ret[n++] = digits[c >> 4];
		ret[n++] = digits[c & 15];
	}
	ret[n] = '\0';
	return n ? 0 : -EINVAL;
}

static int decode_name(const char *name, char *ret, size_t size)
{
	size_t n = 0;

	for (const char *p = name; *p; p++) {
		if (n + 1 >= size)
			return -ENAMETOOLONG;
		if (*p == '%') {
			int hi = str_hexdigit(p[1]);
			int lo = hi < 0 ? -1 : str_hexdigit(p[2]);

			if (lo < 0)
				return -EINVAL;
			ret[n++] = (char)(hi * 16 + lo);
			p += 2;
		} else {
			ret[n++] = *p;
		}
	}
	ret[n] = '\0';
	return 0;
}

static int open_below(
    int dirfd, const char *parent, const char *chain, bool make, int *ret)
{
	CLEANUP_FD int fd = -1;
	char name[CHAIN_NAME_MAX * 3 + 1];
	int r = encode_name(chain, name, sizeof name);

	if (r == 0 && make)
		r = fd_open_dir(dirfd, parent, 0700, &fd);
	if (r == 0 && make)
		r = fd_open_dir(fd, name, 0700, ret);
	if (r == 0 && !make) {
		fd = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		*ret = fd < 0 ? -1
			      : openat(fd, name,
				    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = *ret < 0 ? -errno : 0;
	}
	return r;
}

int layout_open_chain(
    int dirfd, const char *chain, bool make, int *ret, struct err *err)
{
	int r = open_below(dirfd, LAYOUT_TRAIL, chain, make, ret);

	return r < 0 ? err_sys(err, r, "cannot open the trail of %s", chain)
		     : 0;
}

int layout_open_screens(
    int dirfd, const char *chain, bool make, int *ret, struct err *err)
{
	int r = open_below(dirfd, LAYOUT_SCREENS, chain, make, ret);

	return r < 0 ? err_sys(err, r, "cannot open the screens of %s", chain)
		     : 0;
}

int layout_checkpoint(int chainfd, const char *chain,
    const struct sign_public *pub, struct buf *note, uint64_t *size,
    struct err *err)
{
	struct checkpoint cp;
	int r =
	    fd_read_file(chainfd, LAYOUT_CHECKPOINT, CHECKPOINT_NOTE_MAX, note);

	r = r < 0 ? err_sys(err, r, "checkpoint of %s", chain)
		  : checkpoint_verify(buf_str(note), pub, &cp, err);
	if (r == 0 && !str_eqz(cp.origin, chain))
		r = err_set(
		    err, -EBADMSG, "the checkpoint of %s is another's", chain);
	if (r < 0)
		buf_free(note);
	else
		*size = cp.size;
	return r;
}

int layout_signed_size(
    int dirfd, const char *chain, uint64_t *ret, struct err *err)
{
	struct buf note = BUF_INIT;
	struct sign_public pub;
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(dirfd, chain, false, &fd, err);

	*ret = 0;
	if (r == 0)
		r = layout_public_key(dirfd, &pub, err);
	if (r == 0)
		r = layout_checkpoint(fd, chain, &pub, &note, ret, err);
	buf_free(&note);
	return r == -ENOENT ? 0 : r;
}

struct str layout_written_as(const char *chain)
{
	struct str all = str_z(chain), rest = all, number;
	uint64_t n;
	size_t at;

	if (!str_skip(&rest, STR("events:")) &&
	    (!str_skip(&rest, STR(ARCHIVE_RECORDINGS)) ||
		str_starts(rest, STR("import:"))))
		return all;
	at = str_rfind(rest, STR(":"));
	if (at == STR_NPOS || at == 0)
		return all;
	number = str_from(rest, at + 1);
	return str_u64(number, &n) ? str_upto(all, all.n - number.n - 1) : all;
}

bool layout_has_events(const char *chain)
{
	return !str_starts(str_z(chain), STR(ARCHIVE_RECORDINGS));
}

static int is_chain(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int layout_each_chain(int dirfd, int (*fn)(void *ctx, const char *chain),
    void *ctx, struct err *err)
{
	struct dirent **list;
	int n = scandirat(dirfd, LAYOUT_TRAIL, &list, is_chain, alphasort);
	int r = 0;

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return err_sys(err, -errno, "cannot list the store's trails");
	for (int i = 0; i < n; i++) {
		char chain[CHAIN_NAME_MAX * 3 + 1];

		if (r == 0 &&
		    decode_name(list[i]->d_name, chain, sizeof chain) == 0)
			r = fn(ctx, chain);
		free(list[i]);
	}
	free(list);
	return r;
}
