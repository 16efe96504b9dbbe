/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hash.h"
#include "base/when.h"
#include "cli/import/beside.h"
#include "cli/import/companions.h"

#define DEPTH_MAX 16
#define FILES_MAX 1000000
/* And of what lies beside: a page of a database may be as large as a head. */
#define HEAD_ROOM (3 * IMPORT_HEAD_MAX)

void import_file_free(struct import_file *f)
{
	fd_close(&f->fd);
	free(f->path);
	free(f->host);
	free(f->beside);
	free(f->damage);
	for (size_t k = 0; k < FORMAT_PARTS_MAX; k++)
		free(f->parts[k]);
}

void import_files_free(struct import_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		import_file_free(&files->v[i]);
	free(files->v);
	map_free(&files->by_inode);
	*files = (struct import_files){0};
}

static uint64_t inode_key(const struct stat *st)
{
	return hash_u64(st->st_dev) ^ st->st_ino;
}

static struct import_file *known_inode(
    const struct import_files *files, const struct stat *st)
{
	const uint64_t *at = map_get(&files->by_inode, inode_key(st));
	struct import_file *f = at ? &files->v[*at] : NULL;

	return f && f->inode == st->st_ino && f->dev == st->st_dev ? f : NULL;
}

static struct import_file *new_file(
    struct import_files *files, const char *path, const struct stat *st)
{
	struct import_file *f;
	uint64_t *at;

	if (files->n == files->cap) {
		size_t cap = files->cap ? files->cap * 2 : 64;
		struct import_file *v;

		if (files->n >= FILES_MAX)
			return NULL;
		v = realloc(files->v, cap * sizeof *v);
		if (!v)
			return NULL;
		files->v = v;
		files->cap = cap;
	}
	f = &files->v[files->n];
	*f = (struct import_file){.fd = -1,
	    .size = (uint64_t)st->st_size,
	    .mtime = time_from_kernel(st->st_mtim),
	    .dev = st->st_dev,
	    .inode = st->st_ino};
	f->path = realpath(path, NULL);
	if (!f->path)
		f->path = strdup(path);
	if (!f->path)
		return NULL;
	at = map_put(&files->by_inode, inode_key(st));
	if (!at)
		return NULL;
	*at = files->n++;
	return f;
}

/* What cannot be read twice is copied first: it is looked into, then read. */
static int add_stream(struct import_files *files, int from, const char *name,
    const char *spool_dir, struct err *err)
{
	CLEANUP_FD int fd =
	    open(spool_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct import_file *f;
	char chunk[1 << 16];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return err_sys(
		    err, -errno, "cannot spool %s in %s", name, spool_dir);
	while ((n = fd_read_full(from, chunk, sizeof chunk)) > 0) {
		int r = fd_write_all(fd, chunk, (size_t)n);

		if (r < 0)
			return err_sys(
			    err, r, "cannot spool %s in %s", name, spool_dir);
	}
	if (n < 0)
		return err_sys(err, (int)n, "%s", name);
	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "%s", name);
	f = new_file(files, name, &st);
	if (!f)
		return err_sys(err, -ENOMEM, "%s", name);
	f->mtime = time_now();
	f->named = true;
	f->fd = fd;
	fd = -1;
	return 0;
}

static int add_fifo(struct import_files *files, const char *path,
    const char *spool_dir, struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, -errno, "cannot read %s", path);
	return add_stream(files, fd, path, spool_dir, err);
}

/* Directories still to be read, as a list: depth costs no stack. */
struct pending {
	struct pending *next;
	unsigned depth;
	char path[];
};

static int push_dir(struct pending **todo, const char *path, unsigned depth)
{
	size_t n = strlen(path) + 1;
	struct pending *p;

	p = malloc(sizeof *p + n);
	if (!p)
		return -ENOMEM;
	memcpy(p->path, path, n);
	p->depth = depth;
	p->next = *todo;
	*todo = p;
	return 0;
}

static const char *open_failure(int r)
{
	return r == -EACCES || r == -EPERM
		   ? "no permission to read it: try again as root"
		   : "cannot be read";
}

/* Listed, so that nobody takes it for read. */
static struct import_file *add_listed(
    struct import_files *files, const char *path, const char *why_not)
{
	const struct stat st = {0};
	struct import_file *f = new_file(files, path, &st);
	char *as_found = f ? strdup(path) : NULL;

	if (!as_found)
		return NULL;
	/* Not what it leads to. */
	free(f->path);
	f->path = as_found;
	f->why_not = why_not;
	return f;
}

/* A file that is missing in what was imported then. */
static int add_unread(
    struct import_files *files, const char *path, const char *why_not)
{
	struct import_file *f = add_listed(files, path, why_not);

	if (!f)
		return -ENOMEM;
	f->unreadable = true;
	return 0;
}

/* Where it leads to may be another host's, or without end. */
static int add_special(
    struct import_files *files, const char *path, mode_t mode)
{
	return add_listed(files, path,
		   S_ISLNK(mode)
		       ? "a symbolic link, not followed: name it itself"
		       : "no regular file")
		   ? 0
		   : -ENOMEM;
}

static int add_entry(struct import_files *files, struct pending **todo,
    const struct pending *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (snprintf(path, sizeof path, "%s/%s", dir->path, name) >=
	    (int)sizeof path)
		return add_unread(files, dir->path,
		    "the names of files in it are too long: name it itself");
	if (lstat(path, &st) < 0)
		return errno == ENOENT
			   ? 0
			   : add_unread(files, path, open_failure(-errno));
	if (S_ISDIR(st.st_mode) && dir->depth == DEPTH_MAX)
		return add_unread(files, path,
		    "too deep below the directory named: name it itself");
	if (S_ISDIR(st.st_mode))
		return push_dir(todo, path, dir->depth + 1);
	if (!S_ISREG(st.st_mode))
		return add_special(files, path, st.st_mode);
	if (known_inode(files, &st))
		return 0;
	return new_file(files, path, &st) ? 0 : -ENOMEM;
}

static int add_dir(
    struct import_files *files, const char *path, struct err *err)
{
	struct pending *todo = NULL;
	char real[PATH_MAX];
	int r = push_dir(&todo, realpath(path, real) ? real : path, 0);

	while (todo) {
		struct pending *dir = todo;
		DIR *d = r == 0 ? opendir(dir->path) : NULL;
		struct dirent *e;

		if (r == 0 && !d && dir->depth == 0)
			r = err_sys(err, -errno, "cannot read %s", path);
		else if (r == 0 && !d && errno != ENOENT)
			r = add_unread(files, dir->path, open_failure(-errno));
		todo = dir->next;
		while (d && r == 0 && (e = readdir(d)))
			r = add_entry(files, &todo, dir, e->d_name);
		if (d)
			closedir(d);
		free(dir);
	}
	return r == -ENOMEM ? err_sys(err, r, "%s", path) : r;
}

int import_files_add(struct import_files *files, const char *path,
    const char *spool_dir, struct err *err)
{
	struct import_file *f;
	struct stat st;

	if (strcmp(path, "-") == 0)
		return add_stream(
		    files, STDIN_FILENO, "(standard input)", spool_dir, err);
	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "cannot read %s", path);
	if (S_ISDIR(st.st_mode))
		return add_dir(files, path, err);
	if (S_ISFIFO(st.st_mode))
		return add_fifo(files, path, spool_dir, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL,
		    "%s is no regular file and no directory", path);
	f = known_inode(files, &st);
	if (!f)
		f = new_file(files, path, &st);
	if (!f)
		return err_sys(err, -ENOMEM, "%s", path);
	f->named = true;
	return 0;
}

int import_file_open(const struct import_file *f, int *ret_fd, struct err *err)
{
	struct stat st;
	int fd;

	if (f->fd >= 0) {
		fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0)
			fd_close(&fd);
	} else {
		/* What was found may have become another thing since then. */
		fd =
		    open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
				      (f->named ? 0 : O_NOFOLLOW));
	}
	if (fd < 0)
		return err_sys(err, -errno, "cannot read %s", f->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		fd_close(&fd);
		return err_set(
		    err, -EINVAL, "%s is no regular file any more", f->path);
	}
	*ret_fd = fd;
	return 0;
}

static const char *damage_of(struct import_file *f, const struct err *err)
{
	f->damage = strdup(err->text);
	return f->damage ? f->damage : "damaged compressed data";
}

static void detect(struct import_file *f, char *head)
{
	struct input *in = NULL;
	struct str host = STR_NONE;
	CLEANUP_FD int fd = -1;
	struct err err = {""};
	size_t n = 0;
	ssize_t got = 1;
	int r = import_file_open(f, &fd, NULL);

	if (r == 0)
		r = input_open(&in, fd, NULL, NULL, NULL);
	while (r == 0 && n < IMPORT_HEAD_MAX && got > 0) {
		got = input_read(in, head + n, IMPORT_HEAD_MAX - n, &err);
		n += got > 0 ? (size_t)got : 0;
	}
	if (in)
		f->compressed = input_compression(in)[0] != '\0';
	input_close(in);
	if (r < 0)
		f->why_not = open_failure(r);
	else if (n == 0)
		f->why_not = got < 0 ? damage_of(f, &err) : "empty";
	else
		f->source = source_detect(
		    str_make(head, n), f->path, &host, &f->first_time);
	f->unreadable = r < 0 || (n == 0 && got < 0);
	if (n && !f->source)
		f->source = beside_detect(f, head, n, HEAD_ROOM);
	if (n && !f->source)
		companions_detect(f, str_make(head, n));
	if (!import_file_format(f) && !f->why_not)
		f->why_not = "not a format that sshtrail reads";
	if (host.n)
		f->host = strndup(host.p, host.n);
}

void import_files_detect(struct import_files *files)
{
	char *head = malloc(HEAD_ROOM);

	for (size_t i = 0; i < files->n; i++) {
		if (files->v[i].why_not)
			continue;
		if (head)
			detect(&files->v[i], head);
		else
			files->v[i].why_not = "out of memory";
	}
	free(head);
	beside_find(files);
	companions_find(files);
}

static size_t common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static const struct import_file *nearest_named(
    const struct import_files *files, const struct import_file *f)
{
	const struct import_file *best = NULL;
	size_t best_n = 0;

	for (size_t i = 0; i < files->n; i++) {
		const struct import_file *o = &files->v[i];
		size_t n;

		if (!o->host || o->host_inferred)
			continue;
		n = common_prefix(o->path, f->path);
		if (!best || n > best_n) {
			best = o;
			best_n = n;
		}
	}
	return best;
}

/* "/home/ann/.ssh/", but not what Ann has lying there of other machines. */
static bool is_own_home(const char *path)
{
	static const char home[] = "/home/", keys[] = "/.ssh/";

	if (strncmp(path, home, sizeof home - 1))
		return false;
	path += sizeof home - 1;
	path += strcspn(path, "/");
	return strncmp(path, keys, sizeof keys - 1) == 0;
}

static bool is_own_log(const char *path)
{
	static const char *const own[] = {"/var/log/", "/run/", "/var/run/",
	    "/var/lib/", "/etc/", "/root/.ssh/"};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strncmp(path, own[i], strlen(own[i])) == 0)
			return true;
	return is_own_home(path);
}

/* Logs name a host with or without its domain. */
static bool same_host(const char *a, const char *b)
{
	size_t n = strcspn(a, ".");

	return strcmp(a, b) == 0 ||
	       (strcspn(b, ".") == n && memcmp(a, b, n) == 0);
}

static void find_host(
    const struct import_files *files, struct import_file *f, const char *own)
{
	const struct import_file *near = nearest_named(files, f);

	if (is_own_log(f->path) && !(near && same_host(near->host, own))) {
		f->host = strdup(own);
		f->host_inferred = "host is the machine that imported it";
	} else if (near) {
		f->host = strdup(near->host);
		f->host_inferred = "host is the one that a file beside names";
	} else {
		f->host = strdup("unknown");
		f->host_inferred = "no file says which host it is of";
	}
}

void import_files_hosts(struct import_files *files, const char *host)
{
	char own[256] = "localhost";

	if (gethostname(own, sizeof own - 1) < 0 || !own[0])
		snprintf(own, sizeof own, "localhost");
	for (size_t i = 0; i < files->n; i++) {
		struct import_file *f = &files->v[i];

		if (f->host || !import_file_format(f))
			continue;
		if (host)
			f->host = strdup(host);
		else
			find_host(files, f, own);
	}
}

/*
 * The name that rotation gave to all parts of a log: without compression
 * suffix, number or date.
 */
static size_t base_name_len(const char *path)
{
	static const char *const suffixes[] = {".gz", ".xz", ".zst", ".old"};
	struct str s = str_z(path);
	bool again = true;

	while (again) {
		size_t digits = 0;

		again = false;
		for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
			again = str_chop(&s, str_z(suffixes[i])) || again;
		while (digits < s.n && s.p[s.n - 1 - digits] >= '0' &&
		       s.p[s.n - 1 - digits] <= '9')
			digits++;
		if (digits && digits < s.n &&
		    (s.p[s.n - 1 - digits] == '.' ||
			s.p[s.n - 1 - digits] == '-')) {
			s.n -= digits + 1;
			again = true;
		}
	}
	return s.n;
}

static int compare_base(
    const struct import_file *a, const struct import_file *b)
{
	return str_cmp(str_make(a->path, base_name_len(a->path)),
	    str_make(b->path, base_name_len(b->path)));
}

bool import_file_continues(
    const struct import_file *a, const struct import_file *b)
{
	return a->source && a->source == b->source && a->source->joins &&
	       compare_base(a, b) == 0 && a->host && b->host &&
	       strcmp(a->host, b->host) == 0;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/*
 * By the second only: times of the records of one moment do not tell which
 * stood first, as those of auditd and of the kernel. A part that does not say
 * when it begins ends with its last writing, before the next part begins.
 */
static int64_t age_second(const struct import_file *f)
{
	return (f->first_time ? f->first_time : f->mtime) / USEC_PER_SEC;
}

static int compare_age(const struct import_file *a, const struct import_file *b)
{
	int64_t ta = age_second(a);
	int64_t tb = age_second(b);

	if (ta != tb)
		return ta < tb ? -1 : 1;
	if (a->mtime != b->mtime)
		return a->mtime < b->mtime ? -1 : 1;
	return strcmp(b->path, a->path);
}

static uint64_t source_rank(const struct import_file *f)
{
	uint64_t i = 0;

	while (sources[i] && sources[i] != f->source)
		i++;
	return i;
}

static int compare_files(const void *pa, const void *pb)
{
	const struct import_file *a = pa, *b = pb;
	int r = compare_u64(source_rank(a), source_rank(b));

	if (r == 0 && a->host && b->host)
		r = strcmp(a->host, b->host);
	if (r == 0)
		r = compare_base(a, b);
	return r ? r : compare_age(a, b);
}

void import_files_sort(struct import_files *files)
{
	if (files->n)
		qsort(files->v, files->n, sizeof *files->v, compare_files);
}
