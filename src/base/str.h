/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A string is a pointer and a length: it may hold any byte, has no final NUL,
 * and points into memory that somebody else owns. Parsers cut such slices out
 * of their input without copying.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
/* As STR(), for the initialisers of static tables. */
#define STR_INIT(lit)                                                          \
	{                                                                      \
		"" lit, sizeof(lit) - 1                                        \
	}
#define STR_NONE ((struct str){NULL, 0})
/* For printf: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s)                                                             \
	(int)((s).n > 0x7fffffff ? 0x7fffffff : (s).n), (s).p ? (s).p : ""

static inline struct str str_make(const void *p, size_t n)
{
	return (struct str){p, n};
}

static inline struct str str_z(const char *z)
{
	return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_eqz(struct str a, const char *z)
{
	return str_eq(a, str_z(z));
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n &&
	       (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 ||
		   memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The part from `at` (clamped to the end) on, and the part before `at`. */
static inline struct str str_from(struct str s, size_t at)
{
	if (at > s.n)
		at = s.n;
	return (struct str){s.p ? s.p + at : NULL, s.n - at};
}

static inline struct str str_upto(struct str s, size_t at)
{
	return (struct str){s.p, at < s.n ? at : s.n};
}

/* memcmp order, then length. */
int str_cmp(struct str a, struct str b);
/* ASCII case folded equality. */
bool str_eq_fold(struct str a, struct str b);

#define STR_NPOS ((size_t)-1)
/* Index of the first or last occurrence, STR_NPOS when there is none. */
size_t str_find(struct str s, struct str needle);
size_t str_rfind(struct str s, struct str needle);
static inline size_t str_find_char(struct str s, char c)
{
	const char *at = s.n ? (const char *)memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : STR_NPOS;
}

size_t str_rfind_char(struct str s, char c);

/* What stands behind the last slash; all of it where there is none. */
static inline struct str str_base_name(struct str path)
{
	size_t slash = str_rfind_char(path, '/');

	return slash == STR_NPOS ? path : str_from(path, slash + 1);
}

/*
 * Take a prefix off the front of *s, or a suffix off its end. False, and *s
 * unchanged, when it is not there. Here, as most are literals: comparing with
 * one is a load or two then.
 */
static inline bool str_skip(struct str *s, struct str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_from(*s, prefix.n);
	return true;
}

static inline bool str_chop(struct str *s, struct str suffix)
{
	if (!str_ends(*s, suffix))
		return false;
	s->n -= suffix.n;
	return true;
}

/*
 * Take from *s all before the first `sep` and `sep` itself. When there is no
 * `sep`: all of *s is taken, and false is returned.
 */
static inline bool str_cut(struct str *s, char sep, struct str *ret_head)
{
	size_t at = str_find_char(*s, sep);

	*ret_head = str_upto(*s, at);
	*s = str_from(*s, at == STR_NPOS ? s->n : at + 1);
	return at != STR_NPOS;
}

/* Without blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);

/*
 * Whole-string conversions: false, and nothing stored, when the string is
 * empty, holds anything else than the number, or overflows.
 */
bool str_u64(struct str s, uint64_t *ret);
bool str_i64(struct str s, int64_t *ret);
bool str_hex64(struct str s, uint64_t *ret);
bool str_oct64(struct str s, uint64_t *ret);

/* Value of one hexadecimal digit, -1 for any other character. */
int str_hexdigit(char c);

#endif
