/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/fields.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/audit/words.h"

#define N_SLOTS	  256
#define N_LETTERS 128

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
	uint64_t has; /* the key's bit of struct fields, if it has one */
	uint32_t len;
	uint32_t slot; /* where its value goes: beyond K_N when it has none */
};

/* Small, as it is looked at for every field. */
struct keys {
	uint64_t prefix[N_SLOTS]; /* first eight bytes, the first one lowest */
	uint8_t len[N_SLOTS];	  /* 0: free */
	uint8_t key[N_SLOTS];
	/*
	 * Records of a type have their fields in the same order: what followed
	 * a key the last time is tried before it is looked up. What records
	 * and their tails begin with is told by its first letter.
	 */
	uint8_t next[N_KEYS + N_LETTERS];
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
	    .len = (uint32_t)name.n + 1};
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
		k->pattern[i].has = i < K_N ? KEY_BIT(i) : 0;
		k->pattern[i].slot = (uint32_t)(i < K_N ? i : K_N);
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

/*
 * Where the blanks are in some bytes from `base` on: those that end values are
 * taken one after the other, without looking at the bytes between again.
 */
struct blanks {
	const char *base;
	uint64_t bits;
};

/* Leave out those in front of p. */
static inline void blanks_skip(struct blanks *b, const char *p)
{
	size_t n = (size_t)(p - b->base);

	b->bits = n < 64 ? b->bits & ~(uint64_t)0 << n : 0;
}

/* The first at or behind p, where the one before was p[-1]; NULL: far away. */
static inline const char *blanks_take(
    struct blanks *b, const char *p, const char *end)
{
	const char *ret;

	if (!b->bits) {
		b->base = p;
		b->bits = match64(p, end, ' ');
		if (!b->bits)
			return NULL;
	}
	ret = b->base + __builtin_ctzll(b->bits);
	b->bits &= b->bits - 1;
	return ret;
}

/*
 * Take fields as long as they are what most are: the expected key, a short bare
 * value with a blank behind it, or one in quotes. Returns where the first other
 * one begins.
 */
static inline const char *take_expected(const struct keys *keys, const char *p,
    const char *end, struct scan *s, uint64_t wanted, struct fields *f)
{
	unsigned before = s->before;
	struct blanks blanks = {p, 0};

	while (end - p >= 8 + WORDS_STEP && (f->has & wanted) != wanted) {
		unsigned key = keys->next[before];
		const struct pattern *guess = &keys->pattern[key];
		const char *from = p + guess->len, *to;

		if ((load8(p, 8) & guess->mask) != guess->bits ||
		    f->has & guess->has || *from == '\'')
			break;
		if (*from == '"') {
			to = find1(++from, end, '"');
			if (to == end)
				break;
			f->quoted |= guess->has;
			p = to + 1;
			p += p < end && *p == ' ';
			blanks_skip(&blanks, p);
		} else {
			to = blanks_take(&blanks, p, end);
			if (!to)
				break;
			p = to + 1;
		}
		f->has |= guess->has;
		f->v[guess->slot] = str_make(from, (size_t)(to - from));
		before = key;
	}
	if (before != s->before)
		s->stored = before < K_N ? before : K_N;
	s->before = before;
	return p;
}

static void scan_fields(
    struct keys *keys, struct str text, uint64_t wanted, struct fields *f)
{
	unsigned letter = text.n ? (unsigned char)text.p[0] % N_LETTERS : 0;
	struct scan s = {N_KEYS + letter, K_N, false};
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
		if (!s.old) {
			from = take_expected(keys, p, end, &s, wanted, f);
			if (from != p) {
				p = from;
				continue;
			}
		}
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
	scan_fields(k, str_upto(body, n), wanted, ret);
	if (n != STR_NPOS)
		scan_fields(k, str_from(body, n + 1), wanted, ret);
}
