/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/audit_rules.h"

#include "cli/host/words.h"
#include "sources/audit/own_rules.h"

/* For both kinds of programs, or for those of the machine itself alone. */
static void write_rule(struct buf *b, const struct own_rule *rule)
{
	static const char *const arches[] = {"b64", "b32"};
	struct str path = rule->calls ? STR_NONE : str_z(rule->path);
	bool dir = str_chop(&path, STR("/"));

	if (rule->why)
		buf_printf(b, "\n# %s.\n", rule->why);
	for (size_t a = 0; a < (rule->both ? 2 : 1); a++) {
		buf_printf(b, "-a always,exit -F arch=%s ", arches[a]);
		if (rule->calls)
			buf_printf(b, "-S %s ", rule->calls);
		else
			buf_printf(b, "-F %s=%.*s -F perm=wa ",
			    dir ? "dir" : "path", STR_ARG(path));
		if (rule->arg >= 0)
			buf_printf(
			    b, "-F a%d=%#x ", rule->arg, (unsigned)rule->value);
		buf_printf(b, "-F auid!=unset -k " OWN_RULES_SETUP_KEY "%s\n",
		    rule->key);
	}
}

void audit_rules_write(struct buf *b, bool (*has_dir)(void *ctx, const char *),
    void *ctx, uint64_t backlog)
{
	buf_add_z(b,
	    "# Made by 'sshtrail setup audit-rules', which undoes it too.\n"
	    "# auid!=unset: sessions of logins, root's too, and no services.\n"
	    "\n# Nobody ever waits for audit: what does not fit is lost, and "
	    "counted.\n"
	    "--backlog_wait_time 0\n");
	if (backlog < AUDIT_BACKLOG)
		buf_printf(b, "-b %d\n", AUDIT_BACKLOG);
	for (size_t i = 0; i < own_rules_count; i++) {
		const struct own_rule *rule = &own_rules[i];

		if (!rule->path || !str_ends(str_z(rule->path), STR("/")) ||
		    has_dir(ctx, rule->path))
			write_rule(b, rule);
	}
}

size_t audit_rules_count(struct str text)
{
	struct str line, word;
	size_t n = 0;

	while (text.n) {
		str_cut(&text, '\n', &line);
		n += word_next(&line, &word) &&
		     (str_eqz(word, "-a") || str_eqz(word, "-A") ||
			 str_eqz(word, "-w"));
	}
	return n;
}

uint64_t audit_rules_backlog(struct str text)
{
	struct str line, word;
	uint64_t most = 0, v;

	while (text.n) {
		str_cut(&text, '\n', &line);
		if (word_next(&line, &word) && str_eqz(word, "-b") &&
		    word_next(&line, &word) && str_u64(word, &v) && v > most)
			most = v;
	}
	return most;
}
