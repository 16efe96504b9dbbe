/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/status.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "core/event_json.h"

static void answer(const struct status *s, int fd, struct str asked)
{
	struct buf b = BUF_INIT;

	str_chop(&asked, STR("\n"));
	if (str_eq(asked, STR("status")) || str_eq(asked, STR("status json")))
		s->report(s->ctx, &b, str_eq(asked, STR("status json")));
	else
		buf_add_z(&b, "error: not a request\n");
	/* Small enough for the socket's buffer; a client that is gone by now
	 * misses nothing. */
	if (buf_error(&b) == 0)
		(void)!send(fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_free(&b);
}

static void drop(struct status *s, struct loop_watch *client)
{
	loop_unwatch(s->loop, client);
	fd_close(&client->fd);
}

static void on_request(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct status *s = w->ctx;
	char text[64];
	ssize_t n = recv(w->fd, text, sizeof text, MSG_DONTWAIT);

	(void)l;
	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		answer(s, w->fd, str_make(text, (size_t)n));
	drop(s, w);
}

/* A free place; the first client gives way when there is none. */
static struct loop_watch *place(struct status *s)
{
	for (size_t i = 0; i < STATUS_CLIENTS_MAX; i++)
		if (s->client[i].fd < 0)
			return &s->client[i];
	drop(s, &s->client[0]);
	return &s->client[0];
}

static void on_client(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct status *s = w->ctx;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct loop_watch *client;

	(void)what;
	if (fd < 0)
		return;
	client = place(s);
	*client = (struct loop_watch){.fd = fd, .ready = on_request, .ctx = s};
	if (loop_watch(l, client, LOOP_READ) < 0)
		fd_close(&client->fd);
}

int status_open(struct status *s, struct loop *l, int listen_fd,
    void (*report)(void *ctx, struct buf *b, bool json), void *ctx)
{
	s->loop = l;
	s->report = report;
	s->ctx = ctx;
	s->listening =
	    (struct loop_watch){.fd = listen_fd, .ready = on_client, .ctx = s};
	for (size_t i = 0; i < STATUS_CLIENTS_MAX; i++)
		s->client[i].fd = -1;
	return listen_fd < 0 ? 0 : loop_watch(l, &s->listening, LOOP_READ);
}

void status_close(struct status *s)
{
	if (!s->loop)
		return;
	for (size_t i = 0; i < STATUS_CLIENTS_MAX; i++)
		if (s->client[i].fd >= 0)
			drop(s, &s->client[i]);
	loop_unwatch(s->loop, &s->listening);
	fd_close(&s->listening.fd);
}

static void tap_text(
    struct buf *b, const struct agent_tap *t, const struct feed *f)
{
	struct feed_stats s;

	buf_printf(b, "tap %-10s ", t->tap->name);
	if (!f) {
		buf_printf(b, "not captured: %s\n", t->why.text);
		return;
	}
	feed_stats(f, &s);
	buf_printf(b,
	    "%llu events of %llu records, %llu not understood, %llu bytes, "
	    "%llu lost\n",
	    (unsigned long long)s.events, (unsigned long long)s.records,
	    (unsigned long long)s.unparsed, (unsigned long long)s.bytes,
	    (unsigned long long)s.lost);
	if (s.left_out)
		buf_printf(b,
		    "               %llu events left out: another tap tells "
		    "them\n",
		    (unsigned long long)s.left_out);
	if (s.name[0])
		buf_printf(b, "               %s\n", s.name);
	if (s.note[0])
		buf_printf(b, "               %s\n", s.note);
}

static void tap_json(
    struct buf *b, const struct agent_tap *t, const struct feed *f)
{
	struct feed_stats s = {.name = "", .note = ""};

	if (f)
		feed_stats(f, &s);
	buf_add_z(b, "{\"tap\":");
	json_add_string(b, str_z(t->tap->name));
	buf_printf(b,
	    ",\"open\":%s,\"events\":%llu,\"records\":%llu,\"unparsed\":%llu,"
	    "\"left_out\":%llu,\"bytes\":%llu,\"lost\":%llu,\"name\":",
	    f ? "true" : "false", (unsigned long long)s.events,
	    (unsigned long long)s.records, (unsigned long long)s.unparsed,
	    (unsigned long long)s.left_out, (unsigned long long)s.bytes,
	    (unsigned long long)s.lost);
	json_add_string(b, str_z(s.name));
	buf_add_z(b, ",\"note\":");
	json_add_string(b, str_z(f ? s.note : t->why.text));
	buf_add_char(b, '}');
}

static void recordings_text(struct buf *b, const struct recorder_stats *r)
{
	if (r->trouble)
		buf_printf(b, "nothing is recorded: %s\n", r->trouble);
	buf_printf(b, "%llu recordings, %llu going on, %llu bytes\n",
	    (unsigned long long)r->recordings, (unsigned long long)r->open,
	    (unsigned long long)r->bytes);
}

static void recordings_json(struct buf *b, const struct recorder_stats *r)
{
	buf_printf(b,
	    "\"recordings\":{\"begun\":%llu,\"open\":%llu,\"bytes\":%llu,"
	    "\"trouble\":",
	    (unsigned long long)r->recordings, (unsigned long long)r->open,
	    (unsigned long long)r->bytes);
	json_add_string(b, str_z(r->trouble ? r->trouble : ""));
	buf_add_z(b, "},");
}

void status_write(struct buf *b, bool json, const struct agent *a,
    struct feed *const *feeds, const struct ledger *l,
    const struct recorder *recorder, const struct sandbox_state *sandbox)
{
	struct recorder_stats recordings;
	const struct ledger_stats *s = ledger_stats(l);
	char last[TIME_ISO_LEN] = "";

	recorder_stats(recorder, &recordings);
	if (s->last)
		time_format_iso(s->last, last);
	if (json) {
		buf_add_z(b, "{\"version\":\"" SSHTRAIL_VERSION "\",\"host\":");
		json_add_string(b, str_z(a->host));
		buf_add_z(b, ",\"store\":");
		json_add_string(b, str_z(a->store));
		buf_printf(b,
		    ",\"events\":%llu,\"logins\":%llu,\"repeated\":%llu,"
		    "\"last\":\"%s\",\"sandbox\":",
		    (unsigned long long)s->events,
		    (unsigned long long)s->logins,
		    (unsigned long long)s->repeated, last);
		json_add_string(
		    b, str_z(sandbox->note[0] ? sandbox->note : "complete"));
		buf_add_char(b, ',');
		recordings_json(b, &recordings);
		buf_add_z(b, "\"taps\":[");
		for (size_t i = 0; i < a->n_taps; i++) {
			if (i)
				buf_add_char(b, ',');
			tap_json(b, &a->taps[i], feeds[i]);
		}
		buf_add_z(b, "]}\n");
		return;
	}
	buf_printf(b, "sshtraild " SSHTRAIL_VERSION " on %s, store %s\n",
	    a->host, a->store);
	buf_printf(b, "%llu events, %llu logins; newest %s\n",
	    (unsigned long long)s->events, (unsigned long long)s->logins,
	    last[0] ? last : "none yet");
	recordings_text(b, &recordings);
	if (sandbox->note[0])
		buf_printf(b, "sandbox: %s\n", sandbox->note);
	for (size_t i = 0; i < a->n_taps; i++)
		tap_text(b, &a->taps[i], feeds[i]);
}
