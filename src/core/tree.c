/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "core/procs.h"

void tree_init(struct tree *t, size_t max)
{
	*t = (struct tree){.max = max, .running = MAP_INIT, .sudo = TREE_NONE};
}

void tree_free(struct tree *t)
{
	free(t->nodes);
	free(t->order);
	map_free(&t->running);
	buf_free(&t->sudo_argv);
	tree_init(t, t->max);
}

static size_t find_running(const struct tree *t, int64_t pid)
{
	uint64_t *v = pid < 0 ? NULL : map_get(&t->running, (uint64_t)pid);

	return v ? (size_t)*v - 1 : TREE_NONE;
}

static int grow(struct tree *t)
{
	size_t cap = t->cap ? t->cap * 2 : 64;
	struct tree_node *more = realloc(t->nodes, cap * sizeof *more);

	if (!more)
		return -ENOMEM;
	t->nodes = more;
	t->cap = cap;
	return 0;
}

/* A password may be asked for before the command starts. */
#define SUDO_WAIT ((int64_t)300 * 1000000)
/* Processes that others may have started since. */
#define SUDO_PIDS 256

static void await_sudo(struct tree *t, const struct event *ev, size_t at)
{
	struct str argv = event_str(ev, F_ARGV), exe = event_str(ev, F_EXE);
	size_t slash = str_rfind_char(exe, '/');

	if (!str_eqz(
		slash == STR_NPOS ? exe : str_from(exe, slash + 1), "sudo"))
		return;
	t->sudo = at;
	t->sudo_pid = event_int(ev, F_PID, -1);
	buf_clear(&t->sudo_argv);
	buf_add_str(&t->sudo_argv, argv);
}

/* The sudo that started ev, though through a process not known; or NONE. */
static size_t sudo_of(struct tree *t, const struct event *ev)
{
	int64_t off = event_int(ev, F_PPID, -1) - t->sudo_pid;
	struct str argv = event_str(ev, F_ARGV);
	struct str all = buf_str(&t->sudo_argv);
	size_t at = t->sudo;

	if (at == TREE_NONE || t->nodes[at].ended || !argv.n || off <= 0 ||
	    off > SUDO_PIDS || ev->time - t->nodes[at].start > SUDO_WAIT)
		return TREE_NONE;
	if (!argv_is_shell(argv) &&
	    !(argv.n < all.n && all.p[all.n - argv.n - 1] == '\0' &&
		str_eq(str_from(all, all.n - argv.n), argv)))
		return TREE_NONE;
	t->sudo = TREE_NONE;
	return at;
}

static int add_exec(struct tree *t, const struct event *ev, size_t event)
{
	int64_t pid = event_int(ev, F_PID, -1);
	int64_t ppid = event_int(ev, F_PPID, -1);
	size_t before = find_running(t, pid), at = t->n;
	struct tree_node *node;
	bool same;
	uint64_t *v;

	/* Another parent: the pid was used again and the end not seen. */
	if (before != TREE_NONE && ppid != t->nodes[before].ppid && ppid > 1)
		before = TREE_NONE;
	/* One that failed has replaced nothing. */
	same = before != TREE_NONE && event_int(ev, F_SUCCESS, 1);
	if (!event_int(ev, F_SUCCESS, 1))
		pid = -1;
	if (t->n == t->max) {
		t->dropped++;
		return 0;
	}
	if (t->n == t->cap && grow(t))
		return -ENOMEM;
	if (pid >= 0) {
		v = map_put(&t->running, (uint64_t)pid);
		if (!v)
			return -ENOMEM;
		*v = at + 1;
	}
	node = &t->nodes[t->n++];
	*node = (struct tree_node){.event = event,
	    .first = TREE_NONE,
	    .last = TREE_NONE,
	    .next = TREE_NONE,
	    .start = ev->time,
	    .ppid = ppid,
	    .same_process = same,
	    .exit = -1,
	    .signal = -1,
	    .duration = -1};
	node->parent = before != TREE_NONE ? before : find_running(t, ppid);
	if (node->parent == TREE_NONE && pid >= 0)
		node->parent = sudo_of(t, ev);
	if (pid >= 0)
		await_sudo(t, ev, at);
	/* A process cannot be its own parent, whatever the record says. */
	if (node->parent == at)
		node->parent = TREE_NONE;
	if (node->parent != TREE_NONE) {
		struct tree_node *p = &t->nodes[node->parent];

		*(p->last == TREE_NONE ? &p->first : &t->nodes[p->last].next) =
		    at;
		p->last = at;
	}
	return buf_error(&t->sudo_argv);
}

static void add_exit(struct tree *t, const struct event *ev)
{
	int64_t pid = event_int(ev, F_PID, -1);
	size_t at = find_running(t, pid);

	if (at == TREE_NONE)
		return;
	map_del(&t->running, (uint64_t)pid);
	for (bool more = true; more; at = t->nodes[at].parent) {
		struct tree_node *n = &t->nodes[at];

		n->ended = true;
		n->exit = event_int(ev, F_EXIT, -1);
		n->signal = event_int(ev, F_SIGNAL, -1);
		n->duration = ev->time >= n->start ? ev->time - n->start : 0;
		more = n->same_process;
	}
}

int tree_add(struct tree *t, const struct event *ev, size_t event)
{
	if (ev->kind == EVENT_EXEC)
		return add_exec(t, ev, event);
	if (ev->kind == EVENT_EXIT)
		add_exit(t, ev);
	return 0;
}

/* The node behind `at` in depth-first order, within its tree. */
static size_t next_node(const struct tree *t, size_t at)
{
	if (t->nodes[at].first != TREE_NONE)
		return t->nodes[at].first;
	while (at != TREE_NONE && t->nodes[at].next == TREE_NONE)
		at = t->nodes[at].parent;
	return at == TREE_NONE ? TREE_NONE : t->nodes[at].next;
}

int tree_finish(struct tree *t)
{
	size_t n = 0;

	free(t->order);
	t->order = calloc(t->n + 1, sizeof *t->order);
	if (!t->order)
		return -ENOMEM;
	for (size_t root = 0; root < t->n; root++) {
		if (t->nodes[root].parent != TREE_NONE)
			continue;
		for (size_t at = root; at != TREE_NONE; at = next_node(t, at)) {
			struct tree_node *node = &t->nodes[at];

			node->depth = node->parent == TREE_NONE
					  ? 0
					  : t->nodes[node->parent].depth + 1;
			t->order[n++] = at;
		}
	}
	return 0;
}
