/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/scenario.h"

#define EVENTS_MAX 32

/* For each event: '+' told, '.' left out, 'P' told as change of identity. */
struct scene {
	const char *name, *events, *want;
	const char *privs; /* "via target cmd" of each, one a line */
};

#define SUDO_EXEC                                                              \
	"audit exec 100 pid=10 ppid=5 euid=0 exe=/usr/bin/sudo "               \
	"argv=sudo,id\n"
#define SUDO_CMD "audit priv 100 pid=10 via=sudo op=command cmd=id user=ann\n"
#define SUDO_START                                                             \
	"audit priv 100 pid=10 via=sudo op=session_open target=root\n"
#define SUDO_END "audit priv 900 pid=10 via=sudo op=session_close target=root\n"
#define SUDO_LOG "auth-log priv 101 via=sudo target=root cmd=/usr/bin/id\n"
#define TRY(t, pid, exit)                                                      \
	"audit exec " t " pid=" pid " ppid=5 success=0 exit=" exit             \
	" path=/x" pid t "\n"

static const struct scene scenes[] = {
    {"one login, told by kernel, sshd, PAM and the login record",
	"auth-log conn.open 99 addr=192.0.2.1 port=5\n"
	"auth-log auth.partial 100 type=key-asked fp=SHA256:x\n"
	"auth-log auth.partial 100 type=key-asked fp=SHA256:other\n"
	"auth-log auth.partial 100 type=key-asked fp=SHA256:other\n"
	"auth-log auth.partial 100 type=postponed method=publickey\n"
	"audit session.open 100 trust=kernel pid=7\n"
	"auth-log auth.ok 100 fp=SHA256:x user=ann\n"
	"auth-log session.open 100 service=sshd\n"
	"audit session.open 100 addr=192.0.2.1 tty=pts/0\n"
	"utmp session.open 100 tty=pts/0\n"
	"auth-log channel.open 100 tty=pts/0\n"
	"audit session.close 200\n"
	"auth-log conn.close 200 reason=user\n"
	"auth-log conn.close 200 user=ann\n"
	"utmp session.close 205 tty=pts/0\n",
	"+.+...+...+.+..", ""},
    {"without sshd's line the best of the others stands for it",
	"audit session.open 100 trust=kernel pid=7\n"
	"audit session.open 100 addr=192.0.2.1\n"
	"audit session.open 101 addr=192.0.2.1 tty=pts/0\n"
	"audit session.open 300 addr=192.0.2.1 tty=pts/1\n"
	"utmp session.close 310 tty=pts/1\n"
	"audit session.close 900\n",
	"..++++", ""},
    {"a second factor is never left out",
	"auth-log auth.partial 100 type=partial method=publickey\n"
	"auth-log auth.ok 101 method=keyboard-interactive\n",
	"++", ""},
    {"sudo by exec, audit and sudo's own line",
	SUDO_EXEC SUDO_CMD SUDO_START SUDO_LOG SUDO_END, "P....",
	"sudo root /usr/bin/id\n"},
    {"sudo by audit alone", SUDO_CMD SUDO_START SUDO_END, "P..",
	"sudo root id\n"},
    {"sudo by its own line alone", SUDO_LOG, "+", ""},
    {"another command of the same time",
	SUDO_EXEC SUDO_CMD SUDO_START
	"auth-log priv 101 via=sudo target=bob cmd=/bin/ls\n",
	"P..+", "sudo root id\n"},
    {"what was refused stands as it is",
	SUDO_EXEC "audit priv 100 pid=10 via=sudo op=command cmd=id "
		  "success=0\n"
		  "auth-log priv 101 via=sudo target=root success=0 "
		  "reason=no\n",
	"+++", ""},
    {"two runs of sudo, each with its line",
	SUDO_EXEC SUDO_START SUDO_LOG
	"audit exec 102 pid=11 ppid=5 exe=/usr/bin/sudo argv=sudo,id\n"
	"audit priv 102 pid=11 via=sudo op=session_open target=root\n"
	"auth-log priv 102 via=sudo target=root cmd=/usr/bin/id\n",
	"P..P..", "sudo root /usr/bin/id\nsudo root /usr/bin/id\n"},
    {"su tells no command",
	"audit exec 100 pid=10 ppid=5 exe=/usr/bin/su argv=su,-\n"
	"audit priv 101 pid=10 via=su op=session_open target=root\n",
	"P.", "su root \n"},
    {"sshd becomes the user; a program changes its identity itself",
	"audit priv 100 pid=10 exe=/usr/sbin/sshd target=ann\n"
	"audit priv 100 pid=11 exe=/usr/bin/ping target=ann\n"
	"audit priv 100 pid=12 exe=/usr/bin/sudo target=daemon\n",
	".+.", ""},
    {"a shell looks for a program",
	TRY("100", "20", "-2")
	    TRY("100", "20", "-2") "audit exec 100 pid=20 ppid=5 argv=env\n",
	"..+", ""},
    {"and does not find it; or may not run it; or much later",
	TRY("100", "20", "-2") TRY("100.5", "20", "-2")
	    TRY("100", "21", "-13") "audit exec 100 pid=21 ppid=5 argv=x\n" TRY(
		"100", "22", "-2") "audit exec 109 pid=22 ppid=5 argv=x\n",
	".+++++", ""},
    {"the same tried in vain again",
	"audit file 100 pid=5 op=open-read path=/a success=0 exit=-13\n"
	"audit file 100 pid=5 op=open-read path=/a success=0 exit=-13\n"
	"audit file 100 pid=5 op=open-write path=/a success=0 exit=-13\n"
	"audit file 100 pid=6 op=open-read path=/a success=0 exit=-13\n"
	"audit file 100 pid=5 op=open-write path=/b\n"
	"audit file 100 pid=5 op=open-write path=/b\n"
	"audit file 200 pid=5 op=open-read path=/a success=0 exit=-13\n",
	"+.+++++", ""},
    {"what the login itself ran",
	"audit exec 100 pid=10 ppid=5 setup=1 argv=sh\n"
	"audit exec 100 pid=11 ppid=5 argv=sh\n",
	".+", ""},
    {"sftp tells of its channel again",
	"auth-log channel.open 100 service=sftp\n"
	"auth-log channel.open 100 service=internal-sftp\n"
	"auth-log channel.open 200 service=internal-sftp\n"
	"auth-log channel.close 300\n"
	"auth-log conn.close 301\n",
	"+.+.+", ""},
};

static void tell(
    const struct scene *s, char got[static EVENTS_MAX + 1], struct buf *privs)
{
	struct str rest = str_z(s->events), line;
	struct arena a = ARENA_INIT;
	struct event events[EVENTS_MAX];
	struct story_facts f;
	size_t n = 0;

	assert_int_equal(story_facts_init(&f), 0);
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		assert_true(n < EVENTS_MAX);
		assert_true(scenario_event(line, &events[n], &a));
		events[n].seq = n + 1;
		story_facts_note(&f, &events[n++]);
	}
	assert_int_equal(story_facts_finish(&f), 0);
	for (size_t i = 0; i < n; i++) {
		const struct story_priv *p = story_facts_priv(&f, &events[i]);

		got[i] = story_facts_hide(&f, &events[i]) ? '.' : p ? 'P' : '+';
		if (got[i] == 'P')
			buf_printf(privs, "%.*s %.*s %.*s\n", STR_ARG(p->via),
			    STR_ARG(p->target), STR_ARG(p->cmd));
	}
	got[n] = '\0';
	story_facts_free(&f);
	arena_free(&a);
}

static void facts_are_told_once(void **state)
{
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		char got[EVENTS_MAX + 1];
		struct buf privs = BUF_INIT;

		tell(&scenes[i], got, &privs);
		if (strcmp(got, scenes[i].want) != 0)
			fail_msg("%s: %s, not %s", scenes[i].name, got,
			    scenes[i].want);
		assert_string_equal(
		    privs.n ? buf_z(&privs) : "", scenes[i].privs);
		buf_free(&privs);
	}
}

/* Beyond the bounds all is told, nothing fails. */
static void floods_are_told(void **state)
{
	enum { N = 20000 };
	struct story_facts f;
	struct event ev;
	size_t hidden = 0;

	assert_int_equal(story_facts_init(&f), 0);
	for (unsigned i = 0; i < N; i++) {
		event_init(&ev, i % 2 ? EVENT_PRIV : EVENT_SESSION_OPEN);
		ev.seq = i + 1;
		if (i % 4 == 1)
			event_set_int(&ev, F_PID, i);
		event_set_str(&ev, F_VIA, STR("sudo"));
		event_set_str(&ev, F_TTY, STR("pts/0"));
		story_facts_note(&f, &ev);
	}
	assert_int_equal(story_facts_finish(&f), 0);
	for (unsigned i = 0; i < N; i++) {
		ev.chain = 0;
		ev.seq = i + 1;
		hidden += story_facts_hide(&f, &ev);
	}
	assert_int_equal(hidden, STORY_LOGINS_MAX - 1);
	story_facts_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(facts_are_told_once),
	    cmocka_unit_test(floods_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
