/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/control.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"

/* Longer requests are none. */
#define REQUEST_MAX 512

static void reveal(
    const struct control *s, int fd, struct str what, struct buf *b)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0)
		s->ops->reveal(s->ctx, &peer, what, b);
	else
		buf_add_z(b, "error: the kernel does not say who asks\n");
}

static void answer(const struct control *s, int fd, struct str asked)
{
	struct buf b = BUF_INIT;

	str_chop(&asked, STR("\n"));
	if (str_eq(asked, STR("status")) || str_eq(asked, STR("status json")))
		s->ops->report(s->ctx, &b, str_eq(asked, STR("status json")));
	else if (str_skip(&asked, STR("reveal ")))
		reveal(s, fd, asked, &b);
	else
		buf_add_z(&b, "error: not a request\n");
	/* Small enough for the socket's buffer; a client that is gone by now
	 * misses nothing. */
	if (buf_error(&b) == 0)
		(void)!send(fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_free(&b);
}

static void drop(struct control *s, struct loop_watch *client)
{
	loop_unwatch(s->loop, client);
	fd_close(&client->fd);
}

static void on_request(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct control *s = w->ctx;
	char text[REQUEST_MAX];
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
static struct loop_watch *place(struct control *s)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (s->client[i].fd < 0)
			return &s->client[i];
	drop(s, &s->client[0]);
	return &s->client[0];
}

static void on_client(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct control *s = w->ctx;
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

int control_open(struct control *s, struct loop *l, int listen_fd,
    const struct control_ops *ops, void *ctx)
{
	s->loop = l;
	s->ops = ops;
	s->ctx = ctx;
	s->listening =
	    (struct loop_watch){.fd = listen_fd, .ready = on_client, .ctx = s};
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		s->client[i].fd = -1;
	return listen_fd < 0 ? 0 : loop_watch(l, &s->listening, LOOP_READ);
}

void control_close(struct control *s)
{
	if (!s->loop)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (s->client[i].fd >= 0)
			drop(s, &s->client[i]);
	loop_unwatch(s->loop, &s->listening);
	fd_close(&s->listening.fd);
}
