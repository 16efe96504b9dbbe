/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define MOUNTS_MAX ((size_t)4 << 20) /* bytes of mountinfo */

static uint32_t kernel_dev(uint32_t major, uint32_t minor)
{
	return major << 20 | minor;
}

static void sift_name(struct watch_sieve *s, struct str name)
{
	uint64_t begin = 0;
	uint32_t hash;

	memcpy(&begin, name.p, name.n < sizeof begin ? name.n : sizeof begin);
	hash = watch_hash(watch_begin(begin, (uint32_t)name.n));
	s->names[hash >> 6 & 63] |= (uint64_t)1 << (hash & 63);
}

static void sift_inode(struct watch_sieve *s, uint64_t ino)
{
	uint32_t hash = watch_hash(ino);

	s->inodes[hash >> 6 & 63] |= (uint64_t)1 << (hash & 63);
}

static struct watch_dir_entry *find_dir(
    struct watch_set *set, const struct watch_inode *key)
{
	struct watch_dir_entry *all = (void *)set->dirs.p;

	for (size_t i = 0; i < set->dirs.n / sizeof *all; i++)
		if (memcmp(&all[i].key, key, sizeof *key) == 0)
			return &all[i];
	return NULL;
}

/* "/usr/bin" as "bin\0usr\0"; false: too long. */
static bool put_path(struct watch_dir *to, struct str path)
{
	struct str rest = path;

	to->n = 0;
	while (str_chop(&rest, STR("/"))) {
	}
	while (rest.n) {
		size_t slash = str_rfind_char(rest, '/');
		struct str name =
		    str_from(rest, slash == STR_NPOS ? 0 : slash + 1);

		if (name.n + 1 > sizeof to->path - to->n)
			return false;
		memcpy(to->path + to->n, name.p, name.n);
		to->path[to->n + name.n] = '\0';
		to->n += (uint32_t)name.n + 1;
		rest = str_upto(rest, slash == STR_NPOS ? 0 : slash);
	}
	return true;
}

static void add_dir(struct watch_set *set, struct watch_inode key,
    uint32_t flags, struct str path)
{
	struct watch_dir_entry *found = find_dir(set, &key);
	struct watch_dir_entry fresh = {.key = key, .value.flags = flags};

	/* Those that are there for their path alone need not pass. */
	if (flags)
		sift_inode(&set->sieve, key.ino);
	if (found) {
		found->value.flags |= flags;
		return;
	}
	if (!put_path(&fresh.value, path) ||
	    set->dirs.n / sizeof fresh >= WATCH_DIRS_MAX) {
		set->n_left_out++;
		return;
	}
	buf_add(&set->dirs, &fresh, sizeof fresh);
}

static void add_name(struct watch_set *set, struct watch_inode in,
    struct str name, uint32_t flag)
{
	struct watch_name_entry *all = (void *)set->names.p;
	struct watch_name_entry fresh = {
	    .key = {.ino = in.ino, .dev = in.dev}, .value = flag};

	if (name.n >= sizeof fresh.key.name ||
	    str_find_char(name, '/') != STR_NPOS ||
	    set->names.n / sizeof fresh >= WATCH_NAMES_MAX) {
		set->n_left_out++;
		return;
	}
	memcpy(fresh.key.name, name.p, name.n);
	for (size_t i = 0; i < set->names.n / sizeof fresh; i++)
		if (memcmp(&all[i].key, &fresh.key, sizeof fresh.key) == 0) {
			all[i].value |= flag;
			return;
		}
	sift_name(&set->sieve, name);
	buf_add(&set->names, &fresh, sizeof fresh);
}

/* With its NUL: this name; with a slash: all below it. */
static void add_asked(
    struct watch_set *set, struct str path, char end, uint32_t flag)
{
	struct watch_asked_entry *all = (void *)set->asked.p;
	struct watch_asked_entry fresh = {.value = flag};

	if (path.n + 1 > sizeof fresh.key.text ||
	    set->asked.n / sizeof fresh >= WATCH_NAMES_MAX) {
		set->n_left_out++;
		return;
	}
	fresh.key.bits = (uint32_t)(path.n + 1) * 8;
	memcpy(fresh.key.text, path.p, path.n);
	fresh.key.text[path.n] = end;
	for (size_t i = 0; i < set->asked.n / sizeof fresh; i++)
		if (memcmp(&all[i].key, &fresh.key, sizeof fresh.key) == 0) {
			all[i].value |= flag;
			return;
		}
	buf_add(&set->asked, &fresh, sizeof fresh);
}

/* ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS [TAG...] - TYPE ... */
struct mount_line {
	uint64_t id;
	uint32_t dev;
	struct str root, place, type;
};

static bool parse_mount(struct str line, struct mount_line *ret)
{
	struct str field[5], rest = line, major;
	size_t dash = str_find(line, STR(" - "));
	uint64_t high, low;

	for (size_t i = 0; i < 5; i++)
		if (!str_cut(&rest, ' ', &field[i]))
			return false;
	if (dash == STR_NPOS || !str_u64(field[0], &ret->id) ||
	    !str_cut(&field[2], ':', &major) || !str_u64(major, &high) ||
	    !str_u64(field[2], &low))
		return false;
	rest = str_from(line, dash + 3);
	str_cut(&rest, ' ', &ret->type);
	ret->dev = kernel_dev((uint32_t)high, (uint32_t)low);
	ret->root = field[3];
	ret->place = field[4];
	return true;
}

/*
 * False: it is not there. The device is that of the mount: what stat tells is
 * another one on btrfs.
 */
static bool look_up(const struct watch_set *set, const char *path,
    struct watch_inode *ret, struct statx *st)
{
	struct str rest = buf_str(&set->mounts), line;
	struct mount_line mount;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		STATX_INO | STATX_TYPE | STATX_MNT_ID, st) < 0)
		return false;
	*ret = (struct watch_inode){.ino = st->stx_ino,
	    .dev = kernel_dev(st->stx_dev_major, st->stx_dev_minor)};
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		if (parse_mount(line, &mount) && mount.id == st->stx_mnt_id)
			ret->dev = mount.dev;
	}
	return true;
}

static void add_in_parent(
    struct watch_set *set, const char *path, uint32_t flag)
{
	struct str rest = str_z(path);
	size_t slash = str_rfind_char(rest, '/');
	char parent[PATH_MAX];
	struct watch_inode key;
	struct statx st;

	snprintf(parent, sizeof parent, "%.*s", (int)(slash ? slash : 1), path);
	if (!look_up(set, parent, &key, &st) || !S_ISDIR(st.stx_mode))
		return;
	add_name(set, key, str_from(rest, slash + 1), flag);
	/* Where that is, should the name alone be matched. */
	add_dir(set, key, 0, str_z(parent));
}

static void add_path(struct watch_set *set, struct str given, uint32_t flag)
{
	char path[PATH_MAX], real[PATH_MAX];
	struct watch_inode key;
	bool is_dir, is_there;
	struct statx st;

	if (given.n >= sizeof path) {
		set->n_left_out++;
		return;
	}
	snprintf(path, sizeof path, "%.*s", STR_ARG(given));
	is_there = look_up(set, path, &key, &st);
	is_dir = is_there && S_ISDIR(st.stx_mode);
	add_asked(set, given, '\0', flag);
	if (!is_there || is_dir)
		add_asked(set, given, '/', flag);
	if (given.n > 1)
		add_in_parent(set, path, flag);
	if (!is_there || !realpath(path, real))
		return;
	if (is_dir)
		add_dir(set, key, flag, str_z(real));
	else if (!str_eqz(given, real))
		add_in_parent(set, real, flag);
}

static void add_entry(struct watch_set *set, struct str line)
{
	uint32_t flag = WATCH_CHANGE;

	if (str_skip(&line, STR("read ")))
		flag = WATCH_READ;
	else if (!str_skip(&line, STR("watch ")))
		return;
	while (line.n > 1 && str_chop(&line, STR("/"))) {
	}
	if (!line.n)
		return;
	if (line.p[0] == '/')
		add_path(set, line, flag);
	else
		add_name(set, (struct watch_inode){0}, line, flag);
}

static bool may_wait(struct str type)
{
	static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3",
	    "ceph", "9p", "afs", "autofs", "glusterfs", "lustre", "coda"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_eqz(type, types[i]))
			return true;
	return str_starts(type, STR("fuse"));
}

/* What lies below a watched directory, on another file system, is watched. */
static uint32_t inherited(const struct watch_set *set, struct str path)
{
	const struct watch_dir_entry *all = (const void *)set->dirs.p;
	uint32_t flags = 0;
	struct watch_dir at;

	if (!put_path(&at, path))
		return 0;
	for (size_t i = 0; i < set->dirs.n / sizeof *all; i++) {
		const struct watch_dir *d = &all[i].value;

		/* From the leaf: what is above stands at the end. */
		if (d->flags & WATCH_CHANGE && d->n < at.n &&
		    memcmp(at.path + at.n - d->n, d->path, d->n) == 0 &&
		    (d->n == 0 || at.path[at.n - d->n - 1] == '\0'))
			flags |= WATCH_CHANGE;
	}
	return flags;
}

/* The path, without the octal escapes that mountinfo has. */
static bool place_of(struct str place, char ret[static PATH_MAX])
{
	size_t n = 0;

	if (place.n >= PATH_MAX)
		return false;
	for (size_t i = 0; i < place.n; i++) {
		char c = place.p[i];

		if (c == '\\' && place.n - i > 3) {
			c = (char)((place.p[i + 1] - '0') << 6 |
				   (place.p[i + 2] - '0') << 3 |
				   (place.p[i + 3] - '0'));
			i += 3;
		}
		ret[n++] = c;
	}
	ret[n] = '\0';
	return true;
}

static void add_mount(
    struct watch_set *set, const struct mount_line *mount, bool whole)
{
	char place[PATH_MAX];
	struct watch_inode key;
	struct statx st;

	if (str_eq(mount->root, STR("/")) != whole || may_wait(mount->type) ||
	    !place_of(mount->place, place) || !look_up(set, place, &key, &st) ||
	    /* Another one lies over it. */
	    st.stx_mnt_id != mount->id)
		return;
	add_dir(set, key, inherited(set, str_z(place)), str_z(place));
}

/* Mounts of whole file systems first: those of parts say it twice. */
static void add_mounts(struct watch_set *set)
{
	size_t n_left_out = set->n_left_out;
	struct mount_line mount;

	for (int whole = 1; whole >= 0; whole--) {
		struct str rest = buf_str(&set->mounts), line;

		while (rest.n) {
			str_cut(&rest, '\n', &line);
			if (parse_mount(line, &mount))
				add_mount(set, &mount, whole);
		}
	}
	/* Not what the list asks for: their paths are those within them. */
	set->n_left_out = n_left_out;
}

static int failed(const struct watch_set *set)
{
	const struct buf *all[] = {&set->dirs, &set->names, &set->asked};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (buf_error(all[i]))
			return buf_error(all[i]);
	return 0;
}

int watch_resolve(struct watch_set *ret, struct str list)
{
	struct str rest = list, line;
	int r;

	*ret = (struct watch_set){.dirs = BUF_INIT};
	/* Without it (no proc) devices are those that stat tells. */
	r = fd_read_file(
	    AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &ret->mounts);
	while (rest.n && r != -ENOMEM) {
		str_cut(&rest, '\n', &line);
		add_entry(ret, line);
		r = failed(ret);
	}
	if (r != -ENOMEM)
		add_mounts(ret);
	return failed(ret);
}

void watch_free(struct watch_set *set)
{
	buf_free(&set->dirs);
	buf_free(&set->names);
	buf_free(&set->asked);
	buf_free(&set->mounts);
}
