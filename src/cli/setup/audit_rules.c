/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/audit_rules.h"

#include "cli/host/words.h"

/* System calls of login sessions, each for both kinds of programs. */
static const struct {
	const char *why; /* NULL: as the one above */
	const char *calls, *filter, *key;
	bool both; /* 32-bit programs too: their calls and arguments fit */
} call_rules[] = {
    {"Every program that is run in a login session", "execve,execveat", "",
	"exec", true},
    {"Connections over IPv4 and IPv6 (by the size of the address)", "connect",
	"-F a2=16 ", "net", false},
    {NULL, "connect", "-F a2=28 ", "net", false},
    {"Reaching into another process: attach, seize", "ptrace", "-F a0=0x10 ",
	"trace", true},
    {NULL, "ptrace", "-F a0=0x4206 ", "trace", true},
    {"Kernel modules", "init_module,finit_module,delete_module", "", "module",
	true},
    {"The clock", "settimeofday,clock_settime", "", "time", true},
    {"A way to work on files and sockets that shows no calls", "io_uring_setup",
	"", "uring", true},
};

/* Files and directories (with "/" at the end) in which changes are told. */
static const struct {
	const char *path, *key;
} watch_rules[] = {
    {"/etc/passwd", "identity"},
    {"/etc/shadow", "identity"},
    {"/etc/group", "identity"},
    {"/etc/gshadow", "identity"},
    {"/etc/sudoers", "identity"},
    {"/etc/sudoers.d/", "identity"},
    {"/etc/ssh/", "sshd"},
    {"/etc/pam.d/", "sshd"},
    {"/root/.ssh/", "sshd"},
    {"/etc/audit/", "audit"},
    {"/etc/sshtrail/", "audit"},
};

static const char *const arches[] = {"b64", "b32"};

static void write_calls(struct buf *b)
{
	for (size_t i = 0; i < sizeof call_rules / sizeof *call_rules; i++) {
		if (call_rules[i].why)
			buf_printf(b, "\n# %s.\n", call_rules[i].why);
		for (size_t a = 0; a < (call_rules[i].both ? 2 : 1); a++)
			buf_printf(b,
			    "-a always,exit -F arch=%s -S %s %s-F auid!=unset "
			    "-k " AUDIT_KEY_PREFIX "%s\n",
			    arches[a], call_rules[i].calls,
			    call_rules[i].filter, call_rules[i].key);
	}
}

static void write_watches(
    struct buf *b, bool (*has_dir)(void *ctx, const char *), void *ctx)
{
	buf_add_z(b, "\n# Who may log in and how, and what watches them.\n");
	for (size_t i = 0; i < sizeof watch_rules / sizeof *watch_rules; i++) {
		struct str path = str_z(watch_rules[i].path);
		bool dir = str_ends(path, STR("/"));

		if (dir && !has_dir(ctx, watch_rules[i].path))
			continue;
		str_chop(&path, STR("/"));
		for (size_t a = 0; a < 2; a++)
			buf_printf(b,
			    "-a always,exit -F arch=%s -F %s=%.*s -F perm=wa "
			    "-F auid!=unset -k " AUDIT_KEY_PREFIX "%s\n",
			    arches[a], dir ? "dir" : "path", STR_ARG(path),
			    watch_rules[i].key);
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
	write_calls(b);
	write_watches(b, has_dir, ctx);
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
