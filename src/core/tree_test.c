/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/scenario.h"

/* The tree as text: depth, argv[0], exit, signal and duration in seconds. */
static void draw(const char *events, size_t max, struct buf *ret)
{
	struct str rest = str_z(events), line;
	struct arena a = ARENA_INIT;
	struct str names[64];
	struct tree t;
	size_t n = 0;

	tree_init(&t, max);
	while (rest.n) {
		struct event ev;
		struct str argv;

		str_cut(&rest, '\n', &line);
		if (!scenario_event(line, &ev, &a))
			continue;
		argv = event_str(&ev, F_ARGV);
		str_cut(&argv, '\0', &names[n]);
		assert_int_equal(tree_add(&t, &ev, n++), 0);
	}
	assert_int_equal(tree_finish(&t), 0);
	for (size_t i = 0; i < t.n; i++) {
		const struct tree_node *node = &t.nodes[t.order[i]];

		buf_printf(ret, "%u %s%.*s", node->depth,
		    node->same_process ? "=" : "", STR_ARG(names[node->event]));
		if (node->ended)
			buf_printf(ret, " %lld,%lld,%lld",
			    (long long)node->exit, (long long)node->signal,
			    (long long)(node->duration / 1000000));
		buf_add_char(ret, '\n');
	}
	if (t.dropped)
		buf_printf(ret, "dropped %zu\n", t.dropped);
	tree_free(&t);
	arena_free(&a);
}

static void processes_make_a_tree(void **state)
{
	static const struct {
		const char *events;
		size_t max;
		const char *want;
	} t[] = {
	    {"a exec 1 pid=10 ppid=5 argv=bash\n"
	     "a exec 2 pid=11 ppid=10 exe=/usr/bin/sudo argv=sudo,cat,/x\n"
	     "a exec 3 pid=14 ppid=13 argv=other\n"
	     "a exec 3 pid=15 ppid=13 argv=cat,/x\n"
	     "a exec 3 pid=16 ppid=13 argv=cat,/x\n"
	     "a exec 4 pid=20 ppid=10 exe=/usr/bin/sudo argv=sudo,-i\n"
	     "a exec 5 pid=22 ppid=19 argv=-bash\n"
	     "a exec 5 pid=23 ppid=21 argv=-bash\n"
	     "a exec 6 pid=24 ppid=23 argv=id\n",
		64,
		"0 bash\n1 sudo\n2 cat\n1 sudo\n2 -bash\n3 id\n"
		"0 other\n0 cat\n0 -bash\n"},
	    {"a exec 1 pid=10 ppid=5 argv=bash\n"
	     "a exec 2 pid=11 ppid=10 argv=make\n"
	     "a exec 3 pid=12 ppid=11 argv=cc\n"
	     "a exec 4 pid=13 ppid=10 argv=ls\n"
	     "a exit 5 pid=12 exit=1\n"
	     "a exit 7 pid=11 exit=2\n"
	     "a exec 8 pid=14 ppid=99 argv=orphan\n"
	     "a exit 9 pid=13 signal=9\n",
		100,
		"0 bash\n1 make 2,-1,5\n2 cc 1,-1,2\n1 ls -1,9,5\n"
		"0 orphan\n"},
	    /* one process runs one program after another */
	    {"a exec 1 pid=10 ppid=5 argv=env\n"
	     "a exec 2 pid=10 ppid=5 argv=python\n"
	     "a exec 3 pid=11 ppid=10 argv=ls\n"
	     "a exit 4 pid=10 exit=0\n"
	     "a exit 5 pid=11 exit=0\n",
		100, "0 env 0,-1,3\n1 =python 0,-1,2\n2 ls 0,-1,2\n"},
	    /* the pid is used again, its end seen or not */
	    {"a exec 1 pid=10 ppid=5 argv=a\n"
	     "a exit 2 pid=10 exit=0\n"
	     "a exec 3 pid=10 ppid=5 argv=b\n"
	     "a exec 4 pid=10 ppid=6 argv=c\n",
		100, "0 a 0,-1,1\n0 b\n0 c\n"},
	    /* what failed is shown, but is no process */
	    {"a exec 1 pid=10 ppid=5 argv=sh\n"
	     "a exec 2 pid=11 ppid=10 success=0 argv=nope\n"
	     "a exec 3 pid=12 ppid=11 argv=ls\n"
	     "a exit 4 pid=11 exit=127\n",
		100, "0 sh\n1 nope\n0 ls\n"},
	    /* nonsense */
	    {"a exec 1 pid=10 ppid=10 argv=self\n"
	     "a exec 2 pid=-1 ppid=-1 argv=none\n"
	     "a exec 3 argv=bare\n"
	     "a exit 4 pid=77\n"
	     "a exit 0 pid=10 exit=3\n"
	     "a file 5 pid=10\n",
		100, "0 self 3,-1,0\n0 none\n0 bare\n"},
	    {"a exec 1 pid=10 ppid=5 argv=a\n"
	     "a exec 1 pid=11 ppid=10 argv=b\n"
	     "a exec 1 pid=12 ppid=11 argv=c\n"
	     "a exit 2 pid=12 exit=0\n",
		2, "0 a\n1 b\ndropped 1\n"},
	    {"", 5, ""},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf got = BUF_INIT;

		draw(t[i].events, t[i].max, &got);
		if (!str_eqz(buf_str(&got), t[i].want))
			fail_msg("tree %zu:\n%s", i, buf_z(&got));
		buf_free(&got);
	}
}

/* A chain of a hundred thousand: neither recursion nor a square. */
static void deep_trees_are_bounded(void **state)
{
	enum { N = 100000 };
	struct event ev;
	struct tree t;

	tree_init(&t, N);
	for (int64_t i = 0; i < N; i++) {
		event_init(&ev, EVENT_EXEC);
		event_set_int(&ev, F_PID, i + 2);
		event_set_int(&ev, F_PPID, i + 1);
		assert_int_equal(tree_add(&t, &ev, (size_t)i), 0);
	}
	assert_int_equal(tree_finish(&t), 0);
	assert_int_equal(t.nodes[t.order[N - 1]].depth, N - 1);
	tree_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(processes_make_a_tree),
	    cmocka_unit_test(deep_trees_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
