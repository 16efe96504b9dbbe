/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf_value.h"

#include <errno.h>

#include "base/when.h"

#define STR_MAX 255 /* bytes of a CONF_STR, where `max` does not say */

struct unit {
	const char *name;
	int64_t size;
};

/* The largest first. */
static const struct unit sizes[] = {
    {"TiB", (int64_t)1 << 40},
    {"GiB", 1 << 30},
    {"MiB", 1 << 20},
    {"KiB", 1 << 10},
    {"B", 1},
};

static const struct unit durations[] = {
    {"d", USEC_PER_DAY},
    {"h", 3600 * USEC_PER_SEC},
    {"min", 60 * USEC_PER_SEC},
    {"s", USEC_PER_SEC},
    {"ms", 1000},
    {"us", 1},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool parse_size(struct str s, int64_t *ret)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct str number = s;
		int64_t n;

		if (!str_chop(&number, str_z(sizes[i].name)))
			continue;
		return str_i64(str_trim(number), &n) && n >= 0 &&
		       !__builtin_mul_overflow(n, sizes[i].size, ret);
	}
	/* Of all sizes only 0 needs no unit. */
	return str_eq(s, STR("0")) && str_i64(s, ret);
}

static bool parse_bool(struct str s, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {{"true", true}, {"false", false}, {"yes", true},
	    {"no", false}, {"on", true}, {"off", false}};

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq_fold(s, str_z(words[i].word))) {
			*ret = words[i].value;
			return true;
		}
	return false;
}

static bool parse_choice(const char *const *choices, struct str s, int *ret)
{
	for (int i = 0; choices && choices[i]; i++)
		if (str_eqz(s, choices[i])) {
			*ret = i;
			return true;
		}
	return false;
}

static bool parse_number(const struct conf_key *key, struct str s, int64_t *ret)
{
	int64_t n;
	bool good = key->type == CONF_INT    ? str_i64(s, &n)
		    : key->type == CONF_SIZE ? parse_size(s, &n)
					     : time_parse_span(s, &n);

	if (!good || ((key->min || key->max) && (n < key->min || n > key->max)))
		return false;
	*ret = n;
	return true;
}

static size_t text_max(const struct conf_key *key)
{
	if (key->type == CONF_PATH)
		return CONF_TEXT_MAX;
	return key->type == CONF_STR && key->max ? (size_t)key->max : STR_MAX;
}

int conf_keep_text(
    const struct conf *c, struct str s, size_t max, const char **ret)
{
	struct str kept;

	if (s.n == 0 || s.n > (max ? max : STR_MAX))
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return -EINVAL;
	kept = arena_dup(c->texts, s);
	if (!kept.p)
		return -ENOMEM;
	*ret = kept.p;
	return 0;
}

int conf_set_value(
    const struct conf *c, const struct conf_key *key, struct str s)
{
	void *to = (char *)c->target + key->at;
	int choice;

	switch (key->type) {
	case CONF_BOOL:
		return parse_bool(s, to) ? 0 : -EINVAL;
	case CONF_INT:
	case CONF_SIZE:
	case CONF_DURATION:
		return parse_number(key, s, to) ? 0 : -EINVAL;
	case CONF_ENUM:
		return parse_choice(key->choices, s, to) ? 0 : -EINVAL;
	case CONF_PATH:
		if (!str_starts(s, STR("/")) &&
		    !parse_choice(key->choices, s, &choice))
			return -EINVAL;
		return conf_keep_text(c, s, text_max(key), to);
	case CONF_STR:
		return conf_keep_text(c, s, text_max(key), to);
	case CONF_LIST:
		break;
	}
	return -EINVAL;
}

int conf_set_list(const struct conf *c, const struct conf_key *key,
    const char *const *v, size_t n)
{
	struct conf_list *to = (void *)((char *)c->target + key->at);
	const char **kept;

	if ((key->min || key->max) &&
	    ((int64_t)n < key->min || (int64_t)n > key->max))
		return -EINVAL;
	kept = arena_alloc(c->texts, n * sizeof *kept);
	if (!kept)
		return -ENOMEM;
	if (n)
		memcpy(kept, v, n * sizeof *kept);
	*to = (struct conf_list){kept, n};
	return 0;
}

/* What people read. */

static void add_in_unit(
    struct buf *b, const struct unit *units, size_t n, int64_t v)
{
	size_t i = 0;

	while (i + 1 < n && (v == 0 || v % units[i].size != 0))
		i++;
	buf_printf(b, "%lld%s", (long long)(v / units[i].size), units[i].name);
}

static void add_number(struct buf *b, const struct conf_key *key, int64_t v)
{
	if (key->type == CONF_SIZE)
		add_in_unit(b, sizes, COUNT(sizes), v);
	else if (key->type == CONF_DURATION)
		add_in_unit(b, durations, COUNT(durations), v);
	else
		buf_printf(b, "%lld", (long long)v);
}

static void add_range(struct buf *b, const struct conf_key *key)
{
	if (!key->min && !key->max)
		return;
	buf_add_z(b, ", ");
	add_number(b, key, key->min);
	buf_add_z(b, " to ");
	add_number(b, key, key->max);
}

/* "a, b or LAST", LAST being the last choice when it is NULL. */
static void add_choices(
    struct buf *b, const char *const *choices, const char *last)
{
	for (; choices && *choices; choices++) {
		bool is_last = !last && !choices[1];
		bool before_last =
		    last ? !choices[1] : choices[1] && !choices[2];

		buf_printf(b, "%s%s", *choices,
		    is_last	  ? ""
		    : before_last ? " or "
				  : ", ");
	}
	buf_add_z(b, last ? last : "");
}

void conf_describe(const struct conf_key *key, struct buf *b)
{
	switch (key->type) {
	case CONF_BOOL:
		buf_add_z(b, "true or false");
		break;
	case CONF_INT:
		buf_add_z(b, "a number");
		if (key->unit)
			buf_printf(b, " of %s", key->unit);
		add_range(b, key);
		break;
	case CONF_SIZE:
		buf_printf(b, "a size as %s", key->preset);
		add_range(b, key);
		break;
	case CONF_DURATION:
		buf_printf(b, "a duration as %s", key->preset);
		add_range(b, key);
		break;
	case CONF_STR:
		buf_printf(b, "a text of at most %zu bytes", text_max(key));
		break;
	case CONF_PATH:
		buf_add_z(b, key->choices ? "one of " : "");
		add_choices(b, key->choices, "an absolute path");
		break;
	case CONF_ENUM:
		buf_add_z(b, "one of ");
		add_choices(b, key->choices, NULL);
		break;
	case CONF_LIST:
		buf_add_z(b, "a list of texts");
		if (key->min || key->max)
			buf_printf(b, ", %lld to %lld of them",
			    (long long)key->min, (long long)key->max);
		break;
	}
}
