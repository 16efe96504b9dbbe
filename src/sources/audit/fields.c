/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/fields.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/audit/words.h"

#define N_SLOTS 256

/* Keys with a value, then those without, then one for all that are unknown. */
enum {
#define X(key) +1
	KEY_UNKNOWN = K_N AUDIT_UNUSED_KEYS(X),
#undef X
	N_KEYS
};

static const char *const key_names[KEY_UNKNOWN] = {
#define X(c, key) key,
    AUDIT_KEYS(X)
#undef X
#define X(key) key,
	AUDIT_UNUSED_KEYS(X)
#undef X
};

/* A key with its '=' as eight bytes, the first one lowest. */
struct pattern {
	uint64_t bits, mask;
	size_t len;
};

/* Small, as it is looked at for every field. */
struct keys {
	uint64_t prefix[N_SLOTS]; /* first eight bytes, the first one lowest */
	uint8_t len[N_SLOTS];	  /* 0: free */
	uint8_t key[N_SLOTS];
	/*
	 * Records of a type have their fields in the same order: what followed
	 * a key the last time is tried before it is looked up. What a record
	 * begins with follows KEY_UNKNOWN, what its tail begins with N_KEYS.
	 */
	uint8_t next[N_KEYS + 1];
	struct pattern pattern[N_KEYS];
};

#define LAST_WINS                                                              \
	(KEY_BIT(K_ADDR) | KEY_BIT(K_HOSTNAME) | KEY_BIT(K_TERMINAL) |         \
	    KEY_BIT(K_RES) | KEY_BIT(K_AUID_NAME))

static size_t key_hash(uint64_t prefix, size_t len)
{
	return (size_t)((prefix + len) * 0x9e3779b97f4a7c15u >> 56);
}

static uint64_t first_bytes(size_t n)
{
	return n < 8 ? ((uint64_t)1 << (8 * n)) - 1 : ~(uint64_t)0;
}

static unsigned key_find(const struct keys *k, uint64_t prefix, struct str name)
{
	size_t at = key_hash(prefix, name.n);

	for (;; at = (at + 1) % N_SLOTS) {
		if (k->prefix[at] == prefix && k->len[at] == name.n &&
		    (name.n <= 8 || str_eqz(name, key_names[k->key[at]])))
			return k->key[at];
		if (!k->len[at])
			return KEY_UNKNOWN;
	}
}

static struct pattern pattern_of(struct str name)
{
	const uint64_t equals = '=';

	/* Longer ones are looked up always: this is no eight bytes. */
	if (name.n > 7)
		return (struct pattern){.bits = 1};
	return (struct pattern){
	    .bits = load8(name.p, name.n) | equals << (8 * name.n),
	    .mask = first_bytes(name.n + 1),
	    .len = name.n + 1};
}

int keys_new(struct keys **ret)
{
	struct keys *k = calloc(1, sizeof *k);

	if (!k)
		return -ENOMEM;
	k->pattern[KEY_UNKNOWN] = (struct pattern){.bits = 1};
	for (size_t i = 0; i < KEY_UNKNOWN; i++) {
		struct str name = str_z(key_names[i]);
		uint64_t prefix = load8(name.p, name.n);
		size_t at = key_hash(prefix, name.n);

		while (k->len[at])
			at = (at + 1) % N_SLOTS;
		k->prefix[at] = prefix;
		k->len[at] = (uint8_t)name.n;
		k->key[at] = (uint8_t)i;
		k->pattern[i] = pattern_of(name);
	}
	*ret = k;
	return 0;
}

void keys_free(struct keys *k)
{
	free(k);
}

/*
 * msg='...': the inside ends at the last apostrophe before the enriched tail,
 * as account names may hold apostrophes. Returns where it ends.
 */
static const char *take_nested(
    const char *p, const char *end, struct fields *f, struct str *ret)
{
	struct str rest = str_make(p + 1, (size_t)(end - p - 1));
	size_t quote = str_rfind_char(rest, '\'');

	*ret = str_upto(rest, quote);
	if (quote != STR_NPOS)
		return p + 1 + quote + 1;
	f->cut = true;
	return end;
}

/* What stands between double quotes. Returns where it ends. */
static inline const char *take_quoted(
    const char *p, const char *end, struct fields *f, struct str *ret)
{
	const char *to = find1(p + 1, end, '"');

	*ret = str_make(p + 1, (size_t)(to - p - 1));
	f->cut |= to == end;
	return to == end ? to : to + 1;
}

struct scan {
	unsigned before; /* key of the token before */
	unsigned stored; /* the same, or K_N where that one was not stored */
	bool old;	 /* the word before was "old" */
};

/*
 * A word without '=': it continues an `op` with blanks in it, or is the "old"
 * of the LOGIN record of kernels before 3.14 ("old auid=1 new auid=2").
 */
static inline void take_word(
    struct scan *s, struct fields *f, const char *from, const char *to)
{
	if (s->stored == K_OP && !(f->quoted & KEY_BIT(K_OP)))
		f->v[K_OP].n = (size_t)(to - f->v[K_OP].p);
	else
		s->stored = K_N;
	s->old = to - from == 3 && memcmp(from, "old", 3) == 0;
}

static inline void store(
    struct scan *s, struct fields *f, unsigned k, struct str v, bool quoted)
{
	if (s->old && k == K_AUID)
		k = K_OLD_AUID;
	else if (s->old && k == K_SES)
		k = K_OLD_SES;
	s->old = false;
	s->stored = K_N;
	if (k >= K_N)
		return;
	if (f->has & KEY_BIT(k)) {
		if (!(LAST_WINS & KEY_BIT(k)))
			return;
		f->quoted &= ~KEY_BIT(k);
	}
	s->stored = k;
	f->has |= KEY_BIT(k);
	f->quoted |= (uint64_t)quoted << k;
	f->v[k] = v;
}

/*
 * The key in front of p is looked up. Returns where its value begins; NULL for
 * a word without '=', which ends at *gap.
 */
static inline const char *take_key(struct keys *keys, const char *p,
    const char *end, unsigned *key, const char **gap)
{
	const char *to = p;
	struct str name;

	while (to < end && *to != '=' && *to != ' ')
		to++;
	*gap = to;
	if (to == end || *to == ' ')
		return NULL;
	name = str_make(p, (size_t)(to - p));
	*key = key_find(
	    keys, load8(p, (size_t)(end - p)) & first_bytes(name.n), name);
	return to + 1;
}

/* The value in front of p. Returns where it ends. */
static inline const char *take_value(const char *p, const char *end,
    unsigned key, struct fields *f, struct str *ret)
{
	const char *to;

	if (p < end && *p == '"')
		return take_quoted(p, end, f, ret);
	if (key == K_MSG && p < end && *p == '\'')
		return take_nested(p, end, f, ret);
	to = find1(p, end, ' ');
	*ret = str_make(p, (size_t)(to - p));
	return to;
}

static void scan_fields(struct keys *keys, struct str text, unsigned first,
    uint64_t wanted, struct fields *f)
{
	struct scan s = {first, K_N, false};
	const char *p = text.p, *end = p + text.n, *gap;

	while ((f->has & wanted) != wanted) {
		const struct pattern *guess;
		const char *from;
		unsigned key;
		struct str v;

		while (p < end && (*p == ' ' || *p == 0x1d))
			p++;
		if (p == end)
			return;
		key = keys->next[s.before];
		guess = &keys->pattern[key];
		if (end - p >= 8 &&
		    (load8(p, 8) & guess->mask) == guess->bits) {
			from = p + guess->len;
		} else if ((from = take_key(keys, p, end, &key, &gap))) {
			keys->next[s.before] = (uint8_t)key;
		} else {
			take_word(&s, f, p, gap);
			p = gap;
			continue;
		}
		p = take_value(from, end, key, f, &v);
		store(&s, f, key, v, from < end && *from == '"');
		s.before = key;
	}
}

void fields_parse(
    struct keys *k, struct str body, uint64_t wanted, struct fields *ret)
{
	/* Split first, so that a value never runs into the enriched tail. */
	size_t n = str_find_char(body, 0x1d);

	ret->has = ret->quoted = 0;
	ret->cut = false;
	scan_fields(k, str_upto(body, n), KEY_UNKNOWN, wanted, ret);
	if (n != STR_NPOS)
		scan_fields(k, str_from(body, n), N_KEYS, wanted, ret);
}
