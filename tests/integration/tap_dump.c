/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: tap_dump [-r] TAP PATH|- [bytes|events [PLACE]]: what a tap gives
 * until standard input ends, read by a process of another user (with -r: of
 * root, which opens anew what was replaced). Bytes as they are, or events as
 * JSON lines. On standard error: "ready NOTE", and at the end "lost N", "place
 * TEXT". Exit: 0, 1 this host has no such thing, 4 an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event_json.h"
#include "sources/source.h"
#include "sources/tap.h"

struct dump {
	const struct tap *tap;
	struct tap_run *run;
	const struct source *source;
	struct source_run *source_run; /* NULL: bytes */
	struct buf bytes;
	uint64_t offset;
	bool root;
	const char *path;
};

static int print_event(struct source_sink *sink, struct event *ev)
{
	struct buf b = BUF_INIT;

	event_to_json(ev, 0, &b);
	buf_add_char(&b, '\n');
	fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
	return 0;
}

static int take(struct dump *d, struct source_sink *sink, bool last)
{
	ssize_t n = (ssize_t)d->bytes.n;

	if (!d->source_run && n)
		fwrite(d->bytes.p, 1, d->bytes.n, stdout);
	else if (d->source_run)
		n = d->source->feed(
		    d->source_run, buf_str(&d->bytes), d->offset, last, sink);
	if (n < 0)
		return (int)n;
	buf_consume(&d->bytes, (size_t)n);
	d->offset += (uint64_t)n;
	fflush(stdout);
	return 0;
}

static int reopen(struct dump *d, struct err *err)
{
	struct tap_opened opened;
	int r = d->root ? d->tap->open(&opened, d->path, err) : 0;

	if (d->root && r == 0)
		r = d->tap->reopened(d->run, &opened, err);
	return r == -ENOENT ? 0 : r;
}

/* Until standard input ends and nothing more is at hand. */
static int follow(struct dump *d, struct source_sink *sink, struct err *err)
{
	struct pollfd fds[2] = {
	    {.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	bool ending = false;
	char ignored[64];
	int r = TAP_IDLE;

	while (r >= 0 && !(ending && r == TAP_IDLE)) {
		fds[1].fd = d->tap->fd(d->run);
		if (r == TAP_IDLE)
			poll(fds, 2, fds[1].fd < 0 ? TAP_INTERVAL_MS : 60000);
		ending = ending ||
			 (fds[0].revents &&
			     read(STDIN_FILENO, ignored, sizeof ignored) <= 0);
		r = d->tap->read(d->run, &d->bytes, err);
		if (r >= 0 && take(d, sink, false) < 0)
			return -ENOMEM;
		if (r == TAP_END)
			return -EPIPE;
		if (r == TAP_REOPEN) {
			usleep(TAP_INTERVAL_MS * 1000);
			r = reopen(d, err) < 0 ? -EIO : TAP_MORE;
		}
	}
	return r < 0 ? r : take(d, sink, true);
}

static int collect(struct dump *d, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	struct source_sink sink = {.event = print_event};
	struct buf at = BUF_INIT;
	struct tap_loss losses[TAP_LOSSES_MAX];
	uint64_t lost = 0;
	int r;

	if (!d->root && geteuid() == 0 &&
	    (setresgid(65534, 65534, 65534) < 0 ||
		setresuid(65534, 65534, 65534) < 0))
		return err_sys(err, -errno, "cannot give up privileges");
	r = d->tap->start(&d->run, opened, place, err);
	if (r < 0)
		return r;
	fprintf(stderr, "ready %s\n", opened->note);
	r = follow(d, &sink, err);
	if (r == 0 && d->source_run)
		r = d->source->finish(d->source_run, &sink);
	d->tap->place(d->run, d->bytes.n, &at);
	for (unsigned i = d->tap->lost(d->run, losses); i > 0; i--)
		lost += losses[i - 1].n;
	fprintf(stderr, "lost %llu\nplace %.*s\nunparsed %llu\n",
	    (unsigned long long)lost, STR_ARG(buf_str(&at)),
	    (unsigned long long)sink.unparsed);
	buf_free(&at);
	d->tap->stop(d->run);
	return r;
}

static int dump_child(struct dump *d, const struct tap_opened *opened,
    const char *place, bool events)
{
	static const uint8_t key[16];
	struct source_input in = {
	    .name = opened->name, .host = STR("host"), .id_key = key};
	struct err err = {""};
	int r = 0;

	d->source = source_find(str_z(d->tap->source));
	if (events)
		r = d->source->open(&d->source_run, &in, &err);
	if (r == 0)
		r = collect(d, opened, place, &err);
	if (d->source_run)
		d->source->close(d->source_run);
	buf_free(&d->bytes);
	if (r < 0)
		fprintf(stderr, "tap_dump: %d: %s\n", r, err.text);
	return r < 0 ? 4 : 0;
}

int main(int argc, char **argv)
{
	struct dump d = {.root = argc > 1 && strcmp(argv[1], "-r") == 0};
	struct tap_opened opened;
	struct err err = {""};
	int r, status;
	pid_t pid;

	argc -= d.root;
	argv += d.root;
	d.tap = argc > 2 ? tap_find(str_z(argv[1])) : NULL;
	if (!d.tap) {
		fprintf(stderr, "usage: tap_dump [-r] TAP PATH|- "
				"[bytes|events [PLACE]]\n");
		return 4;
	}
	d.path = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
	r = d.tap->open(&opened, d.path, &err);
	if (r < 0) {
		fprintf(stderr, "tap_dump: %d: %s\n", r, err.text);
		return r == -ENOENT ? 1 : 4;
	}
	pid = fork();
	if (pid == 0)
		return dump_child(&d, &opened, argc > 4 ? argv[4] : NULL,
		    argc > 3 && strcmp(argv[3], "events") == 0);
	for (unsigned i = 0; i < opened.n_fd; i++)
		close(opened.fd[i]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = 4 << 8;
	if (d.tap->release)
		d.tap->release(&opened);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}
