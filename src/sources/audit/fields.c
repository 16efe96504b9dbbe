/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/fields.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/audit/words.h"

#define N_SLOTS 256

/* Small, as it is looked at for every field. */
struct keys {
	uint64_t prefix[N_SLOTS]; /* first eight bytes, the first one lowest */
	uint8_t len[N_SLOTS];	  /* 0: free */
	uint8_t key[N_SLOTS];
};

static const char *const key_names[] = {
#define X(c, key) key,
    AUDIT_KEYS(X)
#undef X
};

#define LAST_WINS                                                              \
	(KEY_BIT(K_ADDR) | KEY_BIT(K_HOSTNAME) | KEY_BIT(K_TERMINAL) |         \
	    KEY_BIT(K_RES) | KEY_BIT(K_AUID_NAME))

static size_t key_hash(uint64_t prefix, size_t len)
{
	return (size_t)((prefix + len) * 0x9e3779b97f4a7c15u >> 56);
}

static inline enum audit_key key_find(
    const struct keys *k, uint64_t prefix, struct str name)
{
	size_t at = key_hash(prefix, name.n);

	for (;; at = (at + 1) % N_SLOTS) {
		if (k->prefix[at] == prefix && k->len[at] == name.n &&
		    (name.n <= 8 || str_eqz(name, key_names[k->key[at]])))
			return k->key[at];
		if (!k->len[at])
			return K_N;
	}
}

int keys_new(struct keys **ret)
{
	struct keys *k = calloc(1, sizeof *k);

	if (!k)
		return -ENOMEM;
	for (size_t i = 0; i < K_N; i++) {
		struct str name = str_z(key_names[i]);
		uint64_t prefix = load8(name.p, name.n);
		size_t at = key_hash(prefix, name.n);

		while (k->len[at])
			at = (at + 1) % N_SLOTS;
		k->prefix[at] = prefix;
		k->len[at] = (uint8_t)name.n;
		k->key[at] = (uint8_t)i;
	}
	*ret = k;
	return 0;
}

void keys_free(struct keys *k)
{
	free(k);
}

struct scan {
	const struct keys *keys;
	struct fields *f;
	const char *p, *end;
	enum audit_key last; /* key of the token before */
	bool old;	     /* the word before was "old" */
};

/*
 * msg='...': the inside ends at the last apostrophe before the enriched tail,
 * as account names may hold apostrophes.
 */
static struct str take_nested(struct scan *s)
{
	const char *from = s->p + 1;
	struct str rest = str_make(from, (size_t)(s->end - from));
	size_t quote = str_rfind_char(rest, '\'');

	if (quote == STR_NPOS) {
		s->f->cut = true;
		s->p = s->end;
		return rest;
	}
	s->p = from + quote + 1;
	return str_upto(rest, quote);
}

/* What stands between double quotes. */
static inline struct str take_quoted(struct scan *s)
{
	const char *from = s->p + 1, *to = find1(from, s->end, '"');

	s->f->cut |= to == s->end;
	s->p = to == s->end ? to : to + 1;
	return str_make(from, (size_t)(to - from));
}

/*
 * A word without '=': it continues an `op` with blanks in it, or is the "old"
 * of the LOGIN record of kernels before 3.14 ("old auid=1 new auid=2").
 */
static void take_word(struct scan *s, const char *from, const char *to)
{
	struct str word = str_make(from, (size_t)(to - from));

	s->p = to;
	if (s->last == K_OP && !(s->f->quoted & KEY_BIT(K_OP)))
		s->f->v[K_OP].n = (size_t)(to - s->f->v[K_OP].p);
	else
		s->last = K_N;
	s->old = str_eq(word, STR("old"));
}

static void store(struct scan *s, enum audit_key k, struct str v, bool quoted)
{
	struct fields *f = s->f;

	if (s->old && k == K_AUID)
		k = K_OLD_AUID;
	else if (s->old && k == K_SES)
		k = K_OLD_SES;
	s->old = false;
	if ((f->has & KEY_BIT(k)) && !(LAST_WINS & KEY_BIT(k))) {
		s->last = K_N;
		return;
	}
	s->last = k;
	f->has |= KEY_BIT(k);
	f->quoted = (f->quoted & ~KEY_BIT(k)) | (uint64_t)quoted << k;
	f->v[k] = v;
}

/* Where the words in front of s->p end. */
struct ends {
	size_t key;	 /* bytes up to the first '=' or ' ' */
	const char *gap; /* the first ' '; with a key, the one behind it */
};

static inline struct ends find_ends(const struct scan *s)
{
	const char *p = s->p, *end = s->end;
	struct ends e;

	if (__builtin_expect(end - p >= WORDS_STEP, 1)) {
		uint32_t gaps = match16(p, ' '), m = match16(p, '=') | gaps;

		if (__builtin_expect(m != 0, 1)) {
			e.key = (size_t)__builtin_ctz(m);
			e.gap = gaps ? p + __builtin_ctz(gaps)
				     : find1(p + WORDS_STEP, end, ' ');
			return e;
		}
	}
	e.gap = find1(p, end, ' ');
	e.key = (size_t)(find1(p, e.gap, '=') - p);
	return e;
}

static inline void take_field(struct scan *s)
{
	const char *from = s->p;
	struct ends e = find_ends(s);
	enum audit_key k;
	struct str value;
	uint64_t prefix;
	bool quoted;

	if (from + e.key == e.gap) {
		take_word(s, from, e.gap);
		return;
	}
	prefix = load8(from, (size_t)(s->end - from));
	if (e.key < 8)
		prefix &= ((uint64_t)1 << (8 * e.key)) - 1;
	k = key_find(s->keys, prefix, str_make(from, e.key));
	s->p = from + e.key + 1;
	quoted = s->p < s->end && *s->p == '"';
	if (quoted) {
		value = take_quoted(s);
	} else if (k == K_MSG && s->p < s->end && *s->p == '\'') {
		value = take_nested(s);
	} else {
		value = str_make(s->p, (size_t)(e.gap - s->p));
		s->p = e.gap;
	}
	if (k != K_N)
		store(s, k, value, quoted);
	else
		s->last = K_N;
}

static void scan_fields(struct scan *s, uint64_t wanted)
{
	while ((s->f->has & wanted) != wanted) {
		while (s->p < s->end && (*s->p == ' ' || *s->p == 0x1d))
			s->p++;
		if (s->p == s->end)
			return;
		take_field(s);
	}
}

void fields_parse(
    const struct keys *k, struct str body, uint64_t wanted, struct fields *ret)
{
	struct scan s = {k, ret, body.p, NULL, K_N, false};
	/* Split first, so that a value never runs into the enriched tail. */
	const char *tail = body.n ? memchr(body.p, 0x1d, body.n) : NULL;

	ret->has = ret->quoted = 0;
	ret->cut = false;
	if (!body.n)
		return;
	s.end = tail ? tail : body.p + body.n;
	scan_fields(&s, wanted);
	if (!tail)
		return;
	s.p = tail;
	s.end = body.p + body.n;
	s.last = K_N;
	s.old = false;
	scan_fields(&s, wanted);
}
