/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/rec/settings.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "sources/rec/wire.h"

#define AT(member) offsetof(struct settings, member)
#define MIB	   ((int64_t)1 << 20)

static const char *const fail_words[] = {
    [FAIL_OPEN] = "open", [FAIL_CLOSED] = "closed", NULL};
static const char *const on_words[] = {"off", "on", NULL};

const struct conf_key settings_keys[] = {
    {"socket", CONF_PATH, AT(socket), WIRE_SOCKET,
	.help = "Where sshtraild takes recordings: its taps.rec."},
    {"shell", CONF_PATH, AT(shell), "/bin/bash",
	.help = "The shell of those whose login shell sshtrail-rec is."},
    {"shells", CONF_LIST, AT(shells), "[]", 0, CONF_LIST_MAX,
	.help = "Other shells for some of them, each as USER:PATH."},
    {"fail", CONF_ENUM, AT(fail), "open", .choices = fail_words,
	.help = "What happens where nothing can be recorded. open: the "
		"session goes on, and what is missing is told when the daemon "
		"is back. closed: it ends, or does not begin."},
    {"rescue", CONF_STR, AT(rescue), NULL, .max = 32,
	.help = "A group whose members get in all the same when fail is "
		"closed."},
    {"input", CONF_ENUM, AT(input), "off", .choices = on_words,
	.help = "Whether what is typed is recorded, too, while the terminal "
		"echoes it. What is typed while it does not is never kept."},
    {"memory", CONF_SIZE, AT(memory), "8MiB", 2 * MIB, 1024 * MIB,
	.help = "So much of a session is kept in memory while the daemon is "
		"away; then it goes to a file in spool."},
    {"spool", CONF_PATH, AT(spool), WIRE_SPOOL,
	.help = "Where files of sessions wait for the daemon; its rec.spool."},
    {"spool_limit", CONF_SIZE, AT(spool_limit), "64MiB", 0, 1024 * 1024 * MIB,
	.help = "So much of a session goes to its file. What is beyond it, or "
		"has no room on the disk, is lost, and counted."},
    {0},
};

int settings_load(
    struct settings *ret, const char *file, struct buf *complaints)
{
	const struct conf conf = {settings_keys, ret, &ret->texts};
	const bool none = access(file, F_OK) < 0 && errno == ENOENT;
	int r;

	*ret = (struct settings){.texts = ARENA_INIT};
	r = conf_load(&conf, none ? NULL : file, complaints);
	if (r < 0 && !none) {
		arena_free(&ret->texts);
		*ret = (struct settings){.texts = ARENA_INIT};
		conf_load(&conf, NULL, complaints);
	}
	return r;
}

const char *settings_shell(const struct settings *s, const char *user)
{
	for (size_t i = 0; user && i < s->shells.n; i++) {
		struct str path = str_z(s->shells.v[i]), name;

		if (str_cut(&path, ':', &name) && str_eqz(name, user) &&
		    path.n && path.p[0] == '/')
			return path.p;
	}
	return s->shell;
}

bool settings_records_input(const struct settings *s)
{
	return str_eqz(str_z(on_words[s->input]), "on");
}
