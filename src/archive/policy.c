/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/policy.h"

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>

#include "archive/archive.h"
#include "archive/layout.h"
#include "base/conf_value.h"

#define YEARS	    ((int64_t)86400 * 1000000 * 366 * 100)
#define BYTES	    ((int64_t)1 << 50)
#define AT(member)  offsetof(struct policy, member)
#define PATTERN_MAX 255

#define AGE_HELP                                                               \
	" that were kept longer than this are removed. Whole segments are, "   \
	"when all in them is so old. 0: no limit."
#define BYTES_HELP                                                             \
	" of one host take at most so much disk; the oldest are removed. "     \
	"0: no limit."

const struct conf_key policy_keys[] = {
    {"events.max_age", CONF_DURATION, AT(events.max_age), "0", 0, YEARS,
	.help = "Events" AGE_HELP},
    {"events.max_bytes", CONF_SIZE, AT(events.max_bytes), "0", 0, BYTES,
	.help = "Events" BYTES_HELP},
    {"recordings.max_age", CONF_DURATION, AT(recordings.max_age), "0", 0, YEARS,
	.help = "Recordings" AGE_HELP},
    {"recordings.max_bytes", CONF_SIZE, AT(recordings.max_bytes), "0", 0, BYTES,
	.help = "Recordings" BYTES_HELP},
    {"rules", CONF_LIST, AT(rules), "[]", 0, CONF_LIST_MAX,
	.help = "What holds for some hosts instead: \"HOST[,HOST] KIND "
		"[max_age=AGE] [max_bytes=SIZE]\", where HOST may have * and "
		"?, and KIND is events, recordings or all; of what a hub "
		"takes by syslog it is the sender's address or name. The first "
		"rule "
		"that fits counts; a limit that it does not name is none."},
    {"hold", CONF_LIST, AT(hold), "[]", 0, CONF_LIST_MAX,
	.help = "A legal hold: \"HOST[,HOST] KIND\", with the words of rules. "
		"Nothing of these is removed, whatever stands above, until "
		"the line is gone."},
    {0},
};

static const struct conf_key limit_keys[] = {
    {"max_age", CONF_DURATION, offsetof(struct policy_limits, max_age),
	.max = YEARS},
    {"max_bytes", CONF_SIZE, offsetof(struct policy_limits, max_bytes),
	.max = BYTES},
};

struct rule {
	struct str hosts, kind;
	struct policy_limits limits;
	bool limited; /* by at least one */
};

static bool set_limit(struct rule *r, struct str name, struct str value)
{
	const struct conf conf = {limit_keys, &r->limits, NULL};

	for (size_t i = 0; i < sizeof limit_keys / sizeof *limit_keys; i++)
		if (str_eqz(name, limit_keys[i].name))
			return conf_set_value(&conf, &limit_keys[i], value) ==
			       0;
	return false;
}

static bool parse_rule(struct str s, struct rule *ret)
{
	struct str word, name;

	*ret = (struct rule){.limits = {0}};
	str_cut(&s, ' ', &ret->hosts);
	str_cut(&s, ' ', &ret->kind);
	while (s.n) {
		str_cut(&s, ' ', &word);
		if (word.n == 0)
			continue;
		if (!str_cut(&word, '=', &name) || !set_limit(ret, name, word))
			return false;
		ret->limited = true;
	}
	return ret->hosts.n &&
	       (str_eqz(ret->kind, "all") || str_eqz(ret->kind, "events") ||
		   str_eqz(ret->kind, "recordings"));
}

static int complain(struct buf *complaints, const char *file, const char *what,
    size_t n, const char *limits)
{
	buf_printf(complaints,
	    "%s: %s %zu is not \"HOST[,HOST] events|recordings|all%s\"\n", file,
	    what, n, limits);
	return -EINVAL;
}

static int check(
    const struct policy *p, const char *file, struct buf *complaints)
{
	struct rule rule;

	for (size_t i = 0; i < p->rules.n; i++)
		if (!parse_rule(str_z(p->rules.v[i]), &rule))
			return complain(complaints, file, "rule", i + 1,
			    " [max_age=AGE] [max_bytes=SIZE]");
	for (size_t i = 0; i < p->hold.n; i++)
		if (!parse_rule(str_z(p->hold.v[i]), &rule) || rule.limited)
			return complain(complaints, file, "hold", i + 1, "");
	return 0;
}

int policy_load(struct policy *ret, const char *file, struct buf *complaints)
{
	const struct conf conf = {policy_keys, ret, &ret->texts};
	int r;

	*ret = (struct policy){.texts = ARENA_INIT};
	r = conf_load(&conf, file, complaints);
	return r < 0 ? r : check(ret, file, complaints);
}

void policy_free(struct policy *p)
{
	arena_free(&p->texts);
	*p = (struct policy){.texts = ARENA_INIT};
}

static bool fits_host(struct str patterns, struct str host)
{
	char pattern[PATTERN_MAX + 1], name[PATTERN_MAX + 1];
	struct str one;

	snprintf(name, sizeof name, "%.*s", STR_ARG(host));
	while (patterns.n) {
		str_cut(&patterns, ',', &one);
		snprintf(pattern, sizeof pattern, "%.*s", STR_ARG(one));
		if (fnmatch(pattern, name, 0) == 0)
			return true;
	}
	return false;
}

/* The first of the list that fits. */
static bool find_rule(const struct conf_list *list, const char *kind,
    struct str host, struct rule *ret)
{
	for (size_t i = 0; i < list->n; i++)
		if (parse_rule(str_z(list->v[i]), ret) &&
		    (str_eqz(ret->kind, "all") || str_eqz(ret->kind, kind)) &&
		    fits_host(ret->hosts, host))
			return true;
	return false;
}

bool policy_limits(
    const struct policy *p, const char *chain, struct policy_limits *ret)
{
	struct str host = layout_written_as(chain);
	bool recordings = str_skip(&host, STR(ARCHIVE_RECORDINGS));
	const char *kind = recordings ? "recordings" : "events";
	struct rule rule;

	if (!recordings && !str_skip(&host, STR("import:")) &&
	    !str_skip(&host, STR("events:")) &&
	    !str_skip(&host, STR("sender:")))
		return false;
	*ret = recordings ? p->recordings : p->events;
	if (find_rule(&p->rules, kind, host, &rule))
		*ret = rule.limits;
	if (find_rule(&p->hold, kind, host, &rule))
		*ret = (struct policy_limits){0, 0};
	return true;
}
