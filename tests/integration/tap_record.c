/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: tap_record TAP FILE [PATH]: writes what a tap tells to FILE until
 * standard input ends; the collector's half runs as nobody, without privileges.
 * Prints "ready: NOTE", then "lost N". Exit: 0, 3 this host has no such tap, 4
 * else.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/tap.h"

#define NOBODY 65534

static bool drop_privileges(void)
{
	return setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* All that is at hand; a negative errno ends it. */
static int drain(
    const struct tap *tap, struct tap_run *run, int out, struct err *err)
{
	struct buf b = BUF_INIT;
	int state, r = 0;

	do {
		buf_clear(&b);
		state = tap->read(run, &b, err);
		if (state >= 0)
			r = fd_write_all(out, b.p, b.n);
	} while (state == TAP_MORE && r == 0);
	buf_free(&b);
	return state < 0 ? state : r;
}

static int record(const struct tap *tap, struct tap_run *run, int out)
{
	struct pollfd fds[] = {
	    {.fd = STDIN_FILENO, .events = POLLIN},
	    {.fd = tap->fd(run), .events = POLLIN},
	};
	struct tap_loss losses[TAP_LOSSES_MAX];
	uint64_t lost = 0;
	struct err err;
	int r = 0;

	while (r == 0 && !fds[0].revents) {
		poll(fds, 2, fds[1].fd < 0 ? TAP_INTERVAL_MS : -1);
		r = drain(tap, run, out, &err);
	}
	/* What was told before the end of input was seen. */
	if (r == 0)
		r = drain(tap, run, out, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	for (unsigned i = tap->lost(run, losses); i > 0; i--)
		lost += losses[i - 1].n;
	printf("lost %llu\n", (unsigned long long)lost);
	tap->stop(run);
	return r < 0 ? 4 : 0;
}

int main(int argc, char **argv)
{
	const struct tap *tap =
	    argc == 3 || argc == 4 ? tap_find(str_z(argv[1])) : NULL;
	struct tap_opened opened;
	struct tap_run *run;
	struct err err;
	int out, r;

	if (!tap) {
		fprintf(stderr, "usage: tap_record TAP FILE [PATH]\n");
		return 4;
	}
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = tap->open(&opened, argv[3], &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	if (out < 0 || !drop_privileges()) {
		perror(argv[2]);
		return 4;
	}
	r = tap->start(&run, &opened, NULL, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 4;
	}
	printf("ready: %s\n", opened.note);
	fflush(stdout);
	return record(tap, run, out);
}
