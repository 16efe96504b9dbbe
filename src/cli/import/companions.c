/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/companions.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct str directory_of(const char *path)
{
	size_t slash = str_rfind_char(str_z(path), '/');

	return slash == STR_NPOS ? STR_NONE : str_make(path, slash + 1);
}

/* NULL: no such file in the directory of f. */
static char *find_named(const struct import_file *f, struct str name)
{
	struct str dir = directory_of(f->path);
	struct buf path = BUF_INIT;
	size_t slash = str_rfind_char(name, '/');
	struct stat st;
	char *z;

	/* It is named as from where it was written. */
	if (slash != STR_NPOS)
		name = str_from(name, slash + 1);
	if (!dir.n || !name.n)
		return NULL;
	buf_add_str(&path, dir);
	buf_add_str(&path, name);
	z = buf_z(&path);
	if (z && lstat(z, &st) == 0 && S_ISREG(st.st_mode))
		return z;
	buf_free(&path);
	return NULL;
}

void companions_detect(struct import_file *f, struct str head)
{
	f->format = format_detect(head, f->path, &f->part);
	for (size_t k = 1; f->format && f->part == 0 && f->fd < 0 &&
			   k < format_n_parts(f->format);
	     k++) {
		const struct format_part *part = &f->format->parts[k];

		if (part->fixed)
			f->parts[k] = find_named(f, str_z(part->name));
		else if (f->format->named)
			f->parts[k] =
			    find_named(f, f->format->named(head, (unsigned)k));
	}
}

/* Files by a key that begins with their directory. */
struct shelf {
	struct book {
		char *key;
		struct import_file *file;
	} * v;
	size_t n;
};

static int cmp_book(const void *va, const void *vb)
{
	const struct book *a = va, *b = vb;

	return strcmp(a->key, b->key);
}

/* The path, or the directory with the name backwards; NULL: no memory. */
static char *key_of(const char *path, bool backwards)
{
	size_t n = strlen(path), dir = directory_of(path).n;
	char *key = strdup(path);

	for (size_t i = dir; key && backwards && i < n; i++)
		key[i] = path[n - 1 - (i - dir)];
	return key;
}

static void shelf_free(struct shelf *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].key);
	free(s->v);
}

typedef bool wanted_fn(
    const struct import_file *f, const struct format *format, size_t part);

static int shelf_fill(struct shelf *ret, struct import_files *files,
    wanted_fn *wanted, const struct format *format, size_t part, bool backwards)
{
	*ret = (struct shelf){calloc(files->n + 1, sizeof *ret->v), 0};
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < files->n; i++) {
		struct import_file *f = &files->v[i];
		struct book *book = &ret->v[ret->n];

		if (!wanted(f, format, part))
			continue;
		*book = (struct book){key_of(f->path, backwards), f};
		if (!book->key)
			return -ENOMEM;
		ret->n++;
	}
	qsort(ret->v, ret->n, sizeof *ret->v, cmp_book);
	return 0;
}

/* How many of them come before the key. */
static size_t count_before(const struct shelf *s, const char *key)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(s->v[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* --- parts that are named --- */

static bool is_any(
    const struct import_file *f, const struct format *format, size_t part)
{
	return true;
}

static void take_named(const struct shelf *all, const struct import_file *f)
{
	for (size_t k = 1; k < FORMAT_PARTS_MAX; k++) {
		size_t at =
		    f->parts[k] ? count_before(all, f->parts[k]) : all->n;

		if (at < all->n && strcmp(all->v[at].key, f->parts[k]) == 0)
			all->v[at].file->taken = true;
	}
}

/* --- parts that are alike --- */

static bool lacks_part(
    const struct import_file *f, const struct format *format, size_t part)
{
	return f->format && f->format->parts == format->parts && f->part == 0 &&
	       !f->parts[part] && format_n_parts(f->format) > part;
}

static bool is_part(
    const struct import_file *f, const struct format *format, size_t part)
{
	return f->format && f->format->parts == format->parts &&
	       f->part == part && !f->taken;
}

/* How many bytes of their names are the same; -1: they lie apart. */
static int likeness(const char *a, const char *b)
{
	struct str dir = directory_of(a);
	int n = 0;

	if (!dir.n || !str_eq(dir, directory_of(b)))
		return -1;
	while (a[dir.n + (size_t)n] &&
	       a[dir.n + (size_t)n] == b[dir.n + (size_t)n])
		n++;
	return n;
}

/*
 * The one that is most like it; NULL: none, or several that are equally so.
 * What is most like it lies next to it when all are sorted.
 */
static const struct book *find_alike(
    const struct shelf *s, const char *key, int least)
{
	size_t at = count_before(s, key), best = s->n;
	int most = least, same = 0;

	for (size_t i = at < 2 ? 0 : at - 2; i < s->n && i < at + 2; i++) {
		int like = likeness(key, s->v[i].key);

		if (like < most)
			continue;
		same = like == most ? same + 1 : 1;
		most = like;
		best = i;
	}
	return same == 1 ? &s->v[best] : NULL;
}

/* Those that lead and those that follow, where each is most like the other. */
static void pair(const struct shelf *leads, const struct shelf *parts, size_t k,
    bool backwards)
{
	/* Where there is nothing else, any name will do. */
	const int least = leads->n == 1 && parts->n == 1 && !backwards ? 0 : 1;

	for (size_t i = 0; i < leads->n; i++) {
		const struct book *lead = &leads->v[i], *back;
		const struct book *part = find_alike(parts, lead->key, least);

		back = part ? find_alike(leads, part->key, least) : NULL;
		if (back != lead)
			continue;
		lead->file->parts[k] = strdup(part->file->path);
		part->file->taken = lead->file->parts[k] != NULL;
	}
}

static void pair_alike(struct import_files *files, const struct format *format,
    size_t k, bool backwards)
{
	struct shelf leads = {NULL, 0}, parts = {NULL, 0};

	if (shelf_fill(&leads, files, lacks_part, format, k, backwards) == 0 &&
	    shelf_fill(&parts, files, is_part, format, k, backwards) == 0)
		pair(&leads, &parts, k, backwards);
	shelf_free(&leads);
	shelf_free(&parts);
}

/* Parts go out; one that belongs to none is not read. */
static void settle(struct import_files *files)
{
	size_t n = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct import_file *f = &files->v[i];

		if (f->taken && !f->source) {
			import_file_free(f);
			continue;
		}
		if (f->format && f->part != 0) {
			f->format = NULL;
			f->why_not = "bytes of a recording: name the timing "
				     "file that goes with it, too";
		}
		files->v[n++] = *f;
	}
	files->n = n;
}

void companions_find(struct import_files *files)
{
	struct shelf all = {NULL, 0};

	if (shelf_fill(&all, files, is_any, NULL, 0, false) == 0)
		for (size_t i = 0; i < files->n; i++)
			if (files->v[i].format && files->v[i].part == 0)
				take_named(&all, &files->v[i]);
	shelf_free(&all);
	for (size_t i = 0; formats[i]; i++) {
		const struct format *f = formats[i];

		for (size_t k = 1; k < format_n_parts(f); k++) {
			if (f->parts[k].fixed || f->parts[k].optional)
				continue;
			/* "a.timing, a.out", or "timing.1, typescript.1". */
			pair_alike(files, f, k, false);
			pair_alike(files, f, k, true);
		}
	}
	settle(files);
}
