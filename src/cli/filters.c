/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/filters.h"

#include <errno.h>

#define DEFAULT_DAYS 7

const struct opt filters_opts[] = {
    {"text", 't', OPT_STR, "TEXT",
	"anything that holds TEXT, in upper or lower case",
	.at = offsetof(struct filters, text)},
    {"since", 'S', OPT_STR, "TIME",
	"only from TIME on: \"2026-11-22 10:00\", 10:00, yesterday, -2h, "
	"\"2 days ago\", @1795346625, or all",
	.at = offsetof(struct filters, since)},
    {"until", 'U', OPT_STR, "TIME", "only before TIME",
	.at = offsetof(struct filters, until)},
    {"user", 'u', OPT_EACH, "NAME",
	"login user, tried user, or target of sudo or su; repeatable",
	.at = offsetof(struct filters, user), .hint = OPT_HINT_USER},
    {"person", 'p', OPT_EACH, "NAME",
	"person behind the key or certificate; repeatable",
	.at = offsetof(struct filters, person)},
    {"host", 'H', OPT_EACH, "NAME", "host it happened on; repeatable",
	.at = offsetof(struct filters, host), .hint = OPT_HINT_HOST},
    {"from", 'f', OPT_EACH, "ADDR",
	"client address, a beginning of one (10.1.), or a network whose "
	"prefix ends at a dot or colon (10.1.0.0/16); repeatable",
	.at = offsetof(struct filters, from)},
    {"kind", 'k', OPT_LIST, "KIND,...",
	"kinds of events: exec, auth.fail, or auth for all of auth.*; "
	"'sshtrail help search' lists them",
	.at = offsetof(struct filters, kind)},
    {"session", 's', OPT_STR, "ID",
	"one session: its id, a unique beginning of it, or last",
	.at = offsetof(struct filters, session), .hint = OPT_HINT_SESSION},
    {"exit", 'x', OPT_STR, "STATUS", "exit status: a number, or nonzero",
	.at = offsetof(struct filters, exit)},
    {"cmd", 'c', OPT_STR, "TEXT",
	"commands that hold TEXT, in upper or lower case",
	.at = offsetof(struct filters, cmd)},
    {"path", 0, OPT_STR, "TEXT", "files whose path holds TEXT",
	.at = offsetof(struct filters, path), .hint = OPT_HINT_FILE},
    {"key", 0, OPT_STR, "KEY", "records of the audit rule with this key",
	.at = offsetof(struct filters, key)},
    {"limit", 'n', OPT_U64, "N", "at most N rows",
	.at = offsetof(struct filters, limit)},
    {"reverse", 'r', OPT_FLAG, .help = "oldest first",
	.at = offsetof(struct filters, reverse)},
    {"oldest-first", 0, OPT_FLAG, .help = "the same as --reverse",
	.at = offsetof(struct filters, reverse)},
    {.name = NULL},
};

const struct opt filters_all_opts[] = {
    {"all", 'a', OPT_FLAG,
	.help = "from the beginning: the same as --since all",
	.at = offsetof(struct filters, all)},
    {.name = NULL},
};

const struct opt filters_flag_opts[] = {
    {"root", 'R', OPT_FLAG, .help = "sessions that had root's rights",
	.at = offsetof(struct filters, root)},
    {"sudo", 0, OPT_FLAG, .help = "sessions with sudo, su or the like",
	.at = offsetof(struct filters, sudo)},
    {"transfer", 'T', OPT_FLAG, .help = "sessions that transferred files",
	.at = offsetof(struct filters, transfer)},
    {"failed", 'F', OPT_FLAG,
	.help = "sessions with failed attempts before the login",
	.at = offsetof(struct filters, failed)},
    {"gap", 'G', OPT_FLAG, .help = "sessions during which something was lost",
	.at = offsetof(struct filters, gap)},
    {"open", 'O', OPT_FLAG, .help = "sessions whose end was not seen",
	.at = offsetof(struct filters, open)},
    {.name = NULL},
};

void filters_free(struct filters *f)
{
	opt_list_free(&f->host);
	opt_list_free(&f->user);
	opt_list_free(&f->person);
	opt_list_free(&f->from);
	opt_list_free(&f->kind);
}

bool filters_about_events(const struct filters *f)
{
	return f->kind.n || f->exit || f->cmd || f->path || f->text || f->key;
}

static int set_values(struct cli *c, const char *option,
    const struct opt_list *list, struct str *ret, size_t *ret_n)
{
	if (list->n > QUERY_VALUES_MAX)
		return cli_usage(c, "--%s: %zu values; give at most %d", option,
		    list->n, QUERY_VALUES_MAX);
	for (size_t i = 0; i < list->n; i++)
		ret[i] = list->v[i];
	*ret_n = list->n;
	return CLI_FOUND;
}

/* The text up to and with the nth `sep`; all zero bits must follow. */
static struct str groups_of(struct str addr, char sep, size_t n)
{
	for (size_t i = 0; i < addr.n; i++)
		if (addr.p[i] == sep && --n == 0)
			return str_upto(addr, i + 1);
	return STR_NONE;
}

/*
 * A network as the beginning of its addresses' text, which is what the store
 * compares. Empty when its prefix does not end where a group of digits ends.
 */
static struct str network_prefix(struct str addr, uint64_t bits)
{
	struct str prefix;

	if (str_find_char(addr, ':') == STR_NPOS) {
		if (bits == 32)
			return addr;
		return bits % 8 || bits == 0 || bits > 32
			   ? STR_NONE
			   : groups_of(addr, '.', bits / 8);
	}
	if (bits == 128)
		return addr;
	if (bits % 16 || bits == 0 || bits > 128)
		return STR_NONE;
	prefix = groups_of(addr, ':', bits / 16);
	/* Behind "::" the number of groups is not known. */
	if (str_starts(prefix, STR(":")) ||
	    str_find(prefix, STR("::")) != STR_NPOS)
		return STR_NONE;
	return prefix;
}

static int set_addresses(
    struct cli *c, const struct filters *f, struct query *q)
{
	int r = set_values(c, "from", &f->from, q->addr, &q->n_addr);

	for (size_t i = 0; r == CLI_FOUND && i < q->n_addr; i++) {
		struct str rest = q->addr[i], addr;
		uint64_t bits;

		if (!str_cut(&rest, '/', &addr))
			continue;
		q->addr[i] = STR_NONE;
		if (str_u64(rest, &bits))
			q->addr[i] = network_prefix(addr, bits);
		if (!q->addr[i].n)
			r = cli_usage(c,
			    "--from %.*s/%.*s: a network's prefix must end "
			    "at a dot or colon; use /8, /16, /24 or a "
			    "beginning such as 10.1.",
			    STR_ARG(addr), STR_ARG(rest));
	}
	return r;
}

/* All kinds with this name, or in this family ("auth" for auth.*). */
static uint64_t kinds_named(struct str name)
{
	uint64_t kinds = 0;

	for (int k = 0; k < EVENT_N_KINDS; k++) {
		struct str kind = str_z(event_kind_name((enum event_kind)k));

		if (str_eq(kind, name) ||
		    (str_starts(kind, name) && kind.n > name.n &&
			kind.p[name.n] == '.'))
			kinds |= (uint64_t)1 << k;
	}
	return kinds;
}

static int set_kinds(struct cli *c, const struct filters *f, struct query *q)
{
	for (size_t i = 0; i < f->kind.n; i++) {
		uint64_t kinds = kinds_named(f->kind.v[i]);

		if (!kinds)
			return cli_usage(c,
			    "--kind %.*s: no such kind of event; 'sshtrail "
			    "help search' lists them",
			    STR_ARG(f->kind.v[i]));
		q->kinds |= kinds;
	}
	return CLI_FOUND;
}

static int set_exit(struct cli *c, const struct filters *f, struct query *q)
{
	if (!f->exit)
		return CLI_FOUND;
	if (str_eqz(STR("nonzero"), f->exit))
		q->exit_nonzero = true;
	else if (str_i64(str_z(f->exit), &q->exit))
		q->has_exit = true;
	else
		return cli_usage(
		    c, "--exit %s: neither a number nor \"nonzero\"", f->exit);
	return CLI_FOUND;
}

static int parse_time(
    struct cli *c, const char *option, const char *text, int64_t *ret)
{
	if (time_parse_when(str_z(text), c->now, ret))
		return CLI_FOUND;
	return cli_usage(c,
	    "--%s %s: not a time; use \"2026-11-22 10:00:01\", 10:00, "
	    "yesterday, -2h, \"2 days ago\" or @SECONDS",
	    option, text);
}

/* Begin of the default range, and a note when the store goes further back. */
static int default_since(
    struct cli *c, const struct filters *f, struct query *q)
{
	struct store_stats stats = {0};
	struct err err = {""};
	char since[TIME_LOCAL_LEN], oldest[TIME_LOCAL_LEN];
	int64_t end;
	int r = cli_open(c);

	if (r != CLI_FOUND)
		return r;
	r = c->store->ops->stats(c->store, &stats, &err);
	if (r < 0)
		return cli_fail_code(c, r, &err);
	end = f->until && q->until < stats.newest ? q->until : stats.newest;
	if (stats.events == 0 || end < INT64_MIN + DEFAULT_DAYS * USEC_PER_DAY)
		return CLI_FOUND;
	q->since = end - DEFAULT_DAYS * USEC_PER_DAY;
	if (stats.oldest >= q->since)
		return CLI_FOUND;
	time_format_local(q->since, since);
	time_format_local(stats.oldest, oldest);
	return cli_note(c,
	    "showing since %s, %d days before the %s; the store begins at %s: "
	    "--since or --all to go further back",
	    since, DEFAULT_DAYS, end == stats.newest ? "newest event" : "end",
	    oldest);
}

static int set_times(struct cli *c, const struct filters *f,
    enum default_range range, struct query *q)
{
	int r = CLI_FOUND;

	q->since = INT64_MIN;
	q->until = INT64_MAX;
	if (f->until)
		r = parse_time(c, "until", f->until, &q->until);
	if (r != CLI_FOUND || f->all || str_eqz(STR("all"), f->since))
		return r;
	if (f->since)
		r = parse_time(c, "since", f->since, &q->since);
	else if (range == RANGE_WEEK && !f->session)
		r = default_since(c, f, q);
	if (r == CLI_FOUND && q->since >= q->until)
		return cli_usage(c, "--since %s is not before --until %s",
		    f->since ? f->since : "(default)",
		    f->until ? f->until : "(default)");
	return r;
}

static unsigned session_flags(const struct filters *f)
{
	return (f->root ? TRACK_ROOT : 0u) | (f->sudo ? TRACK_SUDO : 0u) |
	       (f->transfer ? TRACK_TRANSFER : 0u) |
	       (f->failed ? TRACK_FAILURE : 0u) | (f->gap ? TRACK_GAP : 0u);
}

static struct str or_none(const char *z)
{
	return z ? str_z(z) : STR_NONE;
}

static void set_texts(const struct filters *f, struct query *q)
{
	q->cmd = or_none(f->cmd);
	q->path = or_none(f->path);
	q->text = or_none(f->text);
	q->key = or_none(f->key);
	q->limit = f->limit;
	q->order = f->reverse ? ORDER_OLDEST_FIRST : ORDER_NEWEST_FIRST;
	q->session_flags = session_flags(f);
	q->open_only = f->open;
}

int filters_query(const struct filters *f, struct cli *c,
    enum default_range range, struct query *q)
{
	int r;

	memset(q, 0, sizeof *q);
	set_texts(f, q);
	r = set_values(c, "host", &f->host, q->host, &q->n_host);
	if (r == CLI_FOUND)
		r = set_values(c, "user", &f->user, q->user, &q->n_user);
	if (r == CLI_FOUND)
		r = set_values(
		    c, "person", &f->person, q->person, &q->n_person);
	if (r == CLI_FOUND)
		r = set_addresses(c, f, q);
	if (r == CLI_FOUND)
		r = set_kinds(c, f, q);
	if (r == CLI_FOUND)
		r = set_exit(c, f, q);
	if (r == CLI_FOUND && f->session)
		r = cli_find_session(c, f->session, &q->session);
	if (r == CLI_FOUND)
		r = set_times(c, f, range, q);
	return r;
}
