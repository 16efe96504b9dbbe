/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "hub/keep.h"

#define SECOND	    ((int64_t)1000000)
/* Until what was asked to end is not waited for. */
#define GONE_WITHIN (10 * SECOND)

int keeper_begin(
    struct keeper *k, const struct hub_config *cfg, struct err *err)
{
	int fds[2], r;
	pid_t pid;

	if (!cfg->outputs)
		return 0;
	r = output_names_read(&k->names, cfg->outputs, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(err, -errno, "socketpair");
	k->fd = fds[0];
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		keep_outputs(fds[1], cfg);
		_exit(0);
	}
	r = pid < 0 ? err_sys(err, -errno, "cannot start a process") : 0;
	close(fds[1]);
	return r;
}

/* What was known of others is not any more. */
static void take_names(struct keeper *k, struct str lines)
{
	output_names_free(&k->names);
	free(k->states);
	k->states = NULL;
	while (lines.n) {
		size_t end = str_find_char(lines, '\n');

		(void)output_names_add(&k->names, str_upto(lines, end));
		lines = str_from(lines, end + 1);
	}
}

static void end_reload(struct keeper *k)
{
	if (k->reloading && k->reloaded)
		k->reloaded(k->ctx);
	k->reloading = false;
}

static void on_keeper(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct keeper *k = w->ctx;
	char told[KEPT_MAX];
	ssize_t n = recv(w->fd, told, sizeof told, MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_unwatch(l, w);
		fd_close(&k->fd);
		k->running = false;
		end_reload(k);
		return;
	}
	k->running = *told == KEPT_RUNS;
	if (k->running)
		take_names(k, str_make(told + 1, (size_t)n - 1));
	else
		k->ended++;
	end_reload(k);
}

int keeper_start(struct keeper *k, struct loop *l)
{
	const char word = KEEP_BEGIN;

	if (k->fd < 0)
		return 0;
	k->watch =
	    (struct loop_watch){.fd = k->fd, .ready = on_keeper, .ctx = k};
	if (send(k->fd, &word, 1, MSG_NOSIGNAL) != 1)
		return -errno;
	return loop_watch(l, &k->watch, LOOP_READ);
}

void keeper_reload(struct keeper *k)
{
	const char word = KEEP_RELOAD;

	k->reloading = true;
	if (k->fd < 0 ||
	    send(k->fd, &word, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		end_reload(k);
}

void keeper_end(struct keeper *k)
{
	const int64_t until = loop_now() + GONE_WITHIN;
	struct pollfd p = {.fd = k->fd, .events = POLLIN};
	char told[64];

	if (k->fd >= 0)
		shutdown(k->fd, SHUT_WR);
	while (k->fd >= 0) {
		int64_t left = until - loop_now();

		if (left <= 0 ||
		    (poll(&p, 1, (int)(left / 1000) + 1) == 1 &&
			recv(k->fd, told, sizeof told, MSG_DONTWAIT) <= 0))
			fd_close(&k->fd);
	}
	output_names_free(&k->names);
	free(k->states);
	k->states = NULL;
}

bool keeper_look(struct keeper *k, const char *store)
{
	const int64_t now = loop_now();

	if (k->states && now - k->looked < SECOND)
		return true;
	if (!k->states)
		k->states = calloc(k->names.n + 1, sizeof *k->states);
	k->looked = now;
	for (size_t i = 0; k->states && i < k->names.n; i++)
		output_state_read(&k->states[i], store, k->names.v[i]);
	return k->states != NULL;
}
