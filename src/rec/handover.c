/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/handover.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fdpass.h"

#define ANSWER_MS  500
#define AGAIN_USEC ((int64_t)1000000)
/* The daemon is there: so much waits before the terminal does, too. */
#define FULL_BYTES ((size_t)1 << 20)
/* It takes nothing for so long: it is as good as away. */
#define STALL_USEC ((int64_t)5000000)
#define END_MS	   1000
/* Beside the output that is limited: sizes, and the end. */
#define SLACK	   ((size_t)64 << 10)

static uint64_t boot_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- the connection --- */

/* Only root's daemon is told anything. A connected socket, or -1. */
static int call(const struct settings *s)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred who;

	if (strlen(s->socket) < sizeof addr.sun_path)
		memcpy(addr.sun_path, s->socket, strlen(s->socket) + 1);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&addr, sizeof addr) < 0 ||
	    fdpass_peer(fd, &who) < 0 || who.uid != 0)
		fd_close(&fd);
	return fd;
}

/* Wait for the daemon's first word. */
static enum handover_answer hear(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t answer = 0;

	if (poll(&p, 1, ANSWER_MS) <= 0 ||
	    recv(fd, &answer, sizeof answer, MSG_DONTWAIT) != sizeof answer)
		return HANDOVER_AWAY;
	return answer == WIRE_RECORD   ? HANDOVER_TAKEN
	       : answer == WIRE_KERNEL ? HANDOVER_ASIDE
				       : HANDOVER_AWAY;
}

enum handover_answer handover_command(
    const struct settings *s, struct str args, bool cut)
{
	const struct wire_message open = {.type = WIRE_OPEN,
	    .flags = (uint16_t)(WIRE_COMMAND | (cut ? WIRE_CUT : 0)),
	    .n = (uint32_t)args.n,
	    .time = boot_now(),
	    .version = WIRE_VERSION};
	enum handover_answer answer = HANDOVER_AWAY;
	struct buf b = BUF_INIT;
	CLEANUP_FD int fd = call(s);

	buf_add(&b, &open, sizeof open);
	buf_add_str(&b, args);
	if (fd >= 0 && !buf_error(&b))
		answer = hear(fd);
	if (answer == HANDOVER_TAKEN &&
	    send(fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)b.n)
		answer = HANDOVER_AWAY;
	buf_free(&b);
	return answer;
}

/* --- what waits --- */

static bool is_connected(const struct handover *h)
{
	return h->greeted;
}

/* How many of the first n bytes are whole messages. */
static size_t whole_within(const struct handover *h, size_t n)
{
	struct wire_message m;
	size_t whole = 0;

	while (h->queue.n - whole >= sizeof m) {
		memcpy(&m, h->queue.p + whole, sizeof m);
		if (whole + sizeof m + m.n > n)
			break;
		whole += sizeof m + m.n;
	}
	return whole;
}

/* The messages that end within the first n bytes, which were sent. */
static void forget(struct handover *h, size_t n)
{
	const size_t whole = whole_within(h, n);
	struct wire_message m;

	for (size_t at = 0; at < whole; at += sizeof m + m.n) {
		memcpy(&m, h->queue.p + at, sizeof m);
		if (m.type == WIRE_SIZE) {
			h->open.rows = m.rows;
			h->open.cols = m.cols;
		}
	}
	buf_consume(&h->queue, whole);
	h->sent -= whole;
	h->forgotten += whole;
}

/* So many bytes of this connection are kept for good. */
static void take_kept(struct handover *h, uint64_t kept)
{
	/* OPEN is no part of the queue. */
	const uint64_t to = kept - sizeof h->open;

	if (kept < sizeof h->open || to < h->forgotten ||
	    to - h->forgotten > h->sent)
		return;
	forget(h, (size_t)(to - h->forgotten));
	h->unsure = false;
}

static void stop_stall(struct handover *h)
{
	loop_timer_stop(h->loop, &h->stall);
	h->stalling = false;
}

/* What is not known to be kept is sent again to whom comes next. */
static void hang_up(struct handover *h)
{
	h->sent = 0;
	h->forgotten = 0;
	h->greeted = false;
	buf_clear(&h->words);
	loop_unwatch(h->loop, &h->sock);
	fd_close(&h->sock.fd);
	stop_stall(h);
	if (!h->aside)
		loop_timer_start(h->loop, &h->again, AGAIN_USEC, AGAIN_USEC);
	else
		buf_clear(&h->queue);
	if (h->room)
		h->room(h->ctx);
}

/* Send what waits, as far as it is taken. */
static void flush(struct handover *h)
{
	const bool was_full = handover_full(h);

	while (is_connected(h) && h->sent < h->queue.n) {
		ssize_t n = send(h->sock.fd, h->queue.p + h->sent,
		    h->queue.n - h->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			hang_up(h);
			return;
		}
		if (n < 0)
			break;
		h->sent += (size_t)n;
		h->progress += (size_t)n;
	}
	if (!is_connected(h))
		return;
	if (h->sent == h->queue.n) {
		stop_stall(h);
		loop_want(h->loop, &h->sock, LOOP_READ);
	} else {
		loop_want(h->loop, &h->sock, LOOP_READ | LOOP_WRITE);
		if (!h->stalling)
			loop_timer_start(
			    h->loop, &h->stall, STALL_USEC, STALL_USEC);
		h->stalling = true;
	}
	if (was_full && !handover_full(h) && h->room)
		h->room(h->ctx);
}

static void on_stall(struct loop *l, struct loop_timer *t)
{
	struct handover *h = t->ctx;

	(void)l;
	if (h->progress == 0)
		hang_up(h);
	h->progress = 0;
}

/* How the next connection, or file, begins. */
static void set_open(struct handover *h)
{
	struct wire_message first;

	h->open.type = WIRE_OPEN;
	h->open.version = WIRE_VERSION;
	h->open.time = boot_now();
	h->open.offset = h->offset;
	h->open.flags = !h->met ? 0 : h->unsure ? WIRE_LATE : WIRE_RESUMED;
	if (h->queue.n >= sizeof first) {
		memcpy(&first, h->queue.p, sizeof first);
		h->open.time = first.time;
		h->open.offset = first.offset;
	}
}

/* As much of what waits as there is room for goes to the file. */
static void store(struct handover *h)
{
	const size_t n = whole_within(h, spool_room(&h->spool, h->settings));

	if (h->spool.fd < 0)
		set_open(h);
	if (n == 0 || spool_add(&h->spool, h->settings, &h->open,
			  str_upto(buf_str(&h->queue), n)) < 0)
		return;
	h->sent = n;
	forget(h, n);
	h->met = true;
	h->unsure = false;
}

/* The daemon is back: the file is a recording of its own. */
static void end_spool(struct handover *h)
{
	struct wire_message end = {.type = WIRE_CLOSE, .flags = WIRE_RESUMED};

	set_open(h);
	end.time = h->open.time;
	end.offset = h->open.offset;
	spool_add(&h->spool, h->settings, &h->open, str_make(&end, sizeof end));
	spool_close(&h->spool);
}

/* All that waits, but for bytes that have no room: the end tells how many. */
static void store_end(struct handover *h)
{
	struct wire_message m;
	size_t kept = 0;

	hang_up(h);
	store(h);
	for (size_t at = 0; at + sizeof m <= h->queue.n; at += sizeof m + m.n) {
		memcpy(&m, h->queue.p + at, sizeof m);
		if (m.n)
			continue;
		memmove(h->queue.p + kept, &m, sizeof m);
		kept += sizeof m;
	}
	if (h->spool.fd < 0)
		set_open(h);
	if (kept)
		spool_add(&h->spool, h->settings, &h->open,
		    str_upto(buf_str(&h->queue), kept));
	spool_close(&h->spool);
}

/* The daemon wants it: say OPEN, before what waits. False: it is gone. */
static bool greet(struct handover *h)
{
	if (h->spool.fd >= 0)
		end_spool(h);
	set_open(h);
	h->greeted = send(h->sock.fd, &h->open, sizeof h->open,
			 MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof h->open;
	h->met |= h->greeted;
	h->unsure &= !h->greeted;
	if (h->greeted)
		loop_timer_stop(h->loop, &h->again);
	return h->greeted;
}

/* What the daemon says; false: it is gone, or we are not needed. */
static bool listen_to(struct handover *h)
{
	char *to = buf_reserve(&h->words, 64 * sizeof(uint64_t));
	uint64_t word;
	ssize_t n =
	    to ? recv(h->sock.fd, to, 64 * sizeof word, MSG_DONTWAIT) : 0;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	h->words.n += (size_t)n;
	while (h->words.n >= sizeof word) {
		memcpy(&word, h->words.p, sizeof word);
		buf_consume(&h->words, sizeof word);
		take_kept(h, word);
		h->aside |= word == WIRE_KERNEL;
		if (word == WIRE_RECORD && !h->greeted && !greet(h))
			return false;
	}
	return !h->aside;
}

static void on_sock(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct handover *h = w->ctx;

	(void)l;
	if (what & LOOP_READ && !listen_to(h)) {
		hang_up(h);
		return;
	}
	if (h->greeted)
		flush(h);
}

static void on_again(struct loop *l, struct loop_timer *t)
{
	struct handover *h = t->ctx;

	/* It did not say a word since. */
	if (h->sock.fd >= 0)
		hang_up(h);
	h->sock.fd = call(h->settings);
	if (h->sock.fd >= 0 && loop_watch(l, &h->sock, LOOP_READ) < 0)
		fd_close(&h->sock.fd);
}

/* Call and wait for the answer. */
static enum handover_answer meet(struct handover *h)
{
	enum handover_answer answer = HANDOVER_AWAY;

	h->sock.fd = call(h->settings);
	if (h->sock.fd >= 0)
		answer = hear(h->sock.fd);
	if (answer == HANDOVER_TAKEN &&
	    (loop_watch(h->loop, &h->sock, LOOP_READ) < 0 || !greet(h)))
		answer = HANDOVER_AWAY;
	h->aside = answer == HANDOVER_ASIDE;
	if (answer != HANDOVER_TAKEN)
		hang_up(h);
	return answer;
}

enum handover_answer handover_begin(struct handover *h, struct loop *loop,
    const struct settings *s, const struct wire_message *open)
{
	*h = (struct handover){.loop = loop,
	    .settings = s,
	    .open = *open,
	    .queue = BUF_INIT,
	    .spool = SPOOL_INIT};
	h->sock = (struct loop_watch){.fd = -1, .ready = on_sock, .ctx = h};
	h->again = (struct loop_timer){.due = on_again, .ctx = h};
	h->stall = (struct loop_timer){.due = on_stall, .ctx = h};
	return meet(h);
}

/* --- what is said --- */

/* False: there is no room for it. */
static bool say(
    struct handover *h, uint16_t type, struct wire_message m, struct str bytes)
{
	size_t room = (size_t)h->settings->memory;

	if (h->aside)
		return true;
	if (!bytes.n)
		room += SLACK;
	/* Most probably the daemon has what was sent. */
	if (h->queue.n + sizeof m + bytes.n > room && h->sent) {
		forget(h, h->sent);
		h->unsure = true;
	}
	if (h->queue.n + sizeof m + bytes.n > room && !h->greeted)
		store(h);
	if (h->queue.n + sizeof m + bytes.n > room ||
	    !buf_reserve(&h->queue, sizeof m + bytes.n)) {
		h->queue.error = 0;
		h->lossy = true;
		return false;
	}
	m.type = type;
	m.n = (uint32_t)bytes.n;
	m.time = boot_now();
	m.offset = h->offset;
	buf_add(&h->queue, &m, sizeof m);
	buf_add_str(&h->queue, bytes);
	return true;
}

/* In messages that are not too long. */
static void say_bytes(struct handover *h, uint16_t type, struct str bytes)
{
	while (bytes.n) {
		struct str piece = str_upto(bytes, WIRE_BYTES_MAX);

		/* Where it is not kept, the next offset tells how much. */
		say(h, type, (struct wire_message){0}, piece);
		if (type == WIRE_OUTPUT)
			h->offset += piece.n;
		bytes = str_from(bytes, piece.n);
	}
	flush(h);
}

void handover_output(struct handover *h, struct str bytes)
{
	say_bytes(h, WIRE_OUTPUT, bytes);
}

void handover_input(struct handover *h, struct str bytes)
{
	h->masked = false;
	say_bytes(h, WIRE_INPUT, bytes);
}

/* That it happened is told, not how often. */
void handover_masked(struct handover *h)
{
	if (h->masked)
		return;
	h->masked = true;
	say(h, WIRE_MASKED, (struct wire_message){0}, STR_NONE);
	flush(h);
}

void handover_size(struct handover *h, uint16_t rows, uint16_t cols)
{
	say(h, WIRE_SIZE, (struct wire_message){.rows = rows, .cols = cols},
	    STR_NONE);
	flush(h);
}

bool handover_full(const struct handover *h)
{
	return is_connected(h) && h->queue.n - h->sent >= FULL_BYTES;
}

void handover_end(struct handover *h, int status)
{
	const int64_t until = loop_now() + (int64_t)END_MS * 1000;
	const struct wire_message m = {
	    .flags = status >= 0 ? WIRE_EXITED : 0, .status = (uint32_t)status};
	struct pollfd p = {.events = POLLOUT};

	say(h, WIRE_CLOSE, m, STR_NONE);
	h->room = NULL;
	if (!is_connected(h) && !h->aside) {
		hang_up(h);
		meet(h);
	}
	flush(h);
	while (is_connected(h) && h->sent < h->queue.n && loop_now() < until) {
		p.fd = h->sock.fd;
		poll(&p, 1, END_MS);
		flush(h);
	}
	if (!h->aside && (!is_connected(h) || h->sent < h->queue.n))
		store_end(h);
	loop_unwatch(h->loop, &h->sock);
	fd_close(&h->sock.fd);
	buf_free(&h->queue);
	buf_free(&h->words);
}
